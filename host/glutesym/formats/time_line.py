"""A pod's sample times as a few knots between which they are a straight line.

File formats know one rate for a whole recording; a pod's clock drifts. The knots give every
sample's time back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TOLERANCE_S = 1e-7  # of a time that is given back


def knots_of(time_s: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return positions and times that interpolate to every sample's time within ``TOLERANCE_S``.

    Parameters
    ----------
    time_s : (n,) seconds, not decreasing

    Returns
    -------
    (k,) positions, ascending, the first and the last included
    (k,) their times, s
    """
    n = len(time_s)
    knots = {0, n - 1} if n else set[int]()
    stretches = [(0, n - 1)]
    while stretches:  # Ramer–Douglas–Peucker, the distance taken along the time axis
        first, last = stretches.pop()
        if last - first < 2:
            continue
        inside = np.arange(first, last + 1)
        off_s = np.abs(
            time_s[first : last + 1]
            - np.interp(inside, (first, last), (time_s[first], time_s[last]))
        )
        worst = int(np.argmax(off_s))
        if off_s[worst] > TOLERANCE_S:
            knots.add(first + worst)
            stretches += [(first, first + worst), (first + worst, last)]
    at = np.array(sorted(knots), np.int64)
    return at, time_s[at]


def times_of(n: int, at: NDArray[np.int64], time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the times of ``n`` samples from their knots."""
    return np.interp(np.arange(n), at, time_s) if n else np.empty(0)


def position_at(time_s: float, times_s: NDArray[np.float64], fs_hz: float) -> float:
    """Return where a moment lies among samples, in samples; also before and after them."""
    if not len(times_s):
        return 0.0
    if time_s < times_s[0]:
        return (time_s - float(times_s[0])) * fs_hz
    if time_s > times_s[-1]:
        return len(times_s) - 1 + (time_s - float(times_s[-1])) * fs_hz
    return float(np.interp(time_s, times_s, np.arange(len(times_s))))
