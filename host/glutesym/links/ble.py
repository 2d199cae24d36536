"""Pods over Bluetooth LE, through bleak.

Notes for all platforms: arrivals are stamped in the callback's first statement; pods are connected
one after the other, because simultaneous connects collide on Linux; the BLEDevice is passed on,
because Windows and macOS cannot connect to a bare address.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakCharacteristicNotFoundError,
    BleakDBusError,
)

from glutesym import host_clock, wire
from glutesym.bluetooth_fixes import BluetoothTrouble, bluez_installed
from glutesym.errors import (
    BluetoothError,
    LinkError,
    RefusedError,
    UnsuitableError,
)
from glutesym.keys import KeyRing, OwnedPod
from glutesym.links.authorise import NOT_ENCRYPTED, Requests
from glutesym.links.base import SILENCE_S, FoundPod, OnFrame, OnProbe
from glutesym.links.probes import send_probe

T = TypeVar("T")

_log = logging.getLogger(__name__)
CONNECT_TIMEOUT_S = 15.0
_ANSWER_TIMEOUT_S = 5.0
_PAIRING_S = 6.0
_PAIRING_AGAIN_S = 0.3


class BleTransport:
    """Scans for pods and connects to them.

    Parameters
    ----------
    keys : KeyRing
        Of the pods that this computer owns.
    client_backend, scanner_backend
        Classes for bleak to use instead of the platform's own.
    clock_ns : callable
        The host's clock.
    """

    def __init__(
        self,
        keys: KeyRing,
        client_backend: type[BaseBleakClient] | None = None,
        scanner_backend: type[BaseBleakScanner] | None = None,
        clock_ns: Callable[[], int] = host_clock.now_ns,
    ) -> None:
        self._keys = keys
        self._client_backend = client_backend
        self._scanner_backend = scanner_backend
        self._clock_ns = clock_ns
        self._one_at_a_time = asyncio.Lock()

    async def scan(
        self,
        timeout_s: float,
        enough: Callable[[list[FoundPod]], bool] = lambda _pods: False,
    ) -> list[FoundPod]:
        """Return the pods seen until ``enough`` of them are or the time is up.

        Raises
        ------
        BluetoothError
            There is no Bluetooth adapter, it is off, or may not be used.
        """
        found: dict[str, FoundPod] = {}
        done = asyncio.Event()

        def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
            known = found.get(device.address)
            name = data.local_name or device.name or (known.name if known else "")
            owned = self._keys.get(_tag_of(name))
            found[device.address] = FoundPod(owned, name, device.address, data.rssi, device)
            if enough(list(found.values())):
                done.set()

        async with self._one_at_a_time:
            try:
                async with BleakScanner(
                    on_advertisement,
                    service_uuids=[wire.SERVICE_UUID],
                    backend=self._scanner_backend,
                ):
                    async with asyncio.timeout(timeout_s):
                        await done.wait()
            except TimeoutError:
                pass
            except Exception as error:  # whatever a platform's stack raises
                raise BluetoothError(bluetooth_trouble(error), _reason(error)) from error
        return list(found.values())

    async def connect(self, pod: FoundPod) -> BleLink:
        """Connect to a pod, prove to be its owner and read who it is.

        Raises
        ------
        LinkError
            It does not answer, is not a pod of this protocol version, or has another owner.
        """
        owned = pod.require_owned()
        async with self._one_at_a_time:
            try:
                return await self._opened(pod, owned)
            except BleakCharacteristicNotFoundError:
                _log.debug("stale services of %s", pod.name)
            try:
                return await self._opened(pod, owned, forget_first=True)
            except BleakCharacteristicNotFoundError as error:
                raise UnsuitableError(
                    f"{pod.name} does not offer what a pod does. Remove it in the system's "
                    "Bluetooth settings and try again; if that does not help, plug it in by "
                    "USB and run `glutesym flash`."
                ) from error

    async def _opened(self, pod: FoundPod, owned: OwnedPod, forget_first: bool = False) -> BleLink:
        link = BleLink(pod, self._client_backend, self._clock_ns)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                if forget_first:
                    await link.forget()
                await link.open(owned)
        except (LinkError, BleakCharacteristicNotFoundError):
            await link.close()
            raise
        except Exception as error:  # whatever a platform's stack raises
            await link.close()
            what = str(error) or "it does not answer"
            raise LinkError(
                f"Cannot connect to {pod.name} ({pod.address}): {what}. Bring it closer; if that "
                "does not help, press its reset button."
            ) from error
        except BaseException:
            await link.close()  # cancelled: Linux would keep the connection
            raise
        return link


class BleLink:
    """One connection. See `glutesym.links.base.Link`."""

    silence_s = SILENCE_S

    def __init__(
        self,
        pod: FoundPod,
        client_backend: type[BaseBleakClient] | None,
        clock_ns: Callable[[], int],
    ) -> None:
        self.lost = asyncio.Event()
        self.address = pod.address
        self.info: dict[str, Any] = {}
        self._name = pod.name
        self._clock_ns = clock_ns
        # Windows would otherwise trust the services of an earlier firmware.
        fresh: dict[str, Any] = (
            {"winrt": {"use_cached_services": False}} if sys.platform == "win32" else {}
        )
        self._client = BleakClient(
            pod.handle, lambda _client: self.lost.set(), backend=client_backend, **fresh
        )
        self._requests = Requests(pod.name, self._read_info, self._write_request)

    async def open(self, owned: OwnedPod) -> None:
        """Connect, prove to be the owner, and read the pod's description.

        Raises
        ------
        LinkError
            It is not a pod of this protocol version, or has another owner.
        bleak.exc.BleakError, TimeoutError
            It does not answer.
        """
        await self._client.connect()
        if self._client.services.get_characteristic(wire.REQUEST_UUID) is None:
            raise BleakCharacteristicNotFoundError(wire.REQUEST_UUID)
        description = await self._let_in(owned)
        self.info = await self._requests.wait_for_long_packets(description)

    async def _let_in(self, owned: OwnedPod) -> dict[str, Any]:
        """Prove to be the owner; a pod may want the link encrypted first, which takes a while."""
        end_s = asyncio.get_running_loop().time() + _PAIRING_S
        asked = False
        while True:
            try:
                return await self._requests.authorise(owned)
            except RefusedError as error:
                late = asyncio.get_running_loop().time() > end_s
                if error.reason != NOT_ENCRYPTED or late:
                    raise
            if not asked:
                asked = True
                with suppress(Exception):  # macOS offers no way, and does it by itself
                    await self._client.pair()
            await asyncio.sleep(_PAIRING_AGAIN_S)

    async def forget(self) -> None:
        """Have the system forget what it knows of this pod, also its services."""
        try:
            await self._client.unpair()
        except Exception:
            _log.debug("cannot unpair %s", self._name, exc_info=True)  # macOS offers no way

    async def subscribe(self, on_frame: OnFrame) -> None:
        """Have every arriving frame stamped and passed on.

        Raises
        ------
        LinkError
            The link is gone.
        """
        clock_ns = self._clock_ns

        def on_notification(_characteristic: BleakGATTCharacteristic, data: bytearray) -> None:
            t_host_ns = clock_ns()
            on_frame(t_host_ns, bytes(data))

        await self._in_time(self._client.start_notify(wire.STREAM_UUID, on_notification))

    async def write(self, command: bytes) -> None:
        """Send a command, without waiting for its receipt.

        Raises
        ------
        LinkError
            The link is gone.
        """
        await self._in_time(
            self._client.write_gatt_char(wire.CONTROL_UUID, command, response=False)
        )

    async def probe(self, number: int, due_ns: int, on_probe: OnProbe) -> None:
        """Probe the pod's clock once.

        Raises
        ------
        LinkError
            The link is gone.
        """
        await send_probe(self.write, self._clock_ns, number, due_ns, on_probe)

    async def request(self, request: bytes) -> dict[str, Any]:
        """Send a request and return the pod's answer.

        Raises
        ------
        LinkError
            The link is gone, or no answer comes.
        RefusedError
            The pod refuses; the error has its reason.
        """
        return await self._requests.request(request)

    async def close(self) -> None:
        """End the connection; does nothing when it is gone."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._client.disconnect()
        except Exception:
            _log.debug("disconnecting %s", self._name, exc_info=True)  # gone, as was wanted
        self.lost.set()

    async def _read_info(self) -> bytes:
        return bytes(await self._in_time(self._client.read_gatt_char(wire.INFO_UUID)))

    async def _write_request(self, request: bytes) -> None:
        await self._in_time(
            self._client.write_gatt_char(wire.REQUEST_UUID, request, response=True)
        )

    async def _in_time(self, exchange: Awaitable[T]) -> T:
        """Await an exchange with the pod; what goes wrong, or takes too long, is a LinkError."""
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                return await exchange
        except BleakCharacteristicNotFoundError:
            raise
        except Exception as error:  # whatever a platform's stack raises
            raise LinkError(f"The link to {self._name} is gone: {error}.") from error


_Reason = BleakBluetoothNotAvailableReason
_WHY: dict[_Reason, BluetoothTrouble] = {
    _Reason.POWERED_OFF: "off",
    _Reason.NO_BLUETOOTH: "none",
    _Reason.NO_BLE_CENTRAL_ROLE: "none",
    _Reason.DENIED_BY_USER: "denied",
    _Reason.DENIED_BY_SYSTEM: "denied",
    _Reason.DENIED_BY_UNKNOWN: "denied",
}
_DENIED_BY_DBUS = ("AccessDenied", "NotPermitted", "NotAuthorized")  # ends of D-Bus errors' names


def bluetooth_trouble(error: Exception) -> BluetoothTrouble:
    """Return why a platform's stack does not scan."""
    if isinstance(error, BleakBluetoothNotAvailableError):
        return _WHY.get(error.reason, "silent")
    if isinstance(error, BleakDBusError):
        if error.dbus_error.endswith("NotReady"):
            return "off"
        if error.dbus_error.endswith(_DENIED_BY_DBUS):
            return "denied"
    return "silent"


def _reason(error: Exception) -> str:
    """Return what a platform's stack says; what bleak raises has its words first."""
    if sys.platform == "linux" and isinstance(error, OSError | BleakDBusError):
        if bluetooth_trouble(error) == "silent" and not bluez_installed():
            return "BlueZ is not installed"
        if isinstance(error, FileNotFoundError | ConnectionRefusedError):
            return "D-Bus, which connects programs with it, is not running"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error.args[0] if error.args else error)


def _tag_of(name: str) -> str:
    """Return the tag that an advertised name tells: ``glutesym-1A2B3C``."""
    prefix, _, tag = name.partition("-")
    return tag if prefix == wire.NAME_PREFIX else ""
