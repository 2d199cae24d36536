from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from scipy import signal

from glutesym.analysis.fatigue import set_fatigue
from glutesym.analysis.mounting import SWAPPED
from glutesym.dsp.bandpass import bandpass_zero_phase
from glutesym.edits import Add, Edit, Span
from glutesym.exercises import BENCH, MVIC, SITTING, SYNC_CHECK, TWO_MUSCLES
from glutesym.measures import SIDES
from glutesym.pipeline import RING_S, LiveEnvelope, RepMeter, Settings, measure_set
from glutesym.recording import EmgRecord, ImuRecord, PodRecord, Recording
from glutesym.virtual.scenarios.catalog import build_scenario
from scenario_recording import record

SCENARIO = build_scenario("bridge", seed=31, reps=18)
RECORDING = record(SCENARIO)
TRUTH = SCENARIO.truth
MEASURED = measure_set(RECORDING)


def cut(item, start_s, end_s):
    """Return the part of an EMG or IMU record within a stretch of time, as a copy."""
    inside = slice(*np.searchsorted(item.time_s, (start_s, end_s)))
    arrays = {k: v[inside].copy() for k, v in vars(item).items() if isinstance(v, np.ndarray)}
    return replace(item, **arrays)


def window(start_s, end_s, sides=SIDES):
    """Return the recording as it is seen at a moment: its last seconds."""
    pods = {}
    for side in sides:
        pod = RECORDING.pods[side]
        emg, imu = (cut(what, start_s, end_s) for what in (pod.emg, pod.imu))
        pods[side] = replace(pod, emg=emg, imu=imu)
    return replace(RECORDING, pods=pods)


def changed(side, **emg_changes):
    """Return the recording with a side's EMG arrays changed by functions of (values, time_s)."""
    pod = RECORDING.pods[side]
    arrays = {k: f(getattr(pod.emg, k), pod.emg.time_s) for k, f in emg_changes.items()}
    return replace(
        RECORDING, pods={**RECORDING.pods, side: replace(pod, emg=replace(pod.emg, **arrays))}
    )


def during(rep, value):
    """Return a function that sets 20 ms in the middle of a repetition to ``value``."""
    middle_s = (TRUTH.reps[rep].start_s + TRUTH.reps[rep].end_s) / 2
    return lambda values, time_s: np.where(np.abs(time_s - middle_s) < 0.01, value, values)


def test_a_set_is_measured_close_to_the_truth():
    assert len(MEASURED.reps) == 18
    summary = MEASURED.summary
    assert summary.symmetry_index_pct.value == pytest.approx(TRUTH.symmetry_index_pct, abs=2)
    assert summary.lag_ms.value == pytest.approx(TRUTH.lag_ms, abs=10)
    assert summary.lag_ms.ci_low < TRUTH.lag_ms < summary.lag_ms.ci_high
    assert summary.verdict == "left lower"
    for rep, true in zip(MEASURED.reps, TRUTH.reps, strict=True):
        for side in SIDES:
            measure = rep.side(side)
            assert measure.onset_s == pytest.approx(true.onset_s[side], abs=0.04)
            assert measure.offset_s == pytest.approx(true.offset_s[side], abs=0.12)
            assert measure.activation_uv == pytest.approx(true.activation_uv[side], rel=0.06)
            assert measure.peak_uv > measure.activation_uv
    assert set(MEASURED.resting_uv) == set(SIDES)


def test_what_the_ring_shows_live_is_exactly_what_the_recording_gives():
    meter, live = RepMeter(), []
    for now_s in np.arange(0.5, SCENARIO.duration_s + 1, 0.5):
        new = meter.process(window(now_s - RING_S, now_s))
        assert all(now_s - rep.end_s < 2.5 for rep in new)
        live += new
    assert SCENARIO.duration_s > RING_S + 5  # the ring did forget
    live += meter.finish(window(SCENARIO.duration_s - RING_S, SCENARIO.duration_s + 1))
    assert tuple(live) == MEASURED.reps


def test_swapped_pods_are_said_from_the_third_repetition_on():
    assert MEASURED.swapped is False
    left, right = (RECORDING.pods[side] for side in SIDES)
    pods = {"left": replace(left, imu=right.imu), "right": replace(right, imu=left.imu)}
    swapped = measure_set(replace(RECORDING, pods=pods))
    assert swapped.swapped
    assert [SWAPPED in rep.flaws for rep in swapped.reps] == [False] * 2 + [True] * 16
    assert "on each other's side" in swapped.reps[2].reason
    assert swapped.summary.symmetry_index_pct == MEASURED.summary.symmetry_index_pct


def live_window(now_s, hidden=()):
    """Return both sides' windows at a moment; what is hidden is (side, from, to) in seconds."""
    seen = window(now_s - RING_S, now_s)
    for side, start_s, end_s in hidden:
        emg, imu = seen.pods[side].emg, seen.pods[side].imu
        for values, time_s in (
            (emg.uv, emg.time_s),
            (imu.accel_g, imu.time_s),
            (imu.gyro_dps, imu.time_s),
        ):
            values[(time_s >= start_s) & (time_s < end_s)] = np.nan
    return seen


@pytest.mark.parametrize("kind", ["hole", "silence"])
@pytest.mark.parametrize("sides", [("left",), ("right",), SIDES])
def test_samples_that_come_late_are_waited_for_and_give_the_same_numbers(kind, sides):
    """Between 20 and 29 s nothing comes, at 36 s it is all there."""
    meter, live = RepMeter(), []
    for now_s in np.arange(0.5, SCENARIO.duration_s + 1, 0.5):
        end_s = 29 if kind == "hole" else now_s + 1
        hidden = [(side, 20, end_s) for side in sides] if 20 < now_s < 36 else []
        seen = live_window(now_s, hidden)
        if kind == "silence" and hidden:
            for side in sides:
                pod = seen.pods[side]
                seen.pods[side] = replace(pod, emg=cut(pod.emg, 0, 20), imu=cut(pod.imu, 0, 20))
        live += meter.process(seen, sides if hidden and kind == "hole" else ())
        if 20 < now_s < 36:
            assert all(rep.end_s < 20.5 for rep in live)
    live += meter.finish(live_window(SCENARIO.duration_s + 1))
    assert tuple(live) == MEASURED.reps


def test_samples_that_never_come_are_given_up_with_the_reason():
    true = TRUTH.reps[4]
    hidden = [("left", true.start_s + 0.5, true.start_s + 0.6)]
    meter, live, seen_s = RepMeter(), [], {}
    for now_s in np.arange(0.5, SCENARIO.duration_s + 1, 0.5):
        new = meter.process(live_window(now_s, hidden), ("left",))
        seen_s |= {rep.number: now_s for rep in new}
        live += new
    assert live[4].left.reason == "samples lost (100 ms missing)"
    assert 18 < seen_s[5] - true.start_s < 23
    assert all(rep.lag_ms is not None for rep in live[6:])
    assert seen_s[live[-1].number] - live[-1].end_s < 2.5  # nothing lags behind for ever


def test_a_gap_that_is_not_waited_for_is_judged_at_once():
    true = TRUTH.reps[4]
    hidden = [("left", true.start_s + 0.5, true.start_s + 0.6)]
    meter, seen_s = RepMeter(), {}
    for now_s in np.arange(0.5, true.end_s + 4, 0.5):
        seen_s |= {rep.number: now_s for rep in meter.process(live_window(now_s, hidden))}
    assert seen_s[5] - true.end_s < 2.5


def slower(pod):
    """Return what a front end of half the rate would have recorded: its filter ends at 262 Hz."""
    low = signal.butter(2, 0.262 * 1000, fs=2000, output="sos")
    emg = pod.emg
    arrays = {name: getattr(emg, name)[::2] for name in ("time_s", "lead_off", "clipped")}
    arrays["index"] = np.arange(len(arrays["time_s"]))
    uv = signal.sosfiltfilt(low, emg.uv)[::2]
    return replace(pod, emg=replace(emg, fs_hz=emg.fs_hz / 2, uv=uv, **arrays))


def test_1000_samples_a_second_suffice():
    pods = {side: slower(pod) for side, pod in RECORDING.pods.items()}
    measured = measure_set(replace(RECORDING, pods=pods))
    assert len(measured.reps) == 18
    assert measured.summary.symmetry_index_pct.value == pytest.approx(
        TRUTH.symmetry_index_pct, abs=2
    )
    assert measured.summary.lag_ms.value == pytest.approx(TRUTH.lag_ms, abs=10)
    assert measured.summary.verdict == "left lower"
    live = LiveEnvelope(1000).process(pods["left"].emg.uv)
    assert np.isfinite(live[1000:]).all()


@pytest.mark.parametrize(
    ("what", "value", "reason"),
    [
        ("uv", np.nan, "samples lost (20 ms missing)"),
        ("lead_off", True, "an electrode was off the skin (for 20 ms)"),
        ("clipped", True, "the front end was at its rail (for 20 ms)"),
    ],
)
def test_a_side_that_cannot_be_trusted_withholds_that_repetition_with_the_reason(
    what, value, reason
):
    measured = measure_set(changed("left", **{what: during(4, value)}))
    bad = measured.reps[4]
    assert bad.left.activation_uv is None
    assert bad.left.onset_s is None
    assert bad.symmetry_index_pct is None
    assert bad.lag_ms is None
    assert bad.left.reason == reason
    assert bad.reason == f"left: {reason}"
    assert (bad.left.quality, bad.right.quality, bad.quality) == ("unusable", "good", "unusable")
    assert bad.excluded
    assert bad.right.activation_uv == pytest.approx(MEASURED.reps[4].right.activation_uv, rel=0.02)
    assert all(rep.lag_ms is not None for i, rep in enumerate(measured.reps) if i != 4)
    assert not any(rep.excluded for i, rep in enumerate(measured.reps) if i != 4)
    summary = measured.summary
    assert summary.verdict == "left lower"
    assert (summary.n_reps, summary.n_used, summary.n_excluded) == (18, 17, 1)
    assert summary.excluded == ((reason.split(" (")[0], 1),)


def test_samples_left_out_instead_of_marked_are_noticed_too():
    pod = RECORDING.pods["left"]
    middle_s = (TRUTH.reps[4].start_s + TRUTH.reps[4].end_s) / 2
    keep = np.abs(pod.emg.time_s - middle_s) > 0.01
    arrays = {k: v[keep] for k, v in vars(pod.emg).items() if isinstance(v, np.ndarray)}
    pods = {**RECORDING.pods, "left": replace(pod, emg=replace(pod.emg, **arrays))}
    assert (
        "samples lost (20 ms missing)"
        in measure_set(replace(RECORDING, pods=pods)).reps[4].left.reason
    )


def test_a_muscle_that_does_not_take_part_is_fully_asymmetric_not_unknown():
    rng = np.random.default_rng(1)
    silent = changed("left", uv=lambda uv, _: 8000 + 6 * rng.standard_normal(len(uv)))
    measured = measure_set(silent)
    assert measured.summary.symmetry_index_pct.value > 150
    assert measured.summary.verdict == "left lower"
    assert measured.summary.lag_ms.value is None
    assert any(word in measured.reps[0].left.reason for word in ("no contraction", "dB"))


def test_two_sides_at_rest_are_not_measurable():
    rng = np.random.default_rng(2)
    quiet = RECORDING
    for side in SIDES:
        pod = quiet.pods[side]
        emg = replace(pod.emg, uv=6 * rng.standard_normal(len(pod.emg.uv)))
        quiet = replace(quiet, pods={**quiet.pods, side: replace(pod, emg=emg)})
    summary = measure_set(quiet).summary
    assert summary.verdict == "not measurable"
    assert summary.symmetry_index_pct.value is None
    assert "resting level" in summary.reason


def test_onsets_below_8_db_are_not_reported():
    weak = record(build_scenario("bridge", seed=32, reps=4, snr_left_db=4.0))
    for rep in measure_set(weak).reps:
        assert rep.left.onset_s is None
        assert "8 dB are needed" in rep.left.reason
        assert rep.left.activation_uv is not None
        assert rep.right.onset_s is not None


def test_one_side_alone_is_measured_without_a_comparison():
    measured = measure_set(record(SCENARIO, sides=("right",)))
    assert len(measured.reps) == 18
    assert all(rep.right.onset_s is not None for rep in measured.reps)
    assert all(rep.left.reason == "no pod on this side" for rep in measured.reps)
    assert measured.summary.verdict == "not measurable"
    assert measured.summary.reason == "only the right side was recorded"


def test_rest_is_a_set_without_repetitions_but_with_a_resting_level():
    measured = measure_set(record(build_scenario("counter", seed=1)))
    assert measured.reps == ()
    assert measured.summary.verdict == "not measurable"
    assert all(3 < level < 30 for level in measured.resting_uv.values())


@pytest.mark.parametrize("name", [SITTING, SYNC_CHECK, MVIC, BENCH])
def test_in_what_is_no_exercise_nothing_is_counted_but_what_a_reviewer_adds(name):
    named = replace(RECORDING, exercise=name)
    assert measure_set(named).reps == ()
    assert RepMeter().process(named) == []
    rep = TRUTH.reps[1]
    added = Edit(datetime.now(UTC), "somebody", Add(Span(rep.start_s, rep.end_s)))
    (kept,) = measure_set(named, edits=[added]).reps
    assert kept.start_s == pytest.approx(rep.start_s)
    assert measure_set(replace(RECORDING, exercise=TWO_MUSCLES)).reps


def empty_pod(side):
    nothing = np.empty(0)
    flags = np.empty(0, bool)
    return PodRecord(
        side,
        EmgRecord(2000.0, nothing, nothing, np.empty(0, np.int64), flags, flags),
        ImuRecord(208.0, nothing, np.empty((0, 3)), np.empty((0, 3))),
    )


@pytest.mark.parametrize(
    "recording",
    [
        Recording({}, 0.0),
        Recording({side: empty_pod(side) for side in SIDES}, 0.0),
        Recording({"left": RECORDING.pods["left"], "right": empty_pod("right")}, 60.0),
        changed("left", uv=lambda uv, _: np.full_like(uv, np.nan)),
    ],
)
def test_nothing_to_measure_is_an_answer_not_an_error(recording):
    measured = measure_set(recording)
    assert measured.summary.verdict == "not measurable"
    assert measured.summary.reason


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="one length"):
        measure_set(changed("left", clipped=lambda flags, _: flags[:-1]))


def test_a_recording_cut_within_a_repetition_does_not_measure_it():
    end_s = TRUTH.reps[5].end_s - 0.6
    pods = {}
    for side, pod in RECORDING.pods.items():
        pods[side] = replace(pod, emg=cut(pod.emg, 0, end_s))
    reps = measure_set(replace(RECORDING, pods=pods)).reps
    assert "does not cover" in reps[5].left.reason
    assert reps[4].lag_ms is not None


def test_a_causal_notch_keeps_the_answer_under_strong_hum():
    scenario = build_scenario("bridge", seed=33, reps=6, hum_uv=90.0)
    recording = record(scenario)
    measured = measure_set(recording, Settings(mains_hz=50))
    assert measured.summary.symmetry_index_pct.value == pytest.approx(
        scenario.truth.symmetry_index_pct, abs=5
    )
    assert measured.summary.lag_ms.value == pytest.approx(scenario.truth.lag_ms, abs=20)
    assert max(measured.resting_uv.values()) < 12
    assert "hum" not in " ".join(rep.reason for rep in measured.reps)
    for side in SIDES:
        tired = set_fatigue(recording, measured.reps, mains_hz=50).reps[side]
        assert not any(rep.reason for rep in tired)


def test_a_lag_of_any_size_is_what_the_onsets_say():
    late = changed("left")
    emg = late.pods["left"].emg
    pod = replace(late.pods["left"], emg=replace(emg, time_s=emg.time_s + 0.6))
    measured = measure_set(replace(late, pods={**late.pods, "left": pod}))
    told = [rep for rep in measured.reps if rep.lag_ms is not None]
    assert len(told) > 12
    for rep in told:
        apart_ms = 1000 * (rep.left.onset_s - rep.right.onset_s)
        assert rep.lag_ms == pytest.approx(apart_ms, abs=15)
    assert np.median([rep.lag_ms for rep in told]) == pytest.approx(TRUTH.lag_ms + 600, abs=15)


def test_live_envelope_reads_the_burst_and_not_the_electrode_offset():
    emg = RECORDING.pods["right"].emg
    envelope = LiveEnvelope(emg.fs_hz)
    blocks = [envelope.process(block) for block in np.array_split(emg.uv, 200)]
    live = np.concatenate(blocks)
    band = bandpass_zero_phase(emg.uv, emg.fs_hz)
    true = TRUTH.reps[3]
    active = (emg.time_s > true.onset_s["right"] + 0.4) & (
        emg.time_s < true.offset_s["right"] - 0.4
    )
    assert np.median(live[active]) == pytest.approx(np.sqrt(np.mean(band[active] ** 2)), rel=0.2)
    assert np.nanmin(live) < 20


def test_the_drop_of_the_pelvis_in_stance_on_one_leg_is_measured_and_the_bows_are_not_counted():
    scenario = build_scenario("single-leg-stance", seed=5)
    measures = measure_set(record(scenario))
    assert [rep.working for rep in measures.reps] == [rep.working for rep in scenario.truth.reps]
    for leg, true_deg in scenario.truth.pelvic_drop_deg.items():
        drop = measures.pelvic_drop_deg[leg]
        assert drop.value == pytest.approx(true_deg, abs=0.6)
        assert drop.ci_low < true_deg < drop.ci_high
    assert measures.pelvic_drop_difference_deg.ci_high < 0
    assert not measures.hip_rotation_deg
    assert measures.swapped is None  # lifting a knee tips the pelvis backward: nothing is told
