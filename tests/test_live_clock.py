"""Clocks kept for the live view: fitted anew while little is known, then now and then."""

from __future__ import annotations

import numpy as np
import pytest

from glutesym import wire
from glutesym.live_clock import KeptClocks
from glutesym.pod_clock import Messages, fit_pod_clock

PERIOD_S = wire.TICKS_PERIOD_US / 1e6
RANDOM = np.random.default_rng(1)
SENT = np.arange(0.0, 200.0, 0.03)
RECEIVED = SENT * (1 + 2e-5) + 9 + RANDOM.uniform(0.001, 0.03, len(SENT))
SEEN = np.arange(0.5, 200.0, 0.7)
PROBED = SEEN * (1 + 2e-5) + 9 - RANDOM.uniform(0.001, 0.01, len(SEEN))


def until(end_s: float, away_s: float = 0.0) -> Messages:
    there, seen = (SENT < end_s) & (SENT > end_s - 60), (SEEN < end_s) & (SEEN > end_s - 60)
    return Messages(SENT[there] + away_s, RECEIVED[there], PROBED[seen], SEEN[seen] + away_s)


def test_a_clock_is_fitted_anew_more_and_more_seldom():
    clocks, fits, before = KeptClocks(), [], None
    for now_s in np.arange(2.0, 190.0, 0.5):
        clock = clocks("left", 7, until(now_s))
        if clock is not before:
            fits.append(now_s)
        before = clock
    pauses_s = np.diff(fits)
    assert pauses_s[0] == 1.0
    assert max(pauses_s) == pytest.approx(6.0, abs=0.5)
    assert np.mean(pauses_s[-10:]) > 5.5


def test_a_kept_clock_is_about_what_a_new_one_would_be():
    clocks = KeptClocks()
    clocks("left", 7, until(100.0))
    kept, new = clocks("left", 7, until(105.0)), fit_pod_clock(until(105.0))
    pod_s = np.array([50.0, 100.0])
    assert kept.host_s(pod_s) == pytest.approx(new.host_s(pod_s), abs=5e-4)


def test_ticks_that_are_unwrapped_from_another_moment_are_the_same_moment():
    clocks = KeptClocks()
    first = clocks("left", 7, until(100.0, PERIOD_S))
    then = clocks("left", 7, until(101.0))
    assert then.host_s(np.array([90.0])) == pytest.approx(
        first.host_s(np.array([90.0 + PERIOD_S]))
    )


def test_another_run_or_side_has_a_clock_of_its_own():
    clocks = KeptClocks()
    first = clocks("left", 7, until(100.0))
    assert clocks("left", 7, until(100.0)) is first
    assert clocks("left", 8, until(100.0)) is not first
    assert clocks("right", 8, until(100.0)) is not clocks("left", 8, until(100.0))
