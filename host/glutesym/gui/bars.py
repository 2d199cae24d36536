"""How hard each side works now: two bars on one scale, with large digits and peak-hold lines."""

from __future__ import annotations

import math

from glutesym import wording
from glutesym.gui import text, theme
from glutesym.gui.card import Card
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.live_state import LiveState
from glutesym.measures import SIDES, Side
from glutesym.scale import SharedScale

_DIGITS_EVERY_S = 0.2  # faster digits cannot be read
_NO_DATA = "No data"


class BarsView(Card):
    """Both sides' activation, now."""

    def __init__(self) -> None:
        grid = QtWidgets.QGridLayout()
        super().__init__(grid)
        self._grid = grid
        self._digits_time_s = -math.inf
        self._has_value = {side: False for side in SIDES}
        self._digits: dict[Side, text.FitText] = {}
        self._peaks: dict[Side, text.FitText] = {}
        for column, side in enumerate(SIDES):
            color = theme.SIDE_COLORS[side]
            name = text.FitText("title", color=color, align=text.CENTER, bold=True)
            name.set_text(side.upper())
            digits = text.FitText(
                "giant", color=color, align=text.CENTER, bold=True, sample="888", suffix="µV"
            )
            digits.setObjectName(f"{side}_value")
            peak = text.FitText("body", color=theme.DIM, align=text.CENTER)
            peak.setObjectName(f"{side}_peak")
            self._digits[side] = digits
            self._peaks[side] = peak
            for row, part in enumerate((name, digits)):
                grid.addWidget(part, row, column)
            grid.addWidget(peak, 3, column)
        self._bars = _Bars()
        grid.addWidget(self._bars, 2, 0, 1, 2)
        note = text.FitText("small", color=theme.DIM, align=text.CENTER)
        note.set_text("activation now: RMS of 250 ms, one scale for both sides")
        grid.addWidget(note, 4, 0, 1, 2)
        for row, stretch in enumerate((7, 22, 58, 6, 5)):
            grid.setRowStretch(row, stretch)

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        super().set_unit(unit)
        self._bars.unit = unit
        self._grid.setHorizontalSpacing(round(_gutter_px(unit)))  # texts stand above their bars

    def show_state(self, state: LiveState, scale: SharedScale) -> None:
        """Show a snapshot on the shared scale."""
        self._bars.show_state(state, scale)
        has_value = {side: math.isfinite(state.sides[side].activation_uv) for side in SIDES}
        due = abs(state.time_s - self._digits_time_s) >= _DIGITS_EVERY_S
        if not due and has_value == self._has_value and state.phase != "ended":
            return
        self._digits_time_s, self._has_value = state.time_s, has_value
        sample = "8888" if scale.top_uv > 1000 else "888"
        for side, live in state.sides.items():
            self._digits[side].set_sample(sample)
            self._digits[side].set_text(wording.uv_text(live.activation_uv))
            self._peaks[side].set_text(f"peak {wording.uv_text(live.peak_uv)} µV")


class _Bars(QtWidgets.QWidget):
    """The bars proper: left, the shared scale's labels, right."""

    def __init__(self) -> None:
        super().__init__()
        self.unit = 1.0
        self._state = LiveState()
        self._scale = SharedScale()
        policy = QtWidgets.QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, policy)

    def show_state(self, state: LiveState, scale: SharedScale) -> None:
        self._state = state
        self._scale = scale
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        label_font = theme.font(theme.size_px("body", self.unit))
        painter.setFont(label_font)
        labels = [f"{tick_uv:g}" for tick_uv in self._scale.ticks_uv()]
        metrics = QtGui.QFontMetricsF(label_font)
        gutter = _gutter_px(self.unit)
        half_line = metrics.height() / 2  # room for half a label above the top and below 0
        area = QtCore.QRectF(self.rect()).adjusted(0, half_line, 0, -half_line)
        width = (area.width() - gutter) / 2
        tracks: dict[Side, QtCore.QRectF] = {
            "left": QtCore.QRectF(area.left(), area.top(), width, area.height()),
            "right": QtCore.QRectF(area.right() - width, area.top(), width, area.height()),
        }
        for track in tracks.values():
            painter.fillRect(track, QtGui.QColor(theme.TRACK))
        self._draw_scale(painter, area, gutter, labels)
        for side, track in tracks.items():
            self._draw_side(painter, side, track)

    def _draw_scale(
        self, painter: QtGui.QPainter, area: QtCore.QRectF, gutter: float, labels: list[str]
    ) -> None:
        for tick_uv, label in zip(self._scale.ticks_uv(), labels, strict=True):
            y = self._y(tick_uv, area)
            painter.setPen(QtGui.QPen(QtGui.QColor(theme.LINE), max(1.0, self.unit)))
            middle = area.center().x()
            painter.drawLine(_line(area.left(), middle - gutter / 2 + 6 * self.unit, y))
            painter.drawLine(_line(middle + gutter / 2 - 6 * self.unit, area.right(), y))
            painter.setPen(QtGui.QColor(theme.DIM))
            box = QtCore.QRectF(middle - gutter / 2, y - gutter, gutter, 2 * gutter)
            painter.drawText(box, int(text.CENTER), label)

    def _draw_side(self, painter: QtGui.QPainter, side: Side, track: QtCore.QRectF) -> None:
        live = self._state.sides[side]
        alert = wording.alert_text(live, self._state.phase)
        if math.isfinite(live.activation_uv):
            bar = QtCore.QRectF(track)
            bar.setTop(self._y(max(live.activation_uv, 0.0), track))
            painter.fillRect(bar, theme.side_color(side, 0.35 if alert else 1.0))
        else:
            hatch = QtGui.QBrush(QtGui.QColor(theme.LINE), QtCore.Qt.BrushStyle.BDiagPattern)
            painter.fillRect(track, hatch)
        if math.isfinite(live.peak_uv):
            y = self._y(live.peak_uv, track)
            peak = QtCore.QRectF(track.left(), y - 2 * self.unit, track.width(), 4 * self.unit)
            painter.fillRect(peak, QtGui.QColor(theme.TEXT))
        if alert:
            self._draw_chip(painter, track, alert, QtGui.QColor(theme.WARNING), theme.WINDOW)
        elif not math.isfinite(live.activation_uv):
            self._draw_chip(painter, track, _NO_DATA, QtGui.QColor(theme.TRACK), theme.DIM)

    def _draw_chip(
        self,
        painter: QtGui.QPainter,
        track: QtCore.QRectF,
        words: str,
        fill: QtGui.QColor,
        ink: str,
    ) -> None:
        """Write words on a filled plate across the middle of a track."""
        room = track.width() - 20 * self.unit
        px = theme.size_px("large", self.unit)
        while (
            px > 8
            and QtGui.QFontMetricsF(theme.font(px, bold=True)).horizontalAdvance(words) > room
        ):
            px -= 1
        painter.setFont(theme.font(px, bold=True))
        plate = QtCore.QRectF(track.left(), 0, track.width(), px * 1.8)
        plate.moveCenter(track.center())
        painter.fillRect(plate, fill)
        painter.setPen(QtGui.QColor(ink))
        painter.drawText(plate, int(text.CENTER), words)

    def _y(self, value_uv: float, area: QtCore.QRectF) -> float:
        return area.bottom() - area.height() * value_uv / self._scale.top_uv


def _gutter_px(unit: float) -> float:
    """Return the width of the scale between the bars: four digits and some air."""
    metrics = QtGui.QFontMetricsF(theme.font(theme.size_px("body", unit)))
    return metrics.horizontalAdvance("8888") + 18 * unit


def _line(left: float, right: float, y: float) -> QtCore.QLineF:
    return QtCore.QLineF(left, y, right, y)
