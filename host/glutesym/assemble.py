"""One pod's frames, arrival times and probes to its record on session time.

Frames may come in any order and more than once, and some of them may lie: a run of capture is told
by its number, a sample's place by its index, its time by the pod's clock.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from glutesym.capture_run import (
    CLOCK_SLACK_S,
    IMU_NOMINAL_HZ,
    FitClock,
    PodInput,
    Run,
    emg_nominal_hz,
)
from glutesym.decode import NOT_FETCHED, split_frames, split_runs
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

_NEW_RUN = "the pod started anew"
_SYNC_EVERY_S = 5.0
_Record = TypeVar("_Record", EmgRecord, ImuRecord)


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
    return recording_of(pods, assemble_runs(pods, t0_host_ns, fit), exercise)


def assemble_runs(
    pods: Sequence[PodInput], t0_host_ns: int, fit: FitClock = _fit_anew
) -> dict[Side, list[Run]]:
    """Return each pod's runs of capture in order of time, on clocks that agree."""
    runs: dict[Side, list[Run]] = {pod.side: _runs(pod, t0_host_ns, fit) for pod in pods}
    every_run = [run for of_pod in runs.values() for run in of_pod]
    for run, clock in zip(every_run, agree([run.pod_clock for run in every_run]), strict=True):
        run.clock = clock
    return runs


def recording_of(
    pods: Sequence[PodInput], runs: Mapping[Side, list[Run]], exercise: str = ""
) -> Recording:
    """Return both pods' samples on one time line, from what `assemble_runs` made of them."""
    records: dict[Side, PodRecord] = {pod.side: _record(pod, runs[pod.side]) for pod in pods}
    ends = [float(r.emg.time_s[-1]) for r in records.values() if len(r.emg.time_s)]
    return Recording(
        pods=records,
        duration_s=max(ends, default=0.0),
        exercise=exercise,
        sync=_sync([runs.get(side, []) for side in SIDES]),
    )


def _runs(pod: PodInput, t0_host_ns: int, fit: FitClock) -> list[Run]:
    """Return a pod's runs of capture in order of time; of two at the same time the larger."""
    emg_hz = emg_nominal_hz(pod.info)
    frames = split_frames(pod.frames)
    return _in_time_order([Run(run, pod, t0_host_ns, emg_hz, fit) for run in split_runs(frames)])


def _record(pod: PodInput, runs: list[Run]) -> PodRecord:
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
    if pod.frames_damaged:
        problems.append(_damaged_text(pod.frames_damaged))
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
        frames_bad=len(pod.frames)
        - sum(run.frames_good for run in runs)
        + pod.frames_bad
        + pod.frames_damaged,
        clock_uncertainty_ms=float(half_bracket_ms),
        battery_pct=battery_pct,
        problems=tuple(dict.fromkeys(problems)),
        info=pod.info,
    )


def _damaged_text(frames: int) -> str:
    what = (
        "one frame of the session file is"
        if frames == 1
        else f"{frames} frames of the session file are"
    )
    return f"{what} damaged and left out. Copy the file again from where it was recorded"


def _gap_between(parts: Sequence[_Record], after: _Record) -> list[Gap]:
    """Return the gap between runs of capture, if there were any before."""
    if not parts:
        return []
    start_s, end_s = float(parts[-1].time_s[-1]), float(after.time_s[0])
    missing = max(0, round((end_s - start_s) * after.fs_hz) - 1)
    return [Gap(start_s, end_s, missing, _NEW_RUN)]


def _sync(runs: list[list[Run]]) -> SyncUncertainty:
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


def _in_time_order(runs: list[Run]) -> list[Run]:
    """Return the runs in order of time; of two at the same time the larger is true."""
    kept: list[Run] = []
    for run in sorted(runs, key=lambda run: -run.frames_good):
        if all(
            run.end_s < other.start_s + CLOCK_SLACK_S or run.start_s > other.end_s - CLOCK_SLACK_S
            for other in kept
        ):
            kept.append(run)
    return sorted(kept, key=lambda run: run.start_s)
