"""A decoded recording: both pods' samples on one session time line, with every gap visible.

Arrays of one pod are uniform in its own sample clock: missing samples are NaN and take the place
they would have taken, and ``time_s`` gives each sample's exact session time.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from glutesym.measures import Side


@dataclass(frozen=True)
class EmgRecord:
    """EMG of one pod."""

    fs_hz: float  # measured rate in session time
    time_s: NDArray[np.float64]  # (n,)
    uv: NDArray[np.float64]  # (n,) electrode voltage, offset included; NaN: lost
    index: NDArray[np.int64]  # (n,) sample index on the pod, counted anew after a reboot
    lead_off: NDArray[np.bool_]  # (n,) an electrode was off the skin
    clipped: NDArray[np.bool_]  # (n,) the converter was at its rail


@dataclass(frozen=True)
class ImuRecord:
    """Motion of one pod, in the pod's axes."""

    fs_hz: float
    time_s: NDArray[np.float64]  # (n,)
    accel_g: NDArray[np.float64]  # (n, 3) NaN: lost
    gyro_dps: NDArray[np.float64]  # (n, 3) NaN: lost


@dataclass(frozen=True)
class Gap:
    """A stretch of EMG that is missing, and why."""

    start_s: float
    end_s: float
    samples: int
    reason: str


@dataclass(frozen=True)
class PodRecord:
    """Everything one pod told, decoded."""

    side: Side
    emg: EmgRecord
    imu: ImuRecord
    gaps: tuple[Gap, ...] = ()
    boots: int = 1  # starts of the pod seen during the session
    samples_sent: int = 0  # EMG samples the pod put into frames, as its indices prove
    samples_received: int = 0
    samples_lost: int = 0
    frames_bad: int = 0  # frames that could not be decoded
    clock_uncertainty_ms: float = float("nan")  # half-width of the bracket around session time
    battery_pct: float = float("nan")
    problems: tuple[str, ...] = ()  # what the pod said was wrong with it
    info: dict[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True)
class Recording:
    """Both pods on one time line. A side without a pod is absent."""

    pods: dict[Side, PodRecord]
    duration_s: float
    exercise: str = ""
    sync_uncertainty_ms: float = float("nan")  # of a left–right time difference
