"""Stand-in for ``sys`` on the board: its ``stdin`` and ``stdout`` are the USB serial port.

As on the board, a read returns when it has all the bytes that it was asked for, however long that
takes: poll, then read one. A write waits for room in the port's buffer, but not for ever, and is
lost when nobody has opened the port. What `print` writes goes to the console's log instead.
Ctrl-C interrupts the program, also one that sleeps, until `micropython.kbd_intr` says otherwise.
Ref: MicroPython shared/runtime/sys_stdio_mphal.c, shared/tinyusb/mp_usbd_cdc.c, tusb_config.h,
ports/rp2/mphalport.c
"""

import micropython
import struct
import sys
import world
from micropython import const

_POLL = const(3)  # py/stream.h MP_STREAM_POLL
_POLL_READ = const(1)
_POLL_WRITE = const(4)
_BUFFER_BYTES = const(256)  # CFG_TUD_CDC_TX_BUFSIZE
_PACKET_BYTES = const(64)  # CFG_TUD_CDC_EP_BUFSIZE
_TIMEOUT_NS = const(500_000_000)  # MICROPY_HW_USB_CDC_TX_TIMEOUT
_BYTE_NS = const(1000)  # full speed USB carries about 1 MB/s
_interrupt_key = 3  # Ctrl-C; -1: none


class Micropython:
    """The module ``micropython``, whose `kbd_intr` is about this port."""

    def __init__(self):
        for name in dir(micropython):
            setattr(self, name, getattr(micropython, name))
        self.kbd_intr = self._interrupt_by

    def _interrupt_by(self, key):
        global _interrupt_key
        _interrupt_key = key


class _Stream:
    """``sys.stdin.buffer`` and ``sys.stdout.buffer``: one object, as on the board."""

    def __init__(self):
        self._received = bytearray()
        self._open = False
        self._room = _BUFFER_BYTES
        world.on_usb_event(self._on_event)

    def readinto(self, buffer, size=-1):
        depth = world.lift_heap_lock()
        size = len(buffer) if size < 0 else min(size, len(buffer))
        memoryview(buffer)[:size] = self._take(size)
        world.restore_heap_lock(depth)
        return size

    def read(self, size):
        return bytes(self._take(size))

    def write(self, data):
        depth = world.lift_heap_lock()
        data = memoryview(data)
        done = 0
        while done < len(data):
            size = self._fit(min(len(data) - done, _PACKET_BYTES))
            if not size:
                break
            world.spend_ns(size * _BYTE_NS)
            if self._open:
                self._room -= size
                world.send(world.USB_SENT, data[done : done + size])
            done += size
        world.restore_heap_lock(depth)
        return done

    def ioctl(self, request, flags):
        if request != _POLL:
            return 0
        state = _POLL_READ if self._received else 0
        if not self._open or self._room:
            state |= _POLL_WRITE
        return flags & state

    def _take(self, size):
        while len(self._received) < size:
            world.wait_until(-1)
        taken = self._received[:size]
        self._received[:size] = b""
        return taken

    def _fit(self, size):
        """Wait for room for ``size`` bytes; returns how many there is room for in the end."""
        deadline_ns = world.now_ns() + _TIMEOUT_NS
        while self._open and self._room < size and world.now_ns() < deadline_ns:
            world.wait_until(deadline_ns)
        return min(size, self._room) if self._open else size

    def _on_event(self, kind, data):
        if kind == world.USB_RECEIVED:
            if 0 <= _interrupt_key and _interrupt_key in data:
                self._received[:] = b""
                data = data[data.rfind(bytes([_interrupt_key])) + 1 :]
                world.interrupt()
            self._received.extend(data)
        elif kind == world.USB_OPENED:
            self._open = bool(data[0])
            self._room = _BUFFER_BYTES
        elif kind == world.USB_TAKEN:
            self._room = min(_BUFFER_BYTES, self._room + struct.unpack("<H", data)[0])


class _Text:
    """``sys.stdin`` or ``sys.stdout``: as the real one, but for ``buffer`` and polling."""

    def __init__(self, real, buffer):
        self._real = real
        self.buffer = buffer
        self.ioctl = buffer.ioctl

    def __getattr__(self, name):
        return getattr(self._real, name)


class Sys:
    """The module ``sys``."""

    def __init__(self):
        stream = _Stream()
        self.stdin = _Text(sys.stdin, stream)
        self.stdout = _Text(sys.stdout, stream)

    def __getattr__(self, name):
        return getattr(sys, name)
