"""One pod through a whole session: stream, acknowledge, probe its clock, find it again.

What arrives is stamped and put on a bounded queue by the link's callback; a task takes it from
there to the session file and to the live view. Nothing here looks into samples.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from glutesym import wire
from glutesym.decode import check_frame
from glutesym.errors import FrameError, LinkError
from glutesym.links.base import FoundPod, Link
from glutesym.measures import Side
from glutesym.session.store import SessionWriter

T = TypeVar("T")

WINDOW_FRAMES = 24  # under way to the host: bounds what the pod's radio stack may copy to its heap
_ACK_EVERY_FRAMES = 4
_ACK_EVERY_S = 0.1
_PROBE_EVERY_S = (0.5, 0.9)  # never the same: a fixed period would lock to the radio's
_SILENCE_S = 5.0  # a link that says nothing for so long is half-open: begin again
_RETRY_S = 1.0
_REST_S = 5.0  # at the end of a session: without progress for so long, the rest is given up
_QUEUE_FRAMES = 4096  # a minute of one pod
_GIVE_UP_NS = 2_000_000_000  # a frame that has not come so long after it was asked for is gone
_ARRIVED_LATE = 1 << 31  # half of the sequence numbers: the rest are frames seen before


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

    def set_phase(self, phase: str, message: str = "") -> None:
        """Note what the session does: "scanning", "connecting", "recording", "ended" …."""
        ...


@dataclass
class PodCounts:
    """What happened on the way from one pod, for the user."""

    frames: int = 0
    repeats: int = 0
    bad: int = 0
    overflow: int = 0  # frames dropped because the host was too slow
    connects: int = 0
    reasons: dict[str, int] = field(default_factory=dict[str, int])  # why frames were bad


class PodSession(Protocol):
    """What a pod's stream needs of the session that it belongs to."""

    writer: SessionWriter
    live: LiveSink | None

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

    def __init__(self, session: PodSession, side: Side) -> None:
        self._session = session
        self._side: Side = side
        self._pod_id: int | None = None
        self._queue: deque[tuple[int, bytes]] = deque()
        self._arrived = asyncio.Event()
        self._finished = asyncio.Event()  # the pod has stopped and everything has arrived
        self._address = ""
        self._run = 0
        self._expected = 0
        self._acked = 0
        self._asked_again_at = -1  # sequence number whose absence has been reported to the pod
        self._asked_again_ns = 0
        self._probe_id = 0
        self._last_arrival_ns = 0
        self._link: Link | None = None
        self.counts = PodCounts()
        self.streaming = False

    async def keep_streaming(self, link: Link | None, stop: asyncio.Event) -> None:
        """Stream until ``stop``; when the link breaks, look for the pod again and go on."""
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                if link is not None:
                    await self._stream(link, stopped)
                    if stop.is_set():
                        return
                    self._session.set_phase("reconnecting", f"Looking for the {self._side} pod.")
                link = await unless(stop, self._reconnect())
                if link is None:
                    await asyncio.wait([stopped], timeout=_RETRY_S)
        finally:
            stopped.cancel()
            if link is not None:
                await link.close()

    async def identify(self, seconds: int) -> None:
        """Let the pod blink."""
        if self._link is not None:
            with suppress(LinkError):
                await self._link.write(wire.command(wire.IDENTIFY, seconds))

    async def _reconnect(self) -> Link | None:
        try:
            pod = await self._session.find(self._address, timeout_s=5.0)
            return await self._session.connect(pod) if pod else None
        except LinkError:
            return None  # it may be starting up or still hold its old link: try again

    async def _stream(self, link: Link, stopped: asyncio.Task[Any]) -> None:
        """Stream over one link until it is lost or the session stops."""
        session = self._session
        self._address = link.address  # somebody else's pod of the same side is not this one
        if self._pod_id is None:
            self._pod_id = session.writer.add_pod(self._side, link.address, link.info)
        session.writer.add_event(session.now_ns(), "connected", link.address, self._pod_id)
        self.counts.connects += 1
        if session.live is not None:
            session.live.set_pod(self._side, True, link.info)
        self._last_arrival_ns = session.now_ns()
        self._finished.clear()
        self._link = link
        tasks: list[asyncio.Task[Any]] = []
        reason = ""
        try:
            await link.subscribe(self._on_frame)
            await link.write(wire.command(wire.START, WINDOW_FRAMES, self._run))
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
        except LinkError as error:
            reason = str(error)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._link = None
            self.streaming = False
            await link.close()
            self._drain()
            if stopped.done() and not self._finished.is_set():
                reason = reason or "what the pod still had could not be fetched"
            session.writer.add_event(session.now_ns(), "disconnected", reason, self._pod_id)
            if session.live is not None:
                session.live.set_pod(self._side, False, link.info)

    async def _fetch_the_rest(self, link: Link, tasks: list[asyncio.Task[Any]]) -> None:
        """Stop the pod and wait for what it still has; its last frame says that it has stopped."""
        await link.write(wire.command(wire.STOP))
        finished = asyncio.create_task(self._finished.wait())
        try:
            arrived = -1
            while arrived != self._expected and not finished.done():
                arrived = self._expected
                self._session.set_phase(
                    "recording", f"Fetching what the {self._side} pod still has."
                )
                done, _ = await asyncio.wait(
                    [finished, *tasks], timeout=_REST_S, return_when=asyncio.FIRST_COMPLETED
                )
                if done - {finished}:
                    return  # the link broke
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
            if self._drain():
                await link.write(wire.command(wire.START, WINDOW_FRAMES, self._run))
            elif self._expected - self._acked >= _ACK_EVERY_FRAMES:
                await self._send_ack(link)

    def _drain(self) -> bool:
        """Record what has arrived; True when the pod must go back and send something again."""
        again = False
        while self._queue:
            t_host_ns, frame = self._queue.popleft()
            assert self._pod_id is not None
            self._last_arrival_ns = t_host_ns
            self._session.writer.add_frame(self._pod_id, t_host_ns, frame)
            if self._session.live is not None:
                self._session.live.add_frame(self._side, t_host_ns, frame)
            try:
                check_frame(frame)
            except FrameError as error:
                self.counts.bad += 1
                self.counts.reasons[error.reason] = self.counts.reasons.get(error.reason, 0) + 1
                continue
            again = self._follow_sequence(frame, t_host_ns) or again
            if not self.streaming:
                self.streaming = True
                self._session.on_streaming()
        return again

    def _follow_sequence(self, frame: bytes, t_host_ns: int) -> bool:
        """Keep account of what has arrived without a gap; True when there is a new gap."""
        run = int.from_bytes(frame[2:4], "little")
        seq = int.from_bytes(frame[wire.SEQ_OFFSET : wire.SEQ_OFFSET + 4], "little")
        if run != self._run:
            self._run = run
            self._expected = self._acked = 0
            self._asked_again_at = -1
        self.counts.frames += 1
        if seq == self._expected:
            self._expected += 1
            if frame[0] == wire.STATUS and frame[wire.STATE_OFFSET] == wire.STATE_IDLE:
                self._finished.set()
        elif (seq - self._expected) % (1 << 32) >= _ARRIVED_LATE:
            self.counts.repeats += 1
        elif self._asked_again_at != self._expected:
            self._asked_again_at = self._expected
            self._asked_again_ns = t_host_ns
            return True
        elif t_host_ns - self._asked_again_ns > _GIVE_UP_NS:
            # It was asked for and is still not there: the pod does not have it any more.
            self._expected = seq + 1
        return False

    async def _acknowledge(self, link: Link) -> None:
        while True:
            await asyncio.sleep(_ACK_EVERY_S)
            if self._expected != self._acked:
                await self._send_ack(link)
            silence_s = (self._session.now_ns() - self._last_arrival_ns) / 1e9
            if silence_s > _SILENCE_S:
                raise LinkError(f"The {self._side} pod has been silent for {silence_s:.0f} s.")

    async def _send_ack(self, link: Link) -> None:
        self._acked = self._expected
        await link.write(wire.command(wire.ACK, 0, self._run, self._expected))

    async def _probe(self, link: Link) -> None:
        while True:
            self._probe_id += 1
            assert self._pod_id is not None
            t_host_ns = self._session.now_ns()
            self._session.writer.add_probe(self._pod_id, self._probe_id, t_host_ns)
            if self._session.live is not None:
                self._session.live.add_probe(self._side, self._probe_id, t_host_ns)
            await link.write(wire.command(wire.PROBE, 0, 0, self._probe_id))
            await asyncio.sleep(_spread(self._probe_id, *_PROBE_EVERY_S))


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
