"""From two sides' samples to the answer: the only file that knows the order of the steps.

A repetition is always measured by ``measure_rep`` from the same stretch of samples around it,
filtered within that stretch alone. So a live ring of the last seconds and a whole recording give
the same numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.activation import activation_uv, peak, snr_db
from glutesym.analysis.asymmetry import summarize, symmetry_index_pct, working_side
from glutesym.analysis.fatigue import set_fatigue
from glutesym.analysis.mounting import SideCheck
from glutesym.analysis.onsets import Burst, find_burst
from glutesym.analysis.quality import (
    AT_THE_EDGE,
    BOTH_AT_REST,
    MIN_SNR_DB,
    NOT_COVERED,
    SILENT,
    WHICH_LEG,
    clock_flaws,
    hum_flaws,
    lifting_flaws,
    motion_flaws,
    noise_flaws,
    rest_flaws,
    signal_flaws,
    slow_flaws,
    spike_flaws,
    strength_flaws,
)
from glutesym.analysis.reps import Movement, RepCounter
from glutesym.analysis.resting import RestingLevel, resting_level
from glutesym.analysis.screens import hip_rotation, pelvic_drop
from glutesym.analysis.signal_check import SlowVoltage, hum_uv, slow_voltage
from glutesym.analysis.timing import Edge, Rises, onset_by_rise, time_offset, time_onsets
from glutesym.dsp.bandpass import SETTLE_S, Bandpass
from glutesym.dsp.envelope import RmsEnvelope
from glutesym.dsp.muscle_power import LEAD_S, MusclePower, PowerRows
from glutesym.dsp.notch import SETTLE_S as NOTCH_SETTLE_S
from glutesym.dsp.notch import Notch
from glutesym.edits import Edit, ReviewedRep, review
from glutesym.exercises import (
    is_bending,
    is_one_leg,
    is_one_leg_hinge,
    is_one_leg_stance,
    is_walking,
)
from glutesym.measures import NO_POD, SIDES, Flaw, RepMeasure, SetMeasures, Side, SideMeasure
from glutesym.recording import ImuRecord, PodRecord, Recording

# What live windows must hold: the longest repetition, the rest before it, the wait until both are
# complete, and what the counter takes to decide.
RING_S = 60.0

_BEFORE_S = 0.8  # a burst begins up to this long before the movement ...
_AFTER_S = 0.6  # and ends up to this long after it ...
_BEFORE_SHARE = 0.6  # ... but within its share of the pause between two repetitions
_LEAST_PAUSE_S = 0.4  # as short as a pause is taken to be
_RESTING_S = 20.0  # rest is sought in this stretch before a repetition's end ...
_RESTING_BEFORE_S = 5.0  # ... which reaches at least this far back before its start
_FILTER_S = SETTLE_S + 0.02  # the filter's edges, outside what is measured
_WAIT_S = 20.0  # live, what is missing is waited for this long: a link comes back, then the data
_MIN_ACTIVE_DB = 3.0  # the stronger side must be this far above rest for a symmetry index


@dataclass(frozen=True)
class Settings:
    """How to measure."""

    mains_hz: float | None = None  # 50 or 60: take hum out with a causal notch; None: leave it in


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
        return self._measure(recording, ready_s - _AFTER_S - _FILTER_S)

    def finish(self, recording: Recording, edits: Sequence[Edit] = ()) -> list[RepMeasure]:
        """Take in the last samples and return the repetitions that the recording's end completes.

        After `process`, or instead of it for a whole recording, which may have been edited.
        """
        counter = self._count(recording)
        found = counter.process({side: pod.imu for side, pod in recording.pods.items()})
        self._pending += review([*found, *counter.finish()], edits)
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
        spans = [_Span.of(movement, before) for before, movement in movements]
        left, right = observe(recording, spans, self._settings)
        measured: list[RepMeasure] = []
        motion: dict[Side, ImuRecord] = {side: pod.imu for side, pod in recording.pods.items()}
        for reviewed, of_left, of_right in zip(ready, left, right, strict=True):
            self._number += 1
            rep, self._rises = measure_rep(
                self._number, reviewed, (of_left, of_right), recording, self._rises
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
    recording: Recording, settings: Settings = _DEFAULT, edits: Sequence[Edit] = ()
) -> SetMeasures:
    """Count, measure and judge the repetitions of a recording.

    Parameters
    ----------
    recording : Recording
    settings : Settings
    edits : sequence of Edit
        What a reviewer changed about its repetitions.

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
    reps = meter.finish(recording, edits)
    resting_uv: dict[Side, float] = {}
    for side, pod in recording.pods.items():
        first_s = float(pod.emg.time_s[0]) if len(pod.emg.time_s) else 0.0
        spans = [(rep.start_s, rep.end_s) for rep in reps] or [(first_s, first_s + _RESTING_S)]
        start_s, end_s = _resting_span_s(*spans[len(spans) // 2])
        emg = pod.emg.between(start_s - LEAD_S, end_s + LEAD_S)
        level = resting_level(MusclePower(emg, settings.mains_hz), start_s, end_s)
        if level is not None:
            resting_uv[side] = level.rms_uv
    measures = SetMeasures(
        reps=tuple(reps),
        summary=summarize(reps),
        resting_uv=resting_uv,
        motion_lost_s=meter.motion_lost_s,
        swapped=meter.swapped,
        fatigue=set_fatigue(recording, reps).trend,
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


@dataclass(frozen=True)
class _Span:
    """One repetition's stretches of session time."""

    movement_s: tuple[float, float]
    search_s: tuple[float, float]  # where its contractions may lie

    @classmethod
    def of(cls, movement: Movement, previous_end_s: float) -> _Span:
        # The pause between two repetitions is shared: a burst belongs to the one it is nearer to.
        pause_s = max(movement.start_s - previous_end_s, _LEAST_PAUSE_S)
        before_s = min(_BEFORE_S, _BEFORE_SHARE * pause_s)
        after_s = min(_AFTER_S, (1 - _BEFORE_SHARE) * pause_s)
        return cls(
            (movement.start_s, movement.end_s),
            (movement.start_s - before_s, movement.end_s + after_s),
        )


@dataclass(frozen=True)
class _Observed:
    """What one side shows of a repetition, before both sides are looked at together."""

    flaws: tuple[Flaw, ...] = ()  # if there are any, there is nothing else
    rows: PowerRows | None = None
    resting: RestingLevel | None = None
    burst: Burst | None = None
    hum_uv: float | None = None
    slow: SlowVoltage | None = None


def observe(
    recording: Recording, spans: Sequence[_Span], settings: Settings
) -> tuple[list[_Observed], list[_Observed]]:
    """Look at some repetitions on the left and on the right."""

    def of(side: Side) -> list[_Observed]:
        pod = recording.pods.get(side)
        if pod is None:
            return [_Observed((NO_POD,))] * len(spans)
        power = MusclePower(pod.emg, settings.mains_hz)
        return [_observe(pod, power, span, settings) for span in spans]

    return of("left"), of("right")


def _observe(pod: PodRecord, power: MusclePower, span: _Span, settings: Settings) -> _Observed:
    lead_s = _FILTER_S + (NOTCH_SETTLE_S if settings.mains_hz else 0.0)
    stretch_s = (span.search_s[0] - lead_s, span.search_s[1] + _FILTER_S)
    flaws = signal_flaws(pod.emg, pod.gaps, span.movement_s, stretch_s)
    if flaws:
        return _Observed(flaws)
    resting_s = _resting_span_s(*span.movement_s)
    resting = resting_level(power, *resting_s)
    if resting is None:
        return _Observed(rest_flaws(pod.emg, resting_s))
    rows = power.between(*span.search_s)
    burst = find_burst(rows, resting, power.cells_a_row)
    if burst is not None and burst.start_s > span.movement_s[1]:
        burst = None  # it begins after the movement: it is another one's
    return _Observed(
        rows=rows,
        resting=resting,
        burst=burst,
        hum_uv=hum_uv(pod.emg, resting),
        slow=slow_voltage(pod.emg, span.movement_s),
    )


def measure_rep(
    number: int,
    reviewed: ReviewedRep,
    observed: tuple[_Observed, _Observed],
    recording: Recording,
    rises: tuple[Rises, Rises],
) -> tuple[RepMeasure, tuple[Rises, Rises]]:
    """Measure one repetition.

    Parameters
    ----------
    number : int
        Counted from 1.
    reviewed : ReviewedRep
        When it took place, and what a reviewer says about it.
    observed : (left, right)
        What `observe` saw of it.
    recording : Recording
    rises : (left, right)
        What the repetitions before taught about onsets.

    Returns
    -------
    RepMeasure
    (left, right) of Rises
        What is known about onsets now, for the next repetition; what a reviewer excluded
        teaches nothing.
    """
    movement = reviewed.movement
    timed = [_strong_burst(side) for side in observed]
    onsets = [burst.onset if burst else None for burst in timed]
    left_onset, right_onset, lag = time_onsets(onsets[0], onsets[1], rises)
    offsets = [time_offset(burst.offset) if burst else None for burst in timed]
    imus = [recording.pods[side].imu if side in recording.pods else None for side in SIDES]
    left, right = (
        _side(of_side, imu, movement, onset, offset)
        for of_side, imu, onset, offset in zip(
            observed, imus, (left_onset, right_onset), offsets, strict=True
        )
    )
    learned = rises[0].after(onsets[0]), rises[1].after(onsets[1])
    by_rise = None
    if lag is not None and onsets[0] is not None and onsets[1] is not None:
        by_rise = onset_by_rise(onsets[0]), onset_by_rise(onsets[1])
    flaws = reviewed.flaws + motion_flaws(movement)
    index = lag_ms = working = None
    one_leg = is_one_leg(recording.exercise)
    sync_uncertainty_ms = recording.sync.at_ms(movement.start_s)
    if left.activation_uv is not None and right.activation_uv is not None:
        if max(m.snr_db or -np.inf for m in (left, right)) < _MIN_ACTIVE_DB:
            flaws += (BOTH_AT_REST,)
        elif one_leg:
            working = reviewed.working or working_side(left.activation_uv, right.activation_uv)
            flaws += () if working else (WHICH_LEG,)
        else:
            index = symmetry_index_pct(left.activation_uv, right.activation_uv)
    if lag is not None and not one_leg:
        lag_ms = lag.median
        flaws += clock_flaws(lag.half_width, sync_uncertainty_ms)
    rep = RepMeasure(
        number,
        movement.start_s,
        movement.end_s,
        left,
        right,
        index,
        lag_ms,
        flaws,
        sync_uncertainty_ms,
        lag,
        by_rise,
        one_leg,
        working,
        reviewed.edits,
    )
    return rep, learned if reviewed.excluded is None else rises


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


def _strong_burst(observed: _Observed) -> Burst | None:
    """Return a side's burst if it is strong enough to be timed."""
    burst, resting, rows = observed.burst, observed.resting, observed.rows
    if burst is None or resting is None or rows is None:
        return None
    inside = (rows.time_s >= burst.start_s) & (rows.time_s <= burst.end_s)
    activation = activation_uv(rows.total[inside], resting.rms_uv)
    return burst if snr_db(activation, resting.rms_uv) >= MIN_SNR_DB else None


def _knock_g(imu: ImuRecord | None, time_s: float) -> float:
    """Return how much a pod's acceleration differs from gravity within 50 ms of a moment."""
    if imu is None:
        return 0.0
    first, last = np.searchsorted(imu.time_s, (time_s - 0.05, time_s + 0.05))
    size_g = np.linalg.norm(imu.accel_g[first:last], axis=1)
    return float(np.nanmax(np.abs(size_g - 1), initial=0.0)) if len(size_g) else 0.0


def _side(
    observed: _Observed,
    imu: ImuRecord | None,
    movement: Movement,
    onset: Edge | None,
    offset: Edge | None,
) -> SideMeasure:
    """Return one side's numbers, given its edges."""
    burst, resting, rows = observed.burst, observed.resting, observed.rows
    if rows is None or resting is None:
        return SideMeasure(flaws=observed.flaws)
    if burst is None:
        start_s, end_s = movement.start_s, movement.end_s
    else:
        start_s = onset.time_s if onset else burst.start_s
        end_s = offset.time_s if offset else burst.end_s
    active = (rows.time_s >= start_s) & (rows.time_s <= end_s) & np.isfinite(rows.total)
    if not active.any():  # the recording begins or ends here
        return SideMeasure(flaws=(NOT_COVERED,))
    power_uv2, time_s = rows.total[active], rows.time_s[active]
    activation = activation_uv(power_uv2, resting.rms_uv)
    row_s = (time_s[-1] - time_s[0]) / max(len(time_s) - 1, 1) or 1.0
    peak_uv, peak_after_s = peak(power_uv2, row_s, resting.rms_uv)
    snr = snr_db(activation, resting.rms_uv)
    flaws = strength_flaws(snr, onset is not None) if burst else (SILENT,)
    flaws += noise_flaws(resting.rms_uv, observed.hum_uv)
    flaws += hum_flaws(resting.rms_uv, observed.hum_uv)
    if observed.slow is not None:
        flaws += slow_flaws(observed.slow.rms_uv, activation)
        flaws += lifting_flaws(observed.slow.moved_mv)
    highest = int(np.argmax(power_uv2))
    flaws += spike_flaws(
        float(power_uv2[highest] / power_uv2.mean()), _knock_g(imu, float(time_s[highest]))
    )
    if np.isnan(rows.total).any():
        flaws += (AT_THE_EDGE,)
    return SideMeasure(
        onset_s=onset.time_s if onset else None,
        offset_s=offset.time_s if offset else None,
        activation_uv=activation,
        peak_uv=peak_uv,
        peak_s=float(time_s[0]) + peak_after_s,
        snr_db=snr if np.isfinite(snr) else None,
        resting_uv=resting.rms_uv,
        hum_uv=observed.hum_uv,
        slow_uv=observed.slow.rms_uv if observed.slow else None,
        onset_uncertainty_ms=500 * (onset.ci_high_s - onset.ci_low_s) if onset else None,
        flaws=flaws,
    )


def _resting_span_s(start_s: float, end_s: float) -> tuple[float, float]:
    """Return where rest is sought, given a repetition."""
    first_s = min(end_s + _AFTER_S - _RESTING_S, start_s - _RESTING_BEFORE_S)
    return first_s, end_s + _AFTER_S + _FILTER_S


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
