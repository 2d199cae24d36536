"""Run a pod's own files on the bare board and print what they cost, as JSON.

Runs on MicroPython, in the folder that has the pod's settings.json:

    micropython -X heapsize=16m measure.py SECONDS

`utime` is the clock of the computer here as well as for the pod.
"""

import asyncio
import binascii
import gc
import json
import struct
import sys
from array import array

import stand_ins
import utime

WINDOW_FRAMES = 24
ACK_EVERY_FRAMES = 4  # as host/glutesym/session/pod_stream.py
PROBE_EVERY_MS = 700
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
    before = allocated()
    for name in MODULES:
        __import__(name)
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
    """Stands for a method of a part that has no arguments, and notes how long each call took.

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

    def __call__(self):
        if self._before:
            self._before()
        log = self._log
        made = log.next if log else 0
        spent_us = stand_ins.spent_us
        begun_us = utime.ticks_us()
        self._method()
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
    """Return number of calls, median and sum of their times, us."""
    times = sorted(times_us[:count])
    return (count, times[count // 2] if count else 0, sum(times))


def repeat(work):
    """Return the median time of a call, us, and what it leaves behind, bytes."""
    times = array("i", [0] * REPEATS)
    gc.collect()
    before = gc.mem_alloc()
    for i in range(REPEATS):
        begun_us = utime.ticks_us()
        work()
        times[i] = utime.ticks_diff(utime.ticks_us(), begun_us)
    left = gc.mem_alloc() - before
    return sorted(times)[REPEATS // 2], left / REPEATS


def baseline():
    for _ in range(LOOP):
        pass


async def attend(seconds):
    """Be the host: connect, prove to be the owner, stream, acknowledge, probe."""
    import wire
    from owner import hmac_sha256

    pod = parts["Pod"]
    ble = stand_ins.ble
    key = binascii.unhexlify(json.load(open("settings.json"))["key"])
    await asyncio.sleep_ms(500)
    ble.irq_handler(1, (0, 0, b""))
    ble.irq_handler(21, (0, wire.FRAME_BYTES + 3))
    await asyncio.sleep_ms(100)
    nonce = binascii.unhexlify(json.loads(ble.gatts_read(3))["nonce"])
    proof = hmac_sha256(key, wire.PROOF_OF_HOST + nonce + bytes(wire.NONCE_BYTES))
    ble.write(4, bytes((wire.AUTHORISE,)) + bytes(wire.NONCE_BYTES) + proof)
    await asyncio.sleep_ms(100)
    assert "proof" in json.loads(ble.gatts_read(3))
    log = parts["FrameLog"]
    times = {
        "step": Timed(pod, "step", log, stand_ins.tick),
        "EMG": Timed(pod, "_take_emg", log),
        "IMU": Timed(pod, "_take_imu", log),
        "status": Timed(pod, "_take_status"),
        "pump": Timed(parts["Sender"], "pump"),
    }
    ble.write(2, wire.command(wire.START, WINDOW_FRAMES))
    await asyncio.sleep_ms(200)
    run = log.frame(0)[wire.RUN_OFFSET] | log.frame(0)[wire.RUN_OFFSET + 1] << 8
    command = bytearray(wire.COMMAND_BYTES)
    acked = probes = commands = 0
    probe_ms = utime.ticks_ms()
    settled_ms = utime.ticks_add(utime.ticks_ms(), SETTLE_MS)
    measuring = False
    before = frames = 0
    while True:
        if ble.taken - acked >= ACK_EVERY_FRAMES:
            acked = ble.taken
            struct.pack_into(
                wire.COMMAND_FORMAT, command, 0, wire.ACK, acked - 1 & 255, run, acked
            )
            ble.write(2, command)
            commands += 1
        if utime.ticks_diff(utime.ticks_ms(), probe_ms) >= PROBE_EVERY_MS:
            probe_ms = utime.ticks_ms()
            probes += 1
            struct.pack_into(wire.COMMAND_FORMAT, command, 0, wire.PROBE, 0, 0, probes)
            ble.write(2, command)
            commands += 1
        if utime.ticks_diff(utime.ticks_ms(), settled_ms) >= 0:
            if measuring:
                break
            measuring = True
            for timed in times.values():
                timed.restart()
            commands = 0
            frames = log.next
            settled_ms = utime.ticks_add(settled_ms, seconds * 1000)
            before = allocated()
        await asyncio.sleep_ms(LOOK_MS)
    garbage = gc.mem_alloc() - before
    frames = log.next - frames
    begun_us = utime.ticks_us()
    gc.collect()
    collect_us = utime.ticks_diff(utime.ticks_us(), begun_us)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "frames": frames,
                "commands": commands,
                "garbage_bytes": garbage,
                "collect_us": collect_us,
                "heap_faults": pod._heap_faults,
                "task_errors": pod._task_errors,
                "lost": [log.dropped, parts["EmgCapture"].overrun, parts["LSM6DSOX"].overrun],
                "faults": parts["FaultLog"].text(0),
                "log_frames": log.capacity,
                "free_bytes": gc.mem_free(),
                "ram": ram,
                "times": {name: timed.result() for name, timed in times.items()},
                "calls": calls(pod, key, command, run, acked),
            }
        )
    )


def calls(pod, key, command, run, acked):
    """Time single calls, apart from the rest: name -> (us, bytes left behind)."""
    import packets
    import wire
    from owner import Guard, hmac_sha256

    ble = stand_ins.ble
    link = parts["BleLink"]
    frame = bytearray(wire.FRAME_BYTES)
    samples = array("i", [(i % 50 - 25) * 87 for i in range(wire.EMG_PER_FRAME)])
    motion = bytearray(wire.IMU_PER_FRAME * wire.IMU_SAMPLE_BYTES)
    values = [1] * len(wire.STATUS_NAMES)
    encoder = packets.Encoder(wire.INFO_BYTES, 64)
    guard = Guard(key)
    nonce = bytes(wire.NONCE_BYTES)
    struct.pack_into(wire.COMMAND_FORMAT, command, 0, wire.ACK, acked - 1 & 255, run, acked)

    def acknowledge():
        ble.write(2, command)
        link._pass_commands(pod)

    def authorise():
        guard.renew()
        message = wire.PROOF_OF_HOST + guard.nonce + nonce
        if guard.authorise(nonce, hmac_sha256(key, message)) is None:
            raise ValueError("refused")

    return {
        "baseline": repeat(baseline),
        "encode_emg": repeat(
            lambda: wire.encode_emg(frame, 1, 2, 3, 4, 5, 0, 0, 48100, samples, len(samples))
        ),
        "encode_imu": repeat(
            lambda: wire.encode_imu(
                frame, 1, 2, 3, 4, 5, 0, 0, 1, 2, 3, 4, 244, 7000, motion, wire.IMU_PER_FRAME
            )
        ),
        "encode_status": repeat(lambda: wire.encode_status(frame, values)),
        "usb_frame": repeat(lambda: encoder.encode(packets.FRAME, frame)),
        "command": repeat(acknowledge),
        "authorise": repeat(authorise),
        "hmac": repeat(lambda: hmac_sha256(key, nonce)),
    }


def main():
    stand_ins.install()
    seconds = int(sys.argv[1])
    load_code()
    for module, name in PARTS:
        weigh(module, name)
    run = asyncio.run

    def run_with_host(tasks):
        async def both():
            asyncio.create_task(tasks)
            await attend(seconds)

        run(both())

    asyncio.run = run_with_host
    __import__("main")


main()
