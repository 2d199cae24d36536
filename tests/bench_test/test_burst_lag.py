"""The lag between two recordings of the same bursts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glutesym.bench.burst_lag import measure_burst_lag
from glutesym.bench.sounds import BURST_S


def heard(fs_hz, late_s, noise_uv, seed, seconds=20.0, drift=0.0, bursts=True):
    """Return times as a pod tells them and bursts, which it tells ``late_s`` too late."""
    random = np.random.default_rng(seed)
    true_s = 3.0 + random.uniform(0, 1 / fs_hz) + np.arange(round(seconds * fs_hz)) / fs_hz
    since_s = np.mod(true_s, 0.5)
    window = np.where(since_s < BURST_S, 0.5 - 0.5 * np.cos(2 * np.pi * since_s / BURST_S), 0)
    uv = 500 * window * np.sin(2 * np.pi * (60 * since_s + 900 * since_s**2)) * bursts
    told_s = true_s + late_s + drift * (true_s - 13.0)
    return told_s, uv + noise_uv * random.standard_normal(len(uv))


@settings(max_examples=12, deadline=None)
@given(lag_ms=st.floats(-40, 40), seed=st.integers(0, 1000))
def test_the_lag_is_found_to_a_few_microseconds(lag_ms, seed):
    left = heard(2010.0, lag_ms / 1000, 2.0, seed)
    right = heard(1985.0, 0.0, 2.0, seed + 1)
    lag = measure_burst_lag(*left, *right)
    assert lag.lag_ms == pytest.approx(lag_ms, abs=0.02)
    assert lag.half_ms < 0.02
    assert lag.bursts >= 30


def test_a_drift_is_told_and_does_not_widen_the_interval():
    lag = measure_burst_lag(
        *heard(2010.0, 0.001, 2.0, 1, drift=50e-6), *heard(1985.0, 0.0, 2.0, 2)
    )
    assert lag.lag_ms == pytest.approx(1.0, abs=0.03)
    assert lag.drift_ppm == pytest.approx(50, abs=3)
    assert lag.half_ms < 0.02


def test_different_signals_have_no_lag():
    quiet = heard(1985.0, 0.0, 2.0, 2, bursts=False)
    lag = measure_burst_lag(*heard(2010.0, 0.0, 2.0, 1), *quiet)
    assert lag.lag_ms is None
    assert "one generator" in lag.reason


def test_too_little_has_no_lag():
    short = heard(2000.0, 0.0, 2.0, 1, seconds=2.0)
    assert "too little" in measure_burst_lag(*short, *short).reason
