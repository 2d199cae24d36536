"""A reviewer's notes, and everything that was edited so far."""

from __future__ import annotations

from glutesym.edits import Redo, Undo, describe, in_force
from glutesym.gui import style
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.session.review import Reviewed


class NotesView(QtWidgets.QWidget):
    """A line to write on, and the list of edits.

    Attributes
    ----------
    written : signal (str)
        A note was finished.
    left : signal
        Escape was pressed: keys are commands again.
    """

    written = QtCore.Signal(str)
    left = QtCore.Signal()

    def __init__(self) -> None:
        super().__init__()
        self.line = QtWidgets.QLineEdit()
        self.line.setObjectName("note")
        self.line.setPlaceholderText("A note about the session, then Enter")
        self.line.setMaxLength(500)
        self.line.returnPressed.connect(self._finish)
        self._list = style.label("", "small", "edits")
        self._list.setAlignment(QtCore.Qt.AlignmentFlag.AlignTop)
        self._list.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        scroll = QtWidgets.QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
        inner = QtWidgets.QWidget()
        inner.setObjectName("inside")
        column = QtWidgets.QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._list, 1)
        scroll.setWidget(inner)
        outer = QtWidgets.QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.line)
        outer.addWidget(scroll, 1)

    def show_reviewed(self, reviewed: Reviewed) -> None:
        """List the edits, the newest first."""
        edits = reviewed.analyzed.edits
        valid = {id(edit) for edit in in_force(edits)}
        lines: list[str] = []
        for edit in reversed(edits):
            taken_back = id(edit) not in valid and not isinstance(edit.step, Undo | Redo)
            who = f" {edit.by}" if edit.by else ""
            lines.append(
                f"{edit.made_utc.astimezone():%Y-%m-%d %H:%M}{who}: {describe(edit.step)}"
                f"{' (taken back)' if taken_back else ''}"
            )
        self._list.setText("\n".join(lines) or "No edits: the session is as it was measured.")

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """Escape gives the keys back to the page."""
        if event.key() == QtCore.Qt.Key.Key_Escape and self.line.hasFocus():
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def _finish(self) -> None:
        words = self.line.text().strip()
        if words:
            self.line.clear()
            self.written.emit(words)
