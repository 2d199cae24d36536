"""Power over time: the right value at the right time, and the same wherever it is asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glutesym.dsp.muscle_power import ROW_S, MusclePower
from glutesym.recording import EmgRecord
from muscle_model import FS_HZ, power_of

N = 24_000
T_S = np.arange(N) / FS_HZ
NOISE = np.random.default_rng(5).standard_normal(N)


def emg(uv, fs_hz=FS_HZ, first_index=0):
    flags = np.zeros(len(uv), bool)
    time_s = np.arange(len(uv)) / fs_hz
    return EmgRecord(fs_hz, time_s, uv, first_index + np.arange(len(uv)), flags, flags)


def part(record, first, last):
    """Return some samples of a record."""
    arrays = {k: v[first:last] for k, v in vars(record).items() if isinstance(v, np.ndarray)}
    return replace(record, **arrays)


def test_power_is_in_the_right_band_at_the_right_time():
    tone = np.where(T_S > 1, 3 * np.sin(2 * np.pi * 125 * T_S), 0)
    rows = power_of(tone).between(0.5, 3)
    assert rows.bands.shape[1] == 7
    assert np.all(rows.bands.argmax(axis=1)[rows.time_s > 1.05] == 1)
    half = rows.bands[:, 1].max() / 2
    assert rows.time_s[np.argmax(rows.bands[:, 1] > half)] == pytest.approx(1.0, abs=0.004)
    assert rows.total[rows.time_s > 1.1].mean() == pytest.approx(4.5, rel=0.01)


@pytest.mark.parametrize("fs_hz", [1000.0, 1986.0, 2000.0, 4000.0])
def test_what_happens_at_once_is_seen_at_once_in_every_band(fs_hz):
    """The filter delays 60 Hz by milliseconds more than 200 Hz."""
    click = np.zeros(4 * round(fs_hz))
    click[2 * round(fs_hz)] = 1000.0
    rows = MusclePower(emg(click, fs_hz)).between(1.5, 2.5)
    middle_s = rows.time_s @ rows.bands / rows.bands.sum(axis=0)
    np.testing.assert_allclose(middle_s, 2.0, atol=0.0006)


def test_white_noise_has_equal_power_in_every_band():
    rows = power_of(NOISE).between(0.5, 11)
    bands = rows.bands.mean(axis=0)
    np.testing.assert_allclose(bands[1:5], 2 / 32, rtol=0.1)  # 2 of 32 bins
    assert rows.total.mean() == pytest.approx(430 / 1000, rel=0.05)


def test_offset_and_drift_are_left_out():
    rows = power_of(8000.0 + 300 * np.sin(2 * np.pi * 1.5 * T_S)).between(0.5, 11)
    assert rows.total.max() < 1e-3


@pytest.mark.parametrize("fs_hz", [1000.0, 1000.7, 1986.0, 2000.0, 2033.0, 4000.0])
def test_rows_are_even_and_about_4_ms_apart(fs_hz):
    power = MusclePower(emg(NOISE, fs_hz))
    time_s = power.between(0, 1e9).time_s
    np.testing.assert_allclose(np.diff(time_s), power.row_s, rtol=1e-6)
    assert power.row_s == pytest.approx(ROW_S, rel=0.05)


def test_a_rate_that_is_too_low_is_refused():
    with pytest.raises(ValueError, match="1000 SPS"):
        MusclePower(emg(NOISE, 500.0))


@settings(max_examples=40, deadline=None)
@given(
    first=st.integers(0, 8000),
    last=st.integers(16_000, N),
    from_=st.integers(0, 5000),
    start=st.floats(5.0, 6.0),
    length=st.floats(0.1, 2.0),
)
def test_a_part_of_a_recording_gives_the_same_numbers(first, last, from_, start, length):
    """A whole tile and the time to settle before the first row are all that it has to hold."""
    record = emg(8000 + 5 * NOISE, first_index=from_)
    whole = MusclePower(record).between(start, start + length)
    some = MusclePower(part(record, min(first, 4000), last)).between(start, start + length)
    np.testing.assert_array_equal(some.time_s, whole.time_s)
    np.testing.assert_array_equal(some.bands, whole.bands)
    np.testing.assert_array_equal(some.total, whole.total)


def test_every_row_is_computed_once_and_alike_in_whatever_order():
    power, backwards = power_of(NOISE), power_of(NOISE)
    forward = [power.between(s, s + 1) for s in np.arange(0.0, 11.0, 0.7)]
    for s, rows in zip(np.arange(0.0, 11.0, 0.7)[::-1], forward[::-1], strict=True):
        np.testing.assert_array_equal(backwards.between(s, s + 1).total, rows.total)


def test_blocks_are_means_of_rows():
    power = power_of(NOISE)
    bands, total, first_sample = power.blocks_between(2.0, 6.0)
    np.testing.assert_array_equal(np.diff(first_sample), power.block_samples)
    assert 28 <= len(total) <= 31
    assert total.mean() == pytest.approx(power.between(2.0, 6.0).total.mean(), rel=0.02)
    assert bands.shape == (len(total), 7)


@pytest.mark.parametrize(
    "index",
    [
        np.concatenate((np.arange(9000), np.arange(N - 9000))),  # the pod began again
        np.concatenate((np.arange(9000), 100 + np.arange(9000, N))),  # samples are left out
        np.concatenate((np.arange(9000), np.full(3000, -1), np.arange(N - 12_000))),  # blank
    ],
)
def test_nothing_reaches_across_a_break_in_the_count(index):
    record = replace(emg(NOISE), index=index)
    other = record.uv.copy()
    other[:9000] = 0.0
    rows = MusclePower(record).between(6.1, 12)
    same = MusclePower(replace(record, uv=other)).between(6.1, 12)
    np.testing.assert_array_equal(rows.total, same.total)
    known = rows.time_s[np.isfinite(rows.total)]
    assert known[0] > 4.5 + 0.15


def test_lead_off_and_clipping_count_as_missing():
    for flag in ("lead_off", "clipped"):
        flags = np.zeros(N, bool)
        flags[12_000] = True
        rows = MusclePower(replace(emg(NOISE), **{flag: flags})).between(0.2, 11.5)
        missing = rows.time_s[np.isnan(rows.total)]
        assert 5.97 < missing[0] < 6.001
        assert 6.14 < missing[-1] < 6.17


def test_nothing_gives_nothing():
    for few in (0, 3, 40):
        power = power_of(np.zeros(few))
        assert np.isnan(power.between(0, 1).total).all()
        assert len(power.blocks_between(0, 1)[1]) == 0
