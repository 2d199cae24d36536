"""What a detector of one onset is given: filtered samples around it, and rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from glutesym.measures import SIDES, Side
from glutesym.recording import EmgRecord, Recording
from glutesym.virtual.scenarios.base import Truth
from glutesym.virtual.scenarios.muscle import surface_emg_amplitude

Array = NDArray[np.float64]

_BAND_HZ = (30.0, 450.0)
_BEFORE_S = 0.7  # the pause before a bridge is longer than this
_AFTER_S = 0.5
_REST_S = (1.0, 4.5)  # a bridge scenario begins with 5 s of rest; the filter settles first
_HUM_ORDERS = (1, 2, 3, 5)
_HUM_HZ = np.linspace(49.96, 50.04, 33)


@dataclass(frozen=True)
class Stretch:
    """The samples around one contraction's onset."""

    uv: Array
    rest_uv: Array  # of the same recording
    fs_hz: float

    def samples(self, seconds: float) -> int:
        """Return how many samples a time has."""
        return round(seconds * self.fs_hz)


def stretches(
    recording: Recording, truth: Truth, cancel_hum: bool
) -> dict[tuple[int, Side], tuple[float, Stretch]]:
    """Return what detectors get of each contraction, and the time of its first sample.

    Parameters
    ----------
    recording : Recording
    truth : Truth
        Says where to look. With ``cancel_hum`` it also says where the muscle is quiet.
    cancel_hum : bool
        Fit hum where the muscle is quiet and take it out everywhere.
    """
    out: dict[tuple[int, Side], tuple[float, Stretch]] = {}
    for side in SIDES:
        time_s, uv, fs_hz = _front_end(recording.pods[side].emg)
        if cancel_hum:
            quiet = np.ones(len(time_s), bool)
            quiet[: np.searchsorted(time_s, _REST_S[0])] = False
            for rep in truth.reps:
                quiet &= (time_s < rep.onset_s[side] - 0.05) | (time_s > rep.offset_s[side] + 0.05)
            uv = uv - _hum(time_s, uv, quiet)
        rest = slice(*np.searchsorted(time_s, _REST_S))
        for i, rep in enumerate(truth.reps):
            span_s = (rep.start_s - _BEFORE_S, rep.start_s + _AFTER_S)
            first, last = np.searchsorted(time_s, span_s)
            out[i, side] = float(time_s[first]), Stretch(uv[first:last], uv[rest], fs_hz)
    return out


def _front_end(emg: EmgRecord) -> tuple[Array, Array, float]:
    """Return time, band-passed µV and rate, of every second sample."""
    sos = signal.butter(2, _BAND_HZ, btype="bandpass", fs=emg.fs_hz, output="sos")
    uv, _ = signal.sosfilt(sos, emg.uv, zi=signal.sosfilt_zi(sos) * emg.uv[0])
    f_hz = np.arange(20.0, 450.0)
    phase = np.unwrap(np.angle(signal.sosfreqz(sos, f_hz, fs=emg.fs_hz)[1]))
    delay_s = -np.gradient(phase, 2 * np.pi * f_hz)
    delay_s = np.average(delay_s, weights=surface_emg_amplitude(f_hz) ** 2)
    return emg.time_s[::2] - delay_s, uv[::2], emg.fs_hz / 2


def _hum(time_s: Array, uv: Array, quiet: NDArray[np.bool_]) -> Array:
    """Return the mains hum that fits best where the muscle is quiet."""

    def waves(f_hz: float, at_s: Array) -> Array:
        turns = 2 * np.pi * f_hz * np.outer(at_s, _HUM_ORDERS)
        return np.concatenate((np.cos(turns), np.sin(turns)), axis=1)

    def fit(f_hz: float) -> tuple[float, float, Array]:
        basis = waves(f_hz, time_s[quiet])
        weights = np.linalg.solve(basis.T @ basis, basis.T @ uv[quiet])
        return float(weights @ (basis.T @ uv[quiet])), f_hz, weights

    _, best_hz, weights = max((fit(float(f_hz)) for f_hz in _HUM_HZ), key=lambda found: found[0])
    return waves(best_hz, time_s) @ weights
