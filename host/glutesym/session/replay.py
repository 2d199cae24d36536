"""A recorded session played back: its pods as a transport, its clock and its events.

What records and shows pods takes these for pods: frames come with the arrival stamps that they
had, probes go with the numbers and times that they had, and links break and come back as they did.
So what is decoded, and what is measured, is the same to the last bit, at any speed.

The live view computes at fixed times of the recording, so it shows the same in every replay. What
it showed when real pods were recorded depended on when the computer found the time: a number that
it computed a moment earlier or later, from a few frames less or more, may differ in its last
digits. Of virtual pods it is the same, too.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from glutesym.errors import LinkError, PodGoneError
from glutesym.links.base import FoundPod, Link, OnFrame, OnProbe, Transport
from glutesym.measures import Side
from glutesym.session.recorder import Recorder, Unrecorded
from glutesym.session.run import RunningSession
from glutesym.session.tape import Connection, PodTape, Tape, TapeEvent
from glutesym.session.writer import SessionWriter
from glutesym.world_time import WorldLoop, run_in_world

REPLAY_EVENT = "replay"  # says of a copy what it is a copy of
# When several things happened at one time: first what came, then what was noted about it, then
# the end of a link, then the end of all.
_NOTED_NS, _LINK_OVER_NS, _OVER_NS = 1_000, 2_000, 3_000


class ReplaySurroundings:
    """A recording as the place of a session. See `glutesym.session.run.Surroundings`.

    Parameters
    ----------
    tape : Tape
        What is played.
    speed : float or None
        Seconds of the recording per second; ``None``: as fast as possible.
    """

    def __init__(self, tape: Tape, speed: float | None = 1.0) -> None:
        self._tape = tape
        self._speed = speed
        self._clock = _Clock(tape.meta.started_host_ns)
        self._transport = ReplayTransport(tape, self._clock)
        self._copy: _Copy | None = None
        self.replay_of = tape.path.name

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        """Run on the recording's time."""
        run_in_world(main, self._speed)

    def clock_ns(self) -> int:
        """Return the time on the clock of the host that recorded."""
        return self._clock.now_ns()

    def transport(self) -> AbstractAsyncContextManager[Transport]:
        """Give access to the recorded pods."""
        return self._transport.playing()

    def recorder(self, path: Path | None, exercise: str, t0_host_ns: int) -> Recorder:
        """Create a copy, or nothing when there is no path."""
        if path is None:
            return Unrecorded()
        self._copy = _Copy(path, self._tape)
        return self._copy

    async def compute(self, work: Callable[[], object]) -> None:
        """Compute while time stands still: the same at any speed."""
        work()

    async def accompany(self, session: RunningSession, recorder: Recorder) -> None:
        """Note what was noted; end the replay when somebody ends the session."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._note_events())
            await session.stopping()
            self._transport.stop()

    async def _note_events(self) -> None:
        if self._copy is None:
            return
        for event in self._tape.events:
            await self._clock.until(event.due_ns + _NOTED_NS)
            self._copy.add_recorded(event)


def replay_session(
    tape: Tape, speed: float | None = 1.0, copy_to: Path | None = None
) -> RunningSession:
    """Return a session, not started yet, that replays a recorded one.

    Parameters
    ----------
    tape : Tape
        The recording.
    speed : float or None
        Times real time; ``None``: as fast as possible.
    copy_to : Path or None
        A session file to record into; ``None``: it is only shown.
    """
    sides: list[Side] = [pod.side for pod in tape.pods]
    place = ReplaySurroundings(tape, speed)
    return RunningSession(place, copy_to, tape.meta.exercise, sides, mains_hz=tape.mains_hz)


class ReplayTransport:
    """Finds the pods of a recording, when they were found. See `glutesym.links.base.Transport`."""

    def __init__(self, tape: Tape, clock: _Clock) -> None:
        self._end_ns = tape.end_ns
        self._clock = clock
        self._waiting = {pod.side: list(pod.connections) for pod in tape.pods}
        self._pods = [_RecordedPod(None, pod.address, pod.address, None, pod) for pod in tape.pods]
        self._links: list[ReplayLink] = []
        self._over = asyncio.Event()

    @asynccontextmanager
    async def playing(self) -> AsyncGenerator[Transport]:
        """Play from now on."""
        ending = asyncio.create_task(self._end())
        try:
            yield self
        finally:
            ending.cancel()

    def stop(self) -> None:
        """Play no more: links are lost, and no pod will come back."""
        self._over.set()
        for link in self._links:
            link.lost.set()

    async def scan(
        self, timeout_s: float, enough: Callable[[list[FoundPod]], bool]
    ) -> list[FoundPod]:
        """Return the pods that are connected to some time.

        Raises
        ------
        PodGoneError
            The replay is over.
        """
        found: list[FoundPod] = [pod for pod in self._pods if self._waiting[pod.handle.side]]
        if not self._over.is_set() and enough(found):
            return found
        try:
            async with asyncio.timeout(timeout_s):
                await self._over.wait()
        except TimeoutError:
            return found
        raise PodGoneError("The replay is over.")

    async def connect(self, pod: FoundPod) -> Link:
        """Connect to a pod when that was recorded."""
        tape: PodTape = pod.handle
        waiting = self._waiting[tape.side]
        connection = waiting.pop(0)
        await self._clock.until(connection.start_ns)
        link = ReplayLink(tape, connection, tape.complete and not waiting, self._clock)
        self._links.append(link)
        return link

    async def _end(self) -> None:
        await self._clock.until(self._end_ns + _OVER_NS)
        self._over.set()


class ReplayLink:
    """One recorded connection. See `glutesym.links.base.Link`.

    Commands are accepted and change nothing: what the pod did then is recorded.
    """

    silence_s = math.inf  # how long a link lasts is recorded, too

    def __init__(self, pod: PodTape, connection: Connection, is_last: bool, clock: _Clock) -> None:
        self.lost = asyncio.Event()
        self.address = pod.address
        self.info = pod.info
        self._connection = connection
        self._farewell = (
            PodGoneError("The pod's recording is over.")
            if is_last
            else LinkError("The link broke.")
        )
        self._clock = clock
        self._probes = iter(connection.probes)
        self._over = asyncio.Event()
        self._player: asyncio.Task[None] | None = None

    async def subscribe(self, on_frame: OnFrame) -> None:
        """Have every frame passed on when it arrived, with the stamp that it got then."""
        self._player = asyncio.create_task(self._play(on_frame))

    async def write(self, command: bytes) -> None:
        """Accept a command."""

    async def probe(self, number: int, due_ns: int, on_probe: OnProbe) -> None:
        """Tell of the next recorded probe when its time has come.

        Raises
        ------
        PodGoneError
            The pod's recording is over.
        LinkError
            The link is gone.
        """
        recorded = next(self._probes, None)
        if recorded is None:
            await self._over.wait()
            raise self._farewell
        t_host_ns, recorded_number = recorded
        await self._clock.until(t_host_ns)
        on_probe(recorded_number, t_host_ns)

    async def request(self, request: bytes) -> dict[str, Any]:
        """Refuse: what a pod would answer is not recorded.

        Raises
        ------
        LinkError
            Always.
        """
        raise LinkError("A replayed pod answers no requests.")

    async def close(self) -> None:
        """End the connection."""
        if self._player is not None:
            self._player.cancel()
        self.lost.set()

    async def _play(self, on_frame: OnFrame) -> None:
        for t_host_ns, frame in self._connection.frames:
            await self._clock.until(t_host_ns)
            on_frame(t_host_ns, frame)
        await self._clock.until(self._connection.end_ns + _LINK_OVER_NS)
        self._over.set()


class _RecordedPod(FoundPod):
    """A pod that was found; whose it was does not matter any more."""

    @property
    def side(self) -> Side:
        """Where it was worn."""
        return self.handle.side


class _Clock:
    """The clock of the host that recorded, on world time."""

    def __init__(self, start_ns: int) -> None:
        self._start_ns = start_ns

    def now_ns(self) -> int:
        """Return the time."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, WorldLoop)
        return self._start_ns + loop.now_ns()

    async def until(self, t_ns: int) -> None:
        """Wait for a time; not at all when it has passed."""
        wait_ns = t_ns - self.now_ns()
        if wait_ns > 0:
            await asyncio.sleep(wait_ns / 1e9)


class _Copy(SessionWriter):
    """The file of a recorded replay: what happened to its pods is noted as recorded."""

    def __init__(self, path: Path, tape: Tape) -> None:
        meta = tape.meta
        super().__init__(
            path,
            exercise=meta.exercise,
            started_utc=meta.started_utc,
            started_host_ns=meta.started_host_ns,
            host_clock=meta.host_clock,
            subject=meta.subject,
            placement=meta.placement,
        )
        self._pods: dict[Side, int] = {}
        self._untold: deque[TapeEvent] = deque()  # of pods that have not been added yet
        self.add_event(meta.started_host_ns, REPLAY_EVENT, f"of {tape.path.name}")

    def add_pod(self, side: Side, address: str, info: dict[str, Any]) -> int:
        """Add a pod and return its id."""
        self._pods[side] = super().add_pod(side, address, info)
        self._tell()
        return self._pods[side]

    def add_event(
        self, t_host_ns: int, kind: str, text: str = "", pod_id: int | None = None
    ) -> None:
        """Add an event of the whole session; those of the pods are recorded already."""
        if pod_id is None:
            super().add_event(t_host_ns, kind, text)

    def add_recorded(self, event: TapeEvent) -> None:
        """Add an event that was recorded."""
        self._untold.append(event)
        self._tell()

    def _tell(self) -> None:
        while self._untold and self._untold[0].side in (None, *self._pods):
            event = self._untold.popleft()
            pod_id = None if event.side is None else self._pods[event.side]
            super().add_event(event.t_host_ns, event.kind, event.text, pod_id)
