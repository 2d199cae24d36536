"""The pod's own logic on the VM; in place of chips and radio, parts that do as they are told."""

from __future__ import annotations

import pytest

PARTS = """
import micropython
import wire
from frame_log import FrameLog
from stream import Sender


class Link:
    connected = carries_frames = may_authorise = True
    refused = wrong_proofs = 0
    mtu = 247

    def __init__(self):
        self.seqs = [0] * 500
        self.sendings = bytearray(500)
        self.count = 0
        self.works = True

    def doze(self, asleep):
        self.dozes = asleep

    def ready(self):
        return True

    def notify(self, frame):
        if not self.works:
            return False
        self.seqs[self.count] = frame[wire.SEQ_OFFSET] | frame[wire.SEQ_OFFSET + 1] << 8
        self.sendings[self.count] = frame[wire.SENDING_OFFSET]
        self.count += 1
        return True

    def sent(self):
        seqs = self.seqs[: self.count]
        self.count = 0
        return seqs


def make(log, n=1):
    for _ in range(n):
        frame = log.claim()
        frame[wire.SEQ_OFFSET] = log.next & 255
        frame[wire.SEQ_OFFSET + 1] = log.next >> 8
        log.commit()


log = FrameLog(64)
link = Link()
sender = Sender(log)
"""

POD = (
    PARTS
    + """
import asyncio
import time
from pod import Pod


class Power:
    on_usb = low = empty = False
    millivolts = 3900
    percent_256 = 50 << 8
    gauge_failed = False

    def measure(self):
        pass


class Led:
    (OFF, IDLE, CONNECTED, STREAMING, LOW_BATTERY, ERROR, REFUSED, ASLEEP, TESTING) = range(9)
    state = OFF
    identified_ms = 0

    def identify(self, now_ms, duration_ms):
        self.identified_ms = duration_ms

    def update(self, now_ms):
        pass


class Emg:
    chip = "test"
    fixed_gain = 0
    lsb_pv = 1000
    first_index = flags = lead_off = anchor_index = anchor_ticks_us = overrun = misaligned = 0
    failed = False
    started = prepared = 0
    awake = True

    def prepare(self, rate_sps, gain):
        self.prepared += 1
        self.awake = True

    def start(self):
        assert self.awake
        self.started += 1

    def stop(self):
        pass

    def sleep(self):
        self.awake = False

    def poll(self):
        return 0

    def read(self, samples, count):
        return 0

    async def self_test(self):
        return {"ok": True}


class Faults:
    count = 0

    def note(self, text):
        self.count += 1

    def note_exception(self, error):
        self.count += 1

    def save(self):
        pass


class Watchdog:
    fed = 0

    def feed(self):
        self.fed += 1


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


    def sleep(self):
        pass

    def moved(self):
        return False


power, led, imu, emg, faults = Power(), Led(), Imu(), Emg(), Faults()
settings = {"side": "left", "rate_sps": 2000, "gain": 6, "bench": False, "key": "",
            "encrypt": False}
kept = []
restarts = []


def make_pod(**changes):
    pod = Pod(emg, imu, power, led, log, sender, faults, 0, dict(settings, **changes), kept.append,
              {"id": "00112233"}, lambda: restarts.append(1))
    pod.links.append(link)
    return pod


pod = make_pod()


def command(opcode, a=0, b=0, c=0, pod=pod):
    return pod.on_command(link, opcode, a, b, c, 0)


def frames():
    link.sent()
    pod.step()
    return log.next
"""
)


def run(run_micropython, source: str, parts: str = PARTS) -> list[str]:
    return run_micropython(parts + source).splitlines()


def test_the_sender_keeps_to_its_window_and_goes_on_as_sendings_are_acknowledged(run_micropython):
    source = """
sender.pump(); print(link.sent())
sender.start(link, 4); make(log, 10); sender.pump(); print(link.sent())
sender.pump(); print(link.sent())
sender.acknowledge(2); sender.pump(); print(link.sent())
sender.acknowledge(77); sender.acknowledge(1); sender.pump(); print(link.sent())
sender.acknowledge(6); sender.pump(); print(link.sent(), list(link.sendings[:3]))
"""
    assert run(run_micropython, source) == [
        "[]", "[0, 1, 2, 3]", "[]", "[4, 5, 6]", "[]", "[7, 8, 9] [7, 8, 9]",
    ]  # fmt: skip


def test_numbers_of_sendings_wrap(run_micropython):
    source = """
sender.start(link, 50)
total = 0
for _ in range(40):
    make(log, 20); sender.pump(); total += len(link.sent())
    sender.acknowledge(total - 1 & 255)
print(total, sender._under_way)
"""
    assert run(run_micropython, source) == ["800 0"]


def test_after_a_lost_link_live_frames_go_first_and_the_rest_when_asked_for(run_micropython):
    source = """
sender.start(link, 50); make(log, 6); sender.pump(); print(link.sent())
link.works = False; make(log, 10); sender.pump(); print(sender.streaming)
link.works = True; sender.start(link, 8); make(log, 2); sender.pump(); print(link.sent())
print(sender.resend(2, 9)); sender.pump(); print(link.sent(), "half of the window")
make(log, 3); sender.pump(); print(link.sent(), "live first")
sender.acknowledge(6); sender.pump(); print(link.sent())
sender.acknowledge(10); sender.pump(); print(link.sent(), list(link.sendings[:3]))
"""
    assert run(run_micropython, source) == [
        "[0, 1, 2, 3, 4, 5]", "False", "[16, 17]", "True", "[2, 3] half of the window",
        "[18, 19, 20] live first", "[4, 5, 6, 7]", "[8, 9, 10] [11, 12, 13]",
    ]  # fmt: skip


def test_only_frames_that_exist_are_sent_again(run_micropython):
    source = """
make(log, 100); log.acknowledge(40); sender.start(link, 255)
for first, count in ((0, 42), (98, 200), (500, 3), (1 << 31, 255), (7, 0)):
    print(sender.resend(first, count), end=" ")
sender.pump(); print(link.sent())
print([sender.resend(50, 1) for _ in range(10)]); sender.pump(); print(link.sent())
"""
    assert run(run_micropython, source) == [
        "True True True True False [40, 41, 98, 99]",
        str([True] * 8 + [False] * 2),
        str([50] * 8),
    ]


def test_a_full_log_drops_its_oldest_frames_and_counts_them(run_micropython):
    source = """
sender.start(link, 255); make(log, 70); print(log.capacity, log.first, log.next, log.dropped)
sender.pump(); sent = link.sent(); print(sent[0], sent[-1], len(sent))
"""
    assert run(run_micropython, source) == ["64 6 70 6", "6 69 64"]


def test_log_and_sender_allocate_nothing(run_micropython):
    source = """
sender.start(link, 200)
micropython.heap_lock()
make(log, 100); sender.pump(); log.acknowledge(90); sender.acknowledge(60)
sender.resend(91, 5); sender.resend(0, 255); sender.pump()
micropython.heap_unlock()
print(link.count)
"""
    assert run(run_micropython, source) == ["79"]


def test_start_begins_a_run_and_resumes_only_that_run(run_micropython):
    source = """
print(command(wire.START), emg.started)
print(command(wire.START, 5), emg.started, led.state == led.STREAMING)
first = pod._run
print(command(wire.START, 5, first), emg.started, pod._run == first)
print(command(wire.START, 5, first ^ 1), emg.started)
print(command(wire.ACK, 0, pod._run ^ 1), command(wire.RESEND, 1, pod._run ^ 1), command(77))
link.carries_frames = False
print(command(wire.START, 5))
"""
    assert run(run_micropython, source, POD) == [
        "False 0", "True 1 True", "True 1 True", "True 2", "False False False", "False",
    ]  # fmt: skip


def test_one_link_at_a_time_is_streamed_to(run_micropython):
    source = """
other = Link()
pod.links.append(other)
print(command(wire.START, 5), pod.on_command(other, wire.START, 5, 0, 0, 0))
print(pod.on_command(other, wire.ACK, 0, pod._run, 0, 0))
link.connected = False; pod.on_link_change(link)
print(pod.on_command(other, wire.START, 5, pod._run, 0, 0), emg.started)
"""
    assert run(run_micropython, source, POD) == ["True False", "False", "True 1"]


def test_stop_says_so_in_the_last_frame(run_micropython):
    source = """
command(wire.START, 5)
command(wire.STOP)
last = log.frame(log.next - 1)
print(last[0] == wire.STATUS, last[wire.STATE_OFFSET] == wire.STATE_IDLE)
end = log.next; pod.step(); print(log.next == end)
link.connected = False; pod.on_link_change(link); print(pod._all_fetched(), led.state == led.IDLE)
log.acknowledge(end); print(pod._all_fetched())
"""
    assert run(run_micropython, source, POD) == ["True True", "True", "False True", "True"]


def test_usb_power_is_refused_unless_on_the_bench(run_micropython):
    source = """
power.on_usb = True
command(wire.START, 5)
print(emg.started, led.state == led.REFUSED, pod._errors == wire.ERROR_USB_POWER)
power.on_usb = False
command(wire.START, 5); print(emg.started, pod._errors)
link.connected = False; pod.on_link_change(link); link.connected = True
bench = make_pod(bench=True)
power.on_usb = True
command(wire.START, 5, pod=bench); print(emg.started, bench._errors)
"""
    assert run(run_micropython, source, POD) == ["0 True True", "1 0", "2 0"]


def test_a_cable_stops_the_measuring_at_once_and_it_goes_on_when_the_cable_is_out(run_micropython):
    source = """
class Plugging(Watchdog):
    def feed(self):
        self.fed += 1
        if self.fed in (1, 4, 8):
            print(pod._capturing, pod._errors == wire.ERROR_USB_POWER, emg.started)
        power.on_usb = 2 <= self.fed < 5
        if self.fed == 10:
            print(pod._capturing, emg.started, "what it had must be fetched first")
            log.acknowledge(log.next)
        if self.fed == 12:
            print(pod._capturing, pod._errors, emg.started)
            raise SystemExit

command(wire.START, 5)
make(log, 3)
try:
    asyncio.run(pod.sample(Plugging()))
except SystemExit:
    print(sender.streaming)
"""
    assert run(run_micropython, source, POD) == [
        "True False 1",
        "False True 1",
        "False True 1",
        "False 1 what it had must be fetched first",
        "True 0 2",
        "True",
    ]


def test_settings_are_stored_when_idle_and_take_effect_by_a_restart(run_micropython):
    source = """
def change(changes, with_key=False):
    try:
        pod.change_settings(changes, with_key)
    except ValueError as error:
        return str(error)
command(wire.START, 5)
print(change({"gain": 12}))
command(wire.STOP)
print(change({"gain": 5}) is not None, change({"gain": 12, "key": "00" * 32}) is not None)
print(change([1]) is not None, kept)
print(change({"gain": 12}), kept[0]["gain"], pod.describe(link)["emg"]["gain"], restarts)
async def later():
    task = asyncio.create_task(pod.watch())
    await asyncio.sleep_ms(10)
    for _ in range(3):
        pod._reboot_s = min(pod._reboot_s, 1)
        task.cancel()
        task = asyncio.create_task(pod.watch())
        await asyncio.sleep_ms(10)
asyncio.run(later())
print(restarts)
"""
    assert run(run_micropython, source, POD) == [
        "busy: stop first", "True True", "True []", "None 12 12 []", "[1]",
    ]  # fmt: skip


def test_a_pod_that_nobody_needs_sleeps_and_wakes(run_micropython):
    source = """
def idle(seconds):
    for _ in range(seconds):
        pod._alone_s = 0 if pod._connected() else pod._alone_s + 1
        pod._consider_sleep()
    return pod._asleep
link.connected = False
print(idle(300), idle(2), led.state == led.ASLEEP, link.dozes, emg.awake)
imu.moved = lambda: True
print(idle(1), link.dozes, led.state == led.IDLE)
imu.moved = lambda: False
print(idle(302))
link.connected = True
print(idle(1), command(wire.START, 5), emg.prepared, emg.started)
"""
    assert run(run_micropython, source, POD) == [
        "False True True True False", "False False True", "True", "False True 1 1",
    ]  # fmt: skip


def test_a_front_end_that_falls_silent_is_reported(run_micropython):
    source = """
command(wire.START, 5)
pod.step(); print(pod._errors)
emg.failed = True
pod.step(); print(pod._errors == wire.ERROR_EMG_CHIP, emg.prepared)
command(wire.START, 5); print(emg.prepared, pod._errors)
"""
    assert run(run_micropython, source, POD) == ["0", "True 0", "1 0"]


def test_a_chip_that_fails_at_start_does_not_stop_the_pod(run_micropython):
    source = """
imu.fails = True
print(command(wire.START, 5), pod._bus_errors, pod._errors == wire.ERROR_IMU_CHIP)
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
    await pod.keep(pod.sample, Watchdog())

try:
    asyncio.run(main())
except SystemExit:
    print(pod._heap_faults, pod._task_errors)
"""
    assert run(run_micropython, source, POD)[-1] == "1 1"


def test_a_low_battery_shows_unless_something_is_broken(run_micropython):
    source = """
power.low = True
command(wire.START, 5); print(led.state == led.LOW_BATTERY)
power.low = False; pod._show(); print(led.state == led.STREAMING)
power.low = True; pod._errors = wire.ERROR_IMU_CHIP; pod._show(); print(led.state == led.ERROR)
"""
    assert run(run_micropython, source, POD) == ["True", "True", "True"]


def test_the_status_tells_the_temperature_of_the_motion_sensor(run_micropython):
    source = """
imu.temperature_raw = -3 * 256
command(wire.START, 5); command(wire.STOP)
offset = wire._offset(wire.STATUS_FIELDS, "temperature_c")
print(log.frame(log.next - 1)[offset])
"""
    assert run(run_micropython, source, POD) == ["22"]


def test_identify_blinks(run_micropython):
    source = "command(wire.IDENTIFY, 5); print(led.identified_ms)"
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
