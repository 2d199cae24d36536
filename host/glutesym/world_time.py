"""World time: an asyncio event loop whose clock is simulated, for virtual pods and for replays.

The loop's time stands still while anything computes, and jumps to the next timer when all are
waiting. With a ``speed`` it is held back to that multiple of real time; without one the world
goes as fast as the processor allows. Whoever computes outside the loop (a pod's process) holds the
world meanwhile, so results do not depend on the speed or on the machine.
"""

from __future__ import annotations

import asyncio
import math
import selectors
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from glutesym.errors import GlutesymError

T = TypeVar("T")

_CATCH_UP_S = 0.5  # real seconds: a paced world that is late by more does not race after them
STUCK_AFTER_S = 20.0  # real seconds that a pod's process may compute before it counts as stuck


class WorldStuckError(GlutesymError):
    """A virtual pod computes for ever: the simulation cannot go on."""

    def __init__(self) -> None:
        super().__init__(
            f"A virtual pod has been computing for {STUCK_AFTER_S:g} s without sleeping. "
            "Look at the pod's output above; stop the simulation with Ctrl-C."
        )


class WorldLoop(asyncio.SelectorEventLoop):
    """Event loop on simulated time, which starts at 0.

    Parameters
    ----------
    speed : float or None
        World seconds per real second; ``None``: as fast as possible.
    """

    def __init__(self, speed: float | None = None) -> None:
        self._world = _WorldSelector(speed)
        super().__init__(self._world)
        # Timers come early by what asyncio takes for the clock's resolution: 16 ms on Windows.
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Return world time in seconds."""
        return self._world.now_ns / 1e9

    def now_ns(self) -> int:
        """Return world time in nanoseconds: the host's clock in a simulation."""
        return self._world.now_ns

    def pace(self, speed: float | None) -> None:
        """Go on at another speed."""
        self._world.pace(speed)

    def due_s(self, real_s: float) -> float:
        """Return which world time is due at a real time (``time.monotonic``), if it is paced."""
        return self._world.due_at(real_s)

    def hold(self) -> None:
        """Stop world time until `release`: somebody outside the loop computes."""
        self._world.holders += 1

    def release(self) -> None:
        """Take back one `hold`."""
        self._world.holders -= 1

    def call_at_ns(self, when_ns: int, callback: Callable[..., object], *args: object) -> None:
        """Call back at a time in nanoseconds, now if it has passed."""
        self.call_at(when_ns / 1e9, callback, *args)


def run_in_world(main: Coroutine[Any, Any, T], speed: float | None = None) -> T:
    """Run a coroutine on world time until it is done.

    Parameters
    ----------
    main : coroutine
        What to run.
    speed : float or None
        World seconds per real second; ``None``: as fast as possible.
    """
    with asyncio.Runner(loop_factory=lambda: WorldLoop(speed)) as runner:
        return runner.run(main)


class _WorldSelector(selectors.DefaultSelector):
    """A selector that lets simulated time pass instead of sleeping."""

    def __init__(self, speed: float | None) -> None:
        super().__init__()
        self.now_ns = 0
        self.holders = 0
        self._speed = speed
        self._real_origin_s = time.monotonic()  # real time at world time 0, when paced

    def pace(self, speed: float | None) -> None:
        self._speed = speed
        self._real_origin_s = time.monotonic() - self.now_ns / 1e9 / (speed or 1.0)

    def due_at(self, real_s: float) -> float:
        return (real_s - self._real_origin_s) * (self._speed or 1.0)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout != 0 and self.holders:
            ready = super().select(STUCK_AFTER_S)
            if not ready:
                raise WorldStuckError
            return ready
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            return super().select(None)
        target_ns = self.now_ns + math.ceil(timeout * 1e9)
        if self._speed is not None:
            due_s = self._real_origin_s + target_ns / 1e9 / self._speed
            wait_s = due_s - time.monotonic()
            if wait_s > 0:
                ready = super().select(wait_s)
                if ready:
                    # Somebody outside the simulation spoke: it is now, but never later than the
                    # timer.
                    elapsed_s = (time.monotonic() - self._real_origin_s) * self._speed
                    self.now_ns = max(self.now_ns, min(target_ns, int(elapsed_s * 1e9)))
                    return ready
            elif wait_s < -_CATCH_UP_S:
                self._real_origin_s -= wait_s  # too slow: go on from here instead of racing
        self.now_ns = target_ns
        return []
