"""One virtual pod that runs a small script instead of its program, and an adapter to reach it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from bleak import BleakClient, BleakScanner

from glutesym.virtual.body import ScenarioBody
from glutesym.virtual.bumble_backend import bumble_backends
from glutesym.virtual.host_adapter import HostModel
from glutesym.virtual.radio import RadioLink
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.simulation import make_adapter
from glutesym.virtual.virtual_pod import PodHardware, VirtualPod
from glutesym.world_time import WorldLoop, run_in_world

SERVICE = "00000001-1111-2222-3333-444444444444"
VALUE = "00000002-1111-2222-3333-444444444444"

# A peripheral that prints what happens to it, echoes writes, and keeps advertising.
PERIPHERAL = f"""
import asyncio, bluetooth, machine, struct, time
ble = bluetooth.BLE()
link = None
def on_irq(event, data):
    global link
    print(event, *[bytes(d) if isinstance(d, memoryview) else d for d in data])
    if event == 1: link = data[0]
    if event == 2: link = None
    if event == 3: ble.gatts_notify(data[0], data[1], ble.gatts_read(data[1]))
def advertise(): ble.gap_advertise(100_000, b"\\x02\\x01\\x06\\x04\\x09pod")
def begin():
    global value
    ble.active(True)
    ble.irq(on_irq)
    ((value,),) = ble.gatts_register_services((
        (bluetooth.UUID("{SERVICE}"), ((bluetooth.UUID("{VALUE}"), 0x1E),)),))
    ble.gatts_set_buffer(value, 500)
    ble.gatts_write(value, b"hello")
    advertise()
"""


class Bench:
    """What a test gets: `loop`, `pod`, `adapter`, `client`, `find`."""

    def __init__(self, loop, pod, adapter, client_backend, scanner_backend) -> None:
        self.loop: WorldLoop = loop
        self.pod: VirtualPod = pod
        self.adapter = adapter
        self._client_backend = client_backend
        self._scanner_backend = scanner_backend

    async def find(self, timeout_s: float = 10):
        device = await BleakScanner.find_device_by_filter(
            lambda _device, data: data.local_name == "pod",
            backend=self._scanner_backend,
            timeout=timeout_s,
        )
        assert device is not None
        return device

    def client(self, device, on_lost=None, **options) -> BleakClient:
        return BleakClient(device, on_lost, backend=self._client_backend, **options)

    @property
    def lines(self) -> list[str]:
        """What the pod has printed."""
        return self.pod.process.console().splitlines()


def with_script(script, body, host: HostModel | None = None, speed=None, **hardware):
    """Run ``body(bench)`` in a world with one pod whose main.py is ``script``."""
    folder = Path(tempfile.mkdtemp())

    async def main():
        import asyncio

        loop = asyncio.get_running_loop()
        air = RadioLink(loop, 1)
        adapter = await make_adapter(air, host, 1)
        scenario_body = ScenarioBody(build_scenario("counter"), "left")
        pod = VirtualPod(loop, air, "left", folder, scenario_body, PodHardware(**hardware), 1)
        (folder / "flash" / "main.py").write_text(script)
        await pod.switch_on()
        try:
            return await body(Bench(loop, pod, adapter, *bumble_backends(adapter)))
        finally:
            pod.usb.unplug()
            pod.switch_off()

    try:
        return run_in_world(main(), speed)
    finally:
        shutil.rmtree(folder)
