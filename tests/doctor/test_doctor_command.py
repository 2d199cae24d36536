"""`glutesym doctor` as a user meets it, on whatever computer this is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from glutesym.cli import app
from glutesym.doctor.finding import SUBJECTS, Finding

CODE = "import glutesym.cli; glutesym.cli.main()"
MARKS = {"ok", "warning", "problem", "not checked"}


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch):
    path = tmp_path / "keys" / "pods.json"
    monkeypatch.setenv("GLUTESYM_KEYS", str(path))
    monkeypatch.chdir(tmp_path)
    return path


def doctor(*arguments):
    return CliRunner().invoke(app, ["doctor", *arguments])


def test_it_looks_at_everything_and_says_what_to_do():
    result = doctor()
    for heading in SUBJECTS.values():
        assert heading in result.output
    assert "troubleshooting.md" in result.output
    assert "Traceback" not in result.output
    assert result.exit_code == int("problem" in result.output.rpartition("\n\n")[2])


def test_for_programs_it_is_json_and_the_exit_code_says_the_same():
    result = doctor("--json")
    told = json.loads(result.stdout)
    findings = [Finding(**row) for row in told["findings"]]
    assert {finding.subject for finding in findings} == set(SUBJECTS)
    assert {finding.mark for finding in findings} <= MARKS
    broken = [finding for finding in findings if finding.mark == "problem"]
    assert told["ok"] is not bool(broken)
    assert result.exit_code == int(bool(broken))
    assert all(finding.fix for finding in broken)


def test_only_some_subjects_and_warnings_are_no_failure(tmp_path):
    result = doctor("--only", "storage", "--only", "pods", "--json", "-o", str(tmp_path / "new"))
    told = json.loads(result.stdout)
    assert {row["subject"] for row in told["findings"]} == {"storage", "pods"}
    assert "warning" in {row["mark"] for row in told["findings"]}  # no pod is owned
    assert result.exit_code == 0
    assert not (tmp_path / "new").exists()


def test_a_problem_ends_with_1(keys):
    keys.parent.mkdir()
    keys.write_text("{")
    keys.chmod(0o600)
    result = doctor("--only", "pods")
    assert result.exit_code == 1
    assert "is damaged" in result.output
    assert "1 problem" in result.output


def test_a_subject_that_does_not_exist_lists_those_that_do():
    result = doctor("--only", "blue")
    assert result.exit_code == 2
    assert "bluetooth" in result.output


def test_virtual_pods_are_examined_without_hardware():
    result = doctor("--only", "virtual", "--virtual")
    assert result.exit_code == 0, result.output
    assert "Left self-test: works" in result.output
    assert "Right battery:" in result.output


def _start(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-c", CODE, "doctor", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name")
def test_a_file_that_never_answers_holds_up_nothing(keys):
    """Opening a pipe waits for ever for somebody at its other end."""
    keys.parent.mkdir()
    os.mkfifo(keys)
    process = _start("--only", "pods", "--only", "storage", "--json")
    output, errors = process.communicate(timeout=60)
    told = json.loads(output)
    unchecked = [row["what"] for row in told["findings"] if "no answer within" in row["found"]]
    assert "Key file" in unchecked
    assert "Room" in {row["what"] for row in told["findings"]}
    assert process.returncode == 0
    assert errors.strip() in ("", "Looking …")


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_ctrl_c_ends_it_and_leaves_nothing_behind(tmp_path):
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    process = _start("--only", "virtual", "--virtual", env=environ, start_new_session=True)
    marker = str(tmp_path)
    while not _processes(marker):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in output + errors
    assert list(tmp_path.glob("glutesym-pods-*")) == []
    assert _processes(marker) == []


def _processes(marker):
    """Return the MicroPython processes whose command names a folder."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                command = (folder / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if "heapsize" in command and marker in command:
                found.append(folder.name)
    return found
