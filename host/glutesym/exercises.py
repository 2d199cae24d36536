"""What is known about exercises by their names: on one leg, hinged forward, or walking."""

from __future__ import annotations

import re
from difflib import get_close_matches

NAMES = (  # to choose from; any other name will do
    "hip thrust",
    "bridge",
    "squat",
    "deadlift",
    "split squat",
    "step-up",
    "single-leg bridge",
    "single-leg deadlift",
    "single-leg stance",
    "prone hip extension",
    "isometric hold",
)

# Recorded, but no exercise.
MVIC, SYNC_CHECK, BENCH = "mvic", "sync check", "bench test"
SITTING, TWO_MUSCLES = "sitting", "gait of two muscles"
NO_EXERCISE = {
    MVIC: "a calibration",
    SYNC_CHECK: "an audit of the clocks",
    BENCH: "a bench test",
    SITTING: "a sitting",
    TWO_MUSCLES: "a recording of two different muscles",
}

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

_HINGE = ("deadlift", "rdl", "good-morning")

_UP_FIRST = ("bridge", "thrust", "extension", "step-up", "raise", "kick", "hold")
_DOWN_FIRST = ("squat", "deadlift", "rdl", "good-morning", "lunge", "hinge")
_STANCE = ("stance", "balance")

_BENDING = ("bridge", "thrust", "squat", "lunge", "step-up", "pistol", *_HINGE)

_ALIKE = 0.8  # of the letters of a name that was misspelt

_WALKING = ("walk", "gait", "stride", "running")


def has_repetitions(exercise: str) -> bool:
    """Say whether there is something to count: to rise from a chair, or to shake pods, is not."""
    return exercise not in NO_EXERCISE or is_walking(exercise)


def is_one_leg(exercise: str) -> bool:
    """Say whether an exercise works one side at a time, as far as its name tells.

    Then the sides are compared over the repetitions that each of them worked in.
    """
    return any(part in plain_name(exercise) for part in _ONE_LEG)


def is_one_leg_hinge(exercise: str) -> bool:
    """Say whether an exercise hinges forward on one leg: then gravity shows if a hip rotates."""
    return is_one_leg(exercise) and any(part in plain_name(exercise) for part in _HINGE)


def is_one_leg_stance(exercise: str) -> bool:
    """Say whether an exercise is standing on one leg: then gravity shows if the pelvis drops."""
    return is_one_leg(exercise) and any(part in plain_name(exercise) for part in _STANCE)


def is_bending(exercise: str) -> bool:
    """Say whether an exercise bends or straightens the hips, both sides of the pelvis alike."""
    return any(part in plain_name(exercise) for part in _BENDING)


def is_walking(exercise: str) -> bool:
    """Say whether strides are the repetitions; in other exercises walking about is passed over."""
    return any(part in plain_name(exercise) for part in _WALKING)


def goes_up_first(exercise: str) -> bool | None:
    """Say whether a repetition begins with the way up; None when the name does not tell."""
    name = plain_name(exercise)
    if any(part in name for part in _DOWN_FIRST):
        return False
    return True if any(part in name for part in _UP_FIRST) else None


def plain_name(exercise: str) -> str:
    """Return a name in small letters and hyphens: what is spelt alike is the same exercise."""
    return re.sub(r"[\W_]+", "-", exercise.casefold())


def is_on_a_body(exercise: str) -> bool:
    """Say whether pods are surely worn, as far as the exercise's name tells."""
    known = map(plain_name, (*NAMES, SITTING, TWO_MUSCLES))
    return plain_name(exercise) in known or is_walking(exercise)


def near_miss(exercise: str) -> str | None:
    """Return the known exercise that a name was probably meant to be; None: it may be as it is."""
    known = {plain_name(name): name for name in NAMES}
    name = plain_name(exercise)
    if name in known:
        return None
    found = get_close_matches(name, known, 1, _ALIKE)
    return known[found[0]] if found else None
