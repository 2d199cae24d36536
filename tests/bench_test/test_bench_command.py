"""`glutesym bench`, from virtual pods to the protocol that a builder keeps."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from glutesym.bench.judge import judge
from glutesym.bench.line import Verdict
from glutesym.bench.plan import Setup, choose_steps
from glutesym.bench.reading import read_bench
from glutesym.cli import app
from glutesym.session.run import RunningSession
from glutesym.virtual.bench_faults import FAULTS, faulty_bench

RUNNER = CliRunner(env={"COLUMNS": "160"})
SETUP = Setup(generator_ppm=60.0)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Return what the command says of a pod, and its session file."""
    folder = tmp_path_factory.mktemp("bench") / "my bench"
    said = RUNNER.invoke(
        app,
        ["bench", "--virtual", "--seed", "11", "-o", str(folder), "--generator-ppm", "60"],
    )
    (path,) = folder.glob("*.glutesym")
    return said, path


def test_a_pod_without_faults_passes_and_its_protocol_is_kept(done):
    said, path = done
    assert said.exit_code == 0, said.output
    protocol = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert protocol["passed"] is True
    assert protocol["setup"]["generator_ppm"] == 60
    (pod,) = protocol["pods"]
    assert pod["side"] == "left"
    rows = [line["verdict"] for line in pod["lines"]]
    told = f"Of {len(rows)} lines {rows.count('pass')} passed, 1 is a note."
    assert told in said.output  # as many as the table has rows
    assert pod["firmware"]
    assert pod["id"]
    lines = {line["name"]: line for line in pod["lines"]}
    for name in ("Gain, generator", "Hum rejection", "Noise, inputs shorted", "Sample rate"):
        line = lines[name]
        assert line["verdict"] == "pass"
        assert isinstance(line["measured"], float)
        assert line["limits_from"]
    assert lines["Electrode REF off"]["verdict"] == "note"
    text = path.with_suffix(".txt").read_text(encoding="utf-8")
    assert pod["id"] in text
    for name in lines:
        assert name in text


def test_it_is_measured_again_from_its_file_with_the_same_result(done):
    _, path = done
    before = path.with_suffix(".json").read_bytes()
    again = RUNNER.invoke(app, ["bench", str(path)])
    assert again.exit_code == 0, again.output
    assert path.with_suffix(".json").read_bytes() == before


def test_what_was_not_recorded_is_not_told(done):
    session = read_bench(done[1])
    names = {line.name for line in judge(session).lines}
    assert "Linearity" not in names
    assert "Response at 20 Hz" not in names
    assert "Accelerometer scale" not in names


def test_both_pods_hear_one_generator(tmp_path):
    said = RUNNER.invoke(app, ["bench", "--virtual", "--both", "--seed", "4", "-o", str(tmp_path)])
    assert said.exit_code == 0, said.output
    (path,) = tmp_path.glob("*.json")
    protocol = json.loads(path.read_text(encoding="utf-8"))
    assert [pod["side"] for pod in protocol["pods"]] == ["left", "right", None]
    (lag,) = protocol["pods"][2]["lines"]
    assert abs(lag["measured"]) < lag["high"] < 2
    assert lag["half"] < 0.5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--step", "humm"], "no step humm"),
        (["--divider", "7"], "1000 or 100"),
        (["--both", "--step", "noise"], "--both"),
        (["--generator-mv", "0"], "--generator-mv"),
        (["nothing.glutesym"], "nothing.glutesym"),
    ],
)
def test_mistakes_are_told_in_words(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = RUNNER.invoke(app, ["bench", "--virtual", *arguments])
    assert said.exit_code
    assert words in str(said.exception) + said.output
    assert not list(tmp_path.iterdir())


def test_a_session_that_is_no_bench_test_is_refused(tmp_path):
    shaken = ["sync-check", "--virtual", "--duration", "10", "-o", str(tmp_path)]
    RUNNER.invoke(app, shaken)
    (path,) = tmp_path.glob("*.glutesym")
    said = RUNNER.invoke(app, ["bench", str(path)])
    assert "no bench test" in str(said.exception)


def test_without_pods_of_ones_own_it_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("GLUTESYM_KEYS", str(tmp_path / "pods.json"))
    for arguments in ([], ["--pod", "left"], ["--both"]):
        said = RUNNER.invoke(app, ["bench", *arguments, "-o", str(tmp_path / "out")])
        assert said.exit_code
        assert "provision" in str(said.exception)


TRIED = {
    "amplifier 20 % low": ["signal"],
    "2 µV of 137 Hz in the leads": ["noise"],
    "lead + broken": ["noise", "off-n"],
    "leads exchanged": ["noise", "off-p", "off-n"],
    "comparator + always on": ["noise", "off-n"],
    "comparator − never on": ["off-n"],
    "one resistor 150 kΩ": ["hum"],
    "oscillator 2 % fast": ["signal"],
    "generator 1000 ppm fast": ["signal"],
}


@pytest.mark.parametrize("name", TRIED)
def test_a_fault_fails_its_line_and_only_that(name, tmp_path):
    fault = FAULTS[name]
    path = tmp_path / "bench.glutesym"
    bench = faulty_bench(fault, "left", 21, SETUP, choose_steps(SETUP, TRIED[name]))
    session = RunningSession(bench, path, "bench test", ("left",))
    session.start()
    session.join()
    result = judge(read_bench(path))
    failed = {line.name for line in result.lines if line.verdict is Verdict.FAIL}
    assert failed == set(fault.fails)
    assert all(line.says for line in result.lines if line.verdict is not Verdict.PASS)
    assert result.exit_code == 1
