"""Which way is down, as a pod feels it: a complementary filter of accelerometer and gyroscope."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glutesym.recording import ImuRecord

GRID_HZ = 50.0  # session time in steps of 20 ms; body movements end far below 25 Hz
_CORRECT_S = 1.0  # the gyroscope is believed for shorter than this, the accelerometer for longer

_GAP_STEPS = 10  # after a longer gap the accelerometer alone says where down is


class GravityOnGrid:
    """One pod's direction of gravity at every step of a grid of session time.

    Step k covers [k, k + 1)/``GRID_HZ`` seconds. The same samples give the same numbers however
    they are cut into blocks.
    """

    def __init__(self) -> None:
        self._waiting_time_s = np.empty(0)  # samples of the step that is not complete
        self._waiting = np.empty((0, 6))
        self._newest_s = -np.inf
        self._down = (0.0, 0.0, 0.0)
        self._last_step = -(1 << 62)
        self._taken = 0
        self._steps: dict[int, tuple[float, float, float]] = {}
        self.end = 0  # every step before this one is complete

    def process(self, imu: ImuRecord) -> None:
        """Take in samples; those not newer than what was seen are passed over."""
        new = imu.time_s > self._newest_s
        if not new.any():
            return
        time_s = np.concatenate((self._waiting_time_s, imu.time_s[new]))
        values = np.concatenate(
            (self._waiting, np.column_stack((imu.accel_g[new], np.radians(imu.gyro_dps[new]))))
        )
        self._newest_s = float(time_s[-1])
        step = np.floor(time_s * GRID_HZ).astype(np.int64)
        end = int(step[-1])
        done = step < end
        self._waiting_time_s, self._waiting = time_s[~done], values[~done]
        self._fuse(step[done], values[done])
        self.end = max(self.end, end)

    def take(self, start: int, stop: int) -> NDArray[np.float64]:
        """Return and forget steps, ``stop`` excluded: (n, 3) in g, NaN where unknown."""
        unknown = (np.nan, np.nan, np.nan)
        self._taken = stop
        return np.array([self._steps.pop(k, unknown) for k in range(start, stop)])

    def _fuse(self, step: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        known = np.isfinite(values).all(axis=1)
        step, values = step[known], values[known]
        if not len(step):
            return
        numbers, first, count = np.unique(step, return_index=True, return_counts=True)
        means = np.add.reduceat(values, first, axis=0) / count[:, None]
        dt, share = 1 / GRID_HZ, 1 / GRID_HZ / _CORRECT_S
        for number, (ax, ay, az, wx, wy, wz) in zip(numbers.tolist(), means.tolist(), strict=True):
            if number - self._last_step > _GAP_STEPS:
                self._down = (ax, ay, az)
            x, y, z = self._down
            # What is fixed in the world turns by −ω in the pod's axes.
            x, y, z = (
                x + dt * (y * wz - z * wy),
                y + dt * (z * wx - x * wz),
                z + dt * (x * wy - y * wx),
            )
            self._down = (x + share * (ax - x), y + share * (ay - y), z + share * (az - z))
            self._last_step = number
            if number >= self._taken:
                self._steps[number] = self._down
