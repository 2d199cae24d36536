"""What a guided calibration says, in the window and in the terminal: one sentence for one fact."""

from __future__ import annotations

from glutesym.analysis.calibration import POSITIONS, Position
from glutesym.analysis.mvic_guide import Measured, Prompt
from glutesym.analysis.mvic_timetable import Slot, contracting
from glutesym.wording import uv_text

HOW: dict[Position, str] = {
    POSITIONS[0]: "Lie face down, one knee bent, and lift that thigh against something that does "
    "not give: a belt, or a partner's hands.",
    POSITIONS[1]: "Stand upright, feet under the hips, and squeeze both glutes together.",
}


def who_text(slot: Slot) -> str:
    """Return what squeezes."""
    if len(contracting(slot)) > 1:
        return "with both glutes"
    return f"with the {slot.sides[0].upper()} leg"


def slot_title(slot: Slot) -> str:
    """Return which squeeze it is."""
    return f"{slot.position}, trial {slot.trial}{', repeated' if slot.repeat else ''}"


def prompt_sentence(prompt: Prompt) -> str:
    """Say what to do now."""
    if prompt.slot is None:
        return "Finished: relax"
    who = who_text(prompt.slot)
    return {
        "relax": f"Relax. Next: {who}",
        "get ready": f"Get ready {who}, still relaxed",
        "squeeze": f"Squeeze {who}, as hard as you can",
        "hold": f"Hold {who}",
        "let go": "Let go",
        "finished": "Finished: relax",
    }[prompt.word]


def trial_sentences(one: Measured) -> list[str]:
    """Say what a squeeze gave, a sentence a side."""
    slot = one.slot
    if not one.trials:
        sides = " and ".join(slot.sides)
        return [f"{slot.position}, {sides}, trial {slot.trial}: skipped"]
    return [
        f"{slot.position}, {trial.side}, trial {slot.trial}: "
        + (
            f"{uv_text(trial.mvic_uv)} µV, held for {trial.held_s:.1f} s"
            if trial.mvic_uv is not None
            else f"refused: {trial.reason}"
        )
        for trial in one.trials
    ]
