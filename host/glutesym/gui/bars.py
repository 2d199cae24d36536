"""How hard each side works now: two bars on one scale, with large digits and peak-hold lines."""

from __future__ import annotations

import math

from glutesym import live_wording, wording
from glutesym.gui import text, theme
from glutesym.gui.card import Card
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.gui.traffic_light import TrafficLight
from glutesym.live_state import LiveState
from glutesym.measures import SIDES, Side
from glutesym.scale import Band, SharedScale

_DIGITS_EVERY_S = 0.2  # faster digits cannot be read
_NO_DATA = "No data"


class BarsView(Card):
    """Both sides' activation, now, and how good the signals are."""

    def __init__(self) -> None:
        grid = QtWidgets.QGridLayout()
        super().__init__(grid)
        self._grid = grid
        self._digits_time_s = -math.inf
        self._has_value = {side: False for side in SIDES}
        self._digits: dict[Side, text.FitText] = {}
        self._peaks: dict[Side, text.FitText] = {}
        self._lights: dict[Side, TrafficLight] = {}
        self._words: dict[Side, text.FitText] = {}
        for column, side in enumerate(SIDES):
            color = theme.SIDE_INKS[side]
            name = text.FitText("large", color=color, align=text.CENTER, bold=True)
            name.set_text(side.upper())
            light = TrafficLight()
            light.setObjectName(f"{side}_light")
            word = text.FitText("body", color="dim", align=text.CENTER)
            word.setObjectName(f"{side}_signal")
            digits = text.FitText(
                "giant", color=color, align=text.CENTER, bold=True, sample="888", suffix="µV"
            )
            digits.setObjectName(f"{side}_value")
            peak = text.FitText("body", color="dim", align=text.CENTER)
            peak.setObjectName(f"{side}_peak")
            self._digits[side], self._peaks[side] = digits, peak
            self._lights[side], self._words[side] = light, word
            head = QtWidgets.QGridLayout()
            head.setSpacing(0)
            for place, (part, stretch) in enumerate(((name, 42), (light, 58))):
                head.addWidget(part, 0, place)
                head.setColumnStretch(place, stretch)
            head.addWidget(word, 1, 0, 1, 2)
            head.setRowStretch(0, 62)
            head.setRowStretch(1, 38)
            grid.addLayout(head, 0, column)
            grid.addWidget(digits, 1, column)
            grid.addWidget(peak, 3, column)
        self._bars = _Bars()
        grid.addWidget(self._bars, 2, 0, 1, 2)
        self._note = text.FitText("small", color="dim", align=text.CENTER, wrap=True)
        self._note.setObjectName("bars_note")
        grid.addWidget(self._note, 4, 0, 1, 2)
        self._note.hide()
        for row, stretch in enumerate((14, 22, 58, 6)):
            grid.setRowStretch(row, stretch)

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        super().set_unit(unit)
        self._bars.unit = unit
        self._grid.setHorizontalSpacing(round(_gutter_px(unit)))  # texts stand above their bars

    def show_state(self, state: LiveState, scale: SharedScale, target: Band | None = None) -> None:
        """Show a snapshot on the shared scale."""
        self._bars.show_state(state, scale, target)
        for side, live in state.sides.items():
            word = live_wording.light_text(live, state.phase)
            self._lights[side].show_light(live.light, word)
            self._words[side].set_text(word)
        has_value = {side: math.isfinite(state.sides[side].activation_uv) for side in SIDES}
        due = abs(state.time_s - self._digits_time_s) >= _DIGITS_EVERY_S
        if not due and has_value == self._has_value and state.phase != "ended":
            return
        self._digits_time_s, self._has_value = state.time_s, has_value
        unit = scale.unit
        if unit.note and self._note.isHidden():
            self._note.set_text(unit.note)
            self._note.show()
            self._grid.setRowStretch(4, 8)
        sample = "8888" if scale.top > 1000 else "888"
        for side, live in state.sides.items():
            factor = unit.factor(side)
            self._digits[side].set_suffix(unit.symbol)
            self._digits[side].set_sample(sample)
            self._digits[side].set_text(wording.uv_text(live.activation_uv * factor))
            self._peaks[side].set_text(
                f"peak {wording.uv_text(live.peak_uv * factor)} {unit.name}"
            )


class _Bars(QtWidgets.QWidget):
    """The bars proper: left, the shared scale's labels, right."""

    def __init__(self) -> None:
        super().__init__()
        self.unit = 1.0
        self._state = LiveState()
        self._scale = SharedScale()
        self._target: Band | None = None
        policy = QtWidgets.QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, policy)

    def show_state(self, state: LiveState, scale: SharedScale, target: Band | None) -> None:
        self._state = state
        self._scale = scale
        self._target = target
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        labels = [f"{tick:g}" for tick in self._scale.ticks()]
        apart = self.height() / len(labels)
        label_font = theme.font(min(theme.size_px("title", self.unit), 0.75 * apart))
        painter.setFont(label_font)
        gutter = _gutter_px(self.unit)
        # Room for half a label above the top and below 0.
        half_line = QtGui.QFontMetricsF(label_font).height() / 2
        area = QtCore.QRectF(self.rect()).adjusted(0, half_line, 0, -half_line)
        width = (area.width() - gutter) / 2
        tracks: dict[Side, QtCore.QRectF] = {
            "left": QtCore.QRectF(area.left(), area.top(), width, area.height()),
            "right": QtCore.QRectF(area.right() - width, area.top(), width, area.height()),
        }
        for track in tracks.values():
            painter.fillRect(track, theme.color("track"))
        self._draw_scale(painter, area, gutter, labels)
        for side, track in tracks.items():
            self._draw_side(painter, side, track)

    def _draw_scale(
        self, painter: QtGui.QPainter, area: QtCore.QRectF, gutter: float, labels: list[str]
    ) -> None:
        for tick, label in zip(self._scale.ticks(), labels, strict=True):
            y = self._y(tick, area)
            painter.setPen(QtGui.QPen(theme.color("line"), max(1.0, self.unit)))
            middle = area.center().x()
            painter.drawLine(_line(area.left(), middle - gutter / 2 + 6 * self.unit, y))
            painter.drawLine(_line(middle + gutter / 2 - 6 * self.unit, area.right(), y))
            painter.setPen(theme.color("dim"))
            box = QtCore.QRectF(middle - gutter / 2, y - gutter, gutter, 2 * gutter)
            painter.drawText(box, int(text.CENTER), label)

    def _draw_side(self, painter: QtGui.QPainter, side: Side, track: QtCore.QRectF) -> None:
        live = self._state.sides[side]
        value = live.activation_uv * self._scale.unit.factor(side)
        peak = live.peak_uv * self._scale.unit.factor(side)
        alert = wording.alert_text(live, self._state.phase)
        known = math.isfinite(value)
        if known:
            bar = QtCore.QRectF(track)
            bar.setTop(self._y(min(max(value, 0.0), self._scale.top), track))
            painter.fillRect(bar, theme.side_color(side, 0.35 if alert else 1.0))
        else:
            hatch = QtGui.QBrush(theme.color("line"), QtCore.Qt.BrushStyle.BDiagPattern)
            painter.fillRect(track, hatch)
        if self._target is not None:
            self._draw_target(painter, track, self._target, known and value in self._target)
        if math.isfinite(peak):
            y = self._y(peak, track)
            line = QtCore.QRectF(track.left(), y - 2 * self.unit, track.width(), 4 * self.unit)
            painter.fillRect(line, theme.color("text"))
        if alert:
            self._draw_chip(painter, track, alert, "warning", "on_warning")
        elif not known:
            self._draw_chip(painter, track, _NO_DATA, "track", "dim")

    def _draw_target(
        self, painter: QtGui.QPainter, track: QtCore.QRectF, target: Band, hit: bool
    ) -> None:
        """Frame what to aim at; filled lightly, and ticked when the bar ends in it."""
        top, bottom = self._y(min(target.high, self._scale.top), track), self._y(target.low, track)
        frame = QtCore.QRectF(track.left(), top, track.width(), bottom - top)
        painter.fillRect(frame, theme.color("text", 0.28 if hit else 0.12))
        style = QtCore.Qt.PenStyle.SolidLine if hit else QtCore.Qt.PenStyle.DashLine
        painter.setPen(QtGui.QPen(theme.color("text"), (5 if hit else 3) * self.unit, style))
        painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)
        painter.drawRect(frame.adjusted(2 * self.unit, 0, -2 * self.unit, 0))
        if hit:
            painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
            radius = 26 * self.unit
            painter.setPen(QtCore.Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("text"))
            painter.drawEllipse(frame.center(), radius, radius)
            painter.setFont(theme.font(1.5 * radius, bold=True))
            painter.setPen(theme.color("card"))
            plate = QtCore.QRectF(0, 0, 2 * radius, 2 * radius)
            plate.moveCenter(frame.center())
            painter.drawText(plate, int(text.CENTER), "✓")
            painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)

    def _draw_chip(
        self, painter: QtGui.QPainter, track: QtCore.QRectF, words: str, fill: str, ink: str
    ) -> None:
        """Write words on a filled plate across the middle of a track."""
        room = track.width() - 16 * self.unit
        px = theme.size_px("large", self.unit)
        while (
            px > 8
            and QtGui.QFontMetricsF(theme.font(px, bold=True)).horizontalAdvance(words) > room
        ):
            px -= 1
        painter.setFont(theme.font(px, bold=True))
        plate = QtCore.QRectF(track.left(), 0, track.width(), px * 1.8)
        plate.moveCenter(track.center())
        painter.fillRect(plate, theme.color(fill))
        painter.setPen(theme.color(ink))
        painter.drawText(plate, int(text.CENTER), words)

    def _y(self, value: float, area: QtCore.QRectF) -> float:
        return area.bottom() - area.height() * value / self._scale.top


def _gutter_px(unit: float) -> float:
    """Return the width of the scale between the bars: four digits and some air."""
    metrics = QtGui.QFontMetricsF(theme.font(theme.size_px("title", unit)))
    return metrics.horizontalAdvance("888") + 22 * unit


def _line(left: float, right: float, y: float) -> QtCore.QLineF:
    return QtCore.QLineF(left, y, right, y)
