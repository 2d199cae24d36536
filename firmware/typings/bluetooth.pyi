"""What micropython-rp2-stubs 1.29 have otherwise: handles are numbers, pairing exists.

Ref: https://docs.micropython.org/en/latest/library/bluetooth.html
"""

from collections.abc import Buffer
from typing import Any

from micropython_stubs.bluetooth import *
from micropython_stubs.bluetooth import BLE as _BLE

class BLE(_BLE):
    def gap_disconnect(self, conn_handle: int, /) -> bool: ...
    def gap_pair(self, conn_handle: int, /) -> None: ...  # if MicroPython is built with it
    def gatts_register_services(
        self, services: tuple[Any, ...], /
    ) -> tuple[tuple[int, ...], ...]: ...
    def gatts_read(self, value_handle: int, /) -> bytes: ...
    def gatts_write(
        self, value_handle: int, data: Buffer, send_update: bool = False, /
    ) -> None: ...
    def gatts_notify(
        self, conn_handle: int, value_handle: int, data: Buffer | None = None, /
    ) -> None: ...
    def gatts_set_buffer(self, value_handle: int, len: int, append: bool = False, /) -> None: ...
