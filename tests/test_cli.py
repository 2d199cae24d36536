"""The command line as a user meets it."""

from __future__ import annotations

import json
import sys

import polars as pl
import pytest
from typer.testing import CliRunner

from glutesym import cli
from glutesym.cli import app
from glutesym.errors import GlutesymError
from glutesym.session.store import open_session

RUNNER = CliRunner()
COMMANDS = ("demo", "simulate", "scan", "live", "record", "export", "analyze")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "my sessions"
    result = RUNNER.invoke(
        app,
        [
            "demo",
            "--reps",
            "5",
            "--speed",
            "0",
            "--view",
            "none",
            "--seed",
            "3",
            "--folder",
            str(folder),
        ],
    )
    assert result.exit_code == 0, result.output
    return folder, result.output


def test_every_command_explains_itself_with_examples():
    listed = RUNNER.invoke(app, ["--help"]).output
    for command in COMMANDS:
        assert command in listed
        text = RUNNER.invoke(app, [command, "--help"]).output
        assert f"glutesym {command}" in text
        assert "Example" in text


def test_the_demo_prints_truth_and_measurement_and_its_files(demo):
    folder, output = demo
    for words in ("Truth and measurement", "5 matched", "0 lost", "Sync uncertainty", "Files:"):
        assert words in output
    names = sorted(path.name.split("_")[-1] for path in folder.iterdir())
    assert names == [
        "about.json", "bridge.glutesym", "emg.csv", "events.csv", "imu.csv", "reps.csv",
        "summary.csv",
    ]  # fmt: skip


def test_the_csvs_hold_the_session(demo):
    folder, _ = demo
    (path,) = folder.glob("*.glutesym")
    reps = pl.read_csv(folder / f"{path.stem}_reps.csv")
    assert len(reps) == 5
    assert {"left_onset_s", "right_activation_uv", "symmetry_index_pct", "lag_ms"} <= set(
        reps.columns
    )
    emg = pl.read_csv(folder / f"{path.stem}_emg.csv")
    assert emg["emg_uv"].null_count() == 0
    assert set(emg["side"]) == {"left", "right"}
    about = json.loads((folder / f"{path.stem}_about.json").read_text("utf-8"))
    assert about["session"]["method"]["band_pass_hz"] == [20.0, 450.0]
    with open_session(path) as session:
        assert session.meta.ended


def test_a_session_can_be_analyzed_and_exported_again(demo, tmp_path):
    folder, output = demo
    (path,) = folder.glob("*.glutesym")
    analyzed = RUNNER.invoke(app, ["analyze", str(path)])
    assert analyzed.exit_code == 0
    verdict = analyzed.output.strip().splitlines()[0]
    assert verdict in output
    exported = RUNNER.invoke(app, ["export", str(path), "--folder", str(tmp_path / "csv")])
    assert exported.exit_code == 0
    for name in ("emg", "imu", "reps", "events", "summary"):
        again = (tmp_path / "csv" / f"{path.stem}_{name}.csv").read_bytes()
        assert again == (folder / f"{path.stem}_{name}.csv").read_bytes()


def test_simulate_prints_a_line_a_seed_and_the_worst(tmp_path):
    result = RUNNER.invoke(
        app,
        [
            "simulate",
            "-s",
            "real-lag",
            "--reps",
            "4",
            "--seeds",
            "2",
            "--no-keep",
            "--folder",
            str(tmp_path),
        ],
    )
    assert result.exit_code == 0, result.output
    assert "4/4" in result.output
    assert "worst" in result.output
    assert list(tmp_path.glob("*.glutesym*")) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["analyze", "no-such-file.glutesym"], "no-such-file.glutesym"),
        (["export", "."], "."),
        (["demo", "--scenario", "nonsense"], "bridge"),
    ],
)
def test_a_users_mistake_is_one_line_and_no_traceback(
    arguments, words, monkeypatch, capsys, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["glutesym", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    text = capsys.readouterr().err
    assert "Error:" in text
    assert words in text
    assert "Traceback" not in text


def test_mains_hum_is_at_50_or_60_hz(demo):
    folder, _ = demo
    (path,) = folder.glob("*.glutesym")
    result = RUNNER.invoke(app, ["analyze", str(path), "--mains-hz", "55"])
    assert result.exit_code == 2
    assert "50 or 60" in result.output
    assert RUNNER.invoke(app, ["analyze", str(path), "--mains-hz", "50"]).exit_code == 0


def test_without_bluetooth_scan_says_so(monkeypatch):
    """Here there is no adapter; where there is one, the scan simply finds no pod."""
    result = RUNNER.invoke(app, ["scan", "--timeout", "0.2"])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        assert isinstance(result.exception, GlutesymError)
        assert "Bluetooth" in str(result.exception)
    else:
        assert "pod" in result.output
