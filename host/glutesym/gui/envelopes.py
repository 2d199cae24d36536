"""The last ten seconds of both envelopes, scrolling; what is missing stays a gap."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from glutesym.gui import text, theme
from glutesym.gui.card import Card
from glutesym.gui.qt import QtCore, QtGui, QtWidgets, pg
from glutesym.live_state import LiveState, SideLive
from glutesym.measures import SIDES, Side
from glutesym.scale import Band, SharedScale

SPAN_S = 10.0
_PADDING = 0.002  # of the span: a label exactly at the edge would be dropped
_ONSET_HEIGHTS: dict[Side, float] = {"left": 0.06, "right": 0.2}  # so that neither hides the other
_MAX_REP_LABELS = 12  # a repetition takes about a second or more


class EnvelopesView(Card):
    """Both sides' envelopes on the bars' scale, with repetition numbers and onsets."""

    def __init__(self) -> None:
        column = QtWidgets.QGridLayout()
        super().__init__(column)
        self._title = text.FitText("small", color="dim")
        column.addWidget(self._title, 0, 0)
        for place, side in enumerate(SIDES, start=1):
            key = text.FitText("small", color=theme.SIDE_INKS[side], align=text.RIGHT, bold=True)
            key.set_text(f"━ {side}")
            column.addWidget(key, 0, place)
        for place, stretch in enumerate((12, 1, 1)):
            column.setColumnStretch(place, stretch)
        self._plot: Any = _make_plot()
        self._view = make_view(self._plot)
        column.addWidget(self._view, 1, 0, 1, 3)
        column.setRowStretch(0, 16)
        column.setRowStretch(1, 84)
        self._scale_top = 0.0
        self._target_shown: Band | None = None
        self._pen_px = 1.0
        self._target = pg.LinearRegionItem(orientation="horizontal", movable=False)
        self._target.hide()
        self._plot.addItem(self._target, ignoreBounds=True)
        self._curves = {side: _make_curve(side) for side in SIDES}
        self._onsets = {side: _make_onsets(side) for side in SIDES}
        self._labels = [pg.TextItem(anchor=(0.5, 0)) for _ in range(_MAX_REP_LABELS)]
        for item in (*self._curves.values(), *self._onsets.values(), *self._labels):
            self._plot.addItem(item, ignoreBounds=True)
        for label in self._labels:
            label.hide()
        self.apply_theme()

    def apply_theme(self) -> None:
        """Take the colours of the theme in use."""
        color_plot(self._view, self._plot)
        edge = pg.mkPen(theme.color("text", 0.5), style=QtCore.Qt.PenStyle.DashLine)
        self._target.setBrush(theme.color("text", 0.1))
        for line in self._target.lines:
            line.setPen(edge)
        for label in self._labels:
            label.setColor(theme.color("dim"))
        for side in SIDES:
            self._curves[side].setPen(pg.mkPen(theme.side_color(side), width=self._pen_px))
            self._onsets[side].setPen(theme.color("window"))

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        super().set_unit(unit)
        font = theme.font(theme.size_px("small", unit))
        metrics = QtGui.QFontMetricsF(font)
        for name in ("left", "bottom"):
            axis = self._plot.getAxis(name)
            axis.setTickFont(font)
            # As a number: how far the outermost labels may reach beyond the axis.
            axis.setStyle(hideOverlappingLabels=round(metrics.horizontalAdvance("−10 s")))
        self._plot.getAxis("left").setWidth(round(metrics.horizontalAdvance("8888") + 14 * unit))
        self._plot.getAxis("bottom").setHeight(round(metrics.height() + 9 * unit))
        self._plot.layout.setContentsMargins(
            0, metrics.height() / 2, metrics.horizontalAdvance("now"), 0
        )  # room for half of the outermost labels
        for label in self._labels:
            label.setFont(font)
        self._pen_px = max(1.0, 2 * unit)
        for side in SIDES:
            self._onsets[side].setSize(round(11 * unit))
        self.apply_theme()

    def show_state(self, state: LiveState, scale: SharedScale, target: Band | None) -> None:
        """Show a snapshot on the shared scale."""
        if scale.top != self._scale_top:
            self._scale_top = scale.top
            self._title.set_text(f"ENVELOPES, {scale.unit.name}, last 10 s   ▲ onset")
            self._plot.setYRange(0, scale.top, padding=_PADDING)
            ticks = [(tick, f"{tick:g}") for tick in scale.ticks()]
            for name in ("left", "right"):
                self._plot.getAxis(name).setTicks([ticks])
        if target != self._target_shown:
            self._target_shown = target
            self._target.setVisible(target is not None)
            if target is not None:
                self._target.setRegion((target.low, target.high))
        for side, live in state.sides.items():
            time_s, envelope_uv = _last_seconds(live, state.time_s)
            self._curves[side].setData(time_s, envelope_uv * scale.unit.factor(side))
        self._show_reps(state)

    def _show_reps(self, state: LiveState) -> None:
        """Put numbers and onset marks of the repetitions in sight where they belong."""
        from_s = state.time_s - SPAN_S
        reps = [rep for rep in state.reps[-_MAX_REP_LABELS:] if rep.start_s > from_s]
        for label, rep in zip(self._labels, reps, strict=False):
            label.setText(f"rep {rep.number}")
            label.setPos((rep.start_s + rep.end_s) / 2 - state.time_s, self._scale_top)
            label.show()
        for label in self._labels[len(reps) :]:
            label.hide()
        for side in SIDES:
            onsets_s = [onset for rep in reps if (onset := rep.side(side).onset_s) is not None]
            x = np.array([onset_s - state.time_s for onset_s in onsets_s])
            self._onsets[side].setData(x, np.full(len(x), _ONSET_HEIGHTS[side] * self._scale_top))


def _last_seconds(live: SideLive, now_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the part of an envelope that is in sight, with time relative to now."""
    start = int(np.searchsorted(live.envelope_time_s, now_s - SPAN_S))
    return live.envelope_time_s[start:] - now_s, live.envelope_uv[start:]


def color_plot(view: Any, plot: Any) -> None:
    """Give a plot the colours of the theme in use."""
    view.setBackground(theme.color("card"))
    plot.getViewBox().setBackgroundColor(theme.color("window"))
    for name in ("left", "bottom"):
        axis = plot.getAxis(name)
        axis.setPen(theme.color("line"))
        axis.setTextPen(theme.color("dim"))
    plot.getAxis("right").setTickPen(theme.color("line"))


def make_view(plot: Any) -> QtWidgets.QWidget:
    """Return the widget that shows a plot."""
    view = pg.PlotWidget(plotItem=plot)
    policy = QtWidgets.QSizePolicy.Policy.Ignored
    view.setSizePolicy(policy, policy)
    view.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)  # keys belong to the window
    return view


def _make_plot() -> (
    Any
):  # pyqtgraph adds most methods of a plot at run time, unseen by type checkers
    plot: Any = pg.PlotItem()
    plot.setMouseEnabled(x=False, y=False)
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.setXRange(-SPAN_S, 0, padding=_PADDING)
    plot.setDownsampling(auto=True, mode="peak")
    plot.setClipToView(True)
    for name in ("left", "bottom"):
        plot.getAxis(name).setStyle(tickLength=0)
    plot.getAxis("bottom").setStyle(tickTextOffset=5)
    seconds = [(float(-s), f"−{s} s" if s else "now") for s in range(0, int(SPAN_S) + 1, 2)]
    plot.getAxis("bottom").setTicks([seconds])
    grid = plot.getAxis("right")  # an axis with a grid would clip its own outermost labels
    grid.setStyle(showValues=False)
    grid.setPen(None)
    grid.setGrid(128)
    plot.showAxis("right")
    grid.setWidth(0)
    return plot


def _make_curve(side: Side) -> pg.PlotDataItem:
    curve = pg.PlotDataItem(connect="finite", antialias=True)
    curve.curve.setSegmentedLineMode("on")
    curve.setObjectName(f"{side}_envelope")
    return curve


def _make_onsets(side: Side) -> pg.ScatterPlotItem:
    return pg.ScatterPlotItem(symbol="t1", brush=theme.SIDE_COLORS[side])
