"""How far the body is from a pose, and an excursion away from one and back to it.

A pose is what both pods feel of gravity, so how far it is from another is an angle that does not
depend on how the pods sit on the body.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import dist, isnan, pi, sqrt

import numpy as np
from numpy.typing import NDArray

SMOOTH = 9  # grid samples, 0.18 s
SWAY_DEG = 0.5  # nearer to a pose than this is as good as there

_RETURNED = 0.6  # the body is back: by this part of the way and ...
_RETURNED_DEG = 20.0  # ... to within this
_NEAR = 0.1  # as near as it began but for this part of the way
_FOLLOW = 0.05  # a pose is moved to where the body is, by this share at every look
_APART = 0.35  # of the excursion: pods that differ by more are not on one body ...
_APART_DEG = 25.0  # ... if it is more than this
_DEG = 180 / pi  # of an arc as long as its radius
_HALF = sqrt(0.5)

Pose = tuple[float, ...]  # left and right direction of gravity, three each; NaN: not known


@dataclass
class Excursion:
    """A pose that repetitions may start from, and the excursion away from it. Times are steps."""

    pose: Pose
    floor_deg: float = 0.0  # nearest since motion was lost
    left: int = -1  # -1: the body is here
    peak_deg: float = 0.0
    peak: int = -1
    peak_pose: Pose = ()
    low_deg: float = 0.0  # nearest since the peak
    low: int = -1
    low_pose: Pose = ()
    back: int = -1  # since when as near as it began; -1: it is not

    @property
    def size_deg(self) -> float:
        """How far the body went, as far as it was seen."""
        return self.peak_deg - self.floor_deg

    @property
    def has_returned(self) -> bool:
        """Whether the body came so near again that this may be the end."""
        return self.low_deg <= min((1 - _RETURNED) * self.peak_deg, _RETURNED_DEG)

    def extend(self, distance_deg: float, step: int, pose: Pose) -> None:
        """Follow the excursion."""
        if distance_deg >= self.peak_deg:
            self.peak_deg, self.peak, self.peak_pose = distance_deg, step, pose
            self.low_deg = distance_deg
        if distance_deg <= self.low_deg:
            self.low_deg, self.low, self.low_pose = distance_deg, step, pose
        if distance_deg > max(SWAY_DEG, _NEAR * self.peak_deg):
            self.back = -1
        elif self.back < 0:
            self.back = step

    def follow(self, pose: Pose) -> None:
        """Take the present pose for this one, gradually."""
        if not isnan(dist(self.pose, pose)):
            self.pose = tuple(
                [was + _FOLLOW * (now - was) for was, now in zip(self.pose, pose, strict=True)]
            )
            return
        self.pose = tuple(
            now if isnan(was) else was if isnan(now) else was + _FOLLOW * (now - was)
            for was, now in zip(self.pose, pose, strict=True)
        )

    def is_passed(self, pose: Pose) -> bool:
        """Whether a body that came back went on, to the other side."""
        return (
            sum(
                (now - here) * (far - here)
                for now, here, far in zip(pose, self.pose, self.peak_pose, strict=True)
                if not isnan(now + here + far)
            )
            < 0
        )


def smoothed(directions: NDArray[np.float64], start: int, stop: int) -> NDArray[np.float64]:
    """Return the mean of what is known around each of some rows, (n, 6); NaN stays."""
    reach = SMOOTH // 2
    around = np.full((stop - start + 2 * reach, 6), np.nan)
    first = max(0, start - reach)
    part = directions[first : stop + reach]
    around[first - (start - reach) :][: len(part)] = part
    known = np.isfinite(around)
    around = np.where(known, around, 0.0)
    total, count = np.zeros((stop - start, 6)), np.zeros((stop - start, 6))
    for i in range(SMOOTH):
        total += around[i : i + len(total)]
        count += known[i : i + len(total)]
    here = known[reach : reach + len(total)]
    return np.where(here, total / np.maximum(count, 1.0), np.nan)


def distance_deg(a: Pose, b: Pose) -> float:
    """Return how far apart two poses are, as the pods see that have seen both; NaN: none has."""
    both = dist(a, b)
    if not isnan(both):
        return _DEG * _HALF * both
    left, right = dist(a[:3], b[:3]), dist(a[3:], b[3:])
    return _DEG * (right if isnan(left) else left)


def distances_deg(poses: NDArray[np.float64], of: Pose) -> NDArray[np.float64]:
    """Return how far (n, 6) poses are from one, as each pod sees it: (n, 2)."""
    squares = (poses - np.array(of)) ** 2
    return _DEG * np.sqrt(squares[:, (0, 3)] + squares[:, (1, 4)] + squares[:, (2, 5)])


def mean_of_pods(by_pod_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what the pods see that see something, (n, 2) → (n,), as `distance_deg` does."""
    left, right = by_pod_deg.T
    both = _HALF * np.sqrt(left**2 + right**2)
    return np.where(np.isnan(both), np.where(np.isnan(left), right, left), both)


def are_apart(by_pod_deg: NDArray[np.float64]) -> bool:
    """Whether the pods move as things do that are not on one body."""
    known_deg = by_pod_deg[np.isfinite(by_pod_deg).all(axis=1)]
    apart_deg = np.abs(known_deg[:, 0] - known_deg[:, 1]).max(initial=0.0)
    return bool(apart_deg > max(_APART_DEG, _APART * known_deg.max(initial=0.0)))
