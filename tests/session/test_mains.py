"""A session that was recorded with a mains frequency is measured without its hum by everything."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from glutesym.cli import app
from glutesym.session.analyze import analyze_session
from glutesym.session.measured import measure_session
from glutesym.session.replay import replay_session
from glutesym.session.review import Review
from glutesym.session.run import RunningSession
from glutesym.session.store import MAINS, open_session
from glutesym.session.tape import load_tape
from glutesym.session.writer import SessionWriter
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.surroundings import VirtualSurroundings

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def humming(tmp_path_factory):
    """Return a session of somebody beside a 60 Hz charger, and what its live view said."""
    path = tmp_path_factory.mktemp("mains") / "hum.glutesym"
    scenario = build_scenario("bridge", seed=2, reps=2, hum_uv=60.0, mains_hz=60.0)
    session = RunningSession(VirtualSurroundings(scenario, 2, None), path, "bridge", mains_hz=60)
    session.start()
    assert session.join(120)
    return path, session.poll()


def test_the_frequency_is_kept_and_taken_by_all_that_measure(humming):
    path, live = humming
    kept = analyze_session(path)
    assert kept.settings.mains_hz == 60
    assert max(kept.measures.resting_uv.values()) < 15
    assert measure_session(path).measures == kept.measures
    assert Review(path).open().analyzed.measures == kept.measures
    for shown, measured in zip(live.reps, kept.measures.reps, strict=True):
        for side in ("left", "right"):
            assert shown.side(side).activation_uv == pytest.approx(
                measured.side(side).activation_uv, rel=1e-3
            )
    assert np.nanmin(live.sides["left"].envelope_uv) < 15  # of 60 µV of hum


def test_another_frequency_or_none_can_be_chosen(humming):
    path, _ = humming
    assert measure_session(path, mains_hz=50).settings.mains_hz == 50
    left_in = measure_session(path, mains_hz=0)
    assert left_in.settings.mains_hz is None
    assert min(left_in.measures.resting_uv.values()) > 40


def test_a_replay_and_its_copy_know_it(humming, tmp_path):
    path, live = humming
    copy = tmp_path / "copy.glutesym"
    session = replay_session(load_tape(path), None, copy)
    session.start()
    assert session.join(120)
    assert session.poll().reps == live.reps
    with open_session(copy) as stored:
        assert [event.text for event in stored.events() if event.kind == MAINS] == ["60 Hz"]


def test_what_was_said_last_holds(humming, tmp_path):
    path, _ = humming
    copy = Path(shutil.copy(path, tmp_path / "on.glutesym"))
    with SessionWriter.resume(copy) as writer:
        writer.add_event(0, MAINS, "not any more")
    assert analyze_session(copy).settings.mains_hz is None


@pytest.mark.parametrize("command", ["analyze", "review", "report"])
def test_every_command_can_leave_it_in(humming, tmp_path, command):
    path, _ = humming
    options = {"review": ["--list"], "report": ["-o", str(tmp_path)]}.get(command, [])

    def run(*mains: str) -> str:
        result = RUNNER.invoke(app, [command, str(path), *options, *mains])
        assert result.exit_code == 0, result.output
        pages = [page.read_text("utf-8") for page in tmp_path.glob("*.html")]
        return result.output + "".join(pages)

    assert run() == run("--mains-hz", "60")
    assert run() != run("--mains-hz", "0")
    assert RUNNER.invoke(app, [command, str(path), "--mains-hz", "55"]).exit_code == 2
