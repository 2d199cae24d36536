"""One run of capture: a pod's frames from one start on, as samples on session time.

A sample's place is told by its index, its time by the pod's clock; frames that lie are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glutesym import wire
from glutesym.clock import lower_track, ticks_before_us, unwrap_ticks_us
from glutesym.decode import (
    Frames,
    LossReasons,
    error_texts,
    problem_texts,
    without_repeats,
)
from glutesym.frame_samples import FrameSamples, TimeOf, emg_record, imu_record
from glutesym.measures import Side
from glutesym.pod_clock import Messages, PodClock, agree
from glutesym.recording import EmgRecord, Gap, ImuRecord

IMU_NOMINAL_HZ = 208.0
CLOCK_SLACK_S = 1.0  # by how much a sample may seem to come before its time
_EMG_NOMINAL_HZ = (2000.0, 1000.0)  # what a pod may say; the first one if it does not
_CHIP_CLOCK_TOLERANCE = 0.03  # both sensors' oscillators are trimmed at room temperature only
_CHIP_CLOCK_STEADY_S = 30.0  # their rate drifts as they warm up
# Group delay of the ADS1292R's third-order sinc (SBAS502), and of the 4 (0.38) or 8 (0.44)
# conversions that make a sample of a MyoWare.
_EMG_DELAY_SAMPLES = 1.5
_EMG_DELAY_SAMPLES_MYOWARE = 0.4
_MAX_LATE_S = 1800.0  # frames may come this much later than others
_MAX_PAUSE_S = 60.0  # that a converter may have stood still
_TICKS_PERIOD_S = wire.TICKS_PERIOD_US / 1e6
FitClock = Callable[[Side, int, Messages], PodClock]


@dataclass(frozen=True)
class PodInput:
    """What was stored about one pod.

    ``frames`` is (n, wire.FRAME_BYTES) uint8 with arrival times ``t_host_ns`` (n,); probes are
    ids and the host times of their sending. ``given_up_s`` is the session time up to which the pod
    was to be recorded, if its last data could not be fetched.
    """

    side: Side
    t_host_ns: NDArray[np.int64]
    frames: NDArray[np.uint8]
    probe_id: NDArray[np.int64]
    probe_t_host_ns: NDArray[np.int64]
    info: dict[str, object]
    frames_bad: int = 0  # notifications of another length
    frames_damaged: int = 0  # left out: not what was written to the session file
    given_up_s: float | None = None


def emg_nominal_hz(info: dict[str, object]) -> float:
    """Return the EMG rate that a pod's description tells; 2000 if it tells none."""
    emg = info.get("emg")
    rate = emg.get("rate_sps") if isinstance(emg, dict) else None  # pyright: ignore
    return next((hz for hz in _EMG_NOMINAL_HZ if hz == rate), _EMG_NOMINAL_HZ[0])


def _emg_delay_samples(info: dict[str, object]) -> float:
    """Return by how many samples a pod's front end is late."""
    emg = info.get("emg")
    chip = emg.get("chip") if isinstance(emg, dict) else None  # pyright: ignore
    return _EMG_DELAY_SAMPLES_MYOWARE if chip == "MyoWare 2.0" else _EMG_DELAY_SAMPLES


class Run:
    """One run of capture: one sequence, one sample count, one clock."""

    def __init__(
        self, frames: Frames, pod: PodInput, t0_host_ns: int, emg_hz: float, fit: FitClock
    ) -> None:
        kinds = (frames.emg, frames.imu, frames.status)
        rows = np.concatenate([frames.emg_row, frames.imu_row, frames.status_row])
        splits = np.cumsum([len(records) for records in kinds])[:-1]
        arrival_s = (pod.t_host_ns[rows] - t0_host_ns) / 1e9
        order = np.argsort(rows)
        tx_us = np.concatenate([records["tx_ticks_us"] for records in kinds])[order]
        unwrapped = np.empty(len(rows), np.int64)
        unwrapped[order] = unwrap_ticks_us(tx_us, arrival_s[order])
        emg_us, imu_us, status_us = np.split(unwrapped, splits)
        emg_s, imu_s, _ = np.split(arrival_s - arrival_s[order[0]], splits)
        newest_last = np.argsort(frames.status["seq"], kind="stable")
        self.status = frames.status[newest_last]
        self._status_us = status_us[newest_last]
        self.number = int(np.concatenate([records["run"] for records in kinds])[0])
        self.newest_ticks_us = int(unwrapped[order[-1]])  # when the last to arrive was sent
        probes = self._probes(pod, t0_host_ns)
        self.pod_clock = fit(
            pod.side, self.number, Messages(_pod_s(unwrapped[order]), arrival_s[order], *probes)
        )
        self.clock = agree([self.pod_clock])[0]  # until others are known
        self.emg_delay_samples = _emg_delay_samples(pod.info)
        self.frames_good = len(rows)
        self.emg_samples = self._samples(frames.emg, emg_s, emg_us, emg_hz)
        self.imu_samples = self._samples(frames.imu, imu_s, imu_us, IMU_NOMINAL_HZ)
        spans_s = [
            tuple(self._time_of(samples)(samples.edges).tolist())
            for samples in (self.emg_samples, self.imu_samples)
            if samples is not None
        ]
        # A run without samples is nowhere in time.
        self.start_s = min((start for start, _ in spans_s), default=float("inf"))
        self.end_s = max((end for _, end in spans_s), default=float("-inf"))

    @property
    def has_samples(self) -> bool:
        """Whether it is anywhere in time."""
        return self.end_s >= self.start_s

    def emg(self) -> EmgRecord | None:
        """Return this run's EMG, every missing sample in its place."""
        if self.emg_samples is None:
            return None
        return emg_record(self.emg_samples, self.clock.host_s, self.emg_delay_samples)

    def imu(self) -> ImuRecord | None:
        """Return this run's motion, every missing sample in its place."""
        if self.imu_samples is None:
            return None
        return imu_record(self.imu_samples, self.clock.host_s)

    def gaps(self, record: EmgRecord | ImuRecord) -> list[Gap]:
        """Return where samples of one of this run's records are missing, and why."""
        if isinstance(record, EmgRecord):
            samples, values = self.emg_samples, record.uv
        else:
            samples, values = self.imu_samples, record.accel_g[:, 0]
        assert samples is not None
        records = samples.records[np.argsort(samples.records["first_index"], kind="stable")]
        seq = records["seq"].astype(np.int64).tolist()
        missing = np.concatenate([[False], np.isnan(values), [False]])
        edges = np.flatnonzero(np.diff(missing.astype(np.int8)))
        time_s = record.time_s
        holes = [
            (float(time_s[a]), float(time_s[b - 1]), int(b - a), int(b) + samples.start)
            for a, b in zip(edges[::2], edges[1::2], strict=True)
        ]
        if samples.start:
            ends = np.array([0, samples.start - 1])
            start_s, end_s = self._time_of(samples)(ends).tolist()
            holes.insert(0, (start_s, end_s, samples.start, samples.start))
        after = np.searchsorted(records["first_index"], [end for *_, end in holes]).tolist()
        status = self.status.copy()
        if samples is self.imu_samples:
            status["emg_misread"] = 0  # that is no reason for lost motion
        why = LossReasons(status, self._seqs())
        return [
            Gap(start_s, end_s, count, why(seq[i - 1] if i else -1, seq[i]))
            for (start_s, end_s, count, _), i in zip(holes, after, strict=True)
        ]

    def never_fetched(self) -> int:
        """Return how many EMG samples after the last were in frames that have not arrived."""
        if self.emg_samples is None or not len(self.status):
            return 0
        captured = self.status["emg_captured"].astype(np.int64)
        said_s = _pod_s(ticks_before_us(self._status_us, self.status["ticks_us"]))
        newest = captured.astype(np.float64) - 1
        possible = self.emg_samples.pod_s(newest) <= said_s + CLOCK_SLACK_S
        missing = int(captured[possible].max(initial=0)) - self.emg_samples.end
        return max(0, missing) // wire.EMG_PER_FRAME * wire.EMG_PER_FRAME

    def problems(self) -> list[str]:
        """Return what the pod said was wrong with it, at any time or at last."""
        texts = [text for bits in np.unique(self.status["error"]) for text in error_texts(bits)]
        return texts + (problem_texts(self.status[-1]) if len(self.status) else [])

    def _seqs(self) -> NDArray[np.int64]:
        kinds = [samples.records for samples in (self.emg_samples, self.imu_samples) if samples]
        every_seq = np.concatenate([records["seq"] for records in (*kinds, self.status)])
        return np.unique(every_seq).astype(np.int64)

    def _samples(
        self,
        records: NDArray[np.void],
        arrival_s: NDArray[np.float64],
        tx_us: NDArray[np.int64],
        nominal_hz: float,
    ) -> FrameSamples | None:
        """Return one kind's frames without repeats and lies; None when nothing is left."""
        # An index keeps pace with time, give or take what a pod's log may hold back.
        ahead = records["first_index"] - arrival_s * nominal_hz
        usual = np.median(ahead) if len(records) else 0.0
        plausible = np.abs(ahead - usual) <= _MAX_LATE_S * nominal_hz
        self.frames_good -= int(np.count_nonzero(~plausible))
        records, tx_us = records[plausible], tx_us[plausible]
        keep = without_repeats(records)
        records = records[keep]
        if not len(records):
            return None
        at_s = _pod_s(ticks_before_us(tx_us[keep], records["anchor_ticks_us"]))
        # Sample anchor_index-1 was the newest: it was complete at the anchor, the next was not.
        newest = records["anchor_index"].astype(np.float64) - 1

        tolerance, steady_s = _CHIP_CLOCK_TOLERANCE, _CHIP_CLOCK_STEADY_S
        line = lower_track(newest, at_s, 1 / nominal_hz, tolerance, steady_s)
        late_s = at_s - line(newest)
        wraps = np.rint(late_s / _TICKS_PERIOD_S)  # the log may hold more than one period of ticks
        late_s -= wraps * _TICKS_PERIOD_S
        true = (late_s >= -CLOCK_SLACK_S) & (late_s <= _MAX_PAUSE_S)
        self.frames_good -= int(np.count_nonzero(~true))
        if not true.any():
            return None
        if wraps.any() or not true.all():
            at_s -= wraps * _TICKS_PERIOD_S
            line = lower_track(newest[true], at_s[true], 1 / nominal_hz, tolerance, steady_s)
        return FrameSamples(records[true], line)

    def _time_of(self, samples: FrameSamples) -> TimeOf:
        return TimeOf(samples.pod_s, self.clock.host_s)

    def _probes(
        self, pod: PodInput, t0_host_ns: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        answered = self.status["probe_id"] > 0
        pod_us = ticks_before_us(self._status_us, self.status["probe_ticks_us"])[answered]
        ids = self.status["probe_id"][answered].astype(np.int64)
        ids, first = np.unique(ids, return_index=True)
        _, sent, seen = np.intersect1d(pod.probe_id, ids, return_indices=True)
        host_s = (pod.probe_t_host_ns[sent] - t0_host_ns) / 1e9
        return host_s, _pod_s(pod_us[first[seen]])


def _pod_s(ticks_us: NDArray[np.int64]) -> NDArray[np.float64]:
    return ticks_us / 1e6
