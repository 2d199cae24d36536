"""Whether a side tires over a set: its spectrum moves down and its amplitude up.

Per repetition, over the same part of the movement (muscle length and electrode shift change the
spectrum within a repetition more than fatigue does): the median frequency, the spectral index
FInsm5 = ∫f⁻¹P df / ∫f⁵P df (Dimitrov et al. 2006, doi:10.1249/01.mss.0000233794.31659.6d) and the
RMS. The spectrum of the resting muscle is subtracted first: f⁵ would mostly weigh noise.

Over the set: the slope of Theil (1950) and Sen (1968, doi:10.1080/01621459.1968.10480934) on the
logarithm, which a few odd repetitions do not move, as change from the first repetition to the last
one. What changes for another reason, such as a load taken off or electrodes that dry, looks alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from glutesym.dsp.bandpass import HIGH_HZ, LOW_HZ, bandpass_zero_phase
from glutesym.dsp.notch import without_hum
from glutesym.measures import SIDES, Estimate, FatigueTrend, RepMeasure, Side
from glutesym.recording import EmgRecord, Recording

PHASE = (0.15, 0.85)  # shares of the movement between which a repetition's spectrum is taken
MIN_REPS = 6
MIN_SNR_DB = 6.0
_TOO_WEAK = f"less than {MIN_SNR_DB:g} dB above rest in the part of the movement that is compared"

_Array = NDArray[np.float64]

_SEGMENT_S = 0.25  # of Welch's periodograms: 4 Hz apart
_MIN_WINDOW_S = 0.5
_MIN_REST_S = 1.0
_ENOUGH_PIECES = 60  # of rest: more do not make its spectrum better known
_BESIDE_S = 0.3  # a muscle starts before the movement and ends after it
_REST_AROUND_S = 15.0  # rest is sought this far before and after the set
_LOUDER = 1.5  # than the quietest tenth: a segment in which the muscle is not at rest

# Half-widths of the 95 % interval, as factors, beyond which a change of one side says nothing:
# exhausting sets lower the median frequency by some 10–30 % and raise FInsm5 severalfold (Dimitrov
# et al. 2006). Of two sides they may be √2 times as wide.
_WIDEST_MEDIAN = 1.25
_WIDEST_INDEX = 2.5
_WIDEST_RMS = 1.4


@dataclass(frozen=True)
class RepSpectrum:
    """One side of one repetition; NaN and a reason where it says nothing."""

    number: int  # of the repetition
    median_hz: float = float("nan")
    fi_nsm5: float = float("nan")  # Hz⁻⁶
    rms_uv: float = float("nan")  # resting power subtracted
    reason: str = ""


@dataclass(frozen=True)
class SetFatigue:
    """How both sides tired.

    ``right_over_left`` is the change of the ratio right / left. A median frequency that is
    positive there fell less on the right, or rose more: the left side tired more.
    """

    reps: dict[Side, tuple[RepSpectrum, ...]]
    trend: dict[Side, FatigueTrend]
    right_over_left: FatigueTrend


def set_fatigue(
    recording: Recording,
    reps: Sequence[RepMeasure],
    phase: tuple[float, float] = PHASE,
    mains_hz: float | None = None,
) -> SetFatigue:
    """Return how both sides tire over a set.

    Parameters
    ----------
    recording : Recording
    reps : sequence of RepMeasure
        The set; what is excluded from it is left out. On an exercise for one leg each side is
        followed through the repetitions in which it works.
    phase : (from, to)
        Shares of the movement.
    mains_hz : float, optional
        50 or 60: take hum out first, as for amounts.

    Returns
    -------
    SetFatigue

    Raises
    ------
    ValueError
        ``phase`` is no part of the movement.
    """
    if not 0 <= phase[0] < phase[1] <= 1:
        raise ValueError(f"phase {phase}: expected two rising shares of the movement, 0 to 1")
    spectra: dict[Side, tuple[RepSpectrum, ...]] = {}
    for side in SIDES:
        pod = recording.pods.get(side)
        of_side = [rep for rep in reps if not rep.one_leg or rep.working == side]
        if pod is None:
            spectra[side] = tuple(
                RepSpectrum(r.number, reason="no pod on this side") for r in of_side
            )
        else:
            spectra[side] = tuple(_rep_spectra(pod.emg, of_side, phase, mains_hz))
    return SetFatigue(
        spectra,
        {side: fatigue_trend(spectra[side]) for side in SIDES},
        compare_fatigue(spectra["left"], spectra["right"]),
    )


def noise_spectrum(rest: Sequence[_Array], fs_hz: float) -> _Array | None:
    """Return the power spectrum of a resting muscle.

    Parameters
    ----------
    rest : sequence of (n_i,)
        Stretches of rest, band-passed, without gaps; those below 0.25 s are passed over.
    fs_hz : float

    Returns
    -------
    (k,) or None
        Squared µV in each band of 4 Hz; None for less than 1 s of rest.
    """
    pieces = [piece for piece in rest if len(piece) >= _segment(fs_hz)]
    pieces = pieces[:: max(1, len(pieces) // _ENOUGH_PIECES)]
    if sum(map(len, pieces)) < _MIN_REST_S * fs_hz:
        return None
    weights = [float(len(piece)) for piece in pieces]
    return np.average([_power(piece, fs_hz)[1] for piece in pieces], axis=0, weights=weights)


def rep_spectrum(number: int, band_uv: _Array, noise: _Array, fs_hz: float) -> RepSpectrum:
    """Measure one window of a contraction.

    Parameters
    ----------
    number : int
        Of the repetition.
    band_uv : (n,) band-passed; NaN where missing
    noise : (k,)
        From `noise_spectrum`, at the same rate.
    fs_hz : float

    Returns
    -------
    RepSpectrum
        Without numbers when the window holds a gap, is shorter than 0.5 s, or is less than 6 dB
        above rest.
    """
    if not np.isfinite(band_uv).all():
        return RepSpectrum(number, reason="samples are missing or unusable")
    if len(band_uv) < _MIN_WINDOW_S * fs_hz:
        return RepSpectrum(number, reason=f"shorter than {_MIN_WINDOW_S:g} s")
    f_hz, power = _power(band_uv, fs_hz)
    muscle = power - noise  # independent, so powers add; negative bins stay, or noise would count
    total = float(muscle.sum())
    if total < 10 ** (MIN_SNR_DB / 10) * noise.sum():
        return RepSpectrum(number, reason=_TOO_WEAK)
    cumulative = np.concatenate(([0.0], np.cumsum(muscle)))
    above = int(np.argmax(cumulative >= 0.5 * total))
    within = (0.5 * total - cumulative[above - 1]) / (cumulative[above] - cumulative[above - 1])
    low, high = float(np.sum(muscle / f_hz)), float(np.sum(muscle * f_hz**5))
    return RepSpectrum(
        number,
        median_hz=float(f_hz[above - 1] + (within - 0.5) * (f_hz[1] - f_hz[0])),
        fi_nsm5=low / high if low > 0 and high > 0 else float("nan"),
        rms_uv=float(np.sqrt(total)),
    )


def fatigue_trend(reps: Sequence[RepSpectrum]) -> FatigueTrend:
    """Return the changes over one side's repetitions."""
    return _trends(lambda name: np.array([getattr(rep, name) for rep in reps], float), reps)


def compare_fatigue(left: Sequence[RepSpectrum], right: Sequence[RepSpectrum]) -> FatigueTrend:
    """Return the changes of the ratio right / left, over the repetitions that both sides have."""
    of_right = {rep.number: rep for rep in right}
    pairs = [(rep, of_right[rep.number]) for rep in left if rep.number in of_right]

    def ratio(name: str) -> _Array:
        return np.array([getattr(second, name) / getattr(first, name) for first, second in pairs])

    reps = [second if second.reason else first for first, second in pairs]
    return _trends(ratio, reps, sides=2)


def _trends(
    values: Callable[[str], _Array], reps: Sequence[RepSpectrum], sides: int = 1
) -> FatigueTrend:
    numbers = np.array([rep.number for rep in reps], float)
    reasons = Counter(rep.reason for rep in reps if rep.reason).most_common(1)
    why = f": {reasons[0][0]}" if reasons else ""
    return FatigueTrend(
        _change_pct(numbers, values("median_hz"), _WIDEST_MEDIAN**sides**0.5, why),
        _change_pct(numbers, values("fi_nsm5"), _WIDEST_INDEX**sides**0.5, why),
        _change_pct(numbers, values("rms_uv"), _WIDEST_RMS**sides**0.5, why),
    )


def _change_pct(numbers: _Array, values: _Array, widest: float, why: str) -> Estimate:
    """Return the change from the first usable value to the last, with its 95 % interval."""
    usable = np.isfinite(values) & (values > 0)
    n = int(usable.sum())
    if n < MIN_REPS:
        of = "1 repetition" if n == 1 else f"{n} repetitions"
        return Estimate(None, reason=f"spectra of {of}, {MIN_REPS} are needed{why}")
    x = numbers[usable]
    fit: Any = scipy.stats.theilslopes(np.log(values[usable]), x, 0.95)
    span = x[-1] - x[0]
    low, high = float(fit.low_slope * span), float(fit.high_slope * span)
    if high - low > 2 * np.log(widest):
        half_pct = _pct((high - low) / 2)
        return Estimate(
            None,
            reason=f"repetitions differ too much: the change is known to ±{half_pct:.0f} % only",
        )
    return Estimate(_pct(fit.slope * span), _pct(low), _pct(high))


def _pct(log_change: float) -> float:
    return 100 * float(np.expm1(log_change))


def _rep_spectra(
    emg: EmgRecord,
    reps: Sequence[RepMeasure],
    phase: tuple[float, float],
    mains_hz: float | None,
) -> list[RepSpectrum]:
    if not reps:
        return []
    parts = _around(emg, reps)
    time_s = np.concatenate([emg.time_s[part] for part in parts])
    band_uv = np.concatenate([_band_uv(emg, part, mains_hz) for part in parts])
    noise = noise_spectrum(_rest(time_s, band_uv, emg.fs_hz, reps), emg.fs_hz)
    found: list[RepSpectrum] = []
    for rep in reps:
        moving_s = rep.end_s - rep.start_s
        limits_s = [rep.start_s + share * moving_s for share in phase]
        window = band_uv[slice(*np.searchsorted(time_s, limits_s))]
        if noise is None:
            found.append(RepSpectrum(rep.number, reason="no resting stretch was found"))
        elif rep.excluded:
            found.append(RepSpectrum(rep.number, reason="excluded from the set"))
        else:
            found.append(rep_spectrum(rep.number, window, noise, emg.fs_hz))
    return found


def _around(emg: EmgRecord, reps: Sequence[RepMeasure]) -> list[slice]:
    """Return the samples of the repetitions and of some rest around them, without overlap."""
    spans_s = [(rep.start_s - _REST_AROUND_S, rep.end_s + _REST_AROUND_S) for rep in reps]
    parts: list[slice] = []
    for first, last in np.searchsorted(emg.time_s, spans_s).tolist():
        if parts and first <= parts[-1].stop:
            parts[-1] = slice(parts[-1].start, last)
        else:
            parts.append(slice(first, last))
    return parts


def _band_uv(emg: EmgRecord, part: slice, mains_hz: float | None) -> _Array:
    usable = ~(emg.lead_off[part] | emg.clipped[part])
    uv = without_hum(emg.uv, emg.fs_hz, mains_hz, part)
    return bandpass_zero_phase(np.where(usable, uv, np.nan), emg.fs_hz)


def _rest(
    time_s: _Array, band_uv: _Array, fs_hz: float, reps: Sequence[RepMeasure]
) -> list[_Array]:
    """Return the quiet segments between, before and after the repetitions."""
    busy = np.isnan(band_uv)
    for rep in reps:
        within = np.searchsorted(time_s, (rep.start_s - _BESIDE_S, rep.end_s + _BESIDE_S))
        busy[slice(*within)] = True
    n = _segment(fs_hz)
    whole = len(band_uv) // n * n
    segments = band_uv[:whole].reshape(-1, n)[~busy[:whole].reshape(-1, n).any(axis=1)]
    if not len(segments):
        return []
    power = np.mean(segments**2, axis=1)
    return list(segments[power <= _LOUDER * np.quantile(power, 0.1)])


def _segment(fs_hz: float) -> int:
    return round(_SEGMENT_S * fs_hz)


def _power(x: _Array, fs_hz: float) -> tuple[_Array, _Array]:
    """Return frequencies and the power in each band between them: Welch's, Hann, half overlap.

    The same as ``scipy.signal.welch``, which takes eight times as long for pieces this short.
    """
    n = _segment(fs_hz)
    f_hz = np.asarray(np.fft.rfftfreq(n, 1 / fs_hz), np.float64)
    window = np.hanning(n + 1)[:-1]
    pieces = np.lib.stride_tricks.sliding_window_view(x, n)[:: n - n // 2]
    pieces = (pieces - pieces.mean(axis=1, keepdims=True)) * window
    squares = np.abs(np.fft.rfft(pieces)) ** 2
    power = np.asarray(squares.mean(axis=0) * (2 / (n * np.sum(window**2))), np.float64)
    band = (f_hz >= LOW_HZ) & (f_hz <= HIGH_HZ)
    return f_hz[band], power[band]
