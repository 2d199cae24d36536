"""The one door of a virtual pod to the world: time, electrodes, motion, power, radio, USB.

The pod's process and the world take turns. While the pod computes, the world stands still; when
the pod sleeps, it tells the world until when, and wakes at that time or when an event comes: from
the radio or from USB. So a simulation runs as fast as the processor allows and gives the same
result at any speed.

A message to the world: ``<BIq``: kind, payload length, the pod's local time in ns; then the
payload. Kinds below ``_FIRST_ONE_WAY`` are answered: ``<I`` length, then the answer.
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
AHEAD_NS = 200_000_000  # signals are fetched up to this far ahead; nothing changes them sooner
_FIRST_ONE_WAY = 32
LED = 33
BLE_ACTIVE = 40
BLE_ADVERTISE = 41
BLE_SERVICES = 42
BLE_VALUE = 43
BLE_NOTIFY = 44
BLE_DISCONNECT = 45
BLE_MTU = 46
BLE_PAIR = 47
USB_SENT = 50

_EVENT_HEADER = "<BH"
_FIRST_USB = 200  # events from here on are those of USB, the others the radio's
USB_RECEIVED = 200  # bytes from the host
USB_OPENED = 201  # one byte: whether the host has the port open
USB_TAKEN = 202  # <H: bytes that the host has taken from the port's buffer

_door = open(int(os.getenv("GLUTESYM_WORLD_FD")), "r+b")
_length = bytearray(4)
_now_ns = 0
_lead_off = 0
_lead_off_until_ns = -1
_on_radio_event = None  # called with (kind, data) for each radio event
_on_usb_event = None  # called with (kind, data) for each event of USB
alarm_ns = -1  # the watchdog's deadline, -1: none
on_alarm = None  # called when the deadline has passed
_interrupted = False
interrupts = 0  # Ctrl-C so far
_heap_copies = []  # what BTstack would have copied to the heap, see wait_until


def lift_heap_lock():
    """Lift the heap locks of the pod's code for a stand-in; returns how many there were."""
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
    _door.write(struct.pack("<BIq", kind, len(payload), _now_ns) + payload)


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
    if 0 <= alarm_ns <= _now_ns:
        on_alarm()


def wait_until(deadline_ns):
    """Sleep until ``deadline_ns`` (-1: for ever) or an event, and dispatch events."""
    global _now_ns, _interrupted
    if 0 <= alarm_ns and not 0 <= deadline_ns <= alarm_ns:
        deadline_ns = alarm_ns
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
        data = answer[position : position + size]
        if kind >= _FIRST_USB:
            if _on_usb_event:
                _on_usb_event(kind, data)
        elif _on_radio_event:
            _on_radio_event(kind, data)
        position += size
    spend_ns(0)
    if _interrupted:
        _interrupted = False
        raise KeyboardInterrupt


def interrupt():
    """Have the program interrupted, once the events that came with this one are dispatched."""
    global _interrupted, interrupts
    _interrupted = True
    interrupts += 1


def sleep_until(deadline_ns):
    """Sleep until ``deadline_ns``, whatever happens; events are dispatched meanwhile."""
    while _now_ns < deadline_ns:
        wait_until(deadline_ns)


def on_radio_event(handler):
    global _on_radio_event
    _on_radio_event = handler


def on_usb_event(handler):
    global _on_usb_event
    _on_usb_event = handler


def electrode_uv(start_ns, step_ns, count, aperture_ns, out):
    """Fill ``out`` with the differential electrode voltage in µV at start + k*step."""
    _electrode.fetch(start_ns, step_ns, count, aperture_ns, out)


def motion(start_ns, step_ns, count, out):
    """Fill ``out`` with count*6 numbers: specific force in g and rate of turn in deg/s."""
    _motion.fetch(start_ns, step_ns, count, 0.0, out)


class _Ahead:
    """Asks for a stretch ahead and serves from it: asking takes longer than looking up."""

    def __init__(self, kind, channels):
        self._kind = kind
        self._channels = channels
        self._start_ns = 0
        self._step_ns = 0.0
        self._aperture_ns = 0.0
        self._count = 0
        self._data = memoryview(array("f"))

    def fetch(self, start_ns, step_ns, count, aperture_ns, out):
        first = 0
        known = step_ns == self._step_ns and aperture_ns == self._aperture_ns
        if known:
            first = int((start_ns - self._start_ns) / step_ns + 0.5)
            error_ns = start_ns - self._start_ns - first * step_ns
            known = 0 <= first <= self._count - count and -2 < error_ns < 2
        if not known:
            first = 0
            self._start_ns = start_ns
            self._step_ns = step_ns
            self._aperture_ns = aperture_ns
            self._count = max(count, int(AHEAD_NS / step_ns) if count > 1 else 1)
            question = struct.pack("<qdId", start_ns, step_ns, self._count, aperture_ns)
            self._data = memoryview(array("f", _ask(self._kind, question)))
        size = count * self._channels
        first *= self._channels
        memoryview(out)[:size] = self._data[first : first + size]


ALL_OFF = 0x1D  # a body's electrodes come off together


def lead_off(time_ns):
    """Which electrodes are off: bits as in LOFF_STAT (RLD, 2N, 2P), and bit 0: what an open input
    does then is not in the electrode voltage, it is the converter's to know.
    """
    global _lead_off, _lead_off_until_ns
    if not 0 <= _lead_off_until_ns - time_ns <= _LEAD_OFF_KNOWN_NS:
        _lead_off, _lead_off_until_ns = struct.unpack(
            "<Bq", _ask(_LEAD_OFF, struct.pack("<q", time_ns))
        )
    return _lead_off


def battery():
    """Return volts and percent."""
    answer = struct.unpack("<ffB", _ask(_POWER))
    return answer[0], answer[1]


def usb_power():
    return bool(struct.unpack("<ffB", _ask(_POWER))[2])


def led(red, green, blue):
    send(LED, bytes((red, green, blue)))


_electrode = _Ahead(_ELECTRODE, 1)
_motion = _Ahead(_MOTION, 6)
config = json.loads(_ask(_CONFIG))
_now_ns = config["now_ns"]
