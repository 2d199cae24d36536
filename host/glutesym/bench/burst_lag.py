"""The time between two pods that hear the same bursts: their signals laid over each other.

Coarsely by the correlation of everything, then for every burst by least squares with fractions of
a sample. How the bursts scatter around a straight line gives the interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from glutesym.dsp.runs import runs

_Array = NDArray[np.float64]

_MOST_S = 0.1  # that the pods are looked for apart
_GRID_HZ = 4000.0
_BAND_HZ = (20.0, 450.0)
_EDGE_S = 0.5  # filters settle
_LOUD = 0.1  # of the peak of the envelope: within a burst
_LEAST_BURSTS = 8
_LEAST_CORRELATION = 0.98
_MARGIN_S = 0.02
_STEPS = 15
_FINEST_MS = 0.005  # what interpolation between samples leaves


@dataclass(frozen=True)
class BurstLag:
    """Left less right: positive: the left one's times are later."""

    lag_ms: float | None  # in the middle of the bursts
    half_ms: float | None  # 95 %, from how bursts scatter around a straight line
    bursts: int
    reason: str = ""  # why there is no lag
    drift_ppm: float = float("nan")  # by which the lag grows


def measure_burst_lag(left_s: _Array, left: _Array, right_s: _Array, right: _Array) -> BurstLag:
    """Return how far two recordings of the same bursts are apart.

    Parameters
    ----------
    left_s, right_s : (n,), (m,)
        Times of the samples on one clock, ascending.
    left, right : (n,), (m,)
        Without gaps.
    """
    left, right = _band(left_s, left), _band(right_s, right)
    start_s = max(left_s[0], right_s[0]) + _EDGE_S
    end_s = min(left_s[-1], right_s[-1]) - _EDGE_S
    if end_s - start_s < 2:
        return BurstLag(None, None, 0, "too little was recorded together")
    spline = scipy.interpolate.CubicSpline(left_s, left)
    grid_s = np.arange(start_s, end_s, 1 / _GRID_HZ)
    on_right = scipy.interpolate.CubicSpline(right_s, right)(grid_s)
    shift_s = _coarse_s(spline(grid_s), on_right)
    found: list[tuple[float, float]] = []
    bursts = _bursts(grid_s, on_right)
    for first_s, last_s in bursts:
        inside = slice(*np.searchsorted(right_s, (first_s, last_s)))
        lag_s = _fine_s(spline, right_s[inside], right[inside], shift_s)
        if lag_s is not None:
            found.append(((first_s + last_s) / 2, lag_s))
    n = len(found)
    if n < _LEAST_BURSTS or n < 0.7 * len(bursts):
        return BurstLag(
            None,
            None,
            n,
            f"{n} of {len(bursts)} bursts are alike in both, {_LEAST_BURSTS} are needed: feed "
            "both boxes from one generator, bursts of 0.1 to 0.2 s twice a second",
        )
    at_s, lags_s = np.array(found).T
    line: Any = scipy.stats.linregress(at_s - at_s.mean(), lags_s)
    rest_s = lags_s - line.intercept - line.slope * (at_s - at_s.mean())
    sigma_s = float(np.sqrt(rest_s @ rest_s / (n - 2)))
    half_ms = 1000 * float(scipy.stats.t.ppf(0.975, n - 2)) * sigma_s / float(np.sqrt(n))
    return BurstLag(
        1000 * float(line.intercept),
        float(np.hypot(half_ms, _FINEST_MS)),
        n,
        drift_ppm=1e6 * float(line.slope),
    )


def _band(time_s: _Array, uv: _Array) -> _Array:
    rate_hz = (len(time_s) - 1) / (time_s[-1] - time_s[0])
    high_hz = min(_BAND_HZ[1], 0.45 * rate_hz)
    sections = scipy.signal.butter(2, (_BAND_HZ[0], high_hz), "bandpass", fs=rate_hz, output="sos")
    return scipy.signal.sosfiltfilt(sections, uv)


def _coarse_s(left: _Array, right: _Array) -> float:
    """Return the shift at which everything is most alike."""
    product = scipy.signal.correlate(left, right, method="fft")
    lags_s = scipy.signal.correlation_lags(len(left), len(right)) / _GRID_HZ
    near = np.abs(lags_s) <= _MOST_S
    return float(lags_s[near][np.argmax(product[near])])


def _bursts(grid_s: _Array, uv: _Array) -> list[tuple[float, float]]:
    """Return where the signal is loud, with margins."""
    width = round(0.02 * _GRID_HZ)
    envelope = np.sqrt(np.convolve(uv**2, np.ones(width) / width, mode="same"))
    loud = envelope > _LOUD * np.quantile(envelope, 0.99)
    return [
        (float(grid_s[a]) - _MARGIN_S, float(grid_s[b - 1]) + _MARGIN_S)
        for a, b in runs(loud)
        if 0 < a and b < len(loud) and (b - a) > 0.03 * _GRID_HZ
    ]


def _fine_s(
    spline: scipy.interpolate.CubicSpline, time_s: _Array, wanted: _Array, shift_s: float
) -> float | None:
    """Return the shift of one burst; None: the two are not alike."""
    slope = spline.derivative()
    for _ in range(_STEPS):
        there, rise = spline(time_s + shift_s), slope(time_s + shift_s)
        power = float(there @ there)
        if power <= 0:
            return None
        gain = float(there @ wanted) / power
        if gain <= 0:
            return None
        step_s = float((wanted - gain * there) @ rise) / (gain * float(rise @ rise) or 1.0)
        shift_s += float(np.clip(step_s, -0.001, 0.001))
        if abs(step_s) < 1e-8:
            break
    there = spline(time_s + shift_s)
    alike = float(there @ wanted) / np.sqrt(float(there @ there) * float(wanted @ wanted))
    return shift_s if alike > _LEAST_CORRELATION else None
