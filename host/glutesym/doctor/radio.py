"""Over the air: whether Bluetooth is usable, which pods are in reach, and what they say.

The same for this computer's own Bluetooth and for the simulated one, with virtual pods.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Protocol

from glutesym.doctor import bluetooth, pods
from glutesym.doctor.finding import Finding, Subject
from glutesym.doctor.surroundings import Computer
from glutesym.errors import BluetoothError, LinkError
from glutesym.keys import KeyRing
from glutesym.links import upkeep
from glutesym.links.base import FoundPod, Transport
from glutesym.podfiles import expected_firmware

SCAN_S = 3.0
_POD_S = 4.0  # to connect to one pod and read its description
_BUS_S = 1.0


class Place(Protocol):
    """Where pods are looked for."""

    computer: Computer | None  # whose Bluetooth it is; None: a simulated one
    subject: Subject  # of what pods say
    self_test: bool  # have the pods test themselves, too: nobody wears them

    def keys(self) -> KeyRing:
        """Return the pods that are owned."""
        ...

    def run(self, main: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine to its end, on this place's time."""
        ...

    def transport(self) -> AbstractAsyncContextManager[Transport]:
        """Give access to the pods."""
        ...


class Air:
    """Looks for pods once, and asks those that are owned who they are.

    Parameters
    ----------
    place : Place
    ask : bool
        Ask the pods, too; otherwise only see which there are.
    names_on_bus : callable
        Returns the services on the system's D-Bus.
    """

    def __init__(
        self,
        place: Place,
        ask: bool = True,
        names_on_bus: bluetooth.NamesOnBus = bluetooth.names_on_bus,
    ) -> None:
        self._place = place
        self._ask = ask
        self._names_on_bus = names_on_bus
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._found: list[Finding] = []

    def look(self) -> Iterator[Finding]:
        """Return what there is; takes as long as a scan and the pods' answers."""
        computer = self._place.computer
        if computer is not None and (finding := bluetooth.forbidden(computer)):
            yield finding
            yield self._pods_not_asked()
            return
        try:
            self._place.run(self._main())
        except asyncio.CancelledError:
            pass  # it was asked to stop
        yield from self._found

    def stop(self) -> None:
        """End it; may be called from any thread."""
        if self._loop is not None and self._task is not None:
            with suppress(RuntimeError):  # it has just ended
                self._loop.call_soon_threadsafe(self._task.cancel)

    async def _main(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        place, found = self._place, self._found
        async with place.transport() as transport:
            try:
                seen = await transport.scan(SCAN_S, lambda _seen: False)
            except BluetoothError as error:
                await self._explain(error)
                return
            if place.computer is not None:
                found.append(Finding("bluetooth", "Adapter", "ok", "is on and scans"))
            air = place.subject if place.computer is None else "bluetooth"
            found += pods.in_reach(air, seen, SCAN_S)
            if not self._ask:
                return
            found += pods.not_seen(place.subject, list(place.keys()), seen)
            for pod in _nearest(seen):
                await self._examine(transport, pod)

    async def _explain(self, error: BluetoothError) -> None:
        computer = self._place.computer
        if computer is None:
            self._found.append(Finding(self._place.subject, "Radio", "problem", str(error)))
            return
        names: list[str] | str = "not asked"
        if computer.system == "linux":
            try:
                async with asyncio.timeout(_BUS_S):
                    names = await self._names_on_bus()
            except Exception as failed:  # whatever D-Bus' library raises
                names = getattr(failed, "strerror", None) or str(failed) or "no answer"
        self._found += bluetooth.reasons(computer, error, names)
        if self._ask:
            self._found.append(self._pods_not_asked())

    async def _examine(self, transport: Transport, pod: FoundPod) -> None:
        owned = pod.require_owned()
        subject = self._place.subject
        try:
            async with asyncio.timeout(_POD_S):
                link = await transport.connect(pod)
            try:
                self._found += pods.description(subject, owned, link.info, expected_firmware())
                if self._place.self_test:
                    self._found.append(pods.tested(subject, owned, await upkeep.self_test(link)))
            finally:
                await link.close()
        except (TimeoutError, LinkError) as error:
            self._found.append(pods.silent(subject, owned, error))

    def _pods_not_asked(self) -> Finding:
        found = "not possible without Bluetooth; over USB: `glutesym selftest --usb`"
        return Finding(self._place.subject, "Pods in reach", "not checked", found)


def _nearest(seen: list[FoundPod]) -> list[FoundPod]:
    """Return the owned pod of each side with the strongest signal."""
    nearest: dict[str, FoundPod] = {}
    for pod in sorted(seen, key=lambda pod: pod.rssi_dbm or -999):
        if pod.side is not None:
            nearest[pod.side] = pod
    return [nearest[side] for side in sorted(nearest)]
