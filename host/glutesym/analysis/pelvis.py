"""A pod's axes turned into the pelvis's, without knowing how the pod is clipped on.

Quiet stance gives the vertical. A movement that bends forward gives the direction in which gravity
then moves, the principal one of its path in the plane across the vertical, and its sign, as the
pelvis tips forward (sensor-to-segment calibration by functional movements: Favre et al. 2009,
J Biomech 42:2330). Pelvis axes: x forward, y left, z up, as it is in stance.

Gravity is all that is used, so nothing drifts; and so turning about the vertical is not seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.gravity import GRID_HZ, GravityOnGrid
from glutesym.dsp.runs import runs
from glutesym.measures import Side
from glutesym.recording import ImuRecord

_Array = NDArray[np.float64]

STILL_DPS = 5.0  # quiet stance sways by about 1°/s
MIN_STANCE_S = 1.0
_BENT_DEG = 5.0  # forward: from here on gravity has a direction across the vertical


@dataclass(frozen=True)
class PodPath:
    """What one pod felt, in steps of 20 ms."""

    time_s: _Array  # (m,) session time
    up: _Array  # (m, 3) unit vectors in the pod's axes; NaN: unknown
    speed_dps: _Array  # (m,) mean rate of turn; NaN: unknown
    shock_g: _Array  # (m,) how far the accelerometer's mean is from 1 g; NaN: unknown

    def between(self, start_s: float, end_s: float) -> PodPath:
        """Return the part within a stretch of session time."""
        part = slice(*np.searchsorted(self.time_s, (start_s, end_s)))
        return PodPath(self.time_s[part], self.up[part], self.speed_dps[part], self.shock_g[part])


def pod_path(imu: ImuRecord) -> PodPath:
    """Return the course of gravity as a pod felt it."""
    if not len(imu.time_s):
        return PodPath(np.empty(0), np.empty((0, 3)), np.empty(0), np.empty(0))
    gravity = GravityOnGrid()
    gravity.process(imu)
    first = int(np.floor(imu.time_s[0] * GRID_HZ))
    m = max(gravity.end - first, 0)
    up = gravity.take(first, first + m)[:, :3]
    step = np.floor(imu.time_s * GRID_HZ).astype(np.int64) - first
    known = np.isfinite(imu.accel_g).all(axis=1) & np.isfinite(imu.gyro_dps).all(axis=1)
    known &= (step >= 0) & (step < m)
    values = np.column_stack((np.linalg.norm(imu.gyro_dps, axis=1), imu.accel_g))[known]
    count = np.bincount(step[known], minlength=m)
    with np.errstate(invalid="ignore"):
        means = [np.bincount(step[known], x, minlength=m) / count for x in values.T]
        up = up / np.linalg.norm(up, axis=1, keepdims=True)
    shock_g = np.abs(np.linalg.norm(means[1:], axis=0) - 1)
    time_s = np.asarray((first + np.arange(m) + 0.5) / GRID_HZ, np.float64)
    return PodPath(time_s, up, means[0], shock_g)


def stance_up(path: PodPath, start_s: float, end_s: float) -> _Array | None:
    """Return the vertical in the pod's axes from the longest quiet part of a stretch.

    Returns
    -------
    (3,) unit vector, or None
        None when it was never quiet for a second. That the person stood upright there is taken
        for granted: nothing here can tell.
    """
    part = path.between(start_s, end_s)
    quiet = runs((part.speed_dps < STILL_DPS) & np.isfinite(part.up).all(axis=1))
    if not quiet:
        return None
    first, last = max(quiet, key=lambda run: run[1] - run[0])
    if last - first < MIN_STANCE_S * GRID_HZ:
        return None
    mean = part.up[first:last].mean(axis=0)
    return mean / np.linalg.norm(mean)


def bend_deg(up: _Array, vertical: _Array) -> _Array:
    """Return the angle between up vectors and the vertical of stance: (m, 3), (3,) → (m,)."""
    return np.degrees(np.arccos(np.clip(up @ vertical, -1.0, 1.0)))


def pelvis_axes(vertical: _Array, bent_up: _Array) -> _Array | None:
    """Return the pelvis's axes in the pod's, given some samples of bending forward.

    Parameters
    ----------
    vertical : (3,)
        From `stance_up`.
    bent_up : (m, 3)
        Up vectors while the pelvis bends forward and stays square; NaN is passed over.

    Returns
    -------
    (3, 3) or None
        Rows x, y, z: ``axes @ up`` is in the pelvis's axes. None when nothing was bent by 5°.
    """
    known = bent_up[np.isfinite(bent_up).all(axis=1)]
    known = known[bend_deg(known, vertical) > _BENT_DEG]
    if not len(known):
        return None
    across = known - np.outer(known @ vertical, vertical)
    direction = np.linalg.eigh(across.T @ across)[1][:, -1]
    # Bent forward, what is up lies behind.
    forward = -direction if across.sum(axis=0) @ direction > 0 else direction
    return np.array((forward, np.cross(vertical, forward), vertical))


@dataclass(frozen=True)
class Reference:
    """One pod's relation to the pelvis."""

    vertical: _Array  # (3,) in the pod's axes
    axes: _Array | None = None  # (3, 3) as from `pelvis_axes`; None: left and right not known


def reference(
    imu: Mapping[Side, ImuRecord],
    stance_s: tuple[float, float],
    bending_s: tuple[float, float] | None = None,
) -> dict[Side, Reference]:
    """Return the relation of every pod that saw a quiet stance.

    Parameters
    ----------
    imu : mapping of side to ImuRecord
    stance_s : (start, end)
        Standing upright on both legs, quiet for a second.
    bending_s : (start, end), optional
        Bending forward on both legs, such as two squats or bows.
    """
    found: dict[Side, Reference] = {}
    for side, record in imu.items():
        path = pod_path(record)
        vertical = stance_up(path, *stance_s)
        if vertical is not None:
            bent = path.between(*bending_s).up if bending_s else np.empty((0, 3))
            found[side] = Reference(vertical, pelvis_axes(vertical, bent))
    return found
