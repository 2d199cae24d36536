"""Whether EMG of another system can be in the unit that was taken for it."""

from __future__ import annotations

import numpy as np

from glutesym.analysis.quality import MOST_UV
from glutesym.recording import EmgRecord, Recording

_WINDOW_S = 0.25
_ACTIVE_PCT = 95  # of all windows: the muscles work in some of them at least
_LEAST_UV = 0.5  # surface EMG has some at rest


def unit_doubt(recording: Recording) -> str | None:
    """Return a warning when all sides are weaker or stronger than surface EMG can be.

    Parameters
    ----------
    recording : Recording
    """
    levels_uv = [_active_rms_uv(pod.emg) for pod in recording.pods.values()]
    known = [level for level in levels_uv if np.isfinite(level)]
    if not known or not (max(known) < _LEAST_UV or min(known) > MOST_UV):
        return None
    told = " and ".join(f"{level:.2g} µV" for level in known)
    return (
        f"Warning: the EMG has {told} RMS during activity; muscles have {_LEAST_UV:g} to "
        f"{MOST_UV:,.0f} µV. Is the unit right? Give it: --unit mV, or --unit V."
    )


def _active_rms_uv(emg: EmgRecord) -> float:
    """Return the RMS about the mean of the strongest windows; an offset counts as nothing."""
    n = max(1, round(_WINDOW_S * emg.fs_hz))
    windows = emg.uv[: len(emg.uv) // n * n].reshape(-1, n)
    whole = windows[np.isfinite(windows).all(axis=1)]
    return float(np.percentile(whole.std(axis=1), _ACTIVE_PCT)) if len(whole) else float("nan")
