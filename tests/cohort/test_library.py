"""What sessions there are below a folder, and what becomes of each subject."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from glutesym import cli_library, cli_shared
from glutesym.analysis.trend import ASYMMETRY, LAG, MIN_DAYS, SetResult, trend
from glutesym.cli import app
from glutesym.errors import SessionError
from glutesym.exercises import MVIC
from glutesym.measures import Estimate
from glutesym.printing_library import _course_text
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
    if names:
        assert len(list_sessions(folder, search)) == names
    else:
        with pytest.raises(SessionError, match="no session was found"):
            list_sessions(folder, search)


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
    assert "6 sessions" in said
    assert "subject S07, bridge" in said
    rows = pl.read_csv(table)
    assert rows.columns == [column.heading for column in LIBRARY]
    assert rows["file"].to_list()[-1] == "broken.glutesym"
    assert rows["problem"].null_count() == 6
    assert rows["copy_of"].null_count() == len(rows)
    original = next((folder / "S07").glob("2026-05-04*"))
    shutil.copy(original, folder / "mine.glutesym")
    assert f"copy of {original.name} mine.glutesym" in run("library", folder)
    run("library", folder, "--csv", table)
    copies = dict(pl.read_csv(table).select("file", "copy_of").iter_rows())
    assert copies["mine.glutesym"] == original.relative_to(folder).as_posix()
    (folder / "mine.glutesym").unlink()
    assert "1 file cannot be read: broken.glutesym: " in run("library", folder, "--find", "broken")
    for search in (("--subject", "S09"), ("--find", "zzz")):
        result = CliRunner().invoke(app, ["library", str(folder), *search])
        assert isinstance(result.exception, SessionError)
        assert "subjects: S07, S08; exercises: bridge, " in str(result.exception)
    assert "a date like 2026-05-01" in run("library", folder, "--since", "yesterday", code=2)


@pytest.mark.parametrize("width", [80, 60])
def test_the_list_is_whole_in_a_narrow_terminal(folder, monkeypatch, width) -> None:
    for console in (cli_library.out, cli_library.err):
        monkeypatch.setattr(console, "_width", width)
    lines = CliRunner().invoke(app, ["library", str(folder)]).output.splitlines()
    assert lines[0] == "All of them: gluteus maximus"
    assert sum("gluteus" in line for line in lines) == 1
    files = {line.strip() for line in lines}
    sessions = {str(one.relative_to(folder)) for one in folder.rglob("20*.glutesym")}
    assert sessions <= files
    dated = [line for line in lines if line.startswith("2026-05-")]
    assert len(dated) == len(sessions)
    assert all(line.endswith(("bridge", MVIC)) for line in dated)
    assert lines[-2] == "1 file cannot be read:"
    assert lines[-1].startswith("    broken.glutesym: ")
    assert max(map(len, lines)) <= width


def test_one_of_other_electrodes_says_so_itself(bridge, tmp_path) -> None:
    for day, placement in enumerate(("gluteus maximus", "gluteus medius")):
        of_day(bridge, tmp_path, day, subject="S07", placement=placement)
    said = run("library", tmp_path)
    assert "All of them" not in said
    assert "S07 bridge, gluteus maximus 2026" in said
    assert "S07 bridge, gluteus medius 2026" in said


def test_too_few_days_for_a_trend_are_told_with_what_there_is(bridge, tmp_path) -> None:
    index = {"left lower": 25.2, "right lower": -3.4}
    sets = [
        SetResult(START + timedelta(days=day), Estimate(value, value - 5, value + 5))
        for day, value in enumerate(index.values())
    ]
    values = [one.estimate for one in sets]
    few = trend(ASYMMETRY, sets)
    said = _course_text(few, values)
    assert said == f"first +25 %, last -3 %; no trend from 2 days, {MIN_DAYS} are needed"
    assert _course_text(trend(LAG, []), []).startswith("not measurable; no trend from 0 days")
    of_day(bridge, tmp_path, 0, subject="S07", exercise=MVIC)
    assert "nothing to compare" in run("library", tmp_path, "--trends")


def test_the_bar_of_cohort_names_what_is_done(folder, tmp_path, monkeypatch) -> None:
    shown = Console(
        force_terminal=True, width=80, color_system=None, markup=False, file=StringIO()
    )
    monkeypatch.setattr(cli_library, "err", shown)
    monkeypatch.setattr(cli_shared, "err", shown)
    result = CliRunner().invoke(
        app, ["cohort", str(folder), "--out", str(tmp_path / "all.parquet"), "--workers", "1"]
    )
    assert result.exit_code == 0, result.output
    assert "Measuring" in shown.file.getvalue()
    assert "progress.description" not in shown.file.getvalue()


def test_a_folder_without_sessions_or_none_at_all(tmp_path) -> None:
    for folder, words in ((tmp_path, "no session file"), (tmp_path / "none", "cannot be read")):
        with pytest.raises(SessionError, match=words):
            list_sessions(folder)
