from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym import live_wording, wording
from glutesym.live_state import LiveState, SideLive
from glutesym.measures import Estimate, FatigueTrend, Flaw, SetMeasures, SideMeasure
from glutesym.scale import Unit
from live_states import recording, rep, summary, with_side

nan = math.nan


def test_verdict_names_side_size_and_interval():
    assert wording.verdict_sentence(summary()) == "Left lower by 18 % (95 % CI 12…24)"


def test_interval_follows_the_direction_of_the_sentence():
    right = summary(Estimate(-18.2, -24.1, -12.4), verdict="right lower")
    assert wording.verdict_sentence(right) == "Right lower by 18 % (95 % CI 12…24)"
    late = summary(lag_ms=Estimate(-22.0, -32.0, -12.0))
    assert wording.lag_sentence(late) == "Right starts later by 22 ms (95 % CI 12…32)"


def test_within_noise_shows_the_interval_across_zero():
    noise = summary(Estimate(-3.0, -10.0, 4.0), Estimate(5.0, -3.0, 13.0), verdict="within noise")
    assert wording.verdict_sentence(noise) == "Within noise: right lower by 3 % (95 % CI −4…10)"
    assert wording.lag_sentence(noise) == "Timing within noise: left later by 5 ms (95 % CI −3…13)"


def test_withheld_numbers_give_their_reason():
    withheld = summary(
        Estimate(None, reason="two repetitions are too few"),
        Estimate(None, reason="no left onset"),
        verdict="not measurable",
        activation_uv={"left": Estimate(None, reason="at rest"), "right": Estimate(90.0)},
    )
    assert wording.verdict_sentence(withheld) == "No verdict: two repetitions are too few"
    assert wording.lag_sentence(withheld) == "Timing withheld: no left onset"
    assert wording.activation_sentence("left", withheld) == "Left activation withheld: at rest"
    assert wording.activation_sentence("right", withheld) == "Right mean 90 µV"


def test_not_measurable_never_names_a_side():
    unclear = summary(verdict="not measurable", reason="both sides are near rest")
    assert wording.verdict_sentence(unclear) == "No verdict: both sides are near rest"


@given(st.floats(-200, 200), st.floats(0, 100), st.sampled_from(["left lower", "right lower"]))
def test_verdict_never_contradicts_the_sign(value, half, verdict):
    estimate = Estimate(value, value - half, value + half)
    words = wording.verdict_sentence(summary(estimate, verdict=verdict))
    assert words.startswith("Left lower" if value >= 0 else "Right lower")
    low, high = words.split("CI ")[1].rstrip(")").replace("−", "-").split("…")
    assert float(low) - 0.5 <= abs(value) <= float(high) + 0.5


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (LiveState(), "Waiting for the session to start"),
        (LiveState(phase="scanning"), "Looking for both pods: move them"),
        (
            with_side(LiveState(phase="scanning"), "left", connected=True),
            "Looking for the right pod: move it",
        ),
        (LiveState(phase="connecting"), "Connecting to both pods"),
        (
            with_side(recording(0), "left", samples_received=0),
            "Waiting for the first samples: left pod",
        ),
        (replace(recording(0), movement="still"), "Hold still for five seconds"),
        (replace(recording(0), movement="away"), "Numbers come when the first repetition"),
    ],
)
def test_waiting_says_for_what(state, words):
    assert wording.waiting_sentence(state).startswith(words)


def test_nothing_to_wait_for_while_repetitions_come_or_after_the_end():
    assert wording.waiting_sentence(recording(3)) == ""
    assert wording.waiting_sentence(replace(recording(0), phase="ended")) == ""
    assert wording.waiting_sentence(replace(recording(0), exercise="sync check")) == ""


@pytest.mark.parametrize(
    ("exercise", "words"),
    [
        ("bridge", "3 repetitions until the verdict"),
        ("single-leg bridge", "6 repetitions until the verdict"),
        ("sync check", ""),
        ("sitting", ""),
    ],
)
def test_before_the_first_repetition_all_are_missing_if_any_are_counted(exercise, words):
    assert live_wording.missing_sentence(None, exercise) == words


def test_a_replay_is_not_taken_for_a_recording():
    state = replace(recording(3), session_path="new.glutesym")
    assert wording.phase_text(state) == "● Recording"
    assert wording.file_text(state) == "new.glutesym"
    copied = replace(state, replay_of="old.glutesym")
    assert wording.phase_text(copied) == "▶ Replay"
    assert wording.file_text(copied) == "replay of old.glutesym, into new.glutesym"
    assert wording.file_text(replace(copied, session_path="")) == "replay of old.glutesym"
    assert wording.phase_text(replace(copied, phase="ended")) == "Ended"
    assert wording.file_text(LiveState()) == "no file yet"


def test_alert_is_the_most_urgent_trouble():
    assert wording.alert_text(SideLive(connected=True), "recording") == ""
    off = SideLive(connected=True, lead_off=True, clipping=True)
    assert wording.alert_text(off, "recording") == "Electrode off"
    assert wording.alert_text(replace(off, lead_off=False), "recording") == "Signal clipped"
    assert wording.alert_text(replace(off, connected=False), "recording") == "Reconnecting"
    assert wording.alert_text(off, "ended") == ""


def test_missing_data_are_an_alert_unless_something_else_explains_it():
    missing = SideLive(connected=True, reason="data were missing")
    assert wording.alert_text(missing, "recording") == "Data missing"
    assert wording.alert_text(replace(missing, lead_off=True), "recording") == "Electrode off"
    assert wording.alert_text(replace(missing, activation_uv=9.0), "recording") == ""
    assert wording.alert_text(replace(missing, reason=""), "recording") == ""  # nothing came yet


def test_excluded_repetitions_are_counted_and_explained():
    assert wording.excluded_sentence(summary()) == wording.excluded_sentence(None) == ""
    two = summary(n_reps=12, n_excluded=2, excluded=(("samples lost", 2),))
    assert wording.excluded_sentence(two) == "2 of 12 repetitions excluded: samples lost (2)"
    one = summary(n_reps=1, n_excluded=1, excluded=(("a", 1), ("b", 1)))
    assert wording.excluded_sentence(one) == "1 of 1 repetition excluded: a (1), b (1)"


def test_a_grade_below_the_best_has_its_reason_worst_first():
    good = rep(1)
    assert wording.quality_text(good) == "good"
    lost = Flaw("unusable", "samples lost", "52 ms missing")
    weak = Flaw("fair", "the signal is weak")
    clocks = Flaw("fair", "the clocks' agreement is not known")
    bad = replace(good, flaws=(clocks,), left=SideMeasure(flaws=(weak, lost)))
    assert bad.left.reason == "samples lost (52 ms missing); the signal is weak"
    assert wording.quality_text(bad) == (
        "unusable: left: samples lost (52 ms missing); "
        "the clocks' agreement is not known; left: the signal is weak"
    )
    assert wording.quality_text(replace(good, flaws=(clocks,))).startswith("fair: the clocks")


@pytest.mark.parametrize(
    ("found", "excluded", "words"),
    [(0, 0, "0 reps"), (1, 0, "1 rep"), (12, 2, "12 reps, 2 excluded")],
)
def test_repetitions_that_do_not_count_are_told_with_their_number(found, excluded, words):
    assert wording.count_text(found, excluded) == words


def test_warnings_name_everything_wrong_and_the_reason_of_a_missing_number():
    low = SideLive(connected=True, clipping=True, battery_pct=9.0)
    assert [w.split(":")[0] for w in wording.warning_sentences(low, "recording")] == [
        "Signal clipped",
        "Battery low",
    ]
    silent = SideLive(connected=True, reason="filters are settling")
    assert wording.warning_sentences(silent, "recording") == ["Filters are settling"]


@pytest.mark.parametrize(
    ("received", "lost", "words"),
    [
        (0, 0, "no samples yet"),
        (60_000, 0, "0 samples lost"),
        (60_000, 1_234, "1 234 samples lost (2 %)"),
        (10_000_000, 1, "1 sample lost (<0.01 %)"),
    ],
)
def test_losses_are_counted_and_never_rounded_away(received, lost, words):
    live = SideLive(samples_received=received, samples_lost=lost)
    assert wording.loss_text(live) == words


def test_what_the_pod_still_has_is_not_called_lost():
    live = SideLive(samples_received=60_000, samples_waiting=12_480)
    assert wording.loss_text(live) == "0 samples lost, 12 480 still in the pod"
    both = replace(live, samples_lost=2_500)
    assert wording.loss_text(both) == "2 500 samples lost (3.3 %), 12 480 still in the pod"


@pytest.mark.parametrize(
    ("value_uv", "words"), [(nan, "–"), (None, "–"), (0.0, "0.0"), (9.96, "10"), (98.4, "98")]
)
def test_microvolts(value_uv, words):
    assert wording.uv_text(value_uv) == words


@pytest.mark.parametrize(
    ("time_s", "words"),
    [(-1.0, "00:00"), (59.99, "00:59"), (3599.0, "59:59"), (3723.0, "1:02:03")],
)
def test_session_time(time_s, words):
    assert wording.time_text(time_s) == words


def test_rep_directions_follow_the_signs_of_the_measures():
    assert wording.larger_text(12.0) == "right larger 12 %"
    assert wording.larger_text(-12.0) == "left larger 12 %"
    assert wording.larger_text(0.2) == "equal"
    assert wording.later_text(12.0) == "left later 12 ms"
    assert wording.later_text(-12.0) == "right later 12 ms"
    assert wording.larger_text(None) == wording.later_text(None) == "–"


def test_unknowns_are_said_to_be_unknown():
    assert wording.sync_text(LiveState()) == "sync not known yet"
    assert wording.battery_text(SideLive()) == "battery –"
    assert wording.verdict_sentence(None) == "No repetition yet"


@pytest.mark.parametrize(
    ("phase", "words"),
    [("scanning", "searching"), ("recording", "reconnecting"), ("ended", "disconnected")],
)
def test_a_missing_link_is_named_for_its_phase(phase, words):
    assert wording.connection_text(SideLive(), phase) == words
    assert wording.connection_text(SideLive(connected=True), phase) == "connected"


def trend(value, low, high):
    nothing = Estimate(None)
    return FatigueTrend(Estimate(value, low, high), nothing, nothing)


def withheld_trend(reason):
    return FatigueTrend(*[Estimate(None, reason=reason)] * 3)


def test_fatigue_is_said_only_where_the_interval_says_so():
    sides = {"left": trend(-18, -24, -12), "right": trend(2, -9, 4)}
    tired, fresh = wording.fatigue_sentences(sides)
    assert tired.startswith("Left median frequency −18 % (95 % CI −24…−12)")
    assert tired.endswith("a sign of fatigue")
    assert fresh == "Right median frequency +2 % (95 % CI −9…+4) over the set: no sign of fatigue"
    assert wording.fatigue_sentences({}) == []


def test_withheld_fatigue_has_its_reason():
    noisy, few = (withheld_trend(reason) for reason in ("noise", "spectra of 3 repetitions"))
    assert wording.fatigue_sentences({"left": few, "right": few}) == [
        "Fatigue withheld: spectra of 3 repetitions"
    ]
    assert wording.fatigue_sentences({"left": noisy, "right": few}) == [
        "Fatigue of the left side withheld: noise",
        "Fatigue of the right side withheld: spectra of 3 repetitions",
    ]
    told, withheld = wording.fatigue_sentences({"left": trend(1, 0, 2), "right": noisy})
    assert told.startswith("Left median")
    assert withheld == "Fatigue of the right side withheld: noise"


def test_an_interval_shows_on_which_side_of_nothing_it_ends():
    told = verdict_of(Estimate(25.1, 0.043, 50.06), "left lower")
    assert told == "Left lower by 25 % (95 % CI 0.04…50)"
    told = verdict_of(Estimate(25.1, -0.043, 50.06), "within noise")
    assert told == "Within noise: left lower by 25 % (95 % CI −0.04…50)"


def verdict_of(index, verdict):
    return wording.verdict_sentence(
        replace(summary(), symmetry_index_pct=index, verdict=verdict, reason="")
    )


def test_a_verdict_beside_other_units_names_its_own():
    unit = Unit({"left": 200.0, "right": 250.0})
    of = replace(
        summary(), symmetry_index_pct=Estimate(25.0, 17, 32), verdict="left lower", reason=""
    )
    assert wording.verdict_sentence(of, unit) == "In µV left lower by 25 % (95 % CI 17…32)"
    unusable = Unit(note="Not in % MVIC: the calibration knows no left side")
    assert wording.verdict_sentence(of, unusable) == "Left lower by 25 % (95 % CI 17…32)"
    noise = replace(of, symmetry_index_pct=Estimate(3.0, -2, 8), verdict="within noise")
    assert wording.verdict_sentence(noise, unit).startswith("Within noise: in µV left lower by 3")


def test_hip_rotation_names_the_leg_only_beyond_noise():
    angles = {"left": Estimate(12.0, 10, 14), "right": Estimate(4.0, 2, 6)}
    measures = SetMeasures((), summary(), hip_rotation_deg=angles)
    assert wording.hip_rotation_sentence(SetMeasures((), summary())) == ""
    apart = replace(measures, hip_rotation_difference_deg=Estimate(-8.0, -11, -5))
    assert wording.hip_rotation_sentence(apart) == (
        "Hinged forward the pelvis opens by 12° (95 % CI 10…14) on the left leg and 4° "
        "(95 % CI 2…6) on the right leg: the left leg lets it open more"
    )
    noise = replace(measures, hip_rotation_difference_deg=Estimate(-8.0, -17, 1))
    assert wording.hip_rotation_sentence(noise).endswith("no difference beyond noise")


def test_pelvic_drop_is_said_with_its_interval_or_why_it_is_withheld():
    plain = SetMeasures((), summary())
    assert wording.pelvic_drop_sentence(plain) == ""
    drops = {"left": Estimate(7.0, 6, 8), "right": Estimate(-0.6, -2, 1)}
    apart = replace(
        plain, pelvic_drop_deg=drops, pelvic_drop_difference_deg=Estimate(-7.6, -9, -6)
    )
    assert wording.pelvic_drop_sentence(apart) == (
        "On one leg the free side of the pelvis drops by 7° (95 % CI 6…8) on the left leg and "
        "−1° (95 % CI −2…1) on the right leg: the left leg lets it drop more"
    )
    noise = replace(apart, pelvic_drop_difference_deg=Estimate(-1.0, -3, 1))
    assert wording.pelvic_drop_sentence(noise).endswith("no difference beyond noise")
    lost = Estimate(None, reason="2 usable on the right leg, 3 are needed")
    half = replace(
        apart, pelvic_drop_deg={**drops, "right": lost}, pelvic_drop_difference_deg=lost
    )
    assert wording.pelvic_drop_sentence(half).endswith(
        "on the left leg; no comparison: 2 usable on the right leg, 3 are needed"
    )
    none = replace(half, pelvic_drop_deg={"left": lost, "right": lost})
    assert wording.pelvic_drop_sentence(none) == (
        "Pelvic drop withheld: 2 usable on the right leg, 3 are needed"
    )


def test_swapped_pods_are_said_only_when_they_seem_so():
    measures = SetMeasures((), summary())
    assert wording.swapped_sentence(measures) == ""
    assert wording.swapped_sentence(replace(measures, swapped=False)) == ""
    assert "left is right" in wording.swapped_sentence(replace(measures, swapped=True))
