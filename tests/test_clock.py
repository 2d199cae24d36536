"""Clocks: wraps, envelopes, and how far to trust them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym import wire
from glutesym.clock import (
    lower_envelope,
    lower_track,
    ticks_before_us,
    too_early,
    unwrap_ticks_us,
)


@given(
    st.integers(0, wire.TICKS_PERIOD_US - 1),
    st.lists(st.integers(0, 3 * wire.TICKS_PERIOD_US), max_size=30),
)
def test_ticks_are_unwrapped_however_long_the_silence(start, steps):
    true = start + np.concatenate([[0], np.cumsum(np.array(steps, np.int64))])
    host_s = 5 + true * (1 + 3e-5) / 1e6
    wrapped = (true % wire.TICKS_PERIOD_US).astype(np.uint32)
    assert unwrap_ticks_us(wrapped, host_s).tolist() == true.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_a_clock_that_lies_first_does_not_tear_the_others_apart(seed):
    random = np.random.default_rng(seed)
    steps = random.integers(0, wire.TICKS_PERIOD_US // 20, 100)
    true = wire.TICKS_PERIOD_US // 2 + np.cumsum(steps) - steps[0]
    host_s = 5 + true / 1e6 + random.uniform(0, 0.2, 100)
    wrapped = (true % wire.TICKS_PERIOD_US).astype(np.uint32)
    lies = np.array([0, 20, 50])
    wrapped[lies] = random.integers(0, wire.TICKS_PERIOD_US, 3)
    honest = np.setdiff1d(np.arange(100), lies)
    offset = (unwrap_ticks_us(wrapped, host_s) - true)[honest]
    assert np.ptp(offset) == 0


@given(st.integers(0, 1 << 40), st.integers(0, wire.TICKS_PERIOD_US - 1))
def test_earlier_ticks_are_placed_before_their_reference(reference, age):
    ticks = np.array([(reference - age) % wire.TICKS_PERIOD_US], np.uint32)
    assert ticks_before_us(np.array([reference]), ticks)[0] == reference - age


@given(st.integers(0, 2**32 - 1))
def test_the_envelope_is_below_every_point_and_touches_one(seed):
    random = np.random.default_rng(seed)
    x = np.sort(random.uniform(0, 100, 60))
    y = x * (1 + random.normal(0, 3e-5)) + random.exponential(0.01, 60)
    residual = y - lower_envelope(x, y)(x)
    assert residual.min() >= -1e-9
    assert residual.min() < 1e-9


@pytest.mark.parametrize("seed", range(5))
def test_lies_are_told_from_delays(seed):
    random = np.random.default_rng(seed)
    sent = np.arange(0, 60, 0.03)
    arrived = 3 + sent * (1 + 4e-5) + 0.0015 + random.exponential(0.02, len(sent))
    assert not too_early(sent, arrived).any()
    lies = random.permutation(len(sent))[:40]
    sent[lies] += random.uniform(0.3, 500, 40)
    assert sorted(np.flatnonzero(too_early(sent, arrived))) == sorted(lies)


def test_frames_that_waited_out_a_stall_are_no_lies():
    """For two seconds nothing comes, then all at once: the later, the earlier for its sending."""
    sent = np.arange(0, 20, 0.03)
    arrived = sent + np.where((sent > 8) & (sent < 10), 10 - sent, 0.0) + 0.002
    assert not too_early(sent, arrived).any()


def test_too_few_points_are_all_believed():
    assert not too_early(np.arange(5.0), np.array([0.0, 1, -90, 3, 4])).any()


def test_few_points_do_not_give_an_absurd_slope():
    line = lower_envelope(np.array([0.0, 0.001]), np.array([5.0, 5.03]))
    assert abs(line.slope - 1) <= 2e-4
    assert lower_envelope(np.array([3.0]), np.array([7.0]))(np.array([4.0]))[0] == pytest.approx(8)


def test_no_points_are_an_error():
    with pytest.raises(ValueError, match="no points"):
        lower_envelope(np.empty(0), np.empty(0))


def test_a_line_and_its_inverse():
    line = lower_envelope(np.array([0.0, 10.0]), np.array([100.0, 110.001]))
    x = np.array([3.0, 8.0])
    assert line.inverse(line(x)) == pytest.approx(x)


@pytest.mark.parametrize("seed", range(3))
def test_an_oscillator_that_warms_up_is_followed(seed):
    """300 ppm in three minutes: over 20 minutes a straight line would be milliseconds off."""
    random = np.random.default_rng(seed)
    index = np.arange(0, 2_400_000, 104.0)
    seconds = index / 2000
    true_s = seconds * 1.012 + 300e-6 * (seconds + 180 * (np.exp(-seconds / 180) - 1))
    seen_s = true_s + random.uniform(0, 0.0005, len(index)) + random.exponential(0.001, len(index))
    straight = lower_envelope(index, seen_s, 1 / 2000, 0.03)
    track = lower_track(index, seen_s, 1 / 2000, 0.03, 30.0)
    assert np.abs(straight(index) - true_s).max() > 0.003
    error_s = track(index) - true_s
    assert np.abs(error_s).max() < 0.0006
    assert track.slope == pytest.approx(1.0122 / 2000, rel=1e-3)


def test_lies_of_a_chip_clock_do_not_fold_the_track():
    index = np.arange(0, 200_000, 104.0)
    seen_s = index / 2000
    seen_s[1000:1050] -= 700
    track = lower_track(index, seen_s, 1 / 2000, 0.03, 30.0)
    assert np.all(np.diff(track(index)) > 0)


def test_a_short_stretch_is_a_straight_line():
    x = np.arange(100.0)
    track = lower_track(x, x / 10, 0.1, 0.03, 30.0)
    assert track(x) == pytest.approx(x / 10)
