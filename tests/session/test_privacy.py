"""A session knows a code, no name, and nothing of it leaves the computer."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from glutesym.cli import app
from glutesym.errors import GlutesymError, SubjectError
from glutesym.keys import KeyRing, OwnedPod
from glutesym.session.analyze import analyze_session, export_session
from glutesym.session.store import open_session
from glutesym.session.subject import MOST_CHARACTERS, subject_code
from glutesym.session.writer import SessionWriter

CODES = st.text("abcxyzABCXYZ0189-_", max_size=MOST_CHARACTERS)


def record(path: Path, subject: str) -> Path:
    with SessionWriter(
        path,
        exercise="squat",
        started_utc=datetime(2026, 5, 4, tzinfo=UTC),
        started_host_ns=0,
        host_clock="none",
        subject=subject,
    ) as writer:
        writer.add_pod("left", "a", {})
    return path


@given(CODES)
def test_a_code_is_a_code(code: str) -> None:
    assert subject_code(code) == code


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Ada Lovelace", "a space in it, as names have"),
        ("Ada\tLovelace", "a space in it"),
        (" S07", "a space in it"),
        ("ada@example.org", "e-mail"),
        ("S" * 17, "more than 16 characters"),
        ("Zoë", "other characters"),
        ("S07/../..", "other characters"),
        ("S07\n", "a space in it"),
    ],
)
def test_what_may_say_who_it_is_is_refused_with_the_reason(
    text: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(SubjectError, match=f"{reason}.*a code only, such as S07"):
        subject_code(text)
    with pytest.raises(SubjectError, match=reason):
        record(tmp_path / "a.glutesym", text)
    assert not list(tmp_path.iterdir())


def test_the_code_is_kept_exported_and_printed(tmp_path: Path) -> None:
    path = record(tmp_path / "a.glutesym", "S07-b")
    with open_session(path) as session:
        assert session.meta.subject == "S07-b"
    assert "Subject S07-b" in CliRunner().invoke(app, ["analyze", str(path)]).output
    export_session(analyze_session(path), tmp_path)
    about = json.loads((tmp_path / "a" / "about.json").read_text("utf-8"))
    assert about["session"]["subject"] == "S07-b"


def test_without_a_code_there_is_none(tmp_path: Path) -> None:
    path = record(tmp_path / "a.glutesym", "")
    assert "Subject" not in CliRunner().invoke(app, ["analyze", str(path)]).output
    export_session(analyze_session(path), tmp_path)
    about = json.loads((tmp_path / "a" / "about.json").read_text("utf-8"))
    assert about["session"]["subject"] is None


@pytest.fixture
def both_pods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glutesym.session.acquire.SCAN_S", 0.2)  # there are none
    monkeypatch.setenv("GLUTESYM_KEYS", str(tmp_path / "pods.json"))
    ring = KeyRing.load(tmp_path / "pods.json")
    ring.add(OwnedPod("e6614c311b1a2b3c", "left", bytes(32)))
    ring.add(OwnedPod("e6614c311b4d5e6f", "right", bytes(32)))
    ring.save()


@pytest.mark.usefixtures("both_pods")
@pytest.mark.parametrize("command", ["record", "live"])
def test_a_name_is_refused_before_anything_is_recorded(command: str, tmp_path: Path) -> None:
    arguments = [command, "--subject", "Ada Lovelace", "--folder", str(tmp_path / "new")]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, SubjectError)
    assert not (tmp_path / "new").exists()


@pytest.mark.usefixtures("both_pods")
def test_a_folder_that_cannot_be_is_told_before_pods_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    command = ["record", "--port", "none", "--folder"]
    result = CliRunner().invoke(app, [*command, str(tmp_path / "file" / "below")])
    assert isinstance(result.exception, GlutesymError)
    assert "Choose a" in str(result.exception)
    result = CliRunner().invoke(app, [*command, str(tmp_path / "file")])
    assert result.exit_code == 2
    assert "is a file. Give a folder" in " ".join(result.output.replace("│", " ").split())


@pytest.mark.usefixtures("both_pods")
def test_a_short_disk_is_told_before_pods_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glutesym.session.disk_room.room_s", lambda _folder: 1800.0)
    arguments = ["record", "--port", "none", "--folder", str(tmp_path / "new")]
    output = CliRunner().invoke(app, arguments).output
    assert output.startswith("The disk is almost full: it has room for 30 min of recording.")


WATCHED = """
import socket, sys

families = set()
def watch(event, arguments):
    if event == "socket.__new__":
        families.add(arguments[1])
    elif event.startswith("socket.get"):
        families.add(event)
sys.addaudithook(watch)

from glutesym.cli import main
sys.argv = ["glutesym", *sys.argv[1:]]
try:
    main()
except SystemExit as end:
    print("ended with", end.code)
found = families & {socket.AF_INET, socket.AF_INET6, "socket.getaddrinfo"}
print(bool(families), "INTERNET", found)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="asyncio itself has an internet socket there")
def test_nothing_leaves_the_computer(tmp_path: Path) -> None:
    """From the first scan to the exported tables of a session no internet socket is made."""
    arguments = ["demo", "--scenario", "counter", "--speed", "0", "--view", "none"]
    printed = subprocess.run(
        [sys.executable, "-c", WATCHED, *arguments, "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "ended with 0" in printed
    assert printed.endswith("True INTERNET set()\n")
    assert list(tmp_path.glob("*/about.json"))
