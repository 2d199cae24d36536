"""A stranger on the air, and the world in which it meets a pod."""

from __future__ import annotations

import asyncio
import json

import numpy as np
from bleak import BleakClient

from glutesym import wire
from glutesym.decode import split_frames
from glutesym.links.authorise import proof_of
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.simulation import Simulation
from glutesym.world_time import run_in_world
from virtual_session import equal_hardware


class Stranger:
    """A client that is connected to a pod, and whatever it has heard."""

    def __init__(self, simulation, pod):
        client_backend, _ = simulation.backends
        self.gone = asyncio.Event()
        self.client = BleakClient(
            pod.address, lambda _client: self.gone.set(), backend=client_backend
        )
        self.frames = []

    async def __aenter__(self):
        await self.client.connect()
        await self.client.start_notify(wire.STREAM_UUID, self._on_frame)
        return self

    async def __aexit__(self, *_error):
        if self.client.is_connected:
            await self.client.disconnect()

    def _on_frame(self, _characteristic, data):
        self.frames.append(bytes(data))

    async def read(self):
        return json.loads(await self.client.read_gatt_char(wire.INFO_UUID))

    async def command(self, *arguments):
        data = wire.command(*arguments)
        await self.client.write_gatt_char(wire.CONTROL_UUID, data, response=True)

    async def request(self, which, payload=b""):
        await self.client.write_gatt_char(
            wire.REQUEST_UUID, bytes([which]) + payload, response=True
        )
        await asyncio.sleep(0.1)
        return await self.read()

    async def authorise(self, key, who=wire.PROOF_OF_HOST, host_nonce=bytes(wire.NONCE_BYTES)):
        """Answer the challenge; returns the pod's answer and the request that was sent."""
        pod_nonce = bytes.fromhex((await self.read())["nonce"])
        sent = host_nonce + proof_of(key, who, pod_nonce + host_nonce)
        return await self.request(wire.AUTHORISE, sent), sent


def with_pods(body, hardware=None):
    """Run ``body(simulation, left pod)`` in a world of two pods that are on."""

    async def main():
        scenario = build_scenario("counter")
        hardware_ = hardware or equal_hardware(emg_counter=True)
        async with Simulation(scenario, hardware=hardware_) as simulation:
            simulation.start_scenario()
            await asyncio.sleep(2)
            pod = simulation.pods["left"]
            result = await body(simulation, pod)
            assert pod.resets == 0
            assert pod.process.console() == ""
            return result

    return run_in_world(main())


async def owner_streams(simulation, pod, seconds=2.0):
    """Connect as the owner and stream; returns the frames."""
    found = await simulation.transport.scan(
        20, lambda seen: any(one.address == pod.address for one in seen)
    )
    link = await simulation.transport.connect(
        next(one for one in found if one.address == pod.address)
    )
    frames = []
    await link.subscribe(lambda _t_ns, frame: frames.append(frame))
    await link.write(wire.command(wire.START, 200))
    await asyncio.sleep(seconds)
    await link.write(wire.command(wire.STOP))
    await asyncio.sleep(0.3)
    await link.close()
    sent = split_frames(np.frombuffer(b"".join(frames), np.uint8).reshape(-1, wire.FRAME_BYTES))
    assert len(sent.emg) > (seconds - 0.5) * 2000 / wire.EMG_PER_FRAME
    return sent
