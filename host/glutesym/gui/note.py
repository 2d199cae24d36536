"""One line for a note, on top of the window while it is written."""

from __future__ import annotations

from collections.abc import Callable

from glutesym.gui import theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets

_MOST_CHARACTERS = 200
_HINT = "Note: Enter stores it, Esc cancels (no names)"


class NoteField(QtWidgets.QLineEdit):
    """Takes the keyboard while it is shown.

    Parameters
    ----------
    parent : QWidget
    on_note : callable
        Gets the text; not called for an empty one.
    """

    def __init__(self, parent: QtWidgets.QWidget, on_note: Callable[[str], None]) -> None:
        super().__init__(parent)
        self._on_note = on_note
        self.setObjectName("note")
        self.setMaxLength(_MOST_CHARACTERS)
        self.setPlaceholderText(_HINT)
        self.setAccessibleName(_HINT)
        self.hide()

    def begin(self) -> None:
        """Show an empty line."""
        self.clear()
        self.show()
        self.raise_()
        self.setFocus(QtCore.Qt.FocusReason.ShortcutFocusReason)

    def cover(self, area: QtCore.QRect, unit: float) -> None:
        """Take a place, with type of the window's size."""
        self.setGeometry(area)
        self.setFont(theme.font(theme.size_px("title", unit)))

    def apply_theme(self) -> None:
        """Take the colours of the theme in use."""
        palette = self.palette()
        role = QtGui.QPalette.ColorRole
        for part, ink in ((role.Base, "card"), (role.Text, "text"), (role.PlaceholderText, "dim")):
            palette.setColor(part, theme.color(ink))
        self.setPalette(palette)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """Store, cancel, or write on; no key reaches the window."""
        key = QtCore.Qt.Key
        if event.key() in (key.Key_Return, key.Key_Enter):
            text = " ".join(self.text().split())
            self._end()
            if text:
                self._on_note(text)
        elif event.key() == key.Key_Escape:
            self._end()
        else:
            super().keyPressEvent(event)
            event.accept()

    def _end(self) -> None:
        self.hide()
        parent = self.parentWidget()
        if parent is not None:
            parent.setFocus()
