"""A day at the desk in a minute: virtual pods on somebody who stands, sits and leans."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from typer.testing import CliRunner

from glutesym.analysis.sitting import SittingSettings
from glutesym.analysis.sitting_guide import SittingGuide, break_tip
from glutesym.cli import app
from glutesym.errors import GlutesymError
from glutesym.measures import Estimate
from glutesym.recording import ImuRecord, Recording
from glutesym.session.sitting_log import HEADINGS, append_sitting, check_sitting_table
from glutesym.virtual.scenarios.catalog import build_scenario
from scenario_recording import record


@pytest.fixture(scope="module")
def watched():
    """Return the scenario, what was told twice a second, and what was seen in all."""
    scenario = build_scenario("sitting", seed=3, seated_s=22.0, up_s=22.0, lean_deg=-6.0)
    recording = record(scenario)
    guide = SittingGuide(SittingSettings(break_after_min=0.3))
    guide.begin(0.0)
    told = []
    for time_s in np.arange(0.5, scenario.duration_s, 0.5):
        guide.follow(time_s, until(recording, time_s))
        told.append(guide.prompt(time_s))
    return scenario, told, guide.finish()


def until(recording, time_s):
    """Return what there is of it until then, at most the last minute."""
    pods = {}
    for side, pod in recording.pods.items():
        imu = pod.imu
        part = slice(*np.searchsorted(imu.time_s, (time_s - 60, time_s)))
        cut = ImuRecord(imu.fs_hz, imu.time_s[part], imu.accel_g[part], imu.gyro_dps[part])
        pods[side] = replace(pod, imu=cut)
    return replace(recording, pods=pods)


def test_bouts_lean_and_breaks_are_those_of_the_truth(watched):
    scenario, _, seen = watched
    true_s = scenario.truth.seated_s
    assert len(seen.bouts) == 2
    for bout, true in zip(seen.bouts, true_s, strict=True):
        assert bout == pytest.approx(true, abs=2.0)
    assert seen.total_s == pytest.approx(44, abs=4)
    assert seen.lean_deg.value == pytest.approx(scenario.truth.lean_deg, abs=1.5)
    assert len(seen.reminders_s) == 2


def test_one_is_told_to_stand_to_bend_and_then_how_one_sits(watched):
    _, told, _ = watched
    words = [prompt.word for prompt in told]
    assert list(dict.fromkeys(words)) == ["stand", "bend", "watch"]
    standing = [prompt.left_s for prompt in told if prompt.word == "stand"]
    assert standing[0] == pytest.approx(6, abs=0.5)
    assert standing[-1] == pytest.approx(0.5)
    due = [prompt for prompt in told if prompt.state and prompt.state.break_due]
    assert due
    assert "You lean to the left" in break_tip(due[-1].state)


def test_the_command_sums_up_and_appends_a_row(tmp_path):
    said = CliRunner().invoke(app, ["sit", "--virtual", "--minutes", "0.25", "-o", str(tmp_path)])
    assert said.exit_code == 0, (said.output, said.exception)
    for words in ("A break is due", "in 2 bouts", "to the right", "sitting_virtual.csv"):
        assert words in " ".join(said.output.split())
    with (tmp_path / "sitting_virtual.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert float(row["sat_min"]) == pytest.approx(40 / 60, abs=0.1)
    assert float(row["lean_to_the_right_deg"]) == pytest.approx(4, abs=1.5)
    assert [path.name for path in tmp_path.iterdir()] == ["sitting_virtual.csv"]


def test_rows_are_added_and_other_tables_are_left_alone(watched, tmp_path):
    _, _, seen = watched
    started = datetime(2026, 5, 4, 9).astimezone()
    for _ in range(2):
        path = append_sitting(tmp_path, "S07", started, 30.0, seen)
    lines = path.read_text().splitlines()
    assert lines[0].split(",") == list(HEADINGS)
    assert len(lines) == 3
    assert lines[1] == lines[2]
    assert append_sitting(tmp_path, "", started, 30.0, seen).name == "sitting.csv"
    path.write_text("mine,not yours\n")
    with pytest.raises(GlutesymError, match="headings are other ones"):
        append_sitting(tmp_path, "S07", started, 30.0, seen)
    assert path.read_text() == "mine,not yours\n"
    with pytest.raises(GlutesymError, match="cannot be written"):
        append_sitting(path, "S07", started, 30.0, seen)


def test_where_nothing_can_be_written_is_told_before_anybody_sits(tmp_path):
    check_sitting_table(tmp_path / "new", "S07")
    assert list((tmp_path / "new").iterdir()) == []
    other = tmp_path / "sitting.csv"
    other.write_text("mine,not yours\n")
    said = CliRunner().invoke(app, ["sit", "--virtual", "-o", str(other)])
    assert said.exit_code == 2
    assert "is a file" in said.output
    with pytest.raises(GlutesymError, match="cannot be written"):
        check_sitting_table(other / "below", "S07")
    with pytest.raises(GlutesymError, match="headings are other ones"):
        check_sitting_table(tmp_path, "")
    assert other.read_text() == "mine,not yours\n"


def test_who_moves_is_asked_to_stand_again():
    guide = SittingGuide()
    guide.begin(1.0)
    for time_s in (2.0, 8.0, 17.0):
        guide.follow(time_s, Recording({}, time_s))
    prompt = guide.prompt(17.0)
    assert (prompt.word, prompt.left_s) == ("stand", 6.0)
    assert "Once more" in prompt.problem
    assert guide.finish() is None


def test_a_lean_that_is_not_known_is_not_told(watched):
    _, _, seen = watched
    assert "lean" not in break_tip(replace(seen, lean_deg=Estimate(None, reason="x")))


def test_without_pods_one_is_told_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("GLUTESYM_KEYS", str(tmp_path / "none.json"))
    said = CliRunner().invoke(app, ["sit", "-o", str(tmp_path)])
    assert isinstance(said.exception, GlutesymError)
    assert "owns no left and no right pod" in str(said.exception)
    assert CliRunner().invoke(app, ["sit", "--minutes", "0"]).exit_code == 2
