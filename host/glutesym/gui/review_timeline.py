"""Both envelopes over the whole session, and the repetitions as bands that can be moved."""

from __future__ import annotations

from typing import Any

import numpy as np

from glutesym.edits import MIN_LENGTH_S, Span, span_of
from glutesym.gui import theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets, pg
from glutesym.gui.review_plot import DASHED, ReviewPlot, round_top, side_pen, text_color
from glutesym.measures import SIDES, RepMeasure, Side
from glutesym.session.review import Reviewed

_LEAST_SEEN_S = 2.0
_ONSET_HEIGHTS: dict[Side, float] = {
    "left": 0.05,
    "right": 0.13,
}  # so that neither hides the other
_ZOOM = 1.5


class Timeline(QtWidgets.QWidget):
    """What happened when.

    Attributes
    ----------
    picked : signal (int)
        A repetition was clicked; its number.
    moved : signal (int, object)
        A repetition was dragged to another span.
    drawn : signal (object)
        A span was drawn on empty ground.
    asked : signal (QPoint)
        The menu is wanted there, global position.
    """

    picked = QtCore.Signal(int)
    moved = QtCore.Signal(int, object)
    drawn = QtCore.Signal(object)
    asked = QtCore.Signal(QtCore.QPoint)

    def __init__(self) -> None:
        super().__init__()
        self._box = _Ground()
        self.plot = ReviewPlot("timeline", "time, s", "RMS, µV", self._box)
        self._bar = QtWidgets.QScrollBar(QtCore.Qt.Orientation.Horizontal)
        self._bar.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.plot, 1)
        column.addWidget(self._bar)
        self._reviewed: Reviewed | None = None
        self._selected: int | None = None
        self._bands: dict[int, Any] = {}
        self._seen_s = (0.0, 1.0)
        item = self.plot.item
        item.setDownsampling(auto=True, mode="peak")
        item.setClipToView(True)
        item.showAxis("top")
        top = item.getAxis("top")
        top.setStyle(tickLength=0)
        self._lines: dict[Side, Any] = {side: pg.PlotDataItem(connect="finite") for side in SIDES}
        self._onsets: dict[Side, Any] = {side: pg.ScatterPlotItem(symbol="t1") for side in SIDES}
        self._sketch = pg.LinearRegionItem(movable=False)
        self._sketch.hide()
        for at, shown in enumerate(
            (*self._lines.values(), *self._onsets.values(), self._sketch), start=5
        ):
            shown.setZValue(at)
            item.addItem(shown, ignoreBounds=True)
        self._box.dragged.connect(self._draw)
        self._box.zoomed.connect(self._zoom_at)
        self.plot.clicks.connect(self._clicked)
        self._bar.valueChanged.connect(self._scrolled)

    # --- what is shown

    def show_reviewed(self, reviewed: Reviewed) -> None:
        """Show a session with its edits; zoom and selection stay."""
        first = self._reviewed is None
        self._reviewed = reviewed
        top = 1.0
        for side, line in self._lines.items():
            envelope = reviewed.envelopes.get(side)
            if envelope is None:
                line.setData([], [])
                continue
            line.setData(envelope.time_s, envelope.uv)
            top = max(top, float(np.nanmax(envelope.uv, initial=0.0)))
        top = round_top(1.02 * top)
        self.plot.item.setYRange(0, top, padding=0)
        for side, marks in self._onsets.items():
            at = [x for rep in reviewed.reps if (x := rep.side(side).onset_s) is not None]
            marks.setData(at, [_ONSET_HEIGHTS[side] * top] * len(at))
        self._place_bands(reviewed)
        if first:
            self.see(0.0, reviewed.duration_s)
        self.restyle(self.plot.unit)

    def select(self, number: int | None) -> None:
        """Highlight a repetition, and bring it into sight."""
        self._selected = number
        self._color_bands()
        rep = self._rep(number)
        if rep is not None and not (
            self._seen_s[0] <= rep.start_s and rep.end_s <= self._seen_s[1]
        ):
            half = 0.5 * (self._seen_s[1] - self._seen_s[0])
            middle = 0.5 * (rep.start_s + rep.end_s)
            self.see(middle - half, middle + half)

    def restyle(self, unit: float) -> None:
        """Take the theme in use, and sizes for the window's."""
        self.plot.restyle(unit)
        top = self.plot.item.getAxis("top")
        font = theme.font(theme.size_px("small", unit), bold=True)
        top.setTickFont(font)
        top.setTextPen(pg.mkPen(theme.TEXT))
        top.setPen(pg.mkPen(theme.LINE))
        top.setHeight(round(QtGui.QFontMetricsF(font).height() + 6))
        for side in SIDES:
            self._lines[side].setPen(side_pen(side, max(1.0, 1.6 * unit)))
            self._onsets[side].setBrush(theme.side_color(side))
            self._onsets[side].setPen(pg.mkPen(theme.CARD))
            self._onsets[side].setSize(round(10 * unit))
        self._sketch.setBrush(text_color(0.2))
        self._color_bands()
        self._number_bands()

    # --- what is in sight

    def see(self, start_s: float, end_s: float) -> None:
        """Show a stretch of the session, as far as there is one."""
        duration_s = max(self._reviewed.duration_s if self._reviewed else 1.0, 1.0)
        length_s = min(max(end_s - start_s, min(_LEAST_SEEN_S, duration_s)), duration_s)
        start_s = min(max(start_s, 0.0), duration_s - length_s)
        self._seen_s = start_s, start_s + length_s
        self.plot.item.setXRange(*self._seen_s, padding=0)
        self._bar.blockSignals(True)
        self._bar.setRange(0, round(100 * (duration_s - length_s)))
        self._bar.setPageStep(round(100 * length_s))
        self._bar.setSingleStep(round(10 * length_s))
        self._bar.setValue(round(100 * start_s))
        self._bar.blockSignals(False)
        self._bar.setVisible(length_s < duration_s - 1e-6)
        self._number_bands()

    def zoom(self, closer: bool) -> None:
        """Come closer to the selected repetition, or to the middle, or go away."""
        rep = self._rep(self._selected)
        middle = 0.5 * sum(self._seen_s) if rep is None else 0.5 * (rep.start_s + rep.end_s)
        self._zoom_at(middle, _ZOOM if closer else 1 / _ZOOM)

    def go(self, way: int) -> None:
        """Go on by a quarter of what is seen."""
        step_s = way * 0.25 * (self._seen_s[1] - self._seen_s[0])
        self.see(self._seen_s[0] + step_s, self._seen_s[1] + step_s)

    def see_all(self) -> None:
        """Show the whole session."""
        self.see(0.0, self._reviewed.duration_s if self._reviewed else 1.0)

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Write as many numbers as there is room for."""
        self._number_bands()

    # --- the mouse

    def _zoom_at(self, at_s: float, factor: float) -> None:
        start_s, end_s = self._seen_s
        self.see(at_s - (at_s - start_s) / factor, at_s + (end_s - at_s) / factor)

    def _scrolled(self, value: int) -> None:
        length_s = self._seen_s[1] - self._seen_s[0]
        self.see(value / 100, value / 100 + length_s)

    def _clicked(self, event: Any) -> None:
        rep = self._rep_at(self._box.mapSceneToView(event.scenePos()).x())
        if rep is not None:
            self.picked.emit(rep.number)
        if event.button() == QtCore.Qt.MouseButton.RightButton:
            self.asked.emit(event.screenPos().toPoint())

    def _draw(self, start_s: float, end_s: float, over: bool) -> None:
        """Sketch the span that is being drawn; at its end ask for a repetition there."""
        if self._reviewed is None:
            return
        reps = self._reviewed.reps  # it ends where the next one begins
        least = max((rep.end_s for rep in reps if rep.end_s <= start_s), default=0.0)
        most = min(
            (rep.start_s for rep in reps if rep.start_s >= start_s),
            default=self._reviewed.duration_s,
        )
        low, high = sorted(min(max(x, least), most) for x in (start_s, end_s))
        self._sketch.setRegion((low, high))
        self._sketch.setVisible(not over)
        if over and high - low >= 0.5 * MIN_LENGTH_S:  # less: a click that slipped
            self.drawn.emit(Span(low, high))

    def _dropped(self, number: int) -> None:
        rep = self._rep(number)
        if rep is None:
            return
        start_s, end_s = map(float, self._bands[number].getRegion())
        if (start_s, end_s) != (rep.start_s, rep.end_s):
            self.moved.emit(number, Span(start_s, end_s))

    # --- the bands

    def _place_bands(self, reviewed: Reviewed) -> None:
        for band in self._bands.values():
            self.plot.item.removeItem(band)
            band.deleteLater()
        self._bands = {}
        reps = reviewed.reps
        for i, rep in enumerate(reps):
            before_s = reps[i - 1].end_s if i else 0.0
            after_s = reps[i + 1].start_s if i + 1 < len(reps) else reviewed.duration_s
            span = span_of(rep)
            band: Any = pg.LinearRegionItem(
                (span.start_s, span.end_s),
                swapMode="block",
                bounds=(min(before_s, span.start_s), max(after_s, span.end_s)),
            )
            for edge in band.lines:
                edge.setCursor(QtCore.Qt.CursorShape.SizeHorCursor)
            band.sigRegionChangeFinished.connect(lambda _, n=rep.number: self._dropped(n))
            self._bands[rep.number] = band
            self.plot.item.addItem(band, ignoreBounds=True)

    def _color_bands(self) -> None:
        for number, band in self._bands.items():
            rep = self._rep(number)
            chosen = number == self._selected
            out = rep is not None and rep.excluded
            brush = QtGui.QBrush(text_color(0.3 if chosen else 0.14))
            if out:
                brush.setStyle(QtCore.Qt.BrushStyle.BDiagPattern)
            band.setBrush(brush)
            band.setHoverBrush(brush)
            pen = pg.mkPen(text_color(1.0 if chosen else 0.45), width=3 if chosen else 1)
            if out:
                pen.setStyle(DASHED)
            for edge in band.lines:
                edge.setPen(pen)
                edge.setHoverPen(pg.mkPen(theme.TEXT, width=4))
            band.update()

    def _number_bands(self) -> None:
        """Write numbers above the bands; of many that are close together some only."""
        if self._reviewed is None:
            return
        start_s, end_s = self._seen_s
        metrics = QtGui.QFontMetricsF(theme.font(theme.size_px("small", self.plot.unit)))
        apart_s = metrics.horizontalAdvance("188× ") * (end_s - start_s) / max(self.width(), 1)
        ticks: list[tuple[float, str]] = []
        for rep in self._reviewed.reps:
            at_s = 0.5 * (rep.start_s + rep.end_s)
            if start_s <= at_s <= end_s and (not ticks or at_s - ticks[-1][0] >= apart_s):
                ticks.append((at_s, f"{rep.number}{'×' if rep.excluded else ''}"))
        self.plot.item.getAxis("top").setTicks([ticks])

    def _rep(self, number: int | None) -> RepMeasure | None:
        reps = self._reviewed.reps if self._reviewed else ()
        return next((rep for rep in reps if rep.number == number), None)

    def _rep_at(self, time_s: float) -> RepMeasure | None:
        reps = self._reviewed.reps if self._reviewed else ()
        return next((rep for rep in reps if rep.start_s <= time_s <= rep.end_s), None)


class _Ground(pg.ViewBox):
    """What lies between the bands: drawing on it makes a new one."""

    dragged = QtCore.Signal(float, float, bool)  # from, to, whether it is over
    zoomed = QtCore.Signal(float, float)  # about where, by how much

    def __init__(self) -> None:
        super().__init__(enableMouse=False, enableMenu=False)

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        ev.accept()
        if ev.button() == QtCore.Qt.MouseButton.LeftButton:
            start, end = (
                self.mapSceneToView(at).x() for at in (ev.buttonDownScenePos(), ev.scenePos())
            )
            self.dragged.emit(start, end, ev.isFinish())

    def wheelEvent(self, ev: Any, axis: int | None = None) -> None:
        ev.accept()
        self.zoomed.emit(self.mapSceneToView(ev.scenePos()).x(), 1.002 ** ev.delta())
