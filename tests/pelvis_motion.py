"""What pods feel while a pelvis moves as told, clipped on in any way."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from glutesym.recording import ImuRecord
from glutesym.virtual.scenarios.base import IMU_GRID_HZ
from glutesym.virtual.scenarios.kinematics import Motion, Pose, RepTiming, imu_signals, movement

RATE_HZ = 200.0


def poses(schedule, duration_s, rest=Pose()):  # noqa: B008
    """Return a pelvis that goes to a pose, stays and comes back, for (pose, start, stay, way)."""
    timings = [
        RepTiming(start_s, start_s + way_s, start_s + way_s + stay_s, start_s + 2 * way_s + stay_s)
        for _, start_s, stay_s, way_s in schedule
    ]
    return movement(rest, [pose for pose, *_ in schedule], timings, duration_s)


def added(motion, **angles):
    """Return a motion with other courses of some angles."""
    return Motion(**{**vars(motion), **angles})


def felt(motion, seed=1, clipped_on=(None, None), start_s=0.0):
    """Return both pods' records; each may be turned by a rotation of its own."""
    records = {}
    for side, turn in zip(("left", "right"), clipped_on, strict=True):
        accel_g, gyro_dps = imu_signals(motion, side, seed)
        step = round(IMU_GRID_HZ / RATE_HZ)
        accel, gyro = (
            x.reshape(-1, step, 3).mean(axis=1).astype(float) for x in (accel_g, gyro_dps)
        )
        if turn is not None:
            accel, gyro = (
                Rotation.from_rotvec(turn).apply(accel),
                Rotation.from_rotvec(turn).apply(gyro),
            )
        time_s = start_s + np.arange(len(accel)) / RATE_HZ
        records[side] = ImuRecord(RATE_HZ, time_s, accel, gyro)
    return records
