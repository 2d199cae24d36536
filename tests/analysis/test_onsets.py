from dataclasses import dataclass

import numpy as np
import pytest

from glutesym.analysis.onsets import find_burst
from glutesym.analysis.resting import resting_level
from glutesym.analysis.timing import Edge, Rises, time_offset, time_onsets
from muscle_model import FS_HZ, burst, power_of

SEARCH_S = (2.2, 5.8)


def burst_in(x, search_s=SEARCH_S):
    power = power_of(x)
    resting = resting_level(power, 0, 7)
    return find_burst(power.between(*search_s), resting, power.cells_a_row)


@dataclass
class Found:
    onset: Edge | None
    offset: Edge | None
    rises: Rises


def find(x, rises=None, search_s=SEARCH_S):
    """Return the edges of one side alone."""
    rises = rises or Rises()
    found = burst_in(x, search_s)
    if found is None:
        return None
    onset, _, _ = time_onsets(found.onset, None, (rises, Rises()))
    return Found(onset, time_offset(found.offset), rises.after(found.onset))


def errors_ms(snr_db, law, rise_s, seeds):
    """Return the onset errors of repetitions measured one after the other, learning the rise."""
    rises, errors = Rises(), []
    for seed in seeds:
        found = find(burst(seed, snr_db, rise_s, law), rises)
        assert found is not None
        assert found.onset is not None
        rises = found.rises
        errors.append(1000 * (found.onset.time_s - 3.0))
    return np.array(errors)


@pytest.mark.parametrize("law", ["linear", "raised-cosine", "exponential", "step"])
def test_onset_at_20_db(law):
    found = errors_ms(20, law, 0.08, range(100, 108))
    assert abs(found.mean()) < 15  # a raised cosine begins under the noise, and reads late
    assert found.std() < 10


@pytest.mark.parametrize("law", ["square root", "minimum jerk", "two steps"])
def test_a_law_that_no_model_contains_shifts_onsets_but_alike(law):
    found = errors_ms(20, law, 0.08, range(150, 158))
    assert abs(found.mean()) < 35
    assert found.std() < 12


@pytest.mark.parametrize("law", ["step", "exponential"])
def test_onset_at_10_db(law):
    assert np.abs(errors_ms(10, law, 0.05, range(200, 208))).mean() < 15


def test_unequal_signal_to_noise_ratio_fakes_no_lag():
    rises, lags_ms = (Rises(), Rises()), []
    for seed in range(300, 320):
        weak = burst_in(burst(seed + 1000, 16)).onset
        strong = burst_in(burst(seed, 22)).onset
        _, _, lag = time_onsets(weak, strong, rises)
        rises = rises[0].after(weak), rises[1].after(strong)
        lags_ms.append(lag.median)
    assert abs(np.mean(lags_ms)) < 5  # of 20 repetitions; the mean itself has an SD of 2


def test_the_lag_of_both_sides_together_is_surer_than_the_difference_of_their_onsets():
    """What both sides have in common, how they rise, is no error of the lag."""
    left = burst_in(burst(330, 18, 0.1)).onset
    right = burst_in(burst(331, 18, 0.1)).onset
    left_edge, right_edge, lag = time_onsets(left, right)
    assert lag.half_width < 1960 * np.hypot(left_edge.sd_s, right_edge.sd_s)
    assert abs(lag.median) < lag.half_width
    mirrored = time_onsets(right, left)[2]
    assert mirrored.median == pytest.approx(-lag.median, abs=0.1)


def test_one_side_without_evidence_leaves_the_other_as_it_is_alone():
    evidence = burst_in(burst(332, 18, 0.1)).onset
    left, right, lag = time_onsets(None, evidence)
    assert (left, lag) == (None, None)
    assert right.time_s == pytest.approx(3.0, abs=0.03)


def test_credible_interval_covers_the_onset():
    inside = 0
    for seed in range(400, 420):
        edge = find(burst(seed, 15, 0.08, "linear")).onset
        inside += edge.ci_low_s <= 3.0 <= edge.ci_high_s
    assert inside >= 17


def test_offset_is_found_as_the_onset_is():
    found = [find(burst(seed, 20)).offset.time_s - 5.0 for seed in range(500, 506)]
    assert abs(np.median(found)) < 0.04  # the fall lasts 200 ms


def test_a_step_in_little_noise_is_found_within_milliseconds():
    assert find(burst(1, 40, 0.0, "step")).onset.time_s == pytest.approx(3.0, abs=0.005)


def test_noise_alone_is_no_burst():
    for seed in range(8):
        assert find(burst(seed, -60)) is None


def test_a_burst_outside_the_search_window_belongs_to_another_repetition():
    assert find(burst(3, 20), search_s=(0.3, 2.5)) is None


def test_the_strongest_burst_is_chosen_and_a_spike_is_none():
    x = burst(4, 20)
    x[round(2.4 * FS_HZ) : round(2.4 * FS_HZ) + 10] += 300
    assert find(x).onset.time_s == pytest.approx(3.0, abs=0.03)


def test_missing_samples_around_the_burst_give_no_burst_rather_than_an_error():
    x = burst(5, 20)
    power = power_of(x)
    resting = resting_level(power, 0, 7)
    for empty in (np.full(len(x), np.nan), np.empty(0), x[:10]):
        rows = power_of(empty).between(*SEARCH_S)
        assert find_burst(rows, resting, power.cells_a_row) is None


def test_learning_the_rise_sharpens_the_onset():
    rises, first, last = Rises(), [], []
    for seed in range(600, 612):
        found = find(burst(seed, 15, 0.1, "exponential"), rises)
        naive = find(burst(seed, 15, 0.1, "exponential"))
        rises = found.rises
        if seed >= 605:
            first.append(naive.onset.sd_s)
            last.append(found.onset.sd_s)
    assert np.mean(last) < 0.8 * np.mean(first)


def test_a_rise_unlike_those_before_is_still_found():
    rises = Rises()
    for seed in range(700, 710):
        rises = find(burst(seed, 20, 0.02, "linear"), rises).rises
    assert find(burst(710, 20, 0.2, "linear"), rises).onset.time_s == pytest.approx(3.0, abs=0.04)
