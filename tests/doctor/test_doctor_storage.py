"""The folder of sessions and the clocks."""

from __future__ import annotations

import os
import sqlite3
from itertools import count

import pytest
from recorded_computers import answers

from glutesym.doctor import storage
from glutesym.doctor.clocks import Clocks, steady_clock, waiting, wall_clock
from glutesym.doctor.surroundings import Computer, Ran

S = 1_000_000_000
NOW_NS = 2_000_000_000 * S


def only(findings):
    (finding,) = findings
    return finding


def test_a_folder_that_can_be_written_to_stays_as_it_was(tmp_path):
    before = sorted(tmp_path.iterdir())
    assert only(storage.folder(tmp_path)).mark == "ok"
    to_be = only(storage.folder(tmp_path / "not" / "yet"))
    assert (to_be.mark, "will create" in to_be.found) == ("ok", True)
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_is_no_folder(tmp_path):
    path = tmp_path / "sessions"
    path.write_text("")
    assert only(storage.folder(path)).mark == "problem"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_a_problem(tmp_path):
    tmp_path.chmod(0o555)
    finding = only(storage.folder(tmp_path))
    tmp_path.chmod(0o755)
    assert finding.mark == "problem"
    assert "--folder" in finding.fix


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="where nobody can create a file")
def test_a_place_where_nothing_can_be_created_is_a_problem():
    from pathlib import Path

    finding = only(storage.folder(Path("/proc/self")))
    assert finding.mark == "problem"
    assert "cannot be written to" in finding.found


def test_a_file_system_without_a_write_ahead_log_is_a_problem(tmp_path, monkeypatch):
    """As on a network's: SQLite then stays with the journal that it had."""
    connect = sqlite3.connect

    def without_log(path, isolation_level=None):
        return connect(":memory:", isolation_level=isolation_level)

    monkeypatch.setattr(
        storage, "sqlite3", type("", (), {"connect": without_log, "Error": OSError})
    )
    finding = only(storage.folder(tmp_path))
    assert finding.mark == "problem"
    assert "write-ahead log" in finding.found


@pytest.mark.parametrize(
    ("seconds", "mark", "words"),
    [
        (100 * 3600.0, "ok", "100 h"),
        (1800.0, "warning", "30 min of both pods only"),
        (10.0, "problem", "0 min"),
        (float("inf"), "not checked", "nobody knows"),
    ],
)
def test_room_is_told_in_hours(tmp_path, seconds, mark, words):
    finding = only(storage.room(tmp_path, lambda _path: seconds))
    assert finding.mark == mark
    assert words in finding.found


def test_no_interrupted_session_is_nothing_to_tell(tmp_path):
    assert list(storage.interrupted(tmp_path)) == []


def clock(step_ns, wall=lambda host_ns: NOW_NS + host_ns, late_s=0.0):
    """Return clocks that go on by so much with every look, and a wait that is late."""
    now_ns = 0

    def host_ns():
        nonlocal now_ns
        now_ns += step_ns
        return now_ns

    def sleep(seconds):
        nonlocal now_ns
        now_ns += round((seconds + late_s) * S)

    return Clocks(host_ns, lambda: wall(now_ns), sleep)


def test_the_clocks_of_this_machine_work():
    (steady,), (wait,) = steady_clock(Clocks()), waiting(Clocks())
    assert steady.mark == "ok"
    assert "ms at best" in wait.found


@pytest.mark.parametrize(
    ("step_ns", "mark"), [(100, "ok"), (16 * 10**6, "warning"), (0, "warning")]
)
def test_a_coarse_clock_is_told(step_ns, mark):
    assert only(steady_clock(clock(step_ns))).mark == mark


def test_a_clock_that_runs_backwards_is_a_problem():
    ticks = count()
    finding = only(steady_clock(Clocks(lambda: -next(ticks))))
    assert finding.mark == "problem"


def test_a_time_of_day_that_is_set_meanwhile_is_told_and_a_wrong_one_is_a_problem():
    computer = Computer("win32", {}, answers({}))
    assert only(wall_clock(computer, clock(100))).mark == "ok"
    jumps = clock(100, lambda host_ns: NOW_NS + host_ns + (S if host_ns > S / 2 else 0))
    jumped = only(wall_clock(computer, jumps))
    assert jumped.mark == "warning"
    assert "+1.00 s" in jumped.found
    assert "w32tm" in jumped.fix
    wrong = only(wall_clock(Computer("darwin", {}, answers({})), clock(100, lambda _ns: 0)))
    assert wrong.mark == "problem"
    assert "System Settings" in wrong.fix


@pytest.mark.parametrize(("said", "mark"), [("no\n", "warning"), ("yes\n", "ok")])
def test_linux_knows_whether_the_network_sets_its_clock(said, mark):
    computer = Computer("linux", {}, answers({"timedatectl": Ran(0, said)}))
    finding = only(wall_clock(computer, clock(100)))
    assert finding.mark == mark


@pytest.mark.parametrize(("late_s", "mark"), [(0.0001, "ok"), (0.0146, "warning")])
def test_waits_that_are_too_long_are_told(late_s, mark):
    assert only(waiting(clock(100, late_s=late_s))).mark == mark
