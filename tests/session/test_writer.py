"""What is recorded is never lost to a disk, and the user knows at once what is not saved."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from glutesym import wire
from glutesym.errors import SessionError
from glutesym.session import writer as writer_module
from glutesym.session.store import NOT_RECORDED, StoredEvent, open_session
from glutesym.session.writer import SessionWriter
from loop_disk import LoopDisk

STARTED = datetime(2026, 5, 4, 16, 30, 9, tzinfo=UTC)
linux = pytest.mark.skipif(sys.platform != "linux", reason="a test of Linux's own errors")


def frame(number: int) -> bytes:
    """Return a frame that carries its number all over."""
    return number.to_bytes(4, "little") * (wire.FRAME_BYTES // 4)


def create(path: Path, **settings: float) -> SessionWriter:
    return SessionWriter(
        path,
        exercise="hip thrust",
        started_utc=STARTED,
        started_host_ns=0,
        host_clock="none",
        **settings,
    )


def stored(path: Path) -> list[int]:
    """Return the numbers of the frames that are in a file."""
    with open_session(path) as session:
        return session.frames(1)[0].tolist()


@contextmanager
def recording(
    path: Path, **settings: float
) -> Iterator[tuple[SessionWriter, Callable[[int], None]]]:
    """Give a writer with one pod, and what adds the next frames."""
    added = 0
    with create(path, **settings) as writer:
        pod = writer.add_pod("left", "a", {})

        def add(count: int) -> None:
            nonlocal added
            for number in range(added, added + count):
                writer.add_frame(pod, number, frame(number))
            added += count

        yield writer, add


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[sqlite3.Connection]:
    """Collect the connections that are made, to play the disk's part."""
    made: list[sqlite3.Connection] = []
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def remember(*args: object, **kwargs: object) -> sqlite3.Connection:
        made.append(connect(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(sqlite3, "connect", remember)
    return made


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold up whoever writes the file: what a disk does that does not answer."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")


def test_what_is_added_is_committed_without_anybody_asking(tmp_path: Path) -> None:
    path = tmp_path / "a.glutesym"
    with recording(path) as (_, add):
        add(5)
        while stored_so_far(path) < 5:
            pass  # its thread commits


def stored_so_far(path: Path) -> int:
    with open_session(path) as session:
        return session.frames(1)[0].size


def test_frames_of_all_threads_stay_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "a.glutesym"

    def add(writer: SessionWriter, pod: int) -> None:
        for number in range(5000):
            writer.add_frame(pod, number, b"")
            writer.add_probe(pod, number, number)

    with create(path) as writer:
        pods = [writer.add_pod("left", "a", {}), writer.add_pod("right", "b", {})]
        threads = [threading.Thread(target=add, args=(writer, pod)) for pod in pods]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with open_session(path) as session:
        for pod in pods:
            assert [t_ns for t_ns, _ in session.arrivals(pod)] == list(range(5000))
            assert session.probes(pod)[0].tolist() == list(range(5000))


def test_a_full_disk_is_told_and_nothing_is_forgotten(
    tmp_path: Path, connections: list[sqlite3.Connection]
) -> None:
    path = tmp_path / "a.glutesym"
    with recording(path) as (writer, add):
        add(1)
        writer.flush()
        assert writer.trouble == ""
        connections[0].execute("PRAGMA max_page_count = 1")  # SQLite makes it the present size
        add(5000)
        with pytest.raises(SessionError, match=r"disk is full\. Free some space"):
            writer.flush()
        assert "kept in memory: the disk is full. Free some space" in writer.trouble
        assert len(stored(path)) < 1000  # whole transactions
        connections[0].execute("PRAGMA max_page_count = 1000000")  # space has been made
        writer.flush()
        assert writer.trouble == ""
        add(1)
    assert stored(path) == list(range(5002))
    assert writer.trouble == ""
    with open_session(path) as session:
        assert session.meta.ended
        assert session.events() == ()


def test_a_disk_that_stays_full_leaves_a_file_that_says_so(
    tmp_path: Path, connections: list[sqlite3.Connection]
) -> None:
    path = tmp_path / "a.glutesym"

    def record() -> None:
        with recording(path, patience_s=0.3) as (_, add):
            connections[0].execute("PRAGMA max_page_count = 1")
            add(200)

    with pytest.raises(SessionError, match=r"200 frames of the last \d+ s .* the disk is full"):
        record()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connections[0].execute("SELECT 1")
    with open_session(path) as session:
        assert not session.meta.ended


def test_at_the_end_the_disk_has_time_to_recover(
    tmp_path: Path, connections: list[sqlite3.Connection]
) -> None:
    path = tmp_path / "a.glutesym"
    with recording(path) as (writer, add):
        connections[0].execute("PRAGMA max_page_count = 1")
        add(200)
        with pytest.raises(SessionError):
            writer.flush()
        closing_it = threading.Thread(target=writer.close)
        closing_it.start()
        while "The session is over: it is tried for another" not in writer.trouble:
            pass
        connections[0].execute("PRAGMA max_page_count = 1000000")
        closing_it.join()
    assert stored(path) == list(range(200))


def test_a_disk_that_does_not_answer_holds_up_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_SLOW_S", 0.0)
    path = tmp_path / "a.glutesym"
    with recording(path) as (writer, add):
        writer.flush()
        with locked(path):
            add(1000)
            while "the disk does not answer" not in writer.trouble:
                pass
            add(1000)
            assert stored(path) == []
    assert writer.trouble == ""
    assert stored(path) == list(range(2000))


def test_memory_stays_bounded_and_what_did_not_fit_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.glutesym"
    with recording(path, most_waiting=100) as (writer, add):
        writer.flush()
        with locked(path):
            add(500)
            writer.add_event(7, "marker", "kept all the same")
        writer.flush()
        add(1)
        kept = 500 - int(not_recorded(path, writer).split()[0])
    numbers = stored(path)
    assert 100 <= kept < 500
    assert numbers == [*range(kept), 500]  # a gap, and no other frame is lost
    with open_session(path) as session:
        assert [event.kind for event in session.events()] == ["marker", NOT_RECORDED]
        assert session.events()[1].time_s == pytest.approx(kept * 1e-9)


def not_recorded(path: Path, writer: SessionWriter) -> str:
    writer.flush()
    with open_session(path) as session:
        return next(event.text for event in session.events() if event.kind == NOT_RECORDED)


def test_frames_that_did_not_fit_at_the_end_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.glutesym"
    with recording(path, most_waiting=0) as (_, add):
        add(3)
    assert stored(path) == []
    with open_session(path) as session:
        text = "3 frames and probes: the disk failed until memory was full"
        assert session.events() == (StoredEvent(0.0, NOT_RECORDED, text),)


def test_a_file_that_is_deleted_while_it_is_written_comes_back(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows does not delete files that are open")
    path = tmp_path / "sessions" / "a.glutesym"
    with recording(path) as (writer, add):
        for remove in (
            lambda: path.unlink(),
            lambda: shutil.rmtree(path.parent),
            lambda: path.parent.rename(tmp_path / "elsewhere"),
        ):
            add(100)
            writer.flush()
            remove()
            add(100)
            writer.flush()
            assert path.exists()
    assert stored(path) == list(range(600))
    assert [file.name for file in path.parent.iterdir()] == ["a.glutesym"]
    assert len(stored(tmp_path / "elsewhere" / "a.glutesym")) >= 400


def test_a_row_that_no_database_takes_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.glutesym"

    def record() -> None:
        with recording(path, patience_s=0.0) as (writer, add):
            add(1)
            writer.flush()
            writer.add_event(2**64, "marker")
            with pytest.raises(SessionError, match="glutesym has a fault"):
                writer.flush()
            assert "glutesym has a fault" in writer.trouble

    with pytest.raises(SessionError, match="could not be finished: glutesym has a fault"):
        record()
    assert stored(path) == [0]


def test_half_characters_are_stored_as_a_question_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.glutesym"
    with recording(path) as (writer, _):
        writer.add_event(0, "marker", "caf\udce9")
    with open_session(path) as session:
        assert session.events()[0].text == "caf?"


def test_little_room_is_told_before_it_is_used_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=4_000_000))
    with recording(tmp_path / "a.glutesym") as (writer, _):
        assert writer.trouble == (
            "The disk is almost full: it has room for 4 min of recording. Free some space."
        )


READER = """
import sys
from pathlib import Path
from glutesym.session.store import open_session
with open_session(Path(sys.argv[1])) as session:
    session._database.execute("BEGIN")  # holds what it sees now for as long as it likes
    for _ in sys.stdin:
        print(session.frames(1)[0].size, flush=True)
        if _ == "anew\\n":
            session._database.execute("ROLLBACK")
            session._database.execute("BEGIN")
"""


def test_who_reads_for_long_stops_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.glutesym"
    with recording(path) as (writer, add):
        add(100)
        writer.flush()
        with subprocess.Popen(
            [sys.executable, "-c", READER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as reader:
            assert reader.stdin is not None
            assert reader.stdout is not None

            def ask(question: str) -> int:
                print(question, file=reader.stdin, flush=True)
                return int(reader.stdout.readline())

            assert ask("still") == 100
            add(20_000)  # more than the log holds before it is folded in
            writer.flush()
            assert writer.trouble == ""
            assert ask("anew") == 100  # one moment of the session
            assert ask("still") == 20_100
            add(1)
            writer.close()  # while it is read
            assert ask("still") == 20_100
            reader.stdin.close()
    assert stored(path) == list(range(20_101))


LIMITED = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from glutesym.errors import SessionError
from glutesym.session.writer import SessionWriter
path = Path(sys.argv[1])
with SessionWriter(
    path, exercise="x", started_utc=datetime.now(UTC), started_host_ns=0, host_clock="none"
) as writer:
    pod = writer.add_pod("left", "a", {})
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
    for number in range(5000):
        writer.add_frame(pod, number, number.to_bytes(4, "little") * 61)
        if number % 100 == 0:
            try:
                writer.flush()
            except SessionError:
                pass
    print(writer.trouble, flush=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    writer.flush()
    print(writer.trouble, flush=True)
"""


@linux
def test_writes_that_fail_are_made_good(tmp_path: Path) -> None:
    path = tmp_path / "a.glutesym"
    told = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert "the disk failed. Check that it is still connected and has space left." in told[0]
    assert told[1] == ""
    assert stored(path) == list(range(5000))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of 2 MB; only an administrator may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["-t", "tmpfs", "-o", "size=2m", "none", str(disk)]
    if sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip("mounts as Linux does")
    if subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
        pytest.skip("may not mount")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_disk_that_is_really_full_is_made_good(small_disk: Path) -> None:
    path = small_disk / "a.glutesym"
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_500_000))
    with recording(path) as (writer, add):
        add(4000)
        with pytest.raises(SessionError, match="the disk is full"):
            writer.flush()
        assert "the disk is full" in writer.trouble
        add(100)
        with pytest.raises(SessionError, match="the disk is full"):
            writer.flush()
        ballast.unlink()
        subprocess.run(["mount", "-o", "remount,size=9m", str(small_disk)], check=True)
        writer.flush()
        assert "not saved" not in writer.trouble.lower()
    assert stored(path) == list(range(4100))


def test_a_disk_that_is_pulled_is_made_good_when_it_is_back(tmp_path: Path) -> None:
    try:
        disk = LoopDisk(tmp_path)
    except PermissionError:
        pytest.skip("may not mount")
    path = disk.root / "a.glutesym"
    try:
        with recording(path) as (writer, add):
            add(100)
            writer.flush()
            for _ in range(2):
                disk.cut_power()
                add(100)
                with pytest.raises(SessionError):
                    writer.flush()
                assert "kept in memory" in writer.trouble
                disk.disconnect()
                add(100)
                with pytest.raises(SessionError, match=r"the file is gone\. Connect"):
                    writer.flush()
                assert disk.connect()
                writer.flush()
        assert stored(path) == list(range(500))
        assert sorted(file.name for file in disk.root.iterdir()) == ["a.glutesym", "lost+found"]
    finally:
        disk.disconnect()


def test_a_full_disk_refuses_a_session_before_it_begins(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    with pytest.raises(OSError, match="No space left"):
        ballast.write_bytes(bytes(3_000_000))
    with pytest.raises(SessionError, match=r"disk is full|No space left|disk failed"):
        create(small_disk / "a.glutesym")
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


UNPRIVILEGED = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from glutesym.errors import SessionError
from glutesym.session.store import add_result, open_session
from glutesym.session.writer import SessionWriter
folder = Path(sys.argv[1])
def create(path):
    return SessionWriter(
        path, exercise="x", started_utc=datetime.now(UTC), started_host_ns=0, host_clock="none"
    )
create(folder / "first.glutesym").close()  # imports what others may not even read
if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)  # nobody: the system refuses an administrator nothing
try:
    create(folder / "refused" / "a.glutesym")
except SessionError as error:
    print(error.reason)
try:
    add_result(folder / "refused" / "old.glutesym", "kind", {}, datetime.now(UTC))
except SessionError as error:
    print(error.reason)
with open_session(folder / "refused" / "old.glutesym") as session:
    print(session.frames(1)[0].size)
own = folder / "allowed" / "own"
with create(own / "a.glutesym") as writer:
    pod = writer.add_pod("left", "a", {})
    writer.add_frame(pod, 1, b"")
    writer.flush()
    own.chmod(0o555)
    (own / "a.glutesym").chmod(0o444)
    writer.add_frame(pod, 2, b"")
    writer.flush()
    print(writer.trouble)
with open_session(own / "a.glutesym") as session:
    print(len(session.arrivals(1)), session.meta.ended)
own.chmod(0o755)
"""


@linux
def test_permissions_are_told_and_never_cost_data(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folder is closed to others
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "refused").mkdir()
        (folder / "allowed").mkdir()
        (folder / "allowed").chmod(0o777)
        with recording(folder / "refused" / "old.glutesym") as (_, add):
            add(3)
        (folder / "refused" / "old.glutesym").chmod(0o444)
        (folder / "refused").chmod(0o555)
        told = subprocess.run(
            [sys.executable, "-c", UNPRIVILEGED, name], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        (folder / "refused").chmod(0o755)
    assert "Permission denied" in told[0]
    assert "Choose a folder" in told[0]
    assert told[1].startswith("the file may not be written to.")
    assert told[2:] == ["3", "", "2 True"]
