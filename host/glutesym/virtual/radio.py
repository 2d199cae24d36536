"""The virtual radio: a Bumble link with connection events, loss, latency and outages.

Bumble's own link delivers at once. Here a packet waits for the next connection event, may be lost
and repeated at a later one, and passes the stacks of host and pod with their delays. The model and
its numbers are those that the accuracy tables name; they are parameters, to be replaced by
measured ones.
"""

from __future__ import annotations

from bumble import controller, core, hci, link, ll

from glutesym.virtual.air_connection import AIR_S, AirConnection, RadioModel, Reception
from glutesym.virtual.radio_controller import RadioController
from glutesym.world_time import WorldLoop

_ESTABLISH_S = 0.18  # six events: a link without a packet by then is none (Core, Vol 6 B, 4.5.2)


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
        self._connections: dict[str, AirConnection] = {}
        self._reception: dict[str, Reception] = {}
        self.central: RadioController | None = None

    def add_pod(self, pod: RadioController, model: RadioModel) -> None:
        """Bring a pod's controller within reach."""
        self._models[_key(pod)] = model
        self._reception.setdefault(_key(pod), Reception())
        self.controllers.add(pod)

    def remove_pod(self, pod: RadioController) -> None:
        """Take a pod's controller away without a word, as when its battery falls out."""
        self.controllers.discard(pod)
        air = self._connections.get(_key(pod))
        if air is not None:
            air.pod_gone()

    def set_outage(self, pod: RadioController, duration_s: float) -> None:
        """Let nothing through between the host and one pod for a while from now on."""
        reception = self._reception[_key(pod)]
        reception.out_until_s = max(reception.out_until_s, self._loop.time() + duration_s)
        air = self._connections.get(_key(pod))
        if air is not None:
            air.watch_supervision()

    def set_half_open(self, pod: RadioController, duration_s: float) -> None:
        """Lose what a pod sends above the host's link layer for a while from now on."""
        self._reception[_key(pod)].half_open_until_s = self._loop.time() + duration_s

    def set_interval(self, pod: RadioController, interval_ms: float) -> None:
        """Change the interval of a pod's connection and tell both ends."""
        air = self._connections.get(_key(pod))
        if air is not None:
            air.set_interval(interval_ms)

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
        if air is not None and isinstance(sender_controller, RadioController):
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
            if self._loop.time() < self._reception[_key(pod)].out_until_s:
                continue
            if not isinstance(packet, ll.ConnectInd):
                self._loop.call_later(AIR_S, receiver.on_ll_advertising_pdu, packet)
            elif packet.advertiser_address == pod.random_address:
                self._loop.call_later(AIR_S, self._connect, self._open(pod), pod, packet)
        if isinstance(packet, ll.ConnectInd):
            self._loop.call_later(2 * AIR_S, self._check_established, packet.advertiser_address)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Deliver a control PDU at the next event, or when an outage is over."""
        receiver = self.find_le_controller(receiver_address)
        if receiver is None:
            return
        pod = receiver if receiver is not self.central else self.find_le_controller(sender_address)
        assert isinstance(pod, RadioController)
        air = self._connections.get(_key(pod))
        now_s = self._loop.time()
        delay_s = air.next_event_s() - now_s if air else AIR_S
        # The link layer repeats it until it gets through.
        delay_s = max(delay_s, self._reception[_key(pod)].out_until_s - now_s)
        if isinstance(packet, ll.TerminateInd) and air is not None:
            air.close()
            if delay_s > air.supervision_timeout_s:
                delay_s = air.supervision_timeout_s
                packet = ll.TerminateInd(hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)

        def deliver() -> None:
            if sender_address in receiver.le_connections:
                receiver.on_ll_control_pdu(sender_address, packet)

        self._loop.call_later(delay_s, deliver)

    def _open(self, pod: RadioController) -> AirConnection:
        """Begin a connection with a pod."""
        assert self.central is not None
        key = _key(pod)
        if key in self._connections:
            self._connections[key].close()  # of a pod that has gone without a word
        self._seed += 1
        self._connections[key] = air = AirConnection(
            self._loop,
            self.central,
            pod,
            self._models[key],
            self._reception[key],
            lambda: self._connections.pop(key, None),
            self._seed,
        )
        return air

    def _connect(self, air: AirConnection, pod: RadioController, packet: ll.ConnectInd) -> None:
        """Let a pod hear a connect request; it may have stopped to advertise."""
        pod.on_ll_advertising_pdu(packet)
        if packet.initiator_address not in pod.le_connections:
            air.close()

    def _check_established(self, peer: hci.Address) -> None:
        """Take back the central's connection if its request has not been heard."""
        pod = self.find_le_controller(peer)
        if not isinstance(pod, RadioController) or _key(pod) not in self._connections:
            self._loop.call_later(_ESTABLISH_S, self._fail, peer)

    def _fail(self, peer: hci.Address) -> None:
        connection = self.central.le_connections.get(peer) if self.central else None
        if connection is not None and self.central is not None:
            self.central.on_le_disconnected(
                connection, hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR
            )

    def _pod_of(
        self, sender: controller.Controller, destination: hci.Address
    ) -> RadioController | None:
        pod = self.find_le_controller(destination) if sender is self.central else sender
        return pod if isinstance(pod, RadioController) else None


def _key(pod: controller.Controller) -> str:
    return pod.name
