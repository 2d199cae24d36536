"""An electrode that is opened and closed: when the signal shows it, and when the pod reports it.

The pod reports for whole frames of samples: what is measured is when the frame that says it is
complete, the earliest that a computer can know.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float64]

_OFF_UV = 500.0  # beyond the level before: 6 nA make as much within a millisecond
_NOISES = 20.0
_EARLY_S = 0.3  # hands may be this much faster than words
_QUIET_S = 0.1


@dataclass(frozen=True)
class Report:
    """What was seen of one opening and closing; times in s after the electrode opened, closed."""

    known: bool  # whether there were samples while all were connected
    before: int  # LEAD_OFF_* bits while all were connected
    named: int  # bits that came while it was open
    opened_s: float | None  # session time at which the signal left; None: it did not
    report_s: float | None  # from there to the report; None: none came, or opened_s is not known
    closed_s: float | None
    clear_s: float | None  # from the signal's return to the first frame without bits


def follow_report(
    time_s: _Array, uv: _Array, bits: NDArray[np.uint8], complete_s: _Array, begin_s: float,
    open_s: float, close_s: float, end_s: float,
) -> Report:  # fmt: skip
    """Return what a stretch of signal and its bits tell.

    Parameters
    ----------
    time_s, uv, bits, complete_s : (n,)
        ``bits`` are the same within a frame, which is complete at ``complete_s``.
    begin_s, open_s, close_s, end_s : float
        When all were connected, when the user was told to open and to close, and the end.
    """
    first, opening, closing, last = np.searchsorted(
        time_s, (begin_s, open_s - _EARLY_S, close_s - _EARLY_S, end_s)
    ).tolist()
    level, limit = _level(uv[first:opening])
    known = np.isfinite(level)
    before = _any(bits[first:opening])
    away = ~(np.abs(uv - level) <= limit)  # lost samples count as away: they end no absence
    opened = _first(away & np.isfinite(uv), opening, closing) if known else None
    new = (bits & ~np.uint8(before)) != 0
    named = _any(bits[opening:closing]) & ~before
    report_s = closed_s = clear_s = None
    if opened is not None:
        reported = _first(new, opened, last)
        if reported is not None:
            report_s = float(complete_s[reported] - time_s[opened])
        after = np.flatnonzero(away[closing:last])
        back = closing + int(after[-1]) + 1 if len(after) else closing
        rate_hz = (last - first) / max(time_s[last - 1] - time_s[first], 1e-9)
        if back < last - _QUIET_S * rate_hz:
            closed_s = float(time_s[back])
            still = np.flatnonzero(new[back:last])
            clear = back + int(still[-1]) + 1 if len(still) else back
            if clear < last:
                clear_s = float(complete_s[clear]) - closed_s if len(still) else 0.0
    opened_s = None if opened is None else float(time_s[opened])
    return Report(known, before, named, opened_s, report_s, closed_s, clear_s)


def _level(uv: _Array) -> tuple[float, float]:
    """Return the level of a quiet signal, and how far from it is away."""
    known = uv[np.isfinite(uv)]
    if not len(known):
        return float("nan"), float("nan")
    level = float(np.median(known))
    noise = 1.4826 * float(np.median(np.abs(known - level)))
    return level, max(_OFF_UV, _NOISES * noise)


def _any(bits: NDArray[np.uint8]) -> int:
    return int(np.bitwise_or.reduce(bits)) if len(bits) else 0


def _first(flags: NDArray[np.bool_], start: int, end: int) -> int | None:
    found = np.flatnonzero(flags[start:end])
    return start + int(found[0]) if len(found) else None
