"""Where a bench test takes place: an ordinary session that tests the pods first, then leads."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from glutesym.bench.guide import Desk, SelfTests, lead, note_setup, tested_first
from glutesym.bench.plan import Setup, Step
from glutesym.links.base import Transport
from glutesym.measures import Side
from glutesym.session.recorder import Recorder
from glutesym.session.run import RealSurroundings, RunningSession

EXERCISE = "bench test"


async def conduct(
    session: RunningSession,
    recorder: Recorder,
    clock_ns: Callable[[], int],
    desk: Desk,
    setup: Setup,
    steps: Sequence[Step],
    self_tests: SelfTests,
) -> None:
    """Do the steps as soon as all pods stream, then end the session."""
    note_setup(recorder, clock_ns(), setup, json.dumps(self_tests))
    await session.all_streaming()
    session.begin(clock_ns())
    await lead(desk, steps, lambda kind, text: recorder.add_event(clock_ns(), kind, text))
    session.stop()


class RealBench(RealSurroundings):
    """The pods of this computer, a box and somebody who turns it.

    Parameters
    ----------
    desk : Desk
    setup : Setup
    steps : sequence of Step
    sides : sequence of {"left", "right"}
    usb : bool
        Over USB: pods in bench mode.
    ports : sequence of str
        Serial ports to look at besides those of known boards.
    """

    def __init__(
        self,
        desk: Desk,
        setup: Setup,
        steps: Sequence[Step],
        sides: Sequence[Side],
        usb: bool = False,
        ports: Sequence[str] = (),
    ) -> None:
        super().__init__(None, usb, ports)
        self._desk = desk
        self._setup = setup
        self._steps = steps
        self._sides = sides
        self._self_tests: SelfTests = {}

    def transport(self) -> AbstractAsyncContextManager[Transport]:
        """Return what reaches the pods, once they have tested themselves."""
        return tested_first(super().transport(), self._sides, self._self_tests)

    async def accompany(self, session: RunningSession, recorder: Recorder) -> None:
        """Lead through the steps."""
        await conduct(
            session,
            recorder,
            self.clock_ns,
            self._desk,
            self._setup,
            self._steps,
            self._self_tests,
        )
