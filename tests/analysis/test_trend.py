"""Is it getting better? Said when it is, not when days just differ, and never of three days."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym.analysis.trend import ASYMMETRY, LAG, MIN_DAYS, SetResult, Trend, trend
from glutesym.measures import Estimate

START = datetime(2026, 5, 4, 18, 30)


def sets(*values: float, half: float = 5.0, every_days: int = 7) -> list[SetResult]:
    return [
        SetResult(
            START + timedelta(days=every_days * i), Estimate(value, value - half, value + half)
        )
        for i, value in enumerate(values)
    ]


def history(
    random: np.random.Generator, n_days: int, change: float, day_sd: float, level: float = 20.0
) -> list[SetResult]:
    """Return sets of ten repetitions, known to 3.6 points, on days two to five days apart."""
    days = np.concatenate(([0], np.cumsum(random.integers(2, 6, n_days - 1))))
    true = level + change * days / days[-1] + day_sd * random.standard_normal(n_days)
    reps = true[:, None] + 11.3 * random.standard_normal((n_days, 10))
    half = 2.262 * reps.std(axis=1, ddof=1) / np.sqrt(10)
    return [
        SetResult(START + timedelta(days=int(day)), Estimate(value, value - h, value + h))
        for day, value, h in zip(days, reps.mean(axis=1), half, strict=True)
    ]


def verdicts(n: int, *arguments: float, seed: int = 1) -> list[str]:
    random = np.random.default_rng(seed)
    return [trend(ASYMMETRY, history(random, *arguments)).verdict for _ in range(n)]  # type: ignore[arg-type]


@pytest.mark.parametrize("n_days", [4, 6, 12, 20])
@pytest.mark.parametrize("day_sd", [0.0, 3.0, 12.0])
def test_without_a_change_at_most_5_percent_are_told_to_have_one(n_days, day_sd):
    n = 400
    said = verdicts(n, n_days, 0.0, day_sd, seed=n_days)
    claims = n - said.count("no change that it can tell")
    assert claims <= 0.05 * n + 2 * np.sqrt(0.05 * 0.95 * n)  # 2 SD of what chance does to 5 %


@pytest.mark.parametrize(("n_days", "share"), [(6, 0.5), (8, 0.7), (12, 0.95)])
def test_a_steady_change_from_20_percent_to_none_is_found(n_days, share):
    said = verdicts(200, n_days, -20.0, 3.0)
    assert said.count("better") >= share * 200
    assert "worse" not in said


def test_an_interval_without_0_and_no_verdict_are_explained():
    random = np.random.default_rng(5)
    for _ in range(300):
        told = trend(ASYMMETRY, history(random, 8, -8.0, 3.0))
        apart = told.change.ci_low * told.change.ci_high > 0
        just_not = "has to be 96.5 % sure" in told.reason
        if apart and told.verdict == "no change that it can tell" and just_not:
            break
        assert not just_not
        assert apart or told.verdict == "no change that it can tell"
    else:
        pytest.fail("no history was between 95 and 96.5 %")


def test_a_growing_asymmetry_is_worse():
    said = verdicts(100, 12, 20.0, 3.0)
    assert said.count("worse") >= 95
    assert "better" not in said


@pytest.mark.parametrize("sign", [1, -1])
def test_it_is_told_in_words(sign):
    found = trend(ASYMMETRY, sets(*(sign * x for x in (25, 22, 16, 11, 8))))
    side = "left" if sign > 0 else "right"
    assert found.verdict == "better"
    assert found.sentence.startswith(
        f"Asymmetry: better. From {side} lower by 25 % on 2026-05-04 to {side} lower by 7 % on "
        "2026-06-01, 18 % towards even (95 % CI "
    )
    assert found.sentence.endswith("more than days differ by anyway")
    assert found.change.value == pytest.approx(sign * -18, abs=0.5)
    lag = trend(LAG, sets(*(sign * x for x in (0, 10, 22, 30, 41))))
    assert lag.verdict == "worse"
    assert f"to {side} later by 41 ms on" in lag.sentence
    assert "ms away from even (95 % CI " in lag.sentence


def test_what_cannot_be_told_says_what_could_have_been():
    found = trend(ASYMMETRY, sets(20, 12, 25, 9, 17))
    assert found.verdict == "no change that it can tell"
    assert found.detectable > 0.5 * (found.change.ci_high - found.change.ci_low)
    assert f"one of {found.detectable:.0f} % would show in 4 of 5 such histories" in found.sentence


def test_a_side_that_overtakes_the_other_is_no_improvement():
    found = trend(ASYMMETRY, sets(20, 10, 0, -10, -20, half=2))
    assert found.change.ci_high < 0
    assert found.verdict == "no change that it can tell"
    assert "which end is farther from even is not clear" in found.reason
    overshot = trend(ASYMMETRY, sets(20, 10, 0, -10, -20, -30, -40, half=2))
    assert overshot.verdict == "worse"


@pytest.mark.parametrize("n_days", range(MIN_DAYS))
def test_few_days_are_too_few(n_days):
    found = trend(ASYMMETRY, sets(*range(20, 20 - n_days, -1)))
    assert found.verdict == "too few sessions"
    assert f"on {n_days} day" in found.sentence
    assert found.change.value is found.between_days_sd is found.detectable is None
    assert len(found.days) == n_days


def test_sets_of_one_day_share_their_electrodes_and_count_once():
    twenty = sets(*[20, 15, 10] * 7, every_days=0)
    assert trend(ASYMMETRY, twenty).verdict == "too few sessions"
    days = [
        SetResult(one.at + timedelta(minutes=20 * i), one.estimate)
        for one in sets(20, 15, 11, 4)
        for i in range(4)
    ]
    found = trend(ASYMMETRY, days)
    assert [day.n_sets for day in found.days] == [4] * 4
    assert found.days[0].measured.ci_high == pytest.approx(20 + 5 / 2)  # 4 sets: half as wide


def test_what_is_withheld_does_not_count():
    given = sets(20, 15, 11, 4)
    more = [
        SetResult(START + timedelta(days=1), Estimate(None, reason="one pod")),
        SetResult(START + timedelta(days=2), Estimate(99.0)),
    ]
    assert trend(ASYMMETRY, given + more) == trend(ASYMMETRY, given)


def test_numbers_that_are_never_given_say_why():
    reason = "one leg works at a time"
    found = trend(LAG, [SetResult(START, Estimate(None, reason=reason))] * 5)
    assert found.verdict == "too few sessions"
    assert found.sentence.endswith(f"(withheld: {reason})")


def test_a_day_known_badly_counts_little():
    given = sets(20, 20, 20, 20, 20, half=2)
    wild = SetResult(START + timedelta(days=35), Estimate(-60.0, -160.0, 40.0))
    found = trend(ASYMMETRY, [*given, wild])
    assert found.verdict == "no change that it can tell"
    assert abs(found.days[0].fitted.value - 20) < 2


VALUES = st.lists(st.floats(-200, 200), min_size=MIN_DAYS, max_size=9)


def close(a: Trend, b: Trend, sign: float = 1.0) -> bool:
    """Return whether changes agree, to what rounding does to numbers of some hundred."""
    return bool(np.isclose(a.change.value, sign * b.change.value, rtol=1e-4, atol=1e-3))


@given(VALUES, st.floats(0.0, 50.0), st.randoms(use_true_random=False))
def test_order_does_not_matter_and_sides_are_treated_alike(values, half, random):
    given_sets = sets(*values, half=half)
    found = trend(ASYMMETRY, given_sets)
    shuffled = list(given_sets)
    random.shuffle(shuffled)
    assert trend(ASYMMETRY, shuffled) == found
    mirrored = trend(ASYMMETRY, sets(*(-value for value in values), half=half))
    assert mirrored.verdict == found.verdict
    assert close(mirrored, found, -1.0)
    assert found.change.ci_low <= found.change.value <= found.change.ci_high
    assert np.isfinite(found.detectable)
    assert found.sentence
