"""Curves within a repetition: on one grid, rest taken out, gaps left open."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym.analysis.rep_curves import SHARES_PCT, envelope_uv, normalised_curves, rep_curves
from glutesym.dsp.muscle_power import PowerRows
from glutesym.measures import SIDES, Flaw
from glutesym.pipeline import measure_set
from glutesym.virtual.scenarios.catalog import build_scenario
from scenario_recording import record

RECORDING = record(build_scenario("bridge", seed=5, reps=6))
MEASURED = measure_set(RECORDING)
CURVES = rep_curves(RECORDING, MEASURED.reps)


def rows(power):
    return PowerRows(np.arange(len(power)) * 0.004, np.empty((len(power), 7)), np.array(power))


@given(st.lists(st.floats(0, 1e6), max_size=80), st.floats(0, 100))
def test_the_envelope_is_within_the_rows_and_as_long(power, resting_uv):
    envelope = envelope_uv(rows(power), 0.004, resting_uv)
    assert len(envelope) == len(power)
    if power:
        assert envelope.max() <= np.sqrt(max(power)) * (1 + 1e-9)
        assert envelope.min() >= 0


def test_rest_is_taken_out_in_power_and_a_gap_stays_one():
    power = [25.0] * 100
    assert envelope_uv(rows(power), 0.004, 3.0) == pytest.approx(np.full(100, 4.0))
    power[50] = float("nan")
    envelope = envelope_uv(rows(power), 0.004, 3.0)
    assert np.isnan(envelope[38:63]).any()
    assert np.isfinite(envelope[:37]).all()
    assert np.isfinite(envelope[64:]).all()


def test_curves_have_the_amount_that_was_measured():
    for side in SIDES:
        curves = CURVES[side]
        assert curves.unit == "µV"
        assert curves.n_counted == len(curves.reps) == 6
        for curve, rep in zip(curves.reps, MEASURED.reps, strict=True):
            assert curve.level.shape == SHARES_PCT.shape
            peak_uv = rep.side(side).peak_uv
            assert peak_uv < curve.level.max() < 2.5 * peak_uv  # 100 ms vary more than 250 ms
            rms_uv = np.sqrt(np.mean(curve.level**2))
            assert rms_uv == pytest.approx(rep.side(side).activation_uv, rel=0.35)
        stacked = np.array([curve.level for curve in curves.reps])
        assert curves.mean == pytest.approx(stacked.mean(axis=0))
        assert curves.sd == pytest.approx(stacked.std(axis=0, ddof=1))


def test_what_is_excluded_has_a_curve_that_does_not_count():
    flaw = replace(MEASURED.reps[0], flaws=(Flaw("unusable", "made up"),))
    curves = rep_curves(RECORDING, [flaw, *MEASURED.reps[1:]])["left"]
    assert [curve.counts for curve in curves.reps] == [False, *[True] * 5]
    assert np.isfinite(curves.reps[0].level).all()
    assert curves.n_counted == 5
    assert np.isnan(rep_curves(RECORDING, MEASURED.reps[:1])["left"].mean).all()


def test_in_per_cent_of_a_maximum_or_of_the_own_peak():
    own = normalised_curves(CURVES)
    assert {side: round(curves.peak, 6) for side, curves in own.items()} == {
        "left": 100,
        "right": 100,
    }
    assert own["left"].unit == "% of its own peak"
    mvic = normalised_curves(CURVES, {"left": 200.0})
    assert set(mvic) == {"left"}
    assert mvic["left"].mean == pytest.approx(CURVES["left"].mean / 2)
    assert mvic["left"].sd == pytest.approx(CURVES["left"].sd / 2)
    assert mvic["left"].reps[0].level == pytest.approx(CURVES["left"].reps[0].level / 2)
    nothing = rep_curves(RECORDING, [])
    assert normalised_curves(nothing) == {}
    assert nothing["left"].peak is None


def test_on_one_leg_each_side_has_the_repetitions_in_which_it_works():
    recording = record(build_scenario("single-leg-bridge", seed=5, reps=6))
    reps = measure_set(recording).reps
    curves = rep_curves(recording, reps)
    for side in SIDES:
        numbers = [curve.number for curve in curves[side].reps]
        assert numbers == [rep.number for rep in reps if rep.working == side]
        assert numbers


def test_a_lost_sample_opens_the_curve_and_a_side_without_a_pod_has_none():
    middle_s = (MEASURED.reps[1].start_s + MEASURED.reps[1].end_s) / 2
    pod = RECORDING.pods["left"]
    lost = np.abs(pod.emg.time_s - middle_s) < 0.01
    emg = replace(pod.emg, uv=np.where(lost, np.nan, pod.emg.uv))
    recording = replace(RECORDING, pods={"left": replace(pod, emg=emg)})
    reps = measure_set(recording).reps
    curves = rep_curves(recording, reps)
    assert set(curves) == {"left"}
    opened = curves["left"].reps[1]
    assert not opened.counts
    assert np.isnan(opened.level[50])
    assert np.isfinite(opened.level[:30]).all()
    beyond = replace(reps[0], start_s=1e4, end_s=1e4 + 2)
    assert np.isnan(rep_curves(recording, [beyond])["left"].reps[0].level).all()
