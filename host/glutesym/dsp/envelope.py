"""RMS envelope of a band-passed signal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LIVE_WINDOW_S = 0.25  # the bars: 125–250 ms is usual in biofeedback
TIMING_WINDOW_S = 0.05  # offline curves


class RmsEnvelope:
    """Root mean square of the latest ``window_s`` seconds, sample by sample.

    Parameters
    ----------
    fs_hz : float
        Sampling rate.
    window_s : float
        Length of the window.

    Raises
    ------
    ValueError
        The window is shorter than one sample.
    """

    def __init__(self, fs_hz: float, window_s: float = LIVE_WINDOW_S) -> None:
        self._n = _window_samples(fs_hz, window_s)
        self._tail = np.full(self._n - 1, np.nan)

    def process(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the envelope of the next samples.

        Parameters
        ----------
        block : (n,) band-passed; NaN where missing

        Returns
        -------
        (n,) NaN until the window is full and while it holds a gap
        """
        if not len(block):
            return np.empty(0)
        x = np.concatenate((self._tail, block))
        self._tail = x[len(x) - (self._n - 1) :]
        return _moving_rms(x, self._n)


def rms_envelope(
    x: NDArray[np.float64], fs_hz: float, window_s: float = TIMING_WINDOW_S
) -> NDArray[np.float64]:
    """Return the RMS in a window centred on each sample, for curves drawn afterwards.

    Parameters
    ----------
    x : (n,) band-passed; NaN where missing
    fs_hz : float
    window_s : float

    Returns
    -------
    (n,) NaN where the window leaves the signal or holds a gap

    Raises
    ------
    ValueError
        The window is shorter than one sample.
    """
    n = _window_samples(fs_hz, window_s)
    before = n // 2
    padding = np.full(n - 1, np.nan)
    padded = np.concatenate((padding[: n - 1 - before], x, padding[:before]))
    return _moving_rms(padded, n) if len(x) else np.empty(0)


def _window_samples(fs_hz: float, window_s: float) -> int:
    n = round(fs_hz * window_s)
    if n < 1:
        raise ValueError(f"a window of {window_s:g} s at {fs_hz:g} Hz holds no sample")
    return n


def _moving_rms(x: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """RMS of each ``n`` consecutive values of ``x``: (m,) → (m − n + 1,)."""
    power = np.zeros(len(x) + 1)
    missing = np.isnan(x)
    gaps = missing.any()
    np.cumsum(np.where(missing, 0.0, x) ** 2 if gaps else x * x, out=power[1:])
    rms = np.sqrt(np.maximum(power[n:] - power[:-n], 0.0) / n)
    if gaps:
        holes = np.concatenate(([0], np.cumsum(missing)))
        rms[holes[n:] != holes[:-n]] = np.nan
    return rms
