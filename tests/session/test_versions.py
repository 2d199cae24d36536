"""Session files of every version are read for ever; results are added to them later."""

from __future__ import annotations

import math
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from glutesym import wire
from glutesym.errors import SessionError
from glutesym.session.analyze import analyze_session
from glutesym.session.database import SCHEMA_VERSION
from glutesym.session.store import StoredSession, add_result, open_session
from glutesym.session.writer import SessionWriter

VERSION_1 = Path(__file__).parent / "data" / "version_1.glutesym"  # counter, cut after 0.66 s
MADE = datetime(2026, 5, 5, 9, 0, tzinfo=UTC)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copy(VERSION_1, tmp_path / "old.glutesym"))


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("PRAGMA user_version").fetchone()[0]


def schema(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()


def content(session: StoredSession) -> list[object]:
    """Return all that was recorded."""
    pods = [
        (pod, session.arrivals(pod.id), [list(column) for column in session.probes(pod.id)])
        for pod in session.pods
    ]
    return [session.meta, pods, session.events()]


def create(path: Path) -> SessionWriter:
    return SessionWriter(
        path, exercise="squat", started_utc=MADE, started_host_ns=0, host_clock="none"
    )


def test_a_file_of_version_1_is_read_as_it_was_recorded(old: Path) -> None:
    before = old.read_bytes()
    with open_session(old) as session:
        assert session.meta.exercise == "bridge"
        assert session.meta.started_utc == datetime(2026, 11, 27, 7, 50, 11, 980158, tzinfo=UTC)
        assert session.meta.ended
        assert [(pod.id, pod.side, pod.address) for pod in session.pods] == [
            (1, "left", "C4:00:00:00:00:01"),
            (2, "right", "C4:00:00:00:00:02"),
        ]
        for pod, probe_ns in zip(session.pods, (3306314931, 3361935225), strict=True):
            t_ns, frames = session.frames(pod.id)
            assert frames.shape == (16, wire.FRAME_BYTES)
            assert t_ns[0] > 3_000_000_000
            assert session.damaged_frames(pod.id) == 0  # they have no checksums
            assert [column.tolist() for column in session.probes(pod.id)] == [[1], [probe_ns]]
        assert [(event.kind, event.side) for event in session.events()] == [
            ("connected", "left"),
            ("connected", "right"),
            ("scenario", None),
            ("marker", None),
        ]
        assert session.results("sync check") == []
    assert old.read_bytes() == before
    assert [path.name for path in old.parent.iterdir()] == ["old.glutesym"]
    assert analyze_session(old).recording.pods["left"].samples_received == 9 * wire.EMG_PER_FRAME


def test_an_interrupted_file_of_version_1_is_read_with_its_log(old: Path) -> None:
    with closing(sqlite3.connect(old)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        with database:
            database.execute("INSERT INTO events VALUES (99, 5, 'marker', 'last words', NULL)")
        copy = old.with_name("copy.glutesym")
        for ending in ("", "-wal"):  # as a kill leaves them
            shutil.copy(f"{old}{ending}", f"{copy}{ending}")
    with open_session(copy) as session:
        assert session.events()[-1].text == "last words"
    assert version(copy) == 1


def test_a_result_is_added_to_a_file_of_any_version(old: Path) -> None:
    new = old.with_name("new.glutesym")
    create(new).close()
    for path in (old, new):
        with open_session(path) as session:
            recorded = content(session)
        add_result(path, "sync check", {"offset_ms": 0.4, "pairs": None, "text": "µ"}, MADE)
        add_result(path, "other", {}, MADE)
        add_result(path, "sync check", {"offset_ms": 0.5}, MADE + timedelta(hours=1))
        with open_session(path) as session:
            assert content(session) == recorded
            assert session.results("sync check") == [
                (MADE, {"offset_ms": 0.4, "pairs": None, "text": "µ"}),
                (MADE + timedelta(hours=1), {"offset_ms": 0.5}),
            ]
            assert session.results("other") == [(MADE, {})]
            assert session.results("never made") == []
        assert version(path) == SCHEMA_VERSION
    assert schema(old) == schema(new)
    assert {path.name for path in old.parent.iterdir()} == {"old.glutesym", "new.glutesym"}


def test_a_result_can_be_added_while_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.glutesym"
    with create(path) as writer:
        writer.add_result("sync check", {"offset_ms": 0.4}, MADE)
        writer.flush()
        add_result(path, "sync check", {"offset_ms": 0.5}, MADE)  # by another program
        writer.add_result("sync check", {"offset_ms": 0.6}, MADE)
    with open_session(path) as session:
        offsets = [result["offset_ms"] for _, result in session.results("sync check")]
        assert offsets == [0.4, 0.5, 0.6]
        assert session.meta.ended


def test_a_result_is_added_to_a_session_that_was_interrupted(tmp_path: Path) -> None:
    path, copy = tmp_path / "a.glutesym", tmp_path / "copy.glutesym"
    with create(path) as writer:
        writer.add_event(5, "marker", "last words")
        writer.flush()
        for ending in ("", "-wal"):
            shutil.copy(f"{path}{ending}", f"{copy}{ending}")
    add_result(copy, "sync check", {}, MADE)
    assert not copy.with_name("copy.glutesym-wal").exists()
    with open_session(copy) as session:
        assert session.events()[-1].text == "last words"
        assert session.results("sync check") == [(MADE, {})]
        assert not session.meta.ended


def test_a_result_that_cannot_be_added_leaves_the_file_as_it_was(old: Path) -> None:
    before = old.read_bytes()
    with pytest.raises(ValueError, match="JSON"):
        add_result(old, "sync check", {"offset_ms": math.nan}, MADE)
    with pytest.raises(ValueError, match="time zone"):
        add_result(old, "sync check", {}, MADE.replace(tzinfo=None))
    with pytest.raises(SessionError, match="no such session file"):
        add_result(old.with_name("other"), "sync check", {}, MADE)
    with closing(sqlite3.connect(old)) as database:  # a table of that name stops the migration
        database.execute("CREATE TABLE results (x)")
        before = old.read_bytes()
        with pytest.raises(SessionError, match="already exists"):
            add_result(old, "sync check", {}, MADE)
    assert old.read_bytes() == before
    assert version(old) == 1


INTERRUPTED = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("PRAGMA cache_size = 1")  # what is changed goes to the disk before its commit
database.execute("UPDATE frames SET frame = zeroblob(244)")
os._exit(0)
"""


def test_a_change_that_was_interrupted_is_taken_back(old: Path) -> None:
    with open_session(old) as session:
        recorded = content(session)
    subprocess.run([sys.executable, "-c", INTERRUPTED, str(old)], check=True)
    assert old.with_name("old.glutesym-journal").exists()
    with open_session(old) as session:
        assert content(session) == recorded


def test_a_newer_version_is_refused_with_advice(old: Path) -> None:
    with closing(sqlite3.connect(old)) as database:
        database.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    message = rf"format {SCHEMA_VERSION + 1}.* up to {SCHEMA_VERSION}\. Update with: pip install"
    with pytest.raises(SessionError, match=message):
        open_session(old)
    with pytest.raises(SessionError, match=message):
        add_result(old, "sync check", {}, MADE)
