"""The pod's USB serial port, the one that MicroPython's prompt uses, as a link to a host.

    link = UsbLink(pod_id, guard, Requests(guard, True))

Until a host says hello nothing is written and Ctrl-C ends the program as everywhere; while there
is a link, Ctrl-C is a byte like others. A link ends by a goodbye or by silence. What travels is
defined in packets.py.

Writing must never block: with a host that does not read, MicroPython would wait 500 ms for room.
Its buffer is said to have room as soon as one byte fits, so only whole chunks of one USB packet
are written: then there is room for all of a chunk or for nothing.
"""
# Ref: MicroPython shared/tinyusb/mp_usbd_cdc.c (mp_usbd_cdc_tx_strn, mp_usbd_cdc_poll_interfaces),
# shared/tinyusb/tusb_config.h (CFG_TUD_CDC_TX_BUFSIZE: 256), shared/runtime/sys_stdio_mphal.c
# (a read waits for all the bytes that it was asked for, so it is asked for one).

import asyncio
import micropython
import packets
import select
import struct
import sys
import time
import wire
from micropython import const

_CTRL_C = const(3)
_NO_KEY = const(-1)
_CHUNK_BYTES = const(64)  # a packet of full-speed USB; the port's buffer holds four
_PATROL_MS = const(500)
_SILENT_MS = const(5000)  # a host says every second that it is there
_ROOM_MS = const(2)  # a host that reads makes room for a chunk in less
_SEND_MS = const(2000)  # an answer that is not read in time is dropped
_SEND_AGAIN_MS = const(5)
_AT_ONCE_BYTES = const(64)  # read before other tasks get their turn


class UsbLink:
    """One host at a time; a new one takes over from the old one."""

    def __init__(self, pod_id, guard, requests):
        self._id = pod_id.encode()
        self._guard = guard
        self._requests = requests
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._reader = asyncio.StreamReader(self._in)
        self._input = select.poll()
        self._input.register(self._in, select.POLLIN)
        self._room = select.poll()
        self._room.register(self._out, select.POLLOUT)
        self._byte = bytearray(1)
        self._decoder = packets.Decoder(wire.REQUEST_BYTES)
        self._encoder = packets.Encoder(packets.SESSION_BYTES + wire.INFO_BYTES, _CHUNK_BYTES)
        # One view a chunk, made now: a slice made later would allocate.
        whole = memoryview(self._encoder.buffer)
        starts = range(0, len(whole), _CHUNK_BYTES)
        self._chunks = [whole[at : at + _CHUNK_BYTES] for at in starts]
        self._next_chunk = self._end_chunk = 0  # what of the packet is still to be written
        self._pod = None
        self._session = b""
        self._heard_ms = 0  # ticks at which the host last proved to be there
        self._answering = False
        self._refused = 0
        self.connected = False
        self.mtu = wire.FRAME_BYTES + 3
        self.may_authorise = True

    @property
    def carries_frames(self):
        return self.connected

    @property
    def refused(self):
        """Commands and requests that were refused."""
        return self._refused + self._requests.refused

    @property
    def wrong_proofs(self):
        return self._guard.wrong

    def ready(self):
        """Write on; whether all is written, so that the next frame may come."""
        while self._next_chunk < self._end_chunk:
            if not _is_ready(self._room, _ROOM_MS):
                return False
            self._out.write(self._chunks[self._next_chunk])
            self._next_chunk += 1
        return True

    def notify(self, frame):
        """Send a frame; False when there is no link. To be called when `ready`."""
        if not self.connected or not self.ready():
            return False
        self._put(packets.FRAME, frame)
        self.ready()
        return True

    def doze(self, asleep):
        """Do nothing: who is not spoken to is silent."""

    async def serve(self, pod):
        """Carry out what the host sends."""
        self._pod = pod
        decoder = self._decoder
        while True:
            await self._reader.readinto(self._byte)
            taken = 0
            while True:
                if decoder.take(self._byte[0]):
                    await self._on_packet(decoder.kind, decoder.payload)
                taken += 1
                if taken == _AT_ONCE_BYTES or not _is_ready(self._input, 0):
                    break
                self._in.readinto(self._byte)

    async def patrol(self):
        """End a link whose host has gone without a word."""
        while True:
            await asyncio.sleep_ms(_PATROL_MS)
            if self._answering:
                self._heard_ms = time.ticks_ms()  # what the host says meanwhile waits
            elif self.connected:
                if time.ticks_diff(time.ticks_ms(), self._heard_ms) > _SILENT_MS:
                    self._end()

    async def _on_packet(self, kind, payload):
        if kind == packets.HELLO and len(payload) == packets.SESSION_BYTES:
            await self._begin(payload)
            return
        if not self.connected:
            return
        if kind == packets.COMMAND:
            self._on_command(payload)
        elif kind == packets.REQUEST:
            self._answering = True
            try:
                answer = await self._requests.answer(payload, self._pod, self)
                await self._send(packets.INFO, self._session + answer)
            finally:
                self._answering = False
        elif payload != self._session:
            return  # of another host
        elif kind == packets.ALIVE:
            await self._send(packets.HERE, self._session + self._id)
        elif kind == packets.BYE:
            self._end()
        self._heard_ms = time.ticks_ms()

    def _on_command(self, command):
        ticks_us = time.ticks_us()
        if len(command) == wire.COMMAND_BYTES and self._guard.authorised:
            opcode, a, b, c = struct.unpack(wire.COMMAND_FORMAT, command)
            if self._pod.on_command(self, opcode, a, b, c, ticks_us):
                return
        self._refused += 1

    async def _begin(self, session):
        if self.connected:
            self._end()
        micropython.kbd_intr(_NO_KEY)
        self._session = session
        self._heard_ms = time.ticks_ms()
        self.connected = True
        greeting = self._requests.begin()
        self._pod.on_link_change(self)
        await self._send(packets.HERE, session + self._id)
        await self._send(packets.INFO, session + greeting)

    def _end(self):
        self.connected = False
        self._next_chunk = self._end_chunk = 0
        self._requests.begin()  # nothing that was proven counts any more
        micropython.kbd_intr(_CTRL_C)
        self._pod.on_link_change(self)

    async def _send(self, kind, payload):
        """Send a packet as soon as the one before is written."""
        await self._written()
        if self.connected:
            self._put(kind, payload)
            await self._written()

    async def _written(self):
        began_ms = time.ticks_ms()
        while not self.ready():
            if time.ticks_diff(time.ticks_ms(), began_ms) > _SEND_MS:
                self._next_chunk = self._end_chunk = 0
                return
            await asyncio.sleep_ms(_SEND_AGAIN_MS)

    def _put(self, kind, payload):
        self._end_chunk = self._encoder.encode(kind, payload) // _CHUNK_BYTES
        self._next_chunk = 0


def _is_ready(poll, wait_ms):
    for _ in poll.ipoll(wait_ms):
        return True
    return False
