"""A BlueZ that has one adapter, switched off: what it says on D-Bus."""

# Without "from __future__ import annotations": the annotations are D-Bus signatures.
from dbus_fast import BusType
from dbus_fast.aio.message_bus import MessageBus
from dbus_fast.constants import PropertyAccess
from dbus_fast.service import ServiceInterface, dbus_property


class Adapter(ServiceInterface):
    @dbus_property(access=PropertyAccess.READ)
    def Powered(self) -> "b":  # noqa: F821
        return False

    @dbus_property(access=PropertyAccess.READ)
    def Roles(self) -> "as":  # noqa: F722
        return ["central", "peripheral"]


async def bluez() -> MessageBus:
    """Own BlueZ' name on the system's bus until the returned bus is disconnected."""
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    bus.export("/org/bluez/hci0", Adapter("org.bluez.Adapter1"))
    await bus.request_name("org.bluez")
    return bus
