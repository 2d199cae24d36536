"""Record from a program: samples as they come, markers, and the session at the end."""

from __future__ import annotations

import queue
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from glutesym.api.session_data import Session, load
from glutesym.errors import GlutesymError
from glutesym.live_state import LiveState
from glutesym.measures import SIDES, RepMeasure, Side
from glutesym.recording import Recording
from glutesym.session.names import session_path
from glutesym.session.new_samples import NewSamples, Samples
from glutesym.session.run import RealSurroundings, RunningSession, Surroundings
from glutesym.session.subject import PLACEMENT

_POLL_S = 0.1


class Capture:
    """A session that is being recorded; made by `glutesym.capture`, used as a context manager.

    Iterating over it gives `Samples`, in order and none twice, until it ends. Samples come half a
    second late: what the radio lost is in its place by then. What comes later still is in the
    session, not here. In the first ten seconds, while the clocks are hardly known, times may be
    off by some hundredths of a second; those in the session are not.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        path: Path,
        exercise: str,
        sides: Sequence[Side],
        mains_hz: int | None = None,
    ) -> None:
        self._tap = _Tap()
        self._running = RunningSession(
            surroundings, path, exercise, sides, follower=self._tap, mains_hz=mains_hz
        )
        self.path = path

    def __enter__(self) -> Capture:
        self._running.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if kind is None:
            self.wait()
        else:
            with suppress(GlutesymError):  # the first error is the one to tell
                self.wait()

    def __iter__(self) -> Iterator[Samples]:
        while (samples := self.next()) is not None:
            yield samples

    def next(self, timeout_s: float | None = None) -> Samples | None:
        """Wait for the next samples; None when the session has ended.

        Raises
        ------
        TimeoutError
            None came in time.
        GlutesymError
            What ended the session, if it was neither `stop` nor its duration.
        """
        waited_s = 0.0
        while True:
            with suppress(queue.Empty):
                return self._tap.found.get(timeout=_POLL_S)
            waited_s += _POLL_S
            if not self._running.running:
                self.wait()
                with suppress(queue.Empty):
                    return self._tap.found.get_nowait()
                return None
            if timeout_s is not None and waited_s >= timeout_s:
                raise TimeoutError(f"No samples came within {timeout_s:g} s.")

    @property
    def state(self) -> LiveState:
        """What a view shows now: bars, connection, traffic lights, repetitions, loss."""
        return self._running.poll()

    @property
    def reps(self) -> tuple[RepMeasure, ...]:
        """The repetitions measured so far."""
        return self.state.reps

    def marker(self, text: str) -> None:
        """Put a marker into the session, now; before the pods are sought there is none."""
        self._running.marker(text)

    def identify(self, side: Side) -> None:
        """Let a pod blink."""
        self._running.identify(side)

    def stop(self) -> None:
        """End the session; what the pods still hold is fetched. Returns at once."""
        self._running.stop()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the session has ended and its file is closed; True when it has.

        Raises
        ------
        GlutesymError
            What ended the session, if it was neither `stop` nor its duration.
        """
        waited_s = 0.0
        while not self._running.join(_POLL_S):  # so that Ctrl-C is heard
            waited_s += _POLL_S
            if timeout_s is not None and waited_s >= timeout_s:
                return False
        return True

    def session(self) -> Session:
        """Wait for the end and return the recorded session, measured.

        Raises
        ------
        GlutesymError
            What ended the session; or there is nothing in it.
        """
        self.wait()
        return load(self.path)


def capture(
    exercise: str = "session",
    *,
    folder: str | Path = "sessions",
    duration_s: float | None = None,
    sides: Sequence[Side] = SIDES,
    subject: str = "",
    placement: str = PLACEMENT,
    mains_hz: int | None = None,
    usb: bool = False,
    virtual: str | None = None,
    reps: int | None = None,
    seed: int = 1,
    speed: float | None = None,
) -> Capture:
    """Begin to record; use it in a ``with`` statement.

    Parameters
    ----------
    exercise : str
        What is done: "hip thrust", "squat", ... decides how repetitions are judged.
    folder : path
        Where the session file goes; created when missing.
    duration_s : float, optional
        When to end, counted from when all pods stream; not given: by `Capture.stop`, or at the
        end of the ``with`` block. Virtual pods end with their scenario at the latest.
    sides : sequence of {"left", "right"}
        Which pods take part.
    subject, placement : str
        Whose session it is, as a code, and where the electrodes are.
    mains_hz : {50, 60}, optional
        Take hum out when it is measured, now and later; samples keep it.
    usb : bool
        Pods on cables, in bench mode. Never with electrodes on a person.
    virtual : str, optional
        The name of a scenario ("bridge", "squat", ...): virtual pods, no hardware needed.
    reps : int, optional
        Of virtual pods; the scenario's, when not given.
    seed : int
        Of everything random about virtual pods.
    speed : float, optional
        World seconds a real second of virtual pods; not given: as fast as possible.

    Returns
    -------
    Capture

    Raises
    ------
    GlutesymError
        There is no such scenario, or no mains of that frequency. What goes wrong later is raised
        where it is waited for.
    """
    if mains_hz not in (None, 50, 60):
        raise GlutesymError(f"mains_hz is {mains_hz}: mains hum is at 50 or 60 Hz.")
    surroundings: Surroundings
    if virtual is None:
        surroundings = RealSurroundings(duration_s, usb, subject=subject, placement=placement)
    else:
        from glutesym.virtual.scenarios.catalog import build_scenario
        from glutesym.virtual.surroundings import VirtualSurroundings

        scenario = build_scenario(virtual, seed=seed, reps=reps).ended_after(duration_s)
        exercise = scenario.exercise if exercise == "session" else exercise
        surroundings = VirtualSurroundings(
            scenario, seed, speed, subject=subject, placement=placement
        )
    path = session_path(Path(folder), datetime.now().astimezone(), exercise)
    return Capture(surroundings, path, exercise, sides, mains_hz)


def record(exercise: str = "session", duration_s: float | None = None, **options: Any) -> Session:
    """Record for some time and return the session, measured; Ctrl-C ends it early.

    Parameters
    ----------
    exercise : str
    duration_s : float
        Counted from when all pods stream; virtual pods need none.
    **options
        Those of `capture`.

    Raises
    ------
    GlutesymError
        No duration, no pods, no Bluetooth, ...: it says what to do.
    """
    require_an_end(duration_s, options.get("virtual"))
    with capture(exercise, duration_s=duration_s, **options) as running:
        with suppress(KeyboardInterrupt):
            running.wait()
    return running.session()


def require_an_end(duration_s: float | None, virtual: str | None) -> None:
    """Refuse to record until nobody knows when.

    Raises
    ------
    GlutesymError
        There is neither a duration nor a scenario that ends.
    """
    if duration_s is None and virtual is None:
        raise GlutesymError(
            "How long? Give duration_s in seconds, or use glutesym.capture, which you end."
        )


class _Tap:
    """Follows a session and passes on what is new; see `glutesym.session.follower.Follower`."""

    done = False

    def __init__(self) -> None:
        self.found: queue.Queue[Samples] = queue.Queue()
        self._new = NewSamples()

    def begin(self, start_s: float) -> None:
        """Begin: nothing to do, samples from before are passed on, too."""

    def follow(self, time_s: float, recording: Recording) -> Iterable[tuple[float, str, str]]:
        """Pass on what has become old enough."""
        for samples in self._new.of(recording, time_s):
            self.found.put(samples)
        return ()
