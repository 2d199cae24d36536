"""Leads through the steps while the pods are recorded, and marks in the session what was when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from glutesym.bench.plan import Phase, Setup, Step
from glutesym.errors import LinkError
from glutesym.links import upkeep
from glutesym.links.base import FoundPod, Transport
from glutesym.measures import Side
from glutesym.session.recorder import Recorder

SETUP, SELF_TEST, BEGIN, END, SKIPPED = (
    "bench setup",
    "bench self-test",
    "bench begin",
    "bench end",
    "bench skipped",
)
_LOOK_S = 10.0
_TICK_S = 0.5
_AFTER_S = 0.5  # the recording goes on after a phase: filters and frames


class Desk(Protocol):
    """Who sets box and generator."""

    async def set_up(self, step: Step) -> bool:
        """Have everything set for a step; False: it is to be left out."""
        ...

    def turn(self, phase: Phase) -> None:
        """Have the box turned at once."""
        ...

    def progress(self, step: Step, done: float) -> None:
        """Show which part of a step is done."""
        ...


SelfTests = dict[Side, dict[str, Any]]


@asynccontextmanager
async def tested_first(
    transport: AbstractAsyncContextManager[Transport], sides: Sequence[Side], results: SelfTests
) -> AsyncGenerator[Transport]:
    """Give access to the pods after their self-tests, whose ``results`` are filled in.

    A pod that is not seen, or cannot do it, has none: the session will tell.
    """
    async with transport as pods:

        def all_seen(found: list[FoundPod]) -> bool:
            return set(sides) <= {pod.side for pod in found}

        found = {pod.side: pod for pod in await pods.scan(_LOOK_S, all_seen)}
        for side in sides:
            if side not in found:
                continue
            try:
                link = await pods.connect(found[side])
                try:
                    results[side] = await upkeep.self_test(link)
                finally:
                    await link.close()
            except LinkError as error:
                results[side] = {"error": str(error)}
        yield pods


async def lead(desk: Desk, steps: Sequence[Step], note: Callable[[str, str], None]) -> None:
    """Do the steps, one after the other.

    Parameters
    ----------
    desk : Desk
    steps : sequence of Step
    note : callable
        Puts an event into the session, now: kind and text.
    """
    for step in steps:
        if not await desk.set_up(step):
            note(SKIPPED, step.name)
            continue
        await asyncio.sleep(step.settle_s)
        whole_s = sum(phase.seconds for phase in step.phases)
        done_s = 0.0
        for number, phase in enumerate(step.phases):
            if number:
                desk.turn(phase)
            note(BEGIN, f"{step.name} {phase.position}")
            left_s = phase.seconds
            while left_s > 0:
                await asyncio.sleep(min(_TICK_S, left_s))
                done_s += min(_TICK_S, left_s)
                left_s -= _TICK_S
                desk.progress(step, done_s / whole_s)
            note(END, f"{step.name} {phase.position}")
        await asyncio.sleep(_AFTER_S)


def note_setup(recorder: Recorder, now_ns: int, setup: Setup, self_tests: str) -> None:
    """Put into a session what later measuring has to know."""
    recorder.add_event(now_ns, SETUP, setup.to_text())
    recorder.add_event(now_ns, SELF_TEST, self_tests)
