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
from glutesym.scale import SharedScale

SPAN_S = 10.0
_PADDING = 0.002  # of the span: a label exactly at the edge would be dropped
_ONSET_HEIGHTS: dict[Side, float] = {"left": 0.06, "right": 0.2}  # so that neither hides the other
_MAX_REP_LABELS = 12  # a repetition takes about a second or more


class EnvelopesView(Card):
    """Both sides' envelopes on the bars' scale, with repetition numbers and onsets."""

    def __init__(self) -> None:
        column = QtWidgets.QGridLayout()
        super().__init__(column)
        title = text.FitText("small", color=theme.DIM)
        title.set_text("ENVELOPES, µV, last 10 s   ▲ onset")
        column.addWidget(title, 0, 0)
        for place, side in enumerate(SIDES, start=1):
            key = text.FitText("small", color=theme.SIDE_COLORS[side], align=text.RIGHT, bold=True)
            key.set_text(f"━ {side}")
            column.addWidget(key, 0, place)
        for place, stretch in enumerate((12, 1, 1)):
            column.setColumnStretch(place, stretch)
        self._plot: Any = _make_plot()
        column.addWidget(_make_view(self._plot), 1, 0, 1, 3)
        column.setRowStretch(0, 12)
        column.setRowStretch(1, 88)
        self._scale_top_uv = 0.0
        self._curves = {side: _make_curve(side) for side in SIDES}
        self._onsets = {side: _make_onsets(side) for side in SIDES}
        self._labels = [
            pg.TextItem(color=theme.DIM, anchor=(0.5, 0)) for _ in range(_MAX_REP_LABELS)
        ]
        for item in (*self._curves.values(), *self._onsets.values(), *self._labels):
            self._plot.addItem(item, ignoreBounds=True)
        for label in self._labels:
            label.hide()

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
        for side in SIDES:
            self._curves[side].setPen(pg.mkPen(theme.SIDE_COLORS[side], width=max(1.0, 2 * unit)))
            self._onsets[side].setSize(round(11 * unit))

    def show_state(self, state: LiveState, scale: SharedScale) -> None:
        """Show a snapshot on the shared scale."""
        if scale.top_uv != self._scale_top_uv:
            self._scale_top_uv = scale.top_uv
            self._plot.setYRange(0, scale.top_uv, padding=_PADDING)
            ticks = [(tick_uv, f"{tick_uv:g}") for tick_uv in scale.ticks_uv()]
            for name in ("left", "right"):
                self._plot.getAxis(name).setTicks([ticks])
        for side, live in state.sides.items():
            self._curves[side].setData(*_last_seconds(live, state.time_s))
        self._show_reps(state)

    def _show_reps(self, state: LiveState) -> None:
        """Put numbers and onset marks of the repetitions in sight where they belong."""
        from_s = state.time_s - SPAN_S
        reps = [rep for rep in state.reps[-_MAX_REP_LABELS:] if rep.start_s > from_s]
        for label, rep in zip(self._labels, reps, strict=False):
            label.setText(f"rep {rep.number}")
            label.setPos((rep.start_s + rep.end_s) / 2 - state.time_s, self._scale_top_uv)
            label.show()
        for label in self._labels[len(reps) :]:
            label.hide()
        for side in SIDES:
            onsets_s = [onset for rep in reps if (onset := rep.side(side).onset_s) is not None]
            x = np.array([onset_s - state.time_s for onset_s in onsets_s])
            self._onsets[side].setData(
                x, np.full(len(x), _ONSET_HEIGHTS[side] * self._scale_top_uv)
            )


def _last_seconds(live: SideLive, now_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the part of an envelope that is in sight, with time relative to now."""
    start = int(np.searchsorted(live.envelope_time_s, now_s - SPAN_S))
    return live.envelope_time_s[start:] - now_s, live.envelope_uv[start:]


def _make_view(plot: Any) -> QtWidgets.QWidget:
    view = pg.PlotWidget(background=theme.CARD, plotItem=plot)
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
    plot.getViewBox().setBackgroundColor(theme.WINDOW)
    for name in ("left", "bottom"):
        axis = plot.getAxis(name)
        axis.setPen(theme.LINE)
        axis.setTextPen(theme.DIM)
        axis.setStyle(tickLength=0)
    plot.getAxis("bottom").setStyle(tickTextOffset=5)
    seconds = [(float(-s), f"−{s} s" if s else "now") for s in range(0, int(SPAN_S) + 1, 2)]
    plot.getAxis("bottom").setTicks([seconds])
    grid = plot.getAxis("right")  # an axis with a grid would clip its own outermost labels
    grid.setStyle(showValues=False)
    grid.setPen(None)
    grid.setTickPen(theme.LINE)
    grid.setGrid(128)
    plot.showAxis("right")
    grid.setWidth(0)
    return plot


def _make_curve(side: Side) -> pg.PlotDataItem:
    curve = pg.PlotDataItem(connect="finite", antialias=True)
    curve.setObjectName(f"{side}_envelope")
    return curve


def _make_onsets(side: Side) -> pg.ScatterPlotItem:
    return pg.ScatterPlotItem(symbol="t1", brush=theme.SIDE_COLORS[side], pen=theme.WINDOW)
