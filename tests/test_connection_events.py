"""Connection events, found in arrivals; arrivals taken back to them."""

from __future__ import annotations

import numpy as np
import pytest

from glutesym.connection_events import ARRIVALS_KEPT, aim, air_times, find_events


def link(interval_s, duration_s=30.0, seed=1, phase_s=0.004, adapter=1 + 2e-5):
    """Return sends, their events and their arrivals; sends know nothing of events."""
    random = np.random.default_rng(seed)
    sent = np.cumsum(random.uniform(0.01, 0.05, round(duration_s / 0.03)))
    step_s = interval_s * adapter
    event = phase_s + np.ceil((sent - phase_s) / step_s) * step_s
    late = random.random(len(sent)) < 0.05
    delay_s = 0.001 + 0.0008 * np.exp(0.6 * random.standard_normal(len(sent)))
    delay_s += late * random.exponential(0.01, len(sent))
    return sent, event, np.maximum.accumulate(event + delay_s)


@pytest.mark.parametrize("interval_ms", [7.5, 11.25, 15, 30, 45, 48.75, 60, 100])
def test_the_interval_is_found_whatever_it_is(interval_ms):
    _, _, received = link(interval_ms / 1000, 5)
    grid = find_events(received)
    assert grid is not None
    assert 1000 * grid.interval_s == pytest.approx(interval_ms)


@pytest.mark.parametrize("interval_ms", [7.5, 30, 45])
@pytest.mark.parametrize("seed", range(4))
def test_arrivals_are_taken_back_to_their_events(interval_ms, seed):
    sent, event, received = link(interval_ms / 1000, seed=seed)
    at = air_times(sent, received)
    moved = at != received
    assert moved.mean() > 0.3
    jitter_ms = 1000 * (at - event)[moved]
    quick = jitter_ms < 1000 * np.median(at - event) + 1  # the others belong to a later event
    assert quick.mean() > 0.9
    assert jitter_ms[quick].std() < 0.15 < 1000 * (received - event)[moved][quick].std()
    assert jitter_ms.min() > 1.0  # none before its event


def test_a_change_of_interval_amid_a_window_moves_nothing_before_its_event():
    for seed in range(20):
        first = link(0.03, 12.3, seed, phase_s=0.004)
        then = link(0.015, 10, seed + 100, phase_s=0.0011)
        start_s = first[0][-1] + 0.02
        sent = np.concatenate([first[0], then[0] + start_s])
        event = np.concatenate([first[1], then[1] + start_s])
        received = np.concatenate([first[2], then[2] + start_s])
        assert np.all(air_times(sent, received) > event + 0.0005)


def test_frames_that_come_as_regularly_as_they_are_sent_are_left_alone():
    """Over a wire the sends keep the time, not a radio."""
    random = np.random.default_rng(1)
    sent = np.arange(0, 30, 0.0525)
    sent += random.uniform(0, 0.002, len(sent))
    received = sent + 0.0003 + random.exponential(0.0002, len(sent))
    assert np.array_equal(air_times(sent, received), received)


def test_arrivals_without_a_grid_are_left_alone():
    random = np.random.default_rng(1)
    received = np.sort(random.uniform(0, 30, 1000))
    assert find_events(received[:160]) is None
    assert np.array_equal(air_times(received - 0.01, received), received)


def test_few_arrivals_or_none_tell_nothing():
    _, _, received = link(0.03, 1)
    assert find_events(received[:20]) is None
    assert find_events(np.empty(0)) is None
    assert len(air_times(np.empty(0), np.empty(0))) == 0


def test_probes_are_aimed_shortly_before_an_event():
    _, _, received = link(0.03, 10)
    recent = received[-ARRIVALS_KEPT:]
    waits_ms = []
    for number in range(1, 41):
        due_s = float(recent[-1]) + 0.013 * number
        at_s = aim(due_s, recent, number)
        assert due_s <= at_s <= due_s + 0.1
        next_event_s = 0.004 + np.ceil((at_s - 0.004) / (0.03 * (1 + 2e-5))) * 0.03 * (1 + 2e-5)
        if number % 4:
            waits_ms.append(1000 * (next_event_s - at_s))
        else:
            assert at_s == due_s
    assert max(waits_ms) < 7
    assert np.ptp(waits_ms) > 3


def test_without_a_grid_a_probe_leaves_when_it_is_due():
    assert aim(12.5, np.empty(0), 1) == 12.5
