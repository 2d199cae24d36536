"""Probes of a pod's clock: a number goes out, and a later status tells when it came."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from glutesym import wire
from glutesym.links.base import OnProbe


async def send_probe(
    write: Callable[[bytes], Awaitable[None]],
    clock_ns: Callable[[], int],
    number: int,
    due_ns: int,
    on_probe: OnProbe,
) -> None:
    """Write a probe at its time, stamped by the host's clock immediately before.

    Raises
    ------
    LinkError
        The link is gone.
    """
    wait_ns = due_ns - clock_ns()
    if wait_ns > 0:
        await asyncio.sleep(wait_ns / 1e9)
    on_probe(number, clock_ns())
    await write(wire.command(wire.PROBE, c=number))
