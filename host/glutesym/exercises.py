"""What is known about exercises by their names: which of them are done on one leg at a time."""

from __future__ import annotations

import re

_ONE_LEG = (
    "single-leg",
    "one-leg",
    "unilateral",
    "split-squat",
    "step-up",
    "lunge",
    "prone-hip-extension",
    "pistol",
)


def is_one_leg(exercise: str) -> bool:
    """Say whether an exercise works one side at a time, as far as its name tells.

    Then the sides are compared over the repetitions that each of them worked in.
    """
    name = re.sub(r"[^a-z]+", "-", exercise.lower())
    return any(part in name for part in _ONE_LEG)
