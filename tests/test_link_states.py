"""Links that break, fall silent and come back: not one sample of pods that number each is lost."""

from __future__ import annotations

import asyncio
import struct

import numpy as np
import pytest

from counting_pods import assert_nothing_is_lost, events, reflash, trial
from glutesym import wire
from glutesym.decode import NOT_FETCHED, split_frames
from glutesym.live_pod import SETTLING
from glutesym.measures import SIDES
from glutesym.session.pod_stream import WINDOW_FRAMES
from glutesym.session.store import GIVEN_UP

_SEQ = struct.Struct("<I")


async def link_is_down(simulation):
    down = asyncio.Event()
    for connection in simulation.adapter.device.connections.values():
        connection.on("disconnection", lambda _reason: down.set())
    await down.wait()


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
    said = [(look.phase, look.message) for look in attempt.looks]
    told = [place for place, (phase, _) in enumerate(said) if phase == "reconnecting"]
    texts = [said[place][1] for place in told]
    assert any("Bluetooth is off" in text and "Switch it on" in text for text in texts)
    assert said[told[-1] + 1] == ("recording", "")


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
    numbers = recorded.conversions("left")
    assert np.array_equal(np.diff(numbers), np.ones(len(numbers) - 1))  # what came is whole
    *_, lost, given_up = (e for e in recorded.session.events if e.side == "left")
    assert (lost.kind, lost.text) == ("disconnected", "the link broke")
    assert given_up.kind == GIVEN_UP
    assert "out of reach at the end" in given_up.text
    session_s = (stopped_s[0] * 1e9 - attempt.session.t0_host_ns) / 1e9
    assert given_up.time_s == pytest.approx(session_s, abs=0.1)
    left = recorded.session.recording.pods["left"]
    gap = left.gaps[-1]
    assert gap.reason == NOT_FETCHED
    assert gap.end_s == pytest.approx(session_s, abs=0.1)
    assert left.samples_lost == gap.samples == pytest.approx(6 * 2000, rel=0.05)
    assert "left pod was out of reach at the end" in attempt.session.poll().message


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
    # The bar is empty while its filter settles, then goes on.
    reasons = [look.reason for look in shown]
    assert set(reasons[:5]) == {SETTLING}
    assert set(reasons[len(reasons) // 2 :]) == {""}
