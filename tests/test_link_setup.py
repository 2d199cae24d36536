"""From the search to the first frame: the host's own code and whatever gets in its way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from bleak import BleakClient
from bleak.exc import BleakError
from bumble import att, gatt_server, utils

from counting_pods import COUNTING, assert_nothing_is_lost, quiet, trial
from glutesym.decode import split_frames
from glutesym.errors import LinkError
from glutesym.measures import SIDES
from glutesym.session.acquire import Acquisition
from glutesym.session.store import open_session
from glutesym.session.writer import SessionWriter
from glutesym.virtual.host_adapter import HostModel
from glutesym.virtual.simulation import Simulation
from glutesym.world_time import run_in_world


@pytest.fixture
def long_writes_in_pieces(monkeypatch):
    """Hand a long write over piece by piece, as MicroPython's glue to BTstack does.

    Ref: extmod/btstack/modbluetooth_btstack.c, att_write_callback; the piece that executes the
    write has the handle 0, which is nobody's.
    """

    @utils.AsyncRunner.run_in_task()
    async def prepare(server, bearer, request):
        attribute = server.get_attribute(request.attribute_handle)
        await attribute.write_value(bearer, request.part_attribute_value)
        server.send_response(
            bearer,
            att.ATT_Prepare_Write_Response(
                attribute_handle=request.attribute_handle,
                value_offset=request.value_offset,
                part_attribute_value=request.part_attribute_value,
            ),
        )

    def execute(server, bearer, _request):
        server.send_response(bearer, att.ATT_Execute_Write_Response())

    monkeypatch.setattr(gatt_server.Server, "on_att_prepare_write_request", prepare)
    monkeypatch.setattr(gatt_server.Server, "on_att_execute_write_request", execute)


@pytest.mark.parametrize("mtu", [None, 100])
@pytest.mark.usefixtures("long_writes_in_pieces")
def test_a_host_without_long_packets_is_told_so_quickly(tmp_path, mtu):
    attempt = trial(tmp_path, host=HostModel(mtu=mtu))
    what = f"carries packets of {mtu or 23} bytes to glutesym-.* 247 are needed. Update its Blueto"
    with pytest.raises(LinkError, match=what):
        attempt.record()
    assert attempt.simulation.loop.time() < 10
    assert attempt.simulation.pods["left"].resets == 0


def test_services_of_an_earlier_firmware_in_the_systems_memory_do_not_matter(tmp_path):
    async def remember(trial):
        trial.simulation.stale_services()

    recorded = trial(tmp_path, 5, before=remember).record()
    assert_nothing_is_lost(recorded, seconds=4)
    assert recorded.counts["left"].connects == 1


async def others_connect(trial):
    """Have another program of this computer connect to something else, again and again."""
    client_backend, _ = trial.simulation.backends
    while True:
        try:
            await BleakClient("C4:00:00:00:00:99", timeout=1.5, backend=client_backend).connect()
        except (BleakError, TimeoutError):
            await asyncio.sleep(0.7)


@pytest.mark.parametrize(
    ("before", "host", "trouble"),
    [
        (None, HostModel(), ""),
        (others_connect, HostModel(), "InProgress"),
        (None, HostModel(connect_failure=0.3), "connection abort"),
        (None, HostModel(connect_failure=0.2, connect_hang=0.3), "does not answer"),
    ],
    ids=["well", "others connect", "30 % fail", "30 % hang"],
)
def test_both_pods_are_connected_whatever_the_radio_is_busy_with(tmp_path, before, host, trouble):
    attempt = trial(tmp_path, 5, seed=3, sides=SIDES, before=before, host=host)
    recorded = attempt.record()
    for side in SIDES:
        assert_nothing_is_lost(recorded, side, 4)
    again = {look.message for look in attempt.looks if "Trying again" in look.message}
    assert any(trouble in message for message in again) if trouble else not again


def test_a_host_that_is_killed_can_record_again_without_a_hand_on_the_pod(tmp_path):
    def writer(name, loop):
        return SessionWriter(
            tmp_path / name,
            exercise="counter",
            started_utc=datetime.now(UTC),
            started_host_ns=loop.now_ns(),
            host_clock="world time",
        )

    async def main():
        async with Simulation(quiet(60), hardware=COUNTING) as simulation:
            loop = simulation.loop
            simulation.start_scenario()
            with writer("first", loop) as first:
                killed = Acquisition(simulation.transport, first, loop.now_ns)
                task = asyncio.create_task(killed.run(asyncio.Event()))
                await killed.connected_all.wait()
                await asyncio.sleep(3)
                simulation.kill_host()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                assert simulation.adapter.device.connections  # the system keeps the links
            begin_s = loop.time()
            with writer("second", loop) as second:
                anew = Acquisition(simulation.transport, second, loop.now_ns)
                stop = asyncio.Event()
                task = asyncio.create_task(anew.run(stop))
                await anew.connected_all.wait()
                took_s = loop.time() - begin_s
                await asyncio.sleep(3)
                stop.set()
                await task
            return took_s

    assert run_in_world(main()) < 30
    with open_session(tmp_path / "second") as stored:
        for pod in stored.pods:
            emg = split_frames(stored.frames(pod.id)[1]).emg
            assert emg["first_index"].max() > 4000


def test_bluetooth_that_is_off_at_the_start_is_told_at_once(tmp_path):
    async def off(trial):
        trial.simulation.set_adapter(False)

    attempt = trial(tmp_path, before=off)
    with pytest.raises(LinkError, match="Switch it on"):
        attempt.record()
    assert attempt.simulation.loop.time() < 2
    assert not attempt.session.path.exists()
