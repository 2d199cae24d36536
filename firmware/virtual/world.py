"""The one door between a virtual pod and the world outside: time, electrodes, motion, power, radio.

The pod's process and the world take turns. While the pod computes, the world stands still; when the pod
sleeps, it tells the world until when, and wakes at that time or when a radio event comes. So a
simulation runs as fast as the processor allows and gives the same result at any speed.

A message to the world: ``<BIq``: kind, payload length, the pod's local time in ns; then the payload.
Kinds below ``_FIRST_ONE_WAY`` are answered: ``<I`` length, then the answer.
"""

import json
import micropython
import os
import struct
import sys
from array import array

_WAIT = 1
_ELECTRODE = 2
_MOTION = 3
_POWER = 4
_CONFIG = 5
_LEAD_OFF = 6
_LEAD_OFF_KNOWN_NS = 50_000_000
_FIRST_ONE_WAY = 32
LED = 33
BLE_ACTIVE = 40
BLE_ADVERTISE = 41
BLE_SERVICES = 42
BLE_VALUE = 43
BLE_NOTIFY = 44
BLE_DISCONNECT = 45

_EVENT_HEADER = "<BH"

_door = open(int(os.getenv("GLUTESYM_WORLD_FD")), "r+b")
_header = bytearray(13)
_length = bytearray(4)
_now_ns = 0
_lead_off = 0
_lead_off_until_ns = -1
_on_radio_event = None  # called with (kind, data) for each radio event
_heap_copies = []  # what BTstack would have copied to the heap, see wait_until


def lift_heap_lock():
    """Lift all heap locks of the pod's code while a stand-in works; returns how many there were."""
    micropython.heap_lock()
    depth = 0
    while micropython.heap_unlock():
        depth += 1
    return depth


def restore_heap_lock(depth):
    while depth:
        micropython.heap_lock()
        depth -= 1


def send(kind, payload=b""):
    """Tell the world something; it does not answer."""
    struct.pack_into("<BIq", _header, 0, kind, len(payload), _now_ns)
    _door.write(_header)
    if payload:
        _door.write(payload)


def _ask(kind, payload=b""):
    send(kind, payload)
    if _door.readinto(_length) != 4:
        sys.exit()  # the world has ended
    size = struct.unpack("<I", _length)[0]
    return _door.read(size)


def now_ns():
    return _now_ns


def spend_ns(ns):
    """Let time pass for this pod alone, as a bus transfer or a short busy wait does."""
    global _now_ns
    _now_ns += ns


def wait_until(deadline_ns):
    """Sleep until ``deadline_ns`` (-1: for ever) or the next radio event; events are dispatched."""
    global _now_ns
    answer = _ask(_WAIT, struct.pack("<q", deadline_ns))
    now, copies, events = struct.unpack_from("<qHH", answer, 0)
    if now > _now_ns:
        _now_ns = now
    # BTstack copies what the controller has no buffer for to the heap; so does this.
    while len(_heap_copies) < copies:
        _heap_copies.append(bytearray(256))
    while len(_heap_copies) > copies:
        _heap_copies.pop()
    position = 12
    for _ in range(events):
        kind, size = struct.unpack_from(_EVENT_HEADER, answer, position)
        position += 3
        if _on_radio_event:
            _on_radio_event(kind, answer[position : position + size])
        position += size


def sleep_until(deadline_ns):
    """Sleep until ``deadline_ns``, whatever happens; radio events are dispatched meanwhile."""
    while _now_ns < deadline_ns:
        wait_until(deadline_ns)


def on_radio_event(handler):
    global _on_radio_event
    _on_radio_event = handler


def electrode_uv(start_ns, step_ns, count, aperture_ns, out):
    """Fill ``out`` with the differential electrode voltage in µV at start + k*step."""
    answer = _ask(_ELECTRODE, struct.pack("<qdId", start_ns, step_ns, count, aperture_ns))
    _copy_floats(answer, out)


def motion(start_ns, step_ns, count, out):
    """Fill ``out`` with count*6 numbers: specific force in g and rate of turn in deg/s."""
    _copy_floats(_ask(_MOTION, struct.pack("<qdI", start_ns, step_ns, count)), out)


def lead_off(time_ns):
    """Whether the electrode is off the skin."""
    global _lead_off, _lead_off_until_ns
    if not 0 <= _lead_off_until_ns - time_ns <= _LEAD_OFF_KNOWN_NS:
        _lead_off, _lead_off_until_ns = struct.unpack(
            "<Bq", _ask(_LEAD_OFF, struct.pack("<q", time_ns))
        )
    return bool(_lead_off)


def battery():
    """Return volts and percent."""
    answer = struct.unpack("<ffB", _ask(_POWER))
    return answer[0], answer[1]


def usb_power():
    return bool(struct.unpack("<ffB", _ask(_POWER))[2])


def led(red, green, blue):
    send(LED, bytes((red, green, blue)))


def _copy_floats(answer, out):
    memoryview(out)[: len(answer) // 4] = memoryview(array("f", answer))


config = json.loads(_ask(_CONFIG))
_now_ns = config["now_ns"]
