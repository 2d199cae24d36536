"""Which side was larger in each repetition, and the set's mean with its confidence interval."""

from __future__ import annotations

import math

from glutesym.gui import text, theme
from glutesym.gui.card import Card
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.live_state import LiveState
from glutesym.measures import SIDES, RepMeasure, SetSummary, Side
from glutesym.scale import SharedScale

_SPANS_PCT = (20.0, 40.0, 60.0, 100.0, 200.0)  # 200 % is the symmetry index of one silent side
_HEADS: dict[Side, tuple[str, str]] = {  # both legs, one leg
    "left": ("◀ LEFT LARGER", "◀ LEFT LEG"),
    "right": ("RIGHT LARGER ▶", "RIGHT LEG ▶"),
}
_MOST_ROWS = 60  # newer ones take the place of older ones
_MIN_ROWS = 8  # so that the first repetition is not a giant


class AsymmetryView(Card):
    """A dot a repetition, on the side of the middle line that was the larger one."""

    def __init__(self) -> None:
        grid = QtWidgets.QGridLayout()
        super().__init__(grid)
        self._heads: dict[Side, text.FitText] = {}
        for column, side in zip((0, 2), SIDES, strict=True):
            align = text.LEFT if side == "left" else text.RIGHT
            head = text.FitText("body", color=theme.SIDE_INKS[side], align=align, bold=True)
            self._heads[side] = head
            grid.addWidget(head, 0, column)
        self._title = text.FitText("small", color="dim", align=text.CENTER)
        self._title.setObjectName("asymmetry_title")
        grid.addWidget(self._title, 0, 1)
        for column, stretch in enumerate((30, 40, 30)):
            grid.setColumnStretch(column, stretch)
        self._dots = _Dots()
        grid.addWidget(self._dots, 1, 0, 1, 3)
        grid.setRowStretch(0, 12)
        grid.setRowStretch(1, 88)

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        super().set_unit(unit)
        self._dots.unit = unit

    def show_state(self, state: LiveState, scale: SharedScale) -> None:
        """Show the repetitions of a snapshot; of one leg: how active the working leg was."""
        one_leg = bool(state.reps) and state.reps[-1].one_leg
        title = "each repetition, % of the sides' mean"
        self._title.set_text(f"the leg that worked, {scale.unit.name}" if one_leg else title)
        for side, head in self._heads.items():
            head.set_text(_HEADS[side][int(one_leg)])
        self._dots.show_reps(state.reps, state.summary, scale if one_leg else None)


class _Dots(QtWidgets.QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.unit = 1.0
        self._reps: tuple[RepMeasure, ...] = ()
        self._summary: SetSummary | None = None
        self._of_legs: SharedScale | None = None  # of exercises on one leg
        self._top = 0.0
        policy = QtWidgets.QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, policy)

    def show_reps(
        self,
        reps: tuple[RepMeasure, ...],
        summary: SetSummary | None,
        of_legs: SharedScale | None,
    ) -> None:
        reps = reps[-_MOST_ROWS:]
        top = of_legs.top if of_legs else 0.0
        if (reps, summary, top) != (self._reps, self._summary, self._top):
            self._of_legs, self._top = of_legs, top
            self._reps = reps
            self._summary = summary
            self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        font = theme.font(theme.size_px("small", self.unit))
        painter.setFont(font)
        metrics = QtGui.QFontMetricsF(font)
        gutter = metrics.horizontalAdvance("rep 888") + 8 * self.unit
        line = metrics.height()
        area = QtCore.QRectF(self.rect()).adjusted(gutter, 2 * self.unit, -gutter, -line * 1.3)
        span_pct = self._span_pct()
        self._draw_grid(painter, area, span_pct)
        if self._of_legs is None:
            self._draw_mean(painter, area, span_pct)
        self._draw_reps(painter, area, span_pct, line, gutter)

    def _size(self, rep: RepMeasure) -> float | None:
        """Return what is drawn to the right, or negative to the left; None: nothing."""
        if self._of_legs is None or rep.working is None:
            return rep.symmetry_index_pct
        value_uv = rep.side(rep.working).activation_uv
        if value_uv is None:
            return None
        value = value_uv * self._of_legs.unit.factor(rep.working)
        return value if rep.working == "right" else -value

    def _span_pct(self) -> float:
        """Return the round span that holds every repetition and the interval."""
        if self._of_legs is not None:
            return self._top
        largest = [abs(rep.symmetry_index_pct or 0.0) for rep in self._reps]
        if self._summary is not None:
            estimate = self._summary.symmetry_index_pct
            largest += [abs(v) for v in (estimate.ci_low, estimate.ci_high) if v is not None]
        return next((s for s in _SPANS_PCT if s >= max(largest, default=0.0)), _SPANS_PCT[-1])

    def _draw_grid(self, painter: QtGui.QPainter, area: QtCore.QRectF, span_pct: float) -> None:
        line = QtGui.QFontMetricsF(painter.font()).height()
        for step in (-2, -1, 0, 1, 2):
            x = _x(step * span_pct / 2, area, span_pct)
            color = theme.color("dim" if step == 0 else "line")
            painter.setPen(QtGui.QPen(color, (2 if step == 0 else 1) * self.unit))
            painter.drawLine(QtCore.QLineF(x, area.top(), x, area.bottom()))
            painter.setPen(theme.color("dim"))
            box = QtCore.QRectF(
                x - area.width() / 8, area.bottom() + 0.25 * line, area.width() / 4, line
            )
            label = f"{abs(step) * span_pct / 2:g} %" if step else "equal"
            if self._of_legs is not None:
                label = f"{abs(step) * span_pct / 2:g}"
            painter.drawText(box, int(text.CENTER), label)

    def _draw_mean(self, painter: QtGui.QPainter, area: QtCore.QRectF, span_pct: float) -> None:
        """Draw the set's mean and the band of its interval."""
        if self._summary is None:
            return
        estimate = self._summary.symmetry_index_pct
        if estimate.ci_low is not None and estimate.ci_high is not None:
            left = _x(estimate.ci_low, area, span_pct)
            right = _x(estimate.ci_high, area, span_pct)
            band = theme.color("text", 0.16)
            painter.fillRect(QtCore.QRectF(left, area.top(), right - left, area.height()), band)
        if estimate.value is not None:
            x = _x(estimate.value, area, span_pct)
            painter.setPen(QtGui.QPen(theme.color("text"), 2 * self.unit))
            painter.drawLine(QtCore.QLineF(x, area.top(), x, area.bottom()))

    def _draw_reps(
        self,
        painter: QtGui.QPainter,
        area: QtCore.QRectF,
        span_pct: float,
        line: float,
        gutter: float,
    ) -> None:
        rows = max(len(self._reps), _MIN_ROWS)
        height = area.height() / rows
        radius = min(6 * self.unit, 0.42 * height)
        apart = math.ceil(0.9 * line / height)  # rows between two labels that have room
        every = next(n for n in (1, 2, 5, 10, 20, 50, apart) if n >= apart)
        zero = _x(0, area, span_pct)
        for row, rep in enumerate(self._reps):
            y = area.top() + (row + 0.5) * height
            last = row == len(self._reps) - 1
            room = len(self._reps) - 1 - row >= apart
            if last or (rep.number % every == 0 and room):
                painter.setPen(theme.color("text" if last else "dim"))
                box = QtCore.QRectF(0, y - line / 2, area.left() - 8 * self.unit, line)
                painter.drawText(box, int(text.RIGHT), f"rep {rep.number}")
            size_pct = self._size(rep)
            if size_pct is None or rep.excluded:  # an empty ring on the middle line, and why
                painter.setPen(QtGui.QPen(theme.color("dim"), 1.5 * self.unit))
                painter.setBrush(theme.color("card"))
                painter.drawEllipse(QtCore.QPointF(zero, y), radius, radius)
                left = zero + 2 * radius
                box = QtCore.QRectF(left, y - line / 2, area.right() + gutter - left, line)
                if height >= 0.8 * line:
                    painter.setPen(theme.color("dim"))
                    words = _elided(_words(rep), painter, box.width())
                    box.setWidth(QtGui.QFontMetricsF(painter.font()).horizontalAdvance(words))
                    painter.fillRect(box, theme.color("card"))  # no line behind the words
                    painter.drawText(box, int(text.LEFT), words)
                continue
            x = _x(size_pct, area, span_pct)
            color = theme.side_color("right" if size_pct > 0 else "left")
            painter.setPen(QtGui.QPen(color, max(1.0, 0.5 * radius)))
            painter.drawLine(QtCore.QLineF(zero, y, x, y))
            painter.setPen(QtCore.Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawEllipse(QtCore.QPointF(x, y), radius, radius)


def _words(rep: RepMeasure) -> str:
    """Say what a repetition shows that has no place on the scale."""
    return f"{'excluded' if rep.excluded else 'withheld'}: {rep.reason}"


def _elided(words: str, painter: QtGui.QPainter, width: float) -> str:
    end = QtCore.Qt.TextElideMode.ElideRight
    return QtGui.QFontMetricsF(painter.font()).elidedText(words, end, width)


def _x(value_pct: float, area: QtCore.QRectF, span_pct: float) -> float:
    return area.center().x() + area.width() / 2 * value_pct / span_pct
