"""Pods over Bluetooth LE, through bleak.

Notes for all platforms: arrivals are stamped in the callback's first statement; pods are connected
one after the other, because simultaneous connects collide on Linux; the BLEDevice is passed on,
because Windows and macOS cannot connect to a bare address.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from typing import Any

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakError

from glutesym import wire
from glutesym.errors import LinkError
from glutesym.links.base import FoundPod, OnFrame
from glutesym.measures import Side

_log = logging.getLogger(__name__)
CONNECT_TIMEOUT_S = 15.0
_SIDE_OF_LETTER: dict[str, Side] = {"L": "left", "R": "right"}


class BleTransport:
    """Scans for pods and connects to them.

    Parameters
    ----------
    client_backend, scanner_backend
        Classes for bleak to use instead of the platform's own.
    clock_ns : callable
        The host's clock.
    """

    def __init__(
        self,
        client_backend: type[BaseBleakClient] | None = None,
        scanner_backend: type[BaseBleakScanner] | None = None,
        clock_ns: Callable[[], int] = time.perf_counter_ns,
    ) -> None:
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
        LinkError
            There is no Bluetooth adapter, or it is off.
        """
        found: dict[str, FoundPod] = {}
        done = asyncio.Event()

        def on_advertisement(device: BLEDevice, data: AdvertisementData) -> None:
            name = data.local_name or device.name or ""
            known = found.get(device.address)
            found[device.address] = FoundPod(
                _side_of(name) or (known.side if known else None),
                name or (known.name if known else ""),
                device.address,
                data.rssi,
                device,
            )
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
                raise LinkError(
                    f"Cannot scan for pods, Bluetooth does not answer ({error}). Switch it on; on "
                    "Linux check that BlueZ runs (`systemctl status bluetooth`), on macOS allow "
                    "the terminal to use Bluetooth."
                ) from error
        return list(found.values())

    async def connect(self, pod: FoundPod) -> BleLink:
        """Connect to a pod and read who it is.

        Raises
        ------
        LinkError
            It does not answer, or it is not a pod of this protocol version.
        """
        link = BleLink(pod, self._client_backend, self._clock_ns)
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT_S):
                    await link.open()
            except LinkError:
                await link.close()
                raise
            except Exception as error:  # whatever a platform's stack raises
                await link.close()
                what = str(error) or "it does not answer"
                raise LinkError(
                    f"Cannot connect to {pod.name} ({pod.address}): {what}."
                ) from error
            except BaseException:
                await link.close()  # cancelled: Linux would keep the connection
                raise
        return link


class BleLink:
    """One connection. See `glutesym.links.base.Link`."""

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
        self._client = BleakClient(
            pod.handle, lambda _client: self.lost.set(), backend=client_backend
        )

    async def open(self) -> None:
        """Connect, and read and check the pod's description.

        Raises
        ------
        LinkError
            It is not a pod of this protocol version.
        bleak.exc.BleakError, TimeoutError
            It does not answer.
        """
        await self._client.connect()
        try:
            self.info = json.loads(bytes(await self._client.read_gatt_char(wire.INFO_UUID)))
        except (ValueError, BleakError) as error:
            raise LinkError(
                f"{self._name} does not describe itself as a pod does: {error}. Flash it again."
            ) from error
        version = self.info.get("protocol") if isinstance(self.info, dict) else None  # pyright: ignore[reportUnnecessaryIsInstance]
        if version != wire.VERSION:
            raise LinkError(
                f"{self._name} speaks protocol version {version}, this program {wire.VERSION}. "
                "Flash the pod with the firmware of this program."
            )

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

        try:
            await self._client.start_notify(wire.STREAM_UUID, on_notification)
        except Exception as error:  # whatever a platform's stack raises
            raise LinkError(f"The link to {self._name} is gone: {error}.") from error

    async def write(self, command: bytes) -> None:
        """Send a command, without waiting for its receipt.

        Raises
        ------
        LinkError
            The link is gone.
        """
        try:
            await self._client.write_gatt_char(wire.CONTROL_UUID, command, response=False)
        except Exception as error:  # whatever a platform's stack raises
            raise LinkError(f"The link to {self._name} is gone: {error}.") from error

    async def close(self) -> None:
        """End the connection; does nothing when it is gone."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._client.disconnect()
        except Exception:
            _log.debug("disconnecting %s", self._name, exc_info=True)  # gone, as was wanted
        self.lost.set()


def _side_of(name: str) -> Side | None:
    """Return the side that an advertised name tells: ``glutesym-L-1A2B``."""
    parts = name.split("-")
    return _SIDE_OF_LETTER.get(parts[1]) if len(parts) == 3 else None
