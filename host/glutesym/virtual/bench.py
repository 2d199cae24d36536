"""A bench test of virtual pods: a box on each, one generator, and nobody who has to turn them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

from glutesym.bench.guide import SelfTests, tested_first
from glutesym.bench.plan import Phase, Setup, Step
from glutesym.bench.surroundings import conduct
from glutesym.links.base import Transport
from glutesym.measures import SIDES, Side
from glutesym.session.recorder import Recorder
from glutesym.session.run import RunningSession
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.simulation import PodHardware, Simulation, random_hardware
from glutesym.virtual.surroundings import VirtualSurroundings
from glutesym.virtual.test_box import BoxParts, TestBox, random_generator, random_parts

_AHEAD_NS = 250_000_000  # pods have fetched what comes sooner

Progress = Callable[[Step, float], None]


def _nothing(_step: Step, _done: float) -> None:
    pass


class VirtualBench(VirtualSurroundings):
    """Virtual pods with boxes instead of bodies.

    Parameters
    ----------
    setup : Setup
    steps : sequence of Step
    sides : sequence of {"left", "right"}
        Which pods are tested.
    seed : int
        Of pods, boxes, generator and radio.
    hardware : dict of PodHardware, optional
    parts : dict of BoxParts, optional
        Drawn from the seed when absent.
    progress : callable
        Is told the step and which part of it is done.

    Attributes
    ----------
    boxes : dict of TestBox
    hardware : dict of PodHardware
    turns : list of (int, str)
        When boxes were turned to which position: world time in ns, the truth.
    """

    def __init__(
        self,
        setup: Setup,
        steps: Sequence[Step],
        sides: Sequence[Side] = SIDES,
        seed: int = 1,
        hardware: dict[Side, PodHardware] | None = None,
        parts: dict[Side, BoxParts] | None = None,
        progress: Progress = _nothing,
    ) -> None:
        errors = random_generator(seed)
        self.boxes: dict[Side, TestBox] = {
            side: TestBox(
                (parts or {}).get(side) or random_parts(2 * seed + SIDES.index(side)), errors
            )
            for side in SIDES
        }
        self.hardware = hardware or random_hardware(seed)
        rest = build_scenario("rest", seed=seed)
        super().__init__(rest, seed, None, self.hardware)
        self._simulation = Simulation(rest, seed, self.hardware, bodies=self.boxes)
        self._setup = setup
        self._steps = steps
        self._sides = sides
        self._self_tests: SelfTests = {}
        self._progress = progress
        self._step: Step | None = None
        self.turns: list[tuple[int, str]] = []

    async def set_up(self, step: Step) -> bool:
        """Set generator and boxes."""
        self._step = step
        self._turn(step.phases[0].position, step)
        return True

    def turn(self, phase: Phase) -> None:
        """Turn the boxes."""
        assert self._step is not None
        self._turn(phase.position, self._step)

    def progress(self, step: Step, done: float) -> None:
        """Pass it on."""
        self._progress(step, done)

    async def accompany(self, session: RunningSession, recorder: Recorder) -> None:
        """Lead through the steps."""
        await conduct(
            session,
            recorder,
            self.clock_ns,
            self,
            self._setup,
            self._steps,
            self._self_tests,
        )

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[Transport]:
        async with tested_first(super()._open(), self._sides, self._self_tests) as transport:
            yield transport

    def _turn(self, position: str, step: Step) -> None:
        at_ns = self.clock_ns() + _AHEAD_NS
        self.turns.append((at_ns, position))
        for box in self.boxes.values():
            box.turn(at_ns, position, step.generator, self._setup.divide_by)
            box.lay(at_ns, step.face)
