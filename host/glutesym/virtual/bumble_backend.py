"""bleak on Bumble: the backend that lets the host's own code reach virtual pods.

bleak takes a backend class for its client and its scanner; these speak to a Bumble device, here
one on the virtual radio. With a real controller behind the same Bumble device they would go over
the air.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from bleak import BleakScanner
from bleak.args import SizedBuffer
from bleak.args.winrt import WinRTClientArgs
from bleak.assigned_numbers import CharacteristicPropertyName
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakDeviceNotFoundError, BleakError, BleakGATTProtocolError
from bumble import att, core, gatt_client
from bumble.device import Connection, Peer

from glutesym import wire
from glutesym.virtual.bumble_scanner import BumbleScanner, uuid_text
from glutesym.virtual.host_adapter import HostAdapter

# An earlier firmware had one characteristic more in front and none for requests.
_EARLIER_HANDLES = 2
_PROPERTY_NAMES: tuple[tuple[int, CharacteristicPropertyName], ...] = (
    (0x02, "read"),
    (0x04, "write-without-response"),
    (0x08, "write"),
    (0x10, "notify"),
    (0x20, "indicate"),
)


def bumble_backends(
    host: HostAdapter,
) -> tuple[type[BaseBleakClient], type[BaseBleakScanner]]:
    """Return the client and scanner classes for ``BleakClient(backend=…)``, bound to one adapter.

    Parameters
    ----------
    host : HostAdapter
    """

    class Client(BumbleClient):
        adapter = host

    class Scanner(BumbleScanner):
        adapter = host

    Client.scanner = Scanner
    return Client, Scanner


class BumbleClient(BaseBleakClient):
    """GATT client on ``adapter``."""

    adapter: HostAdapter
    scanner: type[BaseBleakScanner]

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        winrt: WinRTClientArgs | None = None,
        **_options: Any,
    ) -> None:
        super().__init__(
            address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout
        )
        self._name = (
            address_or_ble_device.name if isinstance(address_or_ble_device, BLEDevice) else None
        )
        self._uncached = (winrt or {}).get("use_cached_services") is False
        self._connection: Connection | None = None
        self._removed = False
        self._subscribers: dict[int, Callable[[bytes], None]] = {}

    @property
    def name(self) -> str:
        """Name of the peripheral, or its address."""
        return self._name or self.address

    @property
    def mtu_size(self) -> int:
        """Negotiated ATT MTU in bytes."""
        return self._connection.att_mtu if self._connection else 23

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""
        return self._connection is not None

    async def connect(self, pair: bool, **_options: Any) -> None:
        """Connect, exchange the MTU and discover the services.

        A connection that the system already has is taken over, as the BlueZ backend does.
        """
        if self._connection is not None:
            raise BleakError("already connected")
        if self._removed:
            await self._look_for_it()
        connection, is_new = await self.adapter.connect(self.address, self._timeout)
        self._connection = connection
        connection.on("disconnection", self._on_disconnection)
        self.adapter.clients.add(self)
        try:
            peer = Peer(connection)
            if is_new and self.adapter.model.mtu:
                await self._request(peer.request_mtu(self.adapter.model.mtu))
            if pair:
                await self.pair()
            if self._uncached:
                self.adapter.refresh(self.address)
            await self._request(peer.discover_services())
            self.services = await self._discover(peer)
        except BaseException:
            with suppress(BleakError):
                await self.disconnect()
            raise

    async def disconnect(self) -> None:
        """End the connection."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await connection.disconnect()
        except core.BaseBumbleError as error:
            raise BleakError(f"cannot disconnect: {error}") from error

    async def pair(self, *_args: Any, **_options: Any) -> None:
        """Pair with the peripheral."""
        if self._connection is None:
            raise BleakError("not connected")
        if not self._connection.is_encrypted:
            await self._request(self._connection.pair())

    async def unpair(self) -> None:
        """Have the system forget the peripheral and its services, and end the connection."""
        await self.disconnect()
        self.adapter.remove(self.address)
        self._removed = True

    def abandon(self) -> None:
        """End without a word, as when the process is killed: the system keeps the connection."""
        connection, self._connection = self._connection, None
        self._subscribers.clear()
        if connection is not None:
            connection.remove_listener("disconnection", self._on_disconnection)

    async def read_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        *,
        use_cached: bool = False,
        **_options: Any,
    ) -> bytearray:
        """Read a characteristic, however long."""
        return bytearray(await self._request(characteristic.obj.read_value()))

    async def read_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, *, use_cached: bool = False, **_options: Any
    ) -> bytearray:
        """Read a descriptor."""
        return bytearray(await self._request(descriptor.obj.read_value()))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        """Write a characteristic."""
        await self._request(characteristic.obj.write_value(bytes(data), with_response=response))

    async def write_gatt_descriptor(
        self, descriptor: BleakGATTDescriptor, data: SizedBuffer
    ) -> None:
        """Write a descriptor."""
        await self._request(descriptor.obj.write_value(bytes(data), with_response=True))

    async def start_notify(
        self,
        characteristic: BleakGATTCharacteristic,
        callback: NotifyCallback,
        **_options: Any,
    ) -> None:
        """Subscribe."""

        def on_value(value: bytes) -> None:
            if on_value in self._subscribers.values():
                callback(bytearray(value))

        self._subscribers[characteristic.handle] = on_value
        try:
            await self._request(characteristic.obj.subscribe(on_value))
        except BaseException:
            self._subscribers.pop(characteristic.handle, None)
            raise

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Unsubscribe."""
        subscriber = self._subscribers.pop(characteristic.handle, None)
        if subscriber is not None:
            await self._request(characteristic.obj.unsubscribe(subscriber))

    async def _look_for_it(self) -> None:
        """Scan for a device that this client has had removed, as the BlueZ backend does."""
        found = await BleakScanner.find_device_by_address(
            self.address, self._timeout, backend=self.scanner
        )
        if found is None:
            raise BleakDeviceNotFoundError(self.address, f"Device {self.address} was not found.")
        self._removed = False

    async def _request(self, exchange: Coroutine[Any, Any, Any]) -> Any:
        """Await an exchange with the peripheral; what goes wrong is a BleakError."""
        if self._connection is None:
            exchange.close()
            raise BleakError("not connected")
        try:
            return await self._connection.cancel_on_disconnection(exchange)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is None or caller.cancelling():
                raise
            raise BleakError(f"{self.address}: disconnected") from None
        except att.ATT_Error as error:
            raise BleakGATTProtocolError(error.error_code) from error
        except (core.BaseBumbleError, TimeoutError) as error:
            raise BleakError(f"{self.address}: {error}") from error

    async def _discover(self, peer: Peer) -> BleakGATTServiceCollection:
        collection = BleakGATTServiceCollection()
        stale = self.adapter.is_stale(self.address)
        for service in peer.services:
            entry = BleakGATTService(service, service.handle, uuid_text(service.uuid))
            collection.add_service(entry)
            await self._request(service.discover_characteristics())
            for characteristic in service.characteristics:
                if not stale:
                    collection.add_characteristic(self._characteristic(characteristic, entry))
                elif uuid_text(characteristic.uuid) != wire.REQUEST_UUID:
                    earlier = _at_earlier_handle(characteristic)
                    collection.add_characteristic(self._characteristic(earlier, entry))
        return collection

    def _characteristic(
        self, proxy: gatt_client.CharacteristicProxy[bytes], service: BleakGATTService
    ) -> BleakGATTCharacteristic:
        names: list[CharacteristicPropertyName] = [
            name for bit, name in _PROPERTY_NAMES if int(proxy.properties) & bit
        ]
        return BleakGATTCharacteristic(
            proxy, proxy.handle, uuid_text(proxy.uuid), names, lambda: self.mtu_size - 3, service
        )

    def _on_disconnection(self, _reason: int) -> None:
        self._connection = None
        self.adapter.clients.discard(self)
        self._subscribers.clear()
        if self._disconnected_callback is not None:
            self._disconnected_callback()


def _at_earlier_handle(
    proxy: gatt_client.CharacteristicProxy[bytes],
) -> gatt_client.CharacteristicProxy[bytes]:
    """Return a characteristic at the handle that it had in an earlier firmware."""
    handle = proxy.handle + _EARLIER_HANDLES
    earlier: gatt_client.CharacteristicProxy[bytes] = gatt_client.CharacteristicProxy(
        proxy.client, handle, handle + 1, proxy.uuid, int(proxy.properties)
    )
    return earlier
