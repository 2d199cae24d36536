"""Stand-in for MicroPython's ``bluetooth`` with the semantics of the RP2 port (BTstack).

What matters to a pod is kept: a write longer than its buffer is cut; a notification is cut to
MTU-3, is sent whether or not anyone subscribed, and is copied to the heap without an error when
the controller is busy; an exception that escapes the irq handler disables the handler for good;
data handed to the handler are valid only inside it. Ref:
https://docs.micropython.org/en/latest/library/bluetooth.html, MicroPython
extmod/btstack/modbluetooth_btstack.c

Pairing is not part of MicroPython's releases for RP2 boards: ports/rp2/CMakeLists.txt defines
MICROPY_PY_BLUETOOTH_ENABLE_PAIRING_BONDING for NimBLE, not for BTstack. There ``gap_pair`` is
missing and ``config`` knows nothing of ``bond``, ``mitm``, ``io`` and ``le_secure``. With
"pairing" in its configuration this board has a build with that macro: Just Works, no secrets.
"""

import errno
import json
import struct
import sys
import world

FLAG_READ = 0x0002
FLAG_WRITE_NO_RESPONSE = 0x0004
FLAG_WRITE = 0x0008
FLAG_NOTIFY = 0x0010
FLAG_INDICATE = 0x0020

_IRQ_CENTRAL_CONNECT = 1
_IRQ_CENTRAL_DISCONNECT = 2
_IRQ_GATTS_WRITE = 3
_IRQ_MTU_EXCHANGED = 21
_IRQ_CONNECTION_UPDATE = 27
_IRQ_ENCRYPTION_UPDATE = 28

_PAIRING_SETTINGS = ("bond", "mitm", "io", "le_secure")

_DEFAULT_VALUE_BYTES = 20  # extmod/modbluetooth.h MP_BLUETOOTH_DEFAULT_ATTR_LEN
_DEFAULT_MTU = 23
_ADVERTISEMENT_BYTES = 31


class UUID:
    """16-bit or 128-bit UUID."""

    def __init__(self, value):
        self.value = value

    def __str__(self):
        return "%04x" % self.value if isinstance(self.value, int) else self.value

    def __eq__(self, other):
        return str(self) == str(other)

    def __hash__(self):
        return hash(str(self))


class _Value:
    """A characteristic's value as BTstack keeps it."""

    def __init__(self):
        self.data = b""
        self.capacity = _DEFAULT_VALUE_BYTES
        self.append = False


class BLE:
    def __init__(self):
        self._irq = None
        self._active = False
        self._values = {}
        self._connections = {}  # handle -> MTU
        self._name = b"MPY"
        self._mtu = 256
        self._broken = False  # the handler raised: BTstack's glue never calls it again
        self._bond = False
        self._le_secure = False
        if world.config.get("pairing"):
            self.gap_pair = self._gap_pair
        world.on_radio_event(self._on_event)

    def active(self, on=None):
        if on is not None:
            self._active = bool(on)
            world.send(world.BLE_ACTIVE, bytes((self._active,)))
        return self._active

    def config(self, *names, **settings):
        if names:
            if names[0] == "mac":
                # The address type of RP2 boards is public.
                return (0, bytes(int(b, 16) for b in world.config["address"].split(":")))
            if names[0] == "gap_name":
                return self._name
            if names[0] == "mtu":
                return self._mtu
            raise ValueError("unknown config param")
        for name, value in settings.items():
            if name == "gap_name":
                self._name = value if isinstance(value, bytes) else value.encode()
            elif name == "mtu":
                self._mtu = value
                world.send(world.BLE_MTU, struct.pack("<H", value))
            elif name in _PAIRING_SETTINGS and world.config.get("pairing"):
                if name == "bond":
                    self._bond = bool(value)
                elif name == "le_secure":
                    self._le_secure = bool(value)
            elif name not in ("rxbuf", "addr_mode"):
                raise ValueError("unknown config param")

    def irq(self, handler):
        self._irq = handler

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        if interval_us is None:
            world.send(world.BLE_ADVERTISE, struct.pack("<i", -1))
            return
        self._check_active()
        adv = bytes(adv_data or b"")
        resp = bytes(resp_data or b"")
        if len(adv) > _ADVERTISEMENT_BYTES or len(resp) > _ADVERTISEMENT_BYTES:
            raise OSError(errno.EINVAL)
        world.send(world.BLE_ADVERTISE, struct.pack("<iB", interval_us, len(adv)) + adv + resp)

    def gap_disconnect(self, conn_handle):
        self._check_active()
        world.send(world.BLE_DISCONNECT, struct.pack("<H", conn_handle))
        return True  # whether or not there is such a connection

    def _gap_pair(self, conn_handle):
        self._check_active()
        world.send(world.BLE_PAIR, struct.pack("<HBB", conn_handle, self._bond, self._le_secure))

    def gatts_register_services(self, services):
        self._check_active()
        handle = 0
        result = []
        plan = []
        for uuid, characteristics in services:
            handles = []
            entries = []
            for characteristic in characteristics:
                handle += 1
                handles.append(handle)
                self._values[handle] = _Value()
                entries.append((str(characteristic[0]), characteristic[1], handle))
            result.append(tuple(handles))
            plan.append((str(uuid), entries))
        world.send(world.BLE_SERVICES, json.dumps(plan).encode())
        return tuple(result)

    def gatts_set_buffer(self, value_handle, length, append=False):
        value = self._values[value_handle]
        value.capacity = length
        value.append = append

    def gatts_read(self, value_handle):
        value = self._values[value_handle]
        data = value.data
        if value.append:
            value.data = b""
        return data

    def gatts_write(self, value_handle, data, send_update=False):
        value = self._values[value_handle]
        data = data.encode() if isinstance(data, str) else bytes(data)
        if len(data) > value.capacity:
            value.capacity = len(data)  # a local write makes room, a remote one is cut
        value.data = data
        world.send(world.BLE_VALUE, struct.pack("<H", value_handle) + data)
        if send_update:
            for connection in self._connections:
                self.gatts_notify(connection, value_handle, data)

    def gatts_notify(self, conn_handle, value_handle, data=None):
        depth = world.lift_heap_lock()
        if depth:
            # BTstack would copy the data to the heap, get none, and write through a null pointer.
            print("hard fault: gatts_notify with the heap locked")
            sys.exit(1)
        if conn_handle not in self._connections:
            # att_server_notify: unknown connection identifier; btstack_error_to_errno: EINVAL.
            # (NimBLE, on other boards, says ENOTCONN.)
            raise OSError(errno.EINVAL)
        if data is None:
            data = self._values[value_handle].data
        size = min(len(data), self._connections[conn_handle] - 3)
        header = struct.pack("<HH", conn_handle, value_handle)
        world.send(world.BLE_NOTIFY, header + bytes(memoryview(data)[:size]))

    def _check_active(self):
        if not self._active:
            raise OSError(errno.ENODEV)

    def _on_event(self, kind, data):
        """Turn a radio event into what the handler gets."""
        connection = struct.unpack_from("<H", data)[0]
        if kind == _IRQ_CENTRAL_CONNECT:
            self._connections[connection] = _DEFAULT_MTU
            self._call(kind, (connection, data[2], memoryview(data)[3:9]))
        elif kind == _IRQ_CENTRAL_DISCONNECT:
            self._connections.pop(connection, None)
            self._call(kind, (connection, 0xFF, bytes(6)))  # BTstack's glue does not say whose
        elif kind == _IRQ_GATTS_WRITE:
            handle = struct.unpack_from("<H", data, 2)[0]
            value = self._values[handle]
            old = value.data if value.append else b""
            value.data = (old + data[4:])[: value.capacity]
            self._call(kind, (connection, handle))
        elif kind == _IRQ_MTU_EXCHANGED:
            mtu = struct.unpack_from("<H", data, 2)[0]
            self._connections[connection] = mtu
            self._call(kind, (connection, mtu))
        elif kind == _IRQ_CONNECTION_UPDATE:
            self._call(kind, struct.unpack("<HHHHH", data))
        elif kind == _IRQ_ENCRYPTION_UPDATE:
            self._call(kind, struct.unpack("<HBBBB", data))

    def _call(self, kind, arguments):
        if self._irq is None or self._broken:
            return
        try:
            self._irq(kind, arguments)
        except Exception as error:
            self._broken = True
            sys.print_exception(error)
