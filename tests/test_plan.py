"""Advice follows real verdicts only, and always says what it is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym.measures import Estimate, SetSummary
from glutesym.plan import ONE_LEG_EXERCISES, make_plan

VERDICTS = ("left lower", "right lower", "within noise", "not measurable")


def judged(verdict):
    return SetSummary(12, Estimate(20.0), Estimate(0.0), {}, verdict)


@pytest.mark.parametrize(("weaker", "stronger"), [("left", "right"), ("right", "left")])
def test_a_real_verdict_gives_the_weaker_side_twice_the_work(weaker, stronger):
    plan = make_plan([judged(f"{weaker} lower")])
    text = "\n".join(plan.lines)
    assert plan.weaker == weaker
    assert f"The {weaker} side was less active in this set" in plan.lines[0]
    assert f"Begin with the {weaker} leg" in text
    assert f"twice as many sets as the {stronger}" in text
    for wanted in (*ONE_LEG_EXERCISES, "holds", "full range", "squeeze", "Sit less", "squats"):
        assert wanted in text


@pytest.mark.parametrize(
    "verdicts",
    [
        [],
        ["within noise"],
        ["not measurable"],
        ["left lower", "right lower", "left lower"],
        ["right lower", *["within noise"] * 4],
    ],
)
def test_sets_that_single_out_no_side_give_no_work(verdicts):
    assert make_plan([judged(verdict) for verdict in verdicts]) is None


def test_several_sets_are_counted():
    sets = [judged(v) for v in ("left lower", "within noise", "left lower", "not measurable")]
    assert "2 of 3 sets" in make_plan(sets).lines[0]


@given(st.lists(st.sampled_from(VERDICTS), max_size=6))
def test_every_plan_has_a_caution_a_source_and_a_side_that_verdicts_name(verdicts):
    plan = make_plan([judged(verdict) for verdict in verdicts])
    lower = [verdict.split()[0] for verdict in verdicts if verdict.endswith("lower")]
    agreed = len(set(lower)) == 1 and len(lower) >= verdicts.count("within noise")
    assert (plan is not None) == agreed
    if plan is not None:
        assert plan.weaker == lower[0]
        assert "not medical advice" in plan.caution
        assert "pain" in plan.caution
        assert plan.source
        assert all(plan.lines)
