"""Pods on the virtual radio: found, connected, streaming, lost and found again."""

from __future__ import annotations

import asyncio
import json

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakCharacteristicNotFoundError, BleakError

from glutesym import wire
from glutesym.errors import LinkError
from glutesym.virtual.host_adapter import HostModel
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.simulation import Simulation
from glutesym.world_time import run_in_world
from virtual_session import equal_hardware

SCENARIO = build_scenario("counter")


def with_pods(body, host=None, **hardware):
    """Run ``body(simulation)`` in a world with two pods."""

    async def main():
        async with Simulation(SCENARIO, 1, equal_hardware(**hardware), host) as simulation:
            return await body(simulation)

    return run_in_world(main())


async def find(simulation, side="left"):
    """Return the pod of one side, as the transport sees it."""

    def is_it(pod):
        return pod.owned is not None and pod.owned.side == side

    found = await simulation.transport.scan(20, lambda pods: any(map(is_it, pods)))
    return next(pod for pod in found if is_it(pod))


async def connected(simulation, side="left"):
    """Return a link to a pod, and the list that its frames come into."""
    link = await simulation.transport.connect(await find(simulation, side))
    frames: list[bytes] = []
    await link.subscribe(lambda _t, frame: frames.append(frame))
    return link, frames


def test_a_pod_is_found_by_its_service_and_name():
    async def body(simulation):
        scanner = simulation.backends[1]
        found = await BleakScanner.discover(
            5, backend=scanner, service_uuids=[wire.SERVICE_UUID], return_adv=True
        )
        others = await BleakScanner.discover(
            2, backend=scanner, service_uuids=["0000180d-0000-1000-8000-00805f9b34fb"]
        )
        return {data.local_name for _, data in found.values()}, set(simulation.keys), others

    names, tags, others = with_pods(body)
    assert names == {f"{wire.NAME_PREFIX}-{tag}" for tag in tags}
    assert others == []


def test_a_pod_describes_itself():
    async def body(simulation):
        link, _ = await connected(simulation)
        await link.close()
        pod = simulation.pods["left"]
        return link.info, pod.id, pod.body.power(simulation.loop.now_ns())

    info, pod_id, (volts, percent, _) = with_pods(body)
    assert info["protocol"] == wire.VERSION
    assert info["side"] == "left"
    assert info["id"] == pod_id
    assert info["mtu"] == wire.FRAME_BYTES + 3
    assert info["errors"] == 0
    assert info["battery_mv"] == pytest.approx(1000 * volts, abs=1)
    assert info["battery_pct"] == pytest.approx(percent, abs=1)
    assert len(json.dumps(info)) < wire.INFO_BYTES - 60  # room for longer names and versions


def test_frames_come_only_after_start_and_end_after_stop():
    async def body(simulation):
        link, frames = await connected(simulation, "right")
        await asyncio.sleep(2)
        before = len(frames)
        await link.write(wire.command(wire.START, 255))
        await asyncio.sleep(3)
        during = len(frames)
        await link.write(wire.command(wire.STOP))
        await asyncio.sleep(1)
        after = len(frames)
        await asyncio.sleep(2)
        states = {frame[wire.STATE_OFFSET] for frame in frames if frame[0] == wire.STATUS}
        return before, during, after, len(frames), states

    before, during, after, at_end, states = with_pods(body)
    assert before == 0
    assert during > 60
    assert at_end == after
    assert states == {wire.STATE_CAPTURING, wire.STATE_IDLE}


def test_the_window_bounds_what_is_under_way():
    async def body(simulation):
        link, frames = await connected(simulation)
        await link.write(wire.command(wire.START, 7))
        await asyncio.sleep(5)  # nothing is acknowledged
        stuck = len(frames)
        run = int.from_bytes(frames[0][wire.RUN_OFFSET :][:2], "little")
        newest = frames[4][wire.SENDING_OFFSET]
        await link.write(wire.command(wire.ACK, newest, run, 5))
        await asyncio.sleep(1)
        return stuck, len(frames)

    assert with_pods(body) == (7, 12)


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\xff" * 8, b"\x01\x00" + bytes(6), bytes(300), b"\x05" * 13]
)
def test_senseless_commands_do_no_harm(data):
    async def body(simulation):
        link, frames = await connected(simulation)
        await link.write(data)
        await asyncio.sleep(0.5)
        await link.write(wire.command(wire.START, 255))
        await asyncio.sleep(2)
        return len(frames), simulation.pods["left"].process.console()

    count, console = with_pods(body)
    assert count > 30
    assert console == ""


def test_a_stranger_gets_nothing():
    async def body(simulation):
        frames: list[bytes] = []
        device = (await find(simulation)).handle
        async with BleakClient(device, backend=simulation.backends[0]) as client:
            shown = json.loads(bytes(await client.read_gatt_char(wire.INFO_UUID)))
            await client.start_notify(wire.STREAM_UUID, lambda _c, data: frames.append(data))
            await client.write_gatt_char(
                wire.CONTROL_UUID, wire.command(wire.START, 255), response=True
            )
            await asyncio.sleep(3)
        return shown, frames

    shown, frames = with_pods(body)
    assert frames == []
    assert "side" not in shown


def test_an_outage_ends_the_connection_and_the_pod_advertises_again():
    async def body(simulation):
        link, _ = await connected(simulation)
        simulation.pods["left"].radio.set_outage(6)
        begin = simulation.loop.time()
        await link.lost.wait()
        lost_after_s = simulation.loop.time() - begin
        with pytest.raises(LinkError):
            await link.write(wire.command(wire.PROBE, 0, 0, 1))
        await find(simulation)
        return lost_after_s, simulation.loop.time() - begin

    lost_after_s, found_after_s = with_pods(body)
    assert lost_after_s == pytest.approx(4, abs=0.1)  # the supervision timeout
    assert 6 <= found_after_s < 8


def test_connected_pods_are_silent():
    async def body(simulation):
        link, _ = await connected(simulation)
        seen = await simulation.transport.scan(3, lambda _pods: False)
        return link.address, [pod.address for pod in seen]

    address, seen = with_pods(body)
    assert len(seen) == 1
    assert address not in seen


def test_the_services_of_an_earlier_firmware_lack_requests():
    async def body(simulation):
        device = (await find(simulation)).handle
        simulation.stale_services()
        client = BleakClient(device, backend=simulation.backends[0])
        async with client:
            with pytest.raises(BleakCharacteristicNotFoundError):
                await client.write_gatt_char(wire.REQUEST_UUID, b"{}", response=True)
            await client.unpair()
            await client.connect()  # looks for the device first, as BlueZ' backend does
            info = bytes(await client.read_gatt_char(wire.INFO_UUID))
            return json.loads(info)["protocol"]

    assert with_pods(body) == wire.VERSION


def test_a_host_without_long_packets_cannot_stream():
    async def body(simulation):
        try:
            link, frames = await connected(simulation)
            await link.write(wire.command(wire.START, 255))
        except (LinkError, BleakError):
            return 0
        await asyncio.sleep(3)
        return len(frames)

    assert with_pods(body, HostModel(mtu=None)) == 0
