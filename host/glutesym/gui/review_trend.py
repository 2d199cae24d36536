"""Earlier sessions of the same person and exercise beside the reviewed one, over days."""

from __future__ import annotations

from typing import Any

import numpy as np

from glutesym.analysis.trend import Trend
from glutesym.gui import style, theme
from glutesym.gui.qt import QtWidgets, pg
from glutesym.gui.review_plot import ReviewPlot, joined, round_top, text_color
from glutesym.measures import Estimate
from glutesym.session.history import History, MeasuredSet

_DAY_S = 86400.0
_MOST_SKIPPED = 4  # that are named


class TrendView(QtWidgets.QWidget):
    """Asymmetry and lag over days, with intervals, the line, and the answer in words."""

    def __init__(self) -> None:
        super().__init__()
        self._words = style.label("", "small", "trend_words")
        self._notes = style.label("", "small", "trend_notes")
        self._plots = (
            _Course("trend_asymmetry", "right larger ↑, %"),
            _Course("trend_lag", "left later ↑, ms"),
        )
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._words)
        self._row = QtWidgets.QHBoxLayout()
        for course in self._plots:
            self._row.addWidget(course, 1)
        column.addLayout(self._row, 1)
        column.addWidget(self._notes)
        self.say("Not compared yet.")

    def say(self, words: str) -> None:
        """Show words instead of a trend."""
        self._words.setText(words)
        self._notes.setText("")
        for course in self._plots:
            course.hide()

    def show_history(self, history: History, here: MeasuredSet | None) -> None:
        """Show what has become of both quantities.

        Parameters
        ----------
        history : History
        here : MeasuredSet or None
            The session that is reviewed, if it counts.
        """
        trends = history.asymmetry, history.lag
        self._words.setText("\n".join(trend.sentence for trend in trends))
        quantities = (
            [(one, one.summary.symmetry_index_pct) for one in history.sets],
            [(one, one.summary.lag_ms) for one in history.sets],
        )
        for course, trend, sets in zip(self._plots, trends, quantities, strict=True):
            course.show_course(trend, sets, here)
            course.setVisible(any(estimate.value is not None for _, estimate in sets))
        n = len(history.sets)
        notes = [f"{n} session{'' if n == 1 else 's'} of {history.of}."]
        if not history.of.subject:
            notes.append("They name no subject, so they may be of different people.")
        for one in history.skipped[:_MOST_SKIPPED]:
            notes.append(f"Not compared: {one.path.name}: {one.reason.rstrip('.')}.")
        if len(history.skipped) > _MOST_SKIPPED:
            notes.append(f"{len(history.skipped) - _MOST_SKIPPED} more are not compared.")
        self._notes.setText("\n".join(notes))

    def restyle(self, unit: float) -> None:
        """Take the theme in use, and sizes for the window's."""
        for course in self._plots:
            course.restyle(unit)

    def resizeEvent(self, event: Any) -> None:
        """Stand one below the other where it is narrow."""
        direction = QtWidgets.QBoxLayout.Direction
        narrow = event.size().width() < 440
        self._row.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)


class _Course(ReviewPlot):
    """One quantity over days: sets with their intervals, and the line with its band."""

    def __init__(self, name: str, left: str) -> None:
        super().__init__(name, "", left)
        self._zero = pg.InfiniteLine(0, 0)
        self._bars = pg.PlotDataItem(connect="finite")
        self._dots = pg.ScatterPlotItem(symbol="o")
        self._line = pg.PlotDataItem()
        self._edges = pg.PlotCurveItem(), pg.PlotCurveItem()
        self._band = pg.FillBetweenItem(*self._edges)
        self._here = pg.ScatterPlotItem(symbol="o", brush=None)
        parts: list[Any] = [
            self._band, self._zero, self._line, self._bars, self._dots, self._here,
        ]  # fmt: skip
        for layer, part in enumerate(parts):
            part.setZValue(layer)
            self.item.addItem(part, ignoreBounds=True)

    def show_course(
        self,
        trend: Trend,
        sets: list[tuple[MeasuredSet, Estimate]],
        here: MeasuredSet | None,
    ) -> None:
        known = [(one, estimate) for one, estimate in sets if estimate.value is not None]
        x = np.array([one.at.timestamp() / _DAY_S for one, _ in known])
        y = np.array([estimate.value for _, estimate in known], np.float64)
        low, high = (
            np.array([value if end is None else end for value, end in zip(y, ends, strict=True)])
            for ends in ([e.ci_low for _, e in known], [e.ci_high for _, e in known])
        )
        ends = zip(x, low, high, strict=True)
        self._bars.setData(*joined([(np.full(2, at), np.array(both)) for at, *both in ends]))
        self._dots.setData(x, y)
        at = [i for i, (one, _) in enumerate(known) if one is here]
        self._here.setData(x[at], y[at])
        fitted = [day for day in trend.days if day.fitted.value is not None]
        first_s = {one.at.date(): one.at.timestamp() for one, _ in reversed(known)}
        days = np.array([first_s[day.day] / _DAY_S for day in fitted])
        line, below, above = (
            np.array([getattr(day.fitted, name) for day in fitted], np.float64)
            for name in ("value", "ci_low", "ci_high")
        )
        self._line.setData(days, line)
        self._edges[0].setData(days, below)
        self._edges[1].setData(days, above)
        self._band.setVisible(len(days) > 0)
        reach = round_top(1.05 * max(map(abs, [*low, *high, *below, *above]), default=1.0))
        self.item.setYRange(-reach, reach, padding=0)
        if len(x):
            margin = max(0.5, 0.06 * float(np.ptp(x)))
            self.item.setXRange(x.min() - margin, x.max() + margin, padding=0)
        self._name_days(known, x)

    def restyle(self, unit: float) -> None:
        super().restyle(unit)
        self._zero.setPen(pg.mkPen(theme.DIM))
        self._bars.setPen(pg.mkPen(theme.DIM, width=max(1.0, 1.5 * unit)))
        self._dots.setBrush(pg.mkBrush(theme.TEXT))
        self._dots.setPen(pg.mkPen(theme.CARD))
        self._dots.setSize(round(10 * unit))
        self._line.setPen(pg.mkPen(theme.TEXT, width=2))
        self._band.setBrush(pg.mkBrush(text_color(0.14)))
        self._here.setPen(pg.mkPen(theme.TEXT, width=2))
        self._here.setSize(round(18 * unit))

    def _name_days(self, known: list[tuple[MeasuredSet, Estimate]], x: Any) -> None:
        """Write as many dates as there is room for; the first and the last always."""
        if not known:
            return
        apart = max(float(np.ptp(x)) / 3, 1e-9)
        ticks: list[tuple[float, str]] = []
        for at, (one, _) in zip(x[::-1], reversed(known), strict=True):  # the newest one first
            if not ticks or ticks[-1][0] - at >= apart:
                ticks.append((float(at), f"{one.at:%d %b %y}"))
        self.item.getAxis("bottom").setTicks([ticks])
