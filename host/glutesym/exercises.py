"""What is known about exercises by their names: on one leg, hinged forward, or walking."""

from __future__ import annotations

import re

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
NO_EXERCISE = {
    MVIC: "a calibration",
    SYNC_CHECK: "an audit of the clocks",
    BENCH: "a bench test",
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

_WALKING = ("walk", "gait", "stride", "running")


def is_one_leg(exercise: str) -> bool:
    """Say whether an exercise works one side at a time, as far as its name tells.

    Then the sides are compared over the repetitions that each of them worked in.
    """
    return any(part in _plain(exercise) for part in _ONE_LEG)


def is_one_leg_hinge(exercise: str) -> bool:
    """Say whether an exercise hinges forward on one leg: then gravity shows if a hip rotates."""
    return is_one_leg(exercise) and any(part in _plain(exercise) for part in _HINGE)


def is_one_leg_stance(exercise: str) -> bool:
    """Say whether an exercise is standing on one leg: then gravity shows if the pelvis drops."""
    return is_one_leg(exercise) and any(part in _plain(exercise) for part in _STANCE)


def is_bending(exercise: str) -> bool:
    """Say whether an exercise bends or straightens the hips, both sides of the pelvis alike."""
    return any(part in _plain(exercise) for part in _BENDING)


def is_walking(exercise: str) -> bool:
    """Say whether strides are the repetitions; in other exercises walking about is passed over."""
    return any(part in _plain(exercise) for part in _WALKING)


def goes_up_first(exercise: str) -> bool | None:
    """Say whether a repetition begins with the way up; None when the name does not tell."""
    name = _plain(exercise)
    if any(part in name for part in _DOWN_FIRST):
        return False
    return True if any(part in name for part in _UP_FIRST) else None


def _plain(exercise: str) -> str:
    return re.sub(r"[^a-z]+", "-", exercise.lower())
