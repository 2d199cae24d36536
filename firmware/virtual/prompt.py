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
_board = json.loads(os.getenv("GLUTESYM_BOARD"))


class _Implementation:
    name = sys.implementation.name
    version = sys.implementation.version
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


_vm = sys
sys.modules["sys"] = _Sys()
sys.modules["machine"] = _Machine()
sys.modules["bluetooth"] = _Bluetooth()
