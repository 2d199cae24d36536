"""How sure the numbers of one single repetition are: far less than those of the set."""

from __future__ import annotations

from math import hypot, inf, isnan, sqrt

from glutesym.measures import RepMeasure

# The RMS of Gaussian noise of bandwidth Bs over a time T varies by 1/(2·sqrt(Bs·T)) of itself
# (Hogan & Mann 1980, IEEE Trans Biomed Eng 27:382); Bs of surface EMG is some 117 Hz.
EMG_BANDWIDTH_HZ = 117.0
_NORMAL_95 = 1.96


def asymmetry_interval_pct(rep: RepMeasure) -> tuple[float, float] | None:
    """Return the 95 % interval that the randomness of EMG alone gives a symmetry index.

    What changes the muscle's effort from repetition to repetition comes on top.

    Returns
    -------
    (low, high) or None
        None: the index is withheld, or how long a side was active is not known.
    """
    index = rep.symmetry_index_pct
    if index is None:
        return None
    variance = 0.0
    for side in (rep.left, rep.right):
        burst_s = side.burst_s if side.burst_s is not None else rep.end_s - rep.start_s
        variance += 1 / (4 * EMG_BANDWIDTH_HZ * burst_s) if burst_s > 0 else inf
    if variance == inf:
        return None
    # d(index) = 100·(1 − (index/200)²)·d ln(R/L): both follow from R/L alone.
    half = _NORMAL_95 * 100 * (1 - (index / 200) ** 2) * sqrt(variance)
    return index - half, index + half


def lag_interval_ms(rep: RepMeasure) -> tuple[float, float] | None:
    """Return the 95 % interval of a repetition's lag: of both onsets and of the clocks.

    Returns
    -------
    (low, high) or None
        None: the lag is withheld, or how well the clocks agree is not known.
    """
    if rep.lag_ms is None or rep.lag_posterior is None or isnan(rep.sync_uncertainty_ms):
        return None
    low, high = rep.lag_posterior.quantiles(0.025, 0.975)
    return (
        rep.lag_ms - hypot(rep.lag_ms - low, rep.sync_uncertainty_ms),
        rep.lag_ms + hypot(high - rep.lag_ms, rep.sync_uncertainty_ms),
    )
