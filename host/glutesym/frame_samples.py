"""Frames of one kind as samples: where each belongs, what it measured and when that was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from glutesym import wire
from glutesym.clock import Line, Track
from glutesym.decode import emg_counts
from glutesym.recording import EmgRecord, ImuRecord

_T = TypeVar("_T", np.bool_, np.float64)


class FrameSamples:
    """Frames of one kind and run without repeats, in order of sequence; at least one.

    Parameters
    ----------
    records : (n,) structured array
        ``Frames.emg`` or ``Frames.imu``.
    pod_s : Line or Track
        Pod time of a sample's index.
    """

    def __init__(self, records: NDArray[np.void], pod_s: Line | Track) -> None:
        self.records = records
        self.pod_s = pod_s
        self._first = records["first_index"].astype(np.int64)
        self._count = records["count"].astype(np.int64)
        ends = self._first + self._count
        self.start = int(self._first.min())
        self.end = int(ends.max())
        self.edges = np.array([self.start, self.end - 1])
        self.whole = bool(np.all(self._first[1:] == ends[:-1]))  # each follows on the one before

    @property
    def size(self) -> int:
        """Samples from the first to the last, those that are missing included."""
        return self.end - self.start

    def placed(self, values: NDArray[_T], missing: float) -> NDArray[_T]:
        """Return what frames hold, (n_frames, capacity, …), each sample in its place."""
        n_frames, capacity, *of_sample = values.shape
        if self.whole and self.size == n_frames * capacity:
            return values.reshape(-1, *of_sample)
        taken = np.arange(capacity) < self._count[:, np.newaxis]
        place = self._first[:, np.newaxis] + np.arange(capacity) - self.start
        out = np.full((self.size, *of_sample), missing, values.dtype)
        out[place[taken]] = values[taken]
        return out


@dataclass(frozen=True)
class TimeOf:
    """Sample index → session time, through the pod's ticks."""

    pod_s: Line | Track
    host_s: Track

    def __call__(self, index: NDArray[np.floating] | NDArray[np.int64]) -> NDArray[np.float64]:
        """Return session times of sample indices."""
        return self.host_s(self.pod_s(index.astype(np.float64)))

    @property
    def rate_hz(self) -> float:
        """Samples a second of session time."""
        return 1 / (self.pod_s.slope * self.host_s.slope)


def emg_record(samples: FrameSamples, host_s: Track, delay_samples: float) -> EmgRecord:
    """Return EMG on session time, given that of the pod's, and by what the front end is late."""
    records = samples.records
    uv = emg_counts(records) * (records["lsb_pv"][:, np.newaxis] * 1e-6)
    lead_off = np.repeat((records["lead_off"] != 0)[:, np.newaxis], uv.shape[1], axis=1)
    clip = (records["flags"] & wire.FLAG_CLIPPED != 0)[:, np.newaxis]
    index = np.arange(samples.start, samples.end)
    time_of = TimeOf(samples.pod_s, host_s)
    return EmgRecord(
        time_of.rate_hz,
        time_of(index - delay_samples),
        samples.placed(uv, np.nan),
        index,
        samples.placed(lead_off, False),
        samples.placed(np.repeat(clip, uv.shape[1], axis=1), False),
    )


def imu_record(samples: FrameSamples, host_s: Track) -> ImuRecord:
    """Return motion on session time, given that of the pod's."""
    records = samples.records
    accel_lsb = records["accel_lsb_ug"][:, np.newaxis, np.newaxis] * 1e-6
    gyro_lsb = records["gyro_lsb_10udps"][:, np.newaxis, np.newaxis] * 1e-5
    time_of = TimeOf(samples.pod_s, host_s)
    return ImuRecord(
        time_of.rate_hz,
        time_of(np.arange(samples.start, samples.end)),
        samples.placed(records["data"][:, :, :3] * accel_lsb, np.nan),
        samples.placed(records["data"][:, :, 3:] * gyro_lsb, np.nan),
    )
