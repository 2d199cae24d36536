"""bleak's scanner on Bumble."""

from __future__ import annotations

from typing import Any

from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bumble import core
from bumble.core import AdvertisingData
from bumble.device import Advertisement

from glutesym.virtual.host_adapter import HostAdapter


class BumbleScanner(BaseBleakScanner):
    """Active scan on ``adapter``."""

    adapter: HostAdapter

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
        self.adapter.require_power()
        self.seen_devices = {}
        device = self.adapter.device
        device.on("advertisement", self._on_advertisement)
        if not device.is_scanning:
            await device.start_scanning(filter_duplicates=False)

    async def stop(self) -> None:
        """Stop scanning."""
        device = self.adapter.device
        device.remove_listener("advertisement", self._on_advertisement)
        if device.is_scanning:
            await device.stop_scanning()

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
                uuids += [uuid_text(uuid) for uuid in found]  # type: ignore[union-attr]
        if not self.is_allowed_uuid(uuids):
            return
        name = data.get(AdvertisingData.COMPLETE_LOCAL_NAME) or data.get(
            AdvertisingData.SHORTENED_LOCAL_NAME
        )
        local_name = str(name) if name else None
        address = advertisement.address.to_string(False)
        self.adapter.seen(address)
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


def uuid_text(uuid: core.UUID) -> str:
    """Return the full 128-bit form that bleak uses."""
    text = uuid.to_hex_str("-").lower()
    return f"0000{text}-0000-1000-8000-00805f9b34fb" if len(text) == 4 else text
