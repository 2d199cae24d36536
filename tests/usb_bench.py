"""A virtual pod on a USB cable, in real time, with a serial port that pyserial opens."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glutesym.keys import KeyRing, OwnedPod
from glutesym.links.usb import UsbLink, UsbTransport
from glutesym.virtual.body import ScenarioBody
from glutesym.virtual.pod_parts import PodBody
from glutesym.virtual.radio import RadioLink
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.virtual_pod import PodHardware, VirtualPod
from glutesym.world_time import WorldLoop, run_in_world


class Bench:
    """A pod on a cable; ``port`` is away while it restarts, and while the cable is out."""

    def __init__(self, loop: WorldLoop, pod: VirtualPod, port: Path) -> None:
        self.loop = loop
        self.pod = pod
        self.port = port
        self._resets = 0

    def plug_in(self) -> None:
        self.pod.usb.plug_in()
        self.pod.usb.open_terminal(self.port)

    async def follow_restarts(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            if self.pod.resets > self._resets and self.pod.process.running:
                self._resets = self.pod.resets
                self.plug_in()

    def keys(self) -> KeyRing:
        return KeyRing.of([OwnedPod(self.pod.id, "left", self.pod.key)])

    def transport(self, keys: KeyRing | None = None) -> UsbTransport:
        ring = self.keys() if keys is None else keys
        return UsbTransport(ring, [str(self.port)], self.loop.now_ns)

    async def connect(self, keys: KeyRing | None = None) -> UsbLink:
        transport = self.transport(keys)
        (found,) = await transport.scan(5.0)
        return await transport.connect(found)


def on_bench(
    folder: Path,
    main: Callable[[Bench], Awaitable[None]],
    counter: bool = False,
    body: PodBody | None = None,
    limit_s: float = 60,
    **settings: Any,
) -> None:
    """Run ``main`` with a pod on USB; with ``counter``, its samples are 0, 1, 2 ....

    ``body`` is what the pod is attached to; by default somebody. It fails when it takes longer
    than ``limit_s``.
    """

    async def run() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, WorldLoop)
        async with asyncio.timeout(limit_s):
            hardware = PodHardware(emg_counter=counter, settings=settings)
            worn = body or ScenarioBody(build_scenario("counter", seed=1), "left")
            pod = VirtualPod(loop, RadioLink(loop, 1), "left", folder / "pod", worn, hardware, 1)
            await pod.switch_on()
            bench = Bench(loop, pod, folder / "port")
            bench.plug_in()
            follower = asyncio.create_task(bench.follow_restarts())
            try:
                await main(bench)
            except BaseException:
                print(pod.process.console())
                raise
            finally:
                follower.cancel()
                pod.usb.unplug()
                pod.switch_off()

    run_in_world(run(), 1.0)


@contextmanager
def bench_beside(
    folder: Path,
    counter: bool = False,
    body: PodBody | None = None,
    limit_s: float = 60,
    **settings: Any,
) -> Generator[Bench]:
    """Have a pod on USB while the caller's thread does something else."""
    there = threading.Event()
    benches: list[Bench] = []
    over = asyncio.Event()

    async def main(bench: Bench) -> None:
        benches.append(bench)
        there.set()
        await over.wait()

    arguments = folder, main, counter, body, limit_s
    thread = threading.Thread(target=on_bench, args=arguments, kwargs=settings)
    thread.start()
    try:
        assert there.wait(10)
        yield benches[0]
    finally:
        benches[0].loop.call_soon_threadsafe(over.set)
        thread.join()
