"""A world with two virtual pods, worn by a scenario, and an adapter to reach them."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from bumble import device, hci, host
from bumble.transport.common import AsyncPipeSink

from glutesym.links.ble import BleTransport
from glutesym.measures import SIDES, Side
from glutesym.virtual.body import ScenarioBody
from glutesym.virtual.bumble_backend import bumble_backends
from glutesym.virtual.peripheral import VirtualPeripheral
from glutesym.virtual.pod_process import PodProcess
from glutesym.virtual.radio import RadioController, RadioLink, RadioModel
from glutesym.virtual.scenarios.base import Scenario
from glutesym.virtual.world_time import WorldLoop

_START_DELAY_NS = 300_000_000  # pods fetch their signals up to 0.2 s ahead
_HOST_ADDRESS = "C0:00:00:00:00:FE"
_ADDRESSES: dict[Side, str] = {"left": "C4:00:00:00:00:01", "right": "C4:00:00:00:00:02"}
# How late a pod's processor handles an event: 0.15 ms + exponential 0.5 ms, one in twenty 2 to 12
# ms.
_WAKE_FIXED_NS, _WAKE_MEAN_NS, _WAKE_TAIL, _WAKE_TAIL_NS = 150_000, 500_000, 0.05, (2e6, 12e6)


@dataclass(frozen=True)
class PodHardware:
    """How one virtual pod differs from a perfect one."""

    mcu_clock_ppm: float = 0.0
    emg_clock_error: float = 0.0  # relative
    imu_clock_error: float = 0.0
    ticks_start_us: int = 0
    emg_counter: bool = False  # the converter counts conversions instead of converting
    faults: dict[str, bool] = field(default_factory=dict[str, bool])
    settings: dict[str, object] = field(default_factory=dict[str, object])
    radio: RadioModel = field(default_factory=RadioModel)


def random_hardware(seed: int, radio: RadioModel | None = None) -> dict[Side, PodHardware]:
    """Draw two pods as they come: clocks off by what data sheets and measurements say."""
    random = np.random.default_rng([seed, 77])
    return {
        side: PodHardware(
            mcu_clock_ppm=float(random.normal(0, 20)),
            emg_clock_error=float(random.uniform(-0.015, 0.015)),
            imu_clock_error=float(random.uniform(-0.02, 0.02)),
            ticks_start_us=int(random.integers(0, 1 << 30)),
            radio=radio or RadioModel(),
        )
        for side in SIDES
    }


class VirtualPod:
    """One pod: processor, radio and body. Switched on and off like a real one."""

    def __init__(
        self,
        loop: WorldLoop,
        air: RadioLink,
        side: Side,
        folder: Path,
        body: ScenarioBody,
        hardware: PodHardware,
        seed: int,
        address: str | None = None,
    ) -> None:
        self.side: Side = side
        self.body = body
        address = address or _ADDRESSES[side]
        self.radio = VirtualPeripheral(loop, air, address, address, hardware.radio)
        config: dict[str, object] = {
            "seed": seed,
            "address": address,
            "unique_id": f"e6614c311b{seed & 0xFFFF:04x}{SIDES.index(side) + 1:02x}",
            "mcu_clock_ppm": hardware.mcu_clock_ppm,
            "emg_clock_error": hardware.emg_clock_error,
            "imu_clock_error": hardware.imu_clock_error,
            "ticks_start_us": hardware.ticks_start_us,
            "emg_counter": hardware.emg_counter,
            "faults": hardware.faults,
        }
        self.process = PodProcess(loop, folder, config, body, self.radio, _wake_delays(seed))
        settings = {"side": side, **hardware.settings}
        (folder / "flash" / "settings.json").write_text(json.dumps(settings))

    async def switch_on(self) -> None:
        """Boot the pod."""
        await self.radio.power_on(self.process.post_event)
        self.process.start()

    def switch_off(self) -> None:
        """Take its battery out."""
        self.process.kill()
        self.radio.power_off()


class Simulation:
    """Two pods and a host adapter; an async context manager.

    Parameters
    ----------
    scenario : Scenario
    seed : int
        Of hardware, radio and processors; the scenario has its own.
    hardware : dict of PodHardware, optional
        Drawn from the seed when absent.
    """

    def __init__(
        self,
        scenario: Scenario,
        seed: int = 1,
        hardware: dict[Side, PodHardware] | None = None,
    ) -> None:
        self.scenario = scenario
        self._seed = seed
        self._hardware = hardware or random_hardware(seed)
        self._folder: Path | None = None
        self.pods: dict[str, VirtualPod] = {}  # by side

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, WorldLoop), "a simulation runs in run_in_world()"
        self.loop = loop
        self.air = air = RadioLink(loop, self._seed)
        controller = RadioController("host", link=air)
        air.central = controller
        self._adapter = device.Device(
            name="host",
            address=hci.Address(_HOST_ADDRESS),
            host=host.Host(controller, AsyncPipeSink(controller)),
        )
        await self._adapter.power_on()
        client, scanner = bumble_backends(self._adapter)
        self.transport = BleTransport(client, scanner, loop.now_ns)
        self._folder = Path(tempfile.mkdtemp(prefix="glutesym-pods-"))
        for number, side in enumerate(SIDES):
            body = ScenarioBody(self.scenario, side)
            self.pods[side] = VirtualPod(
                loop,
                air,
                side,
                self._folder / side,
                body,
                self._hardware[side],
                self._seed * 2 + number,
            )
            await self.pods[side].switch_on()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for pod in self.pods.values():
            pod.switch_off()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def start_scenario(self) -> int:
        """Let the scenario begin in a moment and return when, world time in ns."""
        start_ns = self.loop.now_ns() + _START_DELAY_NS
        for pod in self.pods.values():
            pod.body.start(start_ns)
        return start_ns


def _wake_delays(seed: int) -> Callable[[], int]:
    random = np.random.default_rng([seed, 99])

    def draw() -> int:
        delay_ns = _WAKE_FIXED_NS + random.exponential(_WAKE_MEAN_NS)
        if random.random() < _WAKE_TAIL:
            delay_ns += random.uniform(*_WAKE_TAIL_NS)
        return int(delay_ns)

    return draw
