"""One repetition: what each side shows of it, and what both sides together give.

Always from the same stretch of samples around it, so that a live ring of the last seconds and a
whole recording give the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from glutesym.analysis.activation import activation_uv, peak, snr_db
from glutesym.analysis.asymmetry import symmetry_index_pct, working_side
from glutesym.analysis.onsets import Burst, find_burst
from glutesym.analysis.quality import (
    AT_THE_EDGE,
    BOTH_AT_REST,
    MIN_SNR_DB,
    NOT_COVERED,
    SILENT,
    WHICH_LEG,
    amount_flaws,
    clock_flaws,
    hum_flaws,
    lifting_flaws,
    motion_flaws,
    noise_flaws,
    rest_flaws,
    rest_spike_flaws,
    signal_flaws,
    slow_flaws,
    spike_flaws,
    strength_flaws,
)
from glutesym.analysis.reps import Movement
from glutesym.analysis.rest_spikes import rest_spikes_uv
from glutesym.analysis.resting import RestingLevel, resting_level
from glutesym.analysis.signal_check import SlowVoltage, hum_uv, slow_voltage
from glutesym.analysis.timing import Edge, Rises, onset_by_rise, time_offset, time_onsets
from glutesym.dsp.bandpass import SETTLE_S
from glutesym.dsp.muscle_power import MusclePower, PowerRows
from glutesym.dsp.notch import SETTLE_S as NOTCH_SETTLE_S
from glutesym.edits import ReviewedRep
from glutesym.exercises import is_one_leg
from glutesym.measures import NO_POD, SIDES, Flaw, RepMeasure, SideMeasure
from glutesym.recording import ImuRecord, PodRecord, Recording

_BEFORE_S = 0.8  # a burst begins up to this long before the movement ...
_AFTER_S = 0.6  # and ends up to this long after it ...
_BEFORE_SHARE = 0.6  # ... but within its share of the pause between two repetitions
_LEAST_PAUSE_S = 0.4  # as short as a pause is taken to be
RESTING_S = 20.0  # rest is sought in this stretch before a repetition's end ...
_RESTING_BEFORE_S = 5.0  # ... which reaches at least this far back before its start
_FILTER_S = SETTLE_S + 0.02  # the filter's edges, outside what is measured
COMPLETE_AFTER_S = _AFTER_S + _FILTER_S  # the movement's end: all that is measured is there
_MIN_ACTIVE_DB = 3.0  # the stronger side must be this far above rest for a symmetry index


@dataclass(frozen=True)
class Settings:
    """How to measure."""

    mains_hz: float | None = None  # 50 or 60: take hum out with a causal notch; None: leave it in


@dataclass(frozen=True)
class Span:
    """One repetition's stretches of session time."""

    movement_s: tuple[float, float]
    search_s: tuple[float, float]  # where its contractions may lie

    @classmethod
    def of(cls, movement: Movement, previous_end_s: float) -> Span:
        """Return those of a movement, given the end of the one before."""
        # The pause between two repetitions is shared: a burst belongs to the one it is nearer to.
        pause_s = max(movement.start_s - previous_end_s, _LEAST_PAUSE_S)
        before_s = min(_BEFORE_S, _BEFORE_SHARE * pause_s)
        after_s = min(_AFTER_S, (1 - _BEFORE_SHARE) * pause_s)
        return cls(
            (movement.start_s, movement.end_s),
            (movement.start_s - before_s, movement.end_s + after_s),
        )


@dataclass(frozen=True)
class Observed:
    """What one side shows of a repetition, before both sides are looked at together."""

    flaws: tuple[Flaw, ...] = ()  # if there are any, there is nothing else
    rows: PowerRows | None = None
    resting: RestingLevel | None = None
    burst: Burst | None = None
    hum_uv: float | None = None
    hum_taken_out: bool = False
    slow: SlowVoltage | None = None
    spikes_uv: float | None = None  # at rest


def observe(
    recording: Recording, spans: Sequence[Span], settings: Settings
) -> Iterator[tuple[Observed, Observed]]:
    """Look at some repetitions, one after the other, on the left and on the right.

    What is seen of one takes 0.2 MB: it is not to be kept.
    """
    pods = [recording.pods.get(side) for side in SIDES]
    powers = [pod and MusclePower(pod.emg, settings.mains_hz) for pod in pods]
    for span in spans:
        left, right = (
            _observe(pod, power, span, settings) if pod and power else Observed((NO_POD,))
            for pod, power in zip(pods, powers, strict=True)
        )
        yield left, right


def _observe(pod: PodRecord, power: MusclePower, span: Span, settings: Settings) -> Observed:
    lead_s = _FILTER_S + (NOTCH_SETTLE_S if settings.mains_hz else 0.0)
    stretch_s = (span.search_s[0] - lead_s, span.search_s[1] + _FILTER_S)
    flaws = signal_flaws(pod.emg, pod.gaps, span.movement_s, stretch_s)
    if flaws:
        return Observed(flaws)
    resting_s = resting_span_s(*span.movement_s)
    resting = resting_level(power, *resting_s)
    if resting is None:
        return Observed(rest_flaws(pod.emg, resting_s))
    rows = power.between(*span.search_s)
    burst = find_burst(rows, resting, power.cells_a_row)
    if burst is not None and burst.start_s > span.movement_s[1]:
        burst = None  # it begins after the movement: it is another one's
    return Observed(
        rows=rows,
        resting=resting,
        burst=burst,
        hum_uv=hum_uv(pod.emg, resting),
        hum_taken_out=settings.mains_hz is not None,
        slow=slow_voltage(pod.emg, span.movement_s),
        spikes_uv=rest_spikes_uv(power.between(*resting_s), resting) if burst else None,
    )


def measure_rep(
    number: int,
    reviewed: ReviewedRep,
    observed: tuple[Observed, Observed],
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


def _strong_burst(observed: Observed) -> Burst | None:
    """Return a side's burst if it is strong enough to be timed."""
    burst, resting, rows = observed.burst, observed.resting, observed.rows
    if burst is None or resting is None or rows is None:
        return None
    inside = (rows.time_s >= burst.start_s) & (rows.time_s <= burst.end_s)
    activation = activation_uv(rows.total[inside], resting.rms_uv)
    if rest_spike_flaws(observed.spikes_uv, activation):
        return None
    return burst if snr_db(activation, resting.rms_uv) >= MIN_SNR_DB else None


def _knock_g(imu: ImuRecord | None, time_s: float) -> float:
    """Return how much a pod's acceleration differs from gravity within 50 ms of a moment."""
    if imu is None:
        return 0.0
    first, last = np.searchsorted(imu.time_s, (time_s - 0.05, time_s + 0.05))
    size_g = np.linalg.norm(imu.accel_g[first:last], axis=1)
    return float(np.nanmax(np.abs(size_g - 1), initial=0.0)) if len(size_g) else 0.0


def _side(
    observed: Observed,
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
    spiky = rest_spike_flaws(observed.spikes_uv, activation)
    if burst is None:
        flaws = (SILENT,)
    elif spiky and snr >= MIN_SNR_DB:
        flaws = spiky
    else:
        flaws = strength_flaws(snr, onset is not None)
    flaws += amount_flaws(activation)
    left_in_uv = None if observed.hum_taken_out else observed.hum_uv
    flaws += noise_flaws(resting.rms_uv, left_in_uv) + hum_flaws(resting.rms_uv, left_in_uv)
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


def resting_span_s(start_s: float, end_s: float) -> tuple[float, float]:
    """Return where rest is sought, given a repetition."""
    first_s = min(end_s + _AFTER_S - RESTING_S, start_s - _RESTING_BEFORE_S)
    return first_s, end_s + _AFTER_S + _FILTER_S
