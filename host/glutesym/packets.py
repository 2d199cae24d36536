# pyright: basic
"""Packets over a serial line: what USB carries between a pod and a host.

This one file runs on MicroPython (pod) and CPython (host). A packet is a kind, a payload and a
CRC-32, between two flags; wherever a reader begins, at the next flag it is in step. Control
characters, flag and escape are sent as an escape and the character with one bit changed. So no
packet contains a Ctrl-C, which would end the pod's program, or anything else that MicroPython's
prompt or a terminal acts upon, and text that is printed between packets is told from them.
"""
# Ref: RFC 1662, "PPP in HDLC-like framing": 4.2 (transparency), 7.1 (control characters), C.3
# (32-bit FCS, which is binascii.crc32).

import struct
from binascii import crc32

FLAG = 0x7E
ESCAPE = 0x7D
_FLIP = 0x20
_CONTROLS = 0x20  # below are control characters
_AROUND = 5  # kind and CRC

# Kinds, host to pod. A session is SESSION_BYTES that the host has chosen.
HELLO = ord("h")  # session: begin a new link
ALIVE = ord("a")  # session: answered by HERE
BYE = ord("b")  # session: end the link
COMMAND = ord("c")  # wire.COMMAND_BYTES
REQUEST = ord("r")  # as wire.py defines it
# Pod to host.
HERE = ord("H")  # session, then the pod's id in ASCII
INFO = ord("I")  # session, then JSON: the greeting, or the answer to a request
FRAME = ord("F")  # wire.FRAME_BYTES
SESSION_BYTES = 4
KINDS = (HELLO, ALIVE, BYE, COMMAND, REQUEST, HERE, INFO, FRAME)

_SEEDS = {kind: crc32(bytes([kind])) for kind in KINDS}  # ready-made: they are big integers there


class Encoder:
    """Makes packets with payloads of up to ``payload_bytes``, in one buffer.

    They are filled up with flags to a multiple of ``chunk_bytes``.
    """

    def __init__(self, payload_bytes, chunk_bytes=1):
        longest = 2 + 2 * (payload_bytes + _AROUND)
        self._chunk_bytes = chunk_bytes
        self.buffer = bytearray((longest + chunk_bytes - 1) // chunk_bytes * chunk_bytes)
        self._crc = bytearray(4)

    def encode(self, kind, payload):
        """Put a packet into `buffer` and return its length."""
        out = self.buffer
        struct.pack_into("<I", self._crc, 0, crc32(payload, _SEEDS[kind]))
        out[0] = FLAG
        out[1] = kind
        end = _escape(out, 2, payload)
        end = _escape(out, end, self._crc)
        out[end] = FLAG
        end += 1
        while end % self._chunk_bytes:
            out[end] = FLAG
            end += 1
        return end


def _escape(out, end, data):
    for byte in data:
        if byte < _CONTROLS or byte == ESCAPE or byte == FLAG:
            out[end] = ESCAPE
            end += 1
            byte ^= _FLIP
        out[end] = byte
        end += 1
    return end


class Decoder:
    """Finds packets with payloads of up to ``payload_bytes`` among whatever bytes arrive."""

    def __init__(self, payload_bytes):
        self._data = bytearray(payload_bytes + _AROUND)
        self._count = 0  # bytes of the packet so far, -1: what comes up to the next flag is none
        self._escaped = False
        self.kind = 0
        self.payload = b""
        self.discarded = 0  # stretches between flags that were no packet

    def take(self, byte):
        """Take in a byte; True when it completes a packet, which `kind` and `payload` hold."""
        if byte == FLAG:
            count = self._count
            whole = not self._escaped
            self._count = 0
            self._escaped = False
            if not count:
                return False
            if whole and count >= _AROUND and self._is_packet(count):
                return True
            self.discarded += 1
        elif self._count >= 0:
            if byte < _CONTROLS or self._count == len(self._data):
                self._count = -1
            elif byte == ESCAPE:
                self._escaped = True
            else:
                if self._escaped:
                    self._escaped = False
                    byte ^= _FLIP
                self._data[self._count] = byte
                self._count += 1
        return False

    def _is_packet(self, count):
        end = count - 4
        if crc32(memoryview(self._data)[:end]) != struct.unpack_from("<I", self._data, end)[0]:
            return False
        self.kind = self._data[0]
        self.payload = bytes(memoryview(self._data)[1:end])
        return True
