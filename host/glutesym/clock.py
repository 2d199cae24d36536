"""Clocks as they are read: wraps, lies, and the sample indices of chips on a pod's ticks.

A clock is read late by an unknown delay that is never negative. So of all pairs (x on one clock, y
on the other) the earliest carry the truth: the line that touches the points from below.

Source: lower convex envelope as in L. Zhang, Z. Liu, C. H. Xia, "Clock synchronization algorithms
for network measurements", INFOCOM 2002.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glutesym import wire

_LEAST_POINTS = 20  # in a window, for an envelope that is worth having
_NEIGHBOURS = 64  # points that are looked at together when one is judged: two seconds of frames
_USUAL_DELAY_S = 0.02  # a point this much before its neighbours can be true, even if they agree
_SPREADS = 4.0  # ... and this many of their interquartile ranges


@dataclass(frozen=True)
class Line:
    """``y = y0 + slope·(x − x0)``; the reference point keeps large numbers exact."""

    x0: float
    y0: float
    slope: float

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return y at x."""
        return self.y0 + self.slope * (x - self.x0)

    def inverse(self, y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return x at y."""
        return self.x0 + (y - self.y0) / self.slope


@dataclass(frozen=True)
class Track:
    """A clock whose rate changes: straight between knots, as at the ends beyond them."""

    x: NDArray[np.float64]  # (n,) knots, n ≥ 2
    y: NDArray[np.float64]

    @property
    def slope(self) -> float:
        """The mean rate."""
        return float((self.y[-1] - self.y[0]) / (self.x[-1] - self.x[0]))

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return y at x."""
        y = np.interp(x, self.x, self.y)
        for end, inner, beyond in ((0, 1, x < self.x[0]), (-1, -2, x > self.x[-1])):
            if beyond.any():
                rate = (self.y[end] - self.y[inner]) / (self.x[end] - self.x[inner])
                y[beyond] = self.y[end] + rate * (x[beyond] - self.x[end])
        return y


def unwrap_ticks_us(
    ticks_us: NDArray[np.uint32], host_s: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return ticks without their wraps, beginning with the first.

    Parameters
    ----------
    ticks_us : (n,) array
        Modulo ``wire.TICKS_PERIOD_US``.
    host_s : (n,) array
        When these ticks were, to half a period (537 s): tells how often they have wrapped.
    """
    ticks = ticks_us.astype(np.int64)
    if not len(ticks):
        return ticks
    behind_us = (host_s - host_s[0]) * 1e6 - ticks
    # All clocks that run agree on this but for wraps; one that lies may be the first. So: their
    # circular mean.
    turns = np.exp(2j * np.pi * behind_us / wire.TICKS_PERIOD_US)
    offset_us = float(np.angle(turns.mean())) / (2 * np.pi) * wire.TICKS_PERIOD_US
    wraps = np.rint((behind_us - offset_us) / wire.TICKS_PERIOD_US).astype(np.int64)
    return ticks + (wraps - wraps[0]) * wire.TICKS_PERIOD_US


def ticks_before_us(
    reference_us: NDArray[np.int64], ticks_us: NDArray[np.uint32]
) -> NDArray[np.int64]:
    """Return unwrapped ticks of moments at most one period (1074 s) before known ones.

    Parameters
    ----------
    reference_us : (n,) unwrapped ticks
    ticks_us : (n,) ticks of earlier moments, modulo ``wire.TICKS_PERIOD_US``
    """
    return reference_us - (reference_us - ticks_us.astype(np.int64)) % wire.TICKS_PERIOD_US


def too_early(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points cannot be true: a lower envelope would follow every one of them.

    Messages are late by an unknown delay, but not one of them alone by seconds less than all of
    its neighbours. A point is judged by the quartiles of those around it, which a few lies hardly
    change.

    Parameters
    ----------
    x, y : (n,) arrays
        Times on two clocks, y in seconds; in an order that does not hang on what is judged.

    Returns
    -------
    (n,) bool
        None when the points are too few to tell.
    """
    n = len(x)
    found = np.zeros(n, bool)
    if n < _LEAST_POINTS:
        return found
    size = min(_NEIGHBOURS, n)
    apart = min(size, n // 2)
    run, rise = x[apart:] - x[:-apart], y[apart:] - y[:-apart]
    known = run != 0
    slope = float(np.median(rise[known] / run[known])) if known.any() else 0.0
    late_s = y - slope * (x - x[0])
    starts = np.minimum(np.arange(0, n, size), n - size)  # the last block overlaps
    blocks = starts[:, np.newaxis] + np.arange(size)
    low_s, high_s = np.percentile(late_s[blocks], (25, 75), axis=1)
    floor_s = low_s - _SPREADS * (high_s - low_s) - _USUAL_DELAY_S
    found[blocks] = late_s[blocks] < floor_s[:, np.newaxis]
    return found


def lower_envelope(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    slope: float = 1.0,
    slope_tolerance: float = 2e-4,
) -> Line:
    """Return the line below all points that is closest to them on average.

    It is the edge of the lower convex hull at the mean of x: the least sum of residuals among all
    lines under the points. While the points are few its slope can be absurd, so it is kept within
    bounds.

    Parameters
    ----------
    x, y : (n,) arrays
        Times on two clocks, n ≥ 1.
    slope, slope_tolerance : float
        What the slope is nominally, and by how much of itself it may differ. The default allows
        two crystals 100 ppm off each.

    Raises
    ------
    ValueError
        There are no points.
    """
    if not len(x):
        raise ValueError("no points to fit a clock to")
    order = np.lexsort((y, x))
    x0, y0 = float(x[order[0]]), float(y[order[0]])
    hull = lower_hull(x[order] - x0, y[order] - y0)
    middle = float(np.mean(x)) - x0
    edge = 0
    while edge < len(hull) - 2 and hull[edge + 1][0] <= middle:
        edge += 1
    fitted = slope
    if len(hull) > 1:
        (ax, ay), (bx, by) = hull[edge], hull[edge + 1]
        fitted = (by - ay) / (bx - ax)
    bound = slope * slope_tolerance
    if abs(fitted - slope) > bound or len(hull) == 1:
        fitted = min(max(fitted, slope - bound), slope + bound)
        ax, ay = min(hull, key=lambda point: point[1] - fitted * point[0])
    else:
        ax, ay = hull[edge]
    return Line(x0 + ax, y0 + ay, fitted)


def lower_hull(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return the lower convex hull of points that are in order of x, then y."""
    first = np.diff(x, prepend=-np.inf) > 0  # what arrived later at the same x is above
    x, y = x[first], y[first]
    pruned = len(x)
    while pruned > len(x) // 4:
        # What lies above the line between its neighbours is not part of it.
        run, rise = np.diff(x), np.diff(y)
        kept = np.concatenate(([True], run[:-1] * rise[1:] > rise[:-1] * run[1:], [True]))
        kept = kept[: len(x)]
        pruned = len(x) - np.count_nonzero(kept)
        x, y = x[kept], y[kept]
    hull: list[tuple[float, float]] = []
    for px, py in zip(x.tolist(), y.tolist(), strict=True):
        while len(hull) >= 2:
            (ax, ay), (bx, by) = hull[-2], hull[-1]
            if (bx - ax) * (py - ay) > (by - ay) * (px - ax):
                break
            hull.pop()
        hull.append((px, py))
    return hull


def lower_track(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    slope: float,
    slope_tolerance: float,
    window: float,
) -> Line | Track:
    """Return a lower envelope that follows a clock whose rate drifts, as an RC oscillator's does.

    A straight envelope in windows of ``window`` (of y), every half window; their middles are the
    knots. Points that are `too_early` are left out.

    Parameters
    ----------
    x, y, slope, slope_tolerance
        As for `lower_envelope`; in order of sequence.
    window : float
        How long the rate may be taken as constant, in seconds, the unit of y.

    Returns
    -------
    Line or Track
        A line when the points span less than two windows.

    Raises
    ------
    ValueError
        There are no points.
    """
    true = ~too_early(x, y)
    x, y = x[true], y[true]
    if len(y) < 2 or np.ptp(y) < 2 * window:
        return lower_envelope(x, y, slope, slope_tolerance)
    knots: list[tuple[float, float]] = []
    for middle in np.arange(y.min() + window / 2, y.max() - window / 2, window / 2):
        near = np.abs(y - middle) <= window / 2
        if np.count_nonzero(near) >= _LEAST_POINTS:
            line = lower_envelope(x[near], y[near], slope, slope_tolerance)
            at = np.array([np.median(x[near])])
            knots.append((float(at[0]), float(line(at)[0])))
    knot_x, knot_y = np.array(knots).reshape(-1, 2).T
    # A converter may pause, but it never runs faster than its tolerance allows.
    slowest = slope * (1 - 2 * slope_tolerance)
    run, rise = np.diff(knot_x), np.diff(knot_y)
    if len(knots) < 2 or np.any((run <= 0) | (rise < slowest * run)):
        return lower_envelope(x, y, slope, slope_tolerance)
    return Track(knot_x, knot_y)
