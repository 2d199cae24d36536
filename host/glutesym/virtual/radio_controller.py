"""A virtual Bluetooth controller: Bumble's, with what it lacks to be like a real one."""

from __future__ import annotations

from typing import Any

from bumble import controller, hci, host
from bumble.transport.common import AsyncPipeSink

_ACL_BYTES = 251  # LE data length extension: one notification of 244 bytes is one packet
_CONTROLLER_BUFFERS = 8


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

    def on_hci_le_create_connection_cancel_command(
        self,
        _command: hci.HCI_LE_Create_Connection_Cancel_Command,  # pyright: ignore
    ) -> hci.HCI_StatusReturnParameters:
        """Give up the pending attempt and say so, which Bumble's controller does not do."""
        pending, self.pending_le_connection = self.pending_le_connection, None
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.send_hci_packet(
            hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=pending.peer_address_type,
                peer_address=pending.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
        )
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def complete_packet(self, handle: int) -> None:
        """Tell the host that one buffer is free."""
        if self.find_connection_by_handle(handle) is not None:
            self.send_hci_packet(
                hci.HCI_Number_Of_Completed_Packets_Event(
                    connection_handles=[handle], num_completed_packets=[1]
                )
            )


class RadioHost(host.Host):
    """The host's half of Bluetooth, on a controller."""

    def __init__(self, of: RadioController) -> None:
        super().__init__(of, AsyncPipeSink(of))

    def on_command_processed(
        self, event: hci.HCI_Command_Complete_Event[Any] | hci.HCI_Command_Status_Event
    ) -> None:
        """Take an answer, unless whoever asked has been cancelled, as by Ctrl-C."""
        if self.pending_response is None or not self.pending_response.done():
            super().on_command_processed(event)
