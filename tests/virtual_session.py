"""Record sessions of virtual pods as fast as possible, for tests of the whole chain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from glutesym.live_state import LiveState
from glutesym.measures import SIDES, Side
from glutesym.session.analyze import AnalyzedSession, analyze_session
from glutesym.session.pod_stream import PodCounts
from glutesym.session.run import RunningSession
from glutesym.virtual.radio import RadioModel
from glutesym.virtual.scenarios.base import Scenario
from glutesym.virtual.simulation import PodHardware
from glutesym.virtual.surroundings import Incident, VirtualSurroundings

PERFECT_RADIO = RadioModel(loss=0.0)


@dataclass
class Recorded:
    """A session that has ended."""

    session: AnalyzedSession
    counts: dict[Side, PodCounts]
    live: LiveState
    consoles: dict[Side, str]

    def status(self, side: Side, name: str) -> int:
        """Return a number of the last status that a pod sent."""
        from glutesym.decode import split_frames
        from glutesym.session.store import open_session

        with open_session(self.session.path) as stored:
            pod = next(pod for pod in stored.pods if pod.side == side)
            return int(split_frames(stored.frames(pod.id)[1]).status[name][-1])


def record(
    folder: Path,
    scenario: Scenario,
    seed: int = 1,
    hardware: dict[Side, PodHardware] | None = None,
    incident: Incident | None = None,
) -> Recorded:
    """Play a scenario to two virtual pods and record it."""
    consoles: dict[Side, str] = {}

    class Listening(VirtualSurroundings):
        async def accompany(self, session, writer):
            await super().accompany(session, writer)
            consoles.update(
                {side: pod.process.console() for side, pod in self._simulation.pods.items()}
            )

    surroundings = Listening(scenario, seed, None, hardware, incident)
    running = RunningSession(surroundings, folder / "session.glutesym", scenario.exercise)
    running.start()
    assert running.join(240)
    return Recorded(analyze_session(running.path), running.counts, running.poll(), consoles)


def equal_hardware(**changes: object) -> dict[Side, PodHardware]:
    """Return two pods alike."""
    return {side: PodHardware(**changes) for side in SIDES}  # type: ignore[arg-type]
