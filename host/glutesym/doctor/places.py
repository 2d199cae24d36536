"""Where pods are looked for: around this computer, or in a simulated world."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from glutesym.doctor.finding import Subject
from glutesym.doctor.surroundings import Computer
from glutesym.errors import KeyFileError
from glutesym.keys import KeyRing, OwnedPod
from glutesym.links.base import Transport
from glutesym.links.ble import BleTransport


class Here:
    """The Bluetooth of this computer. See `glutesym.doctor.radio.Place`.

    Parameters
    ----------
    computer : Computer
    key_path : Path
        The file of keys; one that cannot be used is as none: another check tells.
    """

    subject: Subject = "pods"
    self_test = False

    def __init__(self, computer: Computer, key_path: Path) -> None:
        self.computer: Computer | None = computer
        self._key_path = key_path

    def keys(self) -> KeyRing:
        """Return the pods that this computer owns."""
        try:
            return KeyRing.load(self._key_path)
        except KeyFileError:
            return KeyRing.of([])

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        """Run on an ordinary event loop."""
        asyncio.run(main)

    def transport(self) -> AbstractAsyncContextManager[Transport]:
        """Return bleak on the platform's own stack."""
        return nullcontext(BleTransport(self.keys()))


class VirtualWorld:
    """Two virtual pods that nobody wears. See `glutesym.doctor.radio.Place`.

    Parameters
    ----------
    seed : int
        Of their hardware.
    """

    computer: Computer | None = None
    subject: Subject = "virtual"
    self_test = True

    def __init__(self, seed: int = 1) -> None:
        from glutesym.virtual.scenarios.catalog import build_scenario
        from glutesym.virtual.simulation import Simulation

        self.simulation = Simulation(build_scenario("rest", seed=seed), seed)

    def keys(self) -> KeyRing:
        """Return the pods' keys."""
        return KeyRing.of(OwnedPod(*known) for known in self.simulation.keys.values())

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        """Run on world time, as fast as possible."""
        from glutesym.world_time import run_in_world

        run_in_world(main)

    @asynccontextmanager
    async def transport(self) -> AsyncGenerator[Transport]:
        """Switch the pods on."""
        async with self.simulation as simulation:
            yield simulation.transport
