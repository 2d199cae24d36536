"""Whether the pods sit the right way up and on their own sides, from standing and bending forward.

Standing, gravity tells up. Bending forward, the body turns about its left-right axis, to which a
buttock is not square: the outward axis of a pod on the left one points backward and left, of one
on the right backward and right. So the turn has a share about it, of opposite sign on each side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from glutesym.measures import SIDES, Side
from glutesym.recording import ImuRecord

WayUp = Literal["upright", "upside down", "unknown"]

_UP = 0.7  # of 1 g along the pod's x: turned by less than 45°
_TURN_DEG = 10.0  # a smaller bend says little about its axis
_APART = 0.3  # between both pods' outward shares; 0.85 if pods sit square on the skin


@dataclass(frozen=True)
class Mounting:
    """How the pods seem to sit."""

    way_up: Mapping[Side, WayUp]  # of the pods that are there
    swapped: bool | None  # None: cannot be told


def find_mounting(
    imu: Mapping[Side, ImuRecord],
    standing_s: tuple[float, float],
    bending_s: tuple[float, float],
) -> Mounting:
    """Return how the pods seem to sit.

    Parameters
    ----------
    imu : mapping of side to ImuRecord
        A side may be absent.
    standing_s : (start, end)
        Session time in which the person stands still.
    bending_s : (start, end)
        Session time of one move from standing forward and down: a hinge or a squat, without the
        way back.

    Returns
    -------
    Mounting
    """
    way_up: dict[Side, WayUp] = {}
    outward: dict[Side, float] = {}  # share of the turn about the outward axis
    for side, record in imu.items():
        standing, bending = (
            slice(*np.searchsorted(record.time_s, span_s)) for span_s in (standing_s, bending_s)
        )
        way_up[side] = _way_up(record.accel_g[standing])
        rate_dps = record.gyro_dps[bending]
        rate_dps = rate_dps[np.isfinite(rate_dps).all(axis=1)]
        turn_deg = rate_dps.sum(axis=0) / record.fs_hz
        size_deg = float(np.linalg.norm(turn_deg))
        if size_deg > _TURN_DEG:
            outward[side] = float(turn_deg[2]) / size_deg
    if len(outward) < len(SIDES):
        return Mounting(way_up, None)
    apart = outward["left"] - outward["right"]
    return Mounting(way_up, apart < 0 if abs(apart) > _APART else None)


def _way_up(accel_g: NDArray[np.float64]) -> WayUp:
    """Return which way up a pod is that felt this while its wearer stood, (n, 3)."""
    accel_g = accel_g[np.isfinite(accel_g).all(axis=1)]
    if not len(accel_g):
        return "unknown"
    mean_g = accel_g.mean(axis=0)
    up = float(mean_g[0] / max(float(np.linalg.norm(mean_g)), 1e-9))
    if abs(up) < _UP:
        return "unknown"
    return "upright" if up > 0 else "upside down"
