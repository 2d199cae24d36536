"""The pod's own logic on the VM; in place of chips and radio, parts that do as they are told."""

from __future__ import annotations

import pytest

PARTS = """
import micropython
import wire
from frame_log import FrameLog
from stream import Sender


class Link:
    connected = True
    bad_commands = 0

    def __init__(self):
        self.seqs = [0] * 500
        self.count = 0
        self.works = True

    def notify(self, frame):
        if not self.works:
            return False
        self.seqs[self.count] = frame[4] | frame[5] << 8
        self.count += 1
        return True

    def sent(self):
        seqs = self.seqs[: self.count]
        self.count = 0
        return seqs


def make(log, n=1):
    for _ in range(n):
        frame = log.claim()
        frame[4] = log.next & 255
        frame[5] = log.next >> 8
        log.commit()


log = FrameLog(64)
link = Link()
sender = Sender(log, link)
"""

POD = (
    PARTS
    + """
import asyncio
import time
from pod import Pod


class Power:
    on_usb = False
    millivolts = 3900
    percent_256 = 50 << 8
    gauge_failed = False


class Led:
    OFF, IDLE, CONNECTED, STREAMING, LOW_BATTERY, ERROR = range(6)
    state = OFF
    identified_ms = 0

    def identify(self, now_ms, duration_ms):
        self.identified_ms = duration_ms

    def update(self, now_ms):
        pass


class Imu:
    accel_lsb_ug = 244
    gyro_lsb_10udps = 7000
    first_index = flags = temperature_raw = overrun = anchor_index = anchor_ticks_us = 0
    ticks_first_low = ticks_first_high = ticks_last_low = ticks_last_high = 0
    started = 0
    fails = False

    def start(self):
        if self.fails:
            raise OSError(5)
        self.started += 1

    def poll(self):
        return 0


power, led, imu = Power(), Led(), Imu()
pod = Pod(None, None, imu, power, led, log, sender, link, 0, False)


def frames():
    link.sent()
    pod.step()
    return log.next
"""
)


def run(run_micropython, source: str, parts: str = PARTS) -> list[str]:
    return run_micropython(parts + source).splitlines()


def test_the_sender_keeps_to_its_window_and_goes_on_as_frames_are_acknowledged(run_micropython):
    source = """
make(log, 10)
sender.pump(); print(link.sent())
sender.start(4); sender.pump(); print(link.sent())
sender.pump(); print(link.sent())
log.acknowledge(3); sender.pump(); print(link.sent())
log.acknowledge(99); log.acknowledge(1); sender.pump(); print(link.sent())
log.acknowledge(10); sender.pump(); print(link.sent(), log.next - log.first)
"""
    assert run(run_micropython, source) == [
        "[]", "[0, 1, 2, 3]", "[]", "[4, 5, 6]", "[]", "[] 0",
    ]  # fmt: skip


def test_after_a_lost_link_sending_begins_at_the_oldest_frame(run_micropython):
    source = """
make(log, 6); sender.start(50); sender.pump(); print(link.sent())
log.acknowledge(2); link.works = False; make(log); sender.pump(); print(sender.streaming)
link.works = True; sender.start(50); sender.pump(); print(link.sent())
"""
    assert run(run_micropython, source) == ["[0, 1, 2, 3, 4, 5]", "False", "[2, 3, 4, 5, 6]"]


def test_a_full_log_drops_its_oldest_frames_and_counts_them(run_micropython):
    source = """
make(log, 70); print(log.capacity, log.first, log.next, log.dropped)
sender.start(255); sender.pump(); sent = link.sent(); print(sent[0], sent[-1], len(sent))
"""
    assert run(run_micropython, source) == ["64 6 70 6", "6 69 64"]


def test_log_and_sender_allocate_nothing(run_micropython):
    source = """
sender.start(255)
micropython.heap_lock()
make(log, 100); sender.pump(); log.acknowledge(90); sender.pump()
micropython.heap_unlock()
print(link.count)
"""
    assert run(run_micropython, source) == ["64"]


def test_start_begins_a_run_and_resumes_only_that_run(run_micropython):
    source = """
print(pod.on_command(wire.START, 0, 0, 0, 0), imu.started)
print(pod.on_command(wire.START, 5, 0, 0, 0), imu.started, led.state == led.STREAMING)
first = pod._run
print(pod.on_command(wire.START, 5, first, 0, 0), imu.started, pod._run == first)
print(pod.on_command(wire.START, 5, first ^ 1, 0, 0), imu.started)
print(pod.on_command(wire.ACK, 0, pod._run ^ 1, 0, 0), pod.on_command(77, 0, 0, 0, 0))
"""
    assert run(run_micropython, source, POD) == [
        "False 0", "True 1 True", "True 1 True", "True 2", "False False",
    ]  # fmt: skip


def test_stop_says_so_in_the_last_frame(run_micropython):
    source = """
pod.on_command(wire.START, 5, 0, 0, 0)
pod.on_command(wire.STOP, 0, 0, 0, 0)
last = log.frame(log.next - 1)
print(last[0] == wire.STATUS, last[wire.STATE_OFFSET] == wire.STATE_IDLE)
link.connected = False; pod.on_link_change(); print(pod._run, led.state == led.IDLE)
"""
    assert run(run_micropython, source, POD) == ["True True", "0 True"]


def test_usb_power_is_refused_unless_on_the_bench(run_micropython):
    source = """
power.on_usb = True
pod.on_command(wire.START, 5, 0, 0, 0)
print(imu.started, led.state == led.ERROR, pod._errors == wire.ERROR_USB_POWER)
power.on_usb = False
pod.on_command(wire.START, 5, 0, 0, 0); print(imu.started, pod._errors)
bench = Pod(None, None, imu, power, led, log, sender, link, 0, True)
power.on_usb = True
bench.on_command(wire.START, 5, 0, 0, 0); print(imu.started, bench._errors)
"""
    assert run(run_micropython, source, POD) == ["0 True True", "1 0", "2 0"]


def test_a_chip_that_fails_at_start_does_not_stop_the_pod(run_micropython):
    source = """
imu.fails = True
print(pod.on_command(wire.START, 5, 0, 0, 0), pod._bus_errors, pod._errors == wire.ERROR_IMU_CHIP)
"""
    assert run(run_micropython, source, POD) == ["True 3 True"]


def test_whoever_allocates_in_the_steady_state_is_counted(run_micropython):
    source = """
async def main():
    steps = 0
    def step():
        nonlocal steps
        steps += 1
        if steps == 2:
            bytearray(100)
        if steps == 4:
            raise ValueError("once")
        if steps == 6:
            raise SystemExit
    pod.step = step
    await pod.keep(pod.sample)

try:
    asyncio.run(main())
except SystemExit:
    print(pod._heap_faults, pod._task_errors)
"""
    assert run(run_micropython, source, POD)[-1] == "1 1"


def test_a_low_battery_shows_unless_something_is_broken(run_micropython):
    source = """
power.percent_256 = 10 << 8
pod.on_command(wire.START, 5, 0, 0, 0); print(led.state == led.LOW_BATTERY)
power.gauge_failed = True; pod._show(); print(led.state == led.STREAMING)
power.gauge_failed = False; power.on_usb = True; pod._refuse_usb(); print(led.state == led.ERROR)
"""
    assert run(run_micropython, source, POD) == ["True", "True", "True"]


def test_the_status_tells_the_temperature_of_the_motion_sensor(run_micropython):
    source = """
imu.temperature_raw = -3 * 256
pod.on_command(wire.START, 5, 0, 0, 0); pod.on_command(wire.STOP, 0, 0, 0, 0)
offset = wire._offset(wire.STATUS_FIELDS, "temperature_c")
print(log.frame(log.next - 1)[offset])
"""
    assert run(run_micropython, source, POD) == ["22"]


def test_identify_blinks(run_micropython):
    source = "pod.on_command(wire.IDENTIFY, 5, 0, 0, 0); print(led.identified_ms)"
    assert run(run_micropython, source, POD) == ["5000"]


@pytest.mark.parametrize(
    ("stored", "side", "gain"),
    [
        ('{"side": "left", "gain": 12}', "left", 12),
        ('{"side": 5, "gain": "loud", "extra": 1}', "unassigned", 6),
        ('{"side": "", "gain": 5}', "unassigned", 6),
        ("{broken", "unassigned", 6),
        (None, "unassigned", 6),
    ],
)
def test_settings_that_make_no_sense_are_replaced_by_defaults(
    run_micropython, tmp_path, stored, side, gain
):
    if stored is not None:
        (tmp_path / "settings.json").write_text(stored)
    source = "import settings; s = settings.load(); print(s['side'], s['gain'], s['bench'])"
    assert run_micropython(source) == f"{side} {gain} False\n"
