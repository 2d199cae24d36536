"""A session on virtual pods: the world in which it takes place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from glutesym.links.base import Transport
from glutesym.measures import Side
from glutesym.session.analyze import WORLD_CLOCK
from glutesym.session.recorder import Recorder
from glutesym.session.run import RunningSession, new_recorder
from glutesym.session.subject import PLACEMENT
from glutesym.virtual.host_adapter import HostModel
from glutesym.virtual.scenarios.base import Scenario
from glutesym.virtual.simulation import PodHardware, Simulation
from glutesym.world_time import WorldLoop, run_in_world

SCENARIO_EVENT = "scenario"  # marks the session time at which the scenario's time 0 is

Incident = Callable[[Simulation], Coroutine[Any, Any, None]]


class VirtualSurroundings:
    """Two virtual pods, worn by a scenario, in a world of their own.

    Parameters
    ----------
    scenario : Scenario
    seed : int
        Of everything but the scenario: clocks, radio, processors.
    speed : float or None
        World seconds per real second; ``None``: as fast as possible.
    hardware : dict of PodHardware, optional
    incident : callable, optional
        What goes wrong: a coroutine that runs beside the scenario.
    host : HostModel, optional
        The host's Bluetooth.
    subject : str
        Whose session it is, as a code.
    placement : str
        Where the electrodes are.
    swapped : bool
        Each pod is worn on the other side than it was provisioned for.
    stay : bool
        After the scenario the body rests until somebody ends the session.
    before : callable, optional
        What goes wrong before anybody looks for the pods, as soon as they are on.
    """

    replay_of = ""

    def __init__(
        self,
        scenario: Scenario,
        seed: int = 1,
        speed: float | None = 1.0,
        hardware: dict[Side, PodHardware] | None = None,
        incident: Incident | None = None,
        host: HostModel | None = None,
        subject: str = "",
        placement: str = PLACEMENT,
        swapped: bool = False,
        stay: bool = False,
        before: Incident | None = None,
    ) -> None:
        self._before = before
        self._subject = subject
        self._placement = placement
        self._stay = stay
        self._simulation = Simulation(scenario, seed, hardware, host, swapped)
        self._speed = speed
        self._incident = incident
        self._loop: WorldLoop | None = None

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        """Run on world time."""
        run_in_world(main, self._speed)

    def clock_ns(self) -> int:
        """Return world time: this host's clock is perfect."""
        return self._loop.now_ns() if self._loop else 0

    def transport(self) -> AbstractAsyncContextManager[Transport]:
        """Switch the pods on."""
        return self._open()

    def recorder(self, path: Path | None, exercise: str, t0_host_ns: int) -> Recorder:
        """Create the session file; without a path, what forgets the session."""
        return new_recorder(
            path, exercise, t0_host_ns, WORLD_CLOCK, self._subject, self._placement
        )

    async def compute(self, work: Callable[[], object]) -> None:
        """Compute while the world stands still."""
        work()

    async def accompany(self, session: RunningSession, recorder: Recorder) -> None:
        """Play the scenario once, as soon as all pods stream; then end the session."""
        await session.all_streaming()
        simulation = self._simulation
        scenario = simulation.scenario
        start_ns = simulation.start_scenario()
        session.begin(start_ns)
        recorder.add_event(start_ns, SCENARIO_EVENT, f"{scenario.name}, seed {scenario.seed}")
        loop = simulation.loop
        end = asyncio.Event()
        timer = loop.call_at(start_ns / 1e9 + scenario.duration_s, end.set)
        try:
            if self._incident is not None:
                await self._incident(simulation)
            await end.wait()
        finally:
            timer.cancel()
        if self._stay:
            await session.stopping()
        session.stop()

    def shift(self, seconds: float) -> None:
        """Let the rest of the scenario come so much later, or sooner if negative."""
        for pod in self._simulation.pods.values():
            pod.body.shift(round(seconds * 1e9))

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[Transport]:
        async with self._simulation as simulation:
            self._loop = simulation.loop
            if self._before is not None:
                await self._before(simulation)
            yield simulation.transport
