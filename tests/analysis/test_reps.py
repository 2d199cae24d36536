from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from glutesym.analysis.reps import RepCounter, find_reps
from glutesym.measures import SIDES
from glutesym.recording import ImuRecord
from glutesym.virtual.scenarios.base import IMU_GRID_HZ
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.scenarios.kinematics import Pose, RepTiming, imu_signals
from glutesym.virtual.scenarios.kinematics import movement as pelvis_path
from scenario_recording import record
from workout import EXERCISES as ALL_EXERCISES
from workout import Course, build_workout

EXERCISES = ("bridge", "hip-thrust", "squat", "single-leg-deadlift", "real-gait", "real-lag")


def motion(name, seed=1, **settings_):
    scenario = build_scenario(name, seed=seed, **settings_)
    return {side: pod.imu for side, pod in record(scenario).pods.items()}, scenario.truth.reps


def turned(imu, seed):
    rotation = Rotation.random(random_state=seed)
    return replace(imu, accel_g=rotation.apply(imu.accel_g), gyro_dps=rotation.apply(imu.gyro_dps))


def cut(imu, start_s, end_s):
    inside = slice(*np.searchsorted(imu.time_s, (start_s, end_s)))
    return ImuRecord(imu.fs_hz, imu.time_s[inside], imu.accel_g[inside], imu.gyro_dps[inside])


BRIDGE, BRIDGE_REPS = motion("bridge", 4, reps=6)
BRIDGE_FOUND = find_reps(BRIDGE)


def lost(start_s, end_s, sides=SIDES, motion_of=None):
    """Return the motion of bridges, or another, without what some pods felt for a while."""
    imu = dict(motion_of or BRIDGE)
    for side in sides:
        hole = (imu[side].time_s >= start_s) & (imu[side].time_s < end_s)
        gone = {
            name: np.where(hole[:, None], np.nan, getattr(imu[side], name))
            for name in ("accel_g", "gyro_dps")
        }
        imu[side] = replace(imu[side], **gone)
    return imu


def movements(imu):
    counter = RepCounter()
    return counter.process(imu) + counter.finish()


BRIDGE_MOVEMENTS = movements(BRIDGE)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_repetition_of_every_exercise_is_found_once(name):
    imu, truth = motion(name, 5)
    found = find_reps(imu)
    assert len(found) == len(truth)
    for (start_s, end_s), true in zip(found, truth, strict=True):
        assert start_s == pytest.approx(true.start_s, abs=0.3)
        assert end_s == pytest.approx(true.end_s, abs=0.35)


@pytest.mark.parametrize("mounting", range(4))
def test_mounting_does_not_matter(mounting):
    seeds = {"left": mounting, "right": mounting + 9}
    imu = {side: turned(BRIDGE[side], seed) for side, seed in seeds.items()}
    found = find_reps(imu)
    np.testing.assert_allclose(found, BRIDGE_FOUND, atol=0.06)


@pytest.mark.parametrize("side", ["left", "right"])
def test_one_pod_suffices(side):
    found = find_reps({side: BRIDGE[side]})
    np.testing.assert_allclose(found, BRIDGE_FOUND, atol=0.15)


@pytest.mark.parametrize("rep_period_s", [2.0, 3.0, 9.0])
@pytest.mark.parametrize("rep_period_cv_pct", [0.0, 12.0])
def test_fast_and_slow_repetitions(rep_period_s, rep_period_cv_pct):
    imu, truth = motion(
        "squat", 6, reps=8, rep_period_s=rep_period_s, rep_period_cv_pct=rep_period_cv_pct
    )
    assert len(find_reps(imu)) == len(truth)


def test_rest_holds_no_repetition():
    assert find_reps(motion("rest", 7)[0]) == []


def test_lying_down_first_is_no_repetition_and_hides_none():
    imu, truth = motion("bridge", 8, reps=6, rest_before_s=12.0)

    def stood_up(record):
        angle = np.radians(90) * np.clip((6.0 - record.time_s) / 2.0, 0, 1)
        turn = Rotation.from_rotvec(angle[:, None] * np.array([0, 1.0, 0]))
        rate_dps = np.degrees(np.gradient(angle, record.time_s))
        gyro = record.gyro_dps - rate_dps[:, None] * np.array([0, 1.0, 0])
        return replace(record, accel_g=turn.apply(record.accel_g), gyro_dps=gyro)

    found = find_reps({side: stood_up(record) for side, record in imu.items()})
    assert len(found) == len(truth)


@settings(max_examples=15)
@given(st.lists(st.floats(0, 36), max_size=30).map(sorted))
def test_any_blocks_give_the_same_repetitions(cuts_s):
    holed = lost(9, 9.2, motion_of=lost(14, 15.5, ["left"], lost(21, 22)))
    for whole in (BRIDGE, holed):
        counter, found = RepCounter(), []
        for start_s, end_s in zip([0.0, *cuts_s], [*cuts_s, 100.0], strict=True):
            found += counter.process({side: cut(whole[side], start_s, end_s) for side in SIDES})
        assert found + counter.finish() == movements(whole)


def test_a_growing_window_yields_each_repetition_once_and_soon():
    counter, found = RepCounter(), []
    for now_s in np.arange(0.5, 40, 0.5):
        window = {side: cut(imu, now_s - 30, now_s) for side, imu in BRIDGE.items()}
        for rep in counter.process(window):
            assert now_s - rep.end_s < 1.6
            found.append(rep)
    assert found == BRIDGE_MOVEMENTS


def test_a_pod_that_falls_silent_does_not_stop_the_count():
    imu = {"left": cut(BRIDGE["left"], 0, 14), "right": BRIDGE["right"]}
    assert len(find_reps(imu)) == len(BRIDGE_REPS)


def test_one_pod_may_take_the_place_of_the_other():
    middle_s = BRIDGE_REPS[2].end_s + 0.3
    halves = {
        "left": cut(BRIDGE["left"], 0, middle_s),
        "right": cut(BRIDGE["right"], middle_s, 99),
    }
    assert len(find_reps(halves)) == len(BRIDGE_REPS)


HIP_THRUST, HIP_THRUST_REPS = motion("hip-thrust", 9, reps=4)


@settings(max_examples=40, deadline=None)
@given(st.floats(1, 20), st.floats(0.05, 6), st.sampled_from([SIDES, ("left",), ("right",)]))
def test_lost_motion_costs_only_the_repetitions_it_hides_and_makes_up_none(start_s, long_s, sides):
    """Even when the very first is half hidden: its far end is not taken for rest."""
    end_s = start_s + long_s
    found = movements(lost(start_s, end_s, sides, HIP_THRUST))
    for movement in found:
        overlaps = [
            min(movement.end_s, true.end_s) - max(movement.start_s, true.start_s)
            for true in HIP_THRUST_REPS
        ]
        assert sum(overlap > 0 for overlap in overlaps) == 1
        true = HIP_THRUST_REPS[int(np.argmax(overlaps))]
        if not movement.cut_off:
            assert movement.start_s == pytest.approx(true.start_s, abs=0.6)
            assert movement.end_s == pytest.approx(true.end_s, abs=0.6)
    for true in HIP_THRUST_REPS:
        if sides != SIDES or true.end_s < start_s - 0.8 or true.start_s > end_s:
            assert sum(a.start_s < true.end_s and a.end_s > true.start_s for a in found) == 1


def test_a_hole_that_one_pod_bridges_is_told_of():
    middle_s = (BRIDGE_REPS[2].start_s + BRIDGE_REPS[2].end_s) / 2
    found = movements(lost(middle_s, middle_s + 0.6, ["left"]))
    assert found[2].lost_s == {"left": pytest.approx(0.6, abs=0.03)}
    assert found[2].unseen_s == 0
    assert [m.lost_s for m in found if m is not found[2]] == [{}] * 5
    np.testing.assert_allclose([(m.start_s, m.end_s) for m in found], BRIDGE_FOUND, atol=0.2)


def test_a_moment_that_no_pod_saw_is_told_of():
    middle_s = (BRIDGE_REPS[2].start_s + BRIDGE_REPS[2].end_s) / 2
    found = movements(lost(middle_s, middle_s + 0.2))
    assert found[2].unseen_s == pytest.approx(0.2, abs=0.03)
    assert len(found) == 6


def test_a_repetition_whose_beginning_nobody_saw_is_marked():
    true = BRIDGE_REPS[2]
    found = movements(lost(true.start_s - 1, true.start_s + 0.4))
    marked = [m for m in found if m.cut_off]
    assert [m.end_s for m in marked] == [pytest.approx(true.end_s, abs=0.5)]


def test_it_is_known_how_long_nobody_saw_anything():
    counter = RepCounter()
    counter.process(lost(10, 13.5, motion_of=lost(16, 16.2)))
    assert counter.unseen_s == pytest.approx(3.5, abs=0.05)  # a moment is bridged
    whole = RepCounter()
    whole.process({side: cut(imu, 2, 30) for side, imu in BRIDGE.items()})
    assert whole.unseen_s == 0


def test_nothing_to_count():
    none = ImuRecord(208.0, np.empty(0), np.empty((0, 3)), np.empty((0, 3)))
    lost = replace(BRIDGE["left"], accel_g=np.full_like(BRIDGE["left"].accel_g, np.nan))
    assert find_reps({}) == []
    assert find_reps({"left": none}) == []
    assert find_reps({"left": lost}) == []


def test_it_does_not_matter_when_the_recording_begins():
    for start_s in (0.01, 0.26, 1.7):
        imu = {side: cut(BRIDGE[side], start_s, 1e9) for side in BRIDGE}
        assert np.array(find_reps(imu)) == pytest.approx(np.array(BRIDGE_FOUND), abs=0.05)


def bridges(shares, pause_s=1.5, moving_s=3.0):
    """Return the motion of bridges of these parts of a full one."""
    period_s = moving_s + pause_s
    timings = [
        RepTiming(s, s + 0.4 * moving_s, s + 0.6 * moving_s, s + moving_s)
        for s in (3 + period_s * i for i in range(len(shares)))
    ]
    far = [Pose(-90 - 40 * share) for share in shares]
    duration_s = 6 + period_s * len(shares)
    path = pelvis_path(Pose(-90), far, timings, duration_s)
    time_s = np.arange(round(duration_s * IMU_GRID_HZ)) / IMU_GRID_HZ
    return {side: ImuRecord(IMU_GRID_HZ, time_s, *imu_signals(path, side, 1)) for side in SIDES}


@pytest.mark.parametrize("exercise", ALL_EXERCISES)
@pytest.mark.parametrize(
    "course",
    [Course(walks=True, changes_posture=True), Course(one_pod=True)],
    ids=["everything", "one pod"],
)
def test_sets_as_people_do_them(exercise, course):
    """Walking, getting into position and setting the pods down are no repetitions."""
    workout = build_workout(exercise, course, seed=3)
    counter = RepCounter(strides=False)
    found = counter.process(workout.imu) + counter.finish()
    assert len(found) == len(workout.reps)
    for mine, true in zip(found, workout.reps, strict=True):
        assert true.start_s - 0.2 < mine.start_s < mine.reach_s <= mine.leave_s
        assert mine.leave_s < mine.end_s < true.end_s + 0.2


def test_which_pod_is_where_and_which_way_up_does_not_matter():
    for course in (Course(upside_down=True), Course(swapped=True)):
        workout = build_workout("squat", course, seed=4)
        assert len(find_reps(workout.imu, strides=False)) == len(workout.reps)


def test_less_than_half_a_repetition_does_not_count():
    assert len(find_reps(bridges([1, 1, 0.35, 1, 0.2, 1]))) == 4
    assert len(find_reps(bridges([1, 1, 0.65, 1, 0.7, 1]))) == 6


def test_a_hold_is_one_repetition_and_it_is_known_from_when_to_when():
    imu, truth = motion("isometric-hold", 3, reps=3)
    found = movements(imu)
    assert len(found) == 3
    for mine, true in zip(found, truth, strict=True):
        long_s = true.end_s - true.start_s
        assert mine.reach_s == pytest.approx(true.start_s + 0.1 * long_s, abs=0.4)
        assert mine.leave_s == pytest.approx(true.start_s + 0.9 * long_s, abs=0.4)


@pytest.mark.parametrize(("exercise", "strides"), [("squat", True), ("step-up", False)])
def test_every_decision_comes_within_a_second(exercise, strides):
    workout = build_workout(exercise, Course(), seed=6)
    counter, found = RepCounter(strides), []
    step_s = 0.2
    for now_s in np.arange(0, 90, step_s):
        block = {side: cut(imu, now_s - step_s, now_s) for side, imu in workout.imu.items()}
        for rep in counter.process(block):
            assert now_s - rep.end_s < 1.0 + step_s
            found.append(rep)
    assert len(found) == len(workout.reps)


WALKED = build_workout("step-up", Course(walks=True), seed=8)
WALKED_COUNTER = RepCounter(strides=False)
WALKED_FOUND = WALKED_COUNTER.process(WALKED.imu) + WALKED_COUNTER.finish()


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0, 100), max_size=30).map(sorted))
def test_walking_is_passed_over_in_any_blocks(cuts_s):
    counter, found = RepCounter(strides=False), []
    for start_s, end_s in zip([0.0, *cuts_s], [*cuts_s, 1e9], strict=True):
        found += counter.process({s: cut(imu, start_s, end_s) for s, imu in WALKED.imu.items()})
    assert found + counter.finish() == WALKED_FOUND
    assert len(WALKED_FOUND) == len(WALKED.reps)


def test_strides_count_when_asked_for():
    assert len(find_reps(WALKED.imu, strides=True)) > len(WALKED.reps) + 5
