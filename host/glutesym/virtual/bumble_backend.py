"""bleak on Bumble: the backend that lets the host's own code reach virtual pods.

bleak takes a backend class for its client and its scanner; these speak to a Bumble device, here
one on the virtual radio. With a real controller behind the same Bumble device they would go over
the air.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from bleak.args import SizedBuffer
from bleak.assigned_numbers import CharacteristicPropertyName
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError
from bumble import core, gatt_client, hci
from bumble.core import AdvertisingData
from bumble.device import Advertisement, Connection, Device, Peer

_MTU = 517  # what BlueZ, macOS and Windows offer
_PROPERTY_NAMES: tuple[tuple[int, CharacteristicPropertyName], ...] = (
    (0x02, "read"),
    (0x04, "write-without-response"),
    (0x08, "write"),
    (0x10, "notify"),
    (0x20, "indicate"),
)


def bumble_backends(
    device: Device,
) -> tuple[type[BaseBleakClient], type[BaseBleakScanner]]:
    """Return the client and scanner classes for ``BleakClient(backend=…)``, bound to one adapter.

    Parameters
    ----------
    device : bumble.device.Device
        The host's adapter, powered on.
    """

    class Client(BumbleClient):
        adapter = device

    class Scanner(BumbleScanner):
        adapter = device

    return Client, Scanner


class BumbleScanner(BaseBleakScanner):
    """Active scan on ``adapter``."""

    adapter: Device

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None,
        service_uuids: list[str] | None,
        scanning_mode: str = "active",
        **_options: Any,
    ) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        """Start scanning."""
        self.seen_devices = {}
        self.adapter.on("advertisement", self._on_advertisement)
        if not self.adapter.is_scanning:
            await self.adapter.start_scanning(filter_duplicates=False)

    async def stop(self) -> None:
        """Stop scanning."""
        self.adapter.remove_listener("advertisement", self._on_advertisement)
        if self.adapter.is_scanning:
            await self.adapter.stop_scanning()

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        if not advertisement.is_connectable:
            return
        data = advertisement.data
        uuids: list[str] = []
        for kind in (
            AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
            AdvertisingData.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
            AdvertisingData.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
        ):
            for found in data.get_all(kind):
                uuids += [_uuid_text(uuid) for uuid in found]  # type: ignore[union-attr]
        if not self.is_allowed_uuid(uuids):
            return
        name = data.get(AdvertisingData.COMPLETE_LOCAL_NAME) or data.get(
            AdvertisingData.SHORTENED_LOCAL_NAME
        )
        local_name = str(name) if name else None
        address = advertisement.address.to_string(False)
        found_data = AdvertisementData(
            local_name=local_name,
            manufacturer_data={},
            service_data={},
            service_uuids=uuids,
            tx_power=None,
            rssi=advertisement.rssi,
            platform_data=(advertisement,),
        )
        device = self.create_or_update_device(
            address, address, local_name, advertisement.address, found_data
        )
        self.call_detection_callbacks(device, found_data)


class BumbleClient(BaseBleakClient):
    """GATT client on ``adapter``."""

    adapter: Device

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        **_options: Any,
    ) -> None:
        super().__init__(
            address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout
        )
        self._name = (
            address_or_ble_device.name if isinstance(address_or_ble_device, BLEDevice) else None
        )
        self._connection: Connection | None = None
        self._peer: Peer | None = None
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
        """Connect, exchange the MTU and discover the services."""
        if self._connection is not None:
            raise BleakError("already connected")
        address = hci.Address(self.address, hci.Address.RANDOM_DEVICE_ADDRESS)
        try:
            connection = await self.adapter.connect_le(address, timeout=self._timeout)
        except TimeoutError:
            raise
        except core.BaseBumbleError as error:
            raise BleakError(f"cannot connect to {self.address}: {error}") from error
        self._connection = connection
        connection.on("disconnection", lambda _reason: self._on_disconnection())
        peer = Peer(connection)
        self._peer = peer
        await self._request(peer.request_mtu(_MTU))
        await self._request(peer.discover_services())
        self.services = await self._discover(peer)

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
        await self._connection.pair()

    async def unpair(self) -> None:
        """Forget the peripheral: this adapter keeps no bonds."""

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
            callback(bytearray(value))

        await self._request(characteristic.obj.subscribe(on_value))
        self._subscribers[characteristic.handle] = on_value

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Unsubscribe."""
        subscriber = self._subscribers.pop(characteristic.handle, None)
        if subscriber is not None:
            await self._request(characteristic.obj.unsubscribe(subscriber))

    async def _request(self, exchange: Coroutine[Any, Any, Any]) -> Any:
        """Await an exchange with the peripheral; what goes wrong is a BleakError."""
        if self._connection is None:
            exchange.close()
            raise BleakError("not connected")
        try:
            return await self._connection.cancel_on_disconnection(exchange)
        except (core.BaseBumbleError, TimeoutError) as error:
            raise BleakError(f"{self.address}: {error}") from error

    async def _discover(self, peer: Peer) -> BleakGATTServiceCollection:
        collection = BleakGATTServiceCollection()
        for service in peer.services:
            entry = BleakGATTService(service, service.handle, _uuid_text(service.uuid))
            collection.add_service(entry)
            await self._request(service.discover_characteristics())
            for characteristic in service.characteristics:
                collection.add_characteristic(self._characteristic(characteristic, entry))
        return collection

    def _characteristic(
        self, proxy: gatt_client.CharacteristicProxy[bytes], service: BleakGATTService
    ) -> BleakGATTCharacteristic:
        names: list[CharacteristicPropertyName] = [
            name for bit, name in _PROPERTY_NAMES if int(proxy.properties) & bit
        ]
        return BleakGATTCharacteristic(
            proxy, proxy.handle, _uuid_text(proxy.uuid), names, lambda: self.mtu_size - 3, service
        )

    def _on_disconnection(self) -> None:
        self._connection = None
        self._peer = None
        self._subscribers.clear()
        if self._disconnected_callback is not None:
            self._disconnected_callback()


def _uuid_text(uuid: core.UUID) -> str:
    """Return the full 128-bit form that bleak uses."""
    text = uuid.to_hex_str("-").lower()
    return f"0000{text}-0000-1000-8000-00805f9b34fb" if len(text) == 4 else text
