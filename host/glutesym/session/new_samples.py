"""What has come since the last look at a recording that grows: each sample once, in order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from glutesym.measures import Side
from glutesym.recording import EmgRecord, ImuRecord, Recording, array_names

SETTLE_S = 0.5  # samples are passed on at this age: what the radio lost has been sent again
_NEAR_S = 0.5  # a sample's time changes by less than this when clocks are fitted anew
_Record = TypeVar("_Record", EmgRecord, ImuRecord)


@dataclass(frozen=True)
class Samples:
    """New samples of one side, each with its session time."""

    side: Side
    emg: EmgRecord  # µV; NaN where a sample was lost
    imu: ImuRecord  # g and deg/s


class NewSamples:
    """Passes on what has become old enough since it was last asked."""

    def __init__(self) -> None:
        self._marks: dict[Side, _Mark] = {}

    def of(self, recording: Recording, time_s: float) -> list[Samples]:
        """Return what is new, at a session time.

        Parameters
        ----------
        recording : Recording
            The newest stretch; longer than what comes between two calls.
        time_s : float
            Now.

        Returns
        -------
        list of Samples
            At most one a side.
        """
        found: list[Samples] = []
        for side, pod in recording.pods.items():
            mark = self._marks.setdefault(side, _Mark())
            samples = mark.after(side, pod.emg, pod.imu, time_s - SETTLE_S)
            if len(samples.emg.time_s) or len(samples.imu.time_s):
                found.append(samples)
        return found


class _Mark:
    """How far one side has been passed on.

    Clocks are fitted again and again, so that the same sample has slightly different times: what
    tells samples apart is the pod's own count.
    """

    def __init__(self) -> None:
        self._index = -1
        self._emg_s = self._imu_s = -np.inf
        self._imu_row = np.full(6, np.nan)

    def after(self, side: Side, emg: EmgRecord, imu: ImuRecord, until_s: float) -> Samples:
        """Return copies of what follows, up to a session time."""
        first = int(np.searchsorted(emg.time_s, self._emg_s, "right"))
        shift_s = 0.0
        near = slice(*np.searchsorted(emg.time_s, (self._emg_s - _NEAR_S, self._emg_s + _NEAR_S)))
        same = np.flatnonzero(emg.index[near] == self._index)
        if self._index >= 0 and len(same):
            first = near.start + int(same[-1]) + 1
            shift_s = float(emg.time_s[first - 1]) - self._emg_s
        counted = np.flatnonzero(emg.index >= 0)
        counted = counted[counted < np.searchsorted(emg.time_s, until_s, "right")]
        last = max(first, int(counted[-1]) + 1 if len(counted) else 0)
        imu_part = slice(
            self._imu_first(imu, shift_s), int(np.searchsorted(imu.time_s, until_s, "right"))
        )
        if last > first:
            self._index, self._emg_s = int(emg.index[last - 1]), float(emg.time_s[last - 1])
        if imu_part.stop > imu_part.start:
            self._imu_s = float(imu.time_s[imu_part.stop - 1])
            self._imu_row = _row(imu, imu_part.stop - 1)
        elif np.isfinite(self._imu_s):
            self._imu_s += shift_s
        return Samples(side, _copy(emg, slice(first, last)), _copy(imu, imu_part))

    def _imu_first(self, imu: ImuRecord, shift_s: float) -> int:
        """Return where motion goes on. It has no count: its values tell, or else its time."""
        expected_s = self._imu_s + shift_s
        first, last = np.searchsorted(imu.time_s, (expected_s - _NEAR_S, expected_s + _NEAR_S))
        values = np.hstack((imu.accel_g[first:last], imu.gyro_dps[first:last]))
        same = first + np.flatnonzero((values == self._imu_row).all(axis=1))
        if len(same):
            return int(same[np.argmin(np.abs(imu.time_s[same] - expected_s))]) + 1
        return int(np.searchsorted(imu.time_s, expected_s + 0.5 / imu.fs_hz))


def _row(imu: ImuRecord, i: int) -> NDArray[np.float64]:
    return np.concatenate((imu.accel_g[i], imu.gyro_dps[i]))


def _copy(record: _Record, part: slice) -> _Record:
    """Return a copy: what it is taken from goes on growing."""
    names = array_names(record)
    return replace(record, **{name: getattr(record, name)[part].copy() for name in names})
