"""How long, in what bouts and how evenly a person sits: from the tilt of the pods.

Sitting down rolls the pelvis backwards (by some 20–40° on a usual chair) and keeps it there: a pod
that is tilted against standing and rather still is taken to be on somebody who sits. What that
cannot know: perched upright on a stool nothing tilts, so it counts as standing; leaning back
against a wall counts as sitting; and so does standing bent forward when it was not shown before
where forward is. Lying is told by its larger tilt, on the back or the belly.

Evenness is a lean, not a load: no pressure is measured. The lean of the pelvis needs to know where
forward is (`glutesym.analysis.pelvis.reference` with a stretch of bending), and frontal angles of
one IMU err by 2.7–4.5° RMS (Bolink et al. 2016, Med Eng Phys 38:225): a few degrees mean nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.gravity import GRID_HZ, GravityOnGrid
from glutesym.analysis.pelvis import Reference, bend_deg
from glutesym.measures import SIDES, Estimate, Side
from glutesym.recording import ImuRecord

_EPOCH_STEPS = round(GRID_HZ)  # decisions are made of whole seconds
_LATE_EPOCHS = 5  # a pod that is silent for longer is not waited for
_BEGIN_S = 5  # sitting for so long: a bout has begun
_BREAK_S = 20  # not sitting for so long: it is over; less is fidgeting
_UNSEEN_S = 60  # nothing seen for so long: it is over, too
_MIN_LEAN_S = 10


@dataclass(frozen=True)
class SittingSettings:
    """What counts as sitting, and when to get up."""

    break_after_min: float = 30.0  # of a bout; again after as long
    least_tilt_deg: float = 12.0  # against standing
    most_tilt_deg: float = 60.0  # beyond it is lying
    still_dps: float = 15.0  # mean rate of turn in a second; walking has 30 and more


@dataclass(frozen=True)
class SittingState:
    """What is known until now."""

    sitting: bool | None  # now; None: not known
    bout_s: float  # of the bout that lasts; 0: none does
    total_s: float
    longest_s: float
    bouts: tuple[tuple[float, float], ...]  # (start_s, end_s), the one that lasts included
    seen_s: float  # of which it is known whether they were sat
    reminders_s: tuple[float, ...]  # session times at which a break became due
    break_due: bool  # in the bout that lasts
    lean_deg: Estimate  # mean while sitting, positive: to the right, the left side is up
    tilt_difference_deg: Estimate  # mean tilt against standing, right pod − left pod
    reason: str = ""  # why nothing is known


class SittingMonitor:
    """Follow a person's sitting, block by block.

    Parameters
    ----------
    references : mapping of side to Reference
        Each pod in quiet standing, from `glutesym.analysis.pelvis.reference`; pods without one are
        not used.
    settings : SittingSettings

    Raises
    ------
    ValueError
        The break is not above 0 minutes.
    """

    def __init__(
        self, references: Mapping[Side, Reference], settings: SittingSettings | None = None
    ) -> None:
        self._references = dict(references)
        self._settings = settings or SittingSettings()
        if not self._settings.break_after_min > 0:
            raise ValueError("break_after_min must be above 0")
        self._pods: dict[Side, _Epochs] = {side: _Epochs() for side in references}
        self._next: int | None = None  # epoch to be decided
        self._now: bool | None = None
        self._candidate = 0  # epochs in a row that look sat, before a bout
        self._bouts: list[list[float]] = []  # start, end
        self._open = False
        self._bout_s = 0  # of the bout that lasts
        self._pause, self._unseen = 0, 0  # epochs since the last one that was sat
        self._total_s, self._longest_s, self._seen_s = 0, 0, 0
        self._reminders_s: list[float] = []
        self._lean = np.zeros(2)  # sum and number of epochs
        self._difference = np.zeros(2)

    @property
    def state(self) -> SittingState:
        """What is known until now."""
        leans = any(reference.axes is not None for reference in self._references.values())
        both = len(self._references) == 2
        return SittingState(
            self._now,
            float(self._bout_s if self._open else 0),
            float(self._total_s),
            float(self._longest_s),
            tuple((start_s, end_s) for start_s, end_s in self._bouts),
            float(self._seen_s),
            tuple(self._reminders_s),
            self._open and self._bout_s >= 60 * self._settings.break_after_min,
            _mean(self._lean, "" if leans else "no bending forward was seen while standing"),
            _mean(self._difference, "" if both else "it needs both pods, each seen standing"),
            "" if self._references else "no quiet standing was seen to compare with",
        )

    def process(self, imu: Mapping[Side, ImuRecord]) -> SittingState:
        """Take in the next samples of the pods and return the state.

        Parameters
        ----------
        imu : mapping of side to ImuRecord
            Blocks or growing windows of the same stretch of time; samples already seen are passed
            over.
        """
        for side, pod in self._pods.items():
            record = imu.get(side)
            if record is not None and len(record.time_s):
                pod.process(record)
                first = int(np.floor(record.time_s[0]))
                if self._next is None or (not self._seen_s and first < self._next):
                    self._next = first
        ends = [pod.end for pod in self._pods.values()]
        if ends:
            self._advance(max(min(ends), max(ends) - _LATE_EPOCHS))
        return self.state

    def finish(self) -> SittingState:
        """Decide what is left; no pod is waited for any more."""
        self._advance(max((pod.end for pod in self._pods.values()), default=0))
        return self.state

    def _advance(self, until: int) -> None:
        while self._next is not None and self._next < until:
            self._decide(self._next)
            self._next += 1

    def _decide(self, epoch: int) -> None:
        """Take in one second."""
        tilts: dict[Side, float] = {}
        leans: list[float] = []
        speeds: list[float] = []
        for side, pod in self._pods.items():
            up, speed_dps = pod.take(epoch)
            if not np.isfinite(up).all() or not np.isfinite(speed_dps):
                continue
            reference = self._references[side]
            tilts[side] = float(bend_deg(up, reference.vertical))
            speeds.append(speed_dps)
            if reference.axes is not None:
                forward, left = (reference.axes @ up)[:2]
                tilts[side] *= 1 if forward > 0 else -1  # rolled back, what is up lies ahead
                leans.append(float(np.degrees(np.arcsin(np.clip(left, -1, 1)))))
        if tilts:
            tilt_deg = float(np.mean(list(tilts.values())))
            limits = self._settings
            self._now = (
                limits.least_tilt_deg <= tilt_deg <= limits.most_tilt_deg
                and float(np.mean(speeds)) <= limits.still_dps
            )
            self._seen_s += 1
        else:
            self._now = None
        self._follow(epoch)
        if self._now and self._open:
            if leans:
                self._lean += np.array((np.mean(leans), 1.0))
            if len(tilts) == 2:
                left, right = (tilts[side] for side in SIDES)
                self._difference += np.array((right - left, 1.0))

    def _follow(self, epoch: int) -> None:
        """Begin, lengthen or end a bout."""
        if not self._open:
            self._candidate = self._candidate + 1 if self._now else 0
            if self._candidate == _BEGIN_S:
                self._open, self._candidate, self._bout_s = True, 0, 0
                self._pause = self._unseen = 0
                self._bouts.append([float(epoch + 1 - _BEGIN_S), float(epoch + 1)])
                self._sat(_BEGIN_S, epoch)
        elif self._now:
            self._sat(self._pause + 1, epoch)  # fidgeting is sitting, too
            self._bouts[-1][1] = float(epoch + 1)
            self._pause = self._unseen = 0
        else:
            self._pause += self._now is not None
            self._unseen += self._now is None
            self._open = self._pause < _BREAK_S and self._unseen < _UNSEEN_S

    def _sat(self, more_s: int, epoch: int) -> None:
        every_s = 60 * self._settings.break_after_min
        due = int((self._bout_s + more_s) // every_s) > int(self._bout_s // every_s)
        self._bout_s += more_s
        self._total_s += more_s
        self._longest_s = max(self._longest_s, self._bout_s)
        if due:
            self._reminders_s.append(float(epoch + 1))


def sitting(
    imu: Mapping[Side, ImuRecord],
    references: Mapping[Side, Reference],
    settings: SittingSettings | None = None,
) -> SittingState:
    """Return how a person sat in a whole recording; see `SittingMonitor`."""
    monitor = SittingMonitor(references, settings)
    monitor.process(imu)
    return monitor.finish()


class _Epochs:
    """One pod's gravity and rate of turn, second by second."""

    def __init__(self) -> None:
        self._gravity = GravityOnGrid()
        self._newest_s = -np.inf
        self._speed: dict[int, tuple[float, int]] = {}  # sum and number by epoch

    @property
    def end(self) -> int:
        """Every epoch before this one is complete."""
        return self._gravity.end // _EPOCH_STEPS

    def process(self, imu: ImuRecord) -> None:
        self._gravity.process(imu)
        new = (imu.time_s > self._newest_s) & np.isfinite(imu.gyro_dps).all(axis=1)
        self._newest_s = max(self._newest_s, float(imu.time_s[-1]))
        speed_dps = np.linalg.norm(imu.gyro_dps[new], axis=1)
        numbers, at = np.unique(np.floor(imu.time_s[new]).astype(np.int64), return_inverse=True)
        for number, total, count in zip(
            numbers.tolist(), np.bincount(at, speed_dps), np.bincount(at), strict=True
        ):
            before = self._speed.get(number, (0.0, 0))
            self._speed[number] = (before[0] + float(total), before[1] + int(count))

    def take(self, epoch: int) -> tuple[NDArray[np.float64], float]:
        """Return and forget the up vector, (3,), and the rate of turn; NaN: not known."""
        rows = self._gravity.take(epoch * _EPOCH_STEPS, (epoch + 1) * _EPOCH_STEPS)[:, :3]
        rows = rows[np.isfinite(rows).all(axis=1)]
        total, count = self._speed.pop(epoch, (0.0, 0))
        if len(rows) < _EPOCH_STEPS / 2 or not count:
            return np.full(3, np.nan), float("nan")
        up = rows.mean(axis=0)
        return up / np.linalg.norm(up), total / count


def _mean(of: NDArray[np.float64], reason: str) -> Estimate:
    total, count = of.tolist()
    if reason or count < _MIN_LEAN_S:
        text = f"sat for {count:.0f} s in all, {_MIN_LEAN_S} s are needed"
        return Estimate(None, reason=reason or text)
    return Estimate(total / count)
