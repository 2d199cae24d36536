"""The virtual radio: a Bumble link with connection events, loss, latency and outages.

Bumble's own link delivers at once. Here a packet waits for the next connection event, may be lost
and repeated at a later one, and passes the stacks of host and pod with their delays. The model and
its numbers are those that the accuracy tables name; they are parameters, to be replaced by
measured ones.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from bumble import controller, core, hci, link, ll

from glutesym.virtual.world_time import WorldLoop

_ACL_BYTES = 251  # LE data length extension: one notification of 244 bytes is one packet
_AIR_S = 0.0004  # preamble to acknowledgement of a full packet at 2 Mbit/s
_CONTROLLER_BUFFERS = 8
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


class RadioController(controller.Controller):
    """A controller whose buffers are free again only when a packet has been delivered."""

    le_acl_data_packet_length = _ACL_BYTES
    total_num_le_acl_data_packets = _CONTROLLER_BUFFERS
    acl_data_packet_length = _ACL_BYTES
    # Legacy advertising: the only kind that the pods' radio has.
    le_features = controller.Controller.le_features & ~hci.LeFeatureMask.LE_EXTENDED_ADVERTISING

    def on_hci_acl_data_packet(self, packet: hci.HCI_AclDataPacket) -> None:
        """Queue a packet on the air; its buffer is completed by `RadioLink`."""
        connection = self.find_connection_by_handle(packet.connection_handle)
        if connection is not None:
            connection.assembler.feed_packet(packet)

    def complete_packet(self, handle: int) -> None:
        """Tell the host that one buffer is free."""
        if self.find_connection_by_handle(handle) is not None:
            self.send_hci_packet(
                hci.HCI_Number_Of_Completed_Packets_Event(
                    connection_handles=[handle], num_completed_packets=[1]
                )
            )


class RadioLink(link.LocalLink):
    """The air between one host controller and the pods' controllers.

    Parameters
    ----------
    loop : WorldLoop
    seed : int
    """

    def __init__(self, loop: WorldLoop, seed: int) -> None:
        super().__init__()
        self._loop = loop
        self._seed = seed
        self._models: dict[str, RadioModel] = {}
        self._connections: dict[str, _AirConnection] = {}
        self._out_until_s: dict[str, float] = {}
        self.central: RadioController | None = None

    def add_pod(self, pod: RadioController, model: RadioModel) -> None:
        """Bring a pod's controller within reach."""
        self._models[_key(pod)] = model
        self.controllers.add(pod)

    def remove_pod(self, pod: RadioController) -> None:
        """Take a pod's controller away without a word, as when its battery falls out."""
        self.controllers.discard(pod)
        air = self._connections.get(_key(pod))
        if air is not None:
            air.pod_gone()

    def set_outage(self, pod: RadioController, duration_s: float) -> None:
        """Let nothing through between the host and one pod for a while from now on."""
        until_s = self._loop.time() + duration_s
        self._out_until_s[_key(pod)] = max(until_s, self._out_until_s.get(_key(pod), 0.0))
        air = self._connections.get(_key(pod))
        if air is not None:
            air.watch_supervision()

    def out_until_s(self, pod: RadioController) -> float:
        """Return when the pod's outage ends, world time; in the past when there is none."""
        return self._out_until_s.get(_key(pod), 0.0)

    # --- Bumble's link interface

    def send_acl_data(
        self,
        sender_controller: controller.Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        """Put data on the air."""
        pod = self._pod_of(sender_controller, destination_address)
        air = self._connections.get(_key(pod)) if pod else None
        if air is not None:
            air.send(sender_controller, data)

    def send_advertising_pdu(
        self, sender_controller: controller.Controller, packet: ll.AdvertisingPdu
    ) -> None:
        """Deliver an advertisement or a connect request, unless there is an outage."""
        for receiver in list(self.controllers):
            if receiver is sender_controller:
                continue
            pod = receiver if sender_controller is self.central else sender_controller
            assert isinstance(pod, RadioController)
            if _key(pod) not in self._models or self._loop.time() < self.out_until_s(pod):
                continue
            if isinstance(packet, ll.ConnectInd):
                if packet.advertiser_address != pod.random_address:
                    continue
                assert self.central is not None
                self._connections[_key(pod)] = _AirConnection(
                    self, self._loop, self.central, pod, self._models[_key(pod)], self._next_seed()
                )
            self._loop.call_later(_AIR_S, receiver.on_ll_advertising_pdu, packet)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Deliver a control PDU at the next event, unless the peer is gone or out of reach."""
        receiver = self.find_le_controller(receiver_address)
        if receiver is None:
            return
        pod = receiver if receiver is not self.central else self.find_le_controller(sender_address)
        assert isinstance(pod, RadioController)
        if self._loop.time() < self.out_until_s(pod):
            return
        air = self._connections.get(_key(pod))
        delay_s = air.next_event_s() - self._loop.time() if air else _AIR_S

        def deliver() -> None:
            if sender_address in receiver.le_connections:
                receiver.on_ll_control_pdu(sender_address, packet)

        self._loop.call_later(delay_s, deliver)
        if isinstance(packet, ll.TerminateInd) and air is not None:
            air.close()

    def forget(self, pod: RadioController) -> None:
        """Drop the state of a connection that has ended."""
        self._connections.pop(_key(pod), None)

    def _pod_of(
        self, sender: controller.Controller, destination: hci.Address
    ) -> RadioController | None:
        pod = self.find_le_controller(destination) if sender is self.central else sender
        return pod if isinstance(pod, RadioController) else None

    def _next_seed(self) -> int:
        self._seed += 1
        return self._seed


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


class _AirConnection:
    """One connection: its events, its two queues and its supervision timer."""

    def __init__(
        self,
        air: RadioLink,
        loop: WorldLoop,
        central: RadioController,
        pod: RadioController,
        model: RadioModel,
        seed: int,
    ) -> None:
        self._link = air
        self._loop = loop
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

    def next_event_s(self) -> float:
        """Return the world time of the next connection event."""
        passed = (self._loop.time() - self._anchor_s) / self._interval_s
        return self._anchor_s + (np.floor(passed) + 1) * self._interval_s

    def send(self, sender: controller.Controller, data: bytes) -> None:
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
        self._open = False
        if self._event is not None:
            self._event.cancel()
        self._link.forget(self._pod)

    def _drop_if_out(self) -> None:
        if self._loop.time() < self._link.out_until_s(self._pod):
            self._drop()

    def _drop(self) -> None:
        if not self._open:
            return
        self.close()
        for side, peer in ((self._central, self._pod), (self._pod, self._central)):
            connection = side.le_connections.get(peer.random_address)
            if connection is not None:
                side.on_le_disconnected(connection, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)

    def _schedule(self) -> None:
        if self._event is None and self._open and (self._up.queue or self._down.queue):
            self._event = self._loop.call_at(self.next_event_s(), self._on_event)

    def _on_event(self) -> None:
        self._event = None
        now_s = self._loop.time()
        if self._pod_present and now_s >= self._link.out_until_s(self._pod):
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
            arrival_s = event_s + (place + 1) * _AIR_S
            if direction.receiver is self._central:
                arrival_s += self._delay_s(
                    self._model.host_receive_ms, self._model.host_receive_tail
                )
            direction.delivered_s = max(direction.delivered_s + _TURN_S, arrival_s)
            self._loop.call_at(event_s + (place + 1) * _AIR_S, packet.done)
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


def _key(pod: controller.Controller) -> str:
    return pod.name
