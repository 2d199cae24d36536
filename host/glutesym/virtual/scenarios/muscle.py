"""What a muscle's own signal looks like: surface-EMG noise times an envelope with exact ends."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from glutesym.virtual.scenarios.base import EMG_GRID_HZ

Array = NDArray[np.float64]
RiseShape = Literal[
    "linear",
    "raised-cosine",
    "exponential",
    "step",
    "logistic",
    "square-root",
    "quadratic",
    "half-sine",
    "minimum-jerk",
    "two-step",
    "quarter-circle",
    "bent",
]

# Surface EMG has no usable power outside 5-500 Hz (ISEK standards, Merletti 1999).
EMG_BAND_HZ = (5.0, 500.0)

# Corners of the spectrum below. They put the median frequency near 75 Hz, between what published
# treadmill recordings of gluteus maximus and gluteus medius show.
LOW_CORNER_HZ = 40.0
HIGH_CORNER_HZ = 100.0


@dataclass(frozen=True)
class Burst:
    """One contraction: zero before its onset, zero from its offset on.

    ``level_times_s`` and ``levels`` say how strong it is in between: the level is held up to a
    time and glides to the next within ``GLIDE_S``.
    """

    onset_s: float
    offset_s: float
    gain: float
    rise_s: float  # from zero to the first level; an exponential rise reaches 95 % of it
    rise_shape: RiseShape
    fall_s: float
    levels: tuple[float, ...]
    level_times_s: tuple[float, ...]  # one less than ``levels``


GLIDE_S = 0.2


def random_stream(seed: int, *labels: str) -> np.random.Generator:
    """Return a generator of its own for every purpose: no setting moves another's draws."""
    return np.random.default_rng([seed, *(zlib.crc32(label.encode()) for label in labels)])


def surface_emg_amplitude(f_hz: Array) -> Array:
    """Return the amplitude spectrum of surface EMG, up to a factor.

    Square root of the power spectrum P = f²·fh⁴ / ((f² + fl²)·(f² + fh²)²) of Shwedyk,
    Balasubramanian and Scott (1977), as in Stulen and De Luca (1981).

    Parameters
    ----------
    f_hz : (k,) array
        Frequencies.

    Returns
    -------
    (k,) array
        Zero outside ``EMG_BAND_HZ``.
    """
    f2 = f_hz**2
    amplitude = f_hz / (np.sqrt(f2 + LOW_CORNER_HZ**2) * (f2 + HIGH_CORNER_HZ**2))
    return amplitude * flat_amplitude(*EMG_BAND_HZ)(f_hz)


def flat_amplitude(low_hz: float, high_hz: float) -> Callable[[Array], Array]:
    """Return a spectrum that is one between two frequencies and zero elsewhere."""
    return lambda f_hz: ((f_hz >= low_hz) & (f_hz <= high_hz)).astype(np.float64)


def shaped_noise(
    rng: np.random.Generator,
    n: int,
    amplitude: Callable[[Array], Array],
    fs_hz: float = EMG_GRID_HZ,
) -> Array:
    """Return Gaussian noise of a given spectrum and unit RMS.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of randomness.
    n : int
        Samples.
    amplitude : callable
        Amplitude spectrum over frequency in Hz, in any scale.
    fs_hz : float
        Sampling rate.

    Returns
    -------
    (n,) array
        RMS 1 over all samples.
    """
    n_fft = -(-n // 4000) * 4000  # a length that the FFT likes
    weight = amplitude(np.arange(n_fft // 2 + 1, dtype=np.float64) * (fs_hz / n_fft))
    bins = np.flatnonzero(weight)
    spectrum = np.zeros(len(weight), dtype=np.complex128)
    parts = rng.standard_normal((2, len(bins)))
    spectrum[bins] = weight[bins] * (parts[0] + 1j * parts[1])
    noise = np.fft.irfft(spectrum, n_fft)[:n]
    return noise / np.sqrt(np.mean(noise**2))


def envelope(bursts: tuple[Burst, ...], n: int) -> Array:
    """Return the envelope of a train of bursts.

    Parameters
    ----------
    bursts : tuple of Burst
        Contractions that do not overlap.
    n : int
        Samples at ``EMG_GRID_HZ``.

    Returns
    -------
    (n,) array
        Exactly zero up to and at every onset, and from every offset on.
    """
    out = np.zeros(n)
    for burst in bursts:
        active = active_slice(burst.onset_s, burst.offset_s, n)
        t_s = np.arange(active.start, active.stop) / EMG_GRID_HZ
        rise = _rise(t_s - burst.onset_s, burst.rise_s, burst.rise_shape)
        fall = _raised_cosine((burst.offset_s - t_s) / burst.fall_s)
        out[active] = burst.gain * rise * fall * _level(t_s, burst)
    return out


def active_slice(onset_s: float, offset_s: float, n: int) -> slice:
    """Return the samples of ``EMG_GRID_HZ`` that lie in [onset, offset]."""
    first = int(np.ceil(onset_s * EMG_GRID_HZ))
    last = int(np.floor(offset_s * EMG_GRID_HZ))
    return slice(max(first, 0), min(last + 1, n))


def _rise(since_onset_s: Array, rise_s: float, shape: RiseShape) -> Array:
    if shape == "step" or rise_s <= 0:
        return (since_onset_s > 0).astype(np.float64)
    if shape == "exponential":
        return -np.expm1(-3.0 * since_onset_s / rise_s)  # 1 - e^-3 = 95 % at rise_s
    return _RISES[shape](np.clip(since_onset_s / rise_s, 0.0, 1.0))


def _raised_cosine(x: Array) -> Array:
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(x, 0.0, 1.0))


def _logistic(x: Array) -> Array:
    s = np.tanh(_STEEPNESS / 4 * (2 * x - 1))  # a logistic function is a hyperbolic tangent
    return 0.5 + 0.5 * s / np.tanh(_STEEPNESS / 4)


def minimum_jerk(x: Array) -> Array:
    """Return the step by which a hand reaches (Flash and Hogan 1985), 0 at x = 0, 1 at x = 1.

    Held before and after.
    """
    x = np.clip(x, 0.0, 1.0)
    return x**3 * (10.0 + x * (6.0 * x - 15.0))


def _two_step(x: Array) -> Array:
    """Rise to 40 % in the first third, hold for a third, then rise on."""
    return 0.4 * _raised_cosine(3 * x) + 0.6 * _raised_cosine(3 * x - 2)


_STEEPNESS = 8.0  # of the logistic rise, which is cut off where it is 2 and 98 % of its height
_RISES: dict[RiseShape, Callable[[Array], Array]] = {  # x from 0 to 1 -> amplitude from 0 to 1
    "linear": lambda x: x,
    "raised-cosine": _raised_cosine,
    "logistic": _logistic,
    "square-root": np.sqrt,
    "quadratic": np.square,
    "half-sine": lambda x: np.sin(np.pi / 2 * x),
    "minimum-jerk": minimum_jerk,
    "two-step": _two_step,
    "quarter-circle": lambda x: np.sqrt(x * (2 - x)),
    "bent": lambda x: np.maximum(0.4 * x, 1.6 * x - 0.6),  # 20 % in the first half
}


def _level(t_s: Array, burst: Burst) -> Array:
    level = np.full(len(t_s), burst.levels[0])
    for time_s, before, after in zip(
        burst.level_times_s, burst.levels, burst.levels[1:], strict=False
    ):
        level += (after - before) * _raised_cosine((t_s - time_s) / GLIDE_S)
    return level
