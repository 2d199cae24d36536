"""The EMG itself, both sides on one scale: it shows whether it is muscle, hum or a cable."""

from __future__ import annotations

import numpy as np

from glutesym.gui import text, theme
from glutesym.gui.card import Card
from glutesym.gui.qt import QtCore, QtGui, QtWidgets, pg
from glutesym.live_bar import TRACE_S
from glutesym.live_state import CERTAIN_AFTER_S, LiveState, SideLive
from glutesym.measures import SIDES, Side
from glutesym.scale import SharedScale


class TracesView(Card):
    """The last seconds of the band-passed EMG; what is missing stays a gap."""

    def __init__(self) -> None:
        column = QtWidgets.QVBoxLayout()
        super().__init__(column)
        title = text.FitText("small", color="dim")
        title.set_text(f"EMG, band-passed, last {TRACE_S:g} s, one scale for both sides")
        self._lanes = _Lanes()
        column.addWidget(title, 16)
        column.addWidget(self._lanes, 84)

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        super().set_unit(unit)
        self._lanes.unit = unit

    def show_state(self, state: LiveState) -> None:
        """Show a snapshot."""
        self._lanes.show_state(state)

    def forget_scale(self) -> None:
        """Fit the scale anew, for both sides."""
        self._lanes.forget_scale()


class _Lanes(QtWidgets.QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.unit = 1.0
        self._state = LiveState()
        self._scale = SharedScale()  # from −top to top
        policy = QtWidgets.QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, policy)

    def show_state(self, state: LiveState) -> None:
        self._state = state
        for live in state.sides.values():
            certain = live.trace_time_s <= live.trace_time_s[-1:] - CERTAIN_AFTER_S
            for uv in (-live.trace_low_uv, live.trace_high_uv):
                self._scale.grow(float(np.fmax.reduce(uv[certain], initial=0.0)))
        self.update()

    def forget_scale(self) -> None:
        self._scale = SharedScale()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        font = theme.font(theme.size_px("small", self.unit))
        painter.setFont(font)
        metrics = QtGui.QFontMetricsF(font)
        gutter = metrics.horizontalAdvance("right ±888 µV") + 10 * self.unit
        gap = 4 * self.unit
        height = (self.height() - gap) / 2
        for row, side in enumerate(SIDES):
            lane = QtCore.QRectF(
                gutter, row * (height + gap), max(self.width() - gutter, 1.0), height
            )
            painter.fillRect(lane, theme.color("window"))
            painter.setPen(QtGui.QPen(theme.color("line"), max(1.0, self.unit)))
            y = lane.center().y()
            painter.drawLine(QtCore.QLineF(lane.left(), y, lane.right(), y))
            painter.setPen(theme.color(theme.SIDE_INKS[side]))
            head = QtCore.QRectF(0, lane.top(), gutter - 8 * self.unit, height)
            painter.drawText(head, int(text.RIGHT), f"{side} ±{self._scale.top:g} µV")
            self._draw_trace(painter, lane, side, self._state.sides[side])

    def _draw_trace(
        self, painter: QtGui.QPainter, lane: QtCore.QRectF, side: Side, live: SideLive
    ) -> None:
        age_s = self._state.time_s - live.trace_time_s
        seen = (age_s >= 0) & (age_s <= TRACE_S)
        if seen.sum() < 2:
            return
        x = lane.right() - np.repeat(age_s[seen], 2) * (lane.width() / TRACE_S)
        uv = np.column_stack((live.trace_low_uv[seen], live.trace_high_uv[seen])).ravel()
        y = lane.center().y() - uv * (lane.height() / 2 / self._scale.top)
        painter.setPen(QtGui.QPen(theme.side_color(side), max(1.0, round(self.unit))))
        painter.drawPath(pg.functions.arrayToQPath(x, y, connect="finite"))
