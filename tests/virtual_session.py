"""Record sessions of virtual pods as fast as possible, for tests of the whole chain."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glutesym import wire
from glutesym.decode import emg_counts, split_frames, without_repeats
from glutesym.live_state import LiveState
from glutesym.measures import SIDES, Side
from glutesym.session.analyze import AnalyzedSession, analyze_session
from glutesym.session.pod_stream import PodCounts
from glutesym.session.run import RunningSession
from glutesym.session.store import open_session
from glutesym.virtual.host_adapter import HostModel
from glutesym.virtual.radio import RadioModel
from glutesym.virtual.scenarios.base import Scenario
from glutesym.virtual.simulation import PodHardware, Simulation
from glutesym.virtual.surroundings import Incident, VirtualSurroundings

PERFECT_RADIO = RadioModel(loss=0.0)
_LOOK_EVERY_S = 0.05
_MOST_REAL_S = 240


@dataclass
class Recorded:
    """A session that has ended."""

    session: AnalyzedSession
    counts: dict[Side, PodCounts]
    live: LiveState
    consoles: dict[Side, str]

    def frames(self, side: Side) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return a pod's frames as they arrived, and when, ns."""
        with open_session(self.session.path) as stored:
            pod = next(pod for pod in stored.pods if pod.side == side)
            return stored.frames(pod.id)

    def status(self, side: Side, name: str) -> int:
        """Return a number of the last status that a pod made."""
        statuses = split_frames(self.frames(side)[1]).status
        return int(statuses[name][without_repeats(statuses)[-1]])

    def conversions(self, side: Side) -> NDArray[np.int32]:
        """Return the EMG samples in order of sequence: from `emg_counter`, their own numbers."""
        records = split_frames(self.frames(side)[1]).emg
        records = records[without_repeats(records)]
        assert np.all(records["count"] == wire.EMG_PER_FRAME)
        assert np.all(records["shift"] == 0)
        return emg_counts(records)[:, : wire.EMG_PER_FRAME].ravel()


class Trial(VirtualSurroundings):
    """A session in which something goes wrong.

    ``during`` is a coroutine function that runs beside the scenario, ``before`` one that runs as
    soon as the pods are on, beside the search for them. Both get the trial.

    Attributes
    ----------
    simulation : Simulation
    session : RunningSession
    looks : list of LiveState
        What the live view said, twenty times a second.
    """

    def __init__(
        self,
        folder: Path,
        scenario: Scenario,
        seed: int = 1,
        hardware: dict[Side, PodHardware] | None = None,
        host: HostModel | None = None,
        sides: Sequence[Side] = SIDES,
        before: Callable[[Trial], Coroutine[Any, Any, None]] | None = None,
        during: Callable[[Trial], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        async def incident(_simulation: Simulation) -> None:
            if during is not None:
                await during(self)

        super().__init__(scenario, seed, None, hardware, incident, host)
        self._prelude = before
        self.simulation = self._simulation
        path = folder / "session.glutesym"
        self.session = RunningSession(self, path, scenario.exercise, sides)
        self.looks: list[LiveState] = []
        self.consoles: dict[Side, str] = {}

    def record(self) -> Recorded:
        """Record to the end; raises what ends the session early."""
        self.session.start()
        assert self.session.join(_MOST_REAL_S)
        session = self.session
        return Recorded(
            analyze_session(session.path), session.counts, session.poll(), self.consoles
        )

    def transport(self):
        pods_on = super().transport()
        trial = self

        class Troubled:
            async def __aenter__(self):
                transport = await pods_on.__aenter__()
                self.tasks = [asyncio.create_task(trial._look())]
                if trial._prelude is not None:
                    self.tasks.append(asyncio.create_task(trial._prelude(trial)))
                await asyncio.sleep(0)  # they begin before the search
                return transport

            async def __aexit__(self, *error):
                for task in self.tasks:
                    task.cancel()
                await asyncio.gather(*self.tasks, return_exceptions=True)
                pods = trial.simulation.pods
                trial.consoles.update({side: pod.process.console() for side, pod in pods.items()})
                await pods_on.__aexit__(*error)

        return Troubled()

    async def _look(self) -> None:
        while True:
            self.looks.append(self.session.poll())
            await asyncio.sleep(_LOOK_EVERY_S)


def record(
    folder: Path,
    scenario: Scenario,
    seed: int = 1,
    hardware: dict[Side, PodHardware] | None = None,
    incident: Incident | None = None,
    host: HostModel | None = None,
) -> Recorded:
    """Play a scenario to two virtual pods and record it."""

    async def during(trial: Trial) -> None:
        if incident is not None:
            await incident(trial.simulation)

    return Trial(folder, scenario, seed, hardware, host, during=during).record()


def equal_hardware(**changes: object) -> dict[Side, PodHardware]:
    """Return two pods alike."""
    return {side: PodHardware(**changes) for side in SIDES}  # type: ignore[arg-type]
