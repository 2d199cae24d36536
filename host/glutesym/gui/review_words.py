"""What a review says above and below its views."""

from __future__ import annotations

from glutesym import wording
from glutesym.exercises import is_one_leg
from glutesym.measures import RepMeasure
from glutesym.session.review import Reviewed


def facts_text(reviewed: Reviewed) -> str:
    """Say what was done, how much of it counts, and when sides start."""
    analyzed = reviewed.analyzed
    summary = analyzed.measures.summary
    what = analyzed.recording.exercise or "no exercise given"
    who = f", {analyzed.meta.subject}" if analyzed.meta.subject else ""
    when = f"{analyzed.meta.started_utc.astimezone():%Y-%m-%d %H:%M}"
    said = [
        f"{what}{who}, {when}, {wording.count_text(summary.n_reps, summary.n_excluded)}",
        "" if is_one_leg(what) else wording.lag_sentence(summary),
        wording.swapped_sentence(analyzed.measures),
    ]
    return ". ".join(sentence for sentence in said if sentence)


def rep_text(rep: RepMeasure) -> str:
    """Say where one repetition is, and how its sides differ."""
    larger = wording.leg_text(rep) if rep.one_leg else wording.larger_text(rep.symmetry_index_pct)
    words = [f"Rep {rep.number}", f"{rep.start_s:.2f}–{rep.end_s:.2f} s", larger]
    if not rep.one_leg:
        words.append(wording.later_text(rep.lag_ms))
    return ", ".join([*words, wording.quality_text(rep)])
