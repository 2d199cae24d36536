"""A session file keeps every byte that was flushed, whatever happens to its writer."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glutesym import wire
from glutesym.errors import SessionError
from glutesym.session.database import sqlite_uri
from glutesym.session.names import SUFFIX
from glutesym.session.store import StoredEvent, open_session
from glutesym.session.writer import SessionWriter

STARTED = datetime(2026, 5, 4, 16, 30, 9, tzinfo=UTC)
ZERO_NS = 7_000_000_000


def frame(number: int) -> bytes:
    """Return a frame that carries its number all over."""
    return number.to_bytes(4, "little") * (wire.FRAME_BYTES // 4)


def create(path: Path) -> SessionWriter:
    return SessionWriter(
        path,
        exercise="hip thrust",
        started_utc=STARTED,
        started_host_ns=ZERO_NS,
        host_clock="time.perf_counter_ns",
    )


def test_everything_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.glutesym"
    info = {"board": "µ", "unique_id": "e661", "gain": 12, "list": [1, None]}
    with create(path) as writer:
        left = writer.add_pod("left", "AA:BB", info)
        right = writer.add_pod("right", "CC:DD", {})
        writer.add_frame(left, 10, bytearray(frame(1)))
        writer.add_frame(right, 11, frame(2))
        writer.add_frame(left, 12, frame(3))
        writer.add_frame(left, 13, b"short")
        writer.add_frame(left, 14, b"")
        writer.add_probe(right, 5, 20)
        writer.add_probe(right, 6, 30)
        writer.add_event(ZERO_NS + 1_500_000_000, "marker", "felt uneven")
        writer.add_event(ZERO_NS + 2_000_000_000, "disconnected", pod_id=right)

    assert [p.name for p in path.parent.iterdir()] == ["a.glutesym"]  # one self-contained file
    with open_session(path) as session:
        assert session.meta.exercise == "hip thrust"
        assert session.meta.started_utc == STARTED
        assert session.meta.started_host_ns == ZERO_NS
        assert session.meta.host_clock == "time.perf_counter_ns"
        assert session.meta.versions["protocol"] == str(wire.VERSION)
        assert session.meta.ended
        assert [(p.id, p.side, p.address, p.info) for p in session.pods] == [
            (left, "left", "AA:BB", info),
            (right, "right", "CC:DD", {}),
        ]
        t_ns, frames = session.frames(left)
        assert t_ns.tolist() == [10, 12]
        assert frames.tobytes() == frame(1) + frame(3)
        assert session.bad_frames(left) == [(13, b"short"), (14, b"")]
        probe_id, probe_ns = session.probes(right)
        assert probe_id.tolist() == [5, 6]
        assert probe_ns.tolist() == [20, 30]
        assert session.probes(left)[0].size == 0
        assert session.events() == (
            StoredEvent(1.5, "marker", "felt uneven", None),
            StoredEvent(2.0, "disconnected", "", "right"),
        )


arrivals = st.lists(
    st.tuples(
        st.integers(1, 2),
        st.integers(-(2**63), 2**63 - 1),
        st.one_of(
            st.binary(max_size=300),
            st.binary(min_size=wire.FRAME_BYTES, max_size=wire.FRAME_BYTES),
        ),
        st.booleans(),  # flush afterwards
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=40)
@given(arrivals)
def test_any_bytes_round_trip(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, bytes, bool]]
) -> None:
    path = tmp_path_factory.mktemp("session") / "a.glutesym"
    with create(path) as writer:
        pods = [writer.add_pod("left", "a", {}), writer.add_pod("right", "b", {})]
        for pod, t_ns, data, flush in rows:
            writer.add_frame(pods[pod - 1], t_ns, data)
            if flush:
                writer.flush()
    with open_session(path) as session:
        for number, pod in enumerate(pods, 1):
            sent = [(t, d) for p, t, d, _ in rows if p == number]
            t_ns, frames = session.frames(pod)
            assert frames.dtype == np.uint8
            assert list(zip(t_ns.tolist(), map(bytes, frames), strict=True)) == [
                row for row in sent if len(row[1]) == wire.FRAME_BYTES
            ]
            assert session.bad_frames(pod) == [
                row for row in sent if len(row[1]) != wire.FRAME_BYTES
            ]


def test_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.glutesym"
    with create(path) as writer:
        pod = writer.add_pod("left", "a", {})
        writer.add_frame(pod, 1, frame(1))
        writer.flush()
        with open_session(path) as session:
            assert not session.meta.ended
            assert session.frames(pod)[0].tolist() == [1]
            writer.add_frame(pod, 2, frame(2))
            writer.flush()
            assert session.frames(pod)[0].tolist() == [1, 2]
            writer.close()  # while somebody reads
            assert session.frames(pod)[0].tolist() == [1, 2]
    with open_session(path) as session:
        assert session.meta.ended
        assert session.frames(pod)[0].tolist() == [1, 2]


KILLED = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from glutesym.session.writer import SessionWriter
path = Path(sys.argv[1])
writer = SessionWriter(
    path, exercise="x", started_utc=datetime.now(UTC), started_host_ns=0, host_clock="none"
)
pod = writer.add_pod("left", "a", {})
number = 0
while True:
    for _ in range(20):
        writer.add_frame(pod, number, number.to_bytes(4, "little") * 61)
        number += 1
    writer.flush()
    print(number, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_kill_loses_only_what_was_not_flushed(tmp_path: Path) -> None:
    path = tmp_path / "a.glutesym"
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        flushed = 0
        while flushed < 4000:
            flushed = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        flushed = int((process.stdout.read().splitlines() or [flushed])[-1])
    for _ in range(2):  # opening it does not change what is in it
        with open_session(path) as session:
            assert not session.meta.ended
            t_ns, frames = session.frames(session.pods[0].id)
            assert t_ns.size >= flushed
            np.testing.assert_array_equal(t_ns, np.arange(t_ns.size))
            np.testing.assert_array_equal(frames.view("<u4")[:, 0], t_ns)


def test_an_error_in_the_recorder_leaves_the_session_open_ended(tmp_path: Path) -> None:
    path = tmp_path / "a.glutesym"

    def record() -> None:
        with create(path) as writer:
            writer.add_frame(writer.add_pod("left", "a", {}), 1, frame(1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        record()
    with open_session(path) as session:
        assert not session.meta.ended
        assert session.frames(1)[0].tolist() == [1]


def test_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "a.glutesym"
    create(path).close()
    before = path.read_bytes()
    with pytest.raises(SessionError, match="exists already and is never overwritten"):
        create(path)
    assert path.read_bytes() == before


def test_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SessionError, match="Choose"):
            create(folder / "a.glutesym")


def test_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def refuse(path: Path, *args: Any, **kwargs: Any) -> IO[Any]:
        if path.suffix == SUFFIX:
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)  # the system itself refuses root nothing
    with pytest.raises(SessionError, match=r"Permission denied.*Choose a folder"):
        create(tmp_path / "a.glutesym")


def test_start_needs_a_time_zone(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="time zone"):
        SessionWriter(
            tmp_path / "a",
            exercise="",
            started_utc=datetime(2026, 1, 1),
            started_host_ns=0,
            host_clock="none",
        )


def test_wrong_files_are_named_for_what_they_are(tmp_path: Path) -> None:
    def write(name: str, data: bytes) -> Path:
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    good = tmp_path / "good.glutesym"
    with create(good) as writer:
        pod = writer.add_pod("left", "a", {})
        for number in range(500):
            writer.add_frame(pod, number, frame(number))
    whole = good.read_bytes()
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE meta (key, value)")
    database.close()

    for path, message in (
        (tmp_path / "missing", "no such session file"),
        (tmp_path, "this is a folder"),
        (write("empty", b""), "not a glutesym session"),
        (write("text.csv", b"time_s,emg_uv\n" * 99), "not a glutesym session"),
        (other, "not a glutesym session"),
    ):
        with pytest.raises(SessionError, match=message) as caught:
            open_session(path)
        assert caught.value.path == str(path)

    with pytest.raises(SessionError, match="damaged"):  # cut short while it was copied
        open_session(write("cut", whole[: len(whole) // 2])).frames(1)
    lacking = write("lacking", whole)
    with sqlite3.connect(lacking) as database:
        database.execute("DROP TABLE frames")
    database.close()
    with pytest.raises(SessionError, match=r"damaged \(no such table: frames\)\. Copy it again"):
        open_session(lacking).frames(1)
    sideless = write("sideless", whole)
    with sqlite3.connect(sideless) as database:
        database.execute("UPDATE pods SET side = 'legt'")
    database.close()
    with pytest.raises(SessionError, match=r"description is damaged.*a pod's side is legt"):
        open_session(sideless)
    with sqlite3.connect(good) as database:
        database.execute("DELETE FROM meta WHERE key = 'started_utc'")
    database.close()
    with pytest.raises(SessionError, match="description is damaged"):
        open_session(good)


def test_a_flipped_bit_is_never_taken_for_what_was_recorded(tmp_path: Path) -> None:
    path, damaged = tmp_path / "a.glutesym", tmp_path / "damaged.glutesym"
    sent = [(ZERO_NS + number, frame(number)) for number in range(40)]
    with create(path) as writer:
        pod = writer.add_pod("left", "a", {})
        for t_ns, data in sent:
            writer.add_frame(pod, t_ns, data)
    whole = path.read_bytes()
    random = np.random.default_rng(8)
    told = 0
    for bit in random.integers(8 * len(whole), size=300):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        damaged.write_bytes(flipped)
        try:
            with open_session(damaged) as session:
                arrivals, count = session.arrivals(pod), session.damaged_frames(pod)
                t_ns, frames = session.frames(pod)
        except SessionError:
            told += 1
            continue
        assert set(arrivals) <= set(sent)
        assert list(zip(t_ns.tolist(), map(bytes, frames), strict=True)) == arrivals
        told += count > 0
    assert told > 60  # a part of the file is empty


def test_a_frame_whose_row_was_damaged_is_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.glutesym"
    with create(path) as writer:
        left, right = writer.add_pod("left", "a", {}), writer.add_pod("right", "b", {})
        for number in range(9):
            writer.add_frame(left, number, frame(number))
        writer.add_frame(left, 9, b"short")
    with sqlite3.connect(path) as database:
        for change in (
            "frame = zeroblob(240) WHERE id = 1",
            "t_host_ns = t_host_ns + 1024 WHERE id = 2",
            "t_host_ns = 'x' WHERE id = 3",
            "frame = 7.5 WHERE id = 4",
            f"pod_id = {right} WHERE id = 5",
            "pod_id = 99 WHERE id = 7",
            "checksum = checksum + 1 WHERE id = 6",
            "frame = 'shirt' WHERE id = 10",
        ):
            database.execute(f"UPDATE frames SET {change}")
    database.close()
    with open_session(path) as session:
        assert session.frames(left)[0].tolist() == [7, 8]
        assert (session.damaged_frames(left), session.damaged_frames(right)) == (7, 1)
        assert session.bad_frames(left) == session.arrivals(right) == []


@pytest.mark.parametrize("damage", ["x'00'", "'x'", "1 << 60", "1.5"])
def test_the_length_is_that_of_the_last_whole_frame(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "a.glutesym"
    with create(path) as writer:
        pod = writer.add_pod("left", "a", {})
        for second in (1, 2, 3):
            writer.add_frame(pod, ZERO_NS + second * 10**9, frame(second))
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE frames SET t_host_ns = {damage} WHERE id = 3")
    database.close()
    with open_session(path) as session:
        assert session.length_s() == 2.0


def test_a_windows_share_has_no_host_for_sqlite() -> None:
    assert sqlite_uri("file:///C:/a%20b.glutesym") == "file:///C:/a%20b.glutesym"
    assert sqlite_uri("file://nas/gym/a.glutesym") == "file:////nas/gym/a.glutesym"


def test_odd_names_open(tmp_path: Path) -> None:
    path = tmp_path / "50% of #1? ü.glutesym"
    create(path).close()
    with open_session(path) as session:
        assert session.pods == ()
        t_ns, frames = session.frames(1)
        assert (t_ns.shape, frames.shape) == ((0,), (0, wire.FRAME_BYTES))


def test_a_long_session_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Ten minutes of two pods, 33 frames a second each."""
    path = tmp_path / "a.glutesym"
    count = 10 * 60 * 33
    data = [frame(number) for number in range(count)]
    with create(path) as writer:
        pods = [writer.add_pod("left", "a", {}), writer.add_pod("right", "b", {})]
        for number in range(count):
            for pod in pods:
                writer.add_frame(pod, number, data[number])
    with open_session(path) as session:
        for pod in pods:
            t_ns, frames = session.frames(pod)
            np.testing.assert_array_equal(t_ns, np.arange(count))
            np.testing.assert_array_equal(frames.view("<u4")[:, -1], np.arange(count))
