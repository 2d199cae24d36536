"""A scenario as an ideal radio would deliver it: both pods' samples, no firmware between."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from glutesym.measures import SIDES, Side
from glutesym.recording import EmgRecord, ImuRecord, PodRecord, Recording, SyncUncertainty
from glutesym.virtual.scenarios.base import EMG_GRID_HZ, IMU_GRID_HZ, Scenario

FRONT_END_UV = 3.0  # RMS, beyond what the scenario adds
_FS_HZ = {"left": 2011.0, "right": 1986.0}  # the chips' own oscillators, ±1 %
_IMU_HZ = {"left": 206.3, "right": 209.1}
_PHASE_S = {"left": 0.00013, "right": 0.00041}


def record(scenario: Scenario, sides: tuple[Side, ...] = SIDES, sync_ms: float = 1.0) -> Recording:
    """Sample a scenario with two front ends that share nothing but time."""
    return Recording(
        pods={side: _pod(scenario, side) for side in sides},
        duration_s=scenario.duration_s,
        exercise=scenario.exercise,
        sync=SyncUncertainty(np.zeros(1), np.array([sync_ms])),
    )


def _pod(scenario: Scenario, side: Side) -> PodRecord:
    felt = scenario.side(side)
    rng = np.random.default_rng((scenario.seed, SIDES.index(side)))
    # -3 dB at 0.262·fs, as the ADS1292R's sinc filter has (SBAS502); zero phase, as its delay is
    # known.
    low = signal.butter(2, 0.262 * _FS_HZ[side], fs=EMG_GRID_HZ, output="sos")
    smooth = signal.sosfiltfilt(low, felt.emg_uv.astype(np.float64))
    time_s = np.arange(_PHASE_S[side], scenario.duration_s, 1 / _FS_HZ[side])
    uv = np.interp(time_s, np.arange(len(smooth)) / EMG_GRID_HZ, smooth)
    uv += FRONT_END_UV * rng.standard_normal(len(uv))
    lead_off = np.zeros(len(uv), bool)
    for start_s, end_s in felt.lead_off_s:
        lead_off |= (time_s >= start_s) & (time_s < end_s)
    emg = EmgRecord(
        fs_hz=_FS_HZ[side],
        time_s=time_s,
        uv=uv,
        index=np.arange(len(uv)),
        lead_off=lead_off,
        clipped=np.zeros(len(uv), bool),
    )
    imu_time_s = np.arange(_PHASE_S[side], scenario.duration_s, 1 / _IMU_HZ[side])
    imu = ImuRecord(
        fs_hz=_IMU_HZ[side],
        time_s=imu_time_s,
        accel_g=_sampled(felt.accel_g, imu_time_s),
        gyro_dps=_sampled(felt.gyro_dps, imu_time_s),
    )
    return PodRecord(side=side, emg=emg, imu=imu, samples_sent=len(uv), samples_received=len(uv))


def _sampled(values: NDArray[np.float32], time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    grid_s = np.arange(len(values)) / IMU_GRID_HZ
    return np.stack([np.interp(time_s, grid_s, column) for column in values.T], axis=1)
