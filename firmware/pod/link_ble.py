"""Bluetooth LE: advertising, the GATT service, and commands from the host.

The irq handler only records, because it may run between any two instructions of the main loop and
because an exception in it would switch it off for good. `Control` tasks act on what it recorded.
Ref: https://docs.micropython.org/en/latest/library/bluetooth.html
"""

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

_ADVERTISE_INTERVAL_US = const(100_000)
_NO_CONNECTION = const(-1)
_COMMANDS_KEPT = const(16)  # writes that may wait for the control task

# Bluetooth SIG assigned numbers.
_DEVICE_INFORMATION = const(0x180A)
_MANUFACTURER = const(0x2A29)
_MODEL = const(0x2A24)
_SERIAL = const(0x2A25)
_FIRMWARE = const(0x2A26)
_BATTERY = const(0x180F)
_BATTERY_LEVEL = const(0x2A19)


class BleLink:
    """One GATT server, one central at a time.

    ``info`` is what the info characteristic reads; ``identity`` = (name, model, serial, firmware).
    """

    def __init__(self, info, identity):
        name, model, serial, firmware = identity
        self._ble = ble = bluetooth.BLE()
        ble.active(True)
        ble.config(gap_name=name, mtu=wire.FRAME_BYTES + 3)
        ble.irq(self._on_irq)
        read = bluetooth.FLAG_READ
        (
            (self._stream, self._control, info_handle),
            (self._battery,),
            (maker_handle, model_handle, serial_handle, firmware_handle),
        ) = ble.gatts_register_services(
            (
                (
                    bluetooth.UUID(wire.SERVICE_UUID),
                    (
                        (bluetooth.UUID(wire.STREAM_UUID), bluetooth.FLAG_NOTIFY),
                        (
                            bluetooth.UUID(wire.CONTROL_UUID),
                            bluetooth.FLAG_WRITE | bluetooth.FLAG_WRITE_NO_RESPONSE,
                        ),
                        (bluetooth.UUID(wire.INFO_UUID), read),
                    ),
                ),
                (
                    bluetooth.UUID(_BATTERY),
                    ((bluetooth.UUID(_BATTERY_LEVEL), read | bluetooth.FLAG_NOTIFY),),
                ),
                (
                    bluetooth.UUID(_DEVICE_INFORMATION),
                    (
                        (bluetooth.UUID(_MANUFACTURER), read),
                        (bluetooth.UUID(_MODEL), read),
                        (bluetooth.UUID(_SERIAL), read),
                        (bluetooth.UUID(_FIRMWARE), read),
                    ),
                ),
            )
        )
        ble.gatts_set_buffer(self._control, _COMMANDS_KEPT * wire.COMMAND_BYTES, True)
        ble.gatts_write(info_handle, info)
        ble.gatts_write(maker_handle, b"glutesym")
        ble.gatts_write(model_handle, model)
        ble.gatts_write(serial_handle, serial)
        ble.gatts_write(firmware_handle, firmware)
        # Flags: general discovery, LE only; then the complete list of 128-bit services, little
        # endian.
        uuid = binascii.unhexlify(wire.SERVICE_UUID.replace("-", ""))
        self._advertisement = b"\x02\x01\x06\x11\x07" + bytes(reversed(uuid))
        self._scan_response = struct.pack("BB", len(name) + 1, 9) + name.encode()
        self._connection = _NO_CONNECTION
        self._mtu = 23
        self._write_ticks_us = [0] * _COMMANDS_KEPT  # when each write arrived
        self._writes_seen = 0
        self._writes_passed = 0
        self._changed = False
        self._wake = asyncio.ThreadSafeFlag()
        self.bad_commands = 0

    @property
    def connected(self):
        return self._connection != _NO_CONNECTION

    def notify(self, frame):
        """Hand a frame to the radio; False when there is no link that can carry it."""
        if self._connection == _NO_CONNECTION or self._mtu < wire.FRAME_BYTES + 3:
            return False
        try:
            self._ble.gatts_notify(self._connection, self._stream, frame)
        except OSError:
            return False
        return True

    def set_battery(self, percent_byte):
        """Publish the battery level; ``percent_byte`` is a buffer of one byte."""
        self._ble.gatts_write(self._battery, percent_byte)

    async def serve(self, pod):
        """Advertise while there is no link, and pass every command on to ``pod``."""
        self._advertise()
        while True:
            await self._wake.wait()
            if self._changed:
                self._changed = False
                pod.on_link_change()
                if not self.connected:
                    self._advertise()
            self._pass_commands(pod)

    def _advertise(self):
        self._ble.gap_advertise(
            _ADVERTISE_INTERVAL_US, self._advertisement, resp_data=self._scan_response
        )

    def _pass_commands(self, pod):
        data = self._ble.gatts_read(self._control)  # the one allocation that a command costs
        count = len(data) // wire.COMMAND_BYTES
        if len(data) % wire.COMMAND_BYTES:
            # A write of another length: nothing says where a command begins.
            self.bad_commands += 1
            self._writes_passed = self._writes_seen
            return
        for i in range(count):
            opcode, a, b, c = struct.unpack_from(wire.COMMAND_FORMAT, data, i * wire.COMMAND_BYTES)
            ticks_us = time.ticks_us()
            if self._writes_passed < self._writes_seen:
                ticks_us = self._write_ticks_us[self._writes_passed % _COMMANDS_KEPT]
                self._writes_passed += 1
            if not pod.on_command(opcode, a, b, c, ticks_us):
                self.bad_commands += 1
        if count == _COMMANDS_KEPT:
            self._writes_passed = (
                self._writes_seen
            )  # the buffer was full, writes may have been cut

    def _on_irq(self, event, data):
        if event == _IRQ_GATTS_WRITE:
            self._write_ticks_us[self._writes_seen % _COMMANDS_KEPT] = time.ticks_us()
            self._writes_seen += 1
        elif event == _IRQ_CENTRAL_CONNECT:
            self._connection = data[0]
            self._mtu = 23
            self._changed = True
        elif event == _IRQ_CENTRAL_DISCONNECT:
            self._connection = _NO_CONNECTION
            self._changed = True
        elif event == _IRQ_MTU_EXCHANGED:
            self._mtu = data[1]
            return
        else:
            return
        self._wake.set()
