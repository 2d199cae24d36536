"""Maxima of known size are found, spoilt trials refused with the reason, ratios signed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glutesym.analysis.calibration import (
    DYNAMIC,
    POSITIONS,
    Mvic,
    Trial,
    best_mvic,
    dynamic_mvic,
    measure_contraction,
    normalise,
)
from glutesym.analysis.mvic_trial import MvicTrial
from glutesym.measures import RepMeasure, SideMeasure
from glutesym.recording import EmgRecord
from muscle_model import FS_HZ, burst

PRONE, SQUEEZE = POSITIONS
START_S, NOISE_UV = 3.0, 5.0


def contraction(seed=1, snr_db=30.0, held_s=4.0, duration_s=9.0):
    """Return 3 s of rest and a contraction that rises within 0.3 s: µV at ``FS_HZ``."""
    return burst(seed, snr_db, 0.3, "raised-cosine", START_S, START_S + held_s + 0.2,
                 NOISE_UV, duration_s)  # fmt: skip


def record(uv, lead_off=None, clipped=None):
    n = len(uv)
    flags = [np.zeros(n, bool) if f is None else f for f in (lead_off, clipped)]
    return EmgRecord(FS_HZ, np.arange(n) / FS_HZ, uv, np.arange(n), *flags)


def measured(uv, **flags):
    emg = record(uv, **flags)
    trial = MvicTrial("left", PRONE, FS_HZ)
    trial.process(emg.uv, emg.lead_off, emg.clipped)
    return trial.finish()


@pytest.mark.parametrize("snr_db", [15.0, 25.0, 40.0])
def test_the_size_of_a_steady_contraction_is_found_without_its_noise(snr_db):
    found = [measured(contraction(seed, snr_db)) for seed in range(12)]
    true_uv = NOISE_UV * 10 ** (snr_db / 20)
    assert all(trial.reason == "" for trial in found)
    # The highest of many windows reads a little high; the filter takes what lies below 20 Hz.
    assert np.mean([t.mvic_uv for t in found]) == pytest.approx(1.06 * true_uv, rel=0.06)
    assert np.mean([t.rest_uv for t in found]) == pytest.approx(NOISE_UV, rel=0.05)
    assert np.mean([t.held_s for t in found]) == pytest.approx(4.0, abs=0.3)


def test_a_long_squeeze_ends_after_five_seconds():
    trial = MvicTrial("left", PRONE, FS_HZ)
    uv = contraction(held_s=8.0, duration_s=13.0)
    phases = []
    for block in uv.reshape(-1, 200):
        nothing = np.zeros(len(block), bool)
        state = trial.process(block, nothing, nothing)
        phases.append(state.phase)
    assert list(dict.fromkeys(phases)) == ["rest", "contract", "hold", "done"]
    assert trial.finish().held_s == pytest.approx(5.0, abs=0.1)
    assert trial.finish().mvic_uv is not None


def test_the_state_says_what_to_do_and_for_how_long():
    trial = MvicTrial("right", SQUEEZE, FS_HZ)
    uv = contraction()

    def feed(start_s, end_s):
        part = uv[round(start_s * FS_HZ) : round(end_s * FS_HZ)]
        return trial.process(part, np.zeros(len(part), bool), np.zeros(len(part), bool))

    first = feed(0, 1)
    assert first.phase == "rest"
    assert 0.9 < first.left_s < 1.4
    assert np.isnan(first.rest_uv)
    ready = feed(1, 2.8)
    assert (ready.phase, ready.left_s) == ("contract", 0.0)
    assert ready.level_uv == pytest.approx(NOISE_UV, rel=0.5)
    holding = feed(2.8, 5.0)
    assert holding.phase == "hold"
    assert holding.left_s == pytest.approx(3.0, abs=0.3)
    assert holding.level_uv > 50
    assert feed(5.0, 9.0).phase == "done"


@given(st.lists(st.integers(0, 3000), max_size=12), st.integers(0, 3))
@settings(max_examples=20)
def test_blocks_of_any_size_give_the_same(sizes, seed):
    uv = contraction(seed, held_s=3.3)
    uv[12_000] = np.nan if seed == 3 else uv[12_000]
    lead_off, clipped = np.zeros(len(uv), bool), np.zeros(len(uv), bool)
    lead_off[10_000] = seed == 2
    trial = MvicTrial("left", PRONE, FS_HZ)
    edges = [0, *np.minimum(np.cumsum(sizes), len(uv)).astype(int), len(uv)]
    for a, b in pairwise(edges):
        trial.process(uv[a:b], lead_off[a:b], clipped[a:b])
    assert trial.finish() == measured(uv, lead_off=lead_off, clipped=clipped)


def flagged():
    flags = np.zeros(round(9 * FS_HZ), bool)
    flags[round(5 * FS_HZ)] = True
    return flags


def spoilt(what):
    uv = contraction()
    at = round(5 * FS_HZ)
    if what == "spike":
        uv[at : at + 4] += 3000
    elif what == "jerk":
        uv[at : at + 1000] *= 3
    elif what == "motion":
        t_s = np.arange(1000) / FS_HZ
        uv[at : at + 1000] += 700 * np.sin(2 * np.pi * 24 * t_s)
    elif what == "gap":
        uv[at : at + 10] = np.nan
    return uv


@pytest.mark.parametrize(
    ("trial", "reason"),
    [
        (lambda: measured(spoilt("spike")), "a spike makes the peak"),
        (lambda: measured(spoilt("jerk")), "far above the rest of it"),
        (lambda: measured(spoilt("motion")), "motion makes the peak"),
        (lambda: measured(spoilt("gap")), "samples are missing"),
        (lambda: measured(contraction(), clipped=flagged()), "at its rail"),
        (lambda: measured(contraction(), lead_off=flagged()), "off the skin"),
        (lambda: measured(contraction(held_s=1.5)), "held for 1."),
        (lambda: measured(contraction(snr_db=8.0)), "hardly above rest"),
        (lambda: measured(contraction(snr_db=-10.0)), "no contraction was seen"),
        (lambda: measured(contraction()[: round(1.5 * FS_HZ)]), "no steady rest"),
        (lambda: measured(np.empty(0)), "no steady rest"),
    ],
)
def test_a_spoilt_trial_is_refused_with_the_reason(trial, reason):
    found = trial()
    assert found.mvic_uv is None
    assert reason in found.reason


def test_clean_trials_are_hardly_ever_refused():
    refused = [measured(contraction(seed)).reason for seed in range(40)]
    assert sum(map(bool, refused)) <= 1


def test_real_efforts_are_accepted():
    path = Path(__file__).parent.parent / "data" / "fatiguing_contractions_1000hz.csv.gz"
    _, *efforts = np.loadtxt(path, skiprows=1).reshape(-1, 2000) * 3000 / 4096
    fine = np.zeros(2000, bool)
    for uv in efforts:
        mvic_uv, reason = measure_contraction(uv - uv.mean(), fine, fine, 1000.0, 3.0)
        assert reason == ""
        assert 350 < mvic_uv < 900


def trial(side, position, mvic_uv, reason=""):
    return Trial(side, position, mvic_uv, 5.0, 4.0, reason)


def test_the_larger_position_is_kept_with_the_spread_of_its_trials():
    found = best_mvic(
        [
            *(trial("left", PRONE, uv) for uv in (90, 100, 110)),
            *(trial("left", SQUEEZE, uv) for uv in (80, 105, 95)),
            trial("right", PRONE, 70),
            trial("right", PRONE, None, "a spike makes the peak"),
            trial("right", SQUEEZE, 75),
        ]
    )
    left, right = found["left"], found["right"]
    assert (left.mvic_uv, left.source, left.trials) == (110, PRONE, 3)
    assert left.cv_pct == pytest.approx(10)
    assert (right.mvic_uv, right.source, right.trials, right.cv_pct) == (75, SQUEEZE, 1, None)
    assert right.refused == ("a spike makes the peak",)
    assert best_mvic([trial("left", PRONE, None, "no")]) == {}


def mvic(side, uv, cv_pct=5.0):
    return Mvic(side, uv, PRONE, cv_pct, 3)


def test_the_normalised_ratio_and_the_raw_one_are_both_told():
    found = normalise({"left": 60.0, "right": 120.0},
                      {"left": mvic("left", 50), "right": mvic("right", 80)})  # fmt: skip
    assert found.pct_mvic == pytest.approx({"left": 120, "right": 150})  # above 100 is possible
    assert found.task_ratio_pct == pytest.approx(125)
    assert found.task_ln == pytest.approx(np.log(1.25))
    assert found.mvic_ratio_pct == pytest.approx(160)
    assert found.mvic_ln == pytest.approx(np.log(1.6))
    assert found.spread_pct == pytest.approx(7.07, abs=0.01)
    assert "electrodes" in found.mvic_caution


@given(
    *(st.floats(0.1, 1e4) for _ in range(4)),
)
def test_gains_of_the_electrodes_cancel_and_swapping_sides_turns_the_sign(
    left, right, gain_left, gain_right
):
    plain = normalise({"left": left, "right": right},
                      {"left": mvic("left", 100), "right": mvic("right", 100)})  # fmt: skip
    gained = normalise(
        {"left": gain_left * left, "right": gain_right * right},
        {"left": mvic("left", gain_left * 100), "right": mvic("right", gain_right * 100)},
    )
    swapped = normalise({"left": right, "right": left},
                        {"left": mvic("left", 100), "right": mvic("right", 100)})  # fmt: skip
    assert gained.task_ln == pytest.approx(plain.task_ln, abs=1e-9)
    assert swapped.task_ln == pytest.approx(-plain.task_ln, abs=1e-9)
    assert (plain.task_ln > 0) == (right > left)


def test_one_trial_has_no_spread_and_a_missing_side_is_an_error():
    both = {"left": mvic("left", 50, None), "right": mvic("right", 80)}
    assert normalise({"left": 1.0, "right": 1.0}, both).spread_pct is None
    with pytest.raises(ValueError, match="right side is missing"):
        normalise({"left": 1.0, "right": 1.0}, {"left": mvic("left", 50)})
    with pytest.raises(ValueError, match="above 0"):
        normalise({"left": 0.0, "right": 1.0}, both)


def test_the_peak_of_a_set_is_not_decided_by_one_artefact():
    uv = np.concatenate([burst(seed, 25.0) for seed in range(5)])
    reps = [
        RepMeasure(i + 1, 7 * i + 3.0, 7 * i + 5.0, SideMeasure(), SideMeasure(), None, None)
        for i in range(5)
    ]
    clean = dynamic_mvic("left", record(uv), reps, NOISE_UV)
    assert clean.source == DYNAMIC
    assert clean.mvic_uv == pytest.approx(1.06 * NOISE_UV * 10 ** (25 / 20), rel=0.1)
    assert (clean.trials, clean.cv_pct < 15) == (5, True)
    hum_uv = 60 * np.sqrt(2) * np.sin(2 * np.pi * 50 * np.arange(len(uv)) / FS_HZ)
    without = dynamic_mvic("left", record(uv + hum_uv), reps, NOISE_UV, mains_hz=50)
    assert without.mvic_uv == pytest.approx(clean.mvic_uv, rel=0.03)
    uv[round(11 * FS_HZ) : round(11.2 * FS_HZ)] += 5000 * np.tile([1, -1], 200)
    spoiled = dynamic_mvic("left", record(uv), reps, NOISE_UV)
    assert spoiled.mvic_uv == pytest.approx(clean.mvic_uv, rel=0.1)
    uv[round(4 * FS_HZ) :: round(7 * FS_HZ)] = np.nan
    assert dynamic_mvic("left", record(uv), reps, NOISE_UV) is None
