from dataclasses import replace

import numpy as np
import pytest

from glutesym.analysis.mounting import find_mounting
from workout import Course, build_workout


def mounting(exercise, course, seed):
    workout = build_workout(exercise, course, seed)
    first = workout.reps[0]
    standing_s = first.start_s - 1.5, first.start_s - 0.2
    return workout.imu, standing_s, (first.start_s, first.reach_s)


@pytest.mark.parametrize("exercise", ["deadlift", "squat"])
@pytest.mark.parametrize("course", [Course(varied=False), Course(swapped=True)])
def test_swapped_pods_are_told_by_the_turn_about_their_outward_axes(exercise, course):
    found = find_mounting(*mounting(exercise, course, 5))
    assert found.swapped is course.swapped
    assert found.way_up == {"left": "upright", "right": "upright"}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_pod_that_is_upside_down_is_found_and_is_not_taken_for_swapped(seed):
    found = find_mounting(*mounting("deadlift", Course(upside_down=True), seed))
    assert sorted(found.way_up.values()) == ["upright", "upside down"]
    assert found.swapped is not True


def test_what_cannot_be_told_is_unknown():
    imu, standing_s, bending_s = mounting("squat", Course(varied=False), 1)
    still = find_mounting(imu, standing_s, standing_s)
    assert still.swapped is None
    assert find_mounting({"left": imu["left"]}, standing_s, bending_s).swapped is None
    nothing = replace(imu["left"], accel_g=np.full_like(imu["left"].accel_g, np.nan))
    lost = find_mounting({"left": nothing}, standing_s, bending_s)
    assert lost.way_up == {"left": "unknown"}
    lying = replace(imu["left"], accel_g=np.roll(imu["left"].accel_g, 1, axis=1))
    assert find_mounting({"left": lying}, standing_s, bending_s).way_up == {"left": "unknown"}
