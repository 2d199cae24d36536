"""A traffic light that can be told without seeing red or green: by shape, and by a word."""

from __future__ import annotations

import math

from glutesym.gui import theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.gui.style import LIGHT_COLORS
from glutesym.measures import Light

WORDS: dict[Light, str] = {"green": "Good", "yellow": "Usable", "red": "Not usable"}
_CORNERS: dict[Light, int] = {"yellow": 3, "red": 8}  # warning triangle, stop sign; green: a disc


class TrafficLight(QtWidgets.QWidget):
    """One light; grey and empty while nothing is known."""

    def __init__(self) -> None:
        super().__init__()
        self._light: Light | None = None
        self.set_unit(1.0)

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        side = round(34 * unit)
        self.setFixedSize(side, side)

    def show_light(self, light: Light | None) -> None:
        """Show a light."""
        if light != self._light:
            self._light = light
            self.setAccessibleName(WORDS[light] if light else "not known yet")
            self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Draw it."""
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        area = QtCore.QRectF(self.rect()).adjusted(2, 2, -2, -2)
        if self._light is None:
            painter.setPen(QtGui.QPen(QtGui.QColor(theme.DIM), 2))
            painter.drawEllipse(area)
            return
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(QtGui.QColor(LIGHT_COLORS[self._light]))
        corners = _CORNERS.get(self._light)
        if corners is None:
            painter.drawEllipse(area)
            return
        turn = -math.pi / 2 if corners == 3 else math.pi / corners
        centre, radius = area.center(), area.width() / 2
        shape = [
            QtCore.QPointF(
                centre.x() + radius * math.cos(turn + 2 * math.pi * k / corners),
                centre.y() + radius * math.sin(turn + 2 * math.pi * k / corners),
            )
            for k in range(corners)
        ]
        painter.drawPolygon(QtGui.QPolygonF(shape))
