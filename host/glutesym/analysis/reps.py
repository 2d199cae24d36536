"""Where repetitions are: from the motion of both pods, however they are worn.

Gravity as each pod feels it moves through a loop and comes back once a repetition: in a bridge, a
squat, a hinge and in every stride. The loop's main direction is found by principal components over
both pods, so mounting does not matter; a repetition is a prominent excursion along it, out and
back.

Decisions are made in fixed steps of session time from samples already seen, so feeding a recording
at once, in blocks, or as a growing window yields the same repetitions.
"""

from __future__ import annotations

from collections.abc import Mapping

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

    def process(self, imu: Mapping[Side, ImuRecord]) -> list[tuple[float, float]]:
        """Take in new motion and return the repetitions it completes.

        Parameters
        ----------
        imu : mapping of side to ImuRecord
            Blocks or growing windows; samples already seen are passed over. A side may be absent.

        Returns
        -------
        list of (start_s, end_s)
            Session time, in order.
        """
        for side, record in imu.items():
            self._gravity[side].process(record)
        ends = [gravity.end for gravity in self._gravity.values()]
        return self._advance(max(min(ends), max(ends) - round(_LATE_S * GRID_HZ)))

    def finish(self) -> list[tuple[float, float]]:
        """Return what the end of the recording completes; no side is waited for any more."""
        return self._advance(max(gravity.end for gravity in self._gravity.values()))

    def _advance(self, until: int) -> list[tuple[float, float]]:
        """Bring the grid up to ``until``, exclusive, and decide at every step on the way."""
        found: list[tuple[float, float]] = []
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
            self._n_rows += n
            number += n
            if number % step == 0 and (rep := self._decide()) is not None:
                found.append(rep)
        return found

    def _decide(self) -> tuple[float, float] | None:
        """Look for one completed repetition in what is remembered."""
        oldest = max(0, self._n_rows - self._kept)
        rows = self._rows[oldest : self._n_rows]
        missing = runs(np.isnan(rows[:, 0]) & np.isnan(rows[:, 3]))
        for start, stop in missing:
            if stop - start > _BRIDGE_S * GRID_HZ:
                self._free_from = max(self._free_from, self._first + oldest + stop)
        begin = max(0, self._free_from - self._first - oldest)
        if len(rows) - begin < MIN_REP_S * GRID_HZ:
            return None
        signal = self._angle_deg(rows, begin)
        if not np.ptp(signal[-round(_FORGET_S * GRID_HZ) :]) > MIN_ANGLE_DEG:
            if len(signal) >= _FORGET_S * GRID_HZ:
                self._sizes_deg, self._sign = [], 0
            return None
        usual_deg = float(np.median(self._sizes_deg[-5:])) if self._sizes_deg else 0.0
        threshold_deg = max(MIN_ANGLE_DEG, _RELATIVE * usual_deg)
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
        return (first + start) / GRID_HZ, (first + stop) / GRID_HZ

    def _angle_deg(self, rows: NDArray[np.float64], begin: int) -> NDArray[np.float64]:
        """Return the tilt along its main direction of change, (m, 6) g → (m,) degrees."""
        known = np.isfinite(rows)
        mean = np.where(known, rows, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        centred = np.where(known, rows - mean, 0.0)
        axis = np.linalg.eigh(centred.T @ centred)[1][:, -1]
        axis = -axis if axis @ self._axis < 0 else axis
        self._axis = axis
        share = known @ axis**2  # a pod that is missing now does not count now
        position = np.where(share > 0.05, centred @ axis / np.maximum(share, 0.05), np.nan)
        position = position[begin:]  # what lies before is another stretch, it must not leak in
        finite = np.isfinite(position)
        held = np.maximum.accumulate(np.where(finite, np.arange(len(position)), 0))
        held = np.maximum(held, np.argmax(finite))  # before the first: as the first
        pods = max(1, int(known.any(axis=0).sum()) // 3)
        angle_deg = np.nan_to_num(np.degrees(position[held] / np.sqrt(pods)))
        padded = np.pad(angle_deg, _SMOOTH // 2, mode="edge")
        return np.convolve(padded, np.full(_SMOOTH, 1 / _SMOOTH), "valid")


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
    return counter.process(imu) + counter.finish()


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
