"""Noise of shorted inputs: how much in the muscle's band, whether it is flat, and tones in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

_Array = NDArray[np.float64]

BAND_HZ = (20.0, 450.0)
OCTAVES_HZ = ((20.0, 40.0), (40.0, 80.0), (80.0, 160.0), (160.0, 320.0), (320.0, 450.0))
_FALSE_ALARMS = 0.001  # of all bins together
_HANN_NOISE_BINS = 1.5  # equivalent noise bandwidth of the window
_FLOOR_HZ = 20.0  # the noise around a bin is its median over so much to either side
_TWO_SIDED_95 = 1.96


@dataclass(frozen=True)
class Tone:
    """A line in the spectrum that noise does not explain."""

    frequency_hz: float
    rms_uv: float


@dataclass(frozen=True)
class Noise:
    """What shorted inputs read."""

    rms_uv: float  # within BAND_HZ
    rms_half_uv: float  # 95 %
    unevenness_db: float  # most that an octave's density is off their median; the farthest
    uneven_hz: tuple[float, float]  # which octave
    tones: tuple[Tone, ...]  # strongest first


def measure_noise(uv: _Array, fs_hz: float) -> Noise:
    """Return what is in a stretch of noise.

    Parameters
    ----------
    uv : (n,)
        Without gaps; some seconds.
    fs_hz : float
    """
    frequency, density = scipy.signal.periodogram(uv, fs_hz, "hann", detrend="linear")
    bin_hz = float(frequency[1])
    inside = (frequency >= BAND_HZ[0]) & (frequency <= BAND_HZ[1])
    rms_uv = float(np.sqrt(density[inside].sum() * bin_hz))
    # Of white noise each bin is exponential; the window makes neighbours alike.
    spread = rms_uv / 2 * np.sqrt(_HANN_NOISE_BINS * 1.3 / inside.sum())
    tones, without = _tones(frequency, density, inside, bin_hz)
    levels_db = [
        10 * float(np.log10(without[(frequency >= low) & (frequency < high)].mean()))
        for low, high in OCTAVES_HZ
    ]
    off_db = [level - float(np.median(levels_db)) for level in levels_db]
    worst = int(np.argmax(np.abs(off_db)))
    return Noise(rms_uv, _TWO_SIDED_95 * float(spread), off_db[worst], OCTAVES_HZ[worst], tones)


def _tones(
    frequency: _Array, density: _Array, inside: NDArray[np.bool_], bin_hz: float
) -> tuple[tuple[Tone, ...], _Array]:
    """Return the tones, and the density without them."""
    width = 2 * round(_FLOOR_HZ / bin_hz) + 1
    pad = width // 2
    padded = np.pad(density, pad, mode="reflect")
    every = max(1, pad // 8)
    places = np.arange(0, len(density), every)
    medians = np.array([np.median(padded[place : place + width]) for place in places])
    floor = np.interp(np.arange(len(density)), places, medians) / np.log(2)
    threshold = -np.log(_FALSE_ALARMS / max(int(inside.sum()), 1))
    without = density.copy()
    tones: list[Tone] = []
    candidates = np.flatnonzero(inside & (density > threshold * floor))
    for peak in candidates[np.argsort(-density[candidates])].tolist():
        around = slice(max(peak - 3, 0), peak + 4)
        if without[peak] <= threshold * floor[peak]:
            continue  # the foot of a stronger one
        power = float((density[around] - floor[around]).sum() * bin_hz)
        without[around] = floor[around]
        tones.append(Tone(float(frequency[peak]), float(np.sqrt(max(power, 0.0)))))
    return tuple(sorted(tones, key=lambda tone: -tone.rms_uv)), without
