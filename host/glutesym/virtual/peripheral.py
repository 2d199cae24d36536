"""A pod's radio: Bumble's host and GATT server, driven by the pod's ``bluetooth`` module.

``firmware/virtual/bluetooth.py`` sends commands and receives events; the numbers of both are those
of MicroPython's irq events. What BTstack would queue is counted here and grows the pod's heap
there.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
from collections import deque
from collections.abc import Callable

from bumble import att, core, device, gatt, hci
from bumble.device import Connection
from bumble.pairing import PairingConfig

from glutesym.virtual.radio import RadioController, RadioLink, RadioModel
from glutesym.virtual.radio_controller import RadioHost
from glutesym.world_time import WorldLoop

_ACTIVE, _ADVERTISE, _SERVICES, _VALUE, _NOTIFY, _DISCONNECT, _MTU = 40, 41, 42, 43, 44, 45, 46
_PAIR = 47
_IRQ_CENTRAL_CONNECT = 1
_IRQ_CENTRAL_DISCONNECT = 2
_IRQ_GATTS_WRITE = 3
_IRQ_MTU_EXCHANGED = 21
_IRQ_CONNECTION_UPDATE = 27
_IRQ_ENCRYPTION_UPDATE = 28
_LTK_BYTES = 16
_LARGEST_MTU = 256  # until the pod's program asks for another

_PROPERTIES = {  # MicroPython's flags are the bits of the Bluetooth core specification
    0x0002: gatt.Characteristic.Properties.READ,
    0x0004: gatt.Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
    0x0008: gatt.Characteristic.Properties.WRITE,
    0x0010: gatt.Characteristic.Properties.NOTIFY,
    0x0020: gatt.Characteristic.Properties.INDICATE,
}

PostEvent = Callable[[int, bytes], None]


class VirtualPeripheral:
    """The radio of one pod, from power-on to power-off.

    Parameters
    ----------
    loop : WorldLoop
    air : RadioLink
    name : str
        Name of the controller, unique in this world.
    address : str
        Static random device address, e.g. ``"C4:00:00:00:00:01"``.
    model : RadioModel
    pairing : bool
        Whether the pod's MicroPython is built with pairing, see ``firmware/virtual/bluetooth.py``.
    """

    def __init__(
        self,
        loop: WorldLoop,
        air: RadioLink,
        name: str,
        address: str,
        model: RadioModel,
        pairing: bool = False,
    ) -> None:
        self._loop = loop
        self._air = air
        self._name = name
        self._address = hci.Address(address)
        self._model = model
        self._pairing = pairing
        self._bonding = False
        self._secure = False
        self._post: PostEvent | None = None
        self._due: deque[tuple[int, bytes]] = deque()
        self._commands: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None
        self._device: device.Device | None = None
        self._connection: Connection | None = None
        self._attributes: dict[int, gatt.Characteristic[bytes]] = {}
        self._values: dict[int, bytes] = {}
        self.controller: RadioController | None = None

    async def power_on(self, post: PostEvent) -> None:
        """Give the pod a radio that is silent until the pod activates it."""
        self._post = post
        self.controller = RadioController(self._name, link=self._air)
        self._air.add_pod(self.controller, self._model)
        self._device = device.Device(
            name=self._name,
            address=self._address,
            host=RadioHost(self.controller),
        )
        self._device.gatt_server.max_mtu = _LARGEST_MTU
        self._device.pairing_config_factory = self._pairing_config
        self._device.on("connection", self._on_connection)
        await self._device.power_on()
        self._due = deque()
        self._commands = asyncio.Queue()
        self._worker = self._loop.create_task(self._work())

    def power_off(self) -> None:
        """Take the radio away without a word."""
        if self.controller is not None:
            self._air.remove_pod(self.controller)
            self.controller.le_legacy_advertiser.stop()
        if self._worker is not None:
            self._worker.cancel()
        self._connection = None
        self._post = None
        self._values.clear()

    def set_outage(self, duration_s: float) -> None:
        """Let nothing through for a while from now on."""
        if self.controller is not None:
            self._air.set_outage(self.controller, duration_s)

    def set_half_open(self, duration_s: float) -> None:
        """Let the host get nothing from the pod for a while, though the link stays up.

        The packets are lost above the link layer, which acknowledges them: the pod sees no
        difference, and no supervision timeout ends it.
        """
        if self.controller is not None:
            self._air.set_half_open(self.controller, duration_s)

    def set_interval(self, interval_ms: float) -> None:
        """Let the host's system change the interval of the connection; both ends are told."""
        if self.controller is not None:
            self._air.set_interval(self.controller, interval_ms)

    def queued_copies(self) -> int:
        """Return how many notifications wait for a controller buffer: BTstack's heap copies."""
        queue = self._connection.data_packet_queue if self._connection else None
        return max(0, queue.pending - queue.max_in_flight) if queue else 0

    def on_command(self, kind: int, payload: bytes, at_ns: int) -> None:
        """Carry out a command of the pod at its local time."""
        self._due.append((kind, payload))  # timers of one moment keep no order
        self._loop.call_at_ns(at_ns, self._execute, self._due)

    def _execute(self, due: deque[tuple[int, bytes]]) -> None:
        kind, payload = due.popleft()
        if due is not self._due or self._post is None:
            return  # the pod has been switched off meanwhile
        if kind == _NOTIFY:
            self._notify(payload)
        elif kind == _MTU:
            assert self._device is not None
            (self._device.gatt_server.max_mtu,) = struct.unpack("<H", payload)
        elif kind == _VALUE:
            self._values[struct.unpack_from("<H", payload)[0]] = payload[2:]
        else:
            self._commands.put_nowait((kind, payload))

    async def _work(self) -> None:
        """Carry out the commands that take time, one after the other."""
        assert self._device is not None
        while True:
            kind, payload = await self._commands.get()
            if kind == _SERVICES:
                self._register_services(payload)
            elif kind == _ADVERTISE:
                await self._advertise(payload)
            elif (kind == _ACTIVE and not payload[0]) or kind == _DISCONNECT:
                await self._disconnect()
            elif kind == _PAIR:
                self._pair(payload)

    async def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(core.BaseBumbleError):  # it is gone: that was wanted
                await self._connection.disconnect()

    def _pair(self, payload: bytes) -> None:
        """Ask the host to pair: what a peripheral can do (Core 5.4, Vol 3 Part H, 2.4.6)."""
        handle, bond, secure = struct.unpack("<HBB", payload)
        if self._connection is not None and self._connection.handle == handle:
            self._bonding, self._secure = bool(bond), bool(secure)
            self._connection.request_pairing()

    def _pairing_config(self, _connection: Connection) -> PairingConfig:
        # Neither display nor keyboard: Just Works.
        return PairingConfig(sc=self._secure, mitm=False, bonding=self._bonding)

    def _register_services(self, payload: bytes) -> None:
        assert self._device is not None
        services: list[gatt.Service] = []
        for service_uuid, characteristics in json.loads(payload):
            entries: list[gatt.Characteristic[bytes]] = []
            for uuid, flags, handle in characteristics:
                properties = gatt.Characteristic.Properties(0)
                permissions = gatt.Characteristic.Permissions(0)
                for bit, value in _PROPERTIES.items():
                    if flags & bit:
                        properties |= value
                if flags & 0x0002:
                    permissions |= gatt.Characteristic.Permissions.READABLE
                if flags & 0x000C:
                    permissions |= gatt.Characteristic.Permissions.WRITEABLE
                value = gatt.CharacteristicValue(
                    read=self._reader(handle), write=self._writer(handle)
                )
                characteristic: gatt.Characteristic[bytes] = gatt.Characteristic(
                    uuid, properties, permissions, value
                )
                self._attributes[handle] = characteristic
                entries.append(characteristic)
            services.append(gatt.Service(service_uuid, entries))
        self._device.add_services(services)

    def _reader(self, handle: int) -> Callable[[Connection], bytes]:
        return lambda _connection: self._values.get(handle, b"")

    def _writer(self, handle: int) -> Callable[[Connection, bytes], None]:
        def write(connection: Connection, value: bytes) -> None:
            if self._post is not None:
                header = struct.pack("<HH", connection.handle, handle)
                self._post(_IRQ_GATTS_WRITE, header + bytes(value))

        return write

    async def _advertise(self, payload: bytes) -> None:
        assert self._device is not None
        (interval_us,) = struct.unpack_from("<i", payload)
        if self._device.is_advertising:
            await self._device.stop_advertising()
        if interval_us < 0:
            return
        size = payload[4]
        # Bumble's scanner reports one payload; a scan response is part of what an active scan
        # hears.
        await self._device.start_advertising(
            advertising_data=payload[5 : 5 + size] + payload[5 + size :],
            own_address_type=hci.OwnAddressType.RANDOM,
            advertising_interval_min=interval_us / 1000,
            advertising_interval_max=interval_us / 1000,
        )

    def _notify(self, payload: bytes) -> None:
        connection_handle, handle = struct.unpack_from("<HH", payload)
        connection = self._connection
        if connection is None or connection.handle != connection_handle or self._device is None:
            return
        self._device.gatt_server.send_gatt_pdu(
            connection,
            bytes(
                att.ATT_Handle_Value_Notification(
                    attribute_handle=self._attributes[handle].handle,
                    attribute_value=payload[4:],
                )
            ),
        )

    # --- events for the pod

    def _on_connection(self, connection: Connection) -> None:
        self._connection = connection
        peer = struct.pack("<HB", connection.handle, connection.peer_address.address_type) + bytes(
            connection.peer_address
        )
        connection.on("disconnection", lambda _reason: self._on_disconnection(peer))
        connection.on("connection_att_mtu_update", lambda: self._on_mtu(connection))
        connection.on("connection_parameters_update", lambda: self._on_update(connection))
        connection.on("connection_encryption_change", lambda: self._on_encryption(connection))
        self._tell(_IRQ_CENTRAL_CONNECT, peer)

    def _on_disconnection(self, peer: bytes) -> None:
        self._connection = None
        self._tell(_IRQ_CENTRAL_DISCONNECT, peer)

    def _on_mtu(self, connection: Connection) -> None:
        self._tell(_IRQ_MTU_EXCHANGED, struct.pack("<HH", connection.handle, connection.att_mtu))

    def _on_update(self, connection: Connection) -> None:
        parameters = connection.parameters
        values = (
            connection.handle,
            round(parameters.connection_interval / 1.25),
            parameters.peripheral_latency,
            round(parameters.supervision_timeout / 10),
            0,  # success
        )
        self._tell(_IRQ_CONNECTION_UPDATE, struct.pack("<HHHHH", *values))

    def _on_encryption(self, connection: Connection) -> None:
        if not self._pairing:
            return  # the event is part of what is not built in
        encrypted = connection.is_encrypted
        size = _LTK_BYTES if encrypted else 0
        # Just Works authenticates nobody. BTstack keeps bonds in memory only.
        values = (connection.handle, encrypted, False, encrypted and self._bonding, size)
        self._tell(_IRQ_ENCRYPTION_UPDATE, struct.pack("<HBBBB", *values))

    def _tell(self, kind: int, data: bytes) -> None:
        if self._post is not None:
            self._post(kind, data)
