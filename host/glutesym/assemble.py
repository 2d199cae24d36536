"""One pod's frames, arrival times and probes to its record on session time.

Frames may come in any order and more than once, and some of them may lie: a run of capture is told
by its number, a sample's place by its index, its time by the pod's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from glutesym import wire
from glutesym.clock import Line, Track, lower_track, ticks_before_us, unwrap_ticks_us
from glutesym.decode import (
    NOT_FETCHED,
    Frames,
    LossReasons,
    emg_counts,
    error_texts,
    problem_texts,
    split_frames,
    split_runs,
    without_repeats,
)
from glutesym.measures import SIDES, Side
from glutesym.pod_clock import Messages, PodClock, agree, fit_pod_clock, half_width_ms
from glutesym.recording import (
    NO_SYNC,
    EmgRecord,
    Gap,
    ImuRecord,
    PodRecord,
    Recording,
    SyncUncertainty,
    join_emg,
    join_imu,
)

IMU_NOMINAL_HZ = 208.0
_EMG_NOMINAL_HZ = (2000.0, 1000.0)  # what a pod may say; the first one if it does not
_NEW_RUN = "the pod started anew"
_CHIP_CLOCK_TOLERANCE = 0.03  # both sensors' oscillators are trimmed at room temperature only
_CHIP_CLOCK_STEADY_S = 30.0  # their rate drifts as they warm up
# Group delay of the ADS1292R's third-order sinc (SBAS502), and of the 4 (0.38) or 8 (0.44)
# conversions that make a sample of a MyoWare.
_EMG_DELAY_SAMPLES = 1.5
_EMG_DELAY_SAMPLES_MYOWARE = 0.4
_MAX_LATE_S = 1800.0  # frames may come this much later than others
_MAX_PAUSE_S = 60.0  # that a converter may have stood still
_CLOCK_SLACK_S = 1.0  # by how much a sample may seem to come before its time
_SYNC_EVERY_S = 5.0
FitClock = Callable[[Side, int, Messages], PodClock]
_Record = TypeVar("_Record", EmgRecord, ImuRecord)
_TICKS_PERIOD_S = wire.TICKS_PERIOD_US / 1e6


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


def assemble_pod(pod: PodInput, t0_host_ns: int) -> PodRecord:
    """Decode one pod and put its samples on session time.

    Parameters
    ----------
    pod : PodInput
    t0_host_ns : int
        Host time of session time 0.

    Returns
    -------
    PodRecord
        Empty arrays when the pod sent no samples.
    """
    return assemble_recording([pod], t0_host_ns).pods[pod.side]


def _fit_anew(_side: Side, _run: int, messages: Messages) -> PodClock:
    return fit_pod_clock(messages)


def assemble_recording(
    pods: list[PodInput], t0_host_ns: int, exercise: str = "", fit: FitClock = _fit_anew
) -> Recording:
    """Decode both pods onto one time line.

    Parameters
    ----------
    pods : list of PodInput
        At most one a side.
    t0_host_ns : int
        Host time of session time 0.
    exercise : str
    fit : callable
        Gives the clock of a side's pod in a run, from the messages of that run.
    """
    runs: dict[Side, list[_Run]] = {pod.side: _runs(pod, t0_host_ns, fit) for pod in pods}
    every_run = [run for of_pod in runs.values() for run in of_pod]
    for run, clock in zip(every_run, agree([run.pod_clock for run in every_run]), strict=True):
        run.clock = clock
    records: dict[Side, PodRecord] = {pod.side: _record(pod, runs[pod.side]) for pod in pods}
    ends = [float(r.emg.time_s[-1]) for r in records.values() if len(r.emg.time_s)]
    return Recording(
        pods=records,
        duration_s=max(ends, default=0.0),
        exercise=exercise,
        sync=_sync([runs.get(side, []) for side in SIDES]),
    )


def _runs(pod: PodInput, t0_host_ns: int, fit: FitClock) -> list[_Run]:
    """Return a pod's runs of capture in order of time; of two at the same time the larger."""
    emg_hz = emg_nominal_hz(pod.info)
    frames = split_frames(pod.frames)
    return _in_time_order([_Run(run, pod, t0_host_ns, emg_hz, fit) for run in split_runs(frames)])


def _record(pod: PodInput, runs: list[_Run]) -> PodRecord:
    emg_parts: list[EmgRecord] = []
    imu_parts: list[ImuRecord] = []
    gaps: list[Gap] = []
    imu_gaps: list[Gap] = []
    problems: list[str] = []
    half_bracket_ms = battery_pct = float("nan")
    received = sent = tail = 0
    for run in runs:
        emg, imu = run.emg(), run.imu()
        if emg is not None:
            gaps += _gap_between(emg_parts, emg) + run.gaps(emg)
            emg_parts.append(emg)
            received += int(np.count_nonzero(np.isfinite(emg.uv)))
            tail = run.never_fetched()
            sent += int(emg.index[-1]) + 1 + tail
        if imu is not None:
            imu_gaps += _gap_between(imu_parts, imu) + run.gaps(imu)
            imu_parts.append(imu)
        half_bracket_ms = np.fmax(half_bracket_ms, run.clock.half_bracket_ms)
        if len(run.status):
            battery_pct = float(run.status["battery_pct"][-1]) / 256
        problems += run.problems()
    if emg_parts:
        end_s, fs_hz = float(emg_parts[-1].time_s[-1]), emg_parts[-1].fs_hz
        if pod.given_up_s is not None and (pod.given_up_s - end_s) * fs_hz > tail:
            sent += round((pod.given_up_s - end_s) * fs_hz) - tail
            tail = round((pod.given_up_s - end_s) * fs_hz)
        if tail:
            tail_end_s = end_s + tail / fs_hz
            gaps.append(Gap(end_s, tail_end_s, tail, NOT_FETCHED))
            if imu_parts:
                end_s = float(imu_parts[-1].time_s[-1])
                tail = round((tail_end_s - end_s) * imu_parts[-1].fs_hz)
                imu_gaps += [Gap(end_s, tail_end_s, tail, NOT_FETCHED)] if tail > 0 else []
    return PodRecord(
        side=pod.side,
        emg=join_emg(emg_parts, emg_nominal_hz(pod.info)),
        imu=join_imu(imu_parts, IMU_NOMINAL_HZ),
        gaps=tuple(gaps),
        imu_gaps=tuple(imu_gaps),
        boots=max(1, len(runs)),
        samples_sent=sent,
        samples_received=received,
        samples_lost=sent - received,
        frames_bad=len(pod.frames) - sum(run.frames_good for run in runs) + pod.frames_bad,
        clock_uncertainty_ms=float(half_bracket_ms),
        battery_pct=battery_pct,
        problems=tuple(dict.fromkeys(problems)),
        info=pod.info,
    )


def _gap_between(parts: Sequence[_Record], after: _Record) -> list[Gap]:
    """Return the gap between runs of capture, if there were any before."""
    if not parts:
        return []
    start_s, end_s = float(parts[-1].time_s[-1]), float(after.time_s[0])
    missing = max(0, round((end_s - start_s) * after.fs_hz) - 1)
    return [Gap(start_s, end_s, missing, _NEW_RUN)]


def _sync(runs: list[list[_Run]]) -> SyncUncertainty:
    """Return how far the two sides' times may be apart, while both of them measured."""
    spans = [[(run.start_s, run.end_s) for run in of_side if run.has_samples] for of_side in runs]
    if not all(spans):
        return NO_SYNC
    start_s = max(of_side[0][0] for of_side in spans)
    end_s = min(of_side[-1][1] for of_side in spans)
    if end_s <= start_s:
        return NO_SYNC
    edges = [edge for of_side in spans for span in of_side for edge in span]
    inside = [edge for edge in edges if start_s < edge < end_s]
    time_s = np.unique(np.concatenate([np.arange(start_s, end_s, _SYNC_EVERY_S), inside, [end_s]]))
    variance_ms2 = np.zeros(len(time_s))
    for of_side in runs:
        measured = [run for run in of_side if run.has_samples]
        ends_s = np.array([run.end_s for run in measured[:-1]])
        which = np.searchsorted(ends_s, time_s)
        of_runs = np.array([run.clock.variance_at(time_s) for run in measured])
        variance_ms2 += of_runs[which, np.arange(len(time_s))]
    return SyncUncertainty(time_s, half_width_ms(variance_ms2))


def _in_time_order(runs: list[_Run]) -> list[_Run]:
    """Return the runs in order of time; of two at the same time the larger is true."""
    kept: list[_Run] = []
    for run in sorted(runs, key=lambda run: -run.frames_good):
        if all(
            run.end_s < other.start_s + _CLOCK_SLACK_S
            or run.start_s > other.end_s - _CLOCK_SLACK_S
            for other in kept
        ):
            kept.append(run)
    return sorted(kept, key=lambda run: run.start_s)


class _Run:
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
        number = int(np.concatenate([records["run"] for records in kinds])[0])
        probes = self._probes(pod, t0_host_ns)
        self.pod_clock = fit(
            pod.side, number, Messages(_pod_s(unwrapped[order]), arrival_s[order], *probes)
        )
        self.clock = agree([self.pod_clock])[0]  # until others are known
        self._emg_delay_samples = _emg_delay_samples(pod.info)
        self.frames_good = len(rows)
        self._emg = self._samples(frames.emg, emg_s, emg_us, emg_hz)
        self._imu = self._samples(frames.imu, imu_s, imu_us, IMU_NOMINAL_HZ)
        spans_s = [
            tuple(self._time_of(samples)(samples.edges).tolist())
            for samples in (self._emg, self._imu)
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
        if self._emg is None:
            return None
        records, start, size = self._emg.records, self._emg.start, self._emg.size
        taken, place = self._emg.places(wire.EMG_PER_FRAME)
        uv = np.full(size, np.nan)
        lsb_uv = records["lsb_pv"][:, np.newaxis] * 1e-6
        uv[place] = (emg_counts(records) * lsb_uv)[taken]
        lead_off = np.zeros(size, bool)
        clipped = np.zeros(size, bool)
        shape = taken.shape
        lead_off[place] = np.broadcast_to((records["lead_off"] != 0)[:, np.newaxis], shape)[taken]
        clip = (records["flags"] & wire.FLAG_CLIPPED != 0)[:, np.newaxis]
        clipped[place] = np.broadcast_to(clip, shape)[taken]
        index = start + np.arange(size)
        time_of = self._time_of(self._emg)
        time_s = time_of(index - self._emg_delay_samples)
        return EmgRecord(time_of.rate_hz, time_s, uv, index, lead_off, clipped)

    def imu(self) -> ImuRecord | None:
        """Return this run's motion, every missing sample in its place."""
        if self._imu is None:
            return None
        records, start, size = self._imu.records, self._imu.start, self._imu.size
        taken, place = self._imu.places(wire.IMU_PER_FRAME)
        accel_g = np.full((size, 3), np.nan)
        gyro_dps = np.full((size, 3), np.nan)
        accel_lsb = records["accel_lsb_ug"][:, np.newaxis, np.newaxis] * 1e-6
        gyro_lsb = records["gyro_lsb_10udps"][:, np.newaxis, np.newaxis] * 1e-5
        accel_g[place] = (records["data"][:, :, :3] * accel_lsb)[taken]
        gyro_dps[place] = (records["data"][:, :, 3:] * gyro_lsb)[taken]
        time_of = self._time_of(self._imu)
        time_s = time_of(start + np.arange(size))
        return ImuRecord(time_of.rate_hz, time_s, accel_g, gyro_dps)

    def gaps(self, record: EmgRecord | ImuRecord) -> list[Gap]:
        """Return where samples of one of this run's records are missing, and why."""
        if isinstance(record, EmgRecord):
            samples, values = self._emg, record.uv
        else:
            samples, values = self._imu, record.accel_g[:, 0]
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
        if samples is self._imu:
            status["emg_misread"] = 0  # that is no reason for lost motion
        why = LossReasons(status, self._seqs())
        return [
            Gap(start_s, end_s, count, why(seq[i - 1] if i else -1, seq[i]))
            for (start_s, end_s, count, _), i in zip(holes, after, strict=True)
        ]

    def never_fetched(self) -> int:
        """Return how many EMG samples after the last were in frames that have not arrived."""
        if self._emg is None or not len(self.status):
            return 0
        captured = self.status["emg_captured"].astype(np.int64)
        said_s = _pod_s(ticks_before_us(self._status_us, self.status["ticks_us"]))
        newest = captured.astype(np.float64) - 1
        possible = self._emg.pod_s(newest) <= said_s + _CLOCK_SLACK_S
        missing = int(captured[possible].max(initial=0)) - self._emg.start - self._emg.size
        return max(0, missing) // wire.EMG_PER_FRAME * wire.EMG_PER_FRAME

    def problems(self) -> list[str]:
        """Return what the pod said was wrong with it, at any time or at last."""
        texts = [text for bits in np.unique(self.status["error"]) for text in error_texts(bits)]
        return texts + (problem_texts(self.status[-1]) if len(self.status) else [])

    def _seqs(self) -> NDArray[np.int64]:
        kinds = [samples.records for samples in (self._emg, self._imu) if samples is not None]
        return np.unique(np.concatenate([k["seq"] for k in (*kinds, self.status)])).astype(
            np.int64
        )

    def _samples(
        self,
        records: NDArray[np.void],
        arrival_s: NDArray[np.float64],
        tx_us: NDArray[np.int64],
        nominal_hz: float,
    ) -> _Samples | None:
        """Return one kind's frames without repeats, and the session time of its sample indices."""
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
        true = (late_s >= -_CLOCK_SLACK_S) & (late_s <= _MAX_PAUSE_S)
        self.frames_good -= int(np.count_nonzero(~true))
        if not true.any():
            return None
        if wraps.any() or not true.all():
            at_s -= wraps * _TICKS_PERIOD_S
            line = lower_track(newest[true], at_s[true], 1 / nominal_hz, tolerance, steady_s)
        return _Samples(records[true], line)

    def _time_of(self, samples: _Samples) -> _TimeOf:
        return _TimeOf(samples.pod_s, self.clock.host_s)

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


@dataclass(frozen=True)
class _TimeOf:
    """Sample index → session time, through the pod's ticks."""

    pod_s: Line | Track
    host_s: Track

    def __call__(self, index: NDArray[np.floating] | NDArray[np.int64]) -> NDArray[np.float64]:
        return self.host_s(self.pod_s(index.astype(np.float64)))

    @property
    def rate_hz(self) -> float:
        """Samples a second of session time."""
        return 1 / (self.pod_s.slope * self.host_s.slope)


class _Samples:
    """Frames of samples without repeats, in order of sequence, and each sample's pod time."""

    def __init__(self, records: NDArray[np.void], pod_s: Line | Track) -> None:
        self.records = records
        self.pod_s = pod_s  # of the sample's index
        self._first = records["first_index"].astype(np.int64)
        self._count = records["count"].astype(np.int64)
        self.start = int(self._first.min())
        self.size = int((self._first + self._count).max()) - self.start
        self.edges = np.array([self.start, self.start + self.size - 1])

    def places(self, capacity: int) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Return which of ``capacity`` places in each frame are taken, and where they belong."""
        taken = np.arange(capacity) < self._count[:, np.newaxis]
        place = self._first[:, np.newaxis] + np.arange(capacity) - self.start
        return taken, place[taken]
