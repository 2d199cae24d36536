"""The quiet baseline: measured when it is asked for, and only from a person who lies still."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from glutesym.analysis.baseline import BASELINE_S, BaselineGuide, measure_baseline
from glutesym.measures import SIDES
from glutesym.recording import Recording
from glutesym.virtual.scenarios.catalog import build_scenario
from scenario_recording import FRONT_END_UV, record


@pytest.fixture(scope="module")
def still():
    """Ten seconds of rest, then bridges."""
    return record(build_scenario("bridge", reps=4, rest_before_s=12.0, hum_uv=0.0))


def until(recording: Recording, end_s: float) -> Recording:
    """Return what had arrived at a time."""
    pods = {}
    for side, pod in recording.pods.items():
        emg = pod.emg
        n = int(np.searchsorted(emg.time_s, end_s))
        short = {
            name: getattr(emg, name)[:n]
            for name in ("time_s", "uv", "index", "lead_off", "clipped")
        }
        pods[side] = replace(pod, emg=replace(emg, **short))
    return replace(recording, pods=pods)


def test_a_still_person_has_a_baseline_of_noise(still):
    found = measure_baseline(still, 2.0, 7.0)
    assert found.complete
    for side in SIDES:
        assert FRONT_END_UV < found.rest_uv[side] < 12
    assert "left" in found.text
    assert "µV at rest" in found.text


def test_who_moves_is_asked_to_lie_still(still):
    found = measure_baseline(still, 13.0, 18.0)
    assert set(found.reasons) == set(SIDES)
    assert "lie still" in found.text


def test_an_electrode_that_is_off_is_the_reason(still):
    off = replace(still.pods["left"].emg, lead_off=np.ones(len(still.pods["left"].emg.uv), bool))
    pods = {**still.pods, "left": replace(still.pods["left"], emg=off)}
    found = measure_baseline(replace(still, pods=pods), 2.0, 7.0)
    assert found.reasons == {"left": "an electrode was off the skin"}
    assert not found.complete


def test_it_is_measured_from_when_it_is_asked_for(still):
    guide = BaselineGuide()
    assert guide.follow(1.0, still) == []
    assert not guide.measuring
    guide.measure()
    assert guide.measuring
    notes = []
    for time_s in np.arange(2.0, 12.0, 0.5):
        notes += guide.follow(time_s, until(still, time_s - 0.2))
        if guide.measuring:
            assert guide.left_s(time_s) == pytest.approx(max(BASELINE_S + 2.0 - time_s, 0.0))
    ((time_s, kind, text),) = notes
    assert (time_s, kind, text) == (2.0, "baseline", guide.result.text)
    assert guide.result.complete
    assert not guide.measuring
    assert not guide.done


def test_what_never_arrives_is_said_in_the_end(still):
    guide = BaselineGuide()
    guide.measure()
    one = until(replace(still, pods={"right": still.pods["right"]}), 11.0)
    for time_s in np.arange(2.0, 20.0, 0.5):
        guide.follow(time_s, one)
    assert "not arrived" in guide.result.reasons["left"]
    assert "right" in guide.result.rest_uv
