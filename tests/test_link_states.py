"""Links in every state that Bluetooth has: the host's own code, and pods that number each sample.

The converters of these pods count their conversions, so the samples themselves tell what is lost.
"""

from __future__ import annotations

import asyncio
import struct
from datetime import UTC, datetime

import numpy as np
import pytest
from bleak import BleakClient
from bleak.exc import BleakError
from bumble import att, gatt_server, utils

from glutesym import wire
from glutesym.decode import split_frames
from glutesym.errors import LinkError
from glutesym.measures import SIDES
from glutesym.session.acquire import Acquisition
from glutesym.session.pod_stream import GIVEN_UP, WINDOW_FRAMES
from glutesym.session.store import SessionWriter, open_session
from glutesym.virtual.host_adapter import HostModel
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.simulation import Simulation
from glutesym.virtual.world_time import run_in_world
from virtual_session import Trial, equal_hardware

_SEQ = struct.Struct("<I")
COUNTING = equal_hardware(emg_counter=True)


def quiet(duration_s: float):
    return build_scenario("counter", rest_before_s=duration_s - 2.0)


def trial(folder, duration_s=12.0, sides=("left",), hardware=COUNTING, **more) -> Trial:
    return Trial(folder, quiet(duration_s), hardware=hardware, sides=sides, **more)


def assert_nothing_is_lost(recorded, side="left", seconds=10.0):
    numbers = recorded.conversions(side)
    assert len(numbers) > seconds * 2000
    assert np.array_equal(np.diff(numbers), np.ones(len(numbers) - 1))
    pod = recorded.session.recording.pods[side]
    assert pod.samples_lost == 0
    assert pod.gaps == ()
    assert pod.boots == 1
    assert recorded.counts[side].missing == recorded.counts[side].lost == 0


def events(recorded, side="left"):
    return [(e.kind, e.text) for e in recorded.session.events if e.side == side]


async def link_is_down(simulation):
    down = asyncio.Event()
    for connection in simulation.adapter.device.connections.values():
        connection.on("disconnection", lambda _reason: down.set())
    await down.wait()


async def reflash(trial, name, old, new):
    """Change a file of the left pod, which then starts again."""
    pod = trial.simulation.pods["left"]
    pod.switch_off()
    path = trial.simulation._folder / "left" / "flash" / name
    program = path.read_text()
    assert program.count(old) == 1
    path.write_text(program.replace(old, new))
    await pod.switch_on()


def test_a_link_that_is_up_and_silent_is_made_anew(tmp_path):
    silent_s = []

    async def half_open(trial):
        await asyncio.sleep(3)
        radio, loop = trial.simulation.pods["left"].radio, trial.simulation.loop
        begin_s = loop.time()
        radio.set_half_open(1000)
        await link_is_down(trial.simulation)
        silent_s.append(loop.time() - begin_s)
        radio.set_half_open(0)

    recorded = trial(tmp_path, 14, during=half_open).record()
    assert 4.5 < silent_s[0] < 6
    assert recorded.counts["left"].connects == 2
    assert ("disconnected", "The left pod has been silent for 5 s.") in events(recorded)
    assert_nothing_is_lost(recorded)


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


HANG = "time.sleep(100)"  # the watchdog bites
RESET = "machine.reset()"


@pytest.mark.parametrize("act", [HANG, RESET], ids=["hang", "reset"])
def test_a_pod_that_restarts_leaves_a_gap_and_goes_on(tmp_path, act):
    async def plant(trial):
        """Have the pod's program act so, once, some seconds after it was switched on."""
        program = f"""
async def act():
    await asyncio.sleep(8)
    {act}
if machine.reset_cause() == machine.PWRON_RESET:
    asyncio.create_task(act())
main()
"""
        await reflash(trial, "main.py", "\nmain()\n", program)

    attempt = trial(tmp_path, 24, before=plant)
    recorded = attempt.record()
    assert attempt.simulation.pods["left"].resets == 1
    left = recorded.session.recording.pods["left"]
    assert left.boots == 2
    assert [gap.reason for gap in left.gaps] == ["the pod started anew"]
    assert 1 < left.gaps[0].end_s - left.gaps[0].start_s < 14
    numbers = recorded.conversions("left")
    steps = np.diff(numbers)
    assert np.count_nonzero(steps != 1) == 1  # where it began anew; nothing else is lost
    assert numbers[0] == numbers[1:][steps != 1][0]
    assert left.emg.time_s[-1] > 23


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


def test_bluetooth_switched_off_and_on_again_loses_nothing_and_is_told(tmp_path):
    async def off_and_on(trial):
        await asyncio.sleep(3)
        trial.simulation.set_adapter(False)
        await asyncio.sleep(8)
        trial.simulation.set_adapter(True)

    attempt = trial(tmp_path, 20, sides=SIDES, during=off_and_on)
    recorded = attempt.record()
    for side in SIDES:
        assert_nothing_is_lost(recorded, side, 19)
    told = [look.message for look in attempt.looks if look.phase == "reconnecting"]
    assert any("Bluetooth does not answer" in text and "Switch it on" in text for text in told)
    assert attempt.looks[-1].phase == "recording"
    assert attempt.looks[-1].message == ""


def test_bluetooth_that_is_off_at_the_start_is_told_at_once(tmp_path):
    async def off(trial):
        trial.simulation.set_adapter(False)

    attempt = trial(tmp_path, before=off)
    with pytest.raises(LinkError, match="Switch it on"):
        attempt.record()
    assert attempt.simulation.loop.time() < 2
    assert not attempt.session.path.exists()


def test_stopping_during_an_outage_waits_for_the_tail(tmp_path):
    async def stop(trial):
        await asyncio.sleep(4)
        trial.simulation.pods["left"].radio.set_outage(12)
        await asyncio.sleep(6)
        trial.session.stop()

    attempt = trial(tmp_path, 60, during=stop)
    recorded = attempt.record()
    assert attempt.simulation.loop.time() < 35
    assert_nothing_is_lost(recorded)
    assert recorded.status("left", "state") == wire.STATE_IDLE


def test_stopping_during_an_outage_that_does_not_end_gives_the_tail_up(tmp_path):
    stopped_s = []

    async def stop(trial):
        await asyncio.sleep(4)
        trial.simulation.pods["left"].radio.set_outage(1000)
        await asyncio.sleep(6)
        stopped_s.append(trial.simulation.loop.time())
        trial.session.stop()

    attempt = trial(tmp_path, 60, during=stop)
    recorded = attempt.record()
    assert attempt.simulation.loop.time() - stopped_s[0] < 45
    assert_nothing_is_lost(recorded, seconds=3)  # of what came
    *_, lost, given_up = (e for e in recorded.session.events if e.side == "left")
    assert (lost.kind, lost.text) == ("disconnected", "the link broke")
    assert given_up.kind == GIVEN_UP
    assert "out of reach at the end" in given_up.text
    session_s = (stopped_s[0] * 1e9 - attempt.session.t0_host_ns) / 1e9
    assert given_up.time_s == pytest.approx(session_s, abs=0.1)


def test_another_connection_interval_in_mid_stream_loses_nothing(tmp_path):
    async def change(trial):
        radio = trial.simulation.pods["left"].radio
        for interval_ms in (90, 7.5, 50):
            await asyncio.sleep(3)
            radio.set_interval(interval_ms)

    recorded = trial(tmp_path, 13, during=change).record()
    assert_nothing_is_lost(recorded, seconds=12)
    assert recorded.counts["left"].connects == 1


def test_what_the_pods_log_cannot_hold_is_lost_and_counted_exactly(tmp_path):
    async def small_log(trial):
        await reflash(trial, "board.py", "LOG_FRAMES = const(28_000)", "LOG_FRAMES = const(256)")

    async def outage(trial):
        await asyncio.sleep(3)
        trial.simulation.pods["left"].radio.set_outage(14)

    recorded = trial(tmp_path, 26, before=small_log, during=outage).record()
    numbers = recorded.conversions("left")
    steps = np.diff(numbers)
    assert steps.min() == 1
    lost = int(np.sum(steps - 1))
    assert lost > 5 * 2000
    left, counts = recorded.session.recording.pods["left"], recorded.counts["left"]
    assert left.samples_lost == sum(gap.samples for gap in left.gaps) == lost
    assert {gap.reason for gap in left.gaps} == {"the pod's memory was full"}
    assert left.boots == 1
    assert recorded.live.sides["left"].samples_lost == lost
    dropped = recorded.status("left", "frames_dropped")  # unacknowledged, some of them arrived
    assert counts.lost <= dropped <= counts.lost + WINDOW_FRAMES
    assert counts.missing == 0
    made = recorded.status("left", "frames_made")
    assert counts.frames - counts.repeats + counts.lost == made + 1  # and the last status itself


def test_after_an_outage_live_frames_come_first(tmp_path):
    async def outage(trial):
        await asyncio.sleep(4)
        trial.simulation.pods["left"].radio.set_outage(15)

    attempt = trial(tmp_path, 26, during=outage)
    recorded = attempt.record()
    assert_nothing_is_lost(recorded, seconds=25)
    t_host_ns, frames = recorded.frames("left")
    seq = np.array([_SEQ.unpack_from(frame, wire.SEQ_OFFSET)[0] for frame in frames])
    live = seq == np.maximum.accumulate(seq)
    again = int(np.argmax(np.diff(t_host_ns))) + 1  # the first frame after the outage
    backlog = np.flatnonzero(~live[again:]) + again
    assert len(backlog) > 15 * 30
    assert live[again : again + 3].all()
    # A sample is as old as it was before the outage, while the backlog comes in beside it.
    emg = split_frames(frames)
    age_s = t_host_ns[emg.emg_row] / 1e9 - emg.emg["anchor_index"] / 2000
    age_s -= age_s.min()
    row = emg.emg_row
    beside = live[row] & (row >= again) & (row < backlog[-1])
    assert beside.sum() > 50
    assert age_s[beside].max() < 0.3
    # ... and so it is in the live view.
    shown = [look.sides["left"] for look in attempt.looks if look.sides["left"].samples_waiting]
    behind_s = [
        look.time_s - look.sides["left"].envelope_time_s[-1]
        for look in attempt.looks
        if look.sides["left"].samples_waiting
    ]
    assert len(shown) > 50
    assert max(behind_s) < 0.5
    assert not any(look.reason for look in shown)
