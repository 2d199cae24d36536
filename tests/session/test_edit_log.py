"""Edits lie in the session's file beside what was recorded, which never changes."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from glutesym.cli import app
from glutesym.cli_shared import out
from glutesym.edits import (
    Add,
    Edit,
    Exclude,
    Include,
    Move,
    Note,
    Redo,
    Rename,
    SetWorking,
    Span,
    Undo,
)
from glutesym.errors import EditError, SessionError, SubjectError
from glutesym.session.analyze import analyze_session, export_session, with_edits
from glutesym.session.database import SCHEMA_VERSION
from glutesym.session.edit_log import _step, add_edit, edit_row, stored_edits
from glutesym.session.store import open_session
from glutesym.virtual.scenarios.catalog import build_scenario
from virtual_session import Trial

MADE = datetime(2026, 5, 5, 9, 0, tzinfo=UTC)
VERSION_1 = Path(__file__).parent / "data" / "version_1.glutesym"

TIMES = st.floats(0, 1e5)
SPANS = st.builds(lambda a, b: Span(a, a + b), TIMES, st.floats(0.3, 1e3))
PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z")), max_size=30)
STEPS = st.one_of(
    st.builds(Exclude, SPANS, PRINTABLE),
    st.builds(Include, SPANS),
    st.builds(Add, SPANS),
    st.builds(Move, SPANS, SPANS),
    st.builds(SetWorking, SPANS, st.sampled_from(("left", "right"))),
    st.builds(Rename, PRINTABLE),
    st.builds(Note, PRINTABLE, st.none() | TIMES),
    st.builds(Undo),
    st.builds(Redo),
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    return Trial(folder, build_scenario("bridge", seed=3, reps=4)).record().session.path


@pytest.fixture
def path(recorded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(recorded, tmp_path / "s.glutesym"))


def review(path: Path, *options: str) -> str:
    return command("review", str(path), *options)


def command(*words: str) -> str:
    with patch.object(out, "_width", 200):  # the console of all commands: as wide as it was made
        done = CliRunner(env={"GLUTESYM_REVIEWER": "R2"}).invoke(app, list(words))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def recorded_rows(path: Path) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as database:
        return [
            database.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("meta", "pods", "frames", "probes", "events", "results")
        ]


@given(STEPS)
def test_what_is_written_is_read(step) -> None:
    _, by, kind, text = edit_row(Edit(MADE, "R2", step))
    assert by == "R2"
    assert _step(kind, json.loads(text)) == step


def test_edits_are_kept_and_measured_and_can_be_taken_back(path: Path) -> None:
    before, original = recorded_rows(path), analyze_session(path)
    first, second = (Span(rep.start_s, rep.end_s) for rep in original.measures.reps[:2])
    steps = (
        Exclude(first, "slipped"),
        Move(second, Span(second.start_s + 0.2, second.end_s)),
        Rename("hip thrust"),
        Note("µ <b>", 3.0),
    )
    session = original
    for step in steps:
        edit = add_edit(session, step, "R2", MADE)
        session = with_edits(session, [*session.edits, edit])
        stored = analyze_session(path)
        assert stored.measures == session.measures
        assert stored.edits == session.edits
        assert stored.recording.exercise == session.recording.exercise
    assert session.recording.exercise == "hip thrust"
    assert session.meta.exercise == "bridge"
    assert [rep.edits for rep in session.measures.reps[:3]] == [("excluded",), ("moved",), ()]
    for _ in steps:
        add_edit(analyze_session(path), Undo(), "R3", MADE)
    assert analyze_session(path).measures == original.measures
    assert [edit.step for edit in analyze_session(path).edits] == [*steps, *[Undo()] * 4]
    with pytest.raises(EditError, match="no edit to take back"):
        add_edit(analyze_session(path), Undo(), "R3", MADE)
    assert recorded_rows(path) == before
    assert [file.name for file in path.parent.iterdir()] == ["s.glutesym"]


def test_an_edit_that_cannot_be_made_leaves_the_file_as_it_was(path: Path) -> None:
    session = analyze_session(path)
    before = path.read_bytes()
    with pytest.raises(EditError):
        add_edit(session, Rename("bridge"), "", MADE)
    with pytest.raises(SubjectError, match="a code only"):
        add_edit(session, Rename("squat"), "Ada Lovelace", MADE)
    with pytest.raises(ValueError, match="time zone"):
        add_edit(session, Rename("squat"), "", MADE.replace(tzinfo=None))
    assert path.read_bytes() == before
    add_edit(session, Rename("squat"), "", MADE)
    with pytest.raises(SessionError, match="somebody else edited this session meanwhile"):
        add_edit(session, Rename("lunge"), "", MADE)


def test_a_session_of_version_1_can_be_edited(tmp_path: Path) -> None:
    old = Path(shutil.copy(VERSION_1, tmp_path / "old.glutesym"))
    assert analyze_session(old).edits == ()
    add_edit(analyze_session(old), Rename("squat"), "", MADE)
    assert analyze_session(old).recording.exercise == "squat"
    with closing(sqlite3.connect(old)) as database:
        assert database.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("explode", "{}"),
        ("rename", "{"),
        ("rename", '{"exercise": 3}'),
        ("rename", '{"other": "x"}'),
        ("rename", "[]"),
        ("add", '{"rep": {"start_s": 1, "end_s": NaN}}'),
        ("add", '{"rep": {"start_s": 2, "end_s": 1}}'),
        ("add", '{"rep": 3}'),
        ("working side", '{"rep": {"start_s": 1, "end_s": 2}, "side": "both"}'),
    ],
)
def test_damaged_edits_are_an_error(tmp_path: Path, kind: str, text: str) -> None:
    old = Path(shutil.copy(VERSION_1, tmp_path / "old.glutesym"))
    add_edit(analyze_session(old), Rename("squat"), "", MADE)
    with closing(sqlite3.connect(old)) as database, database:
        database.execute("UPDATE edits SET kind = ?, json = ?", (kind, text))
    with open_session(old) as session, pytest.raises(SessionError, match="edits are damaged"):
        stored_edits(session)


def test_the_command_edits_lists_and_takes_back(path: Path) -> None:
    assert "No edits: the session is as it was measured." in review(path, "--list")
    said = review(path, "--exclude", "3", "--because", "slipped [red]", "--rename", "hip thrust")
    assert "hip thrust: " in said
    assert "Repetition 3 is unusable: the reviewer's decision: slipped [red]" in said
    assert "the reviewer's decision: slipped [red] (1)" in command("analyze", str(path))
    third = analyze_session(path).measures.reps[2]
    shorter = f"{third.start_s + 0.5:.2f}-{third.end_s - 0.5:.2f}"
    review(path, "--move", "3", shorter)
    review(path, "--include", "3")
    review(path, "--undo")
    listed = review(path, "--list")
    assert "R2: renamed the exercise: hip thrust\n" in listed
    assert "back in (taken back)\n" in listed
    assert "moved, excluded" not in listed
    assert "excluded, moved" in listed
    review(path, "--add", "5.5-6.5", "--note", "warm-up", "--at", "1")
    assert len(analyze_session(path).measures.reps) == 5
    export_session(analyze_session(path), path.parent)
    table = (path.parent / "s" / "reps.csv").read_text("utf-8").splitlines()
    heads = table[0].split(",")
    assert heads[-1] == "edited"
    assert [row.split(",")[-1] for row in table[1:]] == ["added", "", "", "excluded; moved", ""]
    about = json.loads((path.parent / "s" / "about.json").read_text("utf-8"))
    assert about["exercise"] == "hip thrust"
    assert about["session"]["exercise_as_recorded"] == "bridge"
    kinds = [edit["kind"] for edit in about["session"]["edits"]]
    assert kinds == ["rename", "exclude", "move", "include", "undo", "add", "note"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--exclude", "9", "--because", "x"], "there is no repetition 9: there are 1 to 4"),
        (["--exclude", "1"], "say why it does not count: --exclude REP --because"),
        (["--because", "x"], "name it with --exclude"),
        (["--at", "3"], "write it with --note"),
        (["--add", "twelve"], "twelve is no start and end: write seconds, e.g. 12.5-15.0"),
        (["--add", "12.5--15"], "is no start and end"),
        (["--move", "1", "5-2"], "no part of the session"),
        (["--working", "1", "both"], "left or right, not both"),
        (["--undo"], "no edit to take back"),
        (["--undo", "--rename", "x"], "stand alone"),
        (["--rename", "x", "--exclude", "1", "--because", " "], "--because"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_edited(
    path: Path, options: list[str], message: str
) -> None:
    before = path.read_bytes()
    with pytest.raises(EditError, match=message):
        review(path, *options)
    assert path.read_bytes() == before
