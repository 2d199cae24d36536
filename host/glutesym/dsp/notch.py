"""A notch at the mains frequency and its harmonics: off unless asked for, and only causal.

Guidelines advise against it (SENIAM; ISEK): it removes muscle signal too. A zero-phase notch must
never precede onset detection: its ringing before a burst moves onsets tens of milliseconds early.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from glutesym.dsp.bandpass import HIGH_HZ
from glutesym.dsp.iir import GapAwareSos

WIDTH_HZ = 1.0  # −3 dB width of each notch: mains frequency wanders by less
SETTLE_S = 2.0  # poles decay by exp(-π·1 Hz·2 s) = 0.2 %


def without_hum(
    uv: NDArray[np.float64], fs_hz: float, mains_hz: float | None, part: slice
) -> NDArray[np.float64]:
    """Return a part of a signal without hum; what comes before it lets the filter settle.

    Parameters
    ----------
    uv : (n,) NaN where missing
    fs_hz : float
    mains_hz : float or None
        50 or 60; None: the part as it is.
    part : slice
        With a beginning and an end.

    Returns
    -------
    (part.stop − part.start,)
        NaN in gaps and for ``SETTLE_S`` after them.
    """
    if not mains_hz:
        return uv[part]
    first = max(0, part.start - round(SETTLE_S * fs_hz))
    return Notch(fs_hz, mains_hz).process(uv[first : part.stop])[part.start - first :]


class Notch:
    """Remove mains hum from a stream.

    Parameters
    ----------
    fs_hz : float
        Sampling rate.
    mains_hz : float
        50 or 60; every multiple of it within the EMG band is removed.

    Raises
    ------
    ValueError
        ``mains_hz`` is neither 50 nor 60.
    """

    def __init__(self, fs_hz: float, mains_hz: float) -> None:

        if mains_hz not in (50, 60):
            raise ValueError(f"mains frequency {mains_hz:g} Hz: expected 50 or 60")
        harmonics = np.arange(mains_hz, min(HIGH_HZ, 0.45 * fs_hz), mains_hz)
        sections = [
            scipy.signal.tf2sos(*scipy.signal.iirnotch(f_hz, f_hz / WIDTH_HZ, fs=fs_hz))
            for f_hz in harmonics
        ]
        self._filter = GapAwareSos(np.concatenate(sections), round(SETTLE_S * fs_hz))

    def process(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        """Filter the next samples, (n,) → (n,); NaN in gaps and for ``SETTLE_S`` after them."""
        return self._filter.process(block)
