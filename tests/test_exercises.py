import pytest

from glutesym.exercises import (
    is_bending,
    is_one_leg,
    is_one_leg_hinge,
    is_one_leg_stance,
    near_miss,
    plain_name,
)
from glutesym.virtual.scenarios.catalog import build_scenario


@pytest.mark.parametrize(
    "name",
    [
        "single-leg-deadlift",
        "Single leg RDL",
        "bulgarian split squat",
        "Step-up",
        "one-leg bridge",
    ],
)
def test_exercises_on_one_leg_are_known_however_they_are_written(name):
    assert is_one_leg(name)


@pytest.mark.parametrize("name", ["", "session", "bridge", "hip thrust", "squat", "deadlift"])
def test_all_others_work_both_sides_at_once(name):
    assert not is_one_leg(name)


def test_the_scenario_knows_its_exercise():
    assert is_one_leg(build_scenario("single-leg-deadlift", reps=2).exercise)


def test_a_hinge_on_one_leg_shows_hip_rotation():
    assert is_one_leg_hinge("single-leg deadlift")
    assert not is_one_leg_hinge("deadlift")
    assert not is_one_leg_hinge("step-up")


def test_a_stance_on_one_leg_shows_the_drop_of_the_pelvis():
    assert is_one_leg_stance(build_scenario("single-leg-stance", reps=2).exercise)
    assert is_one_leg_stance("Single leg balance, eyes open")
    assert not is_one_leg_stance("single-leg squat")
    assert not is_one_leg_stance("sumo stance deadlift")


def test_bending_exercises_are_known():
    assert all(map(is_bending, ("Hip thrust", "RDL, 60 kg", "single-leg bridge", "Squats")))
    assert not any(map(is_bending, ("single-leg stance", "knee raise", "")))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("singel-leg stance", "single-leg stance"),
        ("brige", "bridge"),
        ("Squats", "squat"),
        ("Single leg stance", None),
        ("Bulgarian split squat", None),
        ("deadlift 60 kg", None),
        ("Beckenheben", None),
        ("", None),
    ],
)
def test_a_misspelt_exercise_is_noticed_and_other_names_are_not(name, meant):
    assert near_miss(name) == meant


def test_spelling_does_not_make_another_exercise_but_numbers_and_letters_do():
    assert plain_name("Single-Leg  Stance") == plain_name("single leg stance")
    assert plain_name("step-up 20 cm") != plain_name("step-up 30 cm")
    assert plain_name("приседание") != plain_name("выпад")
