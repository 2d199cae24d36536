"""The examples of docs/python.md run as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import glutesym

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


def run(name, *arguments):
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / name, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    return glutesym.record(virtual="bridge", seed=32, folder=folder)


def test_read_session(session):
    code, text = run("read_session.py", session.path)
    assert code == 0, text
    assert session.sentence in text
    assert "0 lost" in text


def test_another_detector_beside_ours(session):
    code, text = run("other_detector.py", session.path)
    assert code == 0, text
    assert len([line for line in text.splitlines() if " | " in line]) == len(session.reps) + 1
    assert "\nSet: " in text
    assert session.sentence in text
    assert text.splitlines()[-1].startswith("A threshold misses onsets")


def test_read_session_says_what_is_wrong(tmp_path):
    code, text = run("read_session.py", tmp_path / "no.glutesym")
    assert code == 1
    assert text.startswith("Error: ")
    code, text = run("read_session.py")
    assert code == 1
    assert "SESSION" in text


@pytest.mark.parametrize("name", ["record_set.py", "stream_async.py"])
def test_recording(name, tmp_path):
    code, text = run(name, "--virtual", "bridge", "--seconds", "20", "--folder", tmp_path)
    assert code == 0, text
    (path,) = tmp_path.glob("*.glutesym")
    assert glutesym.load(path).sentence in text


def test_a_link_that_loses_frames_costs_no_samples(tmp_path):
    code, text = run("lossy_link.py", "--share", "0.2", "--reps", "4", "--folder", tmp_path)
    assert code == 0, text
    lost, of_all = map(int, re.search(r"Lost on the way: (\d+) of (\d+) frames", text).groups())
    assert 0.15 < lost / of_all < 0.25
    assert text.count(" samples, 0 missing") == 2
    assert glutesym.load(tmp_path / "lossy.glutesym").sentence in text


def test_own_arrays():
    code, text = run("own_arrays.py")
    assert code == 0, text
    assert "10 repetitions: left lower" in text
    assert "Timing: left later, +" in text
    assert text.count("(95 % CI ") == 3
    assert "Estimate(" not in text


def test_walkthrough():
    code, text = run("walkthrough.py")
    assert code == 0, text
    assert "lower by" in text
    assert "left lower: +" in text
    assert "Estimate(" not in text
    assert "reps.csv" in text


def test_every_example_is_in_the_docs_and_run_here():
    page = (EXAMPLES.parent / "python.md").read_text("utf-8")
    for path in EXAMPLES.glob("*.py"):
        assert f"examples/{path.name}" in page
        assert f'"{path.name}"' in Path(__file__).read_text("utf-8")
