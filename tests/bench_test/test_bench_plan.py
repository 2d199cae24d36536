"""Steps, setup and lines: what is chosen, refused, judged and withheld."""

from __future__ import annotations

import pytest

from glutesym.bench.line import Verdict, judged, told
from glutesym.bench.plan import Setup, both_steps, choose_steps, setup_from_text
from glutesym.errors import GlutesymError

PLAIN = ["noise", "signal", "hum", "off-p", "off-n", "off-ref"]


def names(*arguments, **options):
    return [step.name for step in choose_steps(*arguments, **options)]


def test_what_needs_nothing_special_is_done_in_order():
    assert names(Setup()) == PLAIN
    assert names(Setup(second_mv=100)) == [*PLAIN[:2], "level", *PLAIN[2:]]
    whole = names(Setup(), response=True, faces=True)
    assert {"low", "high", "face-1", "face-6"} <= set(whole)
    assert names(Setup(), ["off-p", "noise"]) == ["noise", "off-p"]
    assert names(Setup(), ["response"]) == ["signal", "low", "high"]
    assert len(names(Setup(), ["faces"])) == 6
    assert [step.name for step in both_steps(Setup())] == ["bursts"]


@pytest.mark.parametrize(
    ("step", "words"),
    [("humm", "no step humm"), ("bursts", "--both"), ("level", "--second-mv")],
)
def test_a_step_that_cannot_be_is_refused(step, words):
    with pytest.raises(GlutesymError, match=words):
        choose_steps(Setup(), [step])


@pytest.mark.parametrize(
    "wrong",
    [
        {"generator_hz": 5},
        {"generator_hz": float("nan")},
        {"hum_hz": 1000},
        {"generator_mv": 0},
        {"generator_mv": 5e5},
        {"hum_mv": 0},
        {"hum_mv": 5000},
        {"level_tolerance_pct": -1},
        {"level_tolerance_pct": float("inf")},
        {"generator_ppm": -1},
        {"generator_ppm": float("inf")},
        {"second_mv": 299},
        {"second_mv": 0},
    ],
)
def test_a_setup_that_cannot_be_is_refused(wrong):
    with pytest.raises(GlutesymError, match="--"):
        Setup(**wrong)


def test_a_setup_survives_its_text_and_damage_is_noticed():
    setup = Setup(generator_ppm=20, second_mv=50)
    assert setup_from_text(setup.to_text()) == setup
    for damaged in ("", "{}x", '{"volts": 1}', "[]", '{"hum_mv": -1}'):
        with pytest.raises(ValueError, match=r".*"):
            setup_from_text(damaged)


def line(measured, half=0.0, **limits):
    return judged("gain", "%", measured, half, limits_from="here", fix="mend", **limits)


def test_limits_decide():
    assert line(1.0, low=-2, high=2).verdict is Verdict.PASS
    assert line(2.1, low=-2, high=2).verdict is Verdict.FAIL
    assert line(-2.1, low=-2, high=2).says == "mend"
    assert line(0.0, high=0.0).verdict is Verdict.PASS
    assert line(1.0, high=0.0).verdict is Verdict.FAIL
    assert line(47.0, 1.0, low=48.0).verdict is Verdict.FAIL


def test_what_is_too_uncertain_is_withheld():
    uncertain = line(0.1, 2.5, low=-2, high=2)
    assert uncertain.verdict is Verdict.WITHHELD
    assert uncertain.measured is None
    assert line(float("nan"), low=-2, high=2).verdict is Verdict.WITHHELD
    assert told("leads", True, "", "why").verdict is Verdict.FAIL
