"""Whether the pods sit on each other's side, from how a set's repetitions turn them.

Which way up a pod sits does not matter: nothing here depends on it. Its side does, and shows: the
body bends about its left-right axis, to which a buttock is not square. The outward axis of a pod
on the left one points backward and left, of one on the right backward and right, so bending has a
share about it, of opposite sign on each side. Standing or prone, a repetition bends forward at
first; lying on the back or leaning on a bench, backward. Leaning to a side turns both alike.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from glutesym.analysis.reps import Movement
from glutesym.measures import SIDES, Flaw, Side
from glutesym.recording import ImuRecord

SWAPPED = Flaw(
    "fair",
    "the pods seem to be on each other's side",
    "each turns as the other one should: see which pod lights up at L and at R",
)
MIN_REPS = 3

_TURN_DEG = 10.0  # a smaller bend says little about its axis
_APART = 0.3  # between both pods' outward shares; 0.85 if pods sit square on the skin
_ON_THE_BACK = -0.45  # of 1 g along the outward axis, mean of both pods
_BEFORE_S = 0.3  # of the movement: the pose that it starts from


class SideCheck:
    """Follow a set: give it one repetition after the other, and ask."""

    def __init__(self) -> None:
        self._apart: list[float] = []

    def take(self, imu: Mapping[Side, ImuRecord], movement: Movement) -> None:
        """Take in a repetition. One that says nothing, such as a small one, is passed over."""
        apart = outward_difference(imu, movement)
        if apart is not None:
            self._apart.append(apart)

    @property
    def swapped(self) -> bool | None:
        """Whether the pods are swapped; None: that cannot be told."""
        if len(self._apart) < MIN_REPS:
            return None
        middle = float(np.median(self._apart))
        agree = all(apart * middle > 0 for apart in self._apart)
        return middle < 0 if agree and abs(middle) > _APART else None

    @property
    def flaws(self) -> tuple[Flaw, ...]:
        """What speaks against the repetitions from now on."""
        return (SWAPPED,) if self.swapped else ()


def outward_difference(imu: Mapping[Side, ImuRecord], movement: Movement) -> float | None:
    """Return the share of the bend about the left pod's outward axis, less the right pod's.

    Parameters
    ----------
    imu : mapping of side to ImuRecord
    movement : Movement

    Returns
    -------
    float or None
        Positive when both are on their own side, −2 to 2; None when a pod is missing, lost motion
        or turned by less than 10°.
    """
    shares: list[float] = []
    outward_g: list[float] = []
    for side in SIDES:
        if side not in imu:
            return None
        record = imu[side]
        first, last = np.searchsorted(record.time_s, (movement.start_s, movement.end_s))
        before = int(np.searchsorted(record.time_s, movement.start_s - _BEFORE_S))
        rate_dps, pose_g = record.gyro_dps[first:last], record.accel_g[before : first + 1]
        if not (before and last - first > 1 and last < len(record.time_s)):
            return None  # not covered
        if not (np.isfinite(rate_dps).all() and np.isfinite(pose_g).all()):
            return None
        # It comes back to where it was: what is left over is the gyroscope's offset.
        turn_deg = np.cumsum(rate_dps - rate_dps.mean(axis=0), axis=0) / record.fs_hz
        size_deg = np.linalg.norm(turn_deg, axis=1)
        farthest = int(np.argmax(size_deg))
        if size_deg[farthest] < _TURN_DEG:
            return None
        shares.append(float(turn_deg[farthest, 2] / size_deg[farthest]))
        mean_g = pose_g.mean(axis=0)
        outward_g.append(float(mean_g[2] / max(float(np.linalg.norm(mean_g)), 1e-9)))
    left, right = shares
    backward = float(np.mean(outward_g)) < _ON_THE_BACK
    return right - left if backward else left - right
