"""From two sides' samples to the answer: the only file that knows the order of the steps.

A repetition is always measured by ``measure_rep`` from the same stretch of samples around it,
filtered within that stretch alone. So a live ring of the last seconds and a whole recording give
the same numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.activation import activation_uv, peak_uv, snr_db
from glutesym.analysis.asymmetry import summarize, symmetry_index_pct
from glutesym.analysis.onsets import Edge, Rises, find_burst
from glutesym.analysis.quality import (
    AT_THE_EDGE,
    BOTH_AT_REST,
    MIN_SNR_DB,
    NOT_COVERED,
    SILENT,
    clock_flaws,
    motion_flaws,
    rest_flaws,
    signal_flaws,
    strength_flaws,
)
from glutesym.analysis.reps import Movement, RepCounter
from glutesym.analysis.resting import RestingLevel, resting_level
from glutesym.dsp.bandpass import SETTLE_S, Bandpass, bandpass_zero_phase
from glutesym.dsp.envelope import RmsEnvelope
from glutesym.dsp.notch import SETTLE_S as NOTCH_SETTLE_S
from glutesym.dsp.notch import Notch
from glutesym.measures import NO_POD, SIDES, RepMeasure, SetMeasures, Side, SideMeasure
from glutesym.recording import EmgRecord, ImuRecord, PodRecord, Recording

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
        self._counter = RepCounter()
        self._pending: list[Movement] = []
        self._number = 0
        self._previous_end_s = float("-inf")
        self._rises: Mapping[Side, Rises] = {}

    @property
    def motion_lost_s(self) -> float:
        """For how long no pod's motion was there: repetitions in it are not counted."""
        return self._counter.unseen_s

    def process(self, recording: Recording, incomplete: Collection[Side] = ()) -> list[RepMeasure]:
        """Take in new samples and return the repetitions they complete.

        Parameters
        ----------
        recording : Recording
            What is there until now: EMG of the last ``RING_S`` seconds or longer, motion at least
            since the last call.
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
        self._pending += self._counter.process(motion)
        return self._measure(recording, ready_s - _AFTER_S - _FILTER_S)

    def finish(self, recording: Recording) -> list[RepMeasure]:
        """Take in the last samples and return the repetitions that the recording's end completes.

        After `process`, or instead of it for a whole recording.
        """
        self._pending += self._counter.process(
            {side: pod.imu for side, pod in recording.pods.items()}
        )
        self._pending += self._counter.finish()
        return self._measure(recording, float("inf"))

    def _measure(self, recording: Recording, ended_by_s: float) -> list[RepMeasure]:
        measured: list[RepMeasure] = []
        while self._pending and self._pending[0].end_s <= ended_by_s:
            movement = self._pending.pop(0)
            self._number += 1
            rep, self._rises = measure_rep(
                self._number,
                movement,
                recording,
                self._rises,
                self._previous_end_s,
                self._settings,
            )
            measured.append(rep)
            self._previous_end_s = movement.end_s
        return measured


def measure_set(recording: Recording, settings: Settings = _DEFAULT) -> SetMeasures:
    """Count, measure and judge the repetitions of a recording.

    Parameters
    ----------
    recording : Recording
    settings : Settings

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
    reps = meter.finish(recording)
    resting_uv: dict[Side, float] = {}
    for side, pod in recording.pods.items():
        first_s = float(pod.emg.time_s[0]) if len(pod.emg.time_s) else 0.0
        spans = [(rep.start_s, rep.end_s) for rep in reps] or [(first_s, first_s + _RESTING_S)]
        level = find_resting_level(pod.emg, *spans[len(spans) // 2], settings)
        if level is not None:
            resting_uv[side] = level.rms_uv
    return SetMeasures(tuple(reps), summarize(reps), resting_uv, meter.motion_lost_s)


def find_resting_level(
    emg: EmgRecord, start_s: float, end_s: float, settings: Settings = _DEFAULT
) -> RestingLevel | None:
    """Return one side's resting level at the time of a repetition.

    It is taken from the quiet stretches of the 20 s that end with the repetition, so that it is
    known as soon as the repetition is, and follows electrodes that change.

    Parameters
    ----------
    emg : EmgRecord
    start_s, end_s : float
        The repetition, session time.
    settings : Settings

    Returns
    -------
    RestingLevel or None
        None when the muscle was never at rest.

    Raises
    ------
    ValueError
        The arrays of the record differ in length.
    """
    first, last = _span(emg, *_resting_span_s(start_s, end_s))
    if first == last:
        return None
    return resting_level(_band_uv(emg, first, last, settings), emg.fs_hz)


def measure_rep(
    number: int,
    movement: Movement,
    recording: Recording,
    rises: Mapping[Side, Rises],
    previous_end_s: float = float("-inf"),
    settings: Settings = _DEFAULT,
) -> tuple[RepMeasure, dict[Side, Rises]]:
    """Measure one repetition.

    Parameters
    ----------
    number : int
        Counted from 1.
    movement : Movement
        When it took place.
    recording : Recording
        EMG of at least ``RING_S`` seconds until 1 s after it; more does not change the result.
    rises : mapping of side to Rises
        What the repetitions before taught about onsets; empty before the first.
    previous_end_s : float
        End of the repetition before.
    settings : Settings

    Returns
    -------
    RepMeasure
    dict of side to Rises
        What is known about onsets now, for the next repetition.

    Raises
    ------
    ValueError
        The arrays of a record differ in length.
    """
    start_s, end_s = movement.start_s, movement.end_s
    learned = dict(rises)
    # The pause between two repetitions is shared: a burst belongs to the one it is nearer to.
    pause_s = max(start_s - previous_end_s, _LEAST_PAUSE_S)
    before_s = min(_BEFORE_S, _BEFORE_SHARE * pause_s)
    after_s = min(_AFTER_S, (1 - _BEFORE_SHARE) * pause_s)
    search_s = (start_s - before_s, end_s + after_s)
    sides: dict[Side, SideMeasure] = {}
    for side, other in (SIDES, SIDES[::-1]):
        pod = recording.pods.get(side)
        if pod is None:
            sides[side] = SideMeasure(flaws=(NO_POD,))
            continue
        known = rises.get(side, Rises()), rises.get(other, Rises())
        sides[side], learned[side] = _measure_side(
            pod, (start_s, end_s), search_s, known, settings
        )
    left, right = sides["left"], sides["right"]
    flaws = motion_flaws(movement)
    index = lag_ms = None
    sync_uncertainty_ms = recording.sync.at_ms(start_s)
    if left.activation_uv is not None and right.activation_uv is not None:
        if max(m.snr_db or -np.inf for m in sides.values()) < _MIN_ACTIVE_DB:
            flaws += (BOTH_AT_REST,)
        else:
            index = symmetry_index_pct(left.activation_uv, right.activation_uv)
    if left.onset_s is not None and right.onset_s is not None:
        lag_ms = 1000 * (left.onset_s - right.onset_s)
        own_ms = float(
            np.hypot(left.onset_uncertainty_ms or 0.0, right.onset_uncertainty_ms or 0.0)
        )
        flaws += clock_flaws(own_ms, sync_uncertainty_ms)
    rep = RepMeasure(
        number, start_s, end_s, left, right, index, lag_ms, flaws, sync_uncertainty_ms
    )
    return rep, learned


class LiveEnvelope:
    """What one side's bar shows: the causal 250 ms RMS, sample by sample."""

    def __init__(self, fs_hz: float, settings: Settings = _DEFAULT) -> None:
        self._steps = (
            *((Notch(fs_hz, settings.mains_hz),) if settings.mains_hz else ()),
            Bandpass(fs_hz),
            RmsEnvelope(fs_hz),
        )

    def process(self, uv: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the envelope of the next samples, (n,) µV → (n,) µV; NaN: not known."""
        for step in self._steps:
            uv = step.process(uv)
        return uv


def _measure_side(
    pod: PodRecord,
    span_s: tuple[float, float],
    search_s: tuple[float, float],
    rises: tuple[Rises, Rises],  # of this side and of the other
    settings: Settings,
) -> tuple[SideMeasure, Rises]:
    emg = pod.emg
    resting = find_resting_level(emg, *span_s, settings)
    lead_s = _FILTER_S + (NOTCH_SETTLE_S if settings.mains_hz else 0.0)
    stretch_s = (search_s[0] - lead_s, search_s[1] + _FILTER_S)
    flaws = signal_flaws(emg, pod.gaps, span_s, stretch_s)
    if not flaws and resting is None:
        flaws = rest_flaws(emg, _resting_span_s(*span_s))
    if flaws or resting is None:
        return SideMeasure(flaws=flaws), rises[0]
    first, last = _span(emg, *search_s)
    begin, stop = _span(emg, *stretch_s)
    fs_hz, time_s = emg.fs_hz, emg.time_s[begin:stop]
    band_uv = _band_uv(emg, begin, stop, settings)
    inside_s = ((first - begin) / fs_hz, (last - begin) / fs_hz)
    burst = find_burst(band_uv, fs_hz, resting, inside_s, *rises)
    if burst is not None and burst.start_s * fs_hz > np.searchsorted(time_s, span_s[1]):
        burst = None  # it begins after the movement: it is another one's
    if burst is None:
        positions = np.searchsorted(time_s, span_s)
    else:
        start = burst.onset.time_s if burst.onset else burst.start_s
        end = burst.offset.time_s if burst.offset else burst.end_s
        positions = np.rint(np.array((start, end)) * fs_hz).astype(np.int64)
    active = band_uv[max(positions[0], 0) : positions[1]]
    active = active[np.isfinite(active)]  # the recording may begin or end here
    if not len(active):
        return SideMeasure(flaws=(NOT_COVERED,)), rises[0]
    activation = activation_uv(active, resting.rms_uv)
    snr = snr_db(activation, resting.rms_uv)
    timed = burst if burst is not None and snr >= MIN_SNR_DB else None
    onset, offset = (timed.onset, timed.offset) if timed else (None, None)
    flaws = strength_flaws(snr, onset is not None) if burst else (SILENT,)
    if np.isnan(band_uv[first - begin : last - begin]).any():
        flaws += (AT_THE_EDGE,)
    measure = SideMeasure(
        onset_s=_session_s(onset, fs_hz, time_s),
        offset_s=_session_s(offset, fs_hz, time_s),
        activation_uv=activation,
        peak_uv=peak_uv(active, fs_hz, resting.rms_uv),
        snr_db=snr if np.isfinite(snr) else None,
        onset_uncertainty_ms=500 * (onset.ci_high_s - onset.ci_low_s) if onset else None,
        flaws=flaws,
    )
    return measure, timed.rises if timed else rises[0]


def _resting_span_s(start_s: float, end_s: float) -> tuple[float, float]:
    """Return where rest is sought, given a repetition."""
    first_s = min(end_s + _AFTER_S - _RESTING_S, start_s - _RESTING_BEFORE_S)
    return first_s, end_s + _AFTER_S + _FILTER_S


def _session_s(edge: Edge | None, fs_hz: float, time_s: NDArray[np.float64]) -> float | None:
    """Return an edge, found in seconds of samples, in session time."""
    if edge is None:
        return None
    return float(np.interp(edge.time_s * fs_hz, np.arange(len(time_s)), time_s))


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


def _band_uv(emg: EmgRecord, first: int, last: int, settings: Settings) -> NDArray[np.float64]:
    """Return the muscle's band of some samples; NaN where they say nothing about a muscle."""
    usable = ~(emg.lead_off[first:last] | emg.clipped[first:last])
    uv = np.where(usable, emg.uv[first:last], np.nan)
    if settings.mains_hz:
        uv = Notch(emg.fs_hz, settings.mains_hz).process(uv)
    return bandpass_zero_phase(uv, emg.fs_hz)


def _span(emg: EmgRecord, start_s: float, end_s: float) -> tuple[int, int]:
    """Return the positions of the samples within a stretch of session time."""
    n = len(emg.time_s)
    if not n == len(emg.uv) == len(emg.lead_off) == len(emg.clipped):
        raise ValueError(
            "the arrays of an EMG record must have one length; found "
            f"time_s {n}, uv {len(emg.uv)}, lead_off {len(emg.lead_off)}, "
            f"clipped {len(emg.clipped)}"
        )
    first, last = np.searchsorted(emg.time_s, (start_s, end_s))
    return int(first), int(last)
