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

_SITTING = (
    "Sit on both sit bones alike: no crossed leg, no wallet or phone under one side.",
    "Sit less, and break it up: every half hour stand up and do some bodyweight squats.",
)


@dataclass(frozen=True)
class Plan:
    """What to do next."""

    lines: tuple[str, ...]  # the first says for whom; then one piece of advice a line
    weaker: Side  # the side the work is for
    source: str = SOURCE
    caution: str = CAUTION


def make_plan(sets: Sequence[SetSummary]) -> Plan | None:
    """Return what to train, given sets of the same person; None: there is nothing to correct.

    There is only if half of the sets that could be judged, or more, call the same side lower, and
    none the other one.
    """
    verdicts = Counter(one.verdict for one in sets)
    left, right, even = (verdicts[v] for v in ("left lower", "right lower", "within noise"))
    lower = left or right
    if not lower or (left and right) or lower < even:
        return None
    weaker: Side = "left" if left else "right"
    return Plan(_corrective(weaker, lower, even), weaker)


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
