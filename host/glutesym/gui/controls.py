"""Buttons for the mouse: the same commands as the keys', which they name."""

from __future__ import annotations

from collections.abc import Callable

from glutesym.gui import text, theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets


class Button(QtWidgets.QAbstractButton):
    """A plate with a word; the keyboard stays with the window.

    Parameters
    ----------
    word : str
    action : callable
    """

    def __init__(self, word: str, action: Callable[[], None], *, strong: bool = False) -> None:
        super().__init__()
        self._unit = 1.0
        self._strong = strong
        self._fit = ("", 0, 0.0)
        self.setText(word)
        self.setAccessibleName(word)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
        policy = QtWidgets.QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, policy)
        self.clicked.connect(action)

    def set_word(self, word: str) -> None:
        """Show another word."""
        if word != self.text():
            self.setText(word)
            self.setAccessibleName(word)

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        self._unit = unit
        self._fit = ("", 0, 0.0)
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Draw plate and word."""
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setPen(QtGui.QPen(theme.color("line"), max(1.0, self._unit)))
        fill = theme.color("text" if self._strong else "track")
        painter.setBrush(theme.color("dim") if self.isDown() else fill)
        edge = 0.5 * max(1.0, self._unit)
        radius = 8 * self._unit
        plate = QtCore.QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)
        painter.drawRoundedRect(plate, radius, radius)
        painter.setFont(theme.font(self._fitting_px(), bold=True))
        painter.setPen(theme.color("card" if self._strong else "text"))
        painter.drawText(self.rect(), int(text.CENTER), self.text())

    def _fitting_px(self) -> float:
        if self._fit[:2] != (self.text(), self.width() + self.height()):
            px = theme.size_px("title" if self._strong else "body", self._unit)
            room = self.width() - 10 * self._unit
            px = min(px, 0.6 * self.height())
            while px > 8 and _width(self.text(), px) > room:
                px -= 0.5
            self._fit = (self.text(), self.width() + self.height(), px)
        return self._fit[2]


class ControlsView(QtWidgets.QWidget):
    """The big button that starts, stops and closes, and small ones beside it.

    Parameters
    ----------
    main : callable
        What the big button does.
    others : sequence of (word, action)
    """

    def __init__(
        self, main: Callable[[], None], others: tuple[tuple[str, Callable[[], None]], ...]
    ) -> None:
        super().__init__()
        policy = QtWidgets.QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, policy)
        self._main = Button("■ Stop", main, strong=True)
        self._main.setObjectName("main_button")
        self._others = [Button(word, action) for word, action in others]
        self._row = QtWidgets.QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.addWidget(self._main, 34)
        for button in self._others:
            button.setObjectName(f"{button.text().lower()}_button")
            self._row.addWidget(button, 18)

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        self._row.setSpacing(round(8 * unit))
        for button in (self._main, *self._others):
            button.set_unit(unit)

    def set_main(self, word: str) -> None:
        """Name what the big button does now."""
        self._main.set_word(word)


def _width(words: str, px: float) -> float:
    return QtGui.QFontMetricsF(theme.font(px, bold=True)).horizontalAdvance(words)
