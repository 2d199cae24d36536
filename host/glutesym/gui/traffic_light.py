"""A traffic light that can be told without seeing red or green: by shape, and by a word."""

from __future__ import annotations

import math

from glutesym.gui import theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.measures import Light

_CORNERS: dict[Light, int] = {"yellow": 3, "red": 8}  # warning triangle, stop sign; green: a disc


class TrafficLight(QtWidgets.QWidget):
    """One light, as large as there is room; grey and empty while nothing is known."""

    def __init__(self) -> None:
        super().__init__()
        self._light: Light | None = None
        policy = QtWidgets.QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, policy)

    @property
    def light(self) -> Light | None:
        """Which one is shown."""
        return self._light

    def set_unit(self, unit: float) -> None:
        """Have a size of its own, beside words of a page."""
        side = round(34 * unit)
        fixed = QtWidgets.QSizePolicy.Policy.Fixed  # an ignored size gets no room beside words
        self.setSizePolicy(fixed, fixed)
        self.setFixedSize(side, side)

    def show_light(self, light: Light | None, words: str) -> None:
        """Show a light; the words are for screen readers."""
        self.setAccessibleName(words)
        if light != self._light:
            self._light = light
            self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Draw it."""
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        side = min(self.width(), self.height()) - 4
        area = QtCore.QRectF(0, 0, side, side)
        area.moveCenter(QtCore.QRectF(self.rect()).center())
        if self._light is None:
            painter.setPen(QtGui.QPen(theme.color("dim"), 2))
            painter.drawEllipse(area)
            return
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(self._light))
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
