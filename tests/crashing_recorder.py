"""A recorder that is killed at a random moment, and what its file then holds.

Run as a program it records two pods in real time, at the rate of real ones, and reports each row
on its standard output once it has been added. Rows are numbered across all tables, so a file that
holds the first ones without a gap is complete up to some moment.
"""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from glutesym import wire
from glutesym.errors import SessionError
from glutesym.session.store import open_session
from glutesym.session.writer import SessionWriter

FRAMES_PER_S = 33.5  # of each pod: docs/how-it-works.md
_PROBE_EVERY = 24  # frames: 0.7 s
_PAGE_BYTES = 4096


def frame(number: int) -> bytes:
    """Return a frame that carries its number all over."""
    return number.to_bytes(4, "little") * (wire.FRAME_BYTES // 4)


def record(path: Path, rows_before: int, seconds: float) -> None:
    """Record until killed, or for some time; reports "number time_ns" of each row."""
    with SessionWriter(
        path, exercise="x", started_utc=datetime.now(UTC), started_host_ns=0, host_clock="none"
    ) as writer:
        pods = [writer.add_pod("left", "a", {}), writer.add_pod("right", "b", {})]
        numbers = count()
        for number in range(rows_before):  # a file that has some length already
            writer.add_frame(pods[number % 2], next(numbers), frame(number))
        writer.flush()
        print("begun", flush=True)
        begin_s = time.perf_counter()
        for step in count():
            wait_s = begin_s + step / FRAMES_PER_S - time.perf_counter()
            if wait_s > 0:
                time.sleep(wait_s)
            if step / FRAMES_PER_S > seconds:
                break
            for pod in pods:
                number, now_ns = next(numbers), time.perf_counter_ns()
                writer.add_frame(pod, number, frame(number))
                print(number, now_ns, flush=True)
                if step % _PROBE_EVERY == 0:
                    number, now_ns = next(numbers), time.perf_counter_ns()
                    writer.add_probe(pod, number, number)
                    print(number, now_ns, flush=True)


@dataclass
class Outcome:
    """What a crash left."""

    rows: int  # that are in the file
    lost_ms: float  # how long before the crash the oldest row was added that is not in it
    damage: str = ""  # what is wrong with the file; nothing, it is hoped


class Recorder:
    """A recording in a process of its own, which has begun.

    Parameters
    ----------
    path : Path
    rows_before : int
        So many are in the file when it begins.
    seconds : float
        It ends then.
    """

    def __init__(self, path: Path, rows_before: int = 0, seconds: float = 1e9) -> None:
        self.path = path
        self._rows_before = rows_before
        self._added_ns: dict[int, int] = {}  # when each row was
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(path), str(rows_before), str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "begun\n"

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it stand still."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> int:
        """Kill it, and return when."""
        now_ns = time.perf_counter_ns()
        self._process.kill()
        assert self._process.stdout is not None
        with self._process:
            reports = [line.split() for line in self._process.stdout if line.endswith("\n")]
        self._added_ns = {int(number): int(t_ns) for number, t_ns in reports}
        return now_ns

    def outcome(self, crash_ns: int) -> Outcome:
        """Compare the file of a killed recorder with what it had reported."""
        try:
            rows = check(self.path)
        except (AssertionError, SessionError, sqlite3.Error) as error:
            return Outcome(0, float("nan"), repr(error))
        if rows < self._rows_before:
            return Outcome(rows, float("nan"), f"{rows} rows of {self._rows_before} flushed ones")
        lost_ns = [crash_ns - t_ns for number, t_ns in self._added_ns.items() if number >= rows]
        return Outcome(rows, max([0, *lost_ns]) / 1e6)


def kill_at(path: Path, random: random.Random) -> Outcome:
    """Let somebody record, and kill him at a random moment."""
    after_s = random.uniform(0.0, 4.0)
    # Every fourth just ends when he is killed; and some logs are about to be folded in.
    seconds = after_s - random.uniform(0.0, 0.03) if random.random() < 0.25 else 1e9
    recorder = Recorder(path, random.randrange(6000), seconds)
    time.sleep(after_s)
    return recorder.outcome(recorder.kill())


def check(path: Path) -> int:
    """Return how many rows a session file holds, which must be the first ones, undamaged.

    Raises
    ------
    AssertionError, SessionError, sqlite3.Error
        The file is damaged, or a row is missing before others.
    """
    with open_session(path) as session:
        frames = [row for pod in session.pods for row in session.arrivals(pod.id)]
        probes = [t for pod in session.pods for t in session.probes(pod.id)[1].tolist()]
    assert all(data == frame(number) for number, data in frames), "a frame is damaged"
    numbers = sorted([number for number, _ in frames] + probes)
    assert numbers == list(range(len(numbers))), "rows are missing between others"
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return len(numbers)


def copies(path: Path, folder: Path, random: random.Random) -> dict[str, Path]:
    """Copy a session that stands still, as a power cut might leave it: whole, and damaged.

    The log is damaged at its end, as by writes that did not reach the disk. That may happen to
    any part of it, as long as nothing of it has been folded into the file.
    """
    folder.mkdir()
    made: dict[str, Path] = {}

    def copy(name: str, shm: bool) -> Path:
        """Return the log of a new copy."""
        made[name] = folder / f"{name}.glutesym"
        for ending in ("", "-wal", *(["-shm"] if shm else [])):
            shutil.copyfile(f"{path}{ending}", f"{made[name]}{ending}")
        return Path(f"{made[name]}-wal")

    copy("whole, with -shm", True)
    copy("whole, without -shm", False)
    cut = copy("-wal cut short", random.random() < 0.5)
    size = cut.stat().st_size
    with cut.open("r+b") as file:
        file.truncate(random.randrange(size + 1))
    zeroed = copy("-wal with pages of zeros", random.random() < 0.5)
    with zeroed.open("r+b") as file:
        for _ in range(random.randrange(1, 4)):
            file.seek(random.randrange(size // 2, size) // _PAGE_BYTES * _PAGE_BYTES)
            file.write(bytes(_PAGE_BYTES))
    return made


if __name__ == "__main__":
    record(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
