"""What sessions there are below a folder, and what becomes of each subject."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from glutesym.cli import app
from glutesym.errors import SessionError
from glutesym.exercises import MVIC
from glutesym.session import library
from glutesym.session.columns import LIBRARY
from glutesym.session.library import Search, histories, list_sessions
from glutesym.virtual.scenarios.catalog import build_scenario
from virtual_session import record

START = datetime(2026, 5, 4, 10, 30, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def bridge(tmp_path_factory) -> Path:
    scenario = build_scenario("bridge", seed=4, reps=2)
    return record(tmp_path_factory.mktemp("recorded"), scenario, 4).session.path


@pytest.fixture
def folder(bridge: Path, tmp_path: Path) -> Path:
    """Return sessions of two people in folders of their own, a calibration, and a broken file."""
    folder = tmp_path / "sessions"
    for subject, days in (("S07", (0, 7, 14, 21)), ("S08", (1,))):
        for day in days:
            of_day(bridge, folder / subject, day, subject=subject)
    of_day(bridge, folder / "S07", 2, subject="S07", exercise=MVIC)
    (folder / "broken.glutesym").write_bytes(b"SQLite format 3\0 and no more")
    return folder


def of_day(bridge: Path, folder: Path, day: int, **meta: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    started = START + timedelta(days=day)
    path = folder / f"{started:%Y-%m-%d}.glutesym"
    shutil.copy(bridge, path)
    of = {"started_utc": started.isoformat(), "host_clock": "none"} | meta
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", of.items())
    return path


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(one) for one in arguments])
    assert result.exit_code == code, (result.output, result.exception)
    return " ".join(result.output.split())


def test_sessions_are_listed_in_order_of_time_and_none_is_measured(folder, monkeypatch) -> None:
    monkeypatch.setattr(library, "compare", None)
    entries = list_sessions(folder)
    days = [entry.started.date() for entry in entries if entry.started]
    assert days == sorted(days)
    assert len(days) == 6
    assert entries[-1].path.name == "broken.glutesym"
    assert entries[-1].problem
    assert {round(entry.length_s) for entry in entries[:-1]} == {round(entries[0].length_s)}
    assert 5 < entries[0].length_s < 60


@pytest.mark.parametrize(
    ("search", "names"),
    [
        (Search(), 7),
        (Search(subject="S07"), 5),
        (Search(exercise="BRIDGE"), 5),
        (Search(since=date(2026, 5, 11)), 3),
        (Search(until=date(2026, 5, 5)), 2),
        (Search(since=date(2026, 5, 5), until=date(2026, 5, 6)), 2),
        (Search(words="s07 bridge"), 4),
        (Search(words="broken"), 1),
        (Search(words="sessions"), 0),  # the folder's own name
        (Search(words="squat"), 0),
    ],
)
def test_search(folder, search, names) -> None:
    assert len(list_sessions(folder, search)) == names


def test_everyone_is_compared_with_themselves(folder) -> None:
    seen: list[float] = []
    found = histories(list_sessions(folder), seen.append)
    assert [(history.of.subject, len(history.sets)) for history in found] == [
        ("S07", 4),
        ("S08", 1),
    ]
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)
    assert histories([]) == []


def test_the_command_lists_searches_and_writes_the_table(folder, tmp_path) -> None:
    table = tmp_path / "found.csv"
    said = run("library", folder, "--trends", "--csv", table)
    assert "7 sessions" in said
    lines = CliRunner(env={"COLUMNS": "40"}).invoke(app, ["library", str(folder)]).output
    files = {line.strip() for line in lines.splitlines()}
    assert {str(one.relative_to(folder)) for one in folder.rglob("*.glutesym")} <= files
    assert "subject S07, bridge" in said
    rows = pl.read_csv(table)
    assert rows.columns == [column.heading for column in LIBRARY]
    assert rows["file"].to_list()[-1] == "broken.glutesym"
    assert rows["problem"].null_count() == 6
    assert "1 sessions" in run("library", folder, "--find", "broken")
    assert "0 sessions" in run("library", folder, "--subject", "S09")
    run("library", folder, "--since", "yesterday", code=2)


def test_a_folder_without_sessions_or_none_at_all(tmp_path) -> None:
    for folder, words in ((tmp_path, "no session file"), (tmp_path / "none", "cannot be read")):
        with pytest.raises(SessionError, match=words):
            list_sessions(folder)
