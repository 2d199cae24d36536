import numpy as np
import pytest

from glutesym.analysis.activation import activation_uv, peak_uv, snr_db
from glutesym.analysis.resting import resting_level
from glutesym.dsp.bandpass import bandpass_zero_phase
from muscle_model import FS_HZ, burst

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("snr", [0, 3, 10, 20])
def test_resting_power_is_taken_out(snr):
    muscle = 10 ** (snr / 20) * RNG.standard_normal(100_000)
    noise = RNG.standard_normal(100_000)
    assert activation_uv(muscle + noise, 1.0) == pytest.approx(10 ** (snr / 20), rel=0.03)


def test_a_silent_muscle_reads_zero_not_noise():
    assert activation_uv(0.99 * np.ones(100), 1.0) == 0
    assert snr_db(0, 1.0) == float("-inf")


def test_peak_is_the_loudest_quarter_second():
    x = np.ones(4000)
    x[1000:1500] = 5
    assert peak_uv(x, 2000, 0) == pytest.approx(5)
    assert peak_uv(x[:100], 2000, 0) == pytest.approx(1)


@pytest.mark.parametrize("x", [np.empty(0), np.array([1, np.nan])])
def test_a_gap_is_refused(x):
    for function in (lambda: activation_uv(x, 1), lambda: peak_uv(x, 2000, 1)):
        with pytest.raises(ValueError, match="gap"):
            function()


@pytest.mark.parametrize("snr", [5, 20, 35])
def test_resting_level_is_found_beside_a_burst(snr):
    band = bandpass_zero_phase(burst(1, snr), FS_HZ)
    quiet = np.concatenate((band[300:5900], band[10_100:13_700]))
    level = resting_level(band, FS_HZ)
    assert level.rms_uv == pytest.approx(np.sqrt(np.mean(quiet**2)), rel=0.04)
    assert 2 < level.quiet_s < 5
    assert level.band_power.shape == (7,)


def test_resting_level_keeps_hum():
    t_s = np.arange(14_000) / FS_HZ
    x = burst(2, 25) + 20 * np.sin(2 * np.pi * 50 * t_s)
    level = resting_level(bandpass_zero_phase(x, FS_HZ), FS_HZ)
    assert level.rms_uv == pytest.approx(np.hypot(5, 20 / np.sqrt(2)), rel=0.05)


def test_without_samples_there_is_no_resting_level():
    assert resting_level(np.full(5000, np.nan), FS_HZ) is None
    assert resting_level(np.empty(0), FS_HZ) is None
    assert resting_level(bandpass_zero_phase(burst(1, 20), FS_HZ)[400:700], FS_HZ) is None
    assert resting_level(np.zeros(5000), FS_HZ) is None
