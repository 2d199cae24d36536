"""Power over time in a few bands, fine enough in time to see when a muscle starts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glutesym.dsp.bandpass import HIGH_HZ, LOW_HZ

WINDOW_S = 0.016  # Hann; its bands are 62.5 Hz apart: seven between 20 and 450 Hz


@dataclass(frozen=True)
class Spectrogram:
    """Power of short windows, in bands."""

    time_s: NDArray[np.float64]  # (m,) centre of each window, from the first sample
    power: NDArray[
        np.float64
    ]  # (m, n_bands) squared units of the signal; NaN: a sample is missing
    hop_s: float

    @property
    def cells_per_value(self) -> float:
        """Independent complex values per entry of ``power``: windows and bands overlap."""
        duration_bandwidth = self.hop_s * (HIGH_HZ - LOW_HZ)
        return duration_bandwidth / self.power.shape[1]


def spectrogram(x: NDArray[np.float64], fs_hz: float, hop_s: float) -> Spectrogram:
    """Return the power of Hann windows of ``WINDOW_S``, ``hop_s`` apart.

    Parameters
    ----------
    x : (n,) band-passed; NaN where missing
    fs_hz : float
    hop_s : float
        Rounded to whole samples.

    Returns
    -------
    Spectrogram
        Empty when ``x`` is shorter than a window.
    """
    n = round(WINDOW_S * fs_hz)
    hop = max(1, round(hop_s * fs_hz))
    bands = np.arange(n // 2 + 1) * fs_hz / n
    wanted = (bands > LOW_HZ) & (bands < HIGH_HZ)
    if len(x) < n:
        return Spectrogram(np.empty(0), np.empty((0, int(wanted.sum()))), hop / fs_hz)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(n) + 0.5) / n)
    frames = np.lib.stride_tricks.sliding_window_view(x, n)[::hop]
    spectrum = np.fft.rfft(frames * window, axis=1)[:, wanted]
    power = (spectrum.real**2 + spectrum.imag**2) * (2 / (n * (window @ window)))
    time_s = np.asarray((np.arange(len(frames)) * hop + (n - 1) / 2) / fs_hz, np.float64)
    return Spectrogram(time_s, power, hop / fs_hz)
