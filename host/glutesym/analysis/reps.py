"""Where repetitions are: from the motion of both pods, however they are worn.

Gravity as each pod feels it moves through a loop and comes back once a repetition: in a bridge, a
squat, a hinge and in every stride. The loop's main direction is found by principal components over
both pods, so mounting does not matter; a repetition is a prominent excursion along it, out and
back.

Decisions are made in fixed steps of session time from samples already seen, so feeding a recording
at once, in blocks, or as a growing window yields the same repetitions.

Where motion is lost, no repetition is made up: what a pod does not see the other one does; what
neither sees for longer than a moment is not counted, and what begins there is marked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.gravity import GRID_HZ, GravityOnGrid
from glutesym.dsp.runs import runs
from glutesym.measures import SIDES, Side
from glutesym.recording import ImuRecord

MEMORY_S = 30.0  # what is looked back at
MIN_REP_S = 0.5  # a fast stride takes 0.8 s
MAX_REP_S = 25.0
MIN_ANGLE_DEG = 4.0  # smaller excursions are sway

_DECIDE_S = 0.4  # between decisions
_LATE_S = 2.0  # a side that is silent for longer is not waited for
_BRIDGE_S = 0.3  # a longer gap on both sides ends a repetition uncounted
_SMOOTH = 9  # grid samples, 0.18 s
_RELATIVE = 0.4  # an excursion is at least this part of the usual one
_FORGET_S = 10.0  # of stillness: what was usual is forgotten, another exercise may follow
_BASE = 0.03  # movement begins and ends at this part of the excursion ...
_BASE_DEG = 0.7  # ... but above sway
_SETTLED_S = 0.4  # still for so long, most of the way back: the repetition is over
_SETTLED_DEG = 1.5
_RETURNED = 0.6
_GIVE_UP_S = 3.0  # still for so long anywhere below the far end: over as well
_MATCH = 1.5  # ways out and back that differ by more: the longer one was also a change of posture
_TOGETHER = 0.3  # of the motion: seen by both pods, it tells how much each of them sees
_AT_ONCE_S = 0.4  # after motion was lost: what begins so soon may have begun before
_REST_S = 1.0  # still for so long before motion was lost: what the first repetition goes away from


@dataclass(frozen=True)
class Movement:
    """One repetition, as the pods' motion shows it."""

    start_s: float  # session time
    end_s: float
    lost_s: Mapping[Side, float] = field(default_factory=dict[Side, float])  # of it, by a pod
    unseen_s: float = 0.0  # of it, by every pod: bridged
    cut_off: bool = False  # nobody saw how it began: its bounds are doubtful


class RepCounter:
    """Find repetitions as they are completed; each is returned once and never changes."""

    def __init__(self) -> None:
        self._gravity = {side: GravityOnGrid() for side in SIDES}
        self._kept = round(MEMORY_S * GRID_HZ)
        self._rows = np.full((2 * self._kept, 6), np.nan)  # left and right gravity
        self._n_rows = 0
        self._first = 0  # grid number of the first row
        self._free_from = 0  # grid number from which the next repetition may begin
        self._sizes_deg: list[float] = []
        self._axis = np.zeros(6)
        self._sign = 0  # of the excursions along the axis; 0: not known yet
        self._hole_end = -1  # grid number at which the last long hole ended
        self._hole_steps = 0  # of the hole that has not ended
        self._unseen_steps = 0
        self._seen_from = -1  # grid number; -1: nothing was seen so far

    @property
    def unseen_s(self) -> float:
        """For how long in all no pod's motion was there, but for moments that were bridged."""
        return self._unseen_steps / GRID_HZ

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
        return self._advance(max(min(ends), max(ends) - round(_LATE_S * GRID_HZ)))

    def finish(self) -> list[Movement]:
        """Return what the end of the recording completes; no side is waited for any more."""
        return self._advance(max(gravity.end for gravity in self._gravity.values()))

    def _advance(self, until: int) -> list[Movement]:
        """Bring the grid up to ``until``, exclusive, and decide at every step on the way."""
        found: list[Movement] = []
        step = round(_DECIDE_S * GRID_HZ)
        number = self._first + self._n_rows
        while number < until:
            n = min(step - number % step, until - number)
            if self._n_rows + n > len(self._rows):
                surplus = self._n_rows - self._kept
                self._rows[: self._kept] = self._rows[surplus : self._n_rows].copy()
                self._n_rows -= surplus
                self._first += surplus
            new = self._rows[self._n_rows : self._n_rows + n]
            new[:, :3] = self._gravity["left"].take(number, number + n)
            new[:, 3:] = self._gravity["right"].take(number, number + n)
            self._look_for_holes(number, np.isnan(new[:, 0]) & np.isnan(new[:, 3]))
            self._n_rows += n
            number += n
            if number % step == 0 and (rep := self._decide()) is not None:
                found.append(rep)
        return found

    def _look_for_holes(self, number: int, unseen: NDArray[np.bool_]) -> None:
        """Count what no pod saw, in new steps from ``number`` on."""
        if self._seen_from < 0:
            if unseen.all():
                return
            first = int(np.argmin(unseen))
            self._seen_from, unseen = number + first, unseen[first:]
        longest = round(_BRIDGE_S * GRID_HZ)
        for gone in unseen.tolist():
            self._hole_steps = self._hole_steps + 1 if gone else 0
            if self._hole_steps > longest:
                self._unseen_steps += 1 + (longest if self._hole_steps == longest + 1 else 0)

    def _decide(self) -> Movement | None:
        """Look for one completed repetition in what is remembered."""
        oldest = max(0, self._n_rows - self._kept)
        rows = self._rows[oldest : self._n_rows]
        lost = np.isnan(rows[:, ::3])  # (m, 2): by the left pod, by the right
        for start, stop in runs(lost[:, 0] & lost[:, 1]):
            if stop - start > _BRIDGE_S * GRID_HZ:
                end = self._first + oldest + stop
                self._free_from = max(self._free_from, end)
                if end > self._seen_from:
                    self._hole_end = end
        begin = max(0, self._free_from - self._first - oldest)
        if len(rows) - begin < MIN_REP_S * GRID_HZ:
            return None
        angle_deg = self._angle_deg(rows)
        signal = _smoothed(angle_deg[begin:])  # what lies before must not leak in
        if not np.ptp(signal[-round(_FORGET_S * GRID_HZ) :]) > MIN_ANGLE_DEG:
            if len(signal) >= _FORGET_S * GRID_HZ:
                self._sizes_deg, self._sign = [], 0
            return None
        usual_deg = float(np.median(self._sizes_deg[-5:])) if self._sizes_deg else 0.0
        threshold_deg = max(MIN_ANGLE_DEG, _RELATIVE * usual_deg)
        if not self._sign and self._hole_end == self._free_from:
            self._sign = _away_from_rest(angle_deg[:begin], signal, threshold_deg)
        found = [
            (*rep, sign)
            for sign in ((self._sign,) if self._sign else (1, -1))
            if (rep := _first_excursion((sign * signal).tolist(), threshold_deg)) is not None
        ]
        if not found:
            return None
        start, stop, size_deg, self._sign = min(found)
        first = self._first + oldest + begin
        self._free_from = first + stop
        if not MIN_REP_S <= (stop - start) / GRID_HZ <= MAX_REP_S:
            return None
        self._sizes_deg.append(size_deg)
        there = {side for side, gone in zip(SIDES, lost.T, strict=True) if not gone.all()}
        lost = lost[begin + start : begin + stop]
        return Movement(
            start_s=(first + start) / GRID_HZ,
            end_s=(first + stop) / GRID_HZ,
            lost_s={
                side: float(gone.sum() / GRID_HZ)
                for side, gone in zip(SIDES, lost.T, strict=True)
                if side in there and gone.any()
            },
            unseen_s=float((lost[:, 0] & lost[:, 1]).sum() / GRID_HZ),
            cut_off=0 <= self._hole_end and first + start - self._hole_end < _AT_ONCE_S * GRID_HZ,
        )

    def _angle_deg(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the tilt along its main direction of change, (m, 6) g → (m,) degrees or NaN."""
        known = np.isfinite(rows)
        there = known.any(axis=0)
        # Both pods' means and shares must be of the same moments, or their sum jumps when one of
        # them is lost; unless next to nothing moved while both were there.
        together = known[:, there].all(axis=1) & there.any()
        mean = np.where(there, _mean(rows[together] if together.any() else rows), 0.0)
        centred = np.where(known, rows - mean, 0.0)
        moved = np.sum(centred**2, axis=1)
        enough = moved[together].sum() > _TOGETHER * moved.sum()
        of = centred[together] if enough else centred
        axis = np.linalg.eigh(of.T @ of)[1][:, -1]
        axis = -axis if axis @ self._axis < 0 else axis
        self._axis = axis
        share = known @ axis**2  # a pod that is missing now does not count now
        position = np.where(share > 0.05, centred @ axis / np.maximum(share, 0.05), np.nan)
        pods = max(1, int(there.sum()) // 3)
        return np.degrees(position / np.sqrt(pods))


def find_reps(imu: Mapping[Side, ImuRecord]) -> list[tuple[float, float]]:
    """Return start and end of every repetition of a recording, seconds of session time.

    Parameters
    ----------
    imu : mapping of side to ImuRecord
        One side suffices; both are more certain.

    Returns
    -------
    list of (start_s, end_s)
        In order, without overlap.
    """
    counter = RepCounter()
    found = counter.process(imu) + counter.finish()
    return [(movement.start_s, movement.end_s) for movement in found]


def _mean(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of what is known, by column; 0 where nothing is."""
    known = np.isfinite(rows)
    return np.where(known, rows, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def _smoothed(angle_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the angle, smoothed, with the last known one where none is known."""
    finite = np.isfinite(angle_deg)
    held = np.maximum.accumulate(np.where(finite, np.arange(len(angle_deg)), 0))
    held = np.maximum(held, np.argmax(finite))  # before the first: as the first
    padded = np.pad(np.nan_to_num(angle_deg[held]), _SMOOTH // 2, mode="edge")
    return np.convolve(padded, np.full(_SMOOTH, 1 / _SMOOTH), "valid")


def _away_from_rest(
    before_deg: NDArray[np.float64], after_deg: NDArray[np.float64], threshold_deg: float
) -> int:
    """Return in which direction movement left the longest rest before a hole; 0: not known.

    Without this, a first repetition that is half lost would have its far end taken for rest.
    """
    before_deg = before_deg[np.isfinite(before_deg)]
    n = round(_REST_S * GRID_HZ)
    if len(before_deg) < n:
        return 0
    windows = np.lib.stride_tricks.sliding_window_view(before_deg, n)
    still = runs(np.ptp(windows, axis=1) < _SETTLED_DEG)
    if not still:
        return 0
    start, stop = max(still, key=lambda run: run[1] - run[0])
    since = (
        np.concatenate((before_deg[stop:], after_deg)) - before_deg[start : stop + n - 1].mean()
    )
    left = np.flatnonzero(np.abs(since) >= threshold_deg)
    return int(np.sign(since[left[0]])) if len(left) else 0


def _first_excursion(
    signal_deg: list[float], threshold_deg: float
) -> tuple[int, int, float] | None:
    """Return start, stop and size of the first completed excursion upwards, or None."""
    low = peak = back = signal_deg[0]
    peak_at = -1
    rising, falling = True, False
    settled, give_up = round(_SETTLED_S * GRID_HZ), round(_GIVE_UP_S * GRID_HZ)
    for i, x in enumerate(signal_deg):
        if rising:
            low = min(low, x)
            if x - low >= threshold_deg:
                rising, peak, peak_at = False, x, i
        elif not falling:
            if x > peak:
                peak, peak_at = x, i
            elif peak - x >= threshold_deg:
                falling, back = True, x
        else:
            back = min(back, x)
            returned = peak - back >= _RETURNED * (peak - low)
            if (
                x - back >= threshold_deg
                or (returned and _is_still(signal_deg, i, settled))
                or _is_still(signal_deg, i, give_up)
            ):
                return _limits(signal_deg[: i + 1], low, peak, peak_at, back)
    return None


def _is_still(signal_deg: list[float], i: int, n: int) -> bool:
    recent = signal_deg[i - n + 1 : i + 1] if i >= n else []
    return bool(recent) and max(recent) - min(recent) < _SETTLED_DEG


def _limits(
    signal_deg: list[float], low: float, peak: float, peak_at: int, back: float
) -> tuple[int, int, float]:
    """Return where an excursion leaves its base and is back, and how large it is."""
    way_out, way_back = peak - low, peak - back
    size = min(way_out, way_back)
    base_before = low if way_out < _MATCH * size else back
    base_after = back if way_back < _MATCH * size else low
    margin = max(_BASE * size, _BASE_DEG)
    start = stop = peak_at
    while start > 0 and signal_deg[start] > base_before + margin:
        start -= 1
    while stop < len(signal_deg) - 1 and signal_deg[stop] > base_after + margin:
        stop += 1
    return start, stop, size
