"""The session file: raw frames exactly as received, with host times, in one SQLite database.

Nothing in it is processed, so everything derived from it can be made again by a later version.

`glutesym.session.writer` writes it.
"""

from __future__ import annotations

import json
import sqlite3
import struct
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from glutesym import wire
from glutesym.errors import SessionError
from glutesym.measures import SIDES, Side
from glutesym.session.database import (
    COPY_AGAIN,
    changed_database,
    open_database,
    session_errors,
)
from glutesym.session.subject import PLACEMENT

CONNECTED, DISCONNECTED = "connected", "disconnected"  # events of a pod
GIVEN_UP = "given up"  # event of a pod whose last data could not be fetched, at the stop
WORN_SWAPPED = "worn swapped"  # event of a pod: it was provisioned for the other side
MAINS = "mains hum taken out"  # event: from now on, at the frequency that its text tells
NOT_RECORDED = "not recorded"  # event: frames arrived and could not be kept
ADD_RESULT = "INSERT INTO results (made_utc, kind, json) VALUES (?, ?, ?)"
# Pod, time, frame and checksum, of the types that they were written with, whatever damage made
# of them.
_FRAMES = (
    "SELECT ifnull(CAST(pod_id AS INTEGER), 0), ifnull(CAST(t_host_ns AS INTEGER), 0),"
    " ifnull(CAST(frame AS BLOB), x''), CAST(checksum AS INTEGER) FROM frames"
)
_Frame = tuple[int, int, bytes, int | None]


@dataclass(frozen=True)
class SessionMeta:
    """What is known about a session as a whole."""

    exercise: str
    started_utc: datetime
    started_host_ns: int  # host clock at ``started_utc``: session time 0
    host_clock: str  # which clock t_host_ns was read from
    versions: dict[str, str]  # of the software that recorded it
    ended: bool  # False: still being written, or the recorder was interrupted
    subject: str = ""  # whose session it is: a code, never a name; "": not given
    placement: str = PLACEMENT  # of the electrodes


@dataclass(frozen=True)
class StoredPod:
    """A pod that took part."""

    id: int
    side: Side
    address: str
    info: dict[str, object]  # what the pod said about itself


@dataclass(frozen=True)
class StoredEvent:
    """Something that happened: a marker, a disconnection, a calibration."""

    time_s: float  # session time: seconds since the session started
    kind: str
    text: str = ""
    side: Side | None = None  # the pod that it concerns; None: the whole session


class StoredSession:
    """A session file opened for reading; see :func:`open_session`.

    Every read shows what is committed at that moment, also while the session is being written.

    Attributes
    ----------
    path : Path
    meta : SessionMeta
        As of opening.
    pods : tuple of StoredPod
        As of opening, in the order in which they joined.
    """

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self.path = path
        self._database = database
        try:
            self.meta = _meta(dict(self._rows("SELECT key, value FROM meta", ())))
            rows = self._rows("SELECT id, side, address, info FROM pods ORDER BY id", ())
            self.pods = tuple(
                StoredPod(pod_id, side, address, json.loads(info))
                for pod_id, side, address, info in rows
            )
            if strange := {pod.side for pod in self.pods}.difference(SIDES):
                raise ValueError(f"a pod's side is {', '.join(strange)}")
        except (KeyError, ValueError) as error:
            reason = f"its description is damaged ({error!r}). {COPY_AGAIN}"
            raise SessionError(path, reason) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def frames(self, pod_id: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return a pod's frames of the right length, in order of arrival.

        Returns
        -------
        t_host_ns : ndarray of int64, shape (n,)
            Host time of arrival.
        frames : ndarray of uint8, shape (n, FRAME_BYTES)
            Read-only.

        Raises
        ------
        SessionError
            The file is damaged.
        """
        times = array("q")
        data = bytearray()
        for t_host_ns, frame in self._intact(pod_id):
            if len(frame) == wire.FRAME_BYTES:
                times.append(t_host_ns)
                data += frame
        frames = np.frombuffer(memoryview(data).toreadonly(), np.uint8)
        return np.array(times, np.int64), frames.reshape(-1, wire.FRAME_BYTES)

    def by_side(self) -> dict[Side, StoredPod]:
        """Return the pods, each by its side, in the order in which they joined.

        Raises
        ------
        SessionError
            A side has two pods.
        """
        pods: dict[Side, StoredPod] = {}
        for pod in self.pods:
            if pod.side in pods:
                raise SessionError(
                    self.path,
                    f"two pods say that they are the {pod.side} one. Change one of them with "
                    "`glutesym settings POD --side ...` and record again.",
                )
            pods[pod.side] = pod
        return pods

    def arrivals(self, pod_id: int) -> list[tuple[int, bytes]]:
        """Return ``(t_host_ns, bytes)`` of everything a pod sent, in order of arrival.

        Raises
        ------
        SessionError
            The file is damaged.
        """
        return list(self._intact(pod_id))

    def bad_frames(self, pod_id: int) -> list[tuple[int, bytes]]:
        """Return ``(t_host_ns, bytes)`` of everything a pod sent that has not a frame's length.

        Raises
        ------
        SessionError
            The file is damaged.
        """
        other = "WHERE pod_id = ? AND length(CAST(frame AS BLOB)) IS NOT ? ORDER BY id"
        frames = self._frames(other, pod_id, wire.FRAME_BYTES)
        return [frame[1:3] for frame in frames if _is_intact(frame)]

    def damaged_frames(self, pod_id: int) -> int:
        """Return how many frames are not as they were written: no other method returns them.

        Of files that older versions wrote nobody knows: they have no checksums.

        Raises
        ------
        SessionError
            The file is damaged as a whole.
        """
        own = self._frames("WHERE pod_id = ?", pod_id)
        of_nobody = self._frames("WHERE pod_id IS NULL OR pod_id NOT IN (SELECT id FROM pods)")
        return sum(not _is_intact(frame) for frame in own) + sum(
            _is_intact((pod_id, *frame[1:])) for frame in of_nobody
        )

    def probes(self, pod_id: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the clock probes written to a pod.

        Returns
        -------
        probe_id : ndarray of int64, shape (n,)
        t_host_ns : ndarray of int64, shape (n,)
            Host time immediately before each was written.

        Raises
        ------
        SessionError
            The file is damaged.
        """
        rows = self._rows(
            "SELECT probe_id, t_host_ns FROM probes WHERE pod_id = ? ORDER BY id", (pod_id,)
        )
        table = np.array(rows, np.int64).reshape(-1, 2)
        return table[:, 0].copy(), table[:, 1].copy()

    def length_s(self) -> float:
        """Return how long it has been until the last frame; 0: there is none.

        Raises
        ------
        SessionError
            The file is damaged.
        """
        for frame in self._frames("ORDER BY id DESC"):
            if _is_intact(frame):
                return max(0.0, (frame[1] - self.meta.started_host_ns) * 1e-9)
        return 0.0

    def mains_hz(self) -> int | None:
        """Return the frequency of the hum that it was recorded to be measured without."""
        told = [event.text for event in self.events() if event.kind == MAINS]
        return next((hz for hz in (50, 60) if told and told[-1] == f"{hz} Hz"), None)

    def events(self) -> tuple[StoredEvent, ...]:
        """Return all events in the order in which they were added.

        Raises
        ------
        SessionError
            The file is damaged.
        """
        rows = self._rows(
            "SELECT t_host_ns, kind, text, side FROM events"
            " LEFT JOIN pods ON pods.id = events.pod_id ORDER BY events.id",
            (),
        )
        zero_ns = self.meta.started_host_ns
        return tuple(StoredEvent((t_ns - zero_ns) * 1e-9, *rest) for t_ns, *rest in rows)

    def results(self, kind: str) -> list[tuple[datetime, dict[str, Any]]]:
        """Return when results of a kind were made, and what they say, in the order added.

        Raises
        ------
        SessionError
            The file is damaged.
        """
        rows = self._rows("SELECT made_utc, json FROM results WHERE kind = ? ORDER BY id", (kind,))
        try:
            return [(datetime.fromisoformat(made), json.loads(text)) for made, text in rows]
        except ValueError as error:
            reason = f"its results are damaged ({error!r}). {COPY_AGAIN}"
            raise SessionError(self.path, reason) from error

    def edit_rows(self) -> list[tuple[str, str, str, str]]:
        """Return ``(made_utc, made_by, kind, json)`` of all edits: see `session.edit_log`.

        Raises
        ------
        SessionError
            The file is damaged.
        """
        return self._rows("SELECT made_utc, made_by, kind, json FROM edits ORDER BY id", ())

    def _intact(self, pod_id: int) -> Iterator[tuple[int, bytes]]:
        """Yield when and what a pod sent, as far as it is what was written."""
        frames = self._frames("WHERE pod_id = ? ORDER BY id", pod_id)
        return (frame[1:3] for frame in frames if _is_intact(frame))

    def _frames(self, which: str, *arguments: int) -> Iterator[_Frame]:
        with session_errors(self.path):
            yield from self._database.execute(f"{_FRAMES} {which}", arguments)

    def _rows(self, query: str, arguments: tuple[object, ...]) -> list[Any]:
        with session_errors(self.path):
            return self._database.execute(query, arguments).fetchall()


def frame_checksum(pod_id: int, t_host_ns: int, frame: bytes) -> int:
    """Return what tells a row of frames from one that a disk or a copy has changed: a CRC-32."""
    return zlib.crc32(frame, zlib.crc32(struct.pack("<qq", pod_id, t_host_ns)))


def _is_intact(stored: _Frame) -> bool:
    pod_id, t_host_ns, frame, checksum = stored
    return checksum is None or checksum == frame_checksum(pod_id, t_host_ns, frame)


def open_session(path: Path) -> StoredSession:
    """Open a session file for reading; it may still be written by another process.

    Raises
    ------
    SessionError
        No such file, not a session, damaged, or of a version that this program does not know.
    """
    database = open_database(path)
    try:
        return StoredSession(path, database)
    except BaseException:
        database.close()
        raise


def add_result(path: Path, kind: str, content: dict[str, Any], made_utc: datetime) -> None:
    """Add what was found about a session to its file; what was recorded stays as it is.

    A file of an older version is brought to today's by that, and older versions of this program
    cannot read it any more.

    Parameters
    ----------
    path : Path
        A session file.
    kind : str
        What was found, e.g. ``"sync check"``.
    content : dict
        Ready for JSON. Where there is no number, ``None``: JSON knows no NaN.
    made_utc : datetime
        When, with its time zone.

    Raises
    ------
    SessionError
        No such file, not a session, damaged, of a version that this program does not know, or it
        cannot be written. The file is then as it was.
    ValueError
        The content holds a NaN or an infinity, or the time has no time zone.
    """
    row = result_row(kind, content, made_utc)
    with changed_database(path) as database:
        database.execute(ADD_RESULT, row)


def result_row(kind: str, content: dict[str, Any], made_utc: datetime) -> tuple[str, str, str]:
    """Return the arguments of ``ADD_RESULT``; errors as `add_result`."""
    if made_utc.tzinfo is None:
        raise ValueError("made_utc needs a time zone, e.g. datetime.now(timezone.utc)")
    return made_utc.isoformat(), kind, json.dumps(content, allow_nan=False)


def _meta(values: dict[str, str]) -> SessionMeta:
    return SessionMeta(
        exercise=values["exercise"],
        started_utc=datetime.fromisoformat(values["started_utc"]),
        started_host_ns=int(values["started_host_ns"]),
        host_clock=values["host_clock"],
        versions=json.loads(values["versions"]),
        ended=values["ended"] == "1",
        subject=values.get("subject", ""),
        placement=values.get("placement", PLACEMENT),
    )
