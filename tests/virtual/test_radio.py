"""The virtual radio and the bleak backend, without any of the host's own code between."""

from __future__ import annotations

import asyncio
import json

import pytest
from bleak import BleakClient, BleakScanner
from bleak.exc import BleakError

from glutesym import wire
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.simulation import Simulation
from glutesym.virtual.world_time import run_in_world
from virtual_session import equal_hardware

SCENARIO = build_scenario("counter")


def with_pods(body, **hardware):
    """Run ``body(simulation, client class, scanner class)`` in a world with two pods."""

    async def main():
        async with Simulation(SCENARIO, 1, equal_hardware(**hardware)) as simulation:
            transport = simulation.transport
            return await body(simulation, transport._client_backend, transport._scanner_backend)

    return run_in_world(main())


async def find(scanner, side="L"):
    device = await BleakScanner.find_device_by_filter(
        lambda device, data: (data.local_name or "").startswith(f"glutesym-{side}"),
        backend=scanner,
        timeout=10,
    )
    assert device is not None
    return device


def test_a_pod_is_found_by_its_service_and_name():
    async def body(_simulation, _client, scanner):
        found = await BleakScanner.discover(
            5, backend=scanner, service_uuids=[wire.SERVICE_UUID], return_adv=True
        )
        others = await BleakScanner.discover(
            2, backend=scanner, service_uuids=["0000180d-0000-1000-8000-00805f9b34fb"]
        )
        return sorted(data.local_name for _, data in found.values()), others

    names, others = with_pods(body)
    assert [name[:10] for name in names] == ["glutesym-L", "glutesym-R"]
    assert others == []


def test_the_standard_services_and_the_description_can_be_read():
    async def body(_simulation, client_class, scanner):
        async with BleakClient(await find(scanner), backend=client_class) as client:
            read = {
                name: bytes(await client.read_gatt_char(uuid))
                for name, uuid in {
                    "battery": "2a19",
                    "maker": "2a29",
                    "model": "2a24",
                    "serial": "2a25",
                    "firmware": "2a26",
                    "info": wire.INFO_UUID,
                }.items()
            }
            return read, client.mtu_size

    read, mtu = with_pods(body)
    assert mtu == wire.FRAME_BYTES + 3
    assert read["battery"] == bytes([87])
    assert read["maker"] == b"glutesym"
    assert read["model"] == b"SparkFun Thing Plus RP2350"
    info = json.loads(read["info"])
    assert info["protocol"] == wire.VERSION
    assert info["side"] == "left"
    assert info["id"].encode() == read["serial"]


def test_frames_come_only_after_start_and_end_after_stop():
    async def body(_simulation, client_class, scanner):
        frames: list[bytes] = []
        async with BleakClient(await find(scanner, "R"), backend=client_class) as client:
            await client.start_notify(wire.STREAM_UUID, lambda _c, data: frames.append(data))
            await asyncio.sleep(2)
            before = len(frames)
            await client.write_gatt_char(
                wire.CONTROL_UUID, wire.command(wire.START, 255), response=False
            )
            await asyncio.sleep(3)
            during = len(frames)
            await client.write_gatt_char(wire.CONTROL_UUID, wire.command(wire.STOP), response=True)
            await asyncio.sleep(1)
            last = frames[-1]
            states = {f[wire.STATE_OFFSET] for f in frames if f[0] == wire.STATUS}
            return before, during, last, states

    before, during, last, states = with_pods(body)
    assert before == 0
    assert during > 60
    assert last[0] == wire.STATUS
    assert states == {wire.STATE_CAPTURING, wire.STATE_IDLE}


def test_the_window_bounds_what_is_under_way():
    async def body(simulation, client_class, scanner):
        frames: list[bytes] = []
        async with BleakClient(await find(scanner), backend=client_class) as client:
            await client.start_notify(wire.STREAM_UUID, lambda _c, data: frames.append(data))
            await client.write_gatt_char(
                wire.CONTROL_UUID, wire.command(wire.START, 7), response=False
            )
            await asyncio.sleep(5)  # nothing is acknowledged
            stuck = len(frames)
            run = int.from_bytes(frames[0][2:4], "little")
            await client.write_gatt_char(
                wire.CONTROL_UUID, wire.command(wire.ACK, 0, run, 5), response=False
            )
            await asyncio.sleep(1)
            return stuck, len(frames)

    assert with_pods(body) == (7, 12)


@pytest.mark.parametrize(
    "data", [b"", b"\x01", b"\xff" * 8, b"\x01\x00" + bytes(6), bytes(300), b"\x05" * 13]
)
def test_senseless_commands_are_counted_and_do_no_harm(data):
    async def body(simulation, client_class, scanner):
        frames: list[bytes] = []
        async with BleakClient(await find(scanner), backend=client_class) as client:
            await client.write_gatt_char(wire.CONTROL_UUID, data, response=False)
            await asyncio.sleep(0.5)
            await client.start_notify(wire.STREAM_UUID, lambda _c, data: frames.append(data))
            await client.write_gatt_char(
                wire.CONTROL_UUID, wire.command(wire.START, 255), response=False
            )
            await asyncio.sleep(2)
        assert simulation.pods["left"].process.console() == ""
        return len(frames)

    assert with_pods(body) > 30


def test_an_outage_ends_the_connection_and_the_pod_advertises_again():
    async def body(simulation, client_class, scanner):
        gone = asyncio.Event()
        device = await find(scanner)
        client = BleakClient(device, lambda _client: gone.set(), backend=client_class)
        await client.connect()
        simulation.pods["left"].radio.set_outage(6)
        begin = simulation.loop.time()
        await gone.wait()
        lost_after_s = simulation.loop.time() - begin
        with pytest.raises(BleakError):
            await client.read_gatt_char(wire.INFO_UUID)
        await find(scanner)
        return lost_after_s, simulation.loop.time() - begin

    lost_after_s, found_after_s = with_pods(body)
    assert lost_after_s == pytest.approx(4, abs=0.1)  # the supervision timeout
    assert 6 <= found_after_s < 8


def test_a_second_central_is_refused_nothing_breaks():
    async def body(simulation, client_class, scanner):
        device = await find(scanner)
        async with BleakClient(device, backend=client_class) as client:
            seen = await BleakScanner.discover(3, backend=scanner)
            assert device.address not in {d.address for d in seen}  # connected pods are silent
            return client.is_connected

    assert with_pods(body)
