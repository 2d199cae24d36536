"""What one pod's sensors feel at any moment: a scenario, interpolated and band-limited."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glutesym.measures import Side
from glutesym.virtual.pod_parts import ALL_OFF
from glutesym.virtual.scenarios.base import EMG_GRID_HZ, IMU_GRID_HZ, Scenario

_REST_S = 0.5  # of rest, played to and fro before the scenario's beginning and after its end
_LEAD_OFF_STEP_NS = 50_000_000
_NEVER_NS = 1 << 60  # the scenario has not begun


class ScenarioBody:
    """One side of a scenario, worn by a pod.

    Parameters
    ----------
    scenario : Scenario
    side : {"left", "right"}
    battery_pct : float
        Charge of the pod's cell.
    """

    def __init__(self, scenario: Scenario, side: Side, battery_pct: float = 87.0) -> None:
        signals = scenario.side(side)
        self._start_ns = _NEVER_NS
        self._lead_off_s = signals.lead_off_s
        self._emg_uv = signals.emg_uv.astype(np.float64)
        self._motion = np.concatenate([signals.accel_g, signals.gyro_dps], axis=1).astype(
            np.float64
        )
        self._filtered: dict[float, NDArray[np.float64]] = {}
        self.battery_pct = battery_pct
        self.usb_power = False

    def start(self, now_ns: int) -> None:
        """Let the scenario's time 0 be now."""
        self._start_ns = now_ns

    def shift(self, later_ns: int) -> None:
        """Let the scenario be later than it was."""
        self._start_ns += later_ns

    def lead_off(self, time_ns: int) -> tuple[int, int]:
        """Return which electrodes are off the skin, and until when that is certain."""
        time_s = (time_ns - self._start_ns) / 1e9
        off = any(start_s <= time_s < end_s for start_s, end_s in self._lead_off_s)
        return ALL_OFF if off else 0, time_ns + _LEAD_OFF_STEP_NS

    def electrode_uv(
        self, start_ns: int, step_ns: float, count: int, aperture_ns: float
    ) -> NDArray[np.float32]:
        """Return electrode voltages as a sigma-delta converter sees them.

        Parameters
        ----------
        start_ns, step_ns : int, float
            World time of the first sample and the distance of the samples.
        count : int
        aperture_ns : float
            Length of the converter's sinc filter box: 1 / data rate (SBAS502: third-order sinc).

        Returns
        -------
        (count,) float32 array in µV
        """
        grid = self._sinc3(aperture_ns)
        position = self._positions(start_ns, step_ns, count, EMG_GRID_HZ, len(grid))
        return _interpolate_cubic(grid, position).astype(np.float32)

    def motion(self, start_ns: int, step_ns: float, count: int) -> NDArray[np.float32]:
        """Return (count, 6) float32: specific force in g, rate of turn in deg/s."""
        position = self._positions(start_ns, step_ns, count, IMU_GRID_HZ, len(self._motion))
        left = position.astype(np.int64)
        part = (position - left)[:, np.newaxis]
        return ((1 - part) * self._motion[left] + part * self._motion[left + 1]).astype(np.float32)

    def power(self, now_ns: int) -> tuple[float, float, bool]:
        """Return battery volts, percent, and whether there is USB power."""
        return 3.5 + 0.7 * self.battery_pct / 100, self.battery_pct, self.usb_power

    def _positions(
        self, start_ns: int, step_ns: float, count: int, grid_hz: float, size: int
    ) -> NDArray[np.float64]:
        """Return places on the grid; outside the scenario its rest is played to and fro."""
        time_s = (start_ns - self._start_ns + step_ns * np.arange(count)) / 1e9
        position = time_s * grid_hz
        first, last = 1.0, size - 3.0
        rest = min(_REST_S * grid_hz, last - first)
        outside = np.where(position < first, first - position, position - last)
        bounce = rest - np.abs(np.mod(outside, 2 * rest) - rest)
        position = np.where(position < first, first + bounce, position)
        return np.where(position > last, last - bounce, position)

    def _sinc3(self, aperture_ns: float) -> NDArray[np.float64]:
        """Return the electrode voltage behind three moving averages of ``aperture_ns``."""
        if aperture_ns not in self._filtered:
            taps = max(1, round(aperture_ns * 1e-9 * EMG_GRID_HZ))
            box = np.ones(taps) / taps
            kernel = np.convolve(np.convolve(box, box), box)
            padded = np.concatenate([np.full(len(kernel) - 1, self._emg_uv[0]), self._emg_uv])
            self._filtered[aperture_ns] = np.convolve(padded, kernel, mode="valid")
        return self._filtered[aperture_ns]


def _interpolate_cubic(
    grid: NDArray[np.float64], position: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return 4-point Lagrange interpolation; at 1/16 of the grid rate its error is below 0.1 %."""
    left = position.astype(np.int64)
    t = position - left
    a, b, c, d = grid[left - 1], grid[left], grid[left + 1], grid[left + 2]
    return (
        -t * (t - 1) * (t - 2) / 6 * a
        + (t + 1) * (t - 1) * (t - 2) / 2 * b
        - (t + 1) * t * (t - 2) / 2 * c
        + (t + 1) * t * (t - 1) / 6 * d
    )
