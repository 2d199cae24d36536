"""How good a signal is, apart from the muscle in it: hum, slow voltages, spikes, offsets.

The same numbers grade each repetition and light the traffic light of the live view.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.quality import (
    LEAD_OFF,
    RAIL,
    hum_flaws,
    lifting_flaws,
    noise_flaws,
)
from glutesym.analysis.resting import RestingLevel, resting_level
from glutesym.dsp.muscle_power import LEAD_S, MusclePower
from glutesym.measures import Flaw, Light, traffic_light, worst
from glutesym.recording import EmgRecord

MAINS_HZ = (50.0, 60.0)
_HARMONICS = (1, 2, 3, 5, 7)
_MIN_HUM_S = 0.35  # shorter stretches do not tell hum from noise
_HUM_S = 1.0  # longer ones are not needed: mains wanders by less than their resolution

_BIN_S = 0.02  # means over this hold what is slower than about 25 Hz
_BASE_S = 0.5  # what is slower than this is the electrodes' offset
_CHECKED_S = 4.0  # of the newest signal, live


@dataclass(frozen=True)
class SlowVoltage:
    """What lies below the muscle's band."""

    rms_uv: float  # 2–25 Hz: cables and skin that move (De Luca et al. 2010)
    moved_mv: float  # how far the electrodes' offset went


@dataclass(frozen=True)
class SignalCheck:
    """How good one side's signal is now."""

    noise_uv: float | None  # RMS at rest, 20–450 Hz; None: not at rest
    hum_uv: float | None
    flaws: tuple[Flaw, ...]

    @property
    def light(self) -> Light:
        """Green: go; yellow: usable, could be better; red: not usable."""
        return traffic_light(worst(flaw.grade for flaw in self.flaws))

    @property
    def reason(self) -> str:
        """Why it is not green; empty when it is."""
        return "; ".join(map(str, self.flaws))


def check_signal(emg: EmgRecord, mains_hz: float | None = None) -> SignalCheck:
    """Judge the newest seconds of a running signal.

    Parameters
    ----------
    emg : EmgRecord
        At least five seconds; only the end is looked at.
    mains_hz : float, optional
        50 or 60: its hum is taken out before anything is measured, and does no harm.

    Returns
    -------
    SignalCheck
    """
    if not len(emg.time_s):
        return SignalCheck(None, None, (Flaw("unusable", "no data"),))
    end_s = float(emg.time_s[-1])
    emg = emg.between(end_s - _CHECKED_S - LEAD_S, np.inf)
    newest = slice(int(np.searchsorted(emg.time_s, end_s - 0.5)), len(emg.time_s))
    if emg.lead_off[newest].any():
        return SignalCheck(None, None, (Flaw("unusable", LEAD_OFF),))
    if emg.clipped[newest].any():
        return SignalCheck(None, None, (Flaw("unusable", RAIL),))
    resting = resting_level(MusclePower(emg, mains_hz), end_s - _CHECKED_S, end_s)
    flaws = lifting_flaws(slow_voltage(emg, (end_s - _CHECKED_S, end_s)).moved_mv)
    if resting is None:
        return SignalCheck(None, None, flaws)
    hum = hum_uv(emg, resting)
    left_in_uv = None if mains_hz else hum
    flaws += noise_flaws(resting.rms_uv, left_in_uv) + hum_flaws(resting.rms_uv, left_in_uv)
    return SignalCheck(resting.rms_uv, hum, flaws)


def hum_uv(emg: EmgRecord, resting: RestingLevel) -> float | None:
    """Return the RMS of mains hum and its harmonics, from the longest quiet stretch.

    The power at each line, less that beside it; of 50 and 60 Hz the stronger one. None when no
    quiet stretch is long enough.
    """
    n = min(resting.longest.stop - resting.longest.start, round(_HUM_S * emg.fs_hz))
    if n < _MIN_HUM_S * emg.fs_hz:
        return None
    uv = emg.uv[resting.longest.start : resting.longest.start + n]
    if not np.isfinite(uv).all():
        return None
    lines = _lines(n, round(emg.fs_hz, 1))
    # (mains, harmonics, (at the line, below, above)): squared µV
    parts = ((uv - uv.mean()) @ lines.reshape(n, -1)).reshape(lines.shape[1:])
    power = (parts**2).sum(axis=0)
    beyond = power[..., 0] - 0.5 * (power[..., 1] + power[..., 2])
    return float(np.sqrt(max(beyond.sum(axis=1).max(), 0.0)))


def slow_voltage(emg: EmgRecord, span_s: tuple[float, float]) -> SlowVoltage:
    """Return the slow voltages of a stretch of session time; zeros when nothing is known of it."""
    first, last = np.searchsorted(emg.time_s, span_s)
    size = round(_BIN_S * emg.fs_hz)
    n_bins = int(last - first) // size
    wide = round(_BASE_S / _BIN_S)
    if n_bins <= wide:
        return SlowVoltage(0.0, 0.0)
    bins = emg.uv[first : first + n_bins * size].reshape(n_bins, size).mean(axis=1)
    summed = np.concatenate(([0.0], np.cumsum(bins)))
    base = (summed[wide:] - summed[:-wide]) / wide
    quick = bins[wide // 2 : wide // 2 + len(base)] - base
    if not np.isfinite(base).all():
        return SlowVoltage(0.0, 0.0)
    return SlowVoltage(float(np.sqrt(np.mean(quick**2))), float(np.ptp(base)) / 1000)


@lru_cache(maxsize=64)
def _lines(n: int, fs_hz: float) -> NDArray[np.float64]:
    """Return Hann-windowed waves at every line and four bins below and above.

    (n, (cosine, sine), mains, harmonics, 3), scaled so that a sine's power comes out as its mean
    square.
    """
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(n) + 0.5) / n)
    lines_hz = np.outer(MAINS_HZ, _HARMONICS)[..., None] + np.array([0.0, -4.0, 4.0]) * fs_hz / n
    lines_hz = np.where(np.abs(lines_hz) < 0.45 * fs_hz, lines_hz, 0.0)  # 0: nothing is there
    phase = 2 * np.pi * lines_hz * np.arange(n)[:, None, None, None] / fs_hz
    waves = np.stack((np.cos(phase), np.sin(phase)), axis=1)
    return np.asarray(waves * (np.sqrt(2) * hann / hann.sum())[:, None, None, None, None])
