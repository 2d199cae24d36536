"""What the window and the terminal say in words: one sentence for one fact, the same in both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from glutesym.exercises import has_repetitions
from glutesym.live_state import LiveState, SideLive
from glutesym.measures import (
    SIDES,
    Estimate,
    FatigueTrend,
    RepMeasure,
    SetMeasures,
    SetSummary,
    Side,
)
from glutesym.scale import MICROVOLTS, Unit

LOW_BATTERY_PCT = 15.0  # warn with time left to finish a set
_RUNNING = ("recording", "reconnecting")
_PHASES = {
    "waiting": "Waiting",
    "scanning": "Looking for pods",
    "connecting": "Connecting",
    "recording": "● Recording",
    "reconnecting": "Reconnecting",
    "ended": "Ended",
}


def verdict_sentence(summary: SetSummary | None, unit: Unit = MICROVOLTS) -> str:
    """Say how the two sides differ in amount, or why that cannot be said.

    The interval is written in the direction of the sentence: in "left lower by 3 % (95 % CI
    −4…10)" the minus means that the right side may be the lower one. The verdict is on amounts in
    µV, which is said beside those in another unit.
    """
    if summary is None:
        return "No repetition yet"
    estimate = summary.symmetry_index_pct
    if summary.verdict == "not measurable" or estimate.value is None:
        return f"No verdict: {_reason(summary.reason, estimate.reason)}"
    lower = "left" if estimate.value >= 0 else "right"
    difference = f"{lower} lower by {_with_interval(estimate, '%')}"
    if unit.mvic_uv:
        difference = f"in µV {difference}"
    if summary.verdict == "within noise":
        difference = f"within noise: {difference}"
    return _capital(". ".join(part for part in (difference, summary.reason) if part))


def headline(summary: SetSummary, part: str = "side") -> str:
    """Say in one plain sentence what a set says, without its interval; part: side or leg."""
    if summary.verdict == "not measurable":
        return f"No verdict: {_reason(summary.reason, summary.symmetry_index_pct.reason)}"
    if summary.verdict == "within noise":
        return f"Neither {part} was less active beyond noise"
    lower, other = ("left", "right") if summary.verdict == "left lower" else ("right", "left")
    value = summary.symmetry_index_pct.value
    amount = "" if value is None else f", by {abs(value):.0f} % of the {part}s' mean"
    return f"The {lower} {part} was less active than the {other}{amount}"


def lag_sentence(summary: SetSummary | None) -> str:
    """Say which side starts later, or why that cannot be said; the interval as in the verdict."""
    if summary is None:
        return ""
    estimate = summary.lag_ms
    if estimate.value is None:
        return f"Timing withheld: {_reason(estimate.reason)}"
    later = "left" if estimate.value >= 0 else "right"
    low, high = estimate.ci_low, estimate.ci_high
    if summary.lag_verdict == "within noise" or (
        low is not None and high is not None and low <= 0 <= high
    ):
        return f"Timing within noise: {later} later by {_with_interval(estimate, 'ms')}"
    return f"{_capital(later)} starts later by {_with_interval(estimate, 'ms')}"


def fatigue_sentences(trends: Mapping[Side, FatigueTrend]) -> list[str]:
    """Say how each side's median frequency changed over the set, or why that is withheld."""
    changes: dict[Side, Estimate] = {
        side: trend.median_frequency_pct for side, trend in trends.items()
    }
    reasons = {change.reason for change in changes.values() if change.value is None}
    if len(changes) > 1 and len(reasons) == 1 and all(c.value is None for c in changes.values()):
        return [f"Fatigue withheld: {_reason(reasons.pop())}"]
    return [_fatigue_sentence(side, change) for side, change in changes.items()]


def _fatigue_sentence(side: Side, change: Estimate) -> str:
    if change.value is None or change.ci_low is None or change.ci_high is None:
        return f"Fatigue of the {side} side withheld: {_reason(change.reason)}"
    value, low, high = (
        f"{round(part):+d}".replace("-", "−")
        for part in (change.value, change.ci_low, change.ci_high)
    )
    words = f"{_capital(side)} median frequency {value} % (95 % CI {low}…{high}) over the set"
    return f"{words}: a sign of fatigue" if change.ci_high < 0 else f"{words}: no sign of fatigue"


def swapped_sentence(measures: SetMeasures) -> str:
    """Say that the pods seem to be swapped, and what to do; empty when they do not."""
    if not measures.swapped:
        return ""
    return (
        "The pods seem to be on each other's side: then left is right in all of this. See which "
        "one lights up at L and at R in `glutesym live`, and change them or ignore this"
    )


def hip_rotation_sentence(measures: SetMeasures) -> str:
    """Say how far the pelvis opens hinged on each leg; empty when that was not measured."""
    words: list[str] = []
    for side, angle in measures.hip_rotation_deg.items():
        if angle.value is not None:
            interval = _interval(angle.ci_low, angle.ci_high)
            words.append(f"{angle.value:.0f}°{interval} on the {side} leg")
    if not words:
        return ""
    text = f"Hinged forward the pelvis opens by {' and '.join(words)}"
    difference = measures.hip_rotation_difference_deg
    if difference.ci_low is None or difference.ci_high is None:
        return text
    if difference.ci_low <= 0 <= difference.ci_high:
        return f"{text}: no difference beyond noise"
    return f"{text}: the {'right' if difference.ci_low > 0 else 'left'} leg lets it open more"


def pelvic_drop_sentence(measures: SetMeasures) -> str:
    """Say how far the pelvis drops in stance on each leg; empty when that is not the exercise."""
    drops = measures.pelvic_drop_deg
    if not drops:
        return ""
    words = [
        f"{_signed(drop.value)}°{_interval(drop.ci_low, drop.ci_high)} on the {side} leg"
        for side, drop in drops.items()
        if drop.value is not None
    ]
    difference = measures.pelvic_drop_difference_deg
    if not words:
        return f"Pelvic drop withheld: {_reason(difference.reason)}"
    text = f"On one leg the free side of the pelvis drops by {' and '.join(words)}"
    if difference.ci_low is None or difference.ci_high is None:
        return f"{text}; no comparison: {_reason(difference.reason)}"
    if difference.ci_low <= 0 <= difference.ci_high:
        return f"{text}: no difference beyond noise"
    return f"{text}: the {'right' if difference.ci_low > 0 else 'left'} leg lets it drop more"


def count_text(n_found: int, n_excluded: int) -> str:
    """Return how many repetitions there are, and how many of them do not count."""
    words = f"{n_found} rep{'' if n_found == 1 else 's'}"
    return f"{words}, {n_excluded} excluded" if n_excluded else words


def causes_text(summary: SetSummary) -> str:
    """Return why repetitions are excluded, and how many for each cause."""
    return ", ".join(f"{cause} ({n})" for cause, n in summary.excluded)


def excluded_sentence(summary: SetSummary | None) -> str:
    """Say which repetitions the answer is made without, and why; empty when it is made of all."""
    if summary is None or not summary.n_excluded:
        return ""
    what = "repetition" if summary.n_reps == 1 else "repetitions"
    return f"{summary.n_excluded} of {summary.n_reps} {what} excluded: {causes_text(summary)}"


def quality_text(rep: RepMeasure) -> str:
    """Return a repetition's grade, and why it is not the best."""
    return f"{rep.quality}: {rep.reason}" if rep.reason else rep.quality


def activation_sentence(side: Side, summary: SetSummary, unit: Unit = MICROVOLTS) -> str:
    """Say how much one side was active over the set, or why that is withheld."""
    factor = unit.factor(side)
    estimate = summary.activation_uv[side].map(lambda uv: uv * factor)
    if estimate.value is None:
        return f"{_capital(side)} activation withheld: {_reason(estimate.reason)}"
    interval = _interval(estimate.ci_low, estimate.ci_high)
    return f"{_capital(side)} mean {uv_text(estimate.value)} {unit.name}{interval}"


def phase_text(state: LiveState) -> str:
    """Name the phase of the session for a user."""
    if state.replay_of and state.phase == "recording":
        return "▶ Replay"
    return _PHASES.get(state.phase, _capital(state.phase))


def file_text(state: LiveState) -> str:
    """Name the file that the session goes into or comes from."""
    if not state.replay_of:
        return state.session_path or "no file yet"
    into = f", into {state.session_path}" if state.session_path else ""
    return f"replay of {state.replay_of}{into}"


def waiting_sentence(state: LiveState) -> str:
    """Say what has to happen before there is something to see; empty when nothing is missing."""
    absent = [side for side in SIDES if not state.sides[side].connected]
    pods, them = (f"the {absent[0]} pod", "it") if len(absent) == 1 else ("both pods", "them")
    if state.phase == "waiting":
        return "Waiting for the session to start"
    if state.phase == "scanning":
        return f"Looking for {pods}: move {them} (the light flashes) within 5 m"
    if state.phase == "connecting":
        return f"Connecting to {pods}"
    if state.phase == "recording" and not state.reps:
        silent = [side for side in SIDES if not state.sides[side].samples_received]
        if silent:
            return f"Waiting for the first samples: {' and '.join(silent)} pod"
        if not has_repetitions(state.exercise):
            return ""
        if state.movement in ("", "rest", "still"):
            return "Hold still for five seconds, then begin"
        return "Numbers come when the first repetition is over"
    return ""


def connection_text(live: SideLive, phase: str) -> str:
    """Say in words whether a pod is there."""
    if live.connected:
        return "connected"
    words = {"scanning": "searching", "connecting": "connecting", "ended": "disconnected"}
    return "reconnecting" if phase in _RUNNING else words.get(phase, "not connected")


def alert_text(live: SideLive, phase: str) -> str:
    """Return the most urgent trouble of one side in two words; empty when there is none."""
    if phase not in _RUNNING:
        return ""
    if not live.connected:
        return "Reconnecting"
    if live.lead_off:
        return "Electrode off"
    if live.clipping:
        return "Signal clipped"
    return "Data missing" if live.reason and math.isnan(live.activation_uv) else ""


def warning_sentences(live: SideLive, phase: str) -> list[str]:
    """Say everything that is wrong with one side and what to do about it."""
    warnings: list[str] = []
    if live.connected and live.lead_off:
        warnings.append("Electrode off the skin: press it on or replace it")
    elif live.connected and live.clipping:
        warnings.append("Signal clipped: check electrodes and cable")
    elif live.connected and live.light_reason:  # how bad it is, the traffic light says
        warnings.append(_capital(live.light_reason))
    if live.battery_pct < LOW_BATTERY_PCT and phase != "ended":
        warnings.append("Battery low: charge after this set")
    if live.reason and live.connected and not (live.lead_off or live.clipping):
        warnings.append(_capital(live.reason))
    return warnings


def battery_text(live: SideLive) -> str:
    """Return the battery's charge, or a dash while it is unknown."""
    return "battery –" if math.isnan(live.battery_pct) else f"battery {live.battery_pct:.0f} %"


def loss_text(live: SideLive) -> str:
    """Return how many samples are missing, of how many; a loss never rounds to zero per cent.

    What the pod still holds is not lost: it is named beside the loss.
    """
    return loss_words(live.samples_received, live.samples_waiting, live.samples_lost)


def loss_words(received: int, waiting: int, lost: int) -> str:
    """Return the text of `loss_text`, from counts of samples."""
    total = received + waiting + lost
    if not total:
        return "no samples yet"
    words = "0 samples lost"
    if lost:
        share_pct = 100 * lost / total
        share = "<0.01" if share_pct < 0.01 else f"{share_pct:.2g}"
        samples = "sample" if lost == 1 else "samples"
        words = f"{_thousands(lost)} {samples} lost ({share} %)"
    if waiting:
        words += f", {_thousands(waiting)} still in the pod"
    return words


def sync_text(state: LiveState) -> str:
    """Return the bound of the clock error between the pods."""
    if math.isnan(state.sync_uncertainty_ms):
        return "sync not known yet"
    return f"sync ±{state.sync_uncertainty_ms:.1f} ms"


def uv_text(value_uv: float | None) -> str:
    """Return microvolts with the digits that can be read, or a dash; without the unit."""
    if value_uv is None or math.isnan(value_uv):
        return "–"
    return f"{value_uv:.1f}" if value_uv < 9.95 else f"{value_uv:.0f}"


def time_text(time_s: float) -> str:
    """Return session time as minutes and seconds, with hours when there are some."""
    minutes, seconds = divmod(int(max(time_s, 0.0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"


def larger_text(symmetry_index_pct: float | None) -> str:
    """Return one repetition's asymmetry as "left larger 12 %", or a dash when it is withheld."""
    if symmetry_index_pct is None:
        return "–"
    size = f"{abs(symmetry_index_pct):.0f}"
    if size == "0":
        return "equal"
    return f"{'right' if symmetry_index_pct > 0 else 'left'} larger {size} %"


def later_text(lag_ms: float | None) -> str:
    """Return one repetition's lag as "left later 12 ms", or a dash when it is withheld."""
    if lag_ms is None:
        return "–"
    size = f"{abs(lag_ms):.0f}"
    if size == "0":
        return "together"
    return f"{'left' if lag_ms > 0 else 'right'} later {size} ms"


def leg_text(rep: RepMeasure) -> str:
    """Return which leg worked in a repetition on one leg, or that it is not clear."""
    return f"{rep.working} leg" if rep.working else "not clear"


def _with_interval(estimate: Estimate, unit: str) -> str:
    """Return size and interval, both in the direction of the value."""
    assert estimate.value is not None
    low, high = estimate.ci_low, estimate.ci_high
    if estimate.value < 0 and low is not None and high is not None:
        low, high = -high, -low
    return f"{abs(estimate.value):.0f} {unit}{_interval(low, high)}"


def _interval(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return f" (95 % CI {_bound(low)}…{_bound(high)})"


def _bound(value: float) -> str:
    """Return an interval's end, whole; one near 0 so that it shows on which side of it it is."""
    near = 0.001 < abs(value) < 0.5
    return f"{value:.1g}".replace("-", "−") if near else _signed(value)


def _signed(value: float) -> str:
    return f"{round(value):d}".replace("-", "−")


def _thousands(count: int) -> str:
    return f"{count:,}".replace(",", " ")


def _reason(*reasons: str) -> str:
    return next((reason for reason in reasons if reason), "no reason given")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def self_test_sentence(result: dict[str, Any]) -> str:
    """Say what a self-test found, in plain words."""
    parts: list[str] = []
    square, expected = result.get("square_counts"), result.get("expected_counts")
    if isinstance(square, int) and isinstance(expected, int) and expected:
        parts.append(f"test signal {100 * square / expected:.0f} % of what it should be")
    if isinstance(rate := result.get("rate_sps"), int):
        parts.append(f"{rate} samples a second")
    if isinstance(bias_mv := result.get("bias_mv"), int):
        parts.append(f"bias {bias_mv} mV")
    if isinstance(noise_nv := result.get("noise_nv"), int):
        parts.append(f"noise {noise_nv / 1000:.1f} µV")
    verdict = "works" if result.get("ok") else "DOES NOT WORK: check the front end's wiring"
    return f"{verdict} ({', '.join(parts)})." if parts else f"{verdict}."
