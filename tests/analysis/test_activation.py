import numpy as np
import pytest

from glutesym.analysis.activation import activation_uv, peak, snr_db
from glutesym.analysis.resting import resting_level
from muscle_model import FS_HZ, burst, power_of

RNG = np.random.default_rng(3)


@pytest.mark.parametrize("snr", [0, 3, 10, 20])
def test_resting_power_is_taken_out(snr):
    muscle = 10 ** (snr / 20) * RNG.standard_normal(100_000)
    noise = RNG.standard_normal(100_000)
    power = (muscle + noise) ** 2
    assert activation_uv(power, 1.0) == pytest.approx(10 ** (snr / 20), rel=0.03)


def test_a_silent_muscle_reads_zero_not_noise():
    assert activation_uv(0.98 * np.ones(100), 1.0) == 0
    assert snr_db(0, 1.0) == float("-inf")


def test_peak_is_the_loudest_quarter_second():
    power = np.ones(1000)
    power[250:375] = 25
    assert peak(power, 0.004, 0) == pytest.approx((5, 1.1), abs=0.2)
    assert peak(power[:10], 0.004, 0)[0] == pytest.approx(1)


@pytest.mark.parametrize("power", [np.empty(0), np.array([1, np.nan])])
def test_a_gap_is_refused(power):
    for function in (lambda: activation_uv(power, 1), lambda: peak(power, 0.004, 1)):
        with pytest.raises(ValueError, match="gap"):
            function()


@pytest.mark.parametrize("snr", [5, 20, 35])
def test_resting_level_is_found_beside_a_burst(snr):
    power = power_of(burst(1, snr))
    quiet = np.concatenate((power.between(0.2, 2.9).total, power.between(5.1, 6.9).total))
    level = resting_level(power, 0, 7)
    assert level.rms_uv == pytest.approx(np.sqrt(np.nanmean(quiet)), rel=0.04)
    assert 2 < level.quiet_s < 5
    assert level.band_power.shape == (7,)


def test_resting_level_keeps_hum():
    t_s = np.arange(14_000) / FS_HZ
    level = resting_level(power_of(burst(2, 25) + 20 * np.sin(2 * np.pi * 50 * t_s)), 0, 7)
    assert level.rms_uv == pytest.approx(np.hypot(5, 20 / np.sqrt(2)), rel=0.05)


def test_without_samples_there_is_no_resting_level():
    for nothing in (np.full(5000, np.nan), np.empty(0), burst(1, 20)[400:700], np.zeros(5000)):
        assert resting_level(power_of(nothing), 0, 7) is None
