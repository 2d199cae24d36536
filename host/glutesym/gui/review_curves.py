"""All repetitions on top of each other, left against right, with mean and standard deviation."""

from __future__ import annotations

import numpy as np

from glutesym.analysis.rep_curves import SHARES_PCT, SideCurves
from glutesym.gui import style
from glutesym.gui.qt import QtCore, QtWidgets, pg
from glutesym.gui.review_plot import DASHED, ReviewPlot, joined, round_top, side_pen
from glutesym.measures import SIDES, Side
from glutesym.session.review import Reviewed


class CurvesView(QtWidgets.QWidget):
    """How each side's activation runs within a repetition, both on one scale."""

    def __init__(self) -> None:
        super().__init__()
        self._words = style.label("", "small", "curves_words")
        self.plot = ReviewPlot("curves", "share of the movement, %", " ")
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        keys = QtWidgets.QHBoxLayout()
        self._keys = {side: style.label("", f"{side}_end", f"curves_{side}") for side in SIDES}
        for side, align in zip(
            SIDES,
            (QtCore.Qt.AlignmentFlag.AlignLeft, QtCore.Qt.AlignmentFlag.AlignRight),
            strict=True,
        ):
            self._keys[side].setAlignment(align)
            keys.addWidget(self._keys[side], 1)
        column.addLayout(keys)
        column.addWidget(self.plot, 1)
        column.addWidget(self._words)
        self._reviewed: Reviewed | None = None
        self._scale = 0
        self._selected: int | None = None
        item = self.plot.item
        self._reps = {side: pg.PlotDataItem(connect="finite") for side in SIDES}
        self._out = {side: pg.PlotDataItem(connect="finite") for side in SIDES}
        self._mean = {side: pg.PlotDataItem(connect="finite") for side in SIDES}
        self._chosen = {side: pg.PlotDataItem(connect="finite") for side in SIDES}
        self._edges = {side: (pg.PlotCurveItem(), pg.PlotCurveItem()) for side in SIDES}
        self._bands = {side: pg.FillBetweenItem(*self._edges[side]) for side in SIDES}
        for layer, shown in enumerate(
            (self._bands, self._out, self._reps, self._mean, self._chosen)
        ):
            for drawn in shown.values():
                drawn.setZValue(layer)
                item.addItem(drawn, ignoreBounds=True)
        item.setXRange(0, 100, padding=0.01)

    def show_reviewed(self, reviewed: Reviewed) -> None:
        """Show a session with its edits."""
        self._reviewed = reviewed
        self._show()

    def select(self, number: int | None) -> None:
        """Highlight a repetition."""
        self._selected = number
        self._show_chosen()

    def next_scale(self) -> None:
        """Change between per cent of a maximum and microvolts."""
        if self._reviewed is not None and self._reviewed.curves:
            self._scale = (self._scale + 1) % len(self._reviewed.curves)
            self._show()

    def restyle(self, unit: float) -> None:
        """Take the theme in use, and sizes for the window's."""
        self.plot.restyle(unit)
        for side in SIDES:
            self._reps[side].setPen(side_pen(side, 1.0, 0.4))
            out = side_pen(side, 1.0, 0.35)
            out.setStyle(DASHED)
            self._out[side].setPen(out)
            self._mean[side].setPen(side_pen(side, max(2.0, 3.5 * unit)))
            chosen = side_pen(side, max(2.0, 2.5 * unit))
            chosen.setStyle(QtCore.Qt.PenStyle.DotLine)
            self._chosen[side].setPen(chosen)
            self._bands[side].setBrush(pg.mkBrush(side_pen(side, 1.0, 0.22).color()))

    def _curves(self) -> dict[Side, SideCurves]:
        scales = self._reviewed.curves if self._reviewed else ()
        return scales[self._scale % len(scales)] if scales else {}

    def _show(self) -> None:
        curves = self._curves()
        top = 0.0
        for side in SIDES:
            of_side = curves.get(side)
            reps = of_side.reps if of_side else ()
            counted = [(SHARES_PCT, rep.level) for rep in reps if rep.counts]
            self._reps[side].setData(*joined(counted))
            self._out[side].setData(*joined([(SHARES_PCT, r.level) for r in reps if not r.counts]))
            mean = of_side.mean if of_side else np.full(len(SHARES_PCT), np.nan)
            sd = of_side.sd if of_side else mean
            self._mean[side].setData(SHARES_PCT, mean)
            known = np.isfinite(mean) & np.isfinite(sd)
            low, high = self._edges[side]
            low.setData(SHARES_PCT[known], np.maximum(mean - sd, 0.0)[known])
            high.setData(SHARES_PCT[known], (mean + sd)[known])
            self._bands[side].setVisible(bool(known.any()))
            top = max([top, *(float(np.nanmax(y, initial=0.0)) for _, y in counted)])
            n = of_side.n_counted if of_side else 0
            self._keys[side].setText(f"━ {side}, {n} rep{'' if n == 1 else 's'}" if n else "")
        self.plot.item.setYRange(0, round_top(top), padding=0)
        self._show_words(curves)
        self._show_chosen()

    def _show_words(self, curves: dict[Side, SideCurves]) -> None:
        unit = next((of_side.unit for of_side in curves.values()), "µV")
        self.plot.name_axis("left", unit)
        if not any(of_side.n_counted for of_side in curves.values()):
            self._words.setText("No repetition counts: there is nothing to lay on top of another.")
            return
        words = "Mean ± SD; dotted: the selected repetition."
        if unit.endswith("own peak"):
            words += " Each side against its own peak: shapes, not amounts."
        for side in SIDES:
            if side not in curves:
                words += f" The {side} side has no curve."
        self._words.setText(words)

    def _show_chosen(self) -> None:
        curves = self._curves()
        for side in SIDES:
            reps = curves[side].reps if side in curves else ()
            level = next((rep.level for rep in reps if rep.number == self._selected), None)
            if level is None:
                self._chosen[side].setData([], [])
            else:
                self._chosen[side].setData(SHARES_PCT, level)
