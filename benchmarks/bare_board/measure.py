"""Run a pod's own files on the bare board and print what they cost, as JSON.

Runs on MicroPython, in the folder that has the pod's settings.json:

    micropython -X heapsize=16m measure.py SECONDS

`utime` is the clock of the computer here as well as for the pod.
"""

import asyncio
import binascii
import gc
import json
import micropython
import struct
import sys
from array import array

import stand_ins
import utime

wire = None  # the pod's, from load_code() on

WINDOW_FRAMES = 24
ACK_EVERY_FRAMES = 4  # as host/glutesym/session/pod_stream.py
PROBE_EVERY_MS = 700
PAUSE_MS = 200
LOOK_MS = 20
SETTLE_MS = 2000
MOST_CALLS = 20_000
REPEATS = 200
LOOP = 1000

# In the order in which main.py needs them: file, then what of it is a part of the pod.
MODULES = (
    "fault_log", "settings", "wire", "packets", "board", "chip_error", "frame_log", "link_ble",
    "link_usb", "lsm6dsox", "max17048", "owner", "owner_requests", "status_led", "power", "stream",
    "pod", "ads1292r", "emg_frames", "emg_self_test", "emg_capture",
)  # fmt: skip
PARTS = (
    ("fault_log", "FaultLog"), ("ads1292r", "ADS1292R"), ("emg_capture", "EmgCapture"),
    ("lsm6dsox", "LSM6DSOX"), ("max17048", "MAX17048"), ("frame_log", "FrameLog"),
    ("power", "Power"), ("status_led", "StatusLed"), ("stream", "Sender"), ("pod", "Pod"),
    ("owner", "Guard"), ("owner_requests", "Requests"), ("link_ble", "BleLink"),
    ("link_usb", "UsbLink"),
)  # fmt: skip

ram = []  # (what, bytes)
parts = {}  # class name -> the newest object


def allocated():
    gc.collect()
    return gc.mem_alloc()


def load_code():
    """Import the pod's files; note what their code takes."""
    global wire
    before = allocated()
    for name in MODULES:
        __import__(name)
    wire = sys.modules["wire"]
    ram.append(("code", allocated() - before))


def weigh(module, name):
    """Let each construction of a class note what it takes."""
    module = sys.modules[module]
    make = getattr(module, name)

    def construct(*arguments):
        before = allocated()
        part = make(*arguments)
        ram.append((name, allocated() - before))
        parts[name] = part
        return part

    setattr(module, name, construct)


class Timed:
    """Stands for a method of a part, with an argument at most, and notes how long each call took.

    With a log, calls that make a frame are told from those that only look. ``before`` is called
    first and not timed.
    """

    def __init__(self, part, name, log=None, before=None):
        self._method = getattr(part, name)
        self._log = log
        self._before = before
        self.looks = array("i", [0] * MOST_CALLS)
        self.frames = array("i", [0] * MOST_CALLS)
        self.look_count = self.frame_count = 0
        setattr(part, name, self.__call__)

    def __call__(self, argument=None):
        if self._before:
            self._before()
        log = self._log
        made = log.next if log else 0
        spent_us = stand_ins.spent_us
        begun_us = utime.ticks_us()
        if argument is None:
            self._method()
        else:
            self._method(argument)
        took_us = utime.ticks_diff(utime.ticks_us(), begun_us) - stand_ins.spent_us + spent_us
        if log and log.next != made:
            self.frames[self.frame_count] = took_us
            self.frame_count += 1
        else:
            self.looks[self.look_count] = took_us
            self.look_count += 1

    def restart(self):
        self.look_count = self.frame_count = 0

    def result(self):
        return (summary(self.looks, self.look_count), summary(self.frames, self.frame_count))


def summary(times_us, count):
    """Return number of calls, and tenth, fiftieth and ninetieth percentile of their times, us."""
    times = sorted(times_us[:count])
    return [count] + [times[count * tenth // 10] if count else 0 for tenth in (1, 5, 9)]


def repeat(work, locked=False):
    """Return the median time of a call, us, and what it leaves behind, bytes.

    ``locked``: with the heap locked, as in the pod's step.
    """
    times = array("i", [0] * REPEATS)
    before = gc.mem_alloc()
    if locked:
        micropython.heap_lock()
    for i in range(REPEATS):
        begun_us = utime.ticks_us()
        work()
        times[i] = utime.ticks_diff(utime.ticks_us(), begun_us)
    if locked:
        micropython.heap_unlock()
    left = gc.mem_alloc() - before
    return sorted(times)[REPEATS // 2], left // REPEATS


def baseline():
    for _ in range(LOOP):
        pass


async def attend(seconds):
    """Be the host for a while, then print what was measured."""
    pod = parts["Pod"]
    log = parts["FrameLog"]
    await prove()
    times = {
        "step": Timed(pod, "step", log, stand_ins.tick),
        "emg": Timed(pod, "_take_emg", log),
        "imu": Timed(pod, "_take_imu", log),
        "status": Timed(pod, "_take_status"),
        "pump": Timed(parts["Sender"], "pump"),
        "command": Timed(parts["BleLink"], "_pass_commands"),
    }
    run = await start()
    await stream(run, SETTLE_MS)
    for timed in times.values():
        timed.restart()
    before_frames = log.next
    before_bytes = allocated()
    commands = await stream(run, seconds * 1000)
    garbage_bytes = gc.mem_alloc() - before_bytes
    frames = log.next - before_frames
    single = calls()
    begun_us = utime.ticks_us()
    gc.collect()
    collect_us = utime.ticks_diff(utime.ticks_us(), begun_us)
    result = {
        "frames": frames,
        "commands": commands,
        "garbage_bytes": garbage_bytes,
        "collect_us": collect_us,
        "heap_faults": pod._heap_faults,
        "task_errors": pod._task_errors,
        "lost": log.dropped + parts["EmgCapture"].overrun + parts["LSM6DSOX"].overrun,
        "log_frames": log.capacity,
        "ram": ram,
        "times": {name: timed.result() for name, timed in times.items()},
        "calls": single,
    }
    print(json.dumps(result))


async def prove():
    """Connect and prove to be the owner."""
    ble = stand_ins.ble
    await asyncio.sleep_ms(PAUSE_MS)
    ble.irq_handler(1, (0, 0, b""))  # connected
    ble.irq_handler(21, (0, wire.FRAME_BYTES + 3))  # agreed on the packet length
    await asyncio.sleep_ms(PAUSE_MS)
    nonce = bytes(wire.NONCE_BYTES)
    message = wire.PROOF_OF_HOST + binascii.unhexlify(ble.answer()["nonce"]) + nonce
    proof = sys.modules["owner"].hmac_sha256(owner_key(), message)
    ble.write(stand_ins.REQUEST, bytes((wire.AUTHORISE,)) + nonce + proof)
    await asyncio.sleep_ms(PAUSE_MS)
    if "proof" not in ble.answer():
        raise ValueError(ble.answer())


async def start():
    """Have the pod stream; return the number of its run."""
    stand_ins.ble.write(stand_ins.CONTROL, wire.command(wire.START, WINDOW_FRAMES))
    await asyncio.sleep_ms(PAUSE_MS)
    return struct.unpack_from("<H", parts["FrameLog"].frame(0), wire.RUN_OFFSET)[0]


async def stream(run, duration_ms):
    """Acknowledge and probe for a while; return how many commands it took."""
    ble = stand_ins.ble
    command = bytearray(wire.COMMAND_BYTES)
    commands = probes = 0
    probe_ms = utime.ticks_ms()
    end_ms = utime.ticks_add(probe_ms, duration_ms)
    while utime.ticks_diff(utime.ticks_ms(), end_ms) < 0:
        if ble.taken - ble.acknowledged >= ACK_EVERY_FRAMES:
            ble.acknowledged = ble.taken
            struct.pack_into(
                wire.COMMAND_FORMAT, command, 0, wire.ACK, ble.taken - 1 & 255, run, ble.taken
            )
            ble.write(stand_ins.CONTROL, command)
            commands += 1
        if utime.ticks_diff(utime.ticks_ms(), probe_ms) >= PROBE_EVERY_MS:
            probe_ms = utime.ticks_ms()
            probes += 1
            struct.pack_into(wire.COMMAND_FORMAT, command, 0, wire.PROBE, 0, 0, probes)
            ble.write(stand_ins.CONTROL, command)
            commands += 1
        await asyncio.sleep_ms(LOOK_MS)
    return commands


def owner_key():
    with open("settings.json") as file:
        return binascii.unhexlify(json.load(file)["key"])


def calls():
    """Time single calls, apart from the rest: name -> (us, bytes left behind)."""
    import packets
    from owner import Guard, hmac_sha256

    frame = bytearray(wire.FRAME_BYTES)
    samples = array("i", [(i % 50 - 25) * 87 for i in range(wire.EMG_PER_FRAME)])
    motion = bytearray(wire.IMU_PER_FRAME * wire.IMU_SAMPLE_BYTES)
    values = [1] * len(wire.STATUS_NAMES)
    encoder = packets.Encoder(wire.INFO_BYTES, 64)
    key = owner_key()
    guard = Guard(key)
    nonce = bytes(wire.NONCE_BYTES)

    def authorise():
        guard.renew()
        message = wire.PROOF_OF_HOST + guard.nonce + nonce
        if guard.authorise(nonce, hmac_sha256(key, message)) is None:
            raise ValueError("refused")

    return {
        "baseline": repeat(baseline, True),
        "encode_emg": repeat(
            lambda: wire.encode_emg(frame, 1, 2, 3, 4, 5, 0, 0, 48100, samples, len(samples)),
            True,
        ),
        "encode_imu": repeat(
            lambda: wire.encode_imu(
                frame, 1, 2, 3, 4, 5, 0, 0, 1, 2, 3, 4, 244, 7000, motion, wire.IMU_PER_FRAME
            ),
            True,
        ),
        "encode_status": repeat(lambda: wire.encode_status(frame, values), True),
        "usb_frame": repeat(lambda: encoder.encode(packets.FRAME, frame), True),
        "authorise": repeat(authorise),
    }


def main():
    stand_ins.install()
    seconds = int(sys.argv[1])
    load_code()
    for module, name in PARTS:
        weigh(module, name)
    run = asyncio.run

    async def both(pod_tasks):
        asyncio.create_task(pod_tasks)
        await attend(seconds)

    def run_with_host(pod_tasks):
        run(both(pod_tasks))

    asyncio.run = run_with_host
    __import__("main")


main()
