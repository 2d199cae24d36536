"""Spikes at rest that may be taken for the start of a contraction: heart beats, ticking cables.

A beat's QRS complex lasts about 0.1 s and lies mostly below 60 Hz, in the lowest band; a muscle
fills all bands. Such spikes are sought where the muscle rests: short, alone, low, alike, and about
as many as hearts beat.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.resting import RestingLevel
from glutesym.dsp.muscle_power import ROW_S, PowerRows
from glutesym.dsp.runs import joined, runs

MIN_SPIKES = 3

_SMOOTH = 5  # rows, 20 ms
_ABOVE_REST = 8.0  # in the lowest band; noise alone gets there about once in an hour
_LOWER = 2.0  # the lowest band rises so many times as much as the others
_LONGEST_S = 0.16  # of a spike, smeared by the filter
_ALONE_S = 0.12  # nothing else within this before and after it
_PER_MINUTE = (30.0, 220.0)  # of rest: rarer ones are accidents, more frequent ones are no hearts
_ALIKE = 3.0  # the power of a spike is the median's, to within this factor


def rest_spikes_uv(rows: PowerRows, resting: RestingLevel) -> float | None:
    """Return how large the spikes are in a stretch in which a muscle rests now and then.

    Parameters
    ----------
    rows : PowerRows
        Some seconds to some tens of seconds.
    resting : RestingLevel
        Of the same stretch.

    Returns
    -------
    float or None
        RMS of the loudest 20 ms of the median spike, 20–450 Hz, resting power subtracted; None:
        there are no three that are alike.
    """
    if len(rows.total) <= _SMOOTH:
        return None
    low = _smooth(rows.bands[:, 0] / resting.band_power[0])
    above = runs(low > _ABOVE_REST)
    if len(above) < MIN_SPIKES:
        return None
    others = _smooth(rows.bands[:, 1:] @ (1 / resting.band_power[1:]))
    others /= len(resting.band_power) - 1
    total_uv2 = _smooth(rows.total) - resting.rms_uv**2
    alone, longest = round(_ALONE_S / ROW_S), round(_LONGEST_S / ROW_S)
    powers_uv2: list[float] = []
    resting_rows = int(np.count_nonzero(np.isfinite(low)))
    for start, stop in joined(above, alone):
        peak = start + int(np.argmax(low[start:stop]))
        beside = low[max(0, start - alone) : stop + alone]
        if stop - start > longest or not np.isfinite(beside).all():
            resting_rows -= stop - start
        elif low[peak] - 1 > _LOWER * (others[peak] - 1):
            powers_uv2.append(float(total_uv2[start:stop].max()))
    if not powers_uv2:
        return None
    usual_uv2 = max(float(np.median(powers_uv2)), 0.0)
    n = sum(usual_uv2 / _ALIKE <= power <= usual_uv2 * _ALIKE for power in powers_uv2)
    fewest, most = (rate * resting_rows * ROW_S / 60 for rate in _PER_MINUTE)
    return float(np.sqrt(usual_uv2)) if max(MIN_SPIKES, fewest) <= n <= most else None


def _smooth(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.convolve(x, np.full(_SMOOTH, 1 / _SMOOTH), "same"), np.float64)
