"""How sure the numbers of one single repetition are: far less than those of the set."""

from __future__ import annotations

from math import hypot, isnan

from glutesym.measures import RepMeasure


def asymmetry_interval_pct(rep: RepMeasure) -> tuple[float, float] | None:
    """Return the 95 % interval that the randomness of EMG alone gives a symmetry index.

    What changes the muscle's effort from repetition to repetition comes on top.

    Returns
    -------
    (low, high) or None
        None: the index is withheld.
    """
    index, half = rep.symmetry_index_pct, rep.symmetry_index_noise_pct
    return None if index is None or half is None else (index - half, index + half)


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
