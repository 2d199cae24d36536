"""What a session says and does when its disk fails, or somebody sets the computer's clock."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from glutesym.errors import SessionError
from glutesym.session import run as run_module
from glutesym.session import writer as writer_module
from glutesym.session.store import open_session
from glutesym.virtual.scenarios.catalog import build_scenario
from virtual_session import Trial

TABLES = ("pods", "frames", "probes", "events")


def trial(folder: Path, during=None) -> Trial:
    return Trial(folder, build_scenario("counter", rest_before_s=3.0), during=during)


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of a session file."""
    with closing(sqlite3.connect(path)) as database:
        return {
            table: database.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
            for table in TABLES
        }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    recorded = trial(tmp_path_factory.mktemp("undisturbed")).record()
    return recorded.session.path


def test_a_disk_that_does_not_answer_changes_nothing_but_is_told(
    tmp_path: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_SLOW_S", 0.2)

    async def hold_up(trial: Trial) -> None:
        database = sqlite3.connect(
            trial.session.path, isolation_level=None, check_same_thread=False
        )
        database.execute("BEGIN IMMEDIATE")

        def let_go() -> None:
            while not (trial.looks[-1].trouble and trial.looks[-1].phase == "recording"):
                pass
            database.close()

        threading.Thread(target=let_go).start()

    troubled = trial(tmp_path, hold_up)
    troubled.record()
    assert content(troubled.session.path) == content(undisturbed)
    told = [look for look in troubled.looks if look.trouble]
    assert "does not answer" in told[-1].trouble
    assert told[-1].phase == "recording"
    assert troubled.session.poll().trouble == ""


def test_a_full_disk_is_told_and_the_session_goes_on_until_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect
    made: list[sqlite3.Connection] = []

    def remember(*args: object, **kwargs: object) -> sqlite3.Connection:
        made.append(connect(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(sqlite3, "connect", remember)
    hasty = partial(writer_module.SessionWriter, patience_s=0.1)
    monkeypatch.setattr(run_module, "SessionWriter", hasty)

    async def fill(trial: Trial) -> None:
        made[0].execute("PRAGMA max_page_count = 1")

    troubled = trial(tmp_path, fill)
    with pytest.raises(
        SessionError, match=r"frames of the last \d+ s could not be saved"
    ) as caught:
        troubled.record()
    assert "the disk is full. Free some space" in str(caught.value)
    told = [look for look in troubled.looks if look.trouble]
    assert "kept in memory: the disk is full." in told[-1].trouble
    frames = sum(counts.frames for counts in troubled.session.counts.values())
    assert frames > 300  # the whole scenario
    with open_session(troubled.session.path) as session:
        saved = sum(session.frames(pod.id)[0].size for pod in session.pods)
        assert not session.meta.ended
    assert f" {frames - saved} frames" in str(caught.value)


def test_setting_the_clock_changes_the_date_of_a_session_and_nothing_else(
    tmp_path: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jumps = np.random.default_rng(1)

    class Set(datetime):
        @classmethod
        def now(cls, tz=None) -> datetime:
            return datetime(1970, 1, 1, tzinfo=UTC).astimezone(tz)

    def now_s() -> float:
        return float(jumps.uniform(-1e9, 1e9))

    async def jump(trial: Trial) -> None:
        monkeypatch.setattr(time, "time", now_s)
        monkeypatch.setattr(time, "time_ns", lambda: int(now_s() * 1e9))

    monkeypatch.setattr(run_module, "datetime", Set)
    path = trial(tmp_path, jump).record().session.path
    assert content(path) == content(undisturbed)
    with open_session(path) as session, open_session(undisturbed) as other:
        assert session.meta.started_utc == datetime(1970, 1, 1, tzinfo=UTC)
        assert abs(other.meta.started_utc - datetime.now(UTC)) < timedelta(days=1)
        assert session.meta.started_host_ns == other.meta.started_host_ns
