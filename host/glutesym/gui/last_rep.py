"""The last repetition: which side was larger and which later, each against its noise band."""

from __future__ import annotations

from glutesym import live_wording
from glutesym.gui import text, theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.live_state import LiveState
from glutesym.measures import Side
from glutesym.scale import MICROVOLTS, Unit

_SPANS_PCT = (20.0, 40.0, 60.0, 100.0, 200.0)
_SPANS_MS = (50.0, 100.0, 200.0, 400.0)


class LastRepView(QtWidgets.QWidget):
    """Two lines in words, each with a gauge whose middle is "no difference"."""

    def __init__(self) -> None:
        super().__init__()
        policy = QtWidgets.QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, policy)
        grid = QtWidgets.QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        self._amount = text.FitText("title", bold=True, wrap=True)
        self._amount.setObjectName("rep_amount")
        self._lag = text.FitText("title", bold=True, wrap=True)
        self._lag.setObjectName("rep_lag")
        self._amount_gauge, self._lag_gauge = _Gauge(_SPANS_PCT), _Gauge(_SPANS_MS)
        for row, (words, gauge) in enumerate(
            ((self._amount, self._amount_gauge), (self._lag, self._lag_gauge))
        ):
            grid.addWidget(words, row, 0)
            grid.addWidget(gauge, row, 1)
            grid.setRowStretch(row, 1)
        grid.setColumnStretch(0, 63)
        grid.setColumnStretch(1, 37)
        self._grid = grid

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        self._grid.setSpacing(round(8 * unit))
        self._amount_gauge.unit = self._lag_gauge.unit = unit

    def show_state(self, state: LiveState, unit: Unit = MICROVOLTS) -> None:
        """Show the last repetition of a snapshot."""
        rep = state.reps[-1] if state.reps else None
        if rep is None:
            self._amount.set_text("")
            self._lag.set_text("")
            self._amount_gauge.set_value(None, None, None)
            self._lag_gauge.set_value(None, None, None)
            return
        self._amount.set_text(f"Rep {rep.number}: {live_wording.rep_amount_text(rep, unit)}")
        self._lag.set_text(live_wording.rep_lag_text(rep))
        index = None if rep.excluded else rep.symmetry_index_pct
        lag = None if rep.excluded else rep.lag_ms
        larger: Side = "right" if (index or 0.0) > 0 else "left"
        later: Side = "left" if (lag or 0.0) > 0 else "right"
        self._amount_gauge.set_value(index, rep.symmetry_index_noise_pct, larger)
        # Drawn on the side that is later, as the words say.
        self._lag_gauge.set_value(None if lag is None else -lag, rep.lag_noise_ms, later)


class _Gauge(QtWidgets.QWidget):
    """A value left or right of a middle line, and the band about the middle that is noise."""

    def __init__(self, spans: tuple[float, ...]) -> None:
        super().__init__()
        self.unit = 1.0
        self._spans = spans
        self._value: float | None = None
        self._noise: float | None = None
        self._side: Side | None = None
        policy = QtWidgets.QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, policy)

    def set_value(self, value: float | None, noise: float | None, side: Side | None) -> None:
        if (value, noise, side) != (self._value, self._noise, self._side):
            self._value, self._noise, self._side = value, noise, side
            self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        if self._value is None or self._side is None:
            return
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        largest = max(abs(self._value), self._noise or 0.0)
        span = next((s for s in self._spans if s >= largest), self._spans[-1])
        area = QtCore.QRectF(self.rect())
        radius = min(0.24 * area.height(), 14 * self.unit)
        half = area.width() / 2 - radius
        middle, y = area.center().x(), area.center().y()
        track = QtCore.QRectF(0, y - radius, area.width(), 2 * radius)
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("track"))
        painter.drawRoundedRect(track, radius, radius)
        x = middle + half * max(-1.0, min(1.0, self._value / span))
        within = self._noise is not None and abs(self._value) <= self._noise
        if self._noise is not None:
            reach = half * min(1.0, self._noise / span)
            band = QtCore.QRectF(middle - reach, y - 1.5 * radius, 2 * reach, 3 * radius)
            painter.fillRect(band, theme.color("text", 0.22))
        painter.fillRect(
            QtCore.QRectF(middle - self.unit, y - 1.8 * radius, 2 * self.unit, 3.6 * radius),
            theme.color("dim"),
        )
        color = theme.color("dim") if within else theme.side_color(self._side)
        painter.setPen(QtGui.QPen(color, 0.7 * radius))
        painter.drawLine(QtCore.QLineF(middle, y, x, y))
        painter.setPen(QtCore.Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawEllipse(QtCore.QPointF(x, y), radius, radius)
