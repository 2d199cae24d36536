"""Which way is down, as a pod feels it: a complementary filter of accelerometer and gyroscope."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glutesym.recording import ImuRecord

GRID_HZ = 50.0  # session time in steps of 20 ms; body movements end far below 25 Hz
_CORRECT_S = 1.0  # the gyroscope is believed for shorter than this, the accelerometer for longer

_GAP_STEPS = 10  # after a longer gap the accelerometer alone says where down is
_BLOCK = 10  # steps that are fused at once
_AT_ONCE = 50 * _BLOCK  # steps: as much as fits into a cache
_LONG_AGO = -(1 << 62)

Array = NDArray[np.float64]


class GravityOnGrid:
    """One pod's direction of gravity at every step of a grid of session time.

    Step k covers [k, k + 1)/``GRID_HZ`` seconds. The same samples give the same numbers however
    they are cut into blocks.
    """

    def __init__(self) -> None:
        # Samples of the block that is not complete: time, acceleration, rate of turn.
        self._waiting = np.empty(0), np.empty((0, 3)), np.empty((0, 3))
        self._newest_s = -np.inf
        self._block_start = 0  # step
        self._down = (0.0, 0.0, 0.0)  # before it
        self._last_known = _LONG_AGO  # step before it
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
        end = int(step[-1])
        if end <= self._block_start:
            self._waiting = time_s.copy(), accel_g.copy(), gyro_dps.copy()
            return
        start = self._block_start
        pieces: list[Array] = []
        for until in (*range(start + _AT_ONCE, end, _AT_ONCE), end):
            used = slice(*np.searchsorted(step, (self._block_start, until)))
            values = np.concatenate((accel_g[used].T, gyro_dps[used].T))
            pieces.append(self._fuse(step[used], values, until))
        pieces[0] = pieces[0][max(0, self._first - start) :]
        self._rows = np.concatenate((self._rows[: max(0, start - self._first)], *pieces))
        kept = int(np.searchsorted(step, self._block_start))
        self._waiting = time_s[kept:].copy(), accel_g[kept:].copy(), gyro_dps[kept:].copy()
        self.end = end

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

    def _fuse(self, step: NDArray[np.int64], values: Array, end: int) -> Array:
        """Return the rows up to ``end``, given samples from the start of the present block on."""
        start = self._block_start
        blocks = -(-(end - start) // _BLOCK)
        means = _means(step - start, values, blocks * _BLOCK)
        accel = means[:3]
        known = np.isfinite(means[0])
        numbers = np.arange(len(known))
        last_known = max(self._last_known - start, _LONG_AGO)
        before = np.maximum.accumulate(np.where(known, numbers, last_known))
        before = np.concatenate(([last_known], before[:-1]))
        anew = known & (numbers - before > _GAP_STEPS)
        share = 1 / GRID_HZ / _CORRECT_S
        # Down after a step is keep · (down + down × turn) + add, a matrix times (down, 1): what is
        # fixed in the world turns by −ω in the pod's axes. So the steps of all blocks can be
        # chained side by side before the blocks themselves are.
        keep = np.where(anew, 0.0, np.where(known, 1 - share, 1.0))
        add = np.where(known, np.where(anew, 1.0, share) * accel, 0.0)
        x, y, z = keep * np.where(known, np.radians(means[3:]) / GRID_HZ, 0.0)
        chained = np.empty((blocks, _BLOCK, 4, 4))
        steps = chained.reshape(-1, 4, 4)
        steps[:, 0, 0] = steps[:, 1, 1] = steps[:, 2, 2] = keep
        steps[:, 0, 1], steps[:, 0, 2] = z, -y
        steps[:, 1, 0], steps[:, 1, 2] = -z, x
        steps[:, 2, 0], steps[:, 2, 1] = y, -x
        steps[:, :3, 3] = add.T
        steps[:, 3] = 0.0, 0.0, 0.0, 1.0
        for i in range(1, _BLOCK):
            np.matmul(chained[:, i], chained[:, i - 1], out=chained[:, i])
        downs = [self._down]
        for (xx, xy, xz, x1), (yx, yy, yz, y1), (zx, zy, zz, z1), _ in chained[:, -1].tolist():
            u, v, w = downs[-1]
            downs.append(
                (
                    xx * u + xy * v + xz * w + x1,
                    yx * u + yy * v + yz * w + y1,
                    zx * u + zy * v + zz * w + z1,
                )
            )
        first = np.ones((blocks, 4, 1))
        first[:, :3, 0] = downs[:-1]
        down = (chained.reshape(blocks, -1, 4) @ first).reshape(-1, 4)
        down = np.ascontiguousarray(down[:, :3].T)
        down /= np.maximum(_length(down), 1e-9)  # in free fall there is none
        rows = np.where(known, np.concatenate((down, _length(accel))), np.nan).T
        complete = (end - start) // _BLOCK
        self._down = downs[complete]
        self._block_start = start + complete * _BLOCK
        seen = np.flatnonzero(known[: complete * _BLOCK])
        if len(seen):
            self._last_known = start + int(seen[-1])
        return rows[: end - start]


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
