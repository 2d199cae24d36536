"""Where repetitions are: from the motion of both pods, however they are worn.

A repetition takes gravity, as the pods feel it, away from a pose and back to it: in a bridge, a
squat, a hinge and in every stride. How far the body is from a pose is an angle that does not
depend on how the pods sit on it. Poses that repetitions may start from are kept on a stack: where
the body was last still, and where it was before that. So a hold at the far end is part of its
repetition, as the body returns to the pose below; and after lying down the pose below is dropped,
as the body returns to the one on top. What does not return is no repetition: getting up, lying
down, taking a pod off.

Decisions are made from samples already seen, at fixed steps of session time, so feeding a
recording at once, in blocks, or as a growing window yields the same repetitions.

Where motion is lost, no repetition is made up: what a pod does not see the other one does; what
neither sees for longer than a moment is not counted, and what begins there is marked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isnan, nan
from statistics import median

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.excursion import (
    SMOOTH,
    SWAY_DEG,
    Excursion,
    Pose,
    are_apart,
    distance_deg,
    distances_deg,
    mean_of_pods,
    smoothed,
)
from glutesym.analysis.gravity import GRID_HZ, GravityOnGrid
from glutesym.analysis.walking import LOOK_BACK_S, LOOK_ON_S, is_walking, may_be_walking
from glutesym.measures import SIDES, Side
from glutesym.recording import ImuRecord

MEMORY_S = 35.0  # what is looked back at
MIN_REP_S = 0.65
MIN_STRIDE_S = 0.5  # the stance of a fast one takes 0.55 s
MAX_REP_S = 25.0
MIN_ANGLE_DEG = 3.0  # smaller excursions are sway and fidgeting
PARTIAL = 0.45  # an excursion below this part of the usual one is no repetition

_LATE_S = 2.0  # a side that is silent for longer is not waited for
_BRIDGE_S = 0.3  # a longer gap on both sides ends a repetition uncounted
_AT_ONCE_S = 0.4  # after motion was lost: what begins so soon may have begun before
_TICK = 5  # grid samples from look to look, 0.1 s

# Poses that repetitions may start from.
_STILL_DEG = 1.0
_POSE_S = 0.5  # still for so long: such a pose
_FOLLOW_S = 1.0  # still for so long near one: it is moved here

# An excursion is over when the body is back, and then ...
_TURNED = 0.15  # goes away again by this part of the excursion ...
_TURNED_DEG = 1.5  # ... and by this,
_SETTLED_S = 0.4  # or is still for so long,
_BACK_S = 0.5  # or is for so long as near as it began.

# Bounds of a repetition.
_BASE = 0.03  # it begins and ends at this part of the excursion, but above sway
_FAR = 0.05  # it is at the far end from this part before it on
_BEFORE_S = 3.0  # the beginning is sought so long before what shows it

# What is usual, and what is so unusual that it is no repetition.
_USUAL_OF = 7  # repetitions
_FORGET_S = 10.0  # of stillness: another exercise may follow
_TOO_FAR = 2.0  # times the usual excursion: a change of posture
_LONG = 2.0  # times the usual length: must end where it began but for ...
_CLOSE = 0.15  # ... this part

_DIRECTIONS = [0, 1, 2, 4, 5, 6]


@dataclass(frozen=True)
class Movement:
    """One repetition, as the pods' motion shows it."""

    start_s: float  # session time
    end_s: float
    lost_s: Mapping[Side, float] = field(default_factory=dict[Side, float])  # of it, by a pod
    unseen_s: float = 0.0  # of it, by every pod: bridged
    cut_off: bool = False  # nobody saw how it began: its bounds are doubtful
    reach_s: float = nan  # end of the way out
    leave_s: float = nan  # begin of the way back
    by_activity: bool = False  # no motion was recorded: muscles were active then


class RepCounter:
    """Find repetitions as they are completed; each is returned once and never changes.

    Parameters
    ----------
    strides : bool
        Whether strides are repetitions, as when walking is what is done; otherwise walking about
        is passed over.
    """

    def __init__(self, strides: bool = True) -> None:
        self._strides = strides
        self._gravity = {side: GravityOnGrid() for side in SIDES}
        self._rows = np.empty((0, 8))  # left and right: direction of gravity, strength of force
        self._first = 0  # grid number of the first row
        self._smooth = np.empty((0, 6))  # directions, from the first row on
        self._next_look = 0  # grid number
        self._free_from = 0  # grid number from which the next repetition may begin
        self._recent: list[tuple[float, float]] = []  # size and length of the last repetitions
        self._usual_deg = 0.0  # 0: not known
        self._usual_s = 0.0
        self._least_deg = MIN_ANGLE_DEG
        self._starts: list[Excursion] = []  # the stack
        self._still: Pose = (nan,) * 6  # near the present pose since ...
        self._still_since = 0  # ... this grid number
        self._due: list[tuple[int, float, Movement]] = []  # decided at a step; size
        self._holes: list[int] = []  # grid numbers at which long holes end, not yet looked at
        self._hole_end = -1  # grid number at which the last long hole ended
        self._hole_steps = 0  # of the hole that has not ended
        self._unseen_steps = 0
        self._seen_from = -1  # grid number; -1: nothing was seen so far

    @property
    def unseen_s(self) -> float:
        """For how long in all no pod's motion was there, but for moments that were bridged."""
        return self._unseen_steps / GRID_HZ

    @property
    def is_undecided(self) -> bool:
        """Whether a movement has ended that is a repetition or a part of walking."""
        return bool(self._due)

    def process(self, imu: Mapping[Side, ImuRecord]) -> list[Movement]:
        """Take in new motion and return the repetitions it completes.

        Parameters
        ----------
        imu : mapping of side to ImuRecord
            Blocks or growing windows; samples already seen are passed over. A side may be absent.

        Returns
        -------
        list of Movement
            In order, without overlap.
        """
        for side, record in imu.items():
            self._gravity[side].process(record)
        ends = [gravity.end for gravity in self._gravity.values()]
        self._extend(max(min(ends), max(ends) - round(_LATE_S * GRID_HZ)))
        return self._advance(self._first + len(self._rows) - SMOOTH // 2)

    def finish(self) -> list[Movement]:
        """Return what the end of the recording completes; no side is waited for any more."""
        self._extend(max(gravity.end for gravity in self._gravity.values()))
        end = self._first + len(self._rows)
        return self._advance(end) + self._decide(end, everything=True)

    def _extend(self, until: int) -> None:
        """Bring the grid up to ``until``, exclusive."""
        number = self._first + len(self._rows)
        if until <= number:
            return
        surplus = max(0, self._next_look - round((MEMORY_S + 1) * GRID_HZ) - self._first)
        new = [gravity.take(number, until) for gravity in self._gravity.values()]
        self._rows = np.concatenate((self._rows[surplus:], np.hstack(new)))
        self._smooth = self._smooth[surplus:]
        self._first += surplus
        self._look_for_holes(number, np.isnan(new[0][:, 0]) & np.isnan(new[1][:, 0]))

    def _look_for_holes(self, number: int, unseen: NDArray[np.bool_]) -> None:
        """Count what no pod saw, in new steps from ``number`` on."""
        if self._seen_from < 0:
            if unseen.all():
                return
            first = int(np.argmin(unseen))
            self._seen_from = number = number + first
            unseen = unseen[first:]
        if not unseen.any() and not self._hole_steps:
            return
        longest = round(_BRIDGE_S * GRID_HZ)
        for i, gone in enumerate(unseen.tolist()):
            if gone:
                self._hole_steps += 1
                if self._hole_steps > longest:
                    self._unseen_steps += 1 + (longest if self._hole_steps == longest + 1 else 0)
            elif self._hole_steps:
                if self._hole_steps > longest:
                    self._holes.append(number + i)
                self._hole_steps = 0

    def _advance(self, until: int) -> list[Movement]:
        """Look at every tick before ``until`` and return what is decided there."""
        done = len(self._smooth)
        stop = until - self._first
        if stop <= done:
            return []
        self._smooth = np.concatenate(
            (self._smooth, smoothed(self._rows[:, _DIRECTIONS], done, stop))
        )
        found: list[Movement] = []
        ticks = range(self._next_look, until, _TICK)
        poses = self._smooth[self._next_look - self._first : stop : _TICK].tolist()
        for tick, pose in zip(ticks, poses, strict=True):
            while self._holes and self._holes[0] <= tick:
                self._after_hole(self._holes.pop(0))
            if not (isnan(pose[0]) and isnan(pose[3])):
                self._look(tick, pose)
            if self._due:
                found += self._decide(tick)
        self._next_look = ticks.start + _TICK * len(ticks)
        return found

    def _decide(self, tick: int, everything: bool = False) -> list[Movement]:
        """Return the repetitions among the movements that are due."""
        found: list[Movement] = []
        while self._due and (everything or self._due[0][0] <= tick):
            _, size_deg, movement = self._due.pop(0)
            if size_deg < self._least_deg or self._walks(movement, size_deg, tick):
                continue
            if not movement.cut_off:
                long_s = movement.end_s - movement.start_s
                self._get_used_to([*self._recent[1 - _USUAL_OF :], (size_deg, long_s)])
            found.append(movement)
        return found

    def _after_hole(self, end: int) -> None:
        """Excursions that were under way are lost; what is left of them may be a new one."""
        self._hole_end = self._free_from = self._still_since = end
        for start in self._starts:
            start.left, start.floor_deg = -1, inf

    def _look(self, tick: int, pose: Pose) -> None:
        """Take in where the body is now."""
        if not distance_deg(pose, self._still) <= _STILL_DEG:
            self._still, self._still_since = pose, tick
        still_s = (tick - self._still_since) / GRID_HZ
        starts = self._starts
        for i, start in enumerate(starts):
            away_deg = distance_deg(pose, start.pose)
            if isnan(away_deg):  # the pods that saw it are gone
                self._starts = [Excursion(pose)]
                return
            if start.left < 0:
                start.floor_deg = min(start.floor_deg, away_deg)
                if away_deg - start.floor_deg >= self._least_deg:
                    start.left = tick
                    start.peak_deg = start.floor_deg
                else:
                    if away_deg < self._least_deg:  # here: after a hole, others may be above
                        del starts[i + 1 :]
                        if still_s >= _FOLLOW_S:
                            start.follow(pose)
                    continue
            start.extend(away_deg, tick, pose)
            if not start.has_returned:
                continue
            turned = away_deg - start.low_deg >= max(_TURNED_DEG, _TURNED * start.size_deg)
            settled = still_s >= _SETTLED_S
            if turned and i and start.is_passed(pose):
                del starts[i:]
                return
            if turned or settled or 0 <= start.back <= tick - _BACK_S * GRID_HZ:
                if settled:
                    start.low, start.low_pose = tick, pose
                self._complete(start, tick)
                self._starts = [Excursion(start.low_pose)]
                return
        oldest = tick - MAX_REP_S * GRID_HZ
        starts[:] = [start for start in starts if not 0 <= start.left < oldest]
        if not starts or (still_s >= _POSE_S and starts[-1].left >= 0):
            starts.append(Excursion(pose))
        if self._recent and len(starts) == 1 and starts[0].left < 0 and still_s >= _FORGET_S:
            self._get_used_to([])

    def _get_used_to(self, recent: list[tuple[float, float]]) -> None:
        self._recent = recent
        self._usual_deg, self._usual_s = (
            map(median, zip(*recent, strict=True)) if recent else (0, 0)
        )
        self._least_deg = max(MIN_ANGLE_DEG, PARTIAL * self._usual_deg)

    def _complete(self, start: Excursion, tick: int) -> None:
        """Judge an excursion that is over: a repetition becomes due."""
        earliest = max(self._free_from, start.left - round(_BEFORE_S * GRID_HZ), self._first)
        poses = self._smooth[earliest - self._first : tick + 1 - self._first]
        by_pod_deg = distances_deg(poses, start.pose)
        away_deg = mean_of_pods(by_pod_deg)
        home_deg = mean_of_pods(distances_deg(poses, start.low_pose))
        left, peak, low = (k - earliest for k in (start.left, start.peak, start.low))
        margin_deg = max(SWAY_DEG, _BASE * start.size_deg)
        base_deg = np.nanmin(away_deg[: left + 1])
        first = _last(away_deg[: left + 1] <= base_deg + margin_deg)
        stop = peak + _first(home_deg[peak : low + 1] <= margin_deg)
        far = away_deg[: stop + 1] >= start.peak_deg - max(SWAY_DEG, _FAR * start.size_deg)
        self._free_from = earliest + stop
        long_s = (stop - first) / GRID_HZ
        apart = are_apart(by_pod_deg[first : stop + 1])
        shortest_s = MIN_STRIDE_S if self._strides else MIN_REP_S
        if not shortest_s <= long_s <= MAX_REP_S or apart:
            return
        if len(self._recent) > 1 and (
            start.size_deg > _TOO_FAR * self._usual_deg
            or (long_s > _LONG * self._usual_s and start.low_deg > _CLOSE * start.peak_deg)
        ):
            return
        oldest = max(0, tick - self._first - round(MEMORY_S * GRID_HZ))
        lost = np.isnan(self._rows[oldest : tick - self._first, ::4])  # (m, 2): left, right
        there = {side for side, gone in zip(SIDES, lost.T, strict=True) if not gone.all()}
        begin = earliest - self._first - oldest
        lost = lost[begin + first : begin + stop]
        movement = Movement(
            start_s=(earliest + first) / GRID_HZ,
            end_s=(earliest + stop) / GRID_HZ,
            lost_s={
                side: float(gone.sum() / GRID_HZ)
                for side, gone in zip(SIDES, lost.T, strict=True)
                if side in there and gone.any()
            },
            unseen_s=float((lost[:, 0] & lost[:, 1]).sum() / GRID_HZ),
            cut_off=0 <= self._hole_end
            and earliest + first - self._hole_end < _AT_ONCE_S * GRID_HZ,
            reach_s=(earliest + _first(far)) / GRID_HZ,
            leave_s=(earliest + _last(far)) / GRID_HZ,
        )
        due = tick
        if not self._strides and may_be_walking(start.size_deg, long_s):
            due = max(tick, earliest + stop + round(LOOK_ON_S * GRID_HZ))
        self._due.append((due, start.size_deg, movement))

    def _walks(self, movement: Movement, size_deg: float, until: int) -> bool:
        """Whether a movement is of walking about, as seen at step ``until``."""
        long_s = movement.end_s - movement.start_s
        if self._strides or not may_be_walking(size_deg, long_s):
            return False
        first = round((movement.start_s - LOOK_BACK_S) * GRID_HZ) - self._first
        strength_g = self._rows[max(0, first) : until - self._first, 3::4]
        return is_walking(strength_g, long_s, self._usual_s)


def find_reps(imu: Mapping[Side, ImuRecord], strides: bool = True) -> list[tuple[float, float]]:
    """Return start and end of every repetition of a recording, seconds of session time.

    Parameters
    ----------
    imu : mapping of side to ImuRecord
        One side suffices; both are more certain.
    strides : bool
        As for `RepCounter`.

    Returns
    -------
    list of (start_s, end_s)
        In order, without overlap.
    """
    counter = RepCounter(strides)
    found = counter.process(imu) + counter.finish()
    return [(movement.start_s, movement.end_s) for movement in found]


def _first(holds: NDArray[np.bool_]) -> int:
    """Return where a condition holds first; the last place if it never does."""
    return int(np.argmax(holds)) if holds.any() else len(holds) - 1


def _last(holds: NDArray[np.bool_]) -> int:
    """Return where a condition holds last; the first place if it never does."""
    return len(holds) - 1 - int(np.argmax(holds[::-1])) if holds.any() else 0
