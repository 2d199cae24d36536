"""Known changes of spectrum and amplitude are found; none is made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym.analysis.fatigue import (
    RepSpectrum,
    compare_fatigue,
    fatigue_trend,
    noise_spectrum,
    rep_spectrum,
    set_fatigue,
)
from glutesym.dsp.bandpass import bandpass_zero_phase
from glutesym.measures import Flaw, RepMeasure, SideMeasure
from glutesym.recording import EmgRecord, ImuRecord, PodRecord, Recording

DATA = Path(__file__).parent.parent / "data"
FS_HZ = 2000.0
NOISE_UV = 5.0  # RMS in 20–450 Hz


def shape(f_hz, pace):
    """Return the power spectrum of surface EMG (Shwedyk 1977) with its frequencies times pace."""
    f = f_hz / pace
    return f**2 / ((f**2 + 40**2) * (f**2 + 100**2) ** 2)


def muscle(rng, n, pace, rms_uv):
    f_hz = np.fft.rfftfreq(n, 1 / FS_HZ)
    parts = rng.standard_normal((2, len(f_hz)))
    x = np.fft.irfft(np.sqrt(shape(f_hz, pace)) * (parts[0] + 1j * parts[1]), n)
    return x * rms_uv / np.sqrt(np.mean(x**2))


def noise(rng, n):
    return NOISE_UV * np.sqrt(FS_HZ / 2 / 430) * rng.standard_normal(n)


def truth(pace):
    f_hz = np.linspace(20, 450, 5000)
    power = shape(f_hz, pace)
    total = np.cumsum(power)
    median_hz = f_hz[np.searchsorted(total, total[-1] / 2)]
    return median_hz, np.sum(power / f_hz) / np.sum(power * f_hz**5)


def spectra(seed, snr_db, pace_at_the_end=1.0, gain_at_the_end=1.0, n_reps=12):
    """Return repetitions of 2 s whose frequencies and amplitude glide, each a bit off."""
    rng = np.random.default_rng(seed)
    rest = bandpass_zero_phase(noise(rng, 6000), FS_HZ)
    power = noise_spectrum([rest[np.isfinite(rest)]], FS_HZ)
    reps = []
    for i, x in enumerate(np.linspace(0, 1, n_reps)):
        pace = pace_at_the_end**x * np.exp(0.02 * rng.standard_normal())
        gain = gain_at_the_end**x * np.exp(0.08 * rng.standard_normal())
        rms_uv = NOISE_UV * 10 ** (snr_db / 20) * gain
        whole = muscle(rng, 4600, pace, rms_uv) + noise(rng, 4600)
        window = bandpass_zero_phase(whole, FS_HZ)[300:-300]
        reps.append(rep_spectrum(i + 1, window, power, FS_HZ))
    return reps


@pytest.mark.parametrize("snr_db", [10, 15, 20])
def test_noise_moves_neither_median_frequency_nor_index(snr_db):
    reps = [rep for seed in range(4) for rep in spectra(seed, snr_db, n_reps=1)]
    still = truth(1.0)
    assert np.mean([rep.median_hz for rep in reps]) == pytest.approx(still[0], rel=0.06)
    assert np.mean([rep.fi_nsm5 for rep in reps]) == pytest.approx(still[1], rel=0.25)
    expected = NOISE_UV * 10 ** (snr_db / 20)
    assert np.mean([rep.rms_uv for rep in reps]) == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("snr_db", [10, 15, 20])
def test_a_known_compression_of_the_spectrum_is_found(snr_db):
    trends = [fatigue_trend(spectra(seed, snr_db, 0.75, 1.6)) for seed in range(10)]
    (first_hz, first), (last_hz, last) = truth(1.0), truth(0.75)
    for name, true_pct, tolerance_pct in (
        ("median_frequency_pct", 100 * (last_hz / first_hz - 1), 4),
        ("fi_nsm5_pct", 100 * (last / first - 1), 35),
        ("rms_pct", 60, 10),
    ):
        found = [getattr(trend, name) for trend in trends]
        given_ = [e for e in found if e.value is not None]
        assert len(given_) >= 8
        assert np.median([e.value for e in given_]) == pytest.approx(true_pct, abs=tolerance_pct)
        covered = [e.ci_low <= true_pct <= e.ci_high for e in given_]
        assert np.mean(covered) >= 0.8
        away_from_zero = [e.ci_low * e.ci_high > 0 for e in given_]
        assert np.mean(away_from_zero) >= 0.8


def test_without_fatigue_the_interval_holds_zero():
    held = []
    for seed in range(60):
        trend = fatigue_trend(spectra(1000 + seed, (10, 15, 20)[seed % 3]))
        for e in (trend.median_frequency_pct, trend.fi_nsm5_pct, trend.rms_pct):
            if e.value is not None:
                held.append(e.ci_low <= 0 <= e.ci_high)
    assert len(held) > 170
    assert np.mean(held) >= 0.93


def test_the_side_that_tires_more_is_told_apart():
    for seed in range(3):
        tired, fresh = spectra(seed, 20, 0.7), spectra(seed + 50, 20)
        left_tires = compare_fatigue(tired, fresh).median_frequency_pct
        right_tires = compare_fatigue(fresh, tired).median_frequency_pct
        assert left_tires.ci_low > 0 > right_tires.ci_high
        assert left_tires.value == pytest.approx(100 * (1 / (1 + right_tires.value / 100) - 1))
    apart = compare_fatigue(tired[:6], fresh[6:]).median_frequency_pct
    assert apart.reason.startswith("spectra of 0 repetitions")


def test_too_few_repetitions_and_too_much_noise_are_withheld_with_the_reason():
    few = fatigue_trend(spectra(1, 20, n_reps=5)).median_frequency_pct
    assert (few.value, few.reason) == (None, "spectra of 5 repetitions, 6 are needed")
    weak = fatigue_trend(spectra(1, 2)).fi_nsm5_pct
    assert weak.value is None
    assert "spectra of 0 repetitions, 6 are needed: less than 6 dB above rest" in weak.reason


def test_an_interval_too_wide_to_be_of_use_is_withheld():
    rng = np.random.default_rng(5)
    wild = [RepSpectrum(i, 80 * np.exp(0.4 * rng.standard_normal()), 1.0, 1.0) for i in range(8)]
    trend = fatigue_trend(wild)
    assert trend.median_frequency_pct.value is None
    assert "differ too much" in trend.median_frequency_pct.reason
    assert trend.rms_pct.value == 0


@given(
    change=st.floats(0.5, 2.0),
    level=st.floats(1e-3, 1e3),
    numbers=st.lists(st.integers(1, 60), min_size=6, max_size=20, unique=True).map(sorted),
)
def test_a_steady_change_is_found_exactly_whatever_the_level(change, level, numbers):
    span = numbers[-1] - numbers[0]
    values = [level * change ** ((k - numbers[0]) / span) for k in numbers]
    trend = fatigue_trend([RepSpectrum(k, v, v, v) for k, v in zip(numbers, values, strict=True)])
    for estimate in (trend.median_frequency_pct, trend.fi_nsm5_pct, trend.rms_pct):
        assert estimate.value == pytest.approx(100 * (change - 1), abs=1e-6)


def a_set(seed=1, pace=0.7, n_reps=10, fs_hz=FS_HZ):
    """Return both sides of a set of 3 s movements, one every 4 s: the left tires."""
    rng = np.random.default_rng(seed)
    n = round((5 + 4 * n_reps + 2) * fs_hz)
    time_s = np.arange(n) / fs_hz
    pods, flags = {}, np.zeros(n, bool)
    for side, last in (("left", pace), ("right", 1.0)):
        uv = noise(rng, n)
        for i, x in enumerate(np.linspace(0, 1, n_reps)):
            first = round((5 + 4 * i - 0.1) * fs_hz)
            uv[first : first + round(3.3 * fs_hz)] += muscle(rng, round(3.3 * fs_hz), last**x, 60)
        emg = EmgRecord(fs_hz, time_s, uv, np.arange(n), flags, flags)
        nothing = np.empty((0, 3))
        pods[side] = PodRecord(side, emg, ImuRecord(208.0, np.empty(0), nothing, nothing))
    reps = [
        RepMeasure(i + 1, 5 + 4 * i, 8 + 4 * i, SideMeasure(), SideMeasure(), None, None)
        for i in range(n_reps)
    ]
    return Recording(pods, time_s[-1]), reps


def test_a_set_is_measured_from_the_recording():
    recording, reps = a_set()
    found = set_fatigue(recording, reps)
    assert [rep.number for rep in found.reps["left"]] == list(range(1, 11))
    assert found.trend["left"].median_frequency_pct.ci_high < 0
    assert found.trend["left"].fi_nsm5_pct.ci_low > 0
    right = found.trend["right"].median_frequency_pct
    assert right.ci_low < 0 < right.ci_high
    assert found.right_over_left.median_frequency_pct.ci_low > 0
    assert found.reps["right"][3].rms_uv == pytest.approx(60, rel=0.1)


def test_what_cannot_be_used_is_left_out_and_says_why():
    recording, reps = a_set()
    emg = recording.pods["left"].emg
    uv = emg.uv.copy()
    uv[round(10.5 * FS_HZ)] = np.nan
    left = replace(recording.pods["left"], emg=replace(emg, uv=uv))
    alone = replace(recording, pods={"left": left})
    reps[5] = replace(reps[5], flaws=(Flaw("unusable", "for a test"),))
    found = set_fatigue(alone, reps)
    reasons = [rep.reason for rep in found.reps["left"]]
    assert [i for i, reason in enumerate(reasons) if reason] == [1, 5]
    assert "missing" in reasons[1]
    assert found.trend["left"].median_frequency_pct.value is not None
    assert "no pod on this side" in found.trend["right"].rms_pct.reason
    assert "no pod on this side" in found.right_over_left.rms_pct.reason
    assert set_fatigue(recording, []).trend["left"].rms_pct.value is None
    with pytest.raises(ValueError, match="phase"):
        set_fatigue(recording, reps, phase=(0.8, 0.2))


def test_a_muscle_that_never_rests_is_refused():
    recording, reps = a_set()
    busy = [replace(reps[0], start_s=0.0, end_s=reps[-1].end_s + 10)]
    assert "no resting stretch" in set_fatigue(recording, busy).reps["left"][0].reason


def test_in_thirty_real_contractions_the_spectrum_falls_and_the_amplitude_rises():
    counts = np.loadtxt(DATA / "fatiguing_contractions_1000hz.csv.gz", skiprows=1)
    rest, *contractions = counts.reshape(-1, 2000) * 3000 / 4096
    band = [bandpass_zero_phase(x - x.mean(), 1000.0)[150:-150] for x in (rest, *contractions)]
    power = noise_spectrum(band[:1], 1000.0)
    reps = [rep_spectrum(i, x, power, 1000.0) for i, x in enumerate(band[1:], 1)]
    trend = fatigue_trend(reps)
    assert len(reps) == 30
    assert 55 < reps[-1].median_hz < reps[0].median_hz < 85
    assert trend.median_frequency_pct.ci_high < -10
    assert trend.fi_nsm5_pct.ci_low > 20
    assert trend.rms_pct.ci_low > 20
