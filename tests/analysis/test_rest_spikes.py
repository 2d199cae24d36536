"""Heart beats in a signal: found where they matter, and no onset is made of one."""

import numpy as np
import pytest

from glutesym.measures import SIDES
from glutesym.pipeline import measure_set
from glutesym.virtual.scenarios.catalog import build_scenario
from scenario_recording import record


def measured(heart_uv, **settings):
    equal = {"symmetry_index_pct": 0.0, "lag_ms": 0.0, "snr_left_db": 15.0, "snr_right_db": 15.0}
    scenario = build_scenario("bridge", seed=6100, ecg_uv=heart_uv, **{**equal, **settings})
    return measure_set(record(scenario))


def spiky(set_measures):
    """Return how many sides of repetitions are said not to be timed because of spikes at rest."""
    flaws = [rep.side(side).flaws for rep in set_measures.reps for side in SIDES]
    return sum(any("spikes of" in flaw.detail for flaw in of_side) for of_side in flaws)


@pytest.mark.parametrize("activation_uv", [30.0, 90.0])
def test_a_small_heart_is_no_matter(activation_uv):
    assert spiky(measured(20.0, activation_uv=activation_uv, reps=6)) == 0


@pytest.mark.parametrize(("heart_uv", "activation_uv"), [(40.0, 30.0), (100.0, 90.0)])
def test_a_heart_that_could_be_an_onset_is_told_and_the_lag_withheld(heart_uv, activation_uv):
    found = measured(heart_uv, activation_uv=activation_uv, reps=8)
    assert len(found.reps) == 8
    assert spiky(found) >= 12
    assert found.summary.lag_ms.value is None
    assert found.summary.symmetry_index_pct.value == pytest.approx(0, abs=3)
    told = [rep for rep in found.reps if rep.left.onset_s is None]
    assert told
    assert all(np.isfinite(rep.left.activation_uv) for rep in told)


def test_a_heart_that_is_small_beside_the_muscle_costs_nothing():
    found = measured(40.0, activation_uv=120.0, snr_left_db=22.0, snr_right_db=22.0, reps=8)
    assert spiky(found) == 0
    assert found.summary.lag_ms.value == pytest.approx(0, abs=5)
