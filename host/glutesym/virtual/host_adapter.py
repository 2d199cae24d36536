"""The host's Bluetooth adapter and its system's service: what can go wrong on that side.

The errors are those that bleak's BlueZ backend raises (bleak/backends/bluezdbus: client.py,
manager.py), because that is where the virtual pods run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakDeviceNotFoundError,
)
from bumble import core, hci
from bumble.device import Connection, Device
from bumble.pairing import PairingConfig

_GIVE_UP_S = (0.5, 2.0)  # how long a connect takes that fails


@dataclass(frozen=True)
class HostModel:
    """How good the host's Bluetooth is."""

    mtu: int | None = 517  # offered on connect, as BlueZ, macOS and Windows do; None: no exchange
    connect_failure: float = 0.0  # share of the connects that fail after a moment
    connect_hang: float = 0.0  # share of the connects that last until the timeout


class AdapterClient(Protocol):
    """A client of the adapter, as a process of the host has it."""

    def abandon(self) -> None:
        """End without a word, as when its process is killed."""
        ...


class HostAdapter:
    """An adapter that can be switched off, and a service that remembers more than it should.

    Parameters
    ----------
    device : bumble.device.Device
        Powered on.
    model : HostModel
        May be replaced at any time.
    seed : int
        Of the connects that fail.
    """

    def __init__(self, device: Device, model: HostModel | None = None, seed: int = 0) -> None:
        self.device = device
        self.model = model or HostModel()
        self.clients: set[AdapterClient] = set()
        self._on = True
        self._random = np.random.default_rng([seed, 33])
        self._attempt: asyncio.Task[Connection] | None = None
        self._stale: set[str] = set()
        self._removed: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        # As BlueZ without an agent: Just Works, and whoever asks for security gets it.
        device.pairing_config_factory = lambda _connection: PairingConfig(mitm=False)
        device.on("connection", self._on_connection)

    # --- what goes wrong

    def set_power(self, on: bool) -> None:
        """Switch the adapter off or on again. Off: scans stop, links and attempts end."""
        self._on = on
        if on:
            return
        if self._attempt is not None:
            self._attempt.cancel()
        if self.device.is_scanning:
            self._run(self.device.stop_scanning())
        reason = hci.HCI_ErrorCode.REMOTE_DEVICE_TERMINATED_CONNECTION_DUE_TO_POWER_OFF_ERROR
        for connection in list(self.device.connections.values()):
            self._run(connection.disconnect(reason))

    def remember_earlier_services(self, addresses: Iterable[str]) -> None:
        """Have the services of an earlier firmware in the cache for these devices."""
        self._stale.update(addresses)

    def kill_clients(self) -> None:
        """Let the host's process die: nobody is told, and the system keeps its links."""
        for client in list(self.clients):
            client.abandon()
        self.clients.clear()

    # --- for clients and scanners

    def require_power(self) -> None:
        """Raise what a scan raises when the adapter is off.

        Raises
        ------
        BleakBluetoothNotAvailableError
        """
        if not self._on:
            raise BleakBluetoothNotAvailableError(
                "No powered Bluetooth adapters found. Turn on Bluetooth and try again.",
                BleakBluetoothNotAvailableReason.POWERED_OFF,
            )

    def seen(self, address: str) -> None:
        """Note that a device has been seen by a scan, so it can be connected to."""
        self._removed.discard(address)

    def is_stale(self, address: str) -> bool:
        """Return whether the cache has the services of an earlier firmware."""
        return address in self._stale

    def refresh(self, address: str) -> None:
        """Forget the cached services."""
        self._stale.discard(address)

    def remove(self, address: str) -> None:
        """Forget a device, as BlueZ' RemoveDevice: it has to be seen again before a connect."""
        self.refresh(address)
        self._removed.add(address)
        existing = self._existing(address)
        if existing is not None:
            self._run(existing.disconnect())

    async def connect(self, address: str, timeout_s: float) -> tuple[Connection, bool]:
        """Connect, or find that the system is connected.

        Returns
        -------
        connection
        is_new : bool
            Whether the connection was made here.

        Raises
        ------
        BleakDeviceNotFoundError
            The device has been removed and not been seen since.
        BleakDBusError
            The adapter is off, another connect is under way, or this one failed.
        TimeoutError
        """
        if not self._on:
            raise BleakDBusError("org.bluez.Error.NotReady", ["Resource Not Ready"])
        if address in self._removed:
            raise BleakDeviceNotFoundError(
                address, f"Device with address {address} was not found."
            )
        existing = self._existing(address)
        if existing is not None:
            return existing, False
        if self._attempt is not None:
            raise BleakDBusError("org.bluez.Error.InProgress", ["Operation already in progress"])
        self._attempt = asyncio.create_task(self._connect(address, timeout_s))
        try:
            return await self._attempt, True
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is None or caller.cancelling():
                raise
            raise BleakDBusError("org.bluez.Error.Failed", ["Operation aborted"]) from None
        finally:
            self._attempt = None

    def _existing(self, address: str) -> Connection | None:
        return self.device.find_connection_by_bd_addr(_peer(address), core.PhysicalTransport.LE)

    async def _connect(self, address: str, timeout_s: float) -> Connection:
        luck = self._random.random()
        if luck < self.model.connect_failure:
            await asyncio.sleep(self._random.uniform(*_GIVE_UP_S))
            raise BleakDBusError("org.bluez.Error.Failed", ["Software caused connection abort"])
        if luck < self.model.connect_failure + self.model.connect_hang:
            await asyncio.sleep(timeout_s)
            raise TimeoutError
        try:
            return await self.device.connect_le(_peer(address), timeout=timeout_s)
        except core.TimeoutError as error:
            raise TimeoutError from error
        except core.BaseBumbleError as error:
            raise BleakDBusError("org.bluez.Error.Failed", [str(error)]) from error
        except asyncio.CancelledError:
            # Bumble gives up its own waiting only.
            self._run(self._cancel(address))
            raise

    async def _cancel(self, address: str) -> None:
        """End an attempt, or the connection if it has just succeeded."""
        existing = self._existing(address)
        if existing is not None:
            await existing.disconnect()
            return
        await self.device.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())

    def _on_connection(self, connection: Connection) -> None:
        def secure(_auth_req: object) -> None:
            self._run(connection.pair())

        connection.on("security_request", secure)

    def _run(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let something take its time; a link that goes away meanwhile ends it."""

        async def quietly() -> None:
            with suppress(core.BaseBumbleError):
                await work

        task = asyncio.create_task(quietly())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _peer(address: str) -> hci.Address:
    return hci.Address(address, hci.Address.RANDOM_DEVICE_ADDRESS)
