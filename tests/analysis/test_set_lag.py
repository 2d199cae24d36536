"""The lag of a set: from what its repetitions say about onsets under each model of the rise."""

import numpy as np
import pytest

from glutesym.analysis.onsets import LAWS, RISES_S
from glutesym.analysis.set_lag import known, set_lag
from glutesym.analysis.timing import N_MODELS
from glutesym.measures import OnsetByRise

RISE_MS = np.repeat(1000 * np.array(RISES_S), len(LAWS))
LAW = np.tile(np.arange(len(LAWS)), len(RISES_S))


def onset(true_ms, rise_ms, random, sharp=0.02, noise_ms=4.0):
    """One onset: the longer a rise is taken for, the earlier it seems to have begun."""
    seen_ms = true_ms + noise_ms * random.standard_normal()
    away = RISE_MS - rise_ms
    evidence = -0.5 * (sharp * away) ** 2 - 4.0 * (LAW != 0)
    return OnsetByRise(
        evidence + 0.3 * random.standard_normal(N_MODELS),
        seen_ms - 0.4 * away,
        np.full(N_MODELS, noise_ms**2),
    )


def reps_of(lag_ms, rises_ms, n, seed, spread_ms=10.0, **how):
    random = np.random.default_rng(seed)
    starts_ms = 4000.0 * np.arange(1, n + 1) + random.uniform(-300, 300, n)
    own_ms = lag_ms + spread_ms * random.standard_normal(n)
    reps = [
        (onset(start + lag, rises_ms[0], random, **how), onset(start, rises_ms[1], random, **how))
        for start, lag in zip(starts_ms, own_ms, strict=True)
    ]
    return reps, float(own_ms.mean())


@pytest.mark.parametrize("rises_ms", [(60, 60), (60, 140), (140, 60)])
def test_unequal_rises_are_no_lag(rises_ms):
    errors_ms = []
    for seed in range(6):
        reps, true_ms = reps_of(20.0, rises_ms, 12, seed)
        errors_ms.append(set_lag(reps).median - true_ms)
    assert abs(np.mean(errors_ms)) < 3.0


def test_the_more_repetitions_the_more_is_known_of_the_rises():
    few, many = (set_lag(reps_of(0.0, (60, 140), n, seed=4)[0]).half_width for n in (3, 24))
    assert many < 0.5 * few


def test_its_interval_holds_the_lag_of_the_person():
    held = []
    for seed in range(40):
        reps, _ = reps_of(15.0, (80, 110), 10, seed)
        low, high = set_lag(reps).quantiles(0.05, 0.95)
        held.append(low <= 15.0 <= high)
    assert 32 <= sum(held)


def test_sides_that_change_places_change_the_sign():
    reps, _ = reps_of(25.0, (70, 110), 8, seed=3)
    there, back = set_lag(reps), set_lag([(right, left) for left, right in reps])
    assert back.median == pytest.approx(-there.median, abs=0.2)


def test_one_onset_in_the_wrong_place_hardly_moves_it():
    reps, _ = reps_of(20.0, (90, 90), 10, seed=5, spread_ms=4.0)
    left, right = reps[0]
    wrong = OnsetByRise(left.log_evidence, left.mean_ms + 200.0, left.variance_ms2)
    assert abs(set_lag([(wrong, right), *reps[1:]]).median - set_lag(reps).median) < 4.0


def test_one_repetition_that_rises_unlike_the_others_hardly_moves_it():
    reps, _ = reps_of(20.0, (60, 140), 12, seed=6, spread_ms=4.0, sharp=0.06)
    odd, _ = reps_of(20.0, (240, 24), 1, seed=7, spread_ms=0.0, sharp=0.06)
    assert abs(set_lag([*reps, *odd]).median - set_lag(reps).median) < 2.0


def test_lags_without_onsets_are_averaged():
    lag = set_lag([known(ms) for ms in (10.0, 20.0, 30.0, 20.0)])
    assert lag.median == pytest.approx(20.0, abs=0.5)
    assert lag.half_width > 5.0


def test_one_repetition_is_enough_to_say_little():
    reps, _ = reps_of(10.0, (80, 80), 1, seed=8)
    lag = set_lag(reps)
    assert np.isfinite(lag.median)
    assert lag.half_width > 15.0


def test_a_long_set_is_no_trouble():
    reps, true_ms = reps_of(30.0, (84, 120), 300, seed=9, sharp=0.06)
    assert abs(set_lag(reps).median - true_ms) < 1.5
