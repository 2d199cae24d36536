"""The truth of synthetic repetitions is exact, as measured on the signals themselves."""

from __future__ import annotations

import math
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from glutesym.measures import SIDES, Side
from glutesym.virtual.scenarios.base import EMG_GRID_HZ, Scenario
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.scenarios.muscle import Burst, RiseShape, envelope

CLEAN: dict[str, Any] = {
    "snr_left_db": math.inf,
    "snr_right_db": math.inf,
    "hum_uv": 0.0,
    "motion_artefact_uv": 0.0,
    "offset_left_mv": 0.0,
    "offset_right_mv": 0.0,
    "drift_uv": 0.0,
}
ONLY_NOISE = {key: CLEAN[key] for key in CLEAN if not key.startswith("snr")}
EXERCISES = ("bridge", "hip-thrust", "squat", "single-leg-deadlift", "step-up", "isometric-hold")


def emg(scenario: Scenario, side: Side) -> NDArray[np.float64]:
    return scenario.side(side).emg_uv.astype(np.float64)


def measured(scenario: Scenario, side: Side) -> list[tuple[float, float, float]]:
    """Onset, offset and RMS of each stretch of a signal that is zero between contractions."""
    x = emg(scenario, side)
    active = np.flatnonzero(x)
    breaks = np.flatnonzero(np.diff(active) > 0.02 * EMG_GRID_HZ)
    firsts = active[np.concatenate([[0], breaks + 1])]
    lasts = active[np.concatenate([breaks, [len(active) - 1]])]
    return [
        (a / EMG_GRID_HZ, b / EMG_GRID_HZ, float(np.sqrt(np.mean(x[a : b + 1] ** 2))))
        for a, b in zip(firsts, lasts, strict=True)
    ]


def assert_truth_is_what_the_signals_say(scenario: Scenario) -> None:
    sample_s = 1 / EMG_GRID_HZ
    found = {side: measured(scenario, side) for side in SIDES}
    for side in SIDES:
        assert len(found[side]) == len(scenario.truth.reps)
        for rep, (onset_s, offset_s, rms_uv) in zip(scenario.truth.reps, found[side], strict=True):
            assert 0 < onset_s - rep.onset_s[side] <= 1.01 * sample_s
            assert 0 < rep.offset_s[side] - offset_s <= 1.01 * sample_s
            assert rms_uv == pytest.approx(rep.activation_uv[side], rel=1e-3)
    reps = scenario.truth.reps
    left, right = (
        np.mean(
            [
                rms
                for rep, (_, _, rms) in zip(reps, found[side], strict=True)
                if rep.working in (None, side)
            ]
        )
        for side in SIDES
    )
    si = 100 * (right - left) / (0.5 * (right + left))
    assert scenario.truth.symmetry_index_pct == pytest.approx(si, abs=0.05)
    if reps[0].working:
        assert scenario.truth.lag_ms is None  # one leg at a time: no common start
        return
    onset_s = {side: np.array([x[0] for x in found[side]]) for side in SIDES}
    lag_ms = 1000 * float(np.mean(onset_s["left"] - onset_s["right"]))
    assert scenario.truth.lag_ms == pytest.approx(lag_ms, abs=1000 * sample_s)


@pytest.mark.parametrize("name", EXERCISES)
def test_truth_is_what_the_signals_say(name: str) -> None:
    assert_truth_is_what_the_signals_say(build_scenario(name, reps=4, **CLEAN))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    reps=st.integers(1, 4),
    seed=st.integers(0, 2**31),
    rep_period_s=st.floats(2, 5),
    symmetry_index_pct=st.floats(-150, 150),
    lag_ms=st.floats(-100, 100),
    rise_left_ms=st.floats(0, 200),
    rise_right_ms=st.floats(30, 200),
    rise_shape=st.sampled_from(get_args(RiseShape)),
    rep_cv_pct=st.floats(0, 30),
)
def test_any_settings_come_out_as_asked(seed: int, reps: int, **asked: Any) -> None:
    scenario = build_scenario("bridge", seed=seed, reps=reps, **asked, **CLEAN)
    assert scenario.truth.symmetry_index_pct == pytest.approx(
        asked["symmetry_index_pct"], abs=1e-9
    )
    assert scenario.truth.lag_ms == pytest.approx(asked["lag_ms"], abs=1e-6)
    assert_truth_is_what_the_signals_say(scenario)


@pytest.mark.parametrize("snr_db", [6.0, 14.0, 30.0])
def test_the_signal_to_noise_ratio_is_as_asked(snr_db: float) -> None:
    scenario = build_scenario(
        "bridge", reps=4, snr_left_db=snr_db, snr_right_db=snr_db - 3, **ONLY_NOISE
    )
    for side, asked_db in (("left", snr_db), ("right", snr_db - 3)):
        muscle_uv = np.mean([rep.activation_uv[side] for rep in scenario.truth.reps])
        noise_uv = emg(scenario, side)[: round(4.5 * EMG_GRID_HZ)].std()
        assert 20 * math.log10(muscle_uv / noise_uv) == pytest.approx(asked_db, abs=0.5)


def test_the_muscle_has_the_spectrum_of_surface_emg() -> None:
    scenario = build_scenario("bridge", reps=6, **CLEAN)
    for side in SIDES:
        x = emg(scenario, side)
        power = np.abs(np.fft.rfft(x)) ** 2
        f_hz = np.fft.rfftfreq(len(x), 1 / EMG_GRID_HZ)
        share = np.cumsum(power) / power.sum()
        median_hz = f_hz[np.searchsorted(share, 0.5)]
        assert 60 < median_hz < 100
        low, high = np.searchsorted(f_hz, [10, 450])
        assert share[low] < 0.02
        assert share[high] > 0.98


def test_the_rise_takes_as_long_as_asked() -> None:
    """Over many repetitions, RMS in the course of the rise follows the law."""
    laws = {
        "linear": lambda x: x,
        "raised-cosine": lambda x: 0.5 - 0.5 * math.cos(math.pi * x),
        "exponential": lambda x: 1 - math.exp(-3 * x),
        "step": lambda x: 1.0,
        "logistic": lambda x: 0.5 + 0.5 * math.tanh(4 * x - 2) / math.tanh(2),
        "square-root": math.sqrt,
        "quadratic": lambda x: x**2,
        "half-sine": lambda x: math.sin(math.pi / 2 * x),
        "minimum-jerk": lambda x: x**3 * (10 - 15 * x + 6 * x**2),
        "two-step": lambda x: {0.25: 0.34, 0.5: 0.4, 0.75: 0.49}[x],
        "quarter-circle": lambda x: math.sqrt(1 - (1 - x) ** 2),
        "bent": lambda x: {0.25: 0.1, 0.5: 0.2, 0.75: 0.6}[x],
    }
    assert set(laws) == set(get_args(RiseShape))
    for shape, law in laws.items():
        scenario = build_scenario(
            "bridge",
            reps=20,
            rep_period_s=2.0,
            rep_cv_pct=0.0,
            rise_left_ms=200.0,
            rise_right_ms=200.0,
            rise_shape=shape,
            **CLEAN,
        )
        n = round(0.4 * EMG_GRID_HZ)
        power = np.mean(
            [
                x[round(rep.onset_s[side] * EMG_GRID_HZ) :][:n] ** 2
                for side, x in ((side, emg(scenario, side)) for side in SIDES)
                for rep in scenario.truth.reps
            ],
            axis=0,
        )
        full = power[round(0.25 * EMG_GRID_HZ) :].mean()
        for x in (0.25, 0.5, 0.75):
            at = slice(*(round((0.2 * x + d) * EMG_GRID_HZ) for d in (-0.015, 0.015)))
            assert np.sqrt(power[at].mean() / full) == pytest.approx(law(x), abs=0.09), shape


@pytest.mark.parametrize("shape", sorted({*get_args(RiseShape)} - {"step", "exponential"}))
def test_every_rise_begins_at_the_onset_and_is_complete_in_time(shape: RiseShape) -> None:
    burst = Burst(1.0, 3.0, 2.0, 0.1, shape, 0.2, (1.0,), ())
    amplitude = envelope((burst,), round(4 * EMG_GRID_HZ))
    first, full = (round(t_s * EMG_GRID_HZ) for t_s in (1.0, 1.1))
    assert amplitude[: first + 1] == pytest.approx(0.0, abs=1e-12)
    assert np.all(np.diff(amplitude[first : full + 1]) >= 0)
    assert amplitude[first + 2] > 0
    assert amplitude[full : full + 100] == pytest.approx(2.0)


def test_the_sides_share_nothing_but_the_body() -> None:
    scenario = build_scenario("bridge", reps=4, **ONLY_NOISE)
    left, right = (emg(scenario, side) for side in SIDES)
    quiet = slice(0, round(4.5 * EMG_GRID_HZ))
    assert abs(np.corrcoef(left[quiet], right[quiet])[0, 1]) < 0.05
    assert abs(np.corrcoef(left, right)[0, 1]) < 0.05


def test_a_disturbance_leaves_muscle_and_truth_alone() -> None:
    plain = build_scenario("squat", reps=2)
    loud = build_scenario("squat", reps=2, hum_uv=50.0, snr_left_db=6.0, ecg_uv=100.0)
    assert plain.truth == loud.truth
    assert np.array_equal(plain.left.gyro_dps, loud.left.gyro_dps)


def test_repetitions_vary_and_begin_with_the_muscle() -> None:
    truth = build_scenario("bridge").truth
    lags_ms = [1000 * (rep.onset_s["left"] - rep.onset_s["right"]) for rep in truth.reps]
    assert 4 < np.std(lags_ms) < 25
    for side in SIDES:
        activation_uv = np.array([rep.activation_uv[side] for rep in truth.reps])
        assert 0.03 < activation_uv.std() / activation_uv.mean() < 0.2
        early_s = [rep.start_s - rep.onset_s[side] for rep in truth.reps]
        assert -0.05 < min(early_s) < max(early_s) < 0.2
    periods_s = np.diff([rep.start_s for rep in truth.reps])
    assert 3 < periods_s.min() < periods_s.max() < 5
    assert periods_s.std() > 0.05


def test_each_leg_gets_its_own_half_of_a_single_leg_set() -> None:
    scenario = build_scenario("single-leg-deadlift", reps=6, free_leg_ratio=0.5)
    assert scenario.parameters["stance"] == "lllrrr"
    for i, rep in enumerate(scenario.truth.reps):
        stance: Side = "left" if i < 3 else "right"
        free: Side = "right" if i < 3 else "left"
        assert rep.activation_uv[free] < 0.85 * rep.activation_uv[stance]
    assert scenario.truth.symmetry_index_pct == pytest.approx(25.0)
    pause_s = scenario.truth.reps[3].start_s - scenario.truth.reps[2].end_s
    assert pause_s > 6
