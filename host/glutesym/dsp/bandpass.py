"""The surface-EMG band: 20–450 Hz, Butterworth, 4th order at each edge.

Band and order: ISEK standards (Merletti 1999), SENIAM (Hermens 2000), De Luca et al. 2010
(doi:10.1016/j.jbiomech.2010.01.027).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

from glutesym.dsp.iir import GapAwareSos
from glutesym.dsp.runs import runs

LOW_HZ = 20.0
HIGH_HZ = 450.0
ORDER = 4
SETTLE_S = 0.15  # the slowest poles decay by exp(-2π·20 Hz·sin(π/8)·0.15 s) = 0.07 %


class Bandpass:
    """The causal band-pass of the live view.

    Parameters
    ----------
    fs_hz : float
        Sampling rate, above 900 Hz.

    Raises
    ------
    ValueError
        The rate is too low for the band.
    """

    def __init__(self, fs_hz: float) -> None:
        self._filter = GapAwareSos(bandpass_sos(fs_hz), round(SETTLE_S * fs_hz))

    def process(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        """Filter the next samples, (n,) → (n,); NaN in gaps and for ``SETTLE_S`` after them."""
        return self._filter.process(block)


def bandpass_zero_phase(x: NDArray[np.float64], fs_hz: float) -> NDArray[np.float64]:
    """Band-pass without delay, forwards and backwards; the attenuation counts twice.

    Parameters
    ----------
    x : (n,) NaN where a sample is missing
    fs_hz : float
        Above 900 Hz.

    Returns
    -------
    (n,) NaN in gaps and within ``SETTLE_S`` of a gap or an end

    Raises
    ------
    ValueError
        The rate is too low for the band.
    """
    sos = bandpass_sos(fs_hz)
    settle = round(SETTLE_S * fs_hz)
    out = np.full(len(x), np.nan)
    for start, stop in runs(np.isfinite(x)):
        if stop - start > 2 * settle:
            whole = scipy.signal.sosfiltfilt(sos, x[start:stop], padlen=settle)
            out[start + settle : stop - settle] = whole[settle:-settle]
    return out


@lru_cache(maxsize=16)
def bandpass_sos(fs_hz: float) -> NDArray[np.float64]:
    """Return the band-pass as second-order sections, (4, 6); ValueError: the rate is too low."""
    if not fs_hz > 2 * HIGH_HZ:
        raise ValueError(
            f"sampling rate {fs_hz:g} Hz: the band up to {HIGH_HZ:g} Hz needs more than "
            f"{2 * HIGH_HZ:g} Hz; set the front end to 1000 SPS or faster"
        )
    sos = scipy.signal.butter(ORDER, (LOW_HZ, HIGH_HZ), btype="bandpass", fs=fs_hz, output="sos")
    return np.asarray(sos, np.float64)
