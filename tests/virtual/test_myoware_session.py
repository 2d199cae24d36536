"""Sessions of pods with a MyoWare: the same answer, and what is wrong is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from glutesym import wire
from glutesym.measures import SIDES
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.truth_check import check_truth
from glutesym.virtual.virtual_pod import random_hardware
from virtual_session import equal_hardware, record


@pytest.mark.parametrize("rate_sps", [1000, 2000])
def test_a_set_is_measured_right(tmp_path, rate_sps):
    scenario = build_scenario("bridge", seed=5, reps=6)
    hardware = {
        side: replace(one, emg_front_end="myoware", settings={"rate_sps": rate_sps})
        for side, one in random_hardware(5).items()
    }
    recorded = record(tmp_path, scenario, seed=5, hardware=hardware)
    check = check_truth(recorded.session, scenario)
    assert check.reps_matched == check.reps_measured == check.reps_true == 6
    assert abs(check.symmetry_index_error_pct) < 5
    assert abs(check.lag_error_ms) < 10
    assert set(check.samples_lost.values()) == {0}
    for side in SIDES:
        pod = recorded.session.recording.pods[side]
        assert pod.info["emg"] == {
            "chip": "MyoWare 2.0", "rate_sps": rate_sps, "gain": 200, "ok": True,
        }  # fmt: skip
        assert pod.emg.fs_hz == pytest.approx(rate_sps, rel=2e-4)  # it has the pod's crystal
        for name in ("heap_faults", "task_errors", "emg_overrun", "emg_misread", "error"):
            assert recorded.status(side, name) == 0, name
    assert recorded.consoles == {"left": "", "right": ""}


def test_a_myoware_without_power_is_reported(tmp_path):
    hardware = equal_hardware(emg_front_end="myoware", faults={"emg_dead": 1})
    recorded = record(tmp_path, build_scenario("bridge", seed=5, reps=1), 5, hardware)
    for side in SIDES:
        assert recorded.status(side, "error") == wire.ERROR_EMG_CHIP
        assert recorded.session.recording.pods[side].emg.clipped.all()
