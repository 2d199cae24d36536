"""Stand-in for MicroPython's ``machine`` on the RP2 port: what a pod may use, same semantics.

Ref: MicroPython documentation, "Quick reference for the RP2"; RP2350 datasheet.
Steady-state calls lift the pod's heap lock around their own work. Transfers spend their bus time.
"""

import binascii
import sys

import adc_block
import virtual_board
import world
from machine_buses import I2C, SPI  # noqa: F401
from machine_pin import Pin
from machine_watchdog import EXIT_BOOTLOADER, EXIT_RESET, WDT, spend  # noqa: F401
from micropython import const

PWRON_RESET = const(1)
WDT_RESET = const(3)
_WATCHDOG_CTRL_CLEAR = const(0x400DB000)  # RP2350 datasheet, "WATCHDOG: CTRL", address that clears
_WATCHDOG_ENABLE = const(1 << 30)
_REGISTER_NS = const(1000)  # what reading or writing a register costs in the interpreter


def unique_id():
    return binascii.unhexlify(world.config["unique_id"])


def reset_cause():
    return world.config.get("reset_cause", PWRON_RESET)


def reset():
    sys.exit(EXIT_RESET)


def bootloader(value=None):
    sys.exit(EXIT_BOOTLOADER)


def freq(hz=None):
    if hz is not None and hz != virtual_board.SYSTEM_HZ:
        raise ValueError("cannot change frequency")
    return virtual_board.SYSTEM_HZ if hz is None else None


def idle():
    spend(1000)


def lightsleep(time_ms=None):
    if time_ms is None:
        raise RuntimeError("nothing wakes a virtual board from lightsleep")
    depth = world.lift_heap_lock()
    try:
        world.sleep_until(world.now_ns() + time_ms * 1_000_000)
        spend(0)
    finally:
        world.restore_heap_lock(depth)


class ADC:
    """The converter: GPIO 26 to 29 are inputs 0 to 3, input 4 is the temperature sensor."""

    CORE_TEMP = adc_block.CORE_TEMPERATURE

    def __init__(self, id):
        adc_block.adc.reset()
        if isinstance(id, int) and 0 <= id <= 4:
            self._channel = id
            return
        pin = Pin(id)
        if not 26 <= pin.gpio <= 29:
            raise ValueError("Pin doesn't have ADC capabilities")
        self._channel = pin.gpio - adc_block.FIRST_PIN
        virtual_board.connect(pin.gpio, "ADC")

    def read_u16(self):
        depth = world.lift_heap_lock()
        try:
            raw = adc_block.adc.convert_once(self._channel)
            return raw << 4 | raw >> 8  # twelve bits, stretched to sixteen
        finally:
            world.restore_heap_lock(depth)


class _Mem32:
    """Registers by address: those of the ADC, and the one that stops the watchdog."""

    def __getitem__(self, address):
        depth = world.lift_heap_lock()
        try:
            spend(_REGISTER_NS)
            return adc_block.adc.read(_adc_offset(address))
        finally:
            world.restore_heap_lock(depth)

    def __setitem__(self, address, value):
        depth = world.lift_heap_lock()
        try:
            spend(_REGISTER_NS)
            if address == _WATCHDOG_CTRL_CLEAR:
                if value & _WATCHDOG_ENABLE:
                    world.alarm_ns = -1
                return
            adc_block.adc.write(_adc_offset(address), value)
        finally:
            world.restore_heap_lock(depth)


def _adc_offset(address):
    offset = address - adc_block.BASE
    if not 0 <= offset < 0x1000 or offset & 3:
        raise NotImplementedError("address 0x%08X of a virtual board" % address)
    return offset


mem32 = _Mem32()
