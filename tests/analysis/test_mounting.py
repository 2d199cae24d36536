from dataclasses import replace

import numpy as np
import pytest

from glutesym.analysis.mounting import SWAPPED, SideCheck, outward_difference
from glutesym.analysis.reps import RepCounter
from workout import Course, build_workout


def checked(exercise, course, seed=9001, n=4):
    """Return what is known of the sides after some repetitions."""
    workout = build_workout(exercise, course, seed)
    counter = RepCounter(strides=False)
    check = SideCheck()
    for movement in (counter.process(workout.imu) + counter.finish())[:n]:
        check.take(workout.imu, movement)
    return check


@pytest.mark.parametrize("exercise", ["deadlift", "squat", "bridge", "hip-thrust", "step-up"])
@pytest.mark.parametrize("swapped", [False, True])
def test_swapped_pods_are_told_by_the_turn_about_their_outward_axes(exercise, swapped):
    check = checked(exercise, Course(varied=False, swapped=swapped))
    assert check.swapped is swapped
    assert check.flaws == ((SWAPPED,) if swapped else ())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_pod_that_is_upside_down_is_not_taken_for_swapped(seed):
    assert checked("deadlift", Course(upside_down=True), seed).swapped is not True


def test_what_cannot_be_told_is_unknown():
    assert checked("squat", Course(varied=False), n=2).swapped is None  # too few
    assert checked("prone-hip-extension", Course()).swapped is None  # turns too little
    assert checked("squat", Course(one_pod=True)).swapped is None


def test_repetitions_that_disagree_tell_nothing():
    right = build_workout("squat", Course(varied=False), 1)
    wrong = build_workout("squat", Course(varied=False, swapped=True), 1)
    counter = RepCounter(strides=False)
    movements = counter.process(right.imu) + counter.finish()
    check = SideCheck()
    for i, movement in enumerate(movements):
        check.take((wrong if i == 1 else right).imu, movement)
    assert check.swapped is None


def test_lost_motion_is_passed_over():
    workout = build_workout("squat", Course(varied=False), 1)
    counter = RepCounter(strides=False)
    movement = counter.process(workout.imu)[0]
    assert outward_difference(workout.imu, movement) > 0.3
    accel_g = np.full_like(workout.imu["left"].accel_g, np.nan)
    lost = {**workout.imu, "left": replace(workout.imu["left"], accel_g=accel_g)}
    assert outward_difference(lost, movement) is None
    nothing = {side: replace(r, time_s=r.time_s + 1000) for side, r in workout.imu.items()}
    assert outward_difference(nothing, movement) is None
