"""The keys, on top of everything while help is wanted."""

from __future__ import annotations

from glutesym.gui import text, theme
from glutesym.gui.qt import QtGui, QtWidgets

KEYS = (
    ("Space", "set a marker in the recording"),
    ("N", "write a note into the recording"),
    ("T", "target band on or off"),
    ("↑ ↓", "move the target band"),
    ("+ −", "widen or narrow it"),
    ("P", "forget peaks and fit the scale anew"),
    ("E", "EMG traces or envelopes"),
    ("S", "sound for the lower side on or off"),
    ("D", "dark or light"),
    ("F", "full screen on or off"),
    ("L or R", "let the left or right pod blink"),
    ("Enter", "start, where the recording waits for it"),
    ("Q or Esc", "stop the recording; once it has ended, close"),
    ("H", "show or hide this help"),
)


class HelpOverlay(QtWidgets.QWidget):
    """A table of the keys that covers its parent."""

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self._grid = QtWidgets.QGridLayout(self)
        title = text.FitText("large", bold=True)
        title.set_text("Keys")
        self._grid.addWidget(title, 0, 0, 1, 2)
        for row, (key, meaning) in enumerate(KEYS, start=1):
            for column, words in enumerate((key, meaning)):
                cell = text.FitText("title", bold=column == 0)
                cell.set_text(words)
                self._grid.addWidget(cell, row, column)
        note = text.FitText("body", color="dim")
        note.set_text("A training and research aid, not a medical device.")
        self._grid.addWidget(note, len(KEYS) + 1, 0, 1, 2)
        self._grid.setColumnStretch(0, 1)
        self._grid.setColumnStretch(1, 3)
        self.hide()

    def cover(self, size_of: QtWidgets.QWidget, unit: float) -> None:
        """Take the whole area of a widget, with the table in its middle."""
        self.setGeometry(size_of.rect())
        width, height = self.width(), self.height()
        across = max(round(16 * unit), round((width - 760 * unit) / 2))
        down = max(round(16 * unit), round((height - 640 * unit) / 2))
        self._grid.setContentsMargins(across, down, across, down)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Dim what lies below."""
        QtGui.QPainter(self).fillRect(self.rect(), theme.color("window", 0.96))
