"""What a muscle can do at most: the reference that an exercise is set against.

Guided maximal contractions: two positions, three trials of 3–5 s each, as no one position suits
everybody (Contreras et al. 2015, doi:10.7717/peerj.1261: each reads 5–15 % low on average). A
trial counts with its highest 500 ms RMS, the resting power subtracted. Of a position the best good
trial is kept, as a half-hearted one says nothing about the maximum, and of the two positions the
larger; how far trials scatter is given beside it. The best of three reads a little above their
mean, on both sides alike. An exercise may exceed 100 % (hip thrusts peak at 172–216 % in Contreras
et al. 2015, doi:10.1123/jab.2014-0301).

Dividing each side by its own maximum takes out skin, fat and electrodes, and with them a side that
really is weak: so the raw ratio of the maxima is always told, too, with its caution.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from glutesym.dsp.bandpass import SETTLE_S, bandpass_zero_phase
from glutesym.dsp.envelope import rms_envelope
from glutesym.dsp.notch import without_hum
from glutesym.measures import SIDES, RepMeasure, Side
from glutesym.recording import EmgRecord

Position = Literal["prone bent-leg hip extension", "standing glute squeeze"]
POSITIONS: tuple[Position, Position] = ("prone bent-leg hip extension", "standing glute squeeze")
TRIALS_PER_POSITION = 3
MIN_HOLD_S = 3.0
MAX_HOLD_S = 5.0
PEAK_WINDOW_S = 0.5
MIN_SNR_DB = 10.0

DYNAMIC = "dynamic peak of the set"
ELECTRODE_CAUTION = (
    "confounded by the electrodes: their place, the fat under them and their contact change it as "
    "much as strength does"
)

_Array = NDArray[np.float64]
_Flags = NDArray[np.bool_]

# Limits of a plausible peak. In Gaussian EMG of 117 Hz statistical bandwidth the loudest 10 ms
# hold 5–15 % of the energy of 500 ms, and frequencies below 35 Hz some 10 % of its power.
_SPIKE_S = 0.01
_SPIKE_SHARE = 0.25
_MOTION_HZ = 35.0
_MOTION_SHARE = 0.5
_ABOVE_TYPICAL = 2.0  # times the median 500 ms RMS: real efforts of 3 s reach 1.8
_MIN_DYNAMIC_REPS = 3


@dataclass(frozen=True)
class Trial:
    """One side of one maximal contraction; without a value it is refused, for a reason."""

    side: Side
    position: Position
    mvic_uv: float | None  # highest 500 ms RMS, resting power subtracted
    rest_uv: float  # RMS; NaN: no rest was seen
    held_s: float
    reason: str = ""


@dataclass(frozen=True)
class Mvic:
    """The reference of one side."""

    side: Side
    mvic_uv: float
    source: str  # a position, or ``DYNAMIC``
    cv_pct: float | None  # SD over mean of the trials or repetitions; None: there is only one
    trials: int  # that count, of this source
    refused: tuple[str, ...] = ()  # why other trials of this side do not count


@dataclass(frozen=True)
class NormalisedRatio:
    """An exercise against the maxima: right over left."""

    pct_mvic: dict[Side, float]  # may exceed 100
    task_ratio_pct: float  # 100·(R task / R MVIC) / (L task / L MVIC)
    task_ln: float  # its logarithm as a fraction, positive: right larger
    mvic_ratio_pct: float  # 100·R MVIC / L MVIC
    mvic_ln: float
    spread_pct: float | None  # SD of either ratio by the scatter of trials; None: not known
    mvic_caution: str = ELECTRODE_CAUTION


def measure_contraction(
    emg_uv: _Array, lead_off: _Flags, clipped: _Flags, fs_hz: float, rest_uv: float
) -> tuple[float | None, str]:
    """Measure one contraction.

    Parameters
    ----------
    emg_uv : (n,) as the electrodes gave it; NaN where missing
        It should begin and end 0.15 s outside the contraction, which the filter takes to settle.
    lead_off, clipped : (n,)
    fs_hz : float
    rest_uv : float
        RMS of the resting muscle in its band.

    Returns
    -------
    float or None
        Highest 500 ms RMS in µV, resting power subtracted; None: refused.
    str
        Why it is refused.
    """
    for broken, reason in (
        (lead_off, "an electrode was off the skin"),
        (clipped, "the front end was at its rail"),
        (np.isnan(emg_uv), "samples are missing"),
    ):
        if broken.any():
            return None, f"{reason}: repeat the trial"
    band_uv = bandpass_zero_phase(emg_uv, fs_hz)
    rms_uv = rms_envelope(band_uv, fs_hz, PEAK_WINDOW_S)
    if not np.isfinite(rms_uv).any():
        return None, f"it is shorter than {PEAK_WINDOW_S:g} s"
    at = int(np.nanargmax(rms_uv))
    peak_uv, n = float(rms_uv[at]), round(PEAK_WINDOW_S * fs_hz)
    mvic_uv = float(np.sqrt(max(peak_uv**2 - rest_uv**2, 0.0)))
    first = at - (n - 1 - n // 2)  # the window that rms_envelope centres there
    window = band_uv[first : first + n]
    spike = round(_SPIKE_S * fs_hz)
    energy = np.convolve(window**2, np.ones(spike), "valid")
    spectrum = np.abs(np.fft.rfft(window * np.hanning(n))) ** 2
    slow = np.fft.rfftfreq(n, 1 / fs_hz) < _MOTION_HZ
    reason = ""
    if mvic_uv < 10 ** (MIN_SNR_DB / 20) * rest_uv:
        reason = "it is hardly above rest: relax before it, then squeeze as hard as you can"
    elif energy.max() > _SPIKE_SHARE * np.sum(window**2):
        reason = "a spike makes the peak: press the electrodes on and hold the cable still"
    elif spectrum[slow].sum() > _MOTION_SHARE * spectrum.sum():
        reason = "motion makes the peak: keep still while you squeeze"
    elif peak_uv > _ABOVE_TYPICAL * float(np.nanmedian(rms_uv)):
        reason = "the peak stands far above the rest of it: build up and hold, do not jerk"
    return (None, reason) if reason else (mvic_uv, "")


def best_mvic(trials: Sequence[Trial]) -> dict[Side, Mvic]:
    """Return the reference of every side that has a good trial: the larger position's best.

    Parameters
    ----------
    trials : sequence of Trial
        Of both sides and positions, in any order; refused ones are passed over.
    """
    found: dict[Side, Mvic] = {}
    for trial in trials:
        if trial.mvic_uv is None or (
            trial.side in found and found[trial.side].mvic_uv >= trial.mvic_uv
        ):
            continue
        own = [other for other in trials if other.side == trial.side]
        same = [
            other.mvic_uv
            for other in own
            if other.position == trial.position and other.mvic_uv is not None
        ]
        refused = tuple(
            other.reason for other in trials if other.side == trial.side and other.reason
        )
        found[trial.side] = Mvic(
            trial.side, trial.mvic_uv, trial.position, _cv_pct(same), len(same), refused
        )
    return found


def dynamic_mvic(
    side: Side,
    emg: EmgRecord,
    reps: Sequence[RepMeasure],
    rest_uv: float,
    mains_hz: float | None = None,
) -> Mvic | None:
    """Return the highest activity of a set as the reference, for who cannot do maximal ones.

    Of the repetitions' highest 500 ms RMS the second highest, so that one artefact does not
    decide. It suits comparisons within the set only: with it a weak side looks like the other one.

    Parameters
    ----------
    side : Side
    emg : EmgRecord
        Of this side.
    reps : sequence of RepMeasure
        Excluded ones and those with missing samples are passed over.
    rest_uv : float
        RMS of the resting muscle in its band.
    mains_hz : float, optional
        Whose hum is taken out, as it was for ``rest_uv``.

    Returns
    -------
    Mvic or None
        None with less than three repetitions that can be used.
    """
    peaks_uv: list[float] = []
    for rep in reps:
        if rep.excluded:
            continue
        part = slice(*np.searchsorted(emg.time_s, (rep.start_s - SETTLE_S, rep.end_s + SETTLE_S)))
        usable = ~(emg.lead_off[part] | emg.clipped[part])
        uv = without_hum(emg.uv, emg.fs_hz, mains_hz, part)
        band_uv = bandpass_zero_phase(np.where(usable, uv, np.nan), emg.fs_hz)
        rms_uv = rms_envelope(band_uv, emg.fs_hz, PEAK_WINDOW_S)
        if usable.all() and np.isfinite(emg.uv[part]).all() and np.isfinite(rms_uv).any():
            peaks_uv.append(float(np.sqrt(max(np.nanmax(rms_uv) ** 2 - rest_uv**2, 0.0))))
    if len(peaks_uv) < _MIN_DYNAMIC_REPS:
        return None
    return Mvic(side, sorted(peaks_uv)[-2], DYNAMIC, _cv_pct(peaks_uv), len(peaks_uv))


def normalise(task_uv: Mapping[Side, float], mvic: Mapping[Side, Mvic]) -> NormalisedRatio:
    """Set an exercise against both sides' maxima.

    Parameters
    ----------
    task_uv : mapping of side to float
        Activation in the exercise, resting power subtracted, of both sides.
    mvic : mapping of side to Mvic

    Raises
    ------
    ValueError
        A side is missing, or a value is not above 0.
    """
    for side in SIDES:
        if side not in task_uv or side not in mvic:
            raise ValueError(f"the {side} side is missing: the ratio needs both sides")
        if not (task_uv[side] > 0 and mvic[side].mvic_uv > 0):
            raise ValueError(f"{side} activation and MVIC must be above 0 µV")
    share: dict[Side, float] = {side: task_uv[side] / mvic[side].mvic_uv for side in SIDES}
    task, raw = share["right"] / share["left"], mvic["right"].mvic_uv / mvic["left"].mvic_uv
    left_cv, right_cv = mvic["left"].cv_pct, mvic["right"].cv_pct
    return NormalisedRatio(
        {side: 100 * share[side] for side in SIDES},
        100 * task,
        float(np.log(task)),
        100 * raw,
        float(np.log(raw)),
        None if left_cv is None or right_cv is None else float(np.hypot(left_cv, right_cv)),
    )


def _cv_pct(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    return float(100 * np.std(values, ddof=1) / np.mean(values))
