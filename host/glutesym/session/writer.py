"""Writes a session file while the session goes on, on a thread of its own.

Durability: the file is in WAL mode with ``synchronous=FULL`` (https://www.sqlite.org/wal.html):
what is committed survives a crash or kill of this program, and a power cut if the disk keeps its
promises. A commit begins 0.1 s after the one before, so less than 250 ms are lost. While a
session is being written, and after a kill, a ``-wal`` and a ``-shm`` file lie beside it and belong
to it; a clean close folds them into the one file.

What cannot be written, because the disk is full, slow or gone, waits in memory and is written as
soon as that is possible. Meanwhile `SessionWriter.trouble` says so.
"""

from __future__ import annotations

import json
import math
import os
import platform
import sqlite3
import threading
import time
from collections import deque
from contextlib import suppress
from datetime import datetime
from importlib.metadata import version
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from glutesym import __version__, wire
from glutesym.errors import SessionError
from glutesym.measures import Side
from glutesym.session.database import (
    create_database,
    fold_into_one_file,
    is_lost,
    reopen_database,
    restore_database,
    resume_database,
    session_errors,
)
from glutesym.session.disk_room import room_s, room_text
from glutesym.session.store import ADD_RESULT, NOT_RECORDED, frame_checksum, result_row
from glutesym.session.subject import PLACEMENT, subject_code

_COMMIT_EVERY_S = 0.1
_SLOW_S = 2.0  # when the disk has not answered for so long, the user is told
_LOOK_EVERY_S = 5.0  # for the room on the disk
_LITTLE_ROOM_S = 600.0
_ROWS_AT_ONCE = 2048  # in one transaction: half a minute of two pods
_MOST_WAITING = 500_000  # rows: two hours of two pods, 200 MB
_PATIENCE_S = 60.0  # at the end
# Frames, probes and events get their numbers here, so a row that was written although the disk
# reported an error is not written twice.
_INSERT = {
    "meta": "REPLACE INTO meta (key, value) VALUES (?, ?)",
    "pods": "INSERT OR IGNORE INTO pods (id, side, address, info) VALUES (?, ?, ?, ?)",
    "frames": "INSERT OR IGNORE INTO frames (id, pod_id, t_host_ns, frame, checksum)"
    " VALUES (?, ?, ?, ?, ?)",
    "probes": "INSERT OR IGNORE INTO probes (id, pod_id, probe_id, t_host_ns) VALUES (?, ?, ?, ?)",
    "events": "INSERT OR IGNORE INTO events (id, t_host_ns, kind, text, pod_id)"
    " VALUES (?, ?, ?, ?, ?)",
    "results": ADD_RESULT,
}
_NUMBERED = ("frames", "probes", "events")
_Row = tuple[object, ...]


class SessionWriter:
    """Writes a new session file.

    ``add_*`` only remember, never wait for the disk, and may be called in any thread; a thread of
    the writer's own commits.

    Parameters
    ----------
    path : Path
        The file to create. Its folder is created when missing.
    exercise : str
        What is exercised.
    started_utc : datetime
        Start of the session, with its time zone.
    started_host_ns : int
        The host clock at that moment, ns: session time 0.
    host_clock : str
        The clock that every ``t_host_ns`` is read from, e.g. ``"CLOCK_BOOTTIME"``.
    subject : str
        Whose session it is, as a code. See `glutesym.session.subject`.
    placement : str
        Where the electrodes are, in the user's words.
    most_waiting : int
        Rows that may wait in memory for the disk. Frames beyond them are counted, told, and noted
        in the session.
    patience_s : float
        How long the end of the session waits for a disk that cannot be written.

    Raises
    ------
    SessionError
        The file exists already, or cannot be created.
    SubjectError
        The subject is no code.
    """

    def __init__(
        self,
        path: Path,
        *,
        exercise: str,
        started_utc: datetime,
        started_host_ns: int,
        host_clock: str,
        subject: str = "",
        placement: str = PLACEMENT,
        most_waiting: int = _MOST_WAITING,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        if started_utc.tzinfo is None:
            raise ValueError("started_utc needs a time zone, e.g. datetime.now(timezone.utc)")
        meta = {
            "exercise": exercise,
            "started_utc": started_utc.isoformat(),
            "started_host_ns": str(started_host_ns),
            "host_clock": host_clock,
            "subject": subject_code(subject),
            "placement": placement,
            "versions": json.dumps(_versions()),
            "ended": "0",
        }
        self._begin(path, create_database(path, meta), most_waiting, patience_s)

    @classmethod
    def resume(cls, path: Path) -> Self:
        """Return a writer that goes on with a session file.

        Raises
        ------
        SessionError
            No such file, not a session, in use, damaged, of a version that this program does not
            know, or it may not be written to.
        """
        writer = cls.__new__(cls)
        writer._begin(path, resume_database(path))
        return writer

    def _begin(
        self,
        path: Path,
        database: sqlite3.Connection,
        most_waiting: int = _MOST_WAITING,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self.path = path
        self._most_waiting = most_waiting
        self._patience_s = patience_s
        (self._pod_count,) = database.execute("SELECT count(*) FROM pods").fetchone()
        self._adding = threading.Lock()
        self._waiting: deque[tuple[str, _Row]] = deque()
        self._dropped = 0  # frames and probes since there was no room for them in memory
        self._dropped_ns = 0  # the first of them
        # All below belongs to whoever writes.
        self._writing = threading.Lock()
        self._batch: list[tuple[str, _Row]] = []  # taken from those that wait, not committed yet
        self._numbers = {table: count(_next_number(database, table)) for table in _NUMBERED}
        self._failure = ""  # why the last commit failed
        self._saved_s = time.monotonic()  # when there was last nothing to save
        self._room_s = room_s(path.parent)
        self._closed = False
        self._give_up_s = math.inf  # then the end of the session is not waited for any more
        self._stopping = threading.Event()
        self._database: sqlite3.Connection | None = database
        self._thread = threading.Thread(target=self._write_regularly, name="disk", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(ended=kind is None)

    @property
    def pod_count(self) -> int:
        """How many pods have been added."""
        return self._pod_count

    @property
    def trouble(self) -> str:
        """Why what arrives is not saved, or soon cannot be, and what to do; else empty."""
        unsaved_s = time.monotonic() - self._saved_s
        reason = self._failure
        if not reason and unsaved_s > _SLOW_S:
            reason = _SLOW
        if not reason:
            return room_text(self._room_s) if self._room_s < _LITTLE_ROOM_S else ""
        if self._dropped:
            reason += f" Memory is full: {self._dropped} frames are lost."
        if self._closed:
            left_s = max(0.0, self._give_up_s - time.monotonic())
            reason += f" The session is over: it is tried for another {left_s:.0f} s."
        return f"Not saved for {unsaved_s:.0f} s, kept in memory: {reason}"

    def add_pod(self, side: Side, address: str, info: dict[str, Any]) -> int:
        """Add a pod and return the id under which its frames are added."""
        with self._adding:
            self._pod_count += 1
            pod_id = self._pod_count
            self._waiting.append(("pods", (pod_id, side, address, json.dumps(info))))
        return pod_id

    def add_frame(self, pod_id: int, t_host_ns: int, frame: bytes | bytearray) -> None:
        """Add bytes as received, whatever their length or content, with their time of arrival."""
        frame = bytes(frame)
        checksum = frame_checksum(pod_id, t_host_ns, frame)
        self._add("frames", t_host_ns, (pod_id, t_host_ns, frame, checksum))

    def add_probe(self, pod_id: int, probe_id: int, t_host_ns: int) -> None:
        """Add a clock probe with the host time immediately before it was written."""
        self._add("probes", t_host_ns, (pod_id, probe_id, t_host_ns))

    def add_event(
        self, t_host_ns: int, kind: str, text: str = "", pod_id: int | None = None
    ) -> None:
        """Add an event, of one pod or of the whole session."""
        storable = text.encode(errors="replace").decode()  # without halves of characters
        self._waiting.append(("events", (t_host_ns, kind, storable, pod_id)))

    def add_result(self, kind: str, content: dict[str, Any], made_utc: datetime) -> None:
        """Add what was found about the session. See `glutesym.session.store.add_result`."""
        self._waiting.append(("results", result_row(kind, content, made_utc)))

    def flush(self) -> None:
        """Commit everything added so far, now and in this thread.

        Raises
        ------
        SessionError
            The file cannot be written. Nothing is forgotten: what was committed before is safe,
            and the rest will be written as soon as that is possible.
        """
        with self._writing:
            try:
                self._write_what_waits()
            except SessionError as error:
                self._failure = error.reason
                if is_lost(error):
                    self._disconnect()
                raise
            except Exception as error:  # a row that no database takes
                self._failure = f"glutesym has a fault ({error!r}). Please report it."
                raise SessionError(self.path, self._failure) from error
            self._failure = ""
            self._saved_s = time.monotonic()

    def close(self, ended: bool = True) -> None:
        """Write the rest and close; a second call does nothing.

        Parameters
        ----------
        ended : bool
            The session ended as intended, not by an error.

        Raises
        ------
        SessionError
            The last data could not be written, for as long as ``patience_s``; the file is closed
            all the same.
        """
        if self._closed:
            return
        self._give_up_s = time.monotonic() + self._patience_s
        self._closed = True
        with self._adding:
            self._note_dropped()
        if ended:
            self._waiting.append(("meta", ("ended", "1")))
        self._stopping.set()
        self._thread.join(max(self._patience_s, _SLOW_S))
        if self._thread.is_alive():
            raise SessionError(self.path, self._what_is_missing(_SLOW))
        while True:
            try:
                self.flush()
                break
            except SessionError as error:
                if time.monotonic() >= self._give_up_s:
                    self._disconnect()
                    raise SessionError(self.path, self._what_is_missing(error.reason)) from error
            time.sleep(_COMMIT_EVERY_S)
        if self._database is not None:
            fold_into_one_file(self._database)
        self._disconnect()
        self._saved_s = math.inf  # for ever

    def _add(self, table: str, t_host_ns: int, row: _Row) -> None:
        with self._adding:
            if len(self._waiting) >= self._most_waiting:
                self._dropped_ns = self._dropped_ns if self._dropped else t_host_ns
                self._dropped += 1
                return
            self._note_dropped()
            self._waiting.append((table, row))

    def _note_dropped(self) -> None:
        """Put into the session that something is missing from it."""
        if self._dropped:
            text = f"{self._dropped} frames and probes: the disk failed until memory was full"
            self.add_event(self._dropped_ns, NOT_RECORDED, text)
            self._dropped = 0

    def _write_regularly(self) -> None:
        looked_s = time.monotonic()
        while not self._stopping.wait(_COMMIT_EVERY_S):
            with suppress(SessionError):  # the user is told by `trouble`; it is tried again
                self.flush()
            if time.monotonic() - looked_s > _LOOK_EVERY_S:
                looked_s = time.monotonic()
                self._room_s = room_s(self.path.parent)

    def _write_what_waits(self) -> None:
        if self._database is None:
            self._database = reopen_database(self.path)
        while self._take_batch():
            with session_errors(self.path), self._database:
                for table, insert in _INSERT.items():
                    rows = [row for its_table, row in self._batch if its_table == table]
                    if rows:
                        self._database.executemany(insert, rows)
            self._batch.clear()
        if not os.path.exists(self.path):
            restore_database(self.path, self._database)
            self._database = reopen_database(self.path)

    def _take_batch(self) -> bool:
        """Take the next rows, unless some are left that could not be written; False: no more."""
        while self._waiting and len(self._batch) < _ROWS_AT_ONCE:
            table, row = self._waiting.popleft()
            if table in _NUMBERED:
                row = (next(self._numbers[table]), *row)
            self._batch.append((table, row))
        return bool(self._batch)

    def _disconnect(self) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
            self._database = None

    def _what_is_missing(self, reason: str) -> str:
        frames = sum(table == "frames" for table, _ in (*self._batch, *self._waiting))
        if not frames:
            return f"every frame is in it, but it could not be finished: {reason}"
        seconds = time.monotonic() - self._saved_s
        return f"{frames} frames of the last {seconds:.0f} s could not be saved: {reason}"


_SLOW = "the disk does not answer. Check that it is connected, and close what else uses it."


def _next_number(database: sqlite3.Connection, table: str) -> int:
    (number,) = database.execute(f"SELECT ifnull(max(id), 0) + 1 FROM {table}").fetchone()
    return number


def _versions() -> dict[str, str]:
    return {
        "glutesym": __version__,
        **{name: version(name) for name in ("bleak", "numpy", "scipy")},
        "protocol": str(wire.VERSION),
        "python": platform.python_version(),
        "system": platform.platform(),
    }
