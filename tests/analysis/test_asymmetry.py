from dataclasses import replace

import numpy as np
import pytest

from glutesym.analysis.asymmetry import (
    ln_ratio,
    summarize,
    symmetry_angle_pct,
    symmetry_index_pct,
    working_side,
)
from glutesym.exercises import NO_EXERCISE
from glutesym.measures import NO_POD, Flaw, RepMeasure, SideMeasure
from live_states import leg_rep

LOST = Flaw("unusable", "samples lost", "52 ms missing")


def rep(number, left, right, lag_ms=None, flaws=(), sync_ms=1.0):
    """Return a repetition whose left side has flaws."""
    sides = SideMeasure(activation_uv=left, flaws=flaws), SideMeasure(activation_uv=right)
    index = symmetry_index_pct(left, right) if None not in (left, right) else None
    return RepMeasure(number, number, number + 1, *sides, index, lag_ms, (), sync_ms)


def reps(n, left, right, cv=0.08, lag_ms=0.0, lag_sd_ms=10.0, seed=1, sync_ms=1.0):
    rng = np.random.default_rng(seed)
    return [
        rep(
            i + 1,
            *(np.array([left, right]) * np.exp(cv * rng.standard_normal(2))),
            lag,
            sync_ms=sync_ms,
        )
        for i, lag in enumerate(lag_ms + lag_sd_ms * rng.standard_normal(n))
    ]


def test_signs_and_limits_of_the_indices():
    assert symmetry_index_pct(80, 100) == pytest.approx(22.22, abs=0.01)
    assert symmetry_index_pct(0, 5) == 200
    assert symmetry_index_pct(5, 0) == -200
    assert symmetry_index_pct(0, 0) is None
    assert symmetry_angle_pct(0, 5) == 50
    assert symmetry_angle_pct(7, 7) == pytest.approx(0)
    assert symmetry_angle_pct(5, 0) == -50
    assert symmetry_angle_pct(0, 0) is None


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [(70, 100, "left lower"), (100, 70, "right lower"), (100, 100, "within noise")],
)
def test_verdict_names_the_lower_side(left, right, verdict):
    assert summarize(reps(12, left, right)).verdict == verdict


def test_a_difference_smaller_than_the_variation_is_noise():
    assert summarize(reps(12, 97, 100, cv=0.15)).verdict == "within noise"


def test_equal_sides_are_rarely_called_different():
    called = [
        summarize(reps(n, 100, 100, seed=seed)).verdict != "within noise"
        for n in (4, 12)
        for seed in range(40)
    ]
    assert np.mean(called) <= 0.05


def test_mirrored_sides_give_the_mirrored_answer():
    there = summarize(reps(10, 80, 100, lag_ms=25))
    back = summarize(
        [
            rep(r.number, r.right.activation_uv, r.left.activation_uv, -r.lag_ms)
            for r in reps(10, 80, 100, lag_ms=25)
        ]
    )
    assert (there.verdict, back.verdict) == ("left lower", "right lower")
    assert (there.lag_verdict, back.lag_verdict) == ("left later", "right later")
    assert back.lag_ms.value == pytest.approx(-there.lag_ms.value)
    assert back.symmetry_index_pct.value == pytest.approx(-there.symmetry_index_pct.value)


@pytest.mark.parametrize("n", [4, 8, 20])
def test_intervals_cover_the_truth(n):
    summaries = [
        summarize(reps(n, 80, 100, lag_ms=30, seed=seed, sync_ms=0.0)) for seed in range(80)
    ]
    index = [s.symmetry_index_pct.ci_low < 22.22 < s.symmetry_index_pct.ci_high for s in summaries]
    lag = [s.lag_ms.ci_low < 30 < s.lag_ms.ci_high for s in summaries]
    assert np.mean(index) > 0.89
    assert np.mean(lag) > 0.89


def test_clock_uncertainty_widens_the_lag_only():
    exact, loose = (summarize(reps(12, 80, 100, lag_ms=30, sync_ms=sync)) for sync in (0.0, 15.0))
    assert loose.lag_ms.value == exact.lag_ms.value
    assert loose.lag_ms.ci_high - loose.lag_ms.value >= 15
    assert loose.symmetry_index_pct == exact.symmetry_index_pct


def test_unknown_clock_error_withholds_the_lag_and_says_why():
    lag = summarize(reps(12, 80, 100, sync_ms=float("nan"))).lag_ms
    assert lag.value is None
    assert "clock" in lag.reason


def test_one_wrong_onset_does_not_move_the_lag():
    lags = [28, 31, 30, 29, 33, 27, 30, 400.0]
    summary = summarize([rep(i, 80, 100, lag) for i, lag in enumerate(lags)])
    assert summary.lag_ms.value == pytest.approx(30, abs=2)
    assert summary.lag_verdict == "left later"


def test_ln_ratio_is_that_of_the_amounts():
    assert ln_ratio(symmetry_index_pct(80, 100)) == pytest.approx(np.log(1.25))
    assert ln_ratio(200) == np.inf
    assert ln_ratio(-200) == -np.inf


def test_another_set_must_differ_by_more_than_this_one_is_uncertain():
    summary = summarize(reps(12, 80, 100))
    index, lag = summary.symmetry_index_pct, summary.lag_ms
    assert summary.detectable_pct == pytest.approx((index.ci_high - index.ci_low) / np.sqrt(2))
    assert summary.detectable_ms == pytest.approx((lag.ci_high - lag.ci_low) / np.sqrt(2))
    assert summarize([]).detectable_pct is None


def test_the_index_is_of_the_mean_activations():
    summary = summarize([rep(1, 10, 20, 0), rep(2, 20, 20, 0), rep(3, 30, 20, 0)])
    assert summary.symmetry_index_pct.value == pytest.approx(0)
    assert summary.activation_uv["left"].value == pytest.approx(20)


def test_fewer_than_three_usable_repetitions_give_no_verdict_but_the_reason():
    lost = [rep(i, None, 100, flaws=(LOST,)) for i in (3, 4, 5)]
    summary = summarize([*reps(2, 80, 100), *lost])
    assert summary.verdict == "not measurable"
    assert (summary.n_reps, summary.n_used) == (5, 2)
    estimates = (summary.symmetry_index_pct, summary.lag_ms, *summary.activation_uv.values())
    for estimate in estimates:
        assert estimate.value is None
        assert estimate.reason == "2 usable repetitions, 3 are needed: samples lost"


def test_an_excluded_repetition_counts_for_nothing_not_even_its_intact_side():
    good = reps(6, 80, 100)
    lost = rep(7, None, 1000, lag_ms=500, flaws=(LOST,))
    summary, without = summarize([*good, lost]), summarize(good)
    assert lost.excluded
    assert summary.n_reps == 7
    assert summary == replace(without, n_reps=7, n_excluded=1, excluded=(("samples lost", 1),))


def test_excluded_repetitions_are_counted_by_cause():
    more = replace(LOST, detail="1.3 s missing")
    off = Flaw("unusable", "an electrode was off the skin", "for 300 ms")
    bad = [
        rep(i, None, 100, flaws=flaws) for i, flaws in enumerate([(LOST,), (more,), (off, more)])
    ]
    summary = summarize([*reps(6, 80, 100), *bad])
    assert summary.n_excluded == 3
    assert summary.excluded == (("samples lost", 3), ("an electrode was off the skin", 1))


def test_a_repetition_of_which_a_number_is_withheld_counts_for_the_others():
    weak = [replace(r, lag_ms=None, flaws=(Flaw("poor", "too weak"),)) for r in reps(6, 80, 100)]
    summary = summarize(weak)
    assert summary.n_excluded == 0
    assert summary.symmetry_index_pct.value is not None
    assert summary.lag_ms.reason == "0 usable repetitions, 3 are needed: too weak"


def test_with_one_pod_its_side_is_summed_up_and_nothing_is_called_excluded():
    alone = [replace(r, left=SideMeasure(flaws=(NO_POD,)), symmetry_index_pct=None, lag_ms=None)
             for r in reps(6, 80, 100)]  # fmt: skip
    summary = summarize(alone)
    assert [r.quality for r in alone] == ["poor"] * 6
    assert summary.n_excluded == 0
    assert summary.activation_uv["right"].value == pytest.approx(100, rel=0.1)
    assert "no pod on this side" in summary.activation_uv["left"].reason
    assert summary.reason == "only the right side was recorded"


def test_no_repetition_at_all():
    assert summarize([]).verdict == "not measurable"


def test_the_same_repetitions_give_the_same_interval():
    assert summarize(reps(9, 80, 100)) == summarize(reps(9, 80, 100))


def legs(n, left, right, cv=0.08, seed=1):
    """Return a one-leg set: left leg first, the other side at 45 %."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(2 * n):
        side = "left" if i < n else "right"
        works = {"left": left, "right": right}[side] * np.exp(cv * rng.standard_normal())
        amounts = (works, 0.45 * works) if side == "left" else (0.45 * works, works)
        found.append(replace(rep(i + 1, *amounts), one_leg=True, working=side))
    return found


def test_one_leg_at_a_time_is_compared_leg_against_leg():
    summary = summarize(legs(8, 80, 100))
    index = summary.symmetry_index_pct
    assert index.ci_low < 22.2 < index.ci_high
    assert summary.verdict == "left lower"
    assert summary.activation_uv["left"].value == pytest.approx(80, rel=0.1)
    assert summary.lag_ms.value is None
    assert "one leg" in summary.lag_ms.reason


def test_equal_legs_are_rarely_called_different():
    called = [
        summarize(legs(6, 90, 90, seed=seed)).verdict != "within noise" for seed in range(80)
    ]
    assert np.mean(called) <= 0.08  # 3.5 % are meant; 80 sets


def test_the_interval_of_legs_covers_the_truth():
    inside = [
        s.ci_low < 22.22 < s.ci_high
        for s in (summarize(legs(5, 80, 100, seed=seed)).symmetry_index_pct for seed in range(80))
    ]
    assert np.mean(inside) > 0.89


def test_a_leg_that_was_not_trained_is_named():
    summary = summarize(legs(8, 80, 100)[:8])
    assert summary.verdict == "not measurable"
    assert summary.reason.startswith("right leg: 0 usable")


def test_the_working_side_is_clearly_the_more_active_one():
    assert working_side(100, 45) == "left"
    assert working_side(45, 100) == "right"
    assert working_side(100, 95) is None


def test_on_one_leg_only_the_side_that_works_grades_the_repetition():
    assert leg_rep(1, "left").quality == leg_rep(1, "right").quality == "good"
    assert leg_rep(1, "left").reason == ""
    assert leg_rep(1, "left").right.quality == "fair"  # said of that side
    assert leg_rep(1, None).quality == "poor"
    lost = SideMeasure(flaws=(Flaw("unusable", "lost"),))
    either = replace(leg_rep(1, None), left=lost)  # so which leg worked cannot be known
    assert either.excluded
    assert either.reason.startswith("left: lost")


@pytest.mark.parametrize("exercise", NO_EXERCISE)
def test_what_is_no_exercise_is_not_judged(exercise):
    summary = summarize(reps(12, 80, 100, lag_ms=30), exercise)
    assert (summary.verdict, summary.lag_verdict) == ("not measurable", "not measurable")
    assert summary.symmetry_index_pct.value is None
    assert "is no exercise" in summary.reason
    assert summary.activation_uv["left"].value is not None
