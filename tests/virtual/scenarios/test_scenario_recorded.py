"""Scenarios of real muscles: what is known is exact, what is not known is NaN or None."""

from __future__ import annotations

import math
from importlib import resources
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from glutesym.measures import SIDES, Side
from glutesym.virtual.scenarios.base import EMG_GRID_HZ, Scenario
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.scenarios.recorded import RECORDED_HZ, delayed, upsample


def emg(scenario: Scenario, side: Side) -> NDArray[np.float64]:
    return scenario.side(side).emg_uv.astype(np.float64)


def rms(x: NDArray[np.float64], from_s: float, to_s: float) -> float:
    part = x[round(from_s * EMG_GRID_HZ) : round(to_s * EMG_GRID_HZ)]
    return float(np.sqrt(np.mean(part**2)))


@pytest.mark.parametrize("name", ["real-gait", "real-lag"])
def test_recordings_name_their_source_and_what_is_unknown(name: str) -> None:
    scenario = build_scenario(name)
    assert "musclesyneRgies" in scenario.source
    assert "MIT" in scenario.source
    for rep in scenario.truth.reps:
        for side in SIDES:
            assert math.isnan(rep.onset_s[side])
            assert math.isnan(rep.offset_s[side])
            assert math.isnan(rep.activation_uv[side])


def test_the_licence_of_the_recording_is_shipped_with_it() -> None:
    folder = resources.files("glutesym.virtual.scenarios") / "data"
    text = (folder / "ATTRIBUTION.md").read_text(encoding="utf-8")
    assert "Copyright (c) 2021 musclesyneRgies authors" in text
    assert "The above copyright notice and this permission notice shall be included" in text
    names = {item.name for item in folder.iterdir()} - {"ATTRIBUTION.md"}
    assert names
    assert all(name in text for name in names)


def test_gait_has_no_set_truth() -> None:
    truth = build_scenario("real-gait").truth
    assert truth.symmetry_index_pct is None
    assert truth.lag_ms is None
    assert len(truth.reps) == 28


def test_gait_bursts_at_every_touchdown_and_rests_in_its_own_noise() -> None:
    scenario = build_scenario("real-gait")
    assert 25 < scenario.truth.reps[-1].end_s - scenario.truth.reps[0].start_s < 32
    for side in SIDES:
        x = emg(scenario, side)
        resting_uv = [rms(x, a, a + 0.5) for a in np.arange(0, 4.5, 0.5)]
        assert 2 < min(resting_uv) < max(resting_uv) < 12
        assert max(resting_uv) < 2 * min(resting_uv)
        for rep in scenario.truth.reps:
            assert rms(x, rep.start_s - 0.1, rep.start_s + 0.2) > 4 * np.median(resting_uv)
            assert 0.55 < rep.end_s - rep.start_s < 0.75
        strides_s = np.diff([rep.start_s for rep in scenario.truth.reps])
        assert 0.95 < strides_s.min() < strides_s.max() < 1.1


def test_gait_never_repeats_a_step_at_once() -> None:
    scenario = build_scenario("real-gait")
    x = emg(scenario, "right")
    bursts = [
        x[round((rep.start_s - 0.1) * EMG_GRID_HZ) :][: round(0.3 * EMG_GRID_HZ)]
        for rep in scenario.truth.reps
    ]
    similar = [np.corrcoef(a, b)[0, 1] for a, b in pairwise(bursts)]
    assert max(similar) < 0.9


@pytest.mark.parametrize("name", ["real-gait", "real-lag"])
def test_the_finer_grid_adds_no_frequencies(name: str) -> None:
    x = emg(build_scenario(name), "right")
    power = np.abs(np.fft.rfft(x)) ** 2
    f_hz = np.fft.rfftfreq(len(x), 1 / EMG_GRID_HZ)
    assert power[f_hz > RECORDED_HZ / 2].sum() / power.sum() < 1e-9


def test_lag_and_ratio_are_exact_on_the_signals() -> None:
    scenario = build_scenario("real-lag", noise_uv=0.0)
    left, right = (emg(scenario, side) for side in SIDES)
    shift = round(0.040 * EMG_GRID_HZ)
    assert np.abs(left[shift:] - 0.8 * right[:-shift]).max() < 1e-3
    assert scenario.truth.lag_ms == 40.0
    assert scenario.truth.symmetry_index_pct == pytest.approx(100 * 0.2 / 0.9)
    assert len(scenario.truth.reps) == 12


@settings(max_examples=8, deadline=None, derandomize=True)
@given(lag_ms=st.floats(-120, 120), left_ratio=st.floats(0.3, 3))
def test_any_lag_and_ratio_come_out_as_asked(lag_ms: float, left_ratio: float) -> None:
    scenario = build_scenario(
        "real-lag", reps=2, lag_ms=lag_ms, left_ratio=left_ratio, noise_uv=0.0
    )
    left, right = (np.fft.rfft(emg(scenario, side)) for side in SIDES)
    f_hz = np.fft.rfftfreq(len(scenario.left.emg_uv), 1 / EMG_GRID_HZ)
    turned = right * np.exp(-2j * np.pi * f_hz * lag_ms / 1000)
    ratio = np.vdot(turned, left) / np.vdot(turned, turned)
    assert ratio.real == pytest.approx(left_ratio, rel=1e-4)
    assert abs(ratio.imag) < 1e-4
    assert scenario.truth.symmetry_index_pct == pytest.approx(
        100 * (1 - left_ratio) / (0.5 * (1 + left_ratio))
    )


def test_each_side_of_real_lag_has_noise_of_its_own() -> None:
    quiet, noisy = (build_scenario("real-lag", noise_uv=x) for x in (0.0, 4.0))
    own = [emg(noisy, side) - emg(quiet, side) for side in SIDES]
    for x in own:
        assert x.std() == pytest.approx(4.0, rel=0.01)
    assert abs(np.corrcoef(own)[0, 1]) < 0.02


def test_real_lag_is_quiet_between_bursts() -> None:
    scenario = build_scenario("real-lag")
    x = emg(scenario, "right")
    for rep, following in pairwise(scenario.truth.reps):
        burst_uv = rms(x, rep.start_s, rep.start_s + 0.3)
        assert burst_uv > 30
        assert rms(x, rep.start_s + 0.6, following.start_s - 0.3) < 6
        assert following.start_s - rep.start_s == pytest.approx(3.0, abs=1e-6)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**31), half_n=st.integers(50, 500))
def test_upsampling_keeps_every_sample(seed: int, half_n: int) -> None:
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(2 * half_n))
    spectrum[-1] = 0
    x = np.fft.irfft(spectrum, 2 * half_n)
    assert upsample(x)[::8] == pytest.approx(x, abs=1e-9)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**31), samples=st.integers(-200, 200))
def test_a_delay_of_whole_samples_moves_them(seed: int, samples: int) -> None:
    x = np.random.default_rng(seed).standard_normal(1000)
    assert delayed(x, samples / EMG_GRID_HZ) == pytest.approx(np.roll(x, samples), abs=1e-9)
