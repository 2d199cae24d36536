from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym.dsp.envelope import RmsEnvelope, rms_envelope
from glutesym.dsp.runs import runs
from glutesym.dsp.spectrogram import spectrogram

FS_HZ = 2000.0
NOISE = np.random.default_rng(2).standard_normal(3000)


@given(
    at=st.lists(st.integers(0, len(NOISE)), max_size=12).map(sorted),
    hole=st.tuples(st.integers(0, 2999), st.integers(0, 300)),
)
def test_any_split_of_the_stream_gives_the_same_envelope(at, hole):
    x = NOISE.copy()
    x[hole[0] : sum(hole)] = np.nan
    stream = RmsEnvelope(FS_HZ)
    parts = np.concatenate([stream.process(block) for block in np.split(x, at)])
    np.testing.assert_allclose(parts, RmsEnvelope(FS_HZ).process(x), rtol=1e-9)


def test_live_envelope_is_the_rms_of_the_last_quarter_second():
    out = RmsEnvelope(FS_HZ).process(NOISE)
    assert np.isnan(out[:499]).all()
    for k in (499, 1234, 2999):
        assert out[k] == pytest.approx(np.sqrt(np.mean(NOISE[k - 499 : k + 1] ** 2)))


def test_a_gap_withholds_exactly_the_windows_that_hold_it():
    x = NOISE.copy()
    x[1000] = np.nan
    out = RmsEnvelope(FS_HZ).process(x)
    assert runs(np.isnan(out)) == [(0, 499), (1000, 1500)]


def test_centred_envelope_follows_a_burst_on_both_sides_alike():
    x = np.zeros(1001)
    x[450:551] = 1
    out = rms_envelope(x, FS_HZ, window_s=0.0505)
    np.testing.assert_allclose(out, out[::-1])
    assert np.nanargmax(out) == pytest.approx(500, abs=1)
    assert runs(np.isnan(out)) == [(0, 50), (951, 1001)]


def test_a_window_without_samples_is_refused():
    with pytest.raises(ValueError, match="holds no sample"):
        RmsEnvelope(FS_HZ, 0.0001)


@given(st.lists(st.booleans(), max_size=60))
def test_runs_rebuild_the_condition(values):
    condition = np.array(values, bool)
    rebuilt = np.zeros_like(condition)
    found = runs(condition)
    for start, stop in found:
        rebuilt[start:stop] = True
    np.testing.assert_array_equal(rebuilt, condition)
    assert all(b < c for (_, b), (c, _) in pairwise(found))


def test_spectrogram_gives_power_in_the_right_band_at_the_right_time():
    t_s = np.arange(4000) / FS_HZ
    x = np.where(t_s > 1, 3 * np.sin(2 * np.pi * 125 * t_s), 0)
    spectra = spectrogram(x, FS_HZ, 0.002)
    assert spectra.power.shape[1] == 7
    assert np.all(spectra.power.argmax(axis=1)[spectra.time_s > 1.02] == 1)
    half = spectra.power[:, 1].max() / 2
    assert spectra.time_s[np.argmax(spectra.power[:, 1] > half)] == pytest.approx(1.0, abs=0.004)


def test_spectrogram_of_white_noise_is_its_power_in_every_band():
    power = spectrogram(np.tile(NOISE, 5), FS_HZ, 0.008).power
    np.testing.assert_allclose(power.mean(axis=0), 2 / 32, rtol=0.15)  # 2 of 32 bins


def test_spectrogram_of_too_few_samples_is_empty():
    assert spectrogram(np.zeros(3), FS_HZ, 0.002).power.shape == (0, 7)
