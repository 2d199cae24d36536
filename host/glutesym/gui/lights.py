"""How good the signal is: a traffic light. The lamp's place tells as much as its colour."""

from __future__ import annotations

from glutesym.gui import theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.measures import Light

_LAMPS: tuple[Light, Light, Light] = ("red", "yellow", "green")  # from the left, or from the top
_HOUSING = 0.28  # of a lamp's diameter, around and between the lamps


class SignalLamps(QtWidgets.QWidget):
    """Three lamps in a row, at most one of them on."""

    def __init__(self) -> None:
        super().__init__()
        self._light: Light | None = None
        policy = QtWidgets.QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, policy)

    @property
    def light(self) -> Light | None:
        """Which lamp is on."""
        return self._light

    def set_light(self, light: Light | None, words: str) -> None:
        """Switch a lamp on; None: none is."""
        self.setAccessibleName(words)
        if light != self._light:
            self._light = light
            self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Draw housing and lamps."""
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        widths = 3 + 4 * _HOUSING
        size = min(self.width() / widths, self.height() / (1 + 2 * _HOUSING))
        gap = _HOUSING * size
        housing = QtCore.QRectF(0, 0, widths * size, size + 2 * gap)
        housing.moveCenter(QtCore.QRectF(self.rect()).center())
        painter.setBrush(theme.color("track"))
        painter.drawRoundedRect(housing, housing.height() / 2, housing.height() / 2)
        for place, lamp in enumerate(_LAMPS):
            left = housing.left() + gap + place * (size + gap)
            bulb = QtCore.QRectF(left, housing.top() + gap, size, size)
            painter.setBrush(theme.lamp_color(self._light, lamp))
            if lamp == self._light:
                bulb.adjust(-0.6 * gap, -0.6 * gap, 0.6 * gap, 0.6 * gap)  # it glows
            painter.drawEllipse(bulb)
