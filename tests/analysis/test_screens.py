"""Known turns and drops of the pelvis are found, however the pods are clipped on."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glutesym.analysis.pelvis import pod_path, stance_up
from glutesym.analysis.reps import find_reps
from glutesym.analysis.screens import (
    hip_rotation,
    pelvic_drop,
    stance_by_activity,
    stance_by_halves,
)
from glutesym.measures import RepMeasure, SideMeasure
from glutesym.pipeline import measure_set
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.scenarios.kinematics import Pose
from pelvis_motion import added, felt, poses
from scenario_recording import record

HINGE = Pose(pitch_deg=65.0)
turns = st.tuples(*(st.floats(-3, 3) for _ in range(3)))


@pytest.mark.parametrize("seed", range(12))
def test_each_hips_rotation_in_the_single_leg_deadlift_is_found_within_two_degrees(seed):
    left_deg, right_deg = [(12.0, 4.0), (3.0, 15.0), (20.0, 10.0)][seed % 3]
    scenario = build_scenario(
        "single-leg-deadlift",
        seed=seed,
        hip_rotation_left_deg=left_deg,
        hip_rotation_right_deg=right_deg,
    )
    imu = {side: pod.imu for side, pod in record(scenario).pods.items()}
    reps = find_reps(imu)
    found = hip_rotation(imu, reps, stance_by_halves(len(reps)))
    assert found.angle_deg["left"].value == pytest.approx(left_deg, abs=1.5)
    assert found.angle_deg["right"].value == pytest.approx(right_deg, abs=1.5)
    assert found.difference_deg.value == pytest.approx(right_deg - left_deg, abs=2)
    assert found.difference_deg.ci_low * found.difference_deg.ci_high > 0
    assert found.difference_deg.ci_high - found.difference_deg.ci_low < 6


def test_equal_hips_are_not_told_apart():
    held = []
    for seed in range(20):
        schedule = [
            (replace(HINGE, rotation_deg=-8.0 if i < 6 else 8.0), 5.0 + 4 * i, 0.3, 1.3)
            for i in range(12)
        ]
        reps = [(start_s - 0.1, start_s + 3.0) for _, start_s, *_ in schedule]
        imu = felt(poses(schedule, 55.0), seed)
        difference = hip_rotation(imu, reps, stance_by_halves(12)).difference_deg
        held.append(difference.ci_low <= 0 <= difference.ci_high)
    assert np.mean(held) >= 0.95


def test_the_leg_stood_on_can_be_told_by_halves_or_by_activity():
    assert stance_by_halves(5) == ["left"] * 3 + ["right"] * 2
    assert stance_by_halves(2, first="right") == ["right", "left"]
    measures = measure_set(record(build_scenario("single-leg-deadlift", seed=3, reps=8)))
    assert stance_by_activity(measures.reps) == ["left"] * 4 + ["right"] * 4
    unknown = RepMeasure(1, 0, 1, SideMeasure(activation_uv=3.0), SideMeasure(), None, None)
    assert stance_by_activity([unknown]) == [None]


BOWS = [(Pose(pitch_deg=35.0), 3.0, 0.3, 1.0), (Pose(pitch_deg=35.0), 6.0, 0.3, 1.0)]
BENDING_S = (2.5, 9.0)


@cache
def hinges(open_deg=10.0, stay_s=0.6, depth_deg=65.0, seed=1, way_s=1.2):
    """Return two bows, then four hinges on each leg that are turned all the way."""
    starts = [11.0 + 4 * i for i in range(8)]
    pose = replace(HINGE, pitch_deg=depth_deg)
    schedule = [*BOWS, *((pose, start, stay_s, way_s) for start in starts)]
    motion = poses(schedule, 45.0)
    t_s = np.arange(len(motion.pitch_deg)) / 1000
    turn = np.where(t_s < 10, 0, np.where(t_s < 26.8, -open_deg, open_deg))
    turn = np.convolve(np.pad(turn, 250, mode="edge"), np.full(501, 1 / 501), "valid")
    return motion, turn, [(s - 0.1, s + 2 * way_s + stay_s + 0.1) for s in starts]


def test_bows_on_both_legs_tell_a_pelvis_that_is_turned_before_it_hinges():
    motion, turn, reps = hinges()
    imu = felt(added(motion, rotation_deg=turn[: len(motion.pitch_deg)]))
    found = hip_rotation(imu, reps, stance_by_halves(8), BENDING_S)
    assert found.angle_deg["left"].value == pytest.approx(10, abs=1)
    assert found.angle_deg["right"].value == pytest.approx(10, abs=1)
    blind = hip_rotation(imu, reps, stance_by_halves(8))  # they open before gravity sees it
    assert blind.difference_deg.ci_low < 0 < blind.difference_deg.ci_high


@given(turns, turns, st.floats(0, 5000))
@settings(max_examples=10)
def test_how_pods_are_clipped_on_and_when_makes_no_difference(left, right, start_s):
    motion, turn, reps = hinges()
    motion = added(motion, rotation_deg=turn[: len(motion.pitch_deg)])
    plain = hip_rotation(felt(motion), reps, stance_by_halves(8), BENDING_S)
    later = [(a + start_s, b + start_s) for a, b in reps]
    bending_s = (BENDING_S[0] + start_s, BENDING_S[1] + start_s)
    imu = felt(motion, clipped_on=(left, right), start_s=start_s)
    turned = hip_rotation(imu, later, stance_by_halves(8), bending_s)
    for leg in ("left", "right"):
        expected = plain.angle_deg[leg].value
        assert turned.angle_deg[leg].value == pytest.approx(expected, abs=0.2)


def test_one_pod_suffices():
    motion, turn, reps = hinges()
    imu = felt(added(motion, rotation_deg=turn[: len(motion.pitch_deg)]))
    for side in ("left", "right"):
        found = hip_rotation({side: imu[side]}, reps, stance_by_halves(8), BENDING_S)
        assert found.angle_deg["left"].value == pytest.approx(10, abs=1.5)


def test_pods_that_disagree_are_not_averaged():
    motion, turn, reps = hinges()
    turn = turn[: len(motion.pitch_deg)]
    imu = felt(added(motion, rotation_deg=turn))
    slipped = felt(added(motion, rotation_deg=turn + 14 * (turn != 0)))["right"]
    found = hip_rotation({**imu, "right": slipped}, reps, stance_by_halves(8), BENDING_S)
    assert found.difference_deg.value is None
    assert "pods disagree by 14°" in found.difference_deg.reason


def test_what_gravity_cannot_tell_is_withheld_with_the_reason():
    motion, _, reps = hinges()
    imu = felt(motion)
    legs = stance_by_halves(8)
    no_stance = {side: replace(r, gyro_dps=r.gyro_dps + 40.0) for side, r in imu.items()}
    shallow = felt(hinges(depth_deg=20.0)[0])
    jerk = {side: replace(r, accel_g=1.3 * r.accel_g) for side, r in imu.items()}
    for found, reason in (
        (hip_rotation(no_stance, reps, legs), "no quiet stance"),
        (hip_rotation(shallow, reps, legs), "30° are needed"),
        (hip_rotation(jerk, reps, legs), "too fast"),
        (hip_rotation(imu, reps, [None] * 8), "leg stood on is not known"),
        (hip_rotation(imu, reps[:2], legs[:2]), "2 usable on the left leg, 3 are needed"),
        (hip_rotation({}, reps, legs), "no pod"),
        (hip_rotation(imu, [], []), "0 usable"),
    ):
        assert found.difference_deg.value is None
        assert reason in found.difference_deg.reason
    with pytest.raises(ValueError, match="need as many legs"):
        hip_rotation(imu, reps, legs[:3])


def balancing(left_deg, right_deg, seed=1, stay_s=3.0):
    """Return four stances on each leg, the free side lower by so much, then two bows."""
    rng = np.random.default_rng(seed)
    stances, legs, schedule = [], [], []
    for i in range(8):
        leg = "left" if i % 2 == 0 else "right"
        drop_deg = (left_deg if leg == "left" else right_deg) + rng.normal(0, 0.5)
        start_s = 3.0 + 6 * i
        pose = Pose(list_deg=drop_deg if leg == "left" else -drop_deg, rotation_deg=5.0)
        schedule.append((pose, start_s, stay_s, 0.8))
        stances.append((start_s, start_s + 1.6 + stay_s))
        legs.append(leg)
    schedule += [(pose, start_s + 50, stay_s, way_s) for pose, start_s, stay_s, way_s in BOWS]
    return felt(poses(schedule, 61.0), seed), stances, legs


@pytest.mark.parametrize("seed", range(10))
def test_the_drop_of_the_pelvis_is_found_on_each_leg(seed):
    found = pelvic_drop(*balancing(7.0, 2.0, seed))
    assert found.angle_deg["left"].value == pytest.approx(7, abs=1)
    assert found.angle_deg["right"].value == pytest.approx(2, abs=1)
    assert found.difference_deg.value == pytest.approx(-5, abs=1.5)
    assert found.difference_deg.ci_high < 0


def test_a_drop_without_calibration_or_stillness_is_withheld():
    imu, stances, legs = balancing(7.0, 2.0)
    moving = {side: replace(r, gyro_dps=r.gyro_dps + 40.0) for side, r in imu.items()}
    lost = {side: replace(r, accel_g=np.full_like(r.accel_g, np.nan)) for side, r in imu.items()}
    short = [(start_s, start_s + 1.7) for start_s, _ in stances]
    swaying = balancing(7.0, 2.0, stay_s=0.0)
    for found, reason in (
        (pelvic_drop(lost, stances, legs), "no quiet stance on both legs"),
        (pelvic_drop(moving, stances, legs), "no quiet stance on both legs"),
        (pelvic_drop(imu, stances[:3], legs[:3]), "3 are needed"),
        (pelvic_drop(imu, [], []), "0 usable"),
        (pelvic_drop(imu, short, legs), "less than 2 s"),
        (pelvic_drop(imu, stances, [None] * 8), "leg stood on is not known"),
        (pelvic_drop(swaying[0], *swaying[1:]), "less than 2 s"),
        (pelvic_drop({}, stances, legs), "no pod"),
    ):
        assert found.difference_deg.value is None
        assert reason in found.difference_deg.reason
    ended = {side: cut(r, stances[-1][1]) for side, r in imu.items()}
    assert "bow twice" in pelvic_drop(ended, stances, legs).difference_deg.reason
    with pytest.raises(ValueError, match="as many legs"):
        pelvic_drop(imu, stances, legs[:3])


def cut(record, end_s):
    """Return a record without what comes later."""
    n = int(np.searchsorted(record.time_s, end_s))
    arrays = {name: getattr(record, name)[:n] for name in ("time_s", "accel_g", "gyro_dps")}
    return replace(record, **arrays)


def test_the_vertical_of_a_quiet_stance_is_found_and_of_a_moving_one_not():
    path = pod_path(felt(poses(BOWS, 10.0))["left"])
    assert np.linalg.norm(stance_up(path, 0, 2.5)) == pytest.approx(1)
    assert stance_up(path, 3.05, 3.9) is None
    assert len(path.time_s) == len(path.up) == len(path.speed_dps)
