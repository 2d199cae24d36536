"""What a link to a pod is, whatever carries it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from glutesym.errors import UnsuitableError
from glutesym.keys import OwnedPod
from glutesym.measures import Side

OnFrame = Callable[[int, bytes], None]  # host time of arrival in ns, frame
OnProbe = Callable[[int, int], None]  # number, host time immediately before it is written in ns
SILENCE_S = 5.0  # of a pod that streams: a status comes twice a second


@dataclass(frozen=True)
class FoundPod:
    """A pod that was seen; ``handle`` is what its transport needs to connect."""

    owned: OwnedPod | None  # None: not this computer's
    name: str
    address: str
    rssi_dbm: int | None
    handle: Any

    @property
    def side(self) -> Side | None:
        """Where it is worn, as its owner knows."""
        return self.owned.side if self.owned else None

    def require_owned(self) -> OwnedPod:
        """Return whose key to prove.

        Raises
        ------
        UnsuitableError
            It is not this computer's.
        """
        if self.owned is None:
            raise UnsuitableError(
                f"{self.name or self.address} is not known to this computer. If it is yours, "
                "connect it by USB and run `glutesym provision`."
            )
        return self.owned


class Link(Protocol):
    """A connection to one pod. Usable once; after `lost` is set another one is needed.

    It stamps what arrives and what it probes the pod's clock with: only it knows when.
    """

    lost: asyncio.Event
    address: str
    info: dict[str, Any]  # what the pod says about itself
    silence_s: float  # when no frame has come for longer, the link is half-open

    async def subscribe(self, on_frame: OnFrame) -> None:
        """Have every arriving frame stamped and passed on.

        Raises
        ------
        LinkError
            The link is gone.
        """
        ...

    async def write(self, command: bytes) -> None:
        """Send a command.

        Raises
        ------
        LinkError
            The link is gone.
        """
        ...

    async def probe(self, number: int, due_ns: int, on_probe: OnProbe) -> None:
        """Probe the pod's clock once.

        Parameters
        ----------
        number : int
        due_ns : int
            Host time at which it is to go.
        on_probe : callable
            Called immediately before the probe is written, with number and time: those asked for,
            unless the link replays what was recorded.

        Raises
        ------
        LinkError
            The link is gone.
        """
        ...

    async def request(self, request: bytes) -> dict[str, Any]:
        """Send a request and return the pod's answer.

        Raises
        ------
        LinkError
            The link is gone, or no answer comes.
        RefusedError
            The pod refuses; the error has its reason.
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
        """Connect to a pod and prove to be its owner.

        Raises
        ------
        LinkError
            It does not answer, is not a pod of this protocol version, or has another owner.
        """
        ...
