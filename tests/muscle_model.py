"""One burst of a muscle in noise, made independently of the scenarios, with rises of any law."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from glutesym.dsp.muscle_power import MusclePower
from glutesym.recording import EmgRecord

FS_HZ = 2000.0
LAWS = {
    "linear": lambda x: x,
    "raised-cosine": lambda x: 0.5 - 0.5 * np.cos(np.pi * x),
    "exponential": lambda x: np.expm1(-3 * x) / np.expm1(-3.0),
    "step": lambda x: (x > 0) * 1.0,
    "square root": np.sqrt,
    # Laws that no model of the detector contains.
    "minimum jerk": lambda x: x**3 * (10 - 15 * x + 6 * x**2),
    "two steps": lambda x: 0.4 * (x > 0) + 0.6 * (x >= 1),
}


def burst(
    seed: int,
    snr_db: float,
    rise_s: float = 0.1,
    law: str = "linear",
    onset_s: float = 3.0,
    offset_s: float = 5.0,
    noise_uv: float = 5.0,
    duration_s: float = 7.0,
) -> NDArray[np.float64]:
    """Return µV at ``FS_HZ``: white noise and a burst of EMG spectrum with exact ends."""
    rng = np.random.default_rng(seed)
    t_s = np.arange(round(duration_s * FS_HZ)) / FS_HZ
    # The spectrum of surface EMG, Shwedyk et al. 1977, as two resonant sections: 60 to 120 Hz.
    b, a = signal.butter(1, (50, 150), btype="bandpass", fs=FS_HZ)
    carrier = signal.lfilter(b, a, rng.standard_normal(len(t_s) + 500))[500:]
    rise = LAWS[law](np.clip((t_s - onset_s) / max(rise_s, 1e-9), 0, 1))
    fall = np.clip((offset_s - t_s) / 0.2, 0, 1)
    amplitude = noise_uv * 10 ** (snr_db / 20)
    muscle = amplitude * carrier / carrier.std() * rise * fall
    return muscle + noise_uv * rng.standard_normal(len(t_s)) / np.sqrt(430 / 1000)


def power_of(uv: NDArray[np.float64], fs_hz: float = FS_HZ) -> MusclePower:
    """Return the power over time of samples that begin at time 0."""
    n = len(uv)
    flags = np.zeros(n, bool)
    return MusclePower(EmgRecord(fs_hz, np.arange(n) / fs_hz, uv, np.arange(n), flags, flags))
