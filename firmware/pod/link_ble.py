"""Bluetooth LE: advertising, the GATT service, and what the host writes.

The irq handler only records, because it may run between any two instructions of the main loop and
because an exception in it would switch it off for good. Tasks act on what it recorded. A stranger
sees the service, a name and a challenge, and is sent away if the proof does not come.
"""
# Ref: https://docs.micropython.org/en/latest/library/bluetooth.html

import asyncio
import binascii
import bluetooth
import struct
import time
import wire
from micropython import const

_IRQ_CENTRAL_CONNECT = const(1)
_IRQ_CENTRAL_DISCONNECT = const(2)
_IRQ_GATTS_WRITE = const(3)
_IRQ_MTU_EXCHANGED = const(21)
_IRQ_ENCRYPTION_UPDATE = const(28)

_ADVERTISE_US = const(100_000)
_ADVERTISE_ASLEEP_US = const(1_000_000)
_NO_CONNECTION = const(-1)
_DEFAULT_MTU = const(23)
_COMMANDS_KEPT = const(32)  # writes that may wait for the control task
_PATROL_MS = const(1000)
_STRANGER_MS = const(10_000)  # so long a host may take to prove itself
_SILENT_MS = const(15_000)  # a host probes several times in ten seconds; this one has died
_WRONG_PROOFS = const(3)  # then the link is ended


def can_encrypt():
    """Whether this MicroPython is built with pairing; official images for RP2 are not."""
    return hasattr(bluetooth.BLE, "gap_pair")


class BleLink:
    """One GATT server, one central at a time. ``name`` is advertised."""

    def __init__(self, name, guard, requests, encrypt):
        self._guard = guard
        self._requests = requests
        self._encrypt = encrypt
        self._ble = ble = bluetooth.BLE()
        ble.active(True)
        ble.config(gap_name=name, mtu=wire.FRAME_BYTES + 3)
        if encrypt and can_encrypt():
            ble.config(bond=False, le_secure=True)
        ble.irq(self._on_irq)
        ((self._stream, self._control, self._info, self._request),) = ble.gatts_register_services(
            (
                (
                    bluetooth.UUID(wire.SERVICE_UUID),
                    (
                        (bluetooth.UUID(wire.STREAM_UUID), bluetooth.FLAG_NOTIFY),
                        (
                            bluetooth.UUID(wire.CONTROL_UUID),
                            bluetooth.FLAG_WRITE | bluetooth.FLAG_WRITE_NO_RESPONSE,
                        ),
                        (bluetooth.UUID(wire.INFO_UUID), bluetooth.FLAG_READ),
                        (bluetooth.UUID(wire.REQUEST_UUID), bluetooth.FLAG_WRITE),
                    ),
                ),
            )
        )
        ble.gatts_set_buffer(self._control, _COMMANDS_KEPT * wire.COMMAND_BYTES, True)
        ble.gatts_set_buffer(self._request, wire.REQUEST_BYTES)
        ble.gatts_set_buffer(self._info, wire.INFO_BYTES)
        # Flags: general discovery, LE only; then the complete list of 128-bit services, little
        # endian.
        uuid = binascii.unhexlify(wire.SERVICE_UUID.replace("-", ""))
        self._advertisement = b"\x02\x01\x06\x11\x07" + bytes(reversed(uuid))
        self._scan_response = struct.pack("BB", len(name) + 1, 9) + name.encode()
        self._interval_us = _ADVERTISE_US
        self._connection = _NO_CONNECTION
        self.mtu = _DEFAULT_MTU
        self._encrypted = False
        self._write_ticks_us = [0] * _COMMANDS_KEPT  # when each command arrived
        self._writes_seen = 0
        self._writes_passed = 0
        self._changed = False
        self._requested = False
        self._heard_ms = 0  # ticks at which the host last proved to be alive
        self._wake = asyncio.ThreadSafeFlag()
        self._refused = 0

    @property
    def connected(self):
        return self._connection != _NO_CONNECTION

    @property
    def carries_frames(self):
        """Whether the owner is there, and its Bluetooth has agreed to packets as long as a frame.

        Another host may be there already that `serve` has not welcomed yet.
        """
        return (
            self.connected
            and not self._changed
            and self._guard.authorised
            and self.mtu >= wire.FRAME_BYTES + 3
        )

    @property
    def may_authorise(self):
        return self._encrypted or not self._encrypt

    @property
    def refused(self):
        """Commands and requests that were refused."""
        return self._refused + self._requests.refused

    @property
    def wrong_proofs(self):
        return self._guard.wrong

    def ready(self):
        """Whether a frame may come: BTstack takes every one, the window bounds them."""
        return True

    def notify(self, frame):
        """Hand a frame to the radio; False when there is no link that can carry it."""
        if not self.carries_frames:
            return False
        try:
            self._ble.gatts_notify(self._connection, self._stream, frame)
        except OSError:
            return False
        return True

    def doze(self, asleep):
        """Advertise seldom, to save the battery, or as usual again."""
        self._interval_us = _ADVERTISE_ASLEEP_US if asleep else _ADVERTISE_US
        if not self.connected:
            self._advertise()

    async def serve(self, pod):
        """Advertise while there is no link, and pass on to ``pod`` what the owner writes."""
        self._begin(pod)
        while True:
            await self._wake.wait()
            if self._changed:
                self._changed = False
                self._begin(pod)
            if self._requested:
                self._requested = False
                data = self._ble.gatts_read(self._request)
                answer = await self._requests.answer(data, pod, self)
                if self._changed:
                    continue  # whoever asked has gone
                self._ble.gatts_write(self._info, answer)
                if self._guard.authorised:
                    self._heard_ms = time.ticks_ms()
            self._pass_commands(pod)
            await asyncio.sleep_ms(0)  # a flood of writes leaves the other tasks their turn

    async def patrol(self):
        """End links that block the pod: a stranger who stays, a host that has died."""
        while True:
            await asyncio.sleep_ms(_PATROL_MS)
            if not self.connected:
                continue
            silent_ms = time.ticks_diff(time.ticks_ms(), self._heard_ms)
            limit_ms = _SILENT_MS if self._guard.authorised else _STRANGER_MS
            if silent_ms > limit_ms or self._guard.wrong_in_link >= _WRONG_PROOFS:
                self._ble.gap_disconnect(self._connection)

    def _begin(self, pod):
        """A link has come or gone: nothing that was proven or written before counts."""
        self._ble.gatts_read(self._control)
        self._writes_passed = self._writes_seen
        self._requested = False
        self._ble.gatts_write(self._info, self._requests.begin())
        pod.on_link_change(self)
        if not self.connected:
            self._advertise()
        elif self._encrypt and can_encrypt():
            self._ble.gap_pair(self._connection)

    def _advertise(self):
        self._ble.gap_advertise(
            self._interval_us, self._advertisement, resp_data=self._scan_response
        )

    def _pass_commands(self, pod):
        data = self._ble.gatts_read(self._control)  # the one allocation that a command costs
        count = len(data) // wire.COMMAND_BYTES
        if not data or self._changed:
            return  # from another link, perhaps: `_begin` comes first
        if len(data) % wire.COMMAND_BYTES or not self._guard.authorised:
            # A write of another length: nothing says where a command begins. Or a stranger's.
            self._refused += 1
            self._writes_passed = self._writes_seen
            return
        self._heard_ms = time.ticks_ms()
        for i in range(count):
            opcode, a, b, c = struct.unpack_from(wire.COMMAND_FORMAT, data, i * wire.COMMAND_BYTES)
            ticks_us = time.ticks_us()
            if self._writes_passed < self._writes_seen:
                ticks_us = self._write_ticks_us[self._writes_passed % _COMMANDS_KEPT]
                self._writes_passed += 1
            if not pod.on_command(self, opcode, a, b, c, ticks_us):
                self._refused += 1
        if count == _COMMANDS_KEPT:
            # The buffer was full: writes may have been cut.
            self._writes_passed = self._writes_seen

    def _on_irq(self, event, data):
        if event == _IRQ_GATTS_WRITE:
            if data[1] == self._request:
                self._requested = True
            else:
                self._write_ticks_us[self._writes_seen % _COMMANDS_KEPT] = time.ticks_us()
                self._writes_seen += 1
        elif event == _IRQ_CENTRAL_CONNECT:
            self._connection = data[0]
            self.mtu = _DEFAULT_MTU
            self._encrypted = False
            self._heard_ms = time.ticks_ms()
            self._changed = True
        elif event == _IRQ_CENTRAL_DISCONNECT:
            self._connection = _NO_CONNECTION
            self._changed = True
        elif event == _IRQ_MTU_EXCHANGED:
            self.mtu = data[1]
            return
        elif event == _IRQ_ENCRYPTION_UPDATE:
            self._encrypted = bool(data[1])
            return
        else:
            return
        self._wake.set()
