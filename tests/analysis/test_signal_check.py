"""Hum, noise, slow voltages and lifting electrodes are told apart, with numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from glutesym.analysis.quality import amount_flaws, hum_flaws, noise_flaws, slow_flaws, spike_flaws
from glutesym.analysis.resting import resting_level
from glutesym.analysis.signal_check import check_signal, hum_uv, slow_voltage
from glutesym.measures import traffic_light
from glutesym.recording import EmgRecord
from muscle_model import FS_HZ, burst, power_of

N = round(7 * FS_HZ)
T_S = np.arange(N) / FS_HZ


def emg(uv):
    flags = np.zeros(len(uv), bool)
    return EmgRecord(FS_HZ, np.arange(len(uv)) / FS_HZ, uv, np.arange(len(uv)), flags, flags)


def noise(rms_uv, seed=1):
    return rms_uv * np.random.default_rng(seed).standard_normal(N) / np.sqrt(430 / 1000)


@pytest.mark.parametrize("mains_hz", [49.96, 60.03])
@pytest.mark.parametrize("rms_uv", [3.0, 12.0, 60.0])
def test_hum_is_measured_in_the_pauses_whatever_the_muscle_does(mains_hz, rms_uv):
    hum = rms_uv * np.sqrt(2) * np.sin(2 * np.pi * mains_hz * T_S + 1)
    record = emg(burst(3, 25) + hum + 8000)
    level = resting_level(power_of(record.uv), 0, 7)
    assert hum_uv(record, level) == pytest.approx(rms_uv, rel=0.15, abs=1.0)


def test_noise_is_not_taken_for_hum():
    record = emg(noise(20.0))
    level = resting_level(power_of(record.uv), 0, 7)
    assert hum_uv(record, level) < 5


def test_slow_voltages_and_the_offset_are_told_apart():
    wander = 100 * np.sqrt(2) * np.sin(2 * np.pi * 6 * T_S)
    slow = slow_voltage(emg(noise(5.0) + wander), (1, 6))
    assert slow.rms_uv == pytest.approx(100, rel=0.15)
    assert slow.moved_mv < 0.1
    lifting = slow_voltage(emg(noise(5.0) + 12e3 * np.clip((T_S - 2) / 2, 0, 1)), (1, 6))
    assert lifting.moved_mv == pytest.approx(12, rel=0.05)


def test_nothing_is_known_of_a_stretch_with_a_gap():
    uv = noise(5.0)
    uv[6000] = np.nan
    assert slow_voltage(emg(uv), (1, 6)).rms_uv == 0


def test_hum_that_is_taken_out_does_no_harm_and_hides_no_noise():
    hum = 30 * np.sqrt(2) * np.sin(2 * np.pi * 50 * T_S)
    assert check_signal(emg(noise(4.0) + hum), 50).light == "green"
    noisy = check_signal(emg(noise(25.0) + hum), 50)
    assert noisy.light == "yellow"
    assert "noisy" in noisy.reason
    assert "hum" not in noisy.reason


@pytest.mark.parametrize(
    ("uv", "light", "word"),
    [
        (noise(4.0), "green", ""),
        (noise(25.0), "yellow", "noisy"),
        (noise(4.0) + 30 * np.sin(2 * np.pi * 50 * T_S), "yellow", "hum"),
        (noise(4.0) + 20e3 * np.clip((T_S - 4) / 3, 0, 1), "yellow", "lifting"),
        (np.empty(0), "red", "no data"),
    ],
    ids=["good", "noisy", "hum", "lifting", "nothing"],
)
def test_the_light_of_a_running_signal_says_why(uv, light, word):
    check = check_signal(emg(uv))
    assert check.light == light
    assert word in check.reason
    assert bool(check.reason) == (light != "green")


@pytest.mark.parametrize(("flag", "word"), [("lead_off", "off the skin"), ("clipped", "rail")])
def test_an_electrode_off_or_a_clipped_signal_is_red(flag, word):
    flags = np.zeros(N, bool)
    flags[-200:] = True
    check = check_signal(replace(emg(noise(4.0)), **{flag: flags}))
    assert (check.light, word in check.reason) == ("red", True)


def test_limits_have_reasons_with_numbers():
    assert noise_flaws(30.0, 29.0) == ()
    assert "28 µV" in str(noise_flaws(30.0, 10.0)[0])
    assert "12 µV of 13 µV" in str(hum_flaws(13.0, 12.0)[0])
    assert hum_flaws(13.0, None) == ()
    assert "200 µV" in str(slow_flaws(200.0, 80.0)[0])
    assert "knocked" in str(spike_flaws(50.0, 2.0)[0])
    assert "spike" in str(spike_flaws(50.0, 0.1)[0])
    assert spike_flaws(10.0, 2.0) == ()


def test_every_grade_has_a_colour():
    grades = ("good", "fair", "poor", "unusable")
    assert [traffic_light(grade) for grade in grades] == ["green", "yellow", "red", "red"]


def test_what_no_muscle_reaches_is_unusable():
    assert amount_flaws(9_000.0) == ()
    (flaw,) = amount_flaws(133_032.0)
    assert flaw.grade == "unusable"
    assert "133,032 µV" in flaw.detail
