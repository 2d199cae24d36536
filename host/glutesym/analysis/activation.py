"""How much a muscle worked: RMS with the resting power taken out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PEAK_WINDOW_S = 0.25


def activation_uv(band_uv: NDArray[np.float64], resting_rms_uv: float) -> float:
    """Return the RMS of the muscle's own signal.

    Noise and muscle are uncorrelated, so their powers add: the resting power is subtracted before
    the root. Without this a weak side reads too high and an asymmetry too small.

    Parameters
    ----------
    band_uv : (n,) band-passed, the active part only
    resting_rms_uv : float

    Returns
    -------
    float
        0 when the signal is no stronger than at rest.

    Raises
    ------
    ValueError
        The part is empty or holds a gap.
    """
    if not len(band_uv) or not np.isfinite(band_uv).all():
        raise ValueError("the active part is empty or holds a gap: measure only whole stretches")
    return float(np.sqrt(max(np.mean(band_uv**2) - resting_rms_uv**2, 0.0)))


def peak_uv(band_uv: NDArray[np.float64], fs_hz: float, resting_rms_uv: float) -> float:
    """Return the highest RMS in 250 ms, or over all of a shorter part, resting power taken out.

    Parameters
    ----------
    band_uv : (n,) band-passed, the active part only
    fs_hz : float
    resting_rms_uv : float

    Returns
    -------
    float

    Raises
    ------
    ValueError
        The part is empty or holds a gap.
    """
    n = min(round(PEAK_WINDOW_S * fs_hz), len(band_uv))
    if not n or not np.isfinite(band_uv).all():
        raise ValueError("the active part is empty or holds a gap: measure only whole stretches")
    power = np.concatenate(([0.0], np.cumsum(band_uv**2)))
    highest = float(np.max(power[n:] - power[:-n])) / n
    return float(np.sqrt(max(highest - resting_rms_uv**2, 0.0)))


def snr_db(activation: float, resting_rms_uv: float) -> float:
    """Return the power ratio of activation to resting level; −inf without activation."""
    if activation <= 0:
        return float("-inf")
    return (
        float(20 * np.log10(activation / resting_rms_uv)) if resting_rms_uv > 0 else float("inf")
    )
