"""Which way is down, as a pod feels it: a complementary filter of accelerometer and gyroscope."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from glutesym.recording import ImuRecord

GRID_HZ = 50.0  # session time in steps of 20 ms; body movements end far below 25 Hz
_CORRECT_S = 1.0  # the gyroscope is believed for shorter than this, the accelerometer for longer

_GAP_STEPS = 10  # after a longer gap the accelerometer alone says where down is
_AT_ONCE = 4000  # steps: as much as fits into a cache
_LONG_AGO = -(1 << 62)

Array = NDArray[np.float64]


class GravityOnGrid:
    """One pod's direction of gravity at every step of a grid of session time.

    Step k covers [k, k + 1)/``GRID_HZ`` seconds. The same samples give the same numbers however
    they are cut into blocks.
    """

    def __init__(self) -> None:
        # Samples of the step that is not complete: time, acceleration, rate of turn.
        self._waiting = np.empty(0), np.empty((0, 3)), np.empty((0, 3))
        self._newest_s = -np.inf
        self._down = np.zeros(3)  # before the step ``end``
        self._last_known = _LONG_AGO  # step
        self._rows = np.empty((0, 4))
        self._first = 0  # step of the first row
        self.end = 0  # every step before this one is complete

    def process(self, imu: ImuRecord) -> None:
        """Take in samples; those not newer than what was seen are passed over."""
        first = int(np.searchsorted(imu.time_s, self._newest_s, "right"))
        if first == len(imu.time_s):
            return
        time_s, accel_g, gyro_dps = (
            np.concatenate((waiting, new[first:])) if len(waiting) else new[first:]
            for waiting, new in zip(
                self._waiting, (imu.time_s, imu.accel_g, imu.gyro_dps), strict=True
            )
        )
        self._newest_s = float(time_s[-1])
        step = np.floor(time_s * GRID_HZ).astype(np.int64)
        start, end = self.end, int(step[-1])
        pieces = [self._rows]
        while self.end < end:
            until = min(self.end + _AT_ONCE, end)
            used = slice(*np.searchsorted(step, (self.end, until)))
            values = np.concatenate((accel_g[used].T, gyro_dps[used].T))
            pieces.append(self._fuse(step[used], values, until))
        # Without what was given away as unknown before it was here.
        self._rows = np.concatenate(pieces)[max(0, self._first - start) :]
        kept = int(np.searchsorted(step, self.end))
        self._waiting = time_s[kept:].copy(), accel_g[kept:].copy(), gyro_dps[kept:].copy()

    def take(self, start: int, stop: int) -> Array:
        """Return and forget steps, ``stop`` excluded; NaN where unknown.

        Returns
        -------
        (n, 4) array
            The direction, a unit vector in the pod's axes, and how strong the force was in g.
        """
        out = np.full((stop - start, 4), np.nan)
        there = self._rows[max(0, start - self._first) : max(0, stop - self._first)]
        offset = max(0, self._first - start)
        out[offset : offset + len(there)] = there
        self._rows = self._rows[max(0, stop - self._first) :]
        self._first = max(self._first, stop)
        return out

    def _fuse(self, step: NDArray[np.int64], values: Array, until: int) -> Array:
        """Return the rows from ``end`` up to another step, given their samples."""
        means = _means(step - self.end, values, until - self.end)
        accel = means[:3]
        known = np.isfinite(means[0])
        numbers = np.arange(self.end, until)
        before = np.maximum.accumulate(np.where(known, numbers, self._last_known))
        self._last_known, before = int(before[-1]), np.append(self._last_known, before[:-1])
        anew = known & (numbers - before > _GAP_STEPS)
        share = 1 / GRID_HZ / _CORRECT_S
        keep = np.where(anew, 0.0, np.where(known, 1 - share, 1.0))
        add = np.where(known, np.where(anew, 1.0, share) * accel, 0.0)
        turn = keep * np.where(known, np.radians(means[3:]) / GRID_HZ, 0.0)
        down = _chained(self._down, keep, turn, add)
        self._down, self.end = down[:, -1], until
        down = down / np.maximum(_length(down), 1e-9)  # in free fall there is none
        return np.where(known, np.concatenate((down, _length(accel))), np.nan).T


def _chained(before: Array, keep: Array, turn: Array, add: Array) -> Array:
    """Return what (3,) becomes, step by step: keep · itself + itself × turn + add, (3, n).

    As one triangular system of equations: each component depends on the three of the step before.
    """
    n = add.shape[1]
    x, y, z = turn
    # Columns are components, from the one before the first step to one after the last; rows are
    # how far the component that depends on it comes after it. That one after the last lets the
    # last step be summed like all others, so that cutting into blocks changes no digit.
    band = np.zeros((n + 2, 3, 6))
    at = band[:n]
    at[:, 0, 3] = at[:, 1, 3] = at[:, 2, 3] = -keep
    # What is fixed in the world turns by −ω in the pod's axes.
    at[:, 0, 4], at[:, 0, 5] = z, -y
    at[:, 1, 2], at[:, 1, 4] = -z, x
    at[:, 2, 1], at[:, 2, 2] = y, -x
    right = np.zeros((n + 2, 3))
    right[0], right[1 : n + 1] = before, add.T
    solve: Any = scipy.linalg.get_blas_funcs("tbsv", dtype=np.float64)
    solved = solve(5, band.reshape(-1, 6).T, right.ravel(), lower=1, diag=1)
    return np.ascontiguousarray(solved.reshape(-1, 3)[1 : n + 1].T)


def _means(step: NDArray[np.int64], values: Array, n: int) -> Array:
    """Return each step's mean of samples (6, m): (6, n), NaN where unknown."""
    means = np.full((6, n), np.nan)
    known = np.isfinite(values).all(axis=0)
    if not known.all():
        step, values = step[known], values[:, known]
    if len(step):
        first = np.flatnonzero(np.diff(step, prepend=-1))
        count = np.diff(first, append=len(step))
        means[:, step[first]] = np.add.reduceat(values, first, axis=1) / count
    return means


def _length(v: Array) -> Array:
    """Return the lengths of vectors, (3, n) → (1, n)."""
    return np.sqrt(v[0] ** 2 + v[1] ** 2 + v[2] ** 2)[None]
