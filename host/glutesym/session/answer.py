"""The answer of a set in sentences: the same on the console and beside the tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from glutesym.analysis.quality import duration_text
from glutesym.exercises import NO_EXERCISE, is_walking
from glutesym.measures import RepMeasure, SetMeasures
from glutesym.plan import Plan, make_plan
from glutesym.scale import MICROVOLTS, Unit
from glutesym.wording import (
    excluded_sentence,
    fatigue_sentences,
    hip_rotation_sentence,
    lag_sentence,
    pelvic_drop_sentence,
    quality_text,
    swapped_sentence,
    verdict_sentence,
)

if TYPE_CHECKING:
    from glutesym.session.analyze import AnalyzedSession


def answer_sentences(measures: SetMeasures, unit: Unit = MICROVOLTS) -> list[str]:
    """Return what a set says, the verdict first; unit: of what is told beside it."""
    summary = measures.summary
    lost = measures.motion_lost_s
    sentences = [
        verdict_sentence(summary, unit),
        lag_sentence(summary),
        excluded_sentence(summary),
        swapped_sentence(measures),
        *fatigue_sentences(measures.fatigue),
        hip_rotation_sentence(measures),
        pelvic_drop_sentence(measures),
        f"Motion was lost for {duration_text(lost)}: no repetition is counted there"
        if lost
        else "",
    ]
    return [sentence for sentence in sentences if sentence]


def quality_sentences(reps: Sequence[RepMeasure]) -> list[str]:
    """Return what is wrong with repetitions that are not good, once for all that have it."""
    alike: dict[str, list[int]] = {}
    for rep in reps:
        if rep.reason:
            alike.setdefault(quality_text(rep), []).append(rep.number)
    return [
        f"Repetitions {_ranges_text(numbers)} are {text}"
        if len(numbers) > 1
        else f"Repetition {numbers[0]} is {text}"
        for text, numbers in alike.items()
    ]


def _ranges_text(numbers: Sequence[int]) -> str:
    """Return rising numbers as "1, 3 and 5 to 7"."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1].append(number)
        else:
            ranges.append([number])
    words: list[str] = []
    for one in ranges:
        words += [f"{one[0]} to {one[-1]}"] if len(one) > 2 else map(str, one)
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def corrective_plan(sessions: Sequence[AnalyzedSession]) -> Plan | None:
    """Return what to train for the weaker side of one person; None: there is none to train.

    Walking is no set that the plan's exercises could even out, and what is recorded to calibrate
    or to test pods says nothing of anybody's strength: neither counts. Nor does a set whose lower
    side is not lower against its own maximum.
    """
    return make_plan(
        [
            session.measures.summary
            for session in sessions
            if session.recording.exercise not in NO_EXERCISE
            and not is_walking(session.recording.exercise)
            and not _doubtful(session)
        ]
    )


def _doubtful(session: AnalyzedSession) -> bool:
    normalised = session.normalised
    return normalised is not None and bool(normalised.doubts(session.measures.summary.verdict))
