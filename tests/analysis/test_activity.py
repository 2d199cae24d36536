"""Repetitions by muscle activity are those that motion finds, and each says how it was found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from glutesym.analysis.activity import active_spans
from glutesym.analysis.quality import BY_ACTIVITY
from glutesym.exercises import NO_EXERCISE
from glutesym.pipeline import measure_set
from glutesym.recording import Recording, join_imu
from glutesym.virtual.scenarios.catalog import build_scenario
from scenario_recording import record

SCENARIOS = [
    "bridge", "hip-thrust", "squat", "single-leg-deadlift", "deadlift", "split-squat", "step-up",
    "single-leg-bridge", "prone-hip-extension", "isometric-hold", "real-lag", "real-gait",
]  # fmt: skip


def without_motion(recording: Recording) -> Recording:
    pods = {side: replace(pod, imu=join_imu([], 208.0)) for side, pod in recording.pods.items()}
    return replace(recording, pods=pods)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_it_finds_what_motion_finds(scenario: str) -> None:
    recording = record(build_scenario(scenario, seed=2))
    if recording.exercise in NO_EXERCISE:  # that its sides are not judged does not matter here
        recording = replace(recording, exercise="gait")
    by_motion = measure_set(recording)
    still = without_motion(recording)
    spans = active_spans(still)
    assert len(spans) == len(by_motion.reps)
    for span, rep in zip(spans, by_motion.reps, strict=True):
        common_s = min(span.end_s, rep.end_s) - max(span.start_s, rep.start_s)
        assert common_s > 0.5 * min(span.end_s - span.start_s, rep.end_s - rep.start_s)
    by_activity = measure_set(still, movements=spans)
    index, other = (m.summary.symmetry_index_pct for m in (by_motion, by_activity))
    assert by_activity.summary.verdict == by_motion.summary.verdict
    assert index.value is not None
    assert other.value is not None
    assert other.value == pytest.approx(index.value, abs=1.0)


def test_each_says_that_it_was_found_so() -> None:
    recording = without_motion(record(build_scenario("bridge", seed=3, reps=4)))
    measures = measure_set(recording, movements=active_spans(recording))
    assert len(measures.reps) == 4
    for rep in measures.reps:
        assert BY_ACTIVITY in rep.flaws
        assert rep.quality == "fair"
        assert "no motion was recorded" in rep.reason


def test_rest_has_none() -> None:
    assert active_spans(record(build_scenario("rest", seed=2))) == []


def test_one_side_is_enough() -> None:
    recording = record(build_scenario("bridge", seed=3, reps=4))
    for side, pod in recording.pods.items():
        assert len(active_spans(replace(recording, pods={side: pod}))) == 4


def test_what_is_missing_is_not_active() -> None:
    recording = record(build_scenario("bridge", seed=3, reps=4))
    pods = dict(recording.pods)
    for side, pod in pods.items():
        uv = pod.emg.uv.copy()
        uv[: len(uv) // 2] = np.nan
        pods[side] = replace(pod, emg=replace(pod.emg, uv=uv))
    spans = active_spans(replace(recording, pods=pods))
    assert 1 <= len(spans) <= 3
    assert all(span.end_s > recording.duration_s / 2 for span in spans)


def test_where_a_channel_has_ended_it_is_not_active() -> None:
    recording = record(build_scenario("bridge", seed=3, reps=6))
    spans = active_spans(recording)
    assert len(spans) == 6
    middle_s = 0.5 * (spans[1].start_s + spans[1].end_s)
    cut = replace(recording.pods["left"], emg=recording.pods["left"].emg.between(0, middle_s))
    assert len(active_spans(replace(recording, pods={**recording.pods, "left": cut}))) == 6


def test_nothing_is_found_in_nothing() -> None:
    assert active_spans(Recording({}, 0.0)) == []
