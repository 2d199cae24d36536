"""Go on with a session that was interrupted, while its pods still hold what followed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from glutesym.errors import SessionError
from glutesym.measures import Side
from glutesym.session.names import SUFFIX
from glutesym.session.pod_stream import KnownPod
from glutesym.session.store import CONNECTED, DISCONNECTED, StoredSession, open_session
from glutesym.session.subject import PLACEMENT
from glutesym.session.writer import SessionWriter

RESUMED = "resumed"  # event: from here on another run of the program records
_POD_WAITS_S = 1000.0  # firmware/pod/pod.py: alone for so long, a pod ends its run
# The host's clock begins anew when the computer starts; the wall clock, which goes on, tells. It
# may be corrected meanwhile, by so much at most.
_CLOCKS_AGREE_S = 60.0
_ANOTHER_CLOCK = (
    "this session cannot go on: it was recorded on another computer, or this one was started "
    "anew, or its clock was set. Record a new one."
)


@dataclass(frozen=True)
class Interrupted:
    """A session that can be gone on with."""

    path: Path
    exercise: str
    ago_s: float  # since its last frame
    pods: dict[Side, KnownPod]
    connected_ns: dict[int, int]  # by pod id: the last that came over a link that was not closed
    subject: str = ""
    placement: str = PLACEMENT
    mains_hz: int | None = None  # of the hum that it is measured without

    def resume(self, now_ns: int) -> SessionWriter:
        """Return a writer that goes on with it.

        Raises
        ------
        SessionError
            The file is in use, or may not be written to.
        """
        writer = SessionWriter.resume(self.path)
        for pod_id, last_ns in self.connected_ns.items():
            text = "the recording was interrupted"
            writer.add_event(last_ns, DISCONNECTED, text, pod_id)
        writer.add_event(now_ns, RESUMED)
        return writer


def load_interrupted(path: Path, host_clock: str, now_ns: int, now_utc: datetime) -> Interrupted:
    """Read a session that was interrupted.

    Parameters
    ----------
    path : Path
    host_clock : str
        The name of this host's clock.
    now_ns, now_utc : int, datetime
        What it says, and the time of day.

    Raises
    ------
    SessionError
        It is not a session file, it was ended, it cannot go on on this clock, or no pod took part.
    """
    with open_session(path) as session:
        meta = session.meta
        if meta.ended:
            raise SessionError(path, "this session was ended: there is nothing to go on with.")
        elapsed = timedelta(microseconds=(now_ns - meta.started_host_ns) / 1000)
        apart_s = abs((now_utc - meta.started_utc - elapsed).total_seconds())
        if host_clock != meta.host_clock or apart_s > _CLOCKS_AGREE_S:
            raise SessionError(path, _ANOTHER_CLOCK)
        pods: dict[Side, KnownPod] = {
            side: KnownPod(pod.id, pod.address, session.arrivals(pod.id))
            for side, pod in session.by_side().items()
        }
        if not pods:
            raise SessionError(path, "no pod took part in this session. Record a new one.")
        last_ns = max((t for pod in pods.values() for t, _ in pod.arrivals[-1:]), default=now_ns)
        if now_ns < last_ns:
            raise SessionError(path, _ANOTHER_CLOCK)
        return Interrupted(
            path,
            meta.exercise,
            (now_ns - last_ns) / 1e9,
            pods,
            _open_links(session, pods),
            meta.subject,
            meta.placement,
            session.mains_hz(),
        )


def interrupted_lately(
    folder: Path, host_clock: str, now_ns: int, now_utc: datetime
) -> Interrupted | None:
    """Return the newest session of a folder if its pods may still hold what followed it."""
    found: list[tuple[datetime, Path]] = []
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(SessionError, OSError):
            if now_utc.timestamp() - _written_s(path) < _POD_WAITS_S + _CLOCKS_AGREE_S:
                with open_session(path) as session:
                    found.append((session.meta.started_utc, path))
    if not found:
        return None
    _, newest = max(found)
    try:
        session = load_interrupted(newest, host_clock, now_ns, now_utc)
    except SessionError:
        return None
    return session if session.ago_s < _POD_WAITS_S else None


def _written_s(path: Path) -> float:
    """Return when a file was last written, as seconds of UTC; what is new is in its log first."""
    log = path.with_name(f"{path.name}-wal")
    return max(one.stat().st_mtime for one in (path, log) if one.exists())


def _open_links(session: StoredSession, pods: dict[Side, KnownPod]) -> dict[int, int]:
    """Return when something last came over each link of which no end was noted."""
    last = {event.side: event for event in session.events() if event.kind in _OF_LINKS}
    zero_ns = session.meta.started_host_ns
    return {
        pod.id: pod.arrivals[-1][0] if pod.arrivals else zero_ns + round(last[side].time_s * 1e9)
        for side, pod in pods.items()
        if side in last and last[side].kind == CONNECTED
    }


_OF_LINKS = (CONNECTED, DISCONNECTED)
