"""The keys of a review, on top of it while they are wanted."""

from __future__ import annotations

from collections.abc import Sequence

from glutesym.gui import style, theme
from glutesym.gui.actions import Action
from glutesym.gui.qt import QtCore, QtGui, QtWidgets

_ALWAYS = (
    ("↑ ↓", "another repetition"),
    ("← →", "earlier, later in the timeline"),
    ("+ − 0", "closer, farther, the whole session"),
    ("1 … 7", "the views, as far as they are tabs"),
    (
        "Mouse",
        "the edge of a repetition to move it, empty ground to add one",
    ),
)


class ReviewHelp(QtWidgets.QScrollArea):
    """A table of the keys that covers its parent."""

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("review_help")
        self.setWidgetResizable(True)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.hide()

    def show_keys(self, actions: Sequence[Action], unit: float) -> None:
        """Cover the parent with what can be done."""
        inner = QtWidgets.QWidget()
        inner.setObjectName("page")
        grid = QtWidgets.QGridLayout(inner)
        margin = round(24 * unit)
        grid.setContentsMargins(margin, margin, margin, margin)
        grid.addWidget(style.label("Keys", "large"), 0, 0, 1, 2)
        rows = [*((action.key_name, action.words) for action in actions), *_ALWAYS]
        for row, (key, words) in enumerate(rows, start=1):
            name = style.label(key, "title")
            name.setWordWrap(False)
            grid.addWidget(name, row, 0)
            grid.addWidget(style.label(words), row, 1)
        note = "What was recorded never changes: every edit lies beside it and can be taken back."
        grid.addWidget(style.label(note, "small"), len(rows) + 1, 0, 1, 2)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(len(rows) + 2, 1)
        self.setWidget(inner)
        parent = self.parentWidget()
        if parent is not None:
            self.setGeometry(parent.rect())
        self.setStyleSheet(f"QScrollArea {{ background: {theme.WINDOW}; }}")
        self.show()
        self.raise_()

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        """Go away."""
        self.hide()
