"""How far a repetition can be trusted: every limit and every reason in one place.

What the grades mean is in `glutesym.measures.GRADES`. A gap is never bridged: one sample that is
missing makes its side of that repetition unusable, as no filter may run across it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from glutesym.analysis.reps import Movement
from glutesym.decode import LOST
from glutesym.measures import Flaw
from glutesym.recording import EmgRecord, Gap

# docs/accuracy.md: below 8 dB onsets err by more than 15 ms; from 15 dB on the lag of a set is as
# good as at 20 dB.
MIN_SNR_DB = 8.0
GOOD_SNR_DB = 15.0

# Surface EMG has less than 10 mV at most (De Luca 2002, Surface electromyography: detection and
# recording).
MOST_UV = 10_000.0
_NOISY_UV = 15.0  # RMS at rest; good electrodes on prepared skin give less than 5 µV
_HUM_UV = 5.0  # less does no harm
_HUM_SHARE = 0.5  # of the resting power: more of it is hum than noise
_SLOW_SHARE = 2.0  # of the activation: so much that the band-pass leaks visible parts of it
_SLOW_UV = 50.0  # less does no harm
_LIFTING_MV = 5.0  # an electrode that stays on drifts by well below 1 mV in seconds
_SPIKE = 30.0  # of the mean power, in 4 ms: far above what noise and changing effort reach
_REST_SPIKE_SHARE = 0.08  # of the muscle's power: detection starts at 0.06 of it
_KNOCK_G = 1.0  # so much more than usual within the same moment: the pod was hit

LEAD_OFF = "an electrode was off the skin"
RAIL = "the front end was at its rail"
NOT_COVERED = Flaw("unusable", "the recording does not cover this repetition")
AT_THE_EDGE = Flaw("fair", "the recording begins or ends beside it")
SILENT = Flaw("poor", "no contraction stands out from the resting level")
UNTIMED = Flaw("poor", "the onset is too gradual or too noisy to be timed")
BOTH_AT_REST = Flaw("poor", "both sides are near their resting level")
WHICH_LEG = Flaw("poor", "which leg worked is not clear", "both sides were about as active")
BY_ACTIVITY = Flaw("fair", "found by muscle activity alone", "no motion was recorded")
CLOCKS_UNKNOWN = Flaw("fair", "how well the pods' clocks agree is not known")


def signal_flaws(
    emg: EmgRecord,
    gaps: Sequence[Gap],
    span_s: tuple[float, float],
    stretch_s: tuple[float, float],
) -> tuple[Flaw, ...]:
    """Return what makes one side of a repetition unusable before it is measured.

    Parameters
    ----------
    emg : EmgRecord
    gaps : sequence of Gap
        Why samples of it are missing.
    span_s : (start, end)
        The movement, session time: it must be covered.
    stretch_s : (start, end)
        What is filtered to measure it: it must be whole.

    Returns
    -------
    tuple of Flaw
        Empty: it can be measured.
    """
    step_s = 1 / emg.fs_hz
    first, last = np.searchsorted(emg.time_s, stretch_s)
    flaws = [
        Flaw("unusable", reason, f"{duration_text(lost_s)} missing")
        for reason, lost_s in _missing_s(emg, gaps, stretch_s).items()
    ]
    for flags, cause in (
        (emg.lead_off, LEAD_OFF),
        (emg.clipped, RAIL),
    ):
        n = int(np.count_nonzero(flags[first:last]))
        if n:
            flaws.append(Flaw("unusable", cause, f"for {duration_text(n * step_s)}"))
    if flaws:
        return tuple(flaws)
    covered = (
        last - first >= 2
        and emg.time_s[first] <= span_s[0]
        and emg.time_s[last - 1] >= span_s[1] - step_s
    )
    return () if covered else (NOT_COVERED,)


def rest_flaws(emg: EmgRecord, stretch_s: tuple[float, float]) -> tuple[Flaw, ...]:
    """Return why no resting level was found where it was sought."""
    first, last = np.searchsorted(emg.time_s, stretch_s)
    usable = ~(emg.lead_off | emg.clipped)[first:last] & np.isfinite(emg.uv[first:last])
    usable_s = float(np.count_nonzero(usable)) / emg.fs_hz
    sought_s = stretch_s[1] - max(stretch_s[0], 0.0)
    if usable_s < 0.5 * sought_s:
        detail = f"only {usable_s:.0f} s of the {sought_s:.0f} s around it can be used"
    else:
        detail = "relax for two seconds before the set"
    return (Flaw("unusable", "no resting level found", detail),)


def amount_flaws(activation_uv: float) -> tuple[Flaw, ...]:
    """Return what an amount is that no muscle reaches: a loose contact, or a damaged file."""
    if activation_uv <= MOST_UV:
        return ()
    detail = f"{activation_uv:,.0f} µV; muscles reach {MOST_UV:,.0f}: a contact or the file"
    return (Flaw("unusable", "stronger than any muscle", detail),)


def strength_flaws(snr_db: float, timed: bool) -> tuple[Flaw, ...]:
    """Return what speaks against a contraction that was found.

    Parameters
    ----------
    snr_db : float
        Its power against that of rest.
    timed : bool
        Whether its onset was determined.
    """
    if snr_db < MIN_SNR_DB:
        ratio = f"signal-to-noise ratio {_below(snr_db)} dB, {MIN_SNR_DB:g} dB are needed"
        return (Flaw("poor", "timing is not measurable", ratio),)
    if not timed:
        return (UNTIMED,)
    if snr_db < GOOD_SNR_DB:
        ratio = f"signal-to-noise ratio {_below(snr_db)} dB, from {GOOD_SNR_DB:g} dB on it is good"
        return (Flaw("fair", "the signal is weak", ratio),)
    return ()


def _below(value: float) -> str:
    """Return a number that is below a whole limit so that it reads as below it."""
    return f"{math.floor(10 * value) / 10:.1f}"


def rest_spike_flaws(spikes_uv: float | None, activation_uv: float) -> tuple[Flaw, ...]:
    """Return what spikes at rest do: an onset may be one of them. None: there are none."""
    if spikes_uv is None or spikes_uv**2 < _REST_SPIKE_SHARE * activation_uv**2:
        return ()
    detail = f"spikes of {spikes_uv:.0f} µV at rest, by heart beats or cables that move"
    return (Flaw("poor", "timing is not measurable", detail),)


def noise_flaws(resting_uv: float, hum_uv: float | None) -> tuple[Flaw, ...]:
    """Return what a loud baseline does, apart from the hum in it."""
    noise_uv = float(np.sqrt(max(resting_uv**2 - (hum_uv or 0.0) ** 2, 0.0)))
    if noise_uv <= _NOISY_UV:
        return ()
    return (Flaw("fair", "the baseline is noisy", f"{noise_uv:.0f} µV RMS at rest"),)


def hum_flaws(resting_uv: float, hum_uv: float | None) -> tuple[Flaw, ...]:
    """Return what mains hum does; None: not known."""
    if hum_uv is None or hum_uv < _HUM_UV or hum_uv**2 < _HUM_SHARE * resting_uv**2:
        return ()
    return (Flaw("fair", "mains hum", f"{hum_uv:.0f} µV of {resting_uv:.0f} µV RMS at rest"),)


def slow_flaws(slow_uv: float, activation_uv: float) -> tuple[Flaw, ...]:
    """Return what moving cables and skin do: voltages below the muscle's band."""
    if slow_uv < max(_SLOW_UV, _SLOW_SHARE * activation_uv):
        return ()
    detail = f"slow voltages of {slow_uv:.0f} µV, the muscle {activation_uv:.0f} µV"
    return (Flaw("fair", "the electrodes or their cables move", detail),)


def lifting_flaws(moved_mv: float) -> tuple[Flaw, ...]:
    """Return what a moving offset says."""
    if moved_mv < _LIFTING_MV:
        return ()
    return (Flaw("fair", "an electrode is lifting", f"its offset moved by {moved_mv:.0f} mV"),)


def spike_flaws(highest: float, knock_g: float) -> tuple[Flaw, ...]:
    """Return what a spike does.

    Parameters
    ----------
    highest : float
        Of 4 ms, times the mean power of the contraction.
    knock_g : float
        How much the pod's acceleration differs from gravity at that moment.
    """
    if highest < _SPIKE:
        return ()
    cause = "the pod was knocked" if knock_g > _KNOCK_G else "a spike in the signal"
    return (Flaw("fair", cause, f"{highest:.0f} times the mean power for a moment"),)


def clock_flaws(own_ms: float, sync_uncertainty_ms: float) -> tuple[Flaw, ...]:
    """Return what the clocks do to the lag of a repetition.

    Parameters
    ----------
    own_ms : float
        Half-width of the 95 % interval of the lag from both onsets alone.
    sync_uncertainty_ms : float
        95 % of the clocks' errors are smaller; NaN: not known.
    """
    if np.isnan(sync_uncertainty_ms):
        return (CLOCKS_UNKNOWN,)
    if sync_uncertainty_ms <= own_ms:
        return ()
    detail = f"±{sync_uncertainty_ms:.0f} ms, the onsets themselves ±{own_ms:.0f} ms"
    return (Flaw("fair", "the pods' clocks agree only roughly", detail),)


def motion_flaws(movement: Movement) -> tuple[Flaw, ...]:
    """Return what motion that was lost or not recorded does to a repetition's bounds."""
    if movement.by_activity:
        return (BY_ACTIVITY,)
    if movement.cut_off:
        return (Flaw("unusable", "motion was lost as it began", "its bounds are not known"),)
    if movement.unseen_s:
        detail = f"for {duration_text(movement.unseen_s)}, its bounds may be off by as much"
        return (Flaw("fair", "motion was lost", detail),)
    return tuple(
        Flaw("fair", f"motion of the {side} pod was lost", f"for {duration_text(lost_s)}")
        for side, lost_s in movement.lost_s.items()
    )


def duration_text(time_s: float) -> str:
    """Return a duration with the digits that matter, e.g. "0.5 ms", "52 ms", "1.3 s"."""
    if time_s >= 0.9995:
        return f"{time_s:.1f} s"
    return f"{1000 * time_s:.1f} ms" if time_s < 0.00995 else f"{1000 * time_s:.0f} ms"


def _missing_s(
    emg: EmgRecord, gaps: Sequence[Gap], stretch_s: tuple[float, float]
) -> dict[str, float]:
    """Return how much of a stretch is missing, by reason."""
    step_s = 1 / emg.fs_hz
    lost_s: dict[str, float] = {}
    for gap in gaps:
        if gap.start_s <= stretch_s[1] and gap.end_s >= stretch_s[0]:
            overlap_s = min(gap.end_s, stretch_s[1]) - max(gap.start_s, stretch_s[0]) + step_s
            lost_s[gap.reason] = lost_s.get(gap.reason, 0.0) + overlap_s
    if lost_s:
        return lost_s
    first, last = np.searchsorted(emg.time_s, stretch_s)
    steps_s = np.diff(emg.time_s[first:last])
    unexplained_s = float(np.count_nonzero(np.isnan(emg.uv[first:last])) * step_s)
    unexplained_s += float((steps_s[steps_s > 2 * step_s] - step_s).sum())
    return {LOST: unexplained_s} if unexplained_s else {}
