"""The answer of a set in sentences: the same on the console and beside the tables."""

from __future__ import annotations

from glutesym.analysis.quality import duration_text
from glutesym.measures import SetMeasures
from glutesym.wording import (
    excluded_sentence,
    fatigue_sentence,
    hip_rotation_sentence,
    lag_sentence,
    pelvic_drop_sentence,
    swapped_sentence,
    verdict_sentence,
)


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
