"""A scenario: what two electrodes and two IMUs feel over time, and the exact truth about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from glutesym.measures import Side

EMG_GRID_HZ = (
    8000.0  # electrode voltage is band-limited far below; finer than any chip rate in use
)
IMU_GRID_HZ = 1000.0


@dataclass(frozen=True)
class RepTruth:
    """The truth about one repetition; times are seconds since the scenario's start."""

    start_s: float
    end_s: float
    onset_s: dict[Side, float]
    offset_s: dict[Side, float]
    activation_uv: dict[
        Side, float
    ]  # RMS of the muscle's own signal over [onset, offset], no noise
    working: Side | None = None  # of exercises on one leg: the leg that is stood on
    pelvic_drop_deg: float | None = None  # in stance on that leg


@dataclass(frozen=True)
class Truth:
    """The truth about a whole scenario; ``None`` where a recording has none."""

    reps: tuple[RepTruth, ...] = ()
    symmetry_index_pct: float | None = None  # of the set: 100·(R−L)/(0.5·(R+L))
    lag_ms: float | None = None  # of the set: left − right
    # Of the free side, mean over the stances on each leg; empty: nobody stands on one leg.
    pelvic_drop_deg: dict[Side, float] = field(default_factory=dict[Side, float])
    mvic_uv: dict[Side, float] | None = None  # highest 500 ms RMS of the muscle's own signal
    seated_s: tuple[tuple[float, float], ...] = ()  # when the pelvis was rolled back
    lean_deg: float | None = None  # while seated, positive: to the right


@dataclass(frozen=True)
class SideSignals:
    """What one pod's sensors feel. Read-only arrays on regular grids that start at time 0."""

    emg_uv: NDArray[
        np.float32
    ]  # (n,) at EMG_GRID_HZ: differential electrode voltage, offset included
    accel_g: NDArray[np.float32]  # (m, 3) at IMU_GRID_HZ: specific force in the pod's axes
    gyro_dps: NDArray[np.float32]  # (m, 3) at IMU_GRID_HZ
    lead_off_s: tuple[tuple[float, float], ...] = ()  # when the electrode is off the skin


def side_signals(
    emg_uv: NDArray[np.float64],
    accel_g: NDArray[np.float32],
    gyro_dps: NDArray[np.float32],
    lead_off_s: tuple[tuple[float, float], ...] = (),
) -> SideSignals:
    """Return signals whose arrays cannot be written to."""
    emg = emg_uv.astype(np.float32)
    for array in (emg, accel_g, gyro_dps):
        array.setflags(write=False)
    return SideSignals(emg, accel_g, gyro_dps, lead_off_s)


@dataclass(frozen=True)
class Scenario:
    """Two sides' signals and the truth. After its end the last half second of rest goes on."""

    name: str
    description: str
    seed: int
    duration_s: float
    exercise: str
    left: SideSignals
    right: SideSignals
    truth: Truth
    source: str = ""  # attribution of a recording
    parameters: dict[str, float | str] = field(default_factory=dict[str, float | str])

    def side(self, side: Side) -> SideSignals:
        """Return the signals of one side."""
        return self.left if side == "left" else self.right

    def ended_after(self, seconds: float | None) -> Scenario:
        """Return it with an earlier end, if it would last longer; its truth is still of all."""
        if seconds is None:
            return self
        return replace(self, duration_s=min(self.duration_s, seconds))
