"""What only live views say: what the body does, the last repetition, the traffic light."""

from __future__ import annotations

from glutesym import wording
from glutesym.exercises import goes_up_first, has_repetitions, is_one_leg
from glutesym.live_state import LiveState, SideLive
from glutesym.measures import MIN_REPS, Light, RepMeasure, SetSummary
from glutesym.scale import MICROVOLTS, Unit

RUNNING = ("recording", "reconnecting")  # phases of a session
LIGHT_WORDS: dict[Light, str] = {"green": "good", "yellow": "usable", "red": "not usable"}


def missing_sentence(summary: SetSummary | None, exercise: str) -> str:
    """Say how many repetitions a verdict still lacks; empty when it lacks none."""
    of_all = MIN_REPS * (2 if is_one_leg(exercise) else 1)
    missing = of_all if summary is None else summary.n_missing
    if not missing or not has_repetitions(exercise):
        return ""
    more = "" if summary is None or not summary.n_reps else "more "
    return f"{missing} {more}repetition{'' if missing == 1 else 's'} until the verdict"


def movement_text(state: LiveState) -> str:
    """Name what the body does now; empty when that is not known or nothing is recorded."""
    if state.phase not in RUNNING:
        return ""
    up_first = goes_up_first(state.exercise)
    ways = {True: ("Up", "Down"), False: ("Down", "Up"), None: ("Out", "Back")}[up_first]
    words = {"rest": "Rest", "work": "Work", "hold": "Hold", "still": "Still"}
    return {**words, "away": ways[0], "back": ways[1]}.get(state.movement, "")


def rep_amount_text(rep: RepMeasure, unit: Unit = MICROVOLTS) -> str:
    """Say how one repetition's sides differ in amount, with its noise band, or why not."""
    if rep.excluded:
        return f"excluded: {rep.reason}"
    if rep.one_leg:
        if rep.working is None:
            return f"withheld: {rep.reason}"
        value_uv = rep.side(rep.working).activation_uv
        amount = None if value_uv is None else value_uv * unit.factor(rep.working)
        return f"{rep.working} leg, {wording.uv_text(amount)} {unit.name}"
    if rep.symmetry_index_pct is None:
        return f"withheld: {rep.reason}"
    return _with_band(wording.larger_text(rep.symmetry_index_pct), rep.symmetry_index_noise_pct)


def rep_lag_text(rep: RepMeasure) -> str:
    """Say how one repetition's sides differ in time, with its noise band, or that it is not known.

    Empty for a repetition whose amount says why there is no number.
    """
    if rep.excluded or rep.one_leg:
        return ""
    if rep.lag_ms is None:
        return "onset withheld"
    return _with_band(wording.later_text(rep.lag_ms), rep.lag_noise_ms)


def light_text(live: SideLive, phase: str) -> str:
    """Return the words beside the traffic light."""
    if live.light is None:
        running = live.connected and phase in RUNNING
        return "signal not judged yet" if running else "no signal"
    return f"signal {LIGHT_WORDS[live.light]}"


def _with_band(words: str, half: float | None) -> str:
    """Return a number with the half of its noise band, before its unit."""
    number, _, unit = words.rpartition(" ")
    if half is None or not number:
        return words
    return f"{number} ± {half:.0f} {unit}"
