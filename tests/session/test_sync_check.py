"""The audit of the clocks, end to end: virtual pods in one hand, and the file that keeps it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from glutesym.cli import app
from glutesym.measures import SIDES
from glutesym.recording import NO_SYNC, SyncUncertainty
from glutesym.session.analyze import analyze_session
from glutesym.session.store import open_session
from glutesym.session.sync_check import KIND, check_sync, keep_sync_check, kept_sync_check
from glutesym.virtual.scenarios.catalog import build_scenario
from scenario_recording import record


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """Return what the command says of virtual pods, and its session file."""
    folder = tmp_path_factory.mktemp("shaken")
    said = CliRunner().invoke(
        app, ["sync-check", "--virtual", "--duration", "15", "-o", str(folder), "--seed", "6"]
    )
    (path,) = folder.glob("*.glutesym")
    return said, path


def test_virtual_pods_in_one_hand_agree_and_the_session_keeps_it(checked):
    said, path = checked
    assert said.exit_code == 0, said.output
    assert "The clocks agree" in said.output
    with open_session(path) as session:
        ((_, result),) = session.results(KIND)
        assert kept_sync_check(session).items() > result.items()
    assert analyze_session(path).sync_check["sentence"] == result["sentence"]
    assert result["agrees"] is True
    assert abs(result["offset_ms"]) < 1.5
    assert result["offset_half_width_ms"] < 0.2
    assert result["correlation"] > 0.99


def test_a_recorded_session_is_checked_again(checked):
    _, path = checked
    again = CliRunner().invoke(app, ["sync-check", str(path)])
    assert again.exit_code == 0
    said = CliRunner().invoke(app, ["analyze", str(path)])
    assert "Sync check: The clocks agree" in said.output
    assert CliRunner().invoke(app, ["export", str(path)]).exit_code == 0
    (about,) = path.parent.rglob("about.json")
    assert json.loads(about.read_text())["session"]["sync_check"]["agrees"] is True
    with open_session(path) as session:
        first, *_, last = session.results(KIND)
    assert first[1] == last[1]


def test_clocks_that_are_apart_are_found_out(checked):
    recording = analyze_session(checked[1]).recording
    left = recording.pods["left"]
    moved = replace(left, imu=replace(left.imu, time_s=left.imu.time_s + 0.02))
    before = check_sync(recording)
    check = check_sync(replace(recording, pods={**recording.pods, "left": moved}))
    assert check.motion.offset_ms == pytest.approx(before.motion.offset_ms + 20, abs=0.1)
    assert check.agrees is False
    assert "do not agree" in check.sentence


def test_what_cannot_be_said_is_not_said(checked):
    recording = analyze_session(checked[1]).recording
    unknown = check_sync(replace(recording, sync=NO_SYNC))
    assert unknown.agrees is None
    assert "do not state" in unknown.sentence
    one = check_sync(replace(recording, pods={"left": recording.pods["left"]}))
    assert "no right pod" in one.sentence
    wild = {
        side: replace(pod, imu=replace(pod.imu, gyro_dps=10 * pod.imu.gyro_dps))
        for side, pod in recording.pods.items()
    }
    assert "gyroscope" in check_sync(replace(recording, pods=wild)).sentence


def test_a_body_is_no_rigid_pair(checked):
    recording = record(build_scenario("bridge", seed=3, reps=8))
    said = check_sync(recording)
    assert said.agrees is None
    assert "exercise: bridge" in said.sentence
    unnamed = check_sync(replace(recording, exercise="something"))
    assert unnamed.agrees is None
    assert "°/s only" in unnamed.sentence
    path = checked[1].with_name("copy.glutesym")
    shutil.copyfile(checked[1], path)
    keep_sync_check(path, said)
    with open_session(path) as session:
        assert kept_sync_check(session) is None


def test_the_uncertainty_that_counts_is_the_one_at_the_time(checked):
    recording = analyze_session(checked[1]).recording
    ends = np.array([0.0, 100.0])
    sync = SyncUncertainty(ends, np.array([5.0, 5.0]))
    assert check_sync(replace(recording, sync=sync)).stated_ms == 5.0
    assert set(recording.pods) == set(SIDES)
