"""The sine fit: right, with intervals that hold, and silent where there is no sine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glutesym.bench.sine_fit import fit_sine

FS_HZ = 2007.3


def sine(f_hz, amplitude_uv, seconds=10.0, noise_uv=2.0, seed=1, harmonics=(), drift_uv=0.0):
    """Return times and a noisy sine; ``harmonics`` are shares of it, from the second on."""
    random = np.random.default_rng(seed)
    t = 5.0 + np.arange(round(seconds * FS_HZ)) / FS_HZ
    uv = amplitude_uv * np.sin(2 * np.pi * f_hz * t + 0.7) + 300.0 + drift_uv * (t - t[0])
    for k, share in enumerate(harmonics, 2):
        uv += share * amplitude_uv * np.sin(2 * np.pi * k * f_hz * t)
    return t, uv + noise_uv * random.standard_normal(len(t))


@settings(max_examples=25, deadline=None)
@given(
    f_hz=st.floats(15, 400),
    off=st.floats(-0.05, 0.05),
    amplitude_uv=st.floats(20, 5000),
    drift_uv=st.floats(-50, 50),
    seed=st.integers(0, 1000),
)
def test_frequency_and_amplitude_are_found_wherever_they_are(
    f_hz, off, amplitude_uv, drift_uv, seed
):
    fit = fit_sine(*sine(f_hz, amplitude_uv, seed=seed, drift_uv=drift_uv), f_hz * (1 + off))
    assert fit is not None
    assert fit.frequency_hz == pytest.approx(f_hz, abs=5 * fit.frequency_half_hz)
    assert fit.amplitude_uv == pytest.approx(amplitude_uv, abs=5 * fit.amplitude_half_uv)
    assert fit.amplitude_half_uv < 0.1


def test_the_intervals_hold_19_times_in_20():
    inside_f = inside_a = 0
    for seed in range(200):
        fit = fit_sine(*sine(97.3, 50.0, seconds=3.0, noise_uv=10.0, seed=seed), 100.0)
        inside_f += abs(fit.frequency_hz - 97.3) < fit.frequency_half_hz
        inside_a += abs(fit.amplitude_uv - 50.0) < fit.amplitude_half_uv
    assert 180 <= inside_f <= 199
    assert 180 <= inside_a <= 199


@pytest.mark.parametrize("share", [0.0, 0.003, 0.03])
def test_distortion_is_what_the_harmonics_are(share):
    fit = fit_sine(*sine(100.0, 700.0, harmonics=(0.6 * share, 0.8 * share)), 100.0)
    assert fit.distortion == pytest.approx(share, abs=fit.distortion_half)
    assert fit.distortion_half < 3e-4
    assert fit.rest_uv == pytest.approx(2.0, rel=0.05)


def test_lost_samples_do_not_matter_if_some_are_left():
    t, uv = sine(100.0, 700.0)
    uv[3000:9000] = np.nan
    assert fit_sine(t, uv, 100.0).amplitude_uv == pytest.approx(700, abs=0.2)


def test_too_short_is_no_sine():
    t, uv = sine(100.0, 700.0, seconds=0.1)
    assert fit_sine(t, uv, 100.0) is None
    assert fit_sine(t[:0], uv[:0], 100.0) is None


def test_noise_alone_has_no_amplitude_to_speak_of():
    t, uv = sine(100.0, 0.0)
    fit = fit_sine(t, uv, 100.0)
    assert fit is None or fit.amplitude_uv < 5 * fit.amplitude_half_uv
