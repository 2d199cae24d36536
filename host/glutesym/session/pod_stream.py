"""One pod through a whole session: stream, acknowledge, ask for what is missing, find it again.

What arrives is stamped and put on a bounded queue by the link's callback; a task takes it from
there to the session file and to the live view. Nothing here looks into samples.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np

from glutesym import wire
from glutesym.connection_events import ARRIVALS_KEPT, aim
from glutesym.decode import check_frame
from glutesym.errors import FrameError, LinkError, PodGoneError
from glutesym.links.base import FoundPod, Link
from glutesym.measures import SIDES, Side
from glutesym.session.recorder import Recorder
from glutesym.session.sequence import Sequence
from glutesym.session.store import CONNECTED, DISCONNECTED, GIVEN_UP, WORN_SWAPPED

T = TypeVar("T")

WINDOW_FRAMES = 24  # under way to the host: bounds what the pod's radio stack may copy to its heap
_ACK_EVERY_FRAMES = 4
_ACK_EVERY_S = 0.1
_PROBE_EVERY_S = (0.5, 0.9)  # never the same: a fixed period would lock to the radio's
_RETRY_S = 1.0
_QUEUE_FRAMES = 4096  # two minutes of one pod
_RESEND_FRAMES = 64  # asked for at once
_RESENDS = 2  # requests under way, so that the pod never waits for the next one
_RESEND_AGAIN_S = 3.0  # without progress for so long, a request is made again
_REASONS_KEPT = 20  # different reasons why frames were bad
_U32 = struct.Struct("<I")
_RUN_AND_NUMBER = struct.Struct("<HI")


class LiveSink(Protocol):
    """What the live view wants to know. Called in the acquisition thread."""

    def add_frame(self, side: Side, t_host_ns: int, frame: bytes) -> None:
        """Take in a frame that arrived."""
        ...

    def add_probe(self, side: Side, probe_id: int, t_host_ns: int) -> None:
        """Take in a clock probe that was sent."""
        ...

    def set_pod(self, side: Side, connected: bool, info: dict[str, Any]) -> None:
        """Note that a pod came or went."""
        ...

    def set_seen(self, side: Side, rssi_dbm: int | None) -> None:
        """Note that a scan has seen a pod, and how strong its signal was."""
        ...

    def set_phase(self, phase: str, message: str = "") -> None:
        """Note what the session does: "scanning", "connecting", "recording", "ended" …."""
        ...


@dataclass
class PodCounts:
    """What happened on the way from one pod, for the user."""

    frames: int = 0
    repeats: int = 0
    bad: int = 0
    overflow: int = 0  # frames dropped because the host was too slow; they are fetched again
    resent: int = 0  # frames that were missing and came when asked for
    missing: int = 0  # frames that are known to exist and have not come yet
    lost: int = 0  # frames that the pod had to overwrite before they could be fetched
    commands: int = 0  # written to the pod
    connects: int = 0
    reasons: dict[str, int] = field(default_factory=dict[str, int])  # why frames were bad


@dataclass(frozen=True)
class KnownPod:
    """A pod's part in a session that was interrupted and now goes on."""

    id: int
    address: str
    arrivals: list[tuple[int, bytes]]  # all that it has sent: host time in ns, bytes


class PodSession(Protocol):
    """What a pod's stream needs of the session that it belongs to."""

    writer: Recorder
    live: LiveSink | None
    rest_s: float  # at the end: without progress for so long, what is missing is given up

    async def find(self, address: str, timeout_s: float) -> FoundPod | None:
        """Return the pod that has an address, or None when it is not seen in time."""
        ...

    async def connect(self, pod: FoundPod) -> Link:
        """Connect to a pod; raises LinkError."""
        ...

    def set_phase(self, phase: str, message: str = "") -> None:
        """Tell the live view."""
        ...

    def now_ns(self) -> int:
        """Return the host's time."""
        ...

    def on_streaming(self) -> None:
        """Note that a pod has begun to stream."""
        ...


class PodStream:
    """One side's pod through all its connections."""

    def __init__(self, session: PodSession, side: Side, known: KnownPod | None = None) -> None:
        self._session = session
        self._side: Side = side
        self._pod_id: int | None = None
        self._queue: deque[tuple[int, bytes]] = deque()
        self._arrived = asyncio.Event()
        self._stopped = False  # the pod measures nothing: no frame follows but statuses
        self._finished = asyncio.Event()  # ... and everything has arrived
        self._address = ""
        self._trouble = ""  # why the pod could not be reached
        self._run = 0
        self._sequence = Sequence()
        self._sending = 0  # newest number of a sending
        self._unacknowledged = 0  # frames since the last acknowledgement
        self._asked: list[tuple[int, int]] = []  # resends under way: first, end
        self._asked_ns = 0  # when the newest of them was made, or made progress
        self._progress_ns = 0  # when a frame last came that was not there yet
        self._end_ns: int | None = None  # when the session was to end
        self._probe_id = 0
        self._arrivals_s: deque[float] = deque(maxlen=ARRIVALS_KEPT)  # over this link
        self._last_arrival_ns = 0
        self._link: Link | None = None
        self.counts = PodCounts()
        self.streaming = False
        self.given_up = False  # its last data could not be fetched
        if known is not None:
            self._recall(known)

    async def keep_streaming(self, link: Link | None, stop: asyncio.Event) -> None:
        """Stream until ``stop``; when the link breaks, look for the pod again and go on.

        After ``stop`` the pod is stopped and what it still has is fetched, if need be over a new
        link; a pod that stays away is given up after some time.
        """
        stopped = asyncio.create_task(stop.wait())
        try:
            while True:
                if link is not None:
                    await self._stream(link, stopped)
                    link = None
                if stop.is_set():
                    self._begin_to_end()
                    if self._finished.is_set():
                        return
                    if self._given_up():
                        self._note_the_loss()
                        return
                if stop.is_set():
                    link = await self._reconnect()
                else:
                    link = await unless(stop, self._reconnect())
                if link is None and self._end_ns is not None:
                    await asyncio.sleep(_RETRY_S)
                elif link is None:
                    await asyncio.wait([stopped], timeout=_RETRY_S)
        except PodGoneError:
            return
        finally:
            stopped.cancel()
            if link is not None:
                await link.close()

    def _recall(self, known: KnownPod) -> None:
        """Take up what was recorded before: the pod's run goes on, after an outage."""
        self._pod_id = known.id
        for t_host_ns, frame in known.arrivals:
            self._account(t_host_ns, frame)
        self._stopped = False
        self._finished.clear()

    def _note_its_label(self, label: object) -> None:
        """Put into the session that the pod was provisioned for the other side than it is on."""
        if label in SIDES and label != self._side:
            text = f"the {label} pod is worn on the {self._side} side"
            self._session.writer.add_event(
                self._session.now_ns(), WORN_SWAPPED, text, self._pod_id
            )

    def _begin_to_end(self) -> None:
        """From now on, lack of progress ends the session."""
        if self._end_ns is None:
            self._end_ns = self._progress_ns = self._session.now_ns()

    def _given_up(self) -> bool:
        return (self._session.now_ns() - self._progress_ns) / 1e9 > self._session.rest_s

    def _note_the_loss(self) -> None:
        """Put into the session that this pod's recording is not complete up to its end."""
        assert self._end_ns is not None
        self.given_up = True
        text = "out of reach at the end: what it measured since is not in this session"
        self._session.writer.add_event(self._end_ns, GIVEN_UP, text, self._pod_id)

    async def identify(self, seconds: int) -> None:
        """Let the pod blink."""
        if self._link is not None:
            with suppress(LinkError):
                await self._link.write(wire.command(wire.IDENTIFY, seconds))

    async def _reconnect(self) -> Link | None:
        session = self._session
        try:
            session.set_phase("reconnecting", f"Looking for the {self._side} pod. {self._trouble}")
            pod = await session.find(self._address, timeout_s=5.0)
            self._trouble = ""
            return await session.connect(pod) if pod else None
        except PodGoneError:
            raise
        except LinkError as error:
            # It may be starting up or still hold its old link, or Bluetooth is off: try again.
            self._trouble = str(error)
            return None

    async def _stream(self, link: Link, stopped: asyncio.Task[Any]) -> None:
        """Stream over one link until it is lost or the session stops."""
        session = self._session
        self._address = link.address  # somebody else's pod of the same side is not this one
        if self._pod_id is None:
            self._pod_id = session.writer.add_pod(self._side, link.address, link.info)
            self._note_its_label(link.info.get("side"))
        session.writer.add_event(session.now_ns(), CONNECTED, link.address, self._pod_id)
        self.counts.connects += 1
        if session.live is not None:
            session.live.set_pod(self._side, True, link.info)
        self._last_arrival_ns = session.now_ns()
        self._unacknowledged = 0
        self._asked.clear()
        self._arrivals_s.clear()
        self._link = link
        tasks: list[asyncio.Task[Any]] = []
        reason = ""
        try:
            await link.subscribe(self._on_frame)
            await self._command(link, wire.START, WINDOW_FRAMES, self._run)
            lost = asyncio.create_task(link.lost.wait())
            work = [
                asyncio.create_task(coroutine)
                for coroutine in (
                    self._take_frames(link),
                    self._acknowledge(link),
                    self._probe(link),
                )
            ]
            tasks = [lost, *work]
            await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in work:
                if task.done():
                    task.result()  # raises what ended it
            if stopped.done():
                await self._fetch_the_rest(link, tasks)
            elif link.lost.is_set():
                reason = "the link broke"
        except LinkError as error:
            reason = str(error)
            if isinstance(error, PodGoneError):
                raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._link = None
            self.streaming = False
            await link.close()
            self._drain()
            if stopped.done() and not self._finished.is_set():
                reason = reason or "what the pod still had is not fetched yet"
            session.writer.add_event(session.now_ns(), DISCONNECTED, reason, self._pod_id)
            if session.live is not None:
                session.live.set_pod(self._side, False, link.info)

    async def _fetch_the_rest(self, link: Link, tasks: list[asyncio.Task[Any]]) -> None:
        """Stop the pod and wait for what it still has; its last frame says that it has stopped."""
        self._begin_to_end()
        await self._command(link, wire.STOP)
        self._session.set_phase("recording", f"Fetching what the {self._side} pod still has.")
        finished = asyncio.create_task(self._finished.wait())
        try:
            while not finished.done() and not self._given_up():
                done, _ = await asyncio.wait(
                    [finished, *tasks],
                    timeout=self._session.rest_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if done - {finished}:
                    return  # the link broke
            self._unacknowledged += 1
            await self._answer(link)  # the pod may forget the run
        finally:
            finished.cancel()

    def _on_frame(self, t_host_ns: int, frame: bytes) -> None:
        """Put a frame on the queue: all that the link's callback does."""
        if len(self._queue) >= _QUEUE_FRAMES:
            self.counts.overflow += 1
            return
        self._queue.append((t_host_ns, frame))
        self._arrived.set()

    async def _take_frames(self, link: Link) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            self._drain()
            if self._unacknowledged >= _ACK_EVERY_FRAMES:
                await self._answer(link)

    def _drain(self) -> None:
        """Record what has arrived."""
        while self._queue:
            t_host_ns, frame = self._queue.popleft()
            assert self._pod_id is not None
            self._last_arrival_ns = t_host_ns
            self._arrivals_s.append(t_host_ns / 1e9)
            self._session.writer.add_frame(self._pod_id, t_host_ns, frame)
            if self._session.live is not None:
                self._session.live.add_frame(self._side, t_host_ns, frame)
            if self._account(t_host_ns, frame) and not self.streaming:
                self.streaming = True
                self._session.on_streaming()

    def _account(self, t_host_ns: int, frame: bytes) -> bool:
        """Count a frame; False when it is bad."""
        try:
            kind = check_frame(frame)
        except FrameError as error:
            self.counts.bad += 1
            if len(self.counts.reasons) < _REASONS_KEPT or error.reason in self.counts.reasons:
                count = self.counts.reasons.get(error.reason, 0)
                self.counts.reasons[error.reason] = count + 1
            return False
        self._follow(kind, frame, t_host_ns)
        return True

    def _follow(self, kind: int, frame: bytes, t_host_ns: int) -> None:
        """Keep account of which frames of the run have arrived."""
        run, number = _RUN_AND_NUMBER.unpack_from(frame, wire.RUN_OFFSET)
        if run != self._run:
            self._run = run
            self._sequence = Sequence()
            self._asked.clear()
        self.counts.frames += 1
        self._sending = frame[wire.SENDING_OFFSET]
        self._unacknowledged += 1
        sequence = self._sequence
        late = number < sequence.next
        if not sequence.arrive(number):
            self.counts.repeats += 1
            return
        if late:
            self.counts.resent += 1
            self._asked_ns = t_host_ns
        self._progress_ns = t_host_ns
        if kind == wire.STATUS:
            (oldest,) = _U32.unpack_from(frame, wire.OLDEST_OFFSET)
            self.counts.lost += sequence.give_up_before(min(oldest, number))
            if number + 1 == sequence.next:
                self._stopped = frame[wire.STATE_OFFSET] == wire.STATE_IDLE
        self.counts.missing = sequence.missing
        if not self._stopped:
            self._finished.clear()
        elif sequence.complete == sequence.next:
            self._finished.set()

    async def _acknowledge(self, link: Link) -> None:
        while True:
            await asyncio.sleep(_ACK_EVERY_S)
            await self._answer(link)
            silence_s = (self._session.now_ns() - self._last_arrival_ns) / 1e9
            if silence_s > link.silence_s:  # half-open: begin again
                raise LinkError(f"The {self._side} pod has been silent for {silence_s:.0f} s.")

    async def _answer(self, link: Link) -> None:
        """Acknowledge what has arrived, and ask for what is missing."""
        if self._unacknowledged:
            self._unacknowledged = 0
            complete = self._sequence.complete
            await self._command(link, wire.ACK, self._sending, self._run, complete)
        self._asked = [ask for ask in self._asked if self._sequence.has_hole_in(*ask)]
        if self._session.now_ns() - self._asked_ns > _RESEND_AGAIN_S * 1e9:
            self._asked.clear()
        while len(self._asked) < _RESENDS:
            start = max((end for _, end in self._asked), default=0)
            wanted = self._sequence.wanted(start, _RESEND_FRAMES)
            if wanted is None:
                return
            first, count = wanted
            self._asked.append((first, first + count))
            self._asked_ns = self._session.now_ns()
            await self._command(link, wire.RESEND, count, self._run, first)

    async def _command(self, link: Link, opcode: int, a: int = 0, b: int = 0, c: int = 0) -> None:
        self.counts.commands += 1
        await link.write(wire.command(opcode, a, b, c))

    async def _probe(self, link: Link) -> None:
        due_ns = self._session.now_ns()
        while True:
            await link.probe(self._probe_id + 1, due_ns, self._on_probe)
            pause_s = _spread(self._probe_id, *_PROBE_EVERY_S)
            due_s = self._session.now_ns() / 1e9 + pause_s
            due_ns = round(aim(due_s, np.array(self._arrivals_s), self._probe_id + 1) * 1e9)

    def _on_probe(self, number: int, t_host_ns: int) -> None:
        """Record a probe: what the link calls immediately before it goes."""
        assert self._pod_id is not None
        self._probe_id = number
        self.counts.commands += 1
        self._session.writer.add_probe(self._pod_id, number, t_host_ns)
        if self._session.live is not None:
            self._session.live.add_probe(self._side, number, t_host_ns)


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what the work returns, or None when ``stop`` comes first; the work is cancelled."""
    task = asyncio.create_task(work)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        for unfinished in (task, stopped):
            unfinished.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)


def _spread(number: int, low: float, high: float) -> float:
    """Return numbers that fill a range evenly in any order: multiples of the golden ratio."""
    return low + (high - low) * (number * 0.6180339887 % 1.0)
