"""Clocks compared by a motion that two sensors share; what they do not share is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from glutesym.analysis.common_motion import common_motion
from glutesym.virtual.scenarios.catalog import build_scenario

DATA = Path(__file__).parent.parent / "data"
SHAKE = build_scenario("shake", seed=4)


def load(name: str) -> np.ndarray:
    return np.loadtxt(DATA / name, delimiter=",", skiprows=1)


def felt(signal, rate_hz: float, seed: int, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Return what a gyroscope of this rate would give: times and magnitudes."""
    random = np.random.default_rng(seed)
    grid_s = np.arange(len(signal)) / 1000
    time_s = np.arange(random.uniform(0, 0.01), grid_s[-1] - 0.01, 1 / rate_hz)
    axes = [np.interp(time_s, grid_s, signal[:, axis]) for axis in range(3)]
    axes += noise * random.standard_normal((3, len(time_s)))
    return time_s, np.linalg.norm(np.round(np.array(axes) / 0.07) * 0.07, axis=0)


@pytest.mark.parametrize("seed", range(6))
def test_offset_and_drift_are_found_far_below_one_sample(seed):
    random = np.random.default_rng(seed)
    offset_s, drift = random.uniform(-0.05, 0.05), random.uniform(-50e-6, 50e-6)
    left_s, left = felt(SHAKE.left.gyro_dps, 206.3, 2 * seed)
    right_s, right = felt(SHAKE.right.gyro_dps, 209.7, 2 * seed + 1)
    found = common_motion(left_s + offset_s + drift * left_s, left, right_s, right, 500)
    true_ms = 1000 * (offset_s + drift * found.at_s)
    assert abs(found.offset_ms - true_ms) <= found.offset_half_width_ms < 0.1
    assert abs(found.drift_ppm - 1e6 * drift) <= 2 * found.drift_half_width_ppm < 15
    assert found.correlation > 0.999


def test_stated_intervals_hold_the_truth():
    held = []
    for seed in range(20):
        shake = build_scenario("shake", seed=100 + seed)
        left_s, left = felt(shake.left.gyro_dps, 206.3, seed, noise=2.0)
        right_s, right = felt(shake.right.gyro_dps, 209.7, seed + 100, noise=2.0)
        found = common_motion(left_s + 0.004, left, right_s, right, 500)
        held.append(abs(found.offset_ms - 4.0) <= found.offset_half_width_ms)
    assert np.mean(held) >= 0.9


def test_two_hubs_that_were_bounced_together():
    """They began 17.6 s apart and drift; any stretch of them tells the same to below 1 ms."""
    first, second = load("bounced_hub_a_1000hz.csv.gz"), load("bounced_hub_b_1000hz.csv.gz")
    first_s, second_s = np.arange(len(first)) / 1000, np.arange(len(second)) / 1000
    found = common_motion(first_s, first, second_s, second)
    assert found.offset_ms == pytest.approx(17605, abs=2)
    assert 300 < found.drift_ppm < 700
    assert found.offset_half_width_ms < 1
    assert 0.1 < found.held_out_ms < 0.7  # each second from a line through the other ones
    for start_s, end_s in ((4.0, 11.5), (6.5, 14.0)):  # each by itself
        there = (second_s >= start_s) & (second_s < end_s)
        part = common_motion(first_s, first, second_s[there], second[there])
        expected_ms = found.offset_ms + found.drift_ppm * (part.at_s - found.at_s) / 1000
        assert part.offset_ms == pytest.approx(expected_ms, abs=1)


@pytest.mark.parametrize(("offset_s", "drift"), [(3.217, 0.0), (-5.0, 300e-6), (0.0, -250e-6)])
def test_an_offset_and_a_drift_put_on_a_recording_are_recovered_to_a_millisecond(offset_s, drift):
    motion = load("bounced_hub_b_1000hz.csv.gz")
    time_s = np.arange(len(motion)) / 1000
    moved_s = time_s * (1 + drift)
    other = np.interp(time_s, moved_s, motion)  # the same motion on another clock
    found = common_motion(time_s + offset_s, other, time_s, motion)
    for at_s in (5.0, 9.0, 13.0):
        true_ms = 1000 * (offset_s + drift * at_s)
        found_ms = found.offset_ms + found.drift_ppm * (at_s - found.at_s) / 1000
        assert found_ms == pytest.approx(true_ms, abs=0.5)


def test_pelvis_and_back_of_a_walker_are_no_rigid_pair():
    pelvis, back = load("walking_turn_100hz.csv.gz").T
    time_s = np.arange(len(pelvis)) / 100
    found = common_motion(time_s, pelvis, time_s, back)
    assert found.offset_ms is None
    assert found.correlation < 0.9
    assert "do not match" in found.reason


def test_two_hands_are_refused():
    left_s, left = felt(SHAKE.left.gyro_dps, 206.3, 1)
    right_s, right = felt(build_scenario("shake", seed=9).right.gyro_dps, 209.7, 2)
    found = common_motion(left_s, left, right_s, right, 500)
    assert found.offset_ms is None
    assert "hold both pods in one hand" in found.reason


def test_a_loose_grip_is_refused():
    """One pod lags behind the other, now more and now less."""
    left_s, left = felt(SHAKE.left.gyro_dps, 206.3, 1)
    right_s, right = felt(SHAKE.right.gyro_dps, 209.7, 2)
    wobble_s = 0.015 * np.sin(2 * np.pi * left_s / 7)
    found = common_motion(left_s + wobble_s, left, right_s, right, 500)
    assert found.offset_ms is None
    assert found.reason


@pytest.mark.parametrize("case", ["still", "short", "lost", "empty"])
def test_too_little_is_refused_with_the_reason(case):
    left_s, left = felt(SHAKE.left.gyro_dps, 206.3, 1)
    right_s, right = felt(SHAKE.right.gyro_dps, 209.7, 2)
    if case == "still":
        left, right = 0 * left, 0 * right
    elif case == "short":
        left_s, left = left_s[:900], left[:900]
    elif case == "lost":
        left[1000:1010] = np.nan
    else:
        left_s = left = np.empty(0)
    found = common_motion(left_s, left, right_s, right, 500)
    assert found.offset_ms is None
    assert found.reason
