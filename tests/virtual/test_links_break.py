"""Links that go wrong: outages of every kind, disconnects, collisions, a host that misbehaves."""

from __future__ import annotations

import asyncio

import pytest
from bench import PERIPHERAL, VALUE, with_script
from bleak import BleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
    BleakError,
)

from glutesym.virtual.host_adapter import HostModel
from glutesym.virtual.radio import RadioModel

RUN = PERIPHERAL + "begin()\nasyncio.run(asyncio.sleep(1000))\n"
ADVERTISE_AGAIN = RUN.replace("if event == 2: link = None", "if event == 2: advertise()")


async def subscribed(client):
    """Subscribe to the value; returns the list that fills with what is notified."""
    got: list[bytes] = []
    await client.start_notify(VALUE, lambda _c, data: got.append(bytes(data)))
    return got


@pytest.mark.parametrize(("offered", "agreed"), [(517, 256), (100, 100), (None, 23)])
def test_the_host_offers_an_mtu_or_none(offered, agreed):
    async def body(bench):
        async with bench.client(await bench.find()) as client:
            got = await subscribed(client)
            await client.write_gatt_char(VALUE, b"x", response=True)
            await asyncio.sleep(1)
            return client.mtu_size, len(got[0]), [line for line in bench.lines if "21 " in line]

    script = RUN.replace("ble.gatts_read(data[1])", "bytes(400)")
    mtu, notified, exchanges = with_script(script, body, HostModel(mtu=offered))
    assert mtu == agreed
    assert notified == agreed - 3
    assert exchanges == ([f"21 1 {agreed}"] if offered else [])


def test_half_open_loses_what_the_pod_sends_and_keeps_the_link():
    async def body(bench):
        async with bench.client(await bench.find()) as client:
            got = await subscribed(client)
            bench.pod.radio.set_half_open(20)
            for byte in b"abc":
                await client.write_gatt_char(VALUE, bytes([byte]), response=False)
                await asyncio.sleep(5)  # beyond the supervision timeout
            lost = list(got)
            await asyncio.sleep(6)
            await client.write_gatt_char(VALUE, b"d", response=False)
            await asyncio.sleep(1)
            return lost, got, client.is_connected, bench.lines

    lost, got, connected, lines = with_script(RUN, body)
    assert lost == []
    assert got == [b"d"]
    assert connected
    assert sum(line.startswith("3 ") for line in lines) == 4  # the pod got all
    assert not any(line.startswith("2 ") for line in lines)


def test_a_host_that_dies_leaves_a_link_that_the_next_one_takes_over():
    async def body(bench):
        device = await bench.find()
        lost = asyncio.Event()
        first = bench.client(device, lambda _client: lost.set())
        await first.connect()
        before = await subscribed(first)
        bench.adapter.kill_clients()
        await asyncio.sleep(30)
        still_there = not any(line.startswith("2 ") for line in bench.lines)
        seen = await BleakScanner.discover(3, backend=bench._scanner_backend)
        with pytest.raises(BleakError):
            await first.read_gatt_char(VALUE)
        second = bench.client(device)
        await second.connect()
        after = await subscribed(second)
        await second.write_gatt_char(VALUE, b"x", response=False)
        await asyncio.sleep(1)
        await second.disconnect()
        return still_there, seen, before, after, lost.is_set(), bench.lines

    still_there, seen, before, after, told, lines = with_script(RUN, body)
    assert still_there
    assert seen == []  # a connected pod does not advertise
    assert before == []
    assert after == [b"x"]
    assert not told
    assert sum(line.startswith("1 ") for line in lines) == 1  # one connection all the time


def test_an_adapter_that_is_switched_off_drops_all_and_comes_back():
    async def body(bench):
        device = await bench.find()
        lost = asyncio.Event()
        client = bench.client(device, lambda _client: lost.set())
        await client.connect()
        bench.adapter.set_power(False)
        await asyncio.wait_for(lost.wait(), 1)
        with pytest.raises(BleakBluetoothNotAvailableError) as caught:
            await BleakScanner.discover(1, backend=bench._scanner_backend)
        assert caught.value.reason is BleakBluetoothNotAvailableReason.POWERED_OFF
        with pytest.raises(BleakDBusError, match="NotReady"):
            await bench.client(device).connect()
        with pytest.raises(BleakError):
            await client.read_gatt_char(VALUE)
        await asyncio.sleep(1)
        told = [line for line in bench.lines if line.startswith("2 ")]
        bench.adapter.set_power(True)
        async with bench.client(await bench.find()) as again:
            return told, bytes(await again.read_gatt_char(VALUE))

    told, read = with_script(ADVERTISE_AGAIN, body)
    assert told == [r"2 1 255 b'\x00\x00\x00\x00\x00\x00'"]  # as BTstack's glue says it
    assert read == b"hello"


def test_switching_off_ends_a_connect_and_a_scan_that_are_under_way():
    async def body(bench):
        device = await bench.find()
        bench.pod.switch_off()
        connect = asyncio.create_task(bench.client(device).connect())
        await asyncio.sleep(1)
        bench.adapter.set_power(False)
        with pytest.raises(BleakDBusError, match="Failed"):
            await asyncio.wait_for(connect, 1)
        bench.adapter.set_power(True)
        async with BleakScanner(backend=bench._scanner_backend) as scanner:
            bench.adapter.set_power(False)
            await bench.pod.switch_on()
            await asyncio.sleep(2)
            unseen = scanner.discovered_devices
        bench.adapter.set_power(True)
        async with bench.client(await bench.find()) as client:
            return unseen, client.is_connected

    assert with_script(RUN, body) == ([], True)


def test_the_services_of_an_earlier_firmware_until_the_device_is_removed():
    async def body(bench):
        device = await bench.find()
        bench.adapter.remember_earlier_services([device.address])
        client = bench.client(device)
        await client.connect()
        wrong = client.services.get_characteristic(VALUE).handle
        with pytest.raises(BleakError):
            await client.read_gatt_char(VALUE)
        await client.unpair()
        assert not client.is_connected
        with pytest.raises(BleakDeviceNotFoundError):
            await bench.client(device).connect()
        async with bench.client(await bench.find()) as again:
            right = again.services.get_characteristic(VALUE).handle
            read = bytes(await again.read_gatt_char(VALUE))
        bench.adapter.remember_earlier_services([device.address])
        uncached = bench.client(await bench.find(), winrt={"use_cached_services": False})
        async with uncached:
            return wrong, right, read, bytes(await uncached.read_gatt_char(VALUE))

    wrong, right, *read = with_script(ADVERTISE_AGAIN, body)
    assert wrong != right
    assert read == [b"hello", b"hello"]


def test_connects_collide():
    async def body(bench):
        device = await bench.find()
        one, two = bench.client(device), bench.client("C4:00:00:00:00:99", timeout=3)
        first = asyncio.create_task(two.connect())
        await asyncio.sleep(0.5)
        with pytest.raises(BleakDBusError, match="InProgress"):
            await one.connect()
        with pytest.raises(TimeoutError):
            await first
        await one.connect()  # nothing of the other attempt is left
        return one.is_connected

    assert with_script(RUN, body)


def test_a_cancelled_connect_leaves_nothing():
    async def body(bench):
        device = await bench.find()
        bench.pod.switch_off()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2):
                await bench.client(device).connect()
        await bench.pod.switch_on()
        await asyncio.sleep(3)
        ghosts = [line for line in bench.lines if line.startswith("1 ")]
        async with bench.client(await bench.find()) as client:
            return ghosts, client.is_connected

    assert with_script(RUN, body) == ([], True)


def test_connects_fail_at_random_and_hang():
    async def body(bench):
        device = await bench.find()
        failed = 0
        for _ in range(20):
            client = bench.client(device)
            try:
                await client.connect()
            except BleakDBusError as error:
                failed += error.dbus_error == "org.bluez.Error.Failed"
            await client.disconnect()
        bench.adapter.model = HostModel(connect_hang=1.0)
        begin = bench.loop.time()
        with pytest.raises(TimeoutError):
            await bench.client(device, timeout=7).connect()
        return failed, bench.loop.time() - begin

    failed, hung_s = with_script(ADVERTISE_AGAIN, body, HostModel(connect_failure=0.5))
    assert 4 <= failed <= 16
    assert hung_s == pytest.approx(7)


def test_a_pod_disconnects_and_a_notify_after_that_fails():
    script = (
        PERIPHERAL
        + """
begin()
async def main():
    while link is None: await asyncio.sleep_ms(50)
    await asyncio.sleep(3)
    handle = link
    print("returned", ble.gap_disconnect(handle))
    await asyncio.sleep(1)
    try: ble.gatts_notify(handle, value, b"x")
    except OSError as error: print("errno", error.errno)
    print("returned", ble.gap_disconnect(handle))
    await asyncio.sleep(1000)
asyncio.run(main())
"""
    )

    async def body(bench):
        gone = asyncio.Event()
        client = bench.client(await bench.find(), lambda _client: gone.set())
        await client.connect()
        await asyncio.wait_for(gone.wait(), 5)
        await asyncio.sleep(2)
        return client.is_connected, bench.lines

    connected, lines = with_script(script, body)
    assert not connected
    # att_server_notify: unknown connection; MicroPython's glue makes it EINVAL
    assert lines[-4:] == [
        "returned True", r"2 1 255 b'\x00\x00\x00\x00\x00\x00'", "errno 22", "returned True",
    ]  # fmt: skip


def test_a_disconnect_into_an_outage_is_heard_afterwards_or_ends_by_supervision():
    async def body(bench):
        times = []
        for outage_s in (2, 20):
            client = bench.client(await bench.find(60))
            await client.connect()
            heard = sum(line.startswith("2 ") for line in bench.lines)
            bench.pod.radio.set_outage(outage_s)
            begin = bench.loop.time()
            await client.disconnect()
            for _ in range(1000):
                if sum(line.startswith("2 ") for line in bench.lines) > heard:
                    break
                await asyncio.sleep(0.01)
            times.append(bench.loop.time() - begin)
        return times

    short, long = with_script(ADVERTISE_AGAIN, body)
    assert short == pytest.approx(2, abs=0.1)
    assert long == pytest.approx(4, abs=0.1)  # the supervision timeout


def test_a_pod_that_went_away_before_the_connect_request_is_not_connected():
    async def body(bench):
        device = await bench.find()
        # Heard once more, and out of reach when the answer to it is on the air.
        heard = asyncio.Event()
        bench.adapter.device.on("advertisement", lambda _: heard.set())
        connect = asyncio.create_task(bench.client(device).connect())
        async with BleakScanner(backend=bench._scanner_backend):
            await heard.wait()
            bench.pod.radio.set_outage(10)
            with pytest.raises(BleakError):
                await asyncio.wait_for(connect, 5)
        async with bench.client(await bench.find(60)) as client:
            return client.is_connected

    assert with_script(ADVERTISE_AGAIN, body)


def test_the_interval_changes_and_the_pod_is_told():
    async def body(bench):
        async with bench.client(await bench.find()) as client:
            got = await subscribed(client)
            bench.pod.radio.set_interval(90)
            await asyncio.sleep(1)
            for byte in range(20):
                await client.write_gatt_char(VALUE, bytes([byte]), response=False)
                await asyncio.sleep(0.2)
            return got, bench.lines

    got, lines = with_script(RUN, body, radio=RadioModel(loss=0.0))
    assert got == [bytes([byte]) for byte in range(20)]
    assert "27 1 72 0 400 0" in lines


def test_link_layer_pairing_where_it_is_built_in():
    script = (
        PERIPHERAL
        + """
ble.config(bond=False, mitm=False, le_secure=True, io=3)
begin()
async def main():
    while link is None: await asyncio.sleep_ms(50)
    ble.gap_pair(link)
    await asyncio.sleep(1000)
asyncio.run(main())
"""
    )

    async def body(bench):
        async with bench.client(await bench.find()) as client:
            await asyncio.sleep(5)
            return bytes(await client.read_gatt_char(VALUE)), bench.lines

    read, lines = with_script(script, body, pairing=True)
    assert read == b"hello"
    assert "28 1 1 0 0 16" in lines  # encrypted, nobody authenticated, no bond, 16 bytes of key


def test_the_host_may_begin_pairing():
    async def body(bench):
        async with bench.client(await bench.find()) as client:
            await client.pair()
            await asyncio.sleep(1)
            return bytes(await client.read_gatt_char(VALUE)), bench.lines

    read, lines = with_script(RUN, body, pairing=True)
    assert read == b"hello"
    assert any(line.startswith("28 1 1 ") for line in lines)


def test_releases_for_rp2_have_no_pairing():
    script = (
        PERIPHERAL
        + """
begin()
for name in ("bond", "mitm", "io", "le_secure"):
    try: ble.config(**{name: 1})
    except ValueError as error: print(error)
print(hasattr(ble, "gap_pair"))
"""
    )

    async def body(bench):
        await asyncio.sleep(1)
        return bench.lines

    assert with_script(script, body) == ["unknown config param"] * 4 + ["False"]
