"""A running session: acquisition in its own thread, the live view in the caller's.

What surrounds a session (an event loop, a clock, a radio with pods) is handed in, so a session on
virtual pods is this same code.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from glutesym import host_clock
from glutesym.keys import KeyRing, default_path
from glutesym.links.base import Transport
from glutesym.links.ble import BleTransport
from glutesym.links.usb import UsbTransport
from glutesym.live import LiveEngine
from glutesym.live_state import LiveState
from glutesym.measures import SIDES, Side
from glutesym.pipeline import Settings
from glutesym.session.acquire import NOBODY, REST_S, Acquisition
from glutesym.session.follower import Follower
from glutesym.session.pod_stream import KnownPod, PodCounts
from glutesym.session.recorder import Recorder, Unrecorded
from glutesym.session.resume import Interrupted
from glutesym.session.store import MAINS
from glutesym.session.subject import PLACEMENT
from glutesym.session.writer import SessionWriter

_UPDATE_EVERY_S = 0.025  # what the bars show is older by half of it
_AT_ONCE = 2  # updates: one that measures, which takes a while, and one that moves the bars
_UNRECORDED_REST_S = 1.0  # nobody misses what a pod still has
# Imported when first used, which takes a second in all: before frames arrive, not while they do.
_USED_LATER = ("scipy.linalg", "scipy.optimize", "scipy.signal", "scipy.sparse")

Note = tuple[str, str]  # kind and text of an event


class Surroundings(Protocol):
    """Where a session takes place."""

    replay_of: str  # the session file that is played; "": it is real, or simulated

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine to its end, on this place's time."""
        ...

    def clock_ns(self) -> int:
        """Return the host's time."""
        ...

    def transport(self) -> AbstractAsyncContextManager[Transport]:
        """Give access to the pods."""
        ...

    def recorder(self, path: Path | None, exercise: str, t0_host_ns: int) -> Recorder:
        """Create the session file; without a path, what forgets the session."""
        ...

    async def compute(self, work: Callable[[], object]) -> None:
        """Do a computation without disturbing the acquisition."""
        ...

    async def accompany(self, session: RunningSession, recorder: Recorder) -> None:
        """Do what belongs to this place; may end the session by `stop`."""
        ...


class RealSurroundings:
    """The Bluetooth or the USB of this computer, and the pods that it owns.

    Parameters
    ----------
    duration_s : float or None
        When to end; ``None``: when somebody does.
    usb : bool
        Over USB: pods in bench mode.
    ports : sequence of str
        Serial ports to look at besides those of known boards.
    subject : str
        Whose session it is, as a code.
    placement : str
        Where the electrodes are.
    interrupted : Interrupted, optional
        The session to go on with.
    swapped : bool
        Each pod is worn on the other side than it was provisioned for.
    """

    replay_of = ""

    def __init__(
        self,
        duration_s: float | None = None,
        usb: bool = False,
        ports: Sequence[str] = (),
        subject: str = "",
        interrupted: Interrupted | None = None,
        placement: str = PLACEMENT,
        swapped: bool = False,
    ) -> None:
        self._interrupted = interrupted
        self._duration_s = duration_s
        self._subject = subject
        self._placement = placement
        self._ports = ports
        self._usb = usb
        self._swapped = swapped

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        """Run on an ordinary event loop."""
        asyncio.run(main)

    def clock_ns(self) -> int:
        """Return the computer's steady clock."""
        return host_clock.now_ns()

    def transport(self) -> AbstractAsyncContextManager[Transport]:
        """Return bleak on the platform's own stack, or the serial ports.

        Raises
        ------
        KeyFileError
            The file of keys cannot be used.
        """
        keys = KeyRing.load(default_path())
        if self._swapped:
            keys = keys.swapped()
        return nullcontext(UsbTransport(keys, self._ports) if self._usb else BleTransport(keys))

    def recorder(self, path: Path | None, exercise: str, t0_host_ns: int) -> Recorder:
        """Create the session file; without a path, what forgets the session.

        Raises
        ------
        SessionError
            The file exists already, cannot be created, or cannot be gone on with.
        """
        if self._interrupted is not None:
            return self._interrupted.resume(t0_host_ns)
        return new_recorder(
            path, exercise, t0_host_ns, host_clock.NAME, self._subject, self._placement
        )

    async def compute(self, work: Callable[[], object]) -> None:
        """Compute in another thread: arrivals are stamped meanwhile."""
        await asyncio.get_running_loop().run_in_executor(None, work)

    async def accompany(self, session: RunningSession, recorder: Recorder) -> None:
        """End the session when its time is up; it counts from when all pods stream."""
        await session.all_streaming()
        session.begin(self.clock_ns())
        if self._duration_s is not None:
            await asyncio.sleep(self._duration_s)
            session.stop()


class RunningSession:
    """One session, from the first scan to the closed file.

    Parameters
    ----------
    surroundings : Surroundings
    path : Path or None
        The session file to create; ``None``: it is only shown.
    exercise : str
    sides : sequence of {"left", "right"}
        Which pods take part.
    known : mapping
        Pods of an interrupted session that goes on.
    follower : Follower, optional
        Takes part.
    notes : sequence of (kind, text)
        Events that it begins with: what was done before it.
    mains_hz : int, optional
        50 or 60: hum is taken out, in the live view and whenever the session is measured later.
        0: not any more, of a session that goes on.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        path: Path | None,
        exercise: str,
        sides: Sequence[Side] = SIDES,
        known: Mapping[Side, KnownPod] = NOBODY,
        follower: Follower | None = None,
        notes: Sequence[Note] = (),
        mains_hz: int | None = None,
    ) -> None:
        # What is replayed has its own events, this one among them.
        changed = mains_hz or (known and mains_hz is not None)
        keep = changed and not surroundings.replay_of
        note = MAINS, f"{mains_hz} Hz" if mains_hz else "not any more"
        self._notes = [*notes, note] if keep else notes
        self._settings = Settings(mains_hz=mains_hz or None)
        self._follower = follower
        self._following = threading.Lock()  # updates may overlap
        self._surroundings = surroundings
        self._known = known
        self._exercise = exercise
        self._sides = sides
        self._thread = threading.Thread(target=self._run, name="acquisition", daemon=True)
        self._begun = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._live: LiveEngine | None = None
        self._acquisition: Acquisition | None = None
        self._recorder: Recorder | None = None
        self._stop_asked = False
        self._over = threading.Event()
        self._error: BaseException | None = None
        self._identifying: asyncio.Task[None] | None = None
        self.path = path
        self.t0_host_ns = 0
        self.markers: list[tuple[float, str]] = []  # session time, text

    @property
    def counts(self) -> dict[Side, PodCounts]:
        """Frame counts of each side so far."""
        return self._acquisition.counts if self._acquisition else {}

    @property
    def running(self) -> bool:
        """Whether the session still runs."""
        return self._begun and not self._over.is_set()

    def now_s(self) -> float:
        """Return the session time now."""
        return (self._surroundings.clock_ns() - self.t0_host_ns) / 1e9

    def start(self) -> None:
        """Begin."""
        self._begun = True
        self._thread.start()

    def poll(self) -> LiveState:
        """Return the newest snapshot."""
        if self._live is None:
            state = LiveState(exercise=self._exercise, session_path=self._shown_path)
        else:
            state = self._live.snapshot()
        state = replace(
            state,
            replay_of=self._surroundings.replay_of,
            trouble=self._recorder.trouble if self._recorder else "",
        )
        if self._over.is_set() and state.phase != "ended":
            return replace(state, phase="ended")  # it failed before it began
        return state

    def stop(self) -> None:
        """End the session; callable from any thread, more than once."""
        self._stop_asked = True
        self._call(lambda: self._stop.set() if self._stop else None)

    def marker(self, text: str) -> None:
        """Put a marker into the session, now."""

        def add() -> None:
            if self._recorder is not None:
                self.markers.append((self.now_s(), text))
                self._recorder.add_event(self._surroundings.clock_ns(), "marker", text)

        self._call(add)

    def identify(self, side: Side) -> None:
        """Let a pod blink."""

        def begin() -> None:
            if self._acquisition is not None and self._loop is not None:
                self._identifying = self._loop.create_task(self._acquisition.identify(side))

        self._call(begin)

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; True when it has come.

        Raises
        ------
        GlutesymError
            What ended the session, if it was not `stop`.
        """
        # Not Thread.join: interrupted by Ctrl-C, it would take the thread for ended.
        if self._begun and not self._over.wait(timeout_s):
            return False
        if self._error is not None:
            raise self._error
        return True

    def begin(self, start_host_ns: int) -> None:
        """Let whoever takes part begin."""
        if self._follower is not None:
            self._follower.begin((start_host_ns - self.t0_host_ns) / 1e9)

    async def all_streaming(self) -> None:
        """Wait until every pod has begun to stream."""
        assert self._acquisition is not None
        await self._acquisition.connected_all.wait()

    async def stopping(self) -> None:
        """Wait until somebody ends the session."""
        assert self._stop is not None
        await self._stop.wait()

    @property
    def _shown_path(self) -> str:
        return "" if self.path is None else str(self.path)

    def _call(self, action: Callable[[], object]) -> None:
        loop = self._loop
        if loop is not None and self.running:
            try:
                loop.call_soon_threadsafe(action)
            except RuntimeError:
                pass  # the loop has just ended, and the session with it

    def _run(self) -> None:
        try:
            self._surroundings.run(self._main())
        except BaseExceptionGroup as group:
            self._error = _first(group)
        except BaseException as error:
            self._error = error
        finally:
            self._over.set()

    async def _main(self) -> None:
        for name in _USED_LATER:
            import_module(name)
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        if self._stop_asked:
            return
        async with self._surroundings.transport() as transport:
            self.t0_host_ns = self._surroundings.clock_ns()
            self._live = LiveEngine(
                self.t0_host_ns, self._exercise, self._shown_path, self._settings
            )
            recorder = self._surroundings.recorder(self.path, self._exercise, self.t0_host_ns)
            self._recorder = recorder
            try:
                with recorder:
                    for kind, text in self._notes:
                        recorder.add_event(self.t0_host_ns, kind, text)
                    await self._record(transport, recorder, self._live, self._stop)
            finally:
                if self.path is not None and not recorder.pod_count:
                    self.path.unlink(missing_ok=True)  # nobody was there, nothing is in it
                given_up = self._acquisition.given_up if self._acquisition else []
                self._live.set_phase("ended", _farewell(given_up))
                await self._refresh(self._live, final=True)

    async def _record(
        self, transport: Transport, recorder: Recorder, live: LiveEngine, stop: asyncio.Event
    ) -> None:
        clock_ns = self._surroundings.clock_ns
        acquisition = Acquisition(
            transport,
            recorder,
            clock_ns,
            live,
            self._sides,
            known=self._known,
            rest_s=REST_S if self.path is not None else _UNRECORDED_REST_S,
        )
        self._acquisition = acquisition
        async with asyncio.TaskGroup() as tasks:
            helpers = [
                tasks.create_task(self._update_live(live)),
                tasks.create_task(self._surroundings.accompany(self, recorder)),
            ]
            await tasks.create_task(acquisition.run(stop))
            for helper in helpers:
                helper.cancel()

    async def _update_live(self, live: LiveEngine) -> None:
        """Update the live view again and again; an update that measures holds up no other one."""
        running: set[asyncio.Task[None]] = set()
        async with asyncio.TaskGroup() as updates:
            while True:
                await asyncio.sleep(_UPDATE_EVERY_S)
                if len(running) < _AT_ONCE:
                    update = updates.create_task(self._refresh(live))
                    running.add(update)
                    update.add_done_callback(running.discard)

    async def _refresh(self, live: LiveEngine, final: bool = False) -> None:
        """Bring the live view up to date; the recording goes on, whatever the view trips over."""
        try:
            await self._surroundings.compute(lambda: self._look(live, final))
        except Exception as error:
            live.set_message(f"The live view failed ({error!r}); the recording did not.")

    def _look(self, live: LiveEngine, final: bool) -> LiveState:
        """Bring the live view up to date, then let who takes part look; returns the new state."""
        state = live.update(self._surroundings.clock_ns(), final)
        follower, recording, recorder = self._follower, live.recording, self._recorder
        if final or follower is None or recording is None or recorder is None:
            return state
        if self._following.acquire(blocking=False):
            try:
                for time_s, kind, text in follower.follow(live.snapshot().time_s, recording):
                    recorder.add_event(self.t0_host_ns + round(time_s * 1e9), kind, text)
            finally:
                self._following.release()
        if follower.done:
            self.stop()
        return state


def new_recorder(
    path: Path | None,
    exercise: str,
    t0_host_ns: int,
    host_clock: str,
    subject: str = "",
    placement: str = PLACEMENT,
) -> Recorder:
    """Create the file of a session that begins now; without a path, what forgets it.

    Raises
    ------
    SessionError
        The file exists already, or cannot be created.
    """
    if path is None:
        return Unrecorded()
    return SessionWriter(
        path,
        exercise=exercise,
        started_utc=datetime.now(UTC),
        started_host_ns=t0_host_ns,
        host_clock=host_clock,
        subject=subject,
        placement=placement,
    )


def _farewell(given_up: list[Side]) -> str:
    if not given_up:
        return ""
    return (
        f"The {' and the '.join(given_up)} pod was out of reach at the end: what it measured "
        "since is not in this session."
    )


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that ended the session: task groups wrap it."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
