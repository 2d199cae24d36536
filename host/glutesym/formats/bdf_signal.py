"""Microvolts as the 24-bit integers of a BDF file: nothing is rounded that a pod has measured.

A pod's samples are whole multiples of one step, the converter's count. The file holds these
counts; its header says what a count is worth. The header has eight characters a number, so the
range is chosen such that both of its ends are whole microvolts: then every reader restores the
microvolts exactly.

Ref: https://www.edfplus.info/specs/edf.html and https://www.biosemi.com/faq/file_format.htm
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

_MOST = 2**23 - 1  # counts, either way
_PV = 1_000_000  # picovolts a microvolt
_CHARACTERS = 8  # of a number in the header
_MOST_UV = 9_999_999  # seven digits and a sign


@dataclass(frozen=True)
class Counts:
    """A signal as counts."""

    counts: NDArray[np.int32]  # (n,) a missing sample is 0
    step_pv: int  # picovolts a count
    exact: bool  # nothing was rounded
    range_counts: int  # the header's range: ± so many counts, ...
    range_uv: float  # ... which are ± so many microvolts

    @property
    def header_is_exact(self) -> bool:
        """Whether a reader that knows the header alone restores the microvolts exactly."""
        return self.range_counts * self.step_pv == round(self.range_uv * _PV)


def counts_of(uv: NDArray[np.float64]) -> Counts:
    """Return microvolts as counts.

    Parameters
    ----------
    uv : (n,) NaN where a sample is missing

    Returns
    -------
    Counts
        With the largest step that loses nothing. Where there is none that 24 bits can hold (no
        pod measures so), the smallest step that they can: then ``exact`` is False.

    Raises
    ------
    ValueError
        A value is beyond 10 V.
    """
    there = np.isfinite(uv)
    pv = np.where(there, uv, 0.0) * _PV
    whole = np.rint(pv).astype(np.int64)
    largest = int(np.max(np.abs(whole), initial=0))
    step_pv = int(np.gcd.reduce(whole)) if len(whole) else 0
    step_pv = step_pv or 1
    # Products of a count and its worth are off by a part in 2^53 at most.
    exact = bool(np.all(np.abs(pv - whole) <= 2.0**-50 * np.abs(pv))) and (
        largest <= _MOST * step_pv
    )
    if not exact:
        step_pv = max(1, -(-largest // _MOST))
        whole = np.rint(pv / step_pv).astype(np.int64)
    else:
        whole //= step_pv
    most = int(np.max(np.abs(whole), initial=1))
    return Counts(whole.astype(np.int32), step_pv, exact, *_header_range(most, step_pv))


def microvolts(counts: NDArray[np.int32], step_pv: int) -> NDArray[np.float64]:
    """Return what counts are worth, as a pod's record has it."""
    return counts.astype(np.float64) * (step_pv * 1e-6)


def _header_range(most: int, step_pv: int) -> tuple[int, float]:
    """Return counts and µV of a range that has ``most``; exact, if there is such a range."""
    whole = _PV // gcd(step_pv, _PV)  # counts that are a whole number of microvolts
    counts = -(-most // whole) * whole
    uv = counts * step_pv // _PV
    if counts <= _MOST and len(f"-{uv}") <= _CHARACTERS:
        return counts, float(uv)
    counts = min(_MOST, _MOST_UV * _PV // step_pv)
    if counts < most:
        raise ValueError(f"{most * step_pv / _PV:.0f} µV is no electrode voltage")
    return counts, float(round(counts * step_pv / _PV, _decimals(counts * step_pv / _PV)))


def _decimals(uv: float) -> int:
    """Return how many decimals of a negative number fit into the header."""
    return max(0, _CHARACTERS - len(f"-{uv:.0f}."))
