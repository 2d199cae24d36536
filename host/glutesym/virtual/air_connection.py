"""One connection through the air: connection events, loss, repeats, delays, supervision."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from bumble import core, hci

from glutesym.virtual.radio_controller import RadioController
from glutesym.world_time import WorldLoop

AIR_S = 0.0004  # preamble to acknowledgement of a full packet at 2 Mbit/s
_TURN_S = 1e-6  # at least so long between two deliveries


@dataclass(frozen=True)
class RadioModel:
    """How good a link is. Durations in the unit of their name."""

    connection_interval_ms: float = 30.0
    packets_per_event: int = 6
    loss: float = 0.03  # of one packet at one event
    supervision_timeout_s: float = 4.0
    host_receive_ms: tuple[float, float, float] = (
        0.6,
        0.8,
        0.6,
    )  # fixed, log-normal median, sigma
    host_receive_tail: tuple[float, float] = (0.05, 10.0)  # share, mean ms of an exponential
    host_transmit_ms: tuple[float, float, float] = (0.4, 0.5, 0.6)
    host_transmit_tail: tuple[float, float] = (0.03, 8.0)


@dataclass
class Reception:
    """What disturbs a pod's radio, connected or not; world times in seconds."""

    out_until_s: float = 0.0  # nothing passes, either way
    half_open_until_s: float = 0.0  # what the pod sends is lost above the host's link layer


@dataclass
class _Packet:
    data: bytes
    ready_s: float  # when the sender's stack has handed it to the controller
    done: Callable[[], None]


@dataclass
class _Direction:
    sender: RadioController
    receiver: RadioController
    queue: deque[_Packet] = field(default_factory=deque[_Packet])
    delivered_s: float = 0.0  # deliveries keep their order, one after the other


class AirConnection:
    """One connection: its events, its two queues and its supervision timer.

    Parameters
    ----------
    loop : WorldLoop
    central, pod : RadioController
        The two ends.
    model : RadioModel
    reception : Reception
        Shared with who disturbs it.
    on_closed : callable
        Called once, when the connection has ended, whoever ended it.
    seed : int
    """

    def __init__(
        self,
        loop: WorldLoop,
        central: RadioController,
        pod: RadioController,
        model: RadioModel,
        reception: Reception,
        on_closed: Callable[[], object],
        seed: int,
    ) -> None:
        self._loop = loop
        self._reception = reception
        self._on_closed = on_closed
        self._model = model
        self._pod = pod
        self._central = central
        self._random = np.random.default_rng(seed)
        self._interval_s = model.connection_interval_ms / 1000
        self._anchor_s = loop.time() + self._random.uniform(0, self._interval_s)
        self._up = _Direction(pod, central)
        self._down = _Direction(central, pod)
        self._event: asyncio.TimerHandle | None = None
        self._pod_present = True
        self._open = True

    @property
    def supervision_timeout_s(self) -> float:
        """Silence after which either end gives up."""
        return self._model.supervision_timeout_s

    def set_interval(self, interval_ms: float) -> None:
        """Change the interval from the next event on."""
        self._anchor_s = self.next_event_s()
        self._interval_s = interval_ms / 1000
        if self._event is not None:
            self._event.cancel()
            self._event = None
            self._schedule()
        for side, peer in self._ends():
            connection = side.le_connections.get(peer.random_address)
            if connection is not None:
                side.send_hci_packet(
                    hci.HCI_LE_Connection_Update_Complete_Event(
                        status=hci.HCI_ErrorCode.SUCCESS,
                        connection_handle=connection.handle,
                        connection_interval=round(interval_ms / 1.25),
                        peripheral_latency=0,
                        supervision_timeout=round(self._model.supervision_timeout_s * 100),
                    )
                )

    def next_event_s(self) -> float:
        """Return the world time of the next connection event."""
        passed = (self._loop.time() - self._anchor_s) / self._interval_s
        return self._anchor_s + (np.floor(passed) + 1) * self._interval_s

    def send(self, sender: RadioController, data: bytes) -> None:
        """Queue one packet."""
        if not self._open:
            return
        ready_s = self._loop.time()
        if sender is self._central:
            direction = self._down
            ready_s += self._delay_s(self._model.host_transmit_ms, self._model.host_transmit_tail)
        else:
            direction = self._up
        peer = direction.receiver.random_address
        owner = direction.sender

        def done() -> None:
            connection = owner.le_connections.get(peer)
            if connection is not None:
                owner.complete_packet(connection.handle)

        direction.queue.append(_Packet(data, ready_s, done))
        self._schedule()

    def pod_gone(self) -> None:
        """Let the supervision timer of the central run out."""
        self._pod_present = False
        self._loop.call_later(self._model.supervision_timeout_s, self._drop)

    def watch_supervision(self) -> None:
        """Drop the connection if an outage lasts longer than the supervision timeout."""
        self._loop.call_later(self._model.supervision_timeout_s, self._drop_if_out)

    def close(self) -> None:
        """End the connection, either side's wish."""
        if not self._open:
            return
        self._open = False
        if self._event is not None:
            self._event.cancel()
        self._on_closed()

    def _drop_if_out(self) -> None:
        if self._loop.time() < self._reception.out_until_s:
            self._drop()

    def _drop(self) -> None:
        if not self._open:
            return
        self.close()
        for side, peer in self._ends():
            connection = side.le_connections.get(peer.random_address)
            if connection is not None:
                side.on_le_disconnected(connection, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)

    def _ends(self) -> tuple[tuple[RadioController, RadioController], ...]:
        return (self._central, self._pod), (self._pod, self._central)

    def _schedule(self) -> None:
        if self._event is None and self._open and (self._up.queue or self._down.queue):
            self._event = self._loop.call_at(self.next_event_s(), self._on_event)

    def _on_event(self) -> None:
        self._event = None
        now_s = self._loop.time()
        if self._pod_present and now_s >= self._reception.out_until_s:
            for direction in (self._down, self._up):
                self._exchange(direction, now_s)
        self._schedule()

    def _exchange(self, direction: _Direction, event_s: float) -> None:
        """Send packets until the event is full or one is lost, which ends the event."""
        for place in range(self._model.packets_per_event):
            if not direction.queue or direction.queue[0].ready_s > event_s:
                return
            if self._random.random() < self._model.loss:
                return
            packet = direction.queue.popleft()
            arrival_s = event_s + (place + 1) * AIR_S
            if direction.receiver is self._central:
                arrival_s += self._delay_s(
                    self._model.host_receive_ms, self._model.host_receive_tail
                )
            direction.delivered_s = max(direction.delivered_s + _TURN_S, arrival_s)
            self._loop.call_at(event_s + (place + 1) * AIR_S, packet.done)
            if direction is self._up and event_s < self._reception.half_open_until_s:
                continue
            self._loop.call_at(direction.delivered_s, self._deliver, direction, packet.data)

    def _deliver(self, direction: _Direction, data: bytes) -> None:
        address = direction.sender.random_address
        if address in direction.receiver.le_connections:
            direction.receiver.on_link_acl_data(address, core.PhysicalTransport.LE, data)

    def _delay_s(self, usual_ms: tuple[float, float, float], tail: tuple[float, float]) -> float:
        fixed, median, sigma = usual_ms
        delay_ms = fixed + median * np.exp(sigma * self._random.standard_normal())
        if self._random.random() < tail[0]:
            delay_ms += self._random.exponential(tail[1])
        return delay_ms / 1000
