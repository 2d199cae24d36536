"""Which side was larger and which was later, each repetition and the set, with 95 % intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glutesym import wording
from glutesym.analysis.rep_intervals import asymmetry_interval_pct, lag_interval_ms
from glutesym.gui import style, theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets, pg
from glutesym.gui.review_plot import ReviewPlot, joined, round_top, text_color
from glutesym.measures import SIDES, Estimate, RepMeasure, SetSummary, Side
from glutesym.session.review import Reviewed

_Interval = Callable[[RepMeasure], tuple[float, float] | None]


class DifferencesView(QtWidgets.QWidget):
    """Asymmetry beside lag; on one leg: leg beside leg.

    Attributes
    ----------
    picked : signal (int)
        A repetition was clicked; its number.
    """

    picked = QtCore.Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._asymmetry = _Dots("asymmetry")
        self._lag = _Dots("lag")
        self._row = QtWidgets.QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        for part in (self._asymmetry, self._lag):
            part.picked.connect(self.picked)
            self._row.addWidget(part, 1)

    def show_reviewed(self, reviewed: Reviewed) -> None:
        """Show a session with its edits."""
        reps, summary = reviewed.reps, reviewed.analyzed.measures.summary
        one_leg = any(rep.one_leg for rep in reps)
        self._lag.setVisible(not one_leg)
        if one_leg:
            self._asymmetry.show_dots(
                reps, _of_leg, lambda _rep: None, Estimate(None), "µV", ("left leg", "right leg")
            )
            self._asymmetry.say(_leg_words(summary))
            return
        self._asymmetry.show_dots(
            reps,
            lambda rep: rep.symmetry_index_pct,
            asymmetry_interval_pct,
            summary.symmetry_index_pct,
            "%",
            ("left larger", "right larger"),
        )
        withheld = summary.symmetry_index_pct.value is None
        self._asymmetry.say(wording.verdict_sentence(summary) if withheld else "")
        # Positive lags are the left side's, which stands on the left here, too.
        self._lag.show_dots(
            reps,
            lambda rep: None if rep.lag_ms is None else -rep.lag_ms,
            _mirrored(lag_interval_ms),
            _minus(summary.lag_ms),
            "ms",
            ("left later", "right later"),
        )
        self._lag.say(wording.lag_sentence(summary) if summary.lag_ms.value is None else "")

    def select(self, number: int | None) -> None:
        """Highlight a repetition."""
        self._asymmetry.select(number)
        self._lag.select(number)

    def restyle(self, unit: float) -> None:
        """Take the theme in use, and sizes for the window's."""
        self._asymmetry.restyle(unit)
        self._lag.restyle(unit)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Stand one below the other where it is narrow."""
        direction = QtWidgets.QBoxLayout.Direction
        narrow = event.size().width() < 440
        self._row.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)


class _Dots(QtWidgets.QWidget):
    """A dot a repetition, from top to bottom; left of the middle line it is the left side's."""

    picked = QtCore.Signal(int)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._ends = {side: style.label("", f"{side}_end", f"{name}_{side}") for side in SIDES}
        self._words = style.label("", "small", f"{name}_words")
        self.plot = ReviewPlot(name, " ", "rep")
        self._column = QtWidgets.QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        ends = QtWidgets.QHBoxLayout()
        align = QtCore.Qt.AlignmentFlag
        for side, at in zip(SIDES, (align.AlignLeft, align.AlignRight), strict=True):
            self._ends[side].setAlignment(at)
            ends.addWidget(self._ends[side], 1)
        self._column.addLayout(ends)
        self._column.addWidget(self.plot, 1)
        self._column.addWidget(self._words)
        item = self.plot.item
        item.invertY(True)
        self._values: dict[int, float] = {}
        self._selected: int | None = None
        self._zero = pg.InfiniteLine(0, 90)
        self._mean = pg.InfiniteLine(0, 90)
        self._band = pg.LinearRegionItem(movable=False)
        self._bars = pg.PlotDataItem(connect="finite")
        self._dots = pg.ScatterPlotItem(symbol="o", hoverable=False)
        self._ring = pg.ScatterPlotItem(symbol="o", brush=None)
        shown: list[Any] = [self._band, self._zero, self._mean, self._bars, self._dots, self._ring]
        for layer, part in enumerate(shown):
            part.setZValue(layer)
            item.addItem(part, ignoreBounds=True)
        self._reps: tuple[RepMeasure, ...] = ()
        self.plot.clicks.connect(self._clicked)

    def say(self, words: str) -> None:
        """Say what they come to."""
        self._words.setText(words)
        self._words.setVisible(bool(words))

    def show_dots(
        self,
        reps: tuple[RepMeasure, ...],
        value_of: Callable[[RepMeasure], float | None],
        interval_of: _Interval,
        of_set: Estimate,
        unit: str,
        ends: tuple[str, str],
    ) -> None:
        """Show what each repetition has, if it is given, and the set's mean with its interval."""
        self._reps = reps
        for side, words in zip(SIDES, ends, strict=True):
            self._ends[side].setText(f"◀ {words}" if side == "left" else f"{words} ▶")
        self._values = {r.number: v for r in reps if (v := value_of(r)) is not None}
        out = {rep.number for rep in reps if rep.excluded}
        counted = self._values.keys() - out
        intervals = {rep.number: interval_of(rep) for rep in reps if rep.number in counted}
        known = {n: ends_at for n, ends_at in intervals.items() if ends_at is not None}
        reach = [abs(v) for v in self._values.values()]
        reach += [abs(end) for both in known.values() for end in both]
        reach += [abs(v) for v in (of_set.value, of_set.ci_low, of_set.ci_high) if v is not None]
        top = round_top(1.02 * max(reach, default=1.0))
        item = self.plot.item
        item.setXRange(-top, top, padding=0.02)
        steps = (-top, -top / 2, 0.0, top / 2, top)
        item.getAxis("bottom").setTicks([[(x, f"{abs(x):g}" if x else "0") for x in steps]])
        self.plot.name_axis("bottom", unit)
        last = max((rep.number for rep in reps), default=1)
        item.setYRange(0.4, max(last, 4) + 0.6, padding=0)
        self._number_rows()
        spots: list[dict[str, Any]] = [
            {"pos": (x, n), "symbol": "x", "brush": None}
            if n in out
            else {"pos": (x, n), "brush": theme.side_color("left" if x < 0 else "right")}
            for n, x in self._values.items()
        ]
        self._dots.setData(spots=spots)
        bars = [(np.array(ends_at), np.full(2, n)) for n, ends_at in known.items()]
        self._bars.setData(*joined(bars))
        self._show_set(of_set)
        self.restyle(self.plot.unit)
        self.select(self._selected)

    def select(self, number: int | None) -> None:
        """Highlight a repetition."""
        self._selected = number
        value = None if number is None else self._values.get(number)
        at = [] if value is None else [(value, number)]
        self._ring.setData(pos=at, size=round(18 * self.plot.unit))

    def restyle(self, unit: float) -> None:
        """Take the theme in use, and sizes for the window's."""
        self.plot.restyle(unit)
        self._zero.setPen(pg.mkPen(theme.DIM, width=1))
        self._mean.setPen(pg.mkPen(theme.TEXT, width=2))
        self._band.setBrush(text_color(0.16))
        for edge in self._band.lines:
            edge.setPen(pg.mkPen(None))
        self._bars.setPen(pg.mkPen(theme.DIM, width=max(1.0, 1.5 * unit)))
        self._dots.setSize(round(11 * unit))
        self._dots.setPen(pg.mkPen(theme.DIM, width=1))
        self._ring.setPen(pg.mkPen(theme.TEXT, width=2))
        self._ring.setSize(round(18 * unit))

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Write as many numbers as there is room for."""
        self._number_rows()

    def _number_rows(self) -> None:
        last = max((rep.number for rep in self._reps), default=1)
        line = theme.size_px("small", self.plot.unit) * 1.6
        room = max(1.0, (self.plot.height() - 3 * line) / line)
        every = next(n for n in (1, 2, 5, 10, 20, 50, 100, last) if n >= last / room)
        rows = [(n, str(n)) for n in range(1, last + 1) if n % every == 0]
        self.plot.item.getAxis("left").setTicks([rows])

    def _show_set(self, of_set: Estimate) -> None:
        self._mean.setVisible(of_set.value is not None)
        self._band.setVisible(of_set.ci_low is not None and of_set.ci_high is not None)
        if of_set.value is not None:
            self._mean.setPos(of_set.value)
        if of_set.ci_low is not None and of_set.ci_high is not None:
            self._band.setRegion((of_set.ci_low, of_set.ci_high))

    def _clicked(self, event: Any) -> None:
        row = self.plot.item.getViewBox().mapSceneToView(event.scenePos()).y()
        nearest = min(self._reps, key=lambda rep: abs(rep.number - row), default=None)
        if nearest is not None and abs(nearest.number - row) <= 0.5:
            self.picked.emit(nearest.number)


def _of_leg(rep: RepMeasure) -> float | None:
    """Return how active the leg that worked was, to its own side."""
    if rep.working is None:
        return None
    value_uv = rep.side(rep.working).activation_uv
    return value_uv if value_uv is None or rep.working == "right" else -value_uv


def _leg_words(summary: SetSummary) -> str:
    sides: tuple[Side, ...] = SIDES
    words = [wording.activation_sentence(side, summary) for side in sides]
    return f"{wording.verdict_sentence(summary)}. {'. '.join(words)}."


def _minus(estimate: Estimate) -> Estimate:
    value, low, high = (
        None if x is None else -x for x in (estimate.value, estimate.ci_high, estimate.ci_low)
    )
    return Estimate(value, low, high, estimate.reason)


def _mirrored(interval_of: _Interval) -> _Interval:
    def mirrored(rep: RepMeasure) -> tuple[float, float] | None:
        interval = interval_of(rep)
        return None if interval is None else (-interval[1], -interval[0])

    return mirrored
