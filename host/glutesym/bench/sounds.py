"""The test's signals as sound files, for a phone or a sound card as generator."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from glutesym.bench.plan import HIGH_HZ, LOW_HZ, Setup
from glutesym.errors import SessionError

BURST_S, BURSTS_A_SECOND = 0.15, 2.0
_BURST_HZ = (40.0, 350.0)  # a burst's frequency rises: no two places in it are alike
_RATE_HZ = 48_000
_SECONDS = 120
_LOUD = 0.9  # of what the format holds

_Array = NDArray[np.float64]


def bursts(time_s: _Array) -> _Array:
    """Return bursts of unit amplitude, two a second, that begin and end gently."""
    since_s = np.mod(time_s, 1 / BURSTS_A_SECOND)
    low_hz, high_hz = _BURST_HZ
    angle = 2 * np.pi * (low_hz * since_s + (high_hz - low_hz) / (2 * BURST_S) * since_s**2)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * since_s / BURST_S)
    return np.where(since_s < BURST_S, window * np.sin(angle), 0.0)


def write_sounds(folder: Path, setup: Setup) -> list[Path]:
    """Write a WAV file of two minutes for each signal; returns the files.

    Raises
    ------
    SessionError
        A file cannot be written.
    """
    time_s = np.arange(_SECONDS * _RATE_HZ) / _RATE_HZ
    frequencies = sorted({setup.generator_hz, setup.hum_hz, LOW_HZ, HIGH_HZ})
    signals = {f"sine-{hz:g}-hz.wav": np.sin(2 * np.pi * hz * time_s) for hz in frequencies}
    signals["bursts.wav"] = bursts(time_s)
    files: list[Path] = []
    for name, values in signals.items():
        path = folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file, wave.open(file, "wb") as sound:
                sound.setnchannels(1)  # players give it to both ears
                sound.setsampwidth(2)
                sound.setframerate(_RATE_HZ)
                sound.writeframes(np.rint(_LOUD * 32767 * values).astype("<i2").tobytes())
        except OSError as error:
            raise SessionError(path, f"cannot be written ({error.strerror}).") from error
        files.append(path)
    return files
