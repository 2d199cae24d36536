"""Time stamps of samples that were taken evenly, jitter and lost samples apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_JITTER = 0.6  # of a step: a stamp that is further off belongs to another sample
_ROUNDED = 1.01  # of the last digit: as far off as rounding may be, the line's own ends included
_MOST_MISSING = 10_000_000  # samples: more than an hour of EMG; such stamps are wrong


def evenly(
    time_s: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Put samples on an even grid; those that are missing are NaN.

    Parameters
    ----------
    time_s : (n,) s, not decreasing
        Stamps, perhaps rounded: a text may give 1/2000 s in three decimals.
    values : (n,)

    Returns
    -------
    (m,) times and values, m ≥ n

    Raises
    ------
    ValueError
        Times decrease, or they are so uneven that no rate can be told.
    """
    n = len(time_s)
    if n < 3:
        return time_s, values
    steps_s = np.diff(time_s)
    if np.any(steps_s < 0):
        at = int(np.argmax(steps_s < 0)) + 1
        raise ValueError(f"time goes back at sample {at + 1}, {time_s[at]:g} s")
    if not steps_s.all():  # rounded to a step or more: they tell the rate, but no single sample
        line_s = np.linspace(time_s[0], time_s[-1], n)
        rounded_s = float(np.min(steps_s[steps_s > 0], initial=np.inf))
        if np.max(np.abs(time_s - line_s)) > _ROUNDED * rounded_s:
            raise ValueError("times are too coarse to tell which samples are missing")
        return line_s, values
    step_s = float(np.median(steps_s))
    count = np.maximum(1, np.rint(steps_s / step_s).astype(np.int64))
    whole = count == 1
    step_s = float(np.mean(steps_s[whole]))
    count = np.maximum(1, np.rint(steps_s / step_s).astype(np.int64))
    place = np.concatenate(([0], np.cumsum(count)))
    if place[-1] - n > _MOST_MISSING:
        raise ValueError(f"{place[-1] + 1 - n} samples would be missing")
    off = np.abs(steps_s[whole] - step_s) > _JITTER * step_s
    if np.mean(off) > 0.01:
        raise ValueError("times are so uneven that no rate can be told")
    out = np.full(place[-1] + 1, np.nan)
    out[place] = values
    return np.interp(np.arange(len(out)), place, time_s), out
