"""MicroPython's prompt on a virtual board: the VM's own, in which a few modules are the board's.

    micropython -i prompt.py        # in the folder that is the board's flash

The prompt runs in the computer's time, without radio and sensors. What its user sees of the board
is here; the rest is the VM's.
"""

import binascii
import json
import os
import sys

EXIT_RESET = 64  # machine_watchdog.py
EXIT_BOOTLOADER = 66
_BLOCK_BYTES = 4096  # ports/rp2/rp2_flash.c
_board = json.loads(os.getenv("GLUTESYM_BOARD"))


class _Implementation:
    name = sys.implementation.name
    version = tuple(_board.get("version") or sys.implementation.version)
    _machine = _board["machine"]


class _Sys:
    platform = "rp2"
    implementation = _Implementation

    def __getattr__(self, name):
        return getattr(_vm, name)


class _Registers:
    def __setitem__(self, address, value):
        pass  # the watchdog's: it does not run here


class _Machine:
    mem32 = _Registers()

    def unique_id(self):
        return binascii.unhexlify(_board["unique_id"])

    def reset(self):
        _vm.exit(EXIT_RESET)

    def bootloader(self):
        _vm.exit(EXIT_BOOTLOADER)


class _Bluetooth:
    pass


class _Ram:
    """A flash of its own, empty, with the board's file system: littlefs."""

    def __init__(self, size):
        self._data = bytearray(size)

    def readblocks(self, block, buffer, offset=0):
        at = block * _BLOCK_BYTES + offset
        buffer[:] = self._data[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        at = block * _BLOCK_BYTES + offset
        self._data[at : at + len(buffer)] = buffer

    def ioctl(self, request, argument):
        if request == 4:
            return len(self._data) // _BLOCK_BYTES
        if request == 5:
            return _BLOCK_BYTES
        return 0


def _mount(size):
    flash = _Ram(size)
    os.VfsLfs2.mkfs(flash)
    os.mount(flash, "/board_flash")
    os.chdir("/board_flash")


_vm = sys
sys.modules["sys"] = _Sys()
sys.modules["machine"] = _Machine()
sys.modules["bluetooth"] = _Bluetooth()
if _board.get("flash_bytes"):
    _mount(_board["flash_bytes"])
