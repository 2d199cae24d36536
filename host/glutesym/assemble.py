"""One pod's frames, arrival times and probes to its record on session time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glutesym import wire
from glutesym.clock import (
    ClockFit,
    Line,
    Track,
    fit_clock,
    lower_track,
    ticks_before_us,
    unwrap_ticks_us,
)
from glutesym.decode import Frames, emg_counts, problem_text, split_frames, without_repeats
from glutesym.measures import SIDES, Side
from glutesym.recording import EmgRecord, Gap, ImuRecord, PodRecord, Recording

EMG_NOMINAL_HZ = 2000.0
IMU_NOMINAL_HZ = 208.0
_CHIP_CLOCK_TOLERANCE = 0.03  # both sensors' oscillators are trimmed at room temperature only
_CHIP_CLOCK_STEADY_S = 30.0  # their rate drifts as they warm up
_EMG_FILTER_SAMPLES = 1.5  # group delay of the ADS1292R's third-order sinc (SBAS502)
_MAX_LATE_S = 1800.0  # frames may come this much later than others
_MAX_GAP_S = 3600.0  # a longer gap is not filled with NaN: the index must be wrong


@dataclass(frozen=True)
class PodInput:
    """What was stored about one pod.

    ``frames`` is (n, wire.FRAME_BYTES) uint8 with arrival times ``t_host_ns`` (n,); probes are
    ids and the host times of their sending.
    """

    side: Side
    t_host_ns: NDArray[np.int64]
    frames: NDArray[np.uint8]
    probe_id: NDArray[np.int64]
    probe_t_host_ns: NDArray[np.int64]
    info: dict[str, object]
    frames_bad: int = 0  # notifications of another length


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
    frames = split_frames(pod.frames)
    host_s = (pod.t_host_ns - t0_host_ns) / 1e9
    runs = list(dict.fromkeys(_runs_in_order(frames)))
    emg_parts: list[EmgRecord] = []
    imu_parts: list[ImuRecord] = []
    gaps: list[Gap] = []
    uncertainty_ms = float("nan")
    received = sent = implausible = 0
    for run in runs:
        part = _Run(frames, run, host_s, pod, t0_host_ns)
        emg = part.emg()
        imu = part.imu()
        if emg is not None:
            if emg_parts:
                start_s, end_s = float(emg_parts[-1].time_s[-1]), float(emg.time_s[0])
                missing = max(0, round((end_s - start_s) * emg.fs_hz) - 1)
                gaps.append(Gap(start_s, end_s, missing, "the pod started anew"))
            emg_parts.append(emg)
            gaps += _gaps(emg)
            received += int(np.count_nonzero(np.isfinite(emg.uv)))
            sent += int(emg.index[-1]) + 1
        if imu is not None:
            imu_parts.append(imu)
        implausible += part.implausible
        if np.isfinite(part.clock.uncertainty_ms):
            uncertainty_ms = np.fmax(uncertainty_ms, part.clock.uncertainty_ms)
    problems = [problem_text(int(bits)) for bits in np.unique(frames.status["error"])]
    battery = frames.status["battery_pct"][-1] / 256 if len(frames.status) else float("nan")
    return PodRecord(
        side=pod.side,
        emg=_join_emg(emg_parts),
        imu=_join_imu(imu_parts),
        gaps=tuple(gaps),
        boots=max(1, len(runs)),
        samples_sent=sent,
        samples_received=received,
        samples_lost=sent - received,
        frames_bad=frames.bad + implausible + pod.frames_bad,
        clock_uncertainty_ms=float(uncertainty_ms),
        battery_pct=float(battery),
        problems=tuple(text for text in problems if text),
        info=pod.info,
    )


def assemble_recording(pods: list[PodInput], t0_host_ns: int, exercise: str = "") -> Recording:
    """Decode both pods onto one time line.

    Parameters
    ----------
    pods : list of PodInput
        At most one a side.
    t0_host_ns : int
        Host time of session time 0.
    exercise : str
    """
    records: dict[Side, PodRecord] = {pod.side: assemble_pod(pod, t0_host_ns) for pod in pods}
    ends = [float(r.emg.time_s[-1]) for r in records.values() if len(r.emg.time_s)]
    both = [records[side].clock_uncertainty_ms for side in SIDES if side in records]
    return Recording(
        pods=records,
        duration_s=max(ends, default=0.0),
        exercise=exercise,
        # Each side's error lies anywhere in its own bracket: the worst case of the difference is
        # the sum.
        sync_uncertainty_ms=sum(both) if len(both) == 2 else float("nan"),
    )


def _runs_in_order(frames: Frames) -> list[int]:
    runs = np.concatenate([frames.emg["run"], frames.imu["run"], frames.status["run"]])
    rows = np.concatenate([frames.emg_row, frames.imu_row, frames.status_row])
    return runs[np.argsort(rows, kind="stable")].tolist()


class _Run:
    """One run of capture: one sequence, one sample count, one clock."""

    def __init__(
        self,
        frames: Frames,
        run: int,
        host_s: NDArray[np.float64],
        pod: PodInput,
        t0_host_ns: int,
    ) -> None:
        kinds = (
            (frames.emg, frames.emg_row),
            (frames.imu, frames.imu_row),
            (frames.status, frames.status_row),
        )
        mine = [
            (records[records["run"] == run], row[records["run"] == run]) for records, row in kinds
        ]
        tx_us = np.concatenate([records["tx_ticks_us"] for records, _ in mine])
        rows = np.concatenate([row for _, row in mine])
        order = np.argsort(rows)
        unwrapped = np.empty(len(rows), np.int64)
        unwrapped[order] = unwrap_ticks_us(tx_us[order], host_s[rows[order]])
        splits = np.cumsum([len(row) for _, row in mine])[:-1]
        self._tx_us = np.split(unwrapped, splits)
        self._records = [records for records, _ in mine]
        self._rows = [row for _, row in mine]
        self._arrival_s = host_s - host_s[rows.min()]
        self.implausible = 0  # frames whose sample index cannot be true
        self._origin_us = int(unwrapped[order[0]])  # keeps pod seconds small and exact
        probe_host_s, probe_pod_s = self._probes(pod, t0_host_ns)
        self.clock: ClockFit = fit_clock(
            self._pod_s(unwrapped), host_s[rows], probe_host_s, probe_pod_s
        )

    def emg(self) -> EmgRecord | None:
        """Return this run's EMG, every missing sample in its place."""
        records, time_of = self._samples(0, EMG_NOMINAL_HZ)
        if time_of is None:
            return None
        first = records["first_index"].astype(np.int64)
        count = records["count"].astype(np.int64)
        start, size = _extent(first, count)
        taken = np.arange(wire.EMG_PER_FRAME) < count[:, np.newaxis]
        place = (first[:, np.newaxis] + np.arange(wire.EMG_PER_FRAME) - start)[taken]
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
        time_s, fs_hz = time_of(index - _EMG_FILTER_SAMPLES)
        return EmgRecord(fs_hz, time_s, uv, index, lead_off, clipped)

    def imu(self) -> ImuRecord | None:
        """Return this run's motion, every missing sample in its place."""
        records, time_of = self._samples(1, IMU_NOMINAL_HZ)
        if time_of is None:
            return None
        first = records["first_index"].astype(np.int64)
        count = records["count"].astype(np.int64)
        start, size = _extent(first, count)
        taken = np.arange(wire.IMU_PER_FRAME) < count[:, np.newaxis]
        place = (first[:, np.newaxis] + np.arange(wire.IMU_PER_FRAME) - start)[taken]
        accel_g = np.full((size, 3), np.nan)
        gyro_dps = np.full((size, 3), np.nan)
        accel_lsb = records["accel_lsb_ug"][:, np.newaxis, np.newaxis] * 1e-6
        gyro_lsb = records["gyro_lsb_10udps"][:, np.newaxis, np.newaxis] * 1e-5
        accel_g[place] = (records["data"][:, :, :3] * accel_lsb)[taken]
        gyro_dps[place] = (records["data"][:, :, 3:] * gyro_lsb)[taken]
        time_s, fs_hz = time_of(start + np.arange(size))
        return ImuRecord(fs_hz, time_s, accel_g, gyro_dps)

    def _samples(self, kind: int, nominal_hz: float) -> tuple[NDArray[np.void], _TimeOf | None]:
        """Return one kind's frames without repeats, and the session time of its sample indices."""
        records = self._records[kind]
        keep = without_repeats(records)
        # An index keeps pace with time, give or take what a pod's log may hold back.
        elapsed = self._arrival_s[self._rows[kind][keep]] * nominal_hz
        ahead = records["first_index"][keep] - elapsed
        anchor_ahead = records["anchor_index"][keep] - elapsed
        usual = np.median(ahead) if len(keep) else 0.0
        limit = _MAX_LATE_S * nominal_hz
        plausible = (np.abs(ahead - usual) <= limit) & (np.abs(anchor_ahead - usual) <= limit)
        plausible &= records["anchor_index"][keep] > 0
        self.implausible += int(np.count_nonzero(~plausible))
        keep = keep[plausible]
        records = records[keep]
        if not len(records):
            return records, None
        anchor_us = ticks_before_us(self._tx_us[kind][keep], records["anchor_ticks_us"])
        # Sample anchor_index-1 was the newest: it was complete at the anchor, the next was not.
        newest = records["anchor_index"].astype(np.float64) - 1
        line = lower_track(
            newest,
            self._pod_s(anchor_us),
            1 / nominal_hz,
            _CHIP_CLOCK_TOLERANCE,
            _CHIP_CLOCK_STEADY_S,
        )
        return records, _TimeOf(line, self.clock.host_s)

    def _probes(
        self, pod: PodInput, t0_host_ns: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        status = self._records[2]
        answered = status["probe_id"] > 0
        pod_us = ticks_before_us(self._tx_us[2], status["probe_ticks_us"])[answered]
        ids, first = np.unique(status["probe_id"][answered].astype(np.int64), return_index=True)
        _, sent, seen = np.intersect1d(pod.probe_id, ids, return_indices=True)
        host_s = (pod.probe_t_host_ns[sent] - t0_host_ns) / 1e9
        return host_s, self._pod_s(pod_us[first[seen]])

    def _pod_s(self, ticks_us: NDArray[np.int64]) -> NDArray[np.float64]:
        return (ticks_us - self._origin_us) / 1e6


@dataclass(frozen=True)
class _TimeOf:
    """Sample index → session time, through the pod's ticks."""

    pod_s: Line | Track
    host_s: Line

    def __call__(
        self, index: NDArray[np.floating] | NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], float]:
        time_s = self.host_s(self.pod_s(index.astype(np.float64)))
        return time_s, 1 / (self.pod_s.slope * self.host_s.slope)


def _extent(first: NDArray[np.int64], count: NDArray[np.int64]) -> tuple[int, int]:
    start = int(first.min())
    return start, int((first + count).max()) - start


def _gaps(emg: EmgRecord) -> list[Gap]:
    missing = np.concatenate([[False], np.isnan(emg.uv), [False]])
    edges = np.flatnonzero(np.diff(missing.astype(np.int8)))
    return [
        Gap(float(emg.time_s[a]), float(emg.time_s[b - 1]), int(b - a), "samples lost")
        for a, b in zip(edges[::2], edges[1::2], strict=True)
    ]


def _join_emg(parts: list[EmgRecord]) -> EmgRecord:
    """Join runs, the time between them filled with NaN."""
    if not parts:
        none = np.empty(0)
        flags = np.empty(0, bool)
        return EmgRecord(EMG_NOMINAL_HZ, none, none, np.empty(0, np.int64), flags, flags)
    joined = parts[0]
    for part in parts[1:]:
        fill_s = _fill(joined.time_s, part.time_s, part.fs_hz)
        n = len(fill_s)
        joined = EmgRecord(
            joined.fs_hz,
            np.concatenate([joined.time_s, fill_s, part.time_s]),
            np.concatenate([joined.uv, np.full(n, np.nan), part.uv]),
            np.concatenate([joined.index, np.full(n, -1), part.index]),
            np.concatenate([joined.lead_off, np.zeros(n, bool), part.lead_off]),
            np.concatenate([joined.clipped, np.zeros(n, bool), part.clipped]),
        )
    return joined


def _join_imu(parts: list[ImuRecord]) -> ImuRecord:
    if not parts:
        return ImuRecord(IMU_NOMINAL_HZ, np.empty(0), np.empty((0, 3)), np.empty((0, 3)))
    joined = parts[0]
    for part in parts[1:]:
        fill_s = _fill(joined.time_s, part.time_s, part.fs_hz)
        nothing = np.full((len(fill_s), 3), np.nan)
        joined = ImuRecord(
            joined.fs_hz,
            np.concatenate([joined.time_s, fill_s, part.time_s]),
            np.concatenate([joined.accel_g, nothing, part.accel_g]),
            np.concatenate([joined.gyro_dps, nothing, part.gyro_dps]),
        )
    return joined


def _fill(
    before_s: NDArray[np.float64], after_s: NDArray[np.float64], fs_hz: float
) -> NDArray[np.float64]:
    """Return evenly spaced times between two runs, at about the sample rate."""
    gap_s = min(float(after_s[0] - before_s[-1]), _MAX_GAP_S)
    n = max(0, round(gap_s * fs_hz) - 1)
    return before_s[-1] + (after_s[0] - before_s[-1]) * np.arange(1, n + 1) / (n + 1)
