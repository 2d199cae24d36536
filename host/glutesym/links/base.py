"""What a link to a pod is, whatever carries it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from glutesym.measures import Side

OnFrame = Callable[[int, bytes], None]  # host time of arrival in ns, frame


@dataclass(frozen=True)
class FoundPod:
    """A pod that was seen; ``handle`` is what its transport needs to connect."""

    side: Side | None  # None: not assigned to a side yet
    name: str
    address: str
    rssi_dbm: int | None
    handle: Any


class Link(Protocol):
    """A connection to one pod. Usable once; after `lost` is set another one is needed."""

    lost: asyncio.Event
    address: str
    info: dict[str, Any]

    async def subscribe(self, on_frame: OnFrame) -> None:
        """Have every arriving frame stamped and passed on."""
        ...

    async def write(self, command: bytes) -> None:
        """Send a command.

        Raises
        ------
        LinkError
            The link is gone.
        """
        ...

    async def close(self) -> None:
        """End the connection; does nothing when it is gone."""
        ...


class Transport(Protocol):
    """Finds pods and connects to them."""

    async def scan(
        self, timeout_s: float, enough: Callable[[list[FoundPod]], bool]
    ) -> list[FoundPod]:
        """Return the pods seen until ``enough`` of them are or the time is up."""
        ...

    async def connect(self, pod: FoundPod) -> Link:
        """Connect to a pod.

        Raises
        ------
        LinkError
            It does not answer, or is not a pod of this protocol version.
        """
        ...
