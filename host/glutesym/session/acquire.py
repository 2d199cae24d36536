"""Acquisition: find the pods, connect to one after the other, record all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from glutesym.errors import LinkError, PodNotFoundError, RefusedError, UnsuitableError
from glutesym.links.base import FoundPod, Link, Transport
from glutesym.measures import SIDES, Side
from glutesym.session.pod_stream import KnownPod, LiveSink, PodCounts, PodStream, unless
from glutesym.session.recorder import Recorder

_PATIENCE_S = 60.0  # for a radio that other programs use, or a pod that still has its old link
_CONNECT_AGAIN_S = 1.0
SCAN_S = 20.0  # to look for the pods at the beginning
REST_S = 20.0
NOBODY: Mapping[Side, KnownPod] = MappingProxyType({})


class Acquisition:
    """Records one session from the pods of the given sides.

    Parameters
    ----------
    transport : Transport
    writer : Recorder
        Stays open; its owner closes it.
    clock_ns : callable
        The host's clock, the one the transport stamps arrivals with.
    live : LiveSink or None
    sides : sequence of {"left", "right"}
    known : mapping
        Pods that have taken part already, of a session that goes on: these and no others.
    rest_s : float
        At the end: without progress for so long, what a pod still has is given up.
    """

    def __init__(
        self,
        transport: Transport,
        writer: Recorder,
        clock_ns: Callable[[], int],
        live: LiveSink | None = None,
        sides: Sequence[Side] = SIDES,
        known: Mapping[Side, KnownPod] = NOBODY,
        rest_s: float = REST_S,
    ) -> None:
        self.rest_s = rest_s
        self._transport = transport
        self.writer = writer
        self._clock_ns = clock_ns
        self.live = live
        self._known = known
        self._pods: dict[Side, PodStream] = {
            side: PodStream(self, side, known.get(side)) for side in sides
        }
        self.connected_all = asyncio.Event()  # every pod has been streaming at least once

    @property
    def counts(self) -> dict[Side, PodCounts]:
        """Frame counts of each side so far."""
        return {side: pod.counts for side, pod in self._pods.items()}

    @property
    def given_up(self) -> list[Side]:
        """The sides whose last data could not be fetched."""
        return [side for side, pod in self._pods.items() if pod.given_up]

    async def run(self, stop: asyncio.Event) -> None:
        """Record until ``stop`` is set.

        Raises
        ------
        PodNotFoundError
            A pod was not seen at the beginning.
        LinkError
            A pod cannot be connected to at the beginning.
        """
        links = await unless(stop, self._connect_all())
        if links is None:
            return
        async with asyncio.TaskGroup() as tasks:
            for side, pod in self._pods.items():
                tasks.create_task(pod.keep_streaming(links[side], stop))

    async def identify(self, side: Side, seconds: int = 5) -> None:
        """Let a pod blink; nothing happens while it is away."""
        pod = self._pods.get(side)
        if pod is not None:
            await pod.identify(seconds)

    async def find(self, address: str, timeout_s: float) -> FoundPod | None:
        """Return the pod that has an address, or None when it is not seen in time."""
        pods = await self._transport.scan(
            timeout_s, lambda seen: any(pod.address == address for pod in seen)
        )
        return next((pod for pod in pods if pod.address == address), None)

    async def connect(self, pod: FoundPod) -> Link:
        """Connect to a pod; raises LinkError."""
        return await self._transport.connect(pod)

    def set_phase(self, phase: str, message: str = "") -> None:
        """Tell the live view."""
        if self.live is not None:
            self.live.set_phase(phase, message)

    def now_ns(self) -> int:
        """Return the host's time."""
        return self._clock_ns()

    def on_streaming(self) -> None:
        """Note that a pod has begun to stream."""
        if all(pod.streaming for pod in self._pods.values()):
            self.set_phase("recording")
            self.connected_all.set()

    async def _connect_all(self) -> dict[Side, Link]:
        """Find all pods, then connect to one after the other."""
        self.set_phase("scanning")
        found = await self._find_all()
        self.set_phase("connecting")
        links: dict[Side, Link] = {}
        try:
            for side, pod in found.items():
                links[side] = await self._connect_patiently(pod)
        except BaseException:
            for link in links.values():
                await link.close()
            raise
        return links

    async def _connect_patiently(self, pod: FoundPod) -> Link:
        give_up_ns = self.now_ns() + _PATIENCE_S * 1e9
        while True:
            try:
                return await self._transport.connect(pod)
            except (RefusedError, UnsuitableError):
                raise
            except LinkError as error:
                if self.now_ns() > give_up_ns:
                    raise
                self.set_phase("connecting", f"{error} Trying again.")
            await asyncio.sleep(_CONNECT_AGAIN_S)

    async def _find_all(self) -> dict[Side, FoundPod]:
        pods = await self._transport.scan(SCAN_S, self._all_seen)
        found: dict[Side, FoundPod] = {}
        for side in self._pods:
            nearest = self._nearest(pods, side)
            if nearest is not None:
                found[side] = nearest
        missing = tuple(side for side in self._pods if side not in found)
        if missing:
            strangers = sum(pod.owned is None for pod in pods)
            raise PodNotFoundError(missing, SCAN_S, strangers)
        return found

    def _all_seen(self, pods: list[FoundPod]) -> bool:
        """Tell the live view which pods have been seen, and whether that is all of them."""
        nearest: dict[Side, FoundPod | None] = {
            side: self._nearest(pods, side) for side in self._pods
        }
        for side, pod in nearest.items():
            if pod is not None and self.live is not None:
                self.live.set_seen(side, pod.rssi_dbm)
        return all(nearest.values())

    def _nearest(self, pods: list[FoundPod], side: Side) -> FoundPod | None:
        """Return the pod of a side with the strongest signal."""
        if side in self._known:  # whichever side it was provisioned for
            mine = [pod for pod in pods if pod.owned and pod.address == self._known[side].address]
        else:
            mine = [pod for pod in pods if pod.side == side]
        return max(mine, key=lambda pod: pod.rssi_dbm or -999, default=None)
