"""The folder of sessions: whether it can be written to, how fast, and for how long."""

from __future__ import annotations

import math
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from glutesym import host_clock
from glutesym.doctor.finding import Finding
from glutesym.errors import reason_of
from glutesym.session.disk_room import SHORT_S, room_s
from glutesym.session.resume import interrupted_lately

_COMMITS = 8
_SLOW_S = 0.25  # a recording commits four times a second
_FRAME = bytes(16_384)  # of both pods in a quarter of a second


def folder(path: Path) -> Iterator[Finding]:
    """Tell whether sessions can be kept in a folder, by writing a database there and removing it.

    The folder need not exist; it is not created.
    """
    path = path.absolute()
    if path.exists() and not path.is_dir():
        fix = "Choose another folder: `--folder`."
        yield Finding("storage", "Folder", "problem", f"{path} is a file", fix)
        return
    where = next(place for place in (path, *path.parents) if place.exists())
    note = "" if where == path else ", which a session will create"
    try:
        with tempfile.TemporaryDirectory(prefix=".glutesym-doctor-", dir=where) as scratch:
            mode, slowest_s = _commit(Path(scratch) / "try.sqlite")
    except (OSError, sqlite3.Error) as error:
        why = reason_of(error)
        fix = f"Choose a folder of your own: `--folder`{_take(where)}."
        yield Finding("storage", "Folder", "problem", f"{path} cannot be written to ({why})", fix)
        return
    speed = f"a commit takes up to {1000 * slowest_s:.0f} ms"
    found = f"{path}{note}; {speed}"
    if mode != "wal":
        fix = "Record into a folder on a disk of this computer: `--folder`."
        found = f"{path} is on a file system without SQLite's write-ahead log, such as a network's"
        yield Finding("storage", "Folder", "problem", found, fix)
    elif slowest_s > _SLOW_S:
        fix = "Nothing is lost; but record onto a faster disk if the live view says that it waits."
        yield Finding("storage", "Folder", "warning", f"{found}: slow", fix)
    else:
        yield Finding("storage", "Folder", "ok", found)


def room(path: Path, room_of: Callable[[Path], float] = room_s) -> Iterator[Finding]:
    """Tell for how long a folder's disk has room."""
    seconds = room_of(path.absolute())
    if math.isinf(seconds):
        yield Finding("storage", "Room", "not checked", "nobody knows how full the disk is")
        return
    found = f"for {seconds / 3600:,.0f} h of both pods"
    if seconds >= SHORT_S:
        yield Finding("storage", "Room", "ok", found)
        return
    found = f"for {seconds / 60:.0f} min of both pods only"
    mark = "warning" if seconds > 60 else "problem"
    yield Finding("storage", "Room", mark, found, "Free some space, or choose another `--folder`.")


def interrupted(path: Path) -> Iterator[Finding]:
    """Tell whether pods may still hold a part of a session."""
    now = host_clock.NAME, host_clock.now_ns(), datetime.now(UTC)
    lately = interrupted_lately(path, *now)
    if lately is not None:
        found = (
            f"{lately.path} was interrupted {lately.ago_s / 60:.0f} min ago; its pods may still "
            "hold what followed"
        )
        fix = f"`glutesym live --resume {lately.path}`."
        yield Finding("storage", "Interrupted session", "warning", found, fix)


def _commit(path: Path) -> tuple[str, float]:
    """Write as a recording does; return the journal's mode and the longest commit in seconds."""
    slowest_s = 0.0
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        (mode,) = database.execute("PRAGMA journal_mode = WAL").fetchone()
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE frames (data BLOB)")
        for _ in range(_COMMITS):
            begin_s = time.perf_counter()
            database.execute("INSERT INTO frames VALUES (?)", (_FRAME,))
            slowest_s = max(slowest_s, time.perf_counter() - begin_s)
    return str(mode), slowest_s


def _take(where: Path) -> str:
    """Return how to make a folder one's own, where that is known."""
    return f", or `sudo chown $USER {where}`" if os.name == "posix" else ""
