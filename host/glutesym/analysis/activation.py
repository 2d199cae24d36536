"""How much a muscle worked: power with the resting power taken out, then the root."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PEAK_WINDOW_S = 0.25


def activation_uv(power_uv2: NDArray[np.float64], resting_rms_uv: float) -> float:
    """Return the RMS of the muscle's own signal.

    Noise and muscle are uncorrelated, so their powers add: the resting power is subtracted before
    the root. Without this a weak side reads too high and an asymmetry too small.

    Parameters
    ----------
    power_uv2 : (m,) mean squares, the active part only
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
    _require_whole(power_uv2)
    return float(np.sqrt(max(power_uv2.mean() - resting_rms_uv**2, 0.0)))


def peak(
    power_uv2: NDArray[np.float64], row_s: float, resting_rms_uv: float
) -> tuple[float, float]:
    """Return the highest RMS in 250 ms, resting power taken out, and when it is.

    Parameters
    ----------
    power_uv2 : (m,) mean squares, the active part only; when it is shorter, all of it is taken
    row_s : float
        Time between two values.
    resting_rms_uv : float

    Returns
    -------
    peak_uv : float
    middle_s : float
        Middle of these 250 ms, from the first value.

    Raises
    ------
    ValueError
        The part is empty or holds a gap.
    """
    _require_whole(power_uv2)
    n = min(round(PEAK_WINDOW_S / row_s), len(power_uv2))
    summed = np.concatenate(([0.0], np.cumsum(power_uv2)))
    windows = summed[n:] - summed[:-n]
    at = int(np.argmax(windows))
    highest = float(windows[at]) / n - resting_rms_uv**2
    return float(np.sqrt(max(highest, 0.0))), (at + (n - 1) / 2) * row_s


def snr_db(activation: float, resting_rms_uv: float) -> float:
    """Return the power ratio of activation to resting level; −inf without activation."""
    if activation <= 0:
        return float("-inf")
    return (
        float(20 * np.log10(activation / resting_rms_uv)) if resting_rms_uv > 0 else float("inf")
    )


def _require_whole(power_uv2: NDArray[np.float64]) -> None:
    if not len(power_uv2) or not np.isfinite(power_uv2).all():
        raise ValueError("the active part is empty or holds a gap: measure only whole stretches")
