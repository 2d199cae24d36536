"""Where repetitions may be when no motion was recorded: from the activity of both muscles.

A stretch in which either side is active is taken for one repetition, so neither side decides where
it is. What was done is not known: a posture that is held, or getting up, looks the same. So each
carries a flaw that says so, and motion is to be preferred.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.reps import MAX_REP_S, Movement
from glutesym.analysis.resting import resting_level
from glutesym.dsp.muscle_power import MusclePower
from glutesym.dsp.runs import joined, runs
from glutesym.recording import PodRecord, Recording

_GRID_S = 0.02
_SMOOTH_S = 0.3  # RMS window: surface EMG of a steady contraction varies by 10 % with it
_LEAST_S = 0.3  # no gluteal contraction that could be measured is shorter
_LEAST_DB = 6.0  # above rest: less is tone and posture
_ON = 0.5  # of the way from rest to usual effort, in dB: active from here on ...
_OFF = 0.35  # ... until it is below this
_USUAL = 0.9  # quantile of the level, over all: usual effort
_PAUSE_S = 0.25  # shorter pauses are within a repetition


def active_spans(recording: Recording, mains_hz: float | None = None) -> list[Movement]:
    """Find stretches of muscle activity.

    Parameters
    ----------
    recording : Recording
        Of one side or of both.
    mains_hz : float, optional
        50 or 60: take hum out first.

    Returns
    -------
    list of Movement
        In order, without overlap, each of a length that a repetition may have.
    """
    pods = [pod for pod in recording.pods.values() if len(pod.emg.time_s)]
    if not pods:
        return []
    start_s = min(float(pod.emg.time_s[0]) for pod in pods)
    end_s = max(float(pod.emg.time_s[-1]) for pod in pods)
    grid_s = np.arange(start_s, end_s, _GRID_S)
    levels = [_level(pod, grid_s, start_s, end_s, mains_hz) for pod in pods]
    known = [level for level in levels if level is not None]
    if not known:
        return []
    active = np.max(known, axis=0)
    return [
        Movement(float(grid_s[first]), float(grid_s[last - 1]), by_activity=True)
        for first, last in joined(_hysteresis(active), _PAUSE_S / _GRID_S)
        if _LEAST_S <= grid_s[last - 1] - grid_s[first] <= MAX_REP_S
    ]


def _level(
    pod: PodRecord,
    grid_s: NDArray[np.float64],
    start_s: float,
    end_s: float,
    mains_hz: float | None,
) -> NDArray[np.float64] | None:
    """Return how active a side is: 0 at rest, 1 at its usual effort; None: always the same."""
    power = MusclePower(pod.emg, mains_hz)
    rest = resting_level(power, start_s, end_s)
    rows = power.between(start_s, end_s)
    there = np.isfinite(rows.total)
    if rest is None or not there.any():
        return None
    step = max(1, round(_SMOOTH_S / power.row_s))
    window = np.ones(step)
    n = np.convolve(there, window, "same")
    mean = np.convolve(np.where(there, rows.total, 0.0), window, "same") / np.maximum(n, 1)
    over_db = 10 * np.log10(np.maximum(mean, 1e-12) / rest.rms_uv**2)
    over_db[n < 0.5 * step] = 0.0  # mostly missing: not known to be active
    usual_db = float(np.quantile(over_db[there], _USUAL))
    if usual_db < _LEAST_DB:
        return None
    over_db = np.interp(grid_s, rows.time_s, over_db, left=0.0, right=0.0)  # beyond: at rest
    return over_db / max(usual_db, _LEAST_DB / _ON)


def _hysteresis(level: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return stretches above the lower threshold that reach the higher one."""
    return [(first, last) for first, last in runs(level > _OFF) if level[first:last].max() >= _ON]
