"""Noise: how much, how flat, and which tones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from glutesym.bench.noise import measure_noise

FS_HZ = 1985.0
SECONDS = 10


def white(seed, uv=2.0):
    return uv * np.random.default_rng(seed).standard_normal(round(SECONDS * FS_HZ)) + 1800.0


def test_white_noise_is_as_large_as_it_is_flat_and_without_tones():
    false_alarms = inside = 0
    for seed in range(40):
        noise = measure_noise(white(seed), FS_HZ)
        due_uv = 2.0 * np.sqrt(430 / (FS_HZ / 2))
        inside += abs(noise.rms_uv - due_uv) < noise.rms_half_uv
        assert abs(noise.unevenness_db) < 1.5
        false_alarms += len(noise.tones)
    assert inside >= 34
    assert false_alarms <= 2


@pytest.mark.parametrize(("hz", "uv"), [(50.0, 1.0), (137.4, 0.6), (333.3, 3.0)])
def test_a_tone_is_named_with_its_strength(hz, uv):
    t = np.arange(round(SECONDS * FS_HZ)) / FS_HZ
    noise = measure_noise(white(7) + np.sqrt(2) * uv * np.sin(2 * np.pi * hz * t), FS_HZ)
    strongest = noise.tones[0]
    assert strongest.frequency_hz == pytest.approx(hz, abs=0.1)
    assert strongest.rms_uv == pytest.approx(uv, rel=0.15)
    assert abs(noise.unevenness_db) < 1.5  # a tone is no unevenness


def test_noise_of_a_bad_contact_is_not_flat():
    slow = signal.lfilter(*signal.butter(1, 30, fs=FS_HZ), white(3, 20.0) - 1800.0)
    noise = measure_noise(white(4) + slow, FS_HZ)
    assert noise.unevenness_db > 3
    assert noise.uneven_hz == (20.0, 40.0)
