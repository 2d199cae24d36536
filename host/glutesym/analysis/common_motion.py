"""By how much two sensors' clocks differ, from a motion that both of them feel.

The rate of turn of a rigid body is the same everywhere on it and, as a magnitude, in any axes. So
its course in time, as two sensors tell it, differs by their clocks alone. A person's two hips are
no rigid body: what does not match is refused, not averaged.

Source: cross-correlation for the coarse shift; least squares on the shift within short windows for
the fine one (as in digital image correlation: B. D. Lucas, T. Kanade, IJCAI 1981), which has no
bias towards whole samples, unlike a parabola through the correlation's peak.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

_Array = NDArray[np.float64]

_COARSE_HZ = 100.0
_LOW_HZ, _HIGH_HZ = 0.5, 20.0  # where a hand's shaking is; slower changes are the sensors' own
_WINDOW_S = 1.0
_LEAST_WINDOWS = 5
_STEPS = 12  # of the least squares
_STILL = 0.25  # of the median motion: windows with less tell nothing
_LEAST_OVERLAP_S = 6.0
_MATCH = 0.98  # least correlation of a rigid pair, within windows
_MOST_SCATTER_MS = 2.0  # of windows around one straight line: more is no rigid pair
_GOOD_SHARE = 0.7  # of the windows with motion that have to match
_MOST_APART_S = 60.0
_FINEST_MS = 0.02  # what interpolation between samples leaves
_OUTLIER_MS = 0.25  # a window that is off by less is none


@dataclass(frozen=True)
class CommonMotion:
    """What a motion that two sensors share says about their clocks, or why it says nothing."""

    offset_ms: float | None  # left less right, positive: the left one's times are later
    offset_half_width_ms: float | None  # 95 %
    drift_ppm: float | None  # by which the offset grows
    drift_half_width_ppm: float | None
    at_s: float  # when the offset is meant: the middle of the motion, time of the right one
    correlation: float  # median over windows with motion, after alignment
    windows: int  # that were used
    strength: float = float("nan")  # of the motion: median of windows' SDs, in the motion's unit
    held_out_ms: float | None = None  # most that a window is off from the line through the others
    reason: str = ""  # why there is no offset


def common_motion(
    left_s: _Array, left: _Array, right_s: _Array, right: _Array, coarse_ms: float = 0.0
) -> CommonMotion:
    """Compare the courses of one motion on two clocks.

    Parameters
    ----------
    left_s, right_s : (n,), (m,) arrays
        Times of the samples on each clock, ascending, in seconds.
    left, right : (n,), (m,) arrays
        Magnitudes of the motion, such as the rate of turn; NaN: lost.
    coarse_ms : float
        Within how much of no offset it is looked for; 0: up to a minute.

    Returns
    -------
    CommonMotion
    """
    most_s = coarse_ms / 1000 or _MOST_APART_S
    if min(len(left_s), len(right_s)) < 2 or min(np.ptp(left_s), np.ptp(right_s)) < 2 * _WINDOW_S:
        return _refused("too little was recorded: shake the pods for 20 seconds")
    if np.isnan(left).any() or np.isnan(right).any():
        return _refused("samples were lost: bring the pods closer and try again")
    left, right = _band(left_s, left), _band(right_s, right)
    shift_s = _coarse_shift_s(left_s, left, right_s, right, most_s)
    start_s = max(right_s[0], left_s[0] - shift_s)
    end_s = min(right_s[-1], left_s[-1] - shift_s)
    if end_s - start_s < _LEAST_OVERLAP_S:
        return _refused("the two recordings have too little in common to be compared")
    spline = scipy.interpolate.CubicSpline(left_s, left)
    found = [
        window
        for first_s in np.arange(start_s, end_s - _WINDOW_S, _WINDOW_S)
        if (window := _shift_in_window(spline, right_s, right, first_s, shift_s)) is not None
    ]
    return _judge(np.array(found).reshape(-1, 4))


def _judge(windows: _Array) -> CommonMotion:
    """Return what windows tell together; rows of middle, shift, correlation, motion."""
    moving = (
        windows[windows[:, 3] > _STILL * np.median(windows[:, 3])] if len(windows) else windows
    )
    if len(moving) < _LEAST_WINDOWS:
        return _refused("there is too little motion: shake the pods for 20 seconds")
    correlation = float(np.median(moving[:, 2]))
    good = moving[moving[:, 2] > _MATCH]
    if len(good) < max(_LEAST_WINDOWS, _GOOD_SHARE * len(moving)):
        return _refused(_UNLIKE.format(correlation), correlation)
    line: Any = scipy.stats.theilslopes(good[:, 1], good[:, 0])
    off_s = good[:, 1] - line.intercept - line.slope * good[:, 0]
    spread_s = 1.4826 * float(np.median(np.abs(off_s)))  # of a normal distribution's
    if 1000 * spread_s > _MOST_SCATTER_MS:
        return _refused(_UNSTEADY.format(1000 * spread_s), correlation)
    used = good[np.abs(off_s) <= 4 * spread_s + _OUTLIER_MS / 1000]
    n = len(used)
    if n < _LEAST_WINDOWS:
        return _refused(_UNSTEADY.format(1000 * spread_s), correlation)
    at_s = float(used[:, 0].mean())
    fit: Any = scipy.stats.linregress(used[:, 0] - at_s, used[:, 1])
    rest_s = used[:, 1] - fit.intercept - fit.slope * (used[:, 0] - at_s)
    from_middle = (used[:, 0] - at_s) ** 2
    leverage = 1 / n + from_middle / from_middle.sum()
    sigma_s = float(np.sqrt(rest_s @ rest_s / (n - 2)))
    t = float(scipy.stats.t.ppf(0.975, n - 2))
    return CommonMotion(
        offset_ms=1000 * float(fit.intercept),
        offset_half_width_ms=max(_FINEST_MS, 1000 * t * sigma_s / float(np.sqrt(n))),
        drift_ppm=1e6 * float(fit.slope),
        drift_half_width_ppm=1e6 * t * float(fit.stderr),
        at_s=at_s,
        correlation=correlation,
        windows=n,
        strength=float(np.median(used[:, 3])),
        held_out_ms=1000 * float(np.max(np.abs(rest_s) / (1 - leverage))),
    )


_UNLIKE = (
    "the two motions do not match (correlation {:.2f}, 0.98 are needed): hold both pods in one "
    "hand, pressed together, and shake them"
)
_UNSTEADY = (
    "the two motions do not keep one time difference (it varies by {:.1f} ms): press the pods "
    "firmly together"
)


def _refused(reason: str, correlation: float = float("nan")) -> CommonMotion:
    return CommonMotion(None, None, None, None, float("nan"), correlation, 0, reason=reason)


def _band(time_s: _Array, values: _Array) -> _Array:
    """Return the part of a signal that shaking makes, without delay."""
    rate_hz = (len(time_s) - 1) / (time_s[-1] - time_s[0])
    high_hz = min(_HIGH_HZ, 0.4 * rate_hz)
    sections = scipy.signal.butter(2, (_LOW_HZ, high_hz), "bandpass", fs=rate_hz, output="sos")
    return scipy.signal.sosfiltfilt(sections, values)


def _coarse_shift_s(
    left_s: _Array, left: _Array, right_s: _Array, right: _Array, most_s: float
) -> float:
    """Return the shift at which the two correlate best over what overlaps."""
    step_s = 1 / _COARSE_HZ
    grid_left = np.interp(np.arange(left_s[0], left_s[-1], step_s), left_s, left)
    grid_right = np.interp(np.arange(right_s[0], right_s[-1], step_s), right_s, right)
    product = scipy.signal.correlate(grid_left, grid_right, method="fft")
    energy_left = scipy.signal.correlate(grid_left**2, np.ones(len(grid_right)), method="fft")
    energy_right = scipy.signal.correlate(np.ones(len(grid_left)), grid_right**2, method="fft")
    lags = scipy.signal.correlation_lags(len(grid_left), len(grid_right))
    overlap = np.minimum(lags + len(grid_right), len(grid_left)) - np.maximum(lags, 0)
    shift_s = lags * step_s + left_s[0] - right_s[0]
    allowed = (overlap >= _LEAST_OVERLAP_S * _COARSE_HZ) & (np.abs(shift_s) <= most_s)
    if not allowed.any():
        return 0.0
    energy = np.sqrt(np.maximum(energy_left, 1e-12) * np.maximum(energy_right, 1e-12))
    return float(shift_s[allowed][np.argmax((product / energy)[allowed])])


def _shift_in_window(
    spline: scipy.interpolate.CubicSpline,
    right_s: _Array,
    right: _Array,
    first_s: float,
    shift_s: float,
) -> tuple[float, float, float, float] | None:
    """Return middle, shift, correlation and motion of a window, None if it finds none."""
    inside = slice(*np.searchsorted(right_s, (first_s, first_s + _WINDOW_S)))
    time_s, wanted = right_s[inside], right[inside]
    if len(time_s) < 2 * _WINDOW_S * _LOW_HZ + 8:
        return None
    wanted = wanted - wanted.mean()
    motion = float(wanted.std())
    slope = spline.derivative()
    for _ in range(_STEPS):
        there = spline(time_s + shift_s)
        there = there - there.mean()
        rise = slope(time_s + shift_s)
        rise = rise - rise.mean()
        power = float(there @ there)
        if power == 0 or motion == 0:
            return None
        gain = float(there @ wanted) / power
        step_s = float((wanted - gain * there) @ rise) / (gain * float(rise @ rise) or 1.0)
        shift_s += float(np.clip(step_s, -0.02, 0.02))
        if abs(step_s) < 1e-7:
            break
    there = spline(time_s + shift_s)
    correlation = float(np.corrcoef(there, wanted)[0, 1])
    return float(time_s.mean()), shift_s, correlation, motion
