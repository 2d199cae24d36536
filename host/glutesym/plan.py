"""What to train after a set, in a few lines: more for the weaker side, if there really is one.

The advice is that of the training article behind the kit, in our own words: work on one leg, twice
as much of it on the weaker side, holds, quality before numbers, and less and more even sitting. No
trial shows that it evens out what electrodes measure; the text says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from glutesym.measures import SetSummary, Side

SOURCE = (
    "The training article that this kit was made for: a coach's advice. No controlled trial shows "
    "that it evens out the two sides' activity."
)
CAUTION = (
    "This is training information, not medical advice. An uneven signal may also come from how "
    "the electrodes sit. With pain, an injury, numbness or a leg that gives way, stop and see a "
    "doctor or physiotherapist."
)
ONE_LEG_EXERCISES = (
    "Bulgarian split squat",
    "single-leg Romanian deadlift",
    "single-leg bridge",
    "single-leg hip thrust",
    "single-leg squat",
    "dumbbell step-up",
)

_ENOUGH_REPS = 10  # the size of set that verdicts were measured with: docs/accuracy.md


@dataclass(frozen=True)
class Plan:
    """What to do next."""

    lines: tuple[str, ...]  # the first says for whom or why; then one piece of advice a line
    source: str
    caution: str
    weaker: Side | None = None  # the side the work is for; None: there is nothing to correct


def make_plan(sets: SetSummary | Sequence[SetSummary]) -> Plan:
    """Return what to train, given one set or several of the same person.

    Parameters
    ----------
    sets : SetSummary or sequence of SetSummary

    Returns
    -------
    Plan
        Corrective work only if half of the sets that could be judged, or more, call the same side
        lower, and none the other one. Otherwise what keeps things even, or how to get a set that
        can be judged.
    """
    summaries = [sets] if isinstance(sets, SetSummary) else list(sets)
    verdicts = Counter(summary.verdict for summary in summaries)
    left, right = verdicts["left lower"], verdicts["right lower"]
    weaker: Side | None = None
    if left and right:
        lines = _contradictory(left, right)
    elif (left or right) and 2 * (left + right) >= left + right + verdicts["within noise"]:
        weaker = "left" if left else "right"
        lines = _corrective(weaker, left or right, verdicts["within noise"])
    elif left or right:
        lines = _too_rare(left + right, verdicts["within noise"])
    elif verdicts["within noise"]:
        lines = _nothing_to_correct()
    else:
        lines = _measure_first(summaries)
    return Plan(lines, SOURCE, CAUTION, weaker)


def _corrective(weaker: Side, lower: int, even: int) -> tuple[str, ...]:
    judged = lower + even
    where = "this set" if judged == 1 else f"{lower} of {judged} sets that could be judged"
    stronger = "right" if weaker == "left" else "left"
    return (
        f"The {weaker} side was less active in {where}: give it more work.",
        "Before weeks of it, put on fresh electrodes another day and see whether it stays so.",
        f"Train one leg at a time: two or three of {', '.join(ONE_LEG_EXERCISES)}.",
        f"Begin with the {weaker} leg, and give it twice as many sets as the {stronger}: for "
        "example four and two.",
        f"Add still holds at the top of a bridge or thrust on the {weaker} side, squeezing hard.",
        "Go through the full range, slowly, with a deliberate squeeze at the end; end a set when "
        "that is lost, however few repetitions it was.",
        *_SITTING,
        "Measure the same exercise again in two to four weeks; once the sides are within noise, "
        "go back to equal work.",
    )


_SITTING = (
    "Sit on both sit bones alike: no crossed leg, no wallet or phone under one side.",
    "Sit less, and break it up: every half hour stand up and do some bodyweight squats.",
)


def _nothing_to_correct() -> tuple[str, ...]:
    return (
        "No difference beyond noise was found: there is nothing to correct.",
        "Keep the work on both legs equal, with full range and a deliberate squeeze.",
        *_SITTING,
    )


def _too_rare(lower: int, even: int) -> tuple[str, ...]:
    return (
        f"A side was lower in {lower} of {lower + even} sets only: too rarely to act on.",
        *_nothing_to_correct()[1:],
    )


def _contradictory(left: int, right: int) -> tuple[str, ...]:
    return (
        f"The sets disagree: the left side was lower in {left}, the right side in {right}. There "
        "is no weaker side to work on.",
        "Compare sets of one exercise only, with the electrodes left where they are. On one leg "
        "the free side is always less active: do the same number of repetitions on each.",
        *_SITTING,
    )


def _measure_first(summaries: Sequence[SetSummary]) -> tuple[str, ...]:
    reasons = Counter(summary.reason for summary in summaries if summary.reason)
    why = f": {reasons.most_common(1)[0][0]}" if reasons else ""
    return (
        f"No set could be judged{why}.",
        "Clean the skin, press fresh electrodes on firmly, and stay relaxed for three seconds "
        "before the first repetition and between repetitions.",
        f"Then do at least {_ENOUGH_REPS} steady repetitions of a bridge or hip thrust.",
    )
