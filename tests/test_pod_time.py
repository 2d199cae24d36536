"""A pod's clock on the host's time: errors, uncertainty, and what disturbs both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from glutesym.pod_clock import Messages, agree, fit_pod_clock, half_width_ms

NOTHING = np.empty(0)


def messages(
    seed=1, duration_s=60.0, skew=3e-5, offset_s=7.0, up_s=0.0015, down_s=0.001, wait_s=0.03
):
    """Return messages of a link that has no connection events: delays are as they come."""
    random = np.random.default_rng(seed)
    sent = np.sort(random.uniform(0, duration_s, round(33 * duration_s)))
    arrived = offset_s + sent * (1 + skew) + up_s + wait_s * random.random(len(sent))
    seen = np.sort(random.uniform(0, duration_s, round(1.4 * duration_s)))
    probed = offset_s + seen * (1 + skew) - down_s - 0.005 * random.random(len(seen))
    order = np.argsort(arrived)
    return Messages(sent[order], arrived[order], probed, seen)


def true_s(pod_s, skew=3e-5, offset_s=7.0):
    return offset_s + pod_s * (1 + skew)


@pytest.mark.parametrize("seed", range(5))
def test_offset_and_rate_are_found_and_the_bracket_holds_both_delays(seed):
    clock = fit_pod_clock(messages(seed))
    pod_s = np.array([1.0, 30.0, 59.0])
    error_ms = 1000 * (clock.host_s(pod_s) - true_s(pod_s))
    assert np.all(np.abs(error_ms - 1.5) < 0.5)  # late by the shortest delay
    assert clock.bracket_ms == pytest.approx(2.5, abs=0.4)
    (agreed,) = agree([clock])
    error_ms = 1000 * (agreed.host_s(pod_s) - true_s(pod_s))
    assert np.all(np.abs(error_ms) < agreed.half_bracket_ms)


def test_two_links_of_one_kind_agree_within_what_they_state():
    covered = []
    for seed in range(40):
        clocks = agree([fit_pod_clock(messages(2 * seed + side, skew=2e-5)) for side in (0, 1)])
        pod_s = np.array([10.0, 30.0, 59.0])
        left_s, right_s = (clock.host_s(pod_s) for clock in clocks)
        at_s = true_s(pod_s)
        stated_ms = half_width_ms(clocks[0].variance_at(at_s) + clocks[1].variance_at(at_s))
        covered.append(1000 * np.abs(left_s - right_s) < stated_ms)
        assert np.all(stated_ms < 1.5)
    assert np.mean(covered) >= 0.95


@pytest.mark.parametrize("way", ["up_s", "down_s"])
def test_a_delay_that_one_link_alone_has_is_shared_out_and_stated(way):
    usual = fit_pod_clock(messages(1, 300))
    slow = fit_pod_clock(messages(2, 300, **{way: 0.003}))
    left, right = agree([usual, slow])
    at_s = np.array([150.0])
    apart_ms = abs(1000 * float((left.host_s(at_s) - right.host_s(at_s))[0]))
    stated_ms = float(half_width_ms(left.variance_at(at_s) + right.variance_at(at_s))[0])
    longer_ms = slow.bracket_ms - usual.bracket_ms
    assert longer_ms > 1.3
    assert apart_ms == pytest.approx(longer_ms / 2, rel=0.25)
    assert apart_ms < stated_ms < 3 * apart_ms


def test_the_uncertainty_shrinks_from_the_first_seconds_on():
    stated_ms = []
    for duration_s in (2.0, 10.0, 60.0, 600.0):
        clocks = agree([fit_pod_clock(messages(side, duration_s)) for side in (1, 2)])
        at_s = true_s(np.array([duration_s / 2]))
        variance = clocks[0].variance_at(at_s) + clocks[1].variance_at(at_s)
        stated_ms.append(float(half_width_ms(variance)[0]))
    assert np.all(np.diff(stated_ms) < 0)
    assert stated_ms[0] > 2
    assert stated_ms[-1] < 0.5


def test_far_from_the_messages_the_clock_says_that_it_knows_less():
    clock = fit_pod_clock(messages(1, 60))
    inside, end, beyond = clock.noise_at(true_s(np.array([30.0, 60.0, 360.0])))
    assert inside < end < beyond


def test_amid_an_outage_the_clock_says_that_it_knows_less():
    whole = messages(1, 900)
    there = (whole.sent_pod_s < 200) | (whole.sent_pod_s > 700)
    seen = (whole.probe_received_pod_s < 200) | (whole.probe_received_pod_s > 700)
    clock = fit_pod_clock(
        Messages(
            whole.sent_pod_s[there],
            whole.received_host_s[there],
            whole.probe_sent_host_s[seen],
            whole.probe_received_pod_s[seen],
        )
    )
    before, amid = clock.noise_at(true_s(np.array([100.0, 450.0])))
    assert amid > 2 * before
    error_ms = 1000 * (clock.host_s(np.array([450.0])) - true_s(np.array([450.0])))
    assert abs(float(error_ms[0]) - 1.5) < 0.5


@pytest.mark.parametrize("seed", range(3))
def test_a_crystal_that_warms_up_is_followed(seed):
    whole = messages(seed, 1200, skew=0.0, offset_s=0.0)
    bend_s = 5e-6 * (whole.sent_pod_s + 180 * (np.exp(-whole.sent_pod_s / 180) - 1))
    probe_bend_s = 5e-6 * (
        whole.probe_received_pod_s + 180 * (np.exp(-whole.probe_received_pod_s / 180) - 1)
    )
    clock = fit_pod_clock(
        Messages(
            whole.sent_pod_s,
            whole.received_host_s + bend_s,
            whole.probe_sent_host_s + probe_bend_s,
            whole.probe_received_pod_s,
        )
    )
    pod_s = np.arange(10.0, 1190.0, 10.0)
    true = pod_s + 5e-6 * (pod_s + 180 * (np.exp(-pod_s / 180) - 1))
    error_ms = 1000 * (clock.host_s(pod_s) - true) - 1.5
    assert np.max(np.abs(error_ms)) < 0.35


def test_without_probes_nothing_is_claimed():
    clock = fit_pod_clock(
        replace(messages(), probe_sent_host_s=NOTHING, probe_received_pod_s=NOTHING)
    )
    assert np.isnan(clock.bracket_ms)
    (agreed,) = agree([clock])
    assert np.isnan(agreed.half_bracket_ms)
    assert np.isnan(agreed.variance_at(np.array([30.0]))).all()


def test_probes_that_arrive_before_they_are_sent_claim_nothing():
    true = messages()
    clock = fit_pod_clock(replace(true, probe_sent_host_s=true.probe_sent_host_s + 0.5))
    assert np.isnan(clock.bracket_ms)


@pytest.mark.parametrize("step_s", [-0.05, 0.05, -20.0])
def test_a_host_clock_that_steps_claims_nothing(step_s):
    """Another clock than ours may stand still in sleep; then pods seem to jump."""
    true = messages(1, 60)
    late = true.received_host_s > 37
    clock = fit_pod_clock(
        Messages(
            true.sent_pod_s,
            true.received_host_s + step_s * late,
            true.probe_sent_host_s + step_s * (true.probe_sent_host_s > 37),
            true.probe_received_pod_s,
        )
    )
    assert np.isnan(clock.bracket_ms)


def test_no_frames_are_an_error():
    with pytest.raises(ValueError, match="no frames"):
        fit_pod_clock(Messages(NOTHING, NOTHING, NOTHING, NOTHING))


def test_lies_among_frames_and_probes_hardly_matter():
    true = messages(3)
    random = np.random.default_rng(3)
    sent, seen = true.sent_pod_s.copy(), true.probe_received_pod_s.copy()
    sent[random.permutation(len(sent))[:30]] += random.uniform(0.3, 500, 30)
    seen[[10, 30, 50]] -= 40.0
    lying = fit_pod_clock(replace(true, sent_pod_s=sent, probe_received_pod_s=seen))
    honest = fit_pod_clock(true)
    pod_s = np.array([1.0, 30.0, 59.0])
    assert lying.host_s(pod_s) == pytest.approx(honest.host_s(pod_s), abs=3e-4)
    assert lying.bracket_ms == pytest.approx(honest.bracket_ms, abs=0.5)


def test_the_same_messages_give_the_same_clock():
    first, second = fit_pod_clock(messages(5, 300)), fit_pod_clock(messages(5, 300))
    assert np.array_equal(first.host_s.y, second.host_s.y)
    assert np.array_equal(first.noise_ms, second.noise_ms)
    assert first.bracket_ms == second.bracket_ms


@pytest.mark.parametrize("seed", range(40))
def test_any_messages_give_a_clock(seed):
    """Times of hostile pods: far apart, the wrong way round, all at once."""
    random = np.random.default_rng(seed)
    size = 10.0 ** random.integers(-6, 5)
    n, m = random.integers(1, 60), random.integers(0, 10)
    frames = size * random.standard_normal((2, n)).round(int(random.integers(0, 6)))
    probes = size * random.standard_normal((2, m))
    clock = fit_pod_clock(Messages(frames[0], np.sort(frames[1]), *probes))
    assert np.isfinite(clock.host_s(np.array([0.0, 1e5]))).all()
    assert len(agree([clock])) == 1
