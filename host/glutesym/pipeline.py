"""From two sides' samples to the answer: the only file that knows the order of the steps.

A repetition is always measured by `glutesym.one_rep` from the same stretch of samples around it.
So a live ring of the last seconds and a whole recording give the same numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.asymmetry import summarize
from glutesym.analysis.fatigue import set_fatigue
from glutesym.analysis.mounting import SideCheck
from glutesym.analysis.reps import Movement, RepCounter
from glutesym.analysis.resting import resting_level
from glutesym.analysis.screens import hip_rotation, pelvic_drop
from glutesym.analysis.timing import Rises
from glutesym.dsp.bandpass import Bandpass
from glutesym.dsp.envelope import RmsEnvelope
from glutesym.dsp.muscle_power import LEAD_S, MusclePower
from glutesym.dsp.notch import Notch
from glutesym.edits import Edit, ReviewedRep, review
from glutesym.exercises import (
    has_repetitions,
    is_bending,
    is_one_leg_hinge,
    is_one_leg_stance,
    is_walking,
)
from glutesym.measures import RepMeasure, SetMeasures, Side
from glutesym.one_rep import (
    COMPLETE_AFTER_S,
    RESTING_S,
    Settings,
    Span,
    measure_rep,
    observe,
    resting_span_s,
)
from glutesym.recording import ImuRecord, Recording

# What live windows must hold: the longest repetition, the rest before it, the wait until both are
# complete, and what the counter takes to decide.
RING_S = 60.0

_WAIT_S = 20.0  # live, what is missing is waited for this long: a link comes back, then the data
_DEFAULT = Settings()


class RepMeter:
    """Count repetitions and measure each as soon as its samples are there: live and afterwards."""

    def __init__(self, settings: Settings = _DEFAULT) -> None:
        self._settings = settings
        self._counter: RepCounter | None = None
        self._pending: list[ReviewedRep] = []
        self._number = 0
        self._previous_end_s = float("-inf")
        self._rises = (Rises(), Rises())
        self._sides = SideCheck()

    @property
    def motion_lost_s(self) -> float:
        """For how long no pod's motion was there: repetitions in it are not counted."""
        return self._counter.unseen_s if self._counter else 0.0

    @property
    def is_waiting(self) -> bool:
        """Whether a repetition has been seen whose samples are not all there, or may have been."""
        undecided = self._counter is not None and self._counter.is_undecided
        return undecided or bool(self._pending)

    @property
    def swapped(self) -> bool | None:
        """Whether the pods seem to be on each other's side; None: that cannot be told."""
        return self._sides.swapped

    def process(self, recording: Recording, incomplete: Collection[Side] = ()) -> list[RepMeasure]:
        """Take in new samples and return the repetitions they complete.

        Parameters
        ----------
        recording : Recording
            What is there until now, of the last ``RING_S`` seconds or longer.
        incomplete : collection of sides
            Those whose gaps may still be filled: they are waited for.

        Returns
        -------
        list of RepMeasure

        Raises
        ------
        ValueError
            The arrays of a record differ in length.
        """
        if not has_repetitions(recording.exercise):
            return []
        pods = recording.pods
        newest = [float(pod.emg.time_s[-1]) for pod in pods.values() if len(pod.emg.time_s)]
        oldest_s = max(newest, default=float("-inf")) - _WAIT_S
        ready_s = min((end_s for end_s in newest if end_s > oldest_s), default=float("-inf"))
        for side in incomplete:
            emg, imu = pods[side].emg, pods[side].imu
            ready_s = min(
                ready_s,
                _first_gap_s(emg.time_s, emg.uv, oldest_s),
                _first_gap_s(imu.time_s, imu.accel_g[:, 0], oldest_s),
            )
        motion: dict[Side, ImuRecord] = {
            side: _until(pod.imu, ready_s) if newest else pod.imu for side, pod in pods.items()
        }
        self._pending += map(ReviewedRep, self._count(recording).process(motion))
        return self._measure(recording, ready_s - COMPLETE_AFTER_S)

    def finish(
        self,
        recording: Recording,
        edits: Sequence[Edit] = (),
        movements: Sequence[Movement] | None = None,
    ) -> list[RepMeasure]:
        """Take in the last samples and return the repetitions that the recording's end completes.

        After `process`, or instead of it for a whole recording, which may have been edited, or
        whose repetitions may be known from elsewhere.
        """
        if movements is None and not has_repetitions(recording.exercise):
            movements = []
        elif movements is None:
            counter = self._count(recording)
            found = counter.process({side: pod.imu for side, pod in recording.pods.items()})
            movements = [*found, *counter.finish()]
        self._pending += review(movements, edits)
        return self._measure(recording, float("inf"))

    def _count(self, recording: Recording) -> RepCounter:
        """Return what counts: strides only where walking is the exercise."""
        if self._counter is None:
            self._counter = RepCounter(strides=is_walking(recording.exercise))
        return self._counter

    def _measure(self, recording: Recording, ended_by_s: float) -> list[RepMeasure]:
        ready = [rep for rep in self._pending if rep.movement.end_s <= ended_by_s]
        if not ready:
            return []
        del self._pending[: len(ready)]
        movements = self._with_previous([rep.movement for rep in ready])
        spans = [Span.of(movement, before) for before, movement in movements]
        measured: list[RepMeasure] = []
        motion: dict[Side, ImuRecord] = {side: pod.imu for side, pod in recording.pods.items()}
        observed = observe(recording, spans, self._settings)
        for reviewed, of_sides in zip(ready, observed, strict=True):
            self._number += 1
            rep, self._rises = measure_rep(
                self._number, reviewed, of_sides, recording, self._rises
            )
            if is_bending(recording.exercise):
                self._sides.take(motion, reviewed.movement)
            measured.append(replace(rep, flaws=(*rep.flaws, *self._sides.flaws)))
        return measured

    def _with_previous(self, movements: Sequence[Movement]) -> list[tuple[float, Movement]]:
        """Return each movement with the end of the one before."""
        ends_s = [self._previous_end_s, *(movement.end_s for movement in movements)]
        self._previous_end_s = ends_s[-1]
        return list(zip(ends_s, movements, strict=False))


def measure_set(
    recording: Recording,
    settings: Settings = _DEFAULT,
    edits: Sequence[Edit] = (),
    movements: Sequence[Movement] | None = None,
) -> SetMeasures:
    """Count, measure and judge the repetitions of a recording.

    Parameters
    ----------
    recording : Recording
    settings : Settings
    edits : sequence of Edit
        What a reviewer changed about its repetitions.
    movements : sequence of Movement, optional
        Where its repetitions are, in order, without overlap; found by motion, when not given.

    Returns
    -------
    SetMeasures
        With whatever the recording supports: what it does not is None, with the reason.

    Raises
    ------
    ValueError
        The arrays of a record differ in length.
    """
    meter = RepMeter(settings)
    reps = meter.finish(recording, edits, movements)
    resting_uv: dict[Side, float] = {}
    for side, pod in recording.pods.items():
        first_s = float(pod.emg.time_s[0]) if len(pod.emg.time_s) else 0.0
        spans = [(rep.start_s, rep.end_s) for rep in reps] or [(first_s, first_s + RESTING_S)]
        start_s, end_s = resting_span_s(*spans[len(spans) // 2])
        emg = pod.emg.between(start_s - LEAD_S, end_s + LEAD_S)
        level = resting_level(MusclePower(emg, settings.mains_hz), start_s, end_s)
        if level is not None:
            resting_uv[side] = level.rms_uv
    measures = SetMeasures(
        reps=tuple(reps),
        summary=summarize(reps, recording.exercise),
        resting_uv=resting_uv,
        motion_lost_s=meter.motion_lost_s,
        swapped=meter.swapped,
        fatigue=set_fatigue(recording, reps, mains_hz=settings.mains_hz).trend,
    )
    imu: dict[Side, ImuRecord] = {side: pod.imu for side, pod in recording.pods.items()}
    screened = [rep for rep in reps if "excluded" not in rep.edits]
    spans_s = [(rep.start_s, rep.end_s) for rep in screened]
    legs: list[Side | None] = [rep.working for rep in screened]
    if is_one_leg_hinge(recording.exercise):
        screen = hip_rotation(imu, spans_s, legs)
        return replace(
            measures,
            hip_rotation_deg=screen.angle_deg,
            hip_rotation_difference_deg=screen.difference_deg,
        )
    if is_one_leg_stance(recording.exercise):
        screen = pelvic_drop(imu, spans_s, legs)
        return replace(
            measures,
            pelvic_drop_deg=screen.angle_deg,
            pelvic_drop_difference_deg=screen.difference_deg,
        )
    return measures


class LiveEnvelope:
    """What one side's bar shows: the causal 250 ms RMS, sample by sample."""

    def __init__(self, fs_hz: float, settings: Settings = _DEFAULT) -> None:
        self._steps = (
            *((Notch(fs_hz, settings.mains_hz),) if settings.mains_hz else ()),
            Bandpass(fs_hz),
        )
        self._rms = RmsEnvelope(fs_hz)
        self.band_uv = np.empty(0)  # of the newest samples: what the envelope is made of

    def process(self, uv: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the envelope of the next samples, (n,) µV → (n,) µV; NaN: not known."""
        for step in self._steps:
            uv = step.process(uv)
        self.band_uv = uv
        return self._rms.process(uv)


def _first_gap_s(
    time_s: NDArray[np.float64], values: NDArray[np.float64], after_s: float
) -> float:
    """Return the time of the last sample before the first gap that begins late enough, or inf."""
    missing = np.isnan(values)
    begins_s = time_s[:-1][missing[1:] & ~missing[:-1]]
    return float(begins_s[begins_s > after_s].min(initial=float("inf")))


def _until(imu: ImuRecord, end_s: float) -> ImuRecord:
    n = int(np.searchsorted(imu.time_s, end_s, "right"))
    return replace(imu, time_s=imu.time_s[:n], accel_g=imu.accel_g[:n], gyro_dps=imu.gyro_dps[:n])
