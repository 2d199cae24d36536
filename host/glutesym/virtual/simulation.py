"""A world with two virtual pods, worn by a scenario, and an adapter to reach them."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from bumble import device, hci

from glutesym import wire
from glutesym.keys import KeyRing, OwnedPod
from glutesym.links.ble import BleTransport
from glutesym.measures import OTHER_SIDE, SIDES, Side
from glutesym.virtual.body import ScenarioBody
from glutesym.virtual.bumble_backend import bumble_backends
from glutesym.virtual.host_adapter import HostAdapter, HostModel
from glutesym.virtual.pod_parts import PodBody
from glutesym.virtual.radio import RadioController, RadioLink
from glutesym.virtual.radio_controller import RadioHost
from glutesym.virtual.scenarios.base import Scenario
from glutesym.virtual.virtual_pod import (
    PodHardware,
    VirtualPod,
    pod_id,
    pod_key,
    random_hardware,
)
from glutesym.world_time import WorldLoop

_START_DELAY_NS = 300_000_000  # pods fetch their signals up to 0.2 s ahead
_HOST_ADDRESS = "C0:00:00:00:00:FE"


async def make_adapter(air: RadioLink, model: HostModel | None, seed: int) -> HostAdapter:
    """Bring the host's adapter, powered on, within reach of the pods."""
    air.central = controller = RadioController("host", link=air)
    machine = device.Device(
        name="host",
        address=hci.Address(_HOST_ADDRESS),
        host=RadioHost(controller),
    )
    await machine.power_on()
    return HostAdapter(machine, model, seed)


class Simulation:
    """Two pods and a host adapter; an async context manager.

    Parameters
    ----------
    scenario : Scenario
    seed : int
        Of hardware, radio and processors; the scenario has its own.
    hardware : dict of PodHardware, optional
        Drawn from the seed when absent.
    host : HostModel, optional
        The host's Bluetooth.
    swapped : bool
        Each pod is worn on the other side than it was provisioned for.
    bodies : dict of PodBody, optional
        What the pods are attached to instead of the scenario's body.

    Attributes
    ----------
    keys : dict
        What the owner of the pods knows: tag → (id, side, key).
    pods : dict of VirtualPod
        By side, once they are there.
    adapter : HostAdapter
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int = 1,
        hardware: dict[Side, PodHardware] | None = None,
        host: HostModel | None = None,
        swapped: bool = False,
        bodies: Mapping[Side, PodBody] | None = None,
    ) -> None:
        self._bodies = bodies
        self._swapped = swapped
        self.scenario = scenario
        self._seed = seed
        self._hardware = hardware or random_hardware(seed)
        self._host = host
        self._folder: Path | None = None
        self.keys: dict[str, tuple[str, Side, bytes]] = {}
        for side in SIDES:
            number = self._pod_seed(side)
            identity = pod_id(number, side)
            tag = identity[-wire.TAG_DIGITS :].upper()
            self.keys[tag] = (identity, side, pod_key(number))
        self.pods: dict[str, VirtualPod] = {}  # by side

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, WorldLoop), "a simulation runs in run_in_world()"
        self.loop = loop
        self.air = air = RadioLink(loop, self._seed)
        self.adapter = await make_adapter(air, self._host, self._seed)
        self.backends = client, scanner = bumble_backends(self.adapter)
        keys = KeyRing.of(OwnedPod(*known) for known in self.keys.values())
        if self._swapped:
            keys = keys.swapped()
        self.transport = BleTransport(keys, client, scanner, loop.now_ns)
        self._folder = Path(tempfile.mkdtemp(prefix="glutesym-pods-"))
        try:
            await self._switch_on(loop, self._folder)
        except BaseException:  # cancelled, too: nobody else would clean up
            self._end()
            raise
        return self

    async def _switch_on(self, loop: WorldLoop, folder: Path) -> None:
        for side in SIDES:
            worn = OTHER_SIDE[side] if self._swapped else side
            body = self._bodies[worn] if self._bodies else ScenarioBody(self.scenario, worn)
            self.pods[side] = VirtualPod(
                loop,
                self.air,
                side,
                folder / side,
                body,
                self._hardware[side],
                self._pod_seed(side),
            )
            await self.pods[side].switch_on()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        for pod in self.pods.values():
            pod.usb.unplug()
            pod.switch_off()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def start_scenario(self) -> int:
        """Let the scenario begin in a moment and return when, world time in ns."""
        start_ns = self.loop.now_ns() + _START_DELAY_NS
        for pod in self.pods.values():
            pod.body.start(start_ns)
        return start_ns

    def set_adapter(self, on: bool) -> None:
        """Switch the host's Bluetooth off or on again."""
        self.adapter.set_power(on)

    def stale_services(self) -> None:
        """Let the host have the services of an earlier firmware in its cache.

        It asks for the right ones after ``client.unpair()``, or with
        ``BleakClient(winrt={"use_cached_services": False})``.
        """
        self.adapter.remember_earlier_services(pod.address for pod in self.pods.values())

    def kill_host(self) -> None:
        """Let the host's process die without a word, while its system keeps the links."""
        self.adapter.kill_clients()

    def _pod_seed(self, side: Side) -> int:
        return self._seed * 2 + SIDES.index(side)
