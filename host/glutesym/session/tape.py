"""A stored session as something to play: what came over each connection, and when."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

from glutesym.errors import SessionError
from glutesym.measures import Side
from glutesym.session.store import (
    CONNECTED,
    DISCONNECTED,
    SessionMeta,
    StoredEvent,
    StoredPod,
    StoredSession,
    open_session,
)

T = TypeVar("T")


@dataclass
class Connection:
    """What came and went over one connection to a pod, in order; host times in ns."""

    start_ns: int
    end_ns: int
    frames: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    probes: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])  # time, number


@dataclass(frozen=True)
class PodTape:
    """A pod's part in a recording."""

    side: Side
    address: str
    info: dict[str, object]
    connections: list[Connection]
    complete: bool  # its last connection ended because there was nothing left to fetch


@dataclass(frozen=True)
class TapeEvent:
    """An event as recorded, and when: no earlier than those before it."""

    due_ns: int
    t_host_ns: int
    kind: str
    text: str
    side: Side | None


@dataclass(frozen=True)
class Tape:
    """A recording; all times are those of its own host clock."""

    path: Path
    meta: SessionMeta
    pods: list[PodTape]
    events: list[TapeEvent]
    end_ns: int
    mains_hz: int | None  # of the hum that it is measured without

    @property
    def duration_s(self) -> float:
        """How long it lasts."""
        return (self.end_ns - self.meta.started_host_ns) / 1e9


def load_tape(path: Path) -> Tape:
    """Read a session file; of one that is being recorded, what there is so far.

    Raises
    ------
    SessionError
        It is not a session file, it is damaged, a side has two pods, or no pod sent anything.
    """
    with open_session(path) as session:
        meta = session.meta
        events = _events(session.events(), meta.started_host_ns)
        mains_hz = session.mains_hz()
        stored = list(session.by_side().values())
        frames = [session.arrivals(pod.id) for pod in stored]
        probes = [_probes(session, pod.id) for pod in stored]
    if not any(frames):
        raise SessionError(path, "no pod sent anything in this session: there is nothing to play.")
    times_ns = [t_ns for rows in (*frames, *probes) for t_ns, _ in rows]
    end_ns = max([*times_ns, *(event.due_ns for event in events)])
    pods: list[PodTape] = []
    for pod, its_frames, its_probes in zip(stored, frames, probes, strict=True):
        its_events = [event for event in events if event.side == pod.side]
        pods.append(_pod_tape(pod, its_events, its_frames, its_probes, end_ns))
    # The last connection lasts to the end, whatever was noted after it.
    last = max((pod.connections[-1] for pod in pods), key=lambda connection: connection.end_ns)
    last.end_ns = end_ns
    return Tape(path, meta, pods, events, end_ns, mains_hz)


def _events(stored: Sequence[StoredEvent], zero_ns: int) -> list[TapeEvent]:
    times_ns = [zero_ns + round(event.time_s * 1e9) for event in stored]
    return [
        TapeEvent(due_ns, t_ns, event.kind, event.text, event.side)
        for due_ns, t_ns, event in zip(_dues(times_ns), times_ns, stored, strict=True)
    ]


def _probes(session: StoredSession, pod_id: int) -> list[tuple[int, int]]:
    number, t_host_ns = session.probes(pod_id)
    return list(zip(t_host_ns.tolist(), number.tolist(), strict=True))


def _pod_tape(
    pod: StoredPod,
    events: list[TapeEvent],
    frames: list[tuple[int, bytes]],
    probes: list[tuple[int, int]],
    end_ns: int,
) -> PodTape:
    """Cut what was stored about a pod into its connections."""
    connections: list[Connection] = []
    ended: list[str] = []  # why, of each connection that has
    for event in events:
        if event.kind == CONNECTED:
            connections.append(Connection(event.due_ns, event.due_ns))
        elif event.kind == DISCONNECTED and len(ended) < len(connections):
            connections[-1].end_ns = event.due_ns
            ended.append(event.text)
    if not connections:
        start_ns = min((t_ns for t_ns, _ in (*frames, *probes)), default=end_ns)
        connections.append(Connection(start_ns, end_ns))
    if len(ended) < len(connections):
        connections[-1].end_ns = end_ns  # its recording was interrupted, or still goes on
    for connection, frame in _dealt(frames, connections):
        connection.frames.append(frame)
    for connection, probe in _dealt(probes, connections):
        connection.probes.append(probe)
    complete = len(ended) == len(connections) and not ended[-1]
    return PodTape(pod.side, pod.address, pod.info, connections, complete)


def _dealt(
    rows: list[tuple[int, T]], connections: list[Connection]
) -> Iterator[tuple[Connection, tuple[int, T]]]:
    """Yield each row with the connection that it came over."""
    starts_ns = [connection.start_ns for connection in connections]
    for row, due_ns in zip(rows, _dues([t_ns for t_ns, _ in rows]), strict=True):
        connection = connections[max(0, bisect_right(starts_ns, due_ns) - 1)]
        connection.end_ns = max(connection.end_ns, due_ns)
        yield connection, row


def _dues(times_ns: Sequence[int]) -> list[int]:
    """Return when each of several things had happened that are known in their order."""
    return list(accumulate(times_ns, max))
