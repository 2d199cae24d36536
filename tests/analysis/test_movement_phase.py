"""What the body does now, followed frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from glutesym.analysis.movement_phase import PhaseFollower
from glutesym.measures import SIDES

HZ, BLOCK = 208.0, 17


def phases(angle_deg, working, sides=SIDES) -> list[str]:
    """Return the phase after every frame of a course of one angle about the pod's y axis."""
    follower = PhaseFollower()
    rate_dps = np.gradient(angle_deg) * HZ
    angle = np.radians(angle_deg)
    # Gravity as the pod feels it when it turns by +angle about y.
    accel = np.column_stack((-np.sin(angle), np.zeros(len(angle)), np.cos(angle)))
    gyro = np.column_stack((np.zeros(len(angle)), rate_dps, np.zeros(len(angle))))
    found: list[str] = []
    for start in range(0, len(angle) - BLOCK, BLOCK):
        part, now_s = slice(start, start + BLOCK), (start + BLOCK) / HZ
        for side in sides:
            follower.process(side, now_s, accel[part], gyro[part])
        found.append(follower.phase(now_s, working[start]))
    return found


def course(*legs: tuple[float, float, bool]) -> tuple[np.ndarray, list[bool]]:
    """Return angles and whether muscles work, from (seconds, angle at their end, working)."""
    angles, working, at_deg = [], [], 0.0
    for seconds, to_deg, works in legs:
        n = round(seconds * HZ)
        way = 0.5 - 0.5 * np.cos(np.pi * np.arange(n) / n)
        angles.append(at_deg + (to_deg - at_deg) * way)
        working += [works] * n
        at_deg = to_deg
    return np.concatenate(angles), working


def short(found: list[str]) -> list[str]:
    """Return each phase once, in order."""
    return [p for i, p in enumerate(found) if i == 0 or p != found[i - 1]]


@pytest.mark.parametrize("sides", [SIDES, ("left",), ("right",)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_repetition_with_a_hold_has_all_its_phases(sides, sign):
    angle, working = course(
        (3, 0, False),
        (0.3, 0, True),
        (1.2, 40, True),
        (1.5, 40, True),
        (1.2, 0, True),
        (2, 0, False),
    )
    found = short([p for p in phases(sign * angle, working, sides) if p])
    assert found == ["rest", "work", "away", "hold", "back", "rest"]


def test_a_squeeze_without_movement_is_a_hold():
    angle, working = course((3, 0, False), (3, 0, True), (1, 0, False))
    assert short([p for p in phases(angle, working) if p]) == ["rest", "work", "hold", "rest"]


def test_another_posture_becomes_the_place_of_rest():
    angle, working = course((3, 0, False), (2, 90, False), (3, 90, False), (1, 60, True))
    assert short(phases(angle, working))[-3:] == ["rest", "work", "away"]


def test_nothing_is_said_without_motion_or_muscle():
    follower = PhaseFollower()
    assert follower.phase(1.0, True) == ""
    angle = np.zeros(round(4 * HZ))
    assert phases(angle, [None] * len(angle))[-1] == "still"


def test_a_silent_pod_is_forgotten():
    follower = PhaseFollower()
    still = np.tile([0.0, 0.0, 1.0], (BLOCK, 1))
    for i in range(20):
        follower.process("left", i * BLOCK / HZ, still, np.zeros((BLOCK, 3)))
    now_s = 19 * BLOCK / HZ
    follower.phase(now_s, False)
    assert follower.phase(now_s + 0.4, False) == "rest"
    assert follower.phase(now_s + 0.6, False) == ""
