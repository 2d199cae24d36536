"""The answer of a set in sentences: the same on the console and beside the tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from glutesym.analysis.quality import duration_text
from glutesym.exercises import NO_EXERCISE, is_walking
from glutesym.measures import SetMeasures
from glutesym.plan import Plan, make_plan
from glutesym.wording import (
    excluded_sentence,
    fatigue_sentence,
    hip_rotation_sentence,
    lag_sentence,
    pelvic_drop_sentence,
    swapped_sentence,
    verdict_sentence,
)

if TYPE_CHECKING:
    from glutesym.session.analyze import AnalyzedSession


def answer_sentences(measures: SetMeasures) -> list[str]:
    """Return what a set says, the verdict first."""
    summary = measures.summary
    lost = measures.motion_lost_s
    sentences = [
        verdict_sentence(summary),
        lag_sentence(summary),
        excluded_sentence(summary),
        swapped_sentence(measures),
        *(fatigue_sentence(side, trend) for side, trend in measures.fatigue.items()),
        hip_rotation_sentence(measures),
        pelvic_drop_sentence(measures),
        f"Motion was lost for {duration_text(lost)}: no repetition is counted there"
        if lost
        else "",
    ]
    return [sentence for sentence in sentences if sentence]


def corrective_plan(sessions: Sequence[AnalyzedSession]) -> Plan | None:
    """Return what to train for the weaker side of one person; None: there is none to train.

    Walking is no set that the plan's exercises could even out, and what is recorded to calibrate
    or to test pods says nothing of anybody's strength: neither counts.
    """
    return make_plan(
        [
            session.measures.summary
            for session in sessions
            if session.meta.exercise not in NO_EXERCISE and not is_walking(session.meta.exercise)
        ]
    )
