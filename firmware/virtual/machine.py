"""Stand-in for MicroPython's ``machine`` on the RP2 port: what a pod may use, same semantics.

Ref: MicroPython documentation, "Quick reference for the RP2"; RP2350 datasheet.
Steady-state calls lift the pod's heap lock around their own work. Transfers spend their bus time.
"""

import binascii
import sys

import virtual_board
import world
from machine_buses import I2C, SPI  # noqa: F401
from machine_pin import Pin
from machine_watchdog import EXIT_BOOTLOADER, EXIT_RESET, WDT, spend  # noqa: F401
from micropython import const

PWRON_RESET = const(1)
WDT_RESET = const(3)


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
    """The converter: GPIO 26 to 29 are channels 0 to 3, channel 4 is the temperature sensor."""

    CORE_TEMP = const(4)
    _MCU_CELSIUS = 31.0

    def __init__(self, id):
        if isinstance(id, int) and 0 <= id <= 4:
            self._channel = id
            return
        pin = Pin(id)
        if not 26 <= pin.gpio <= 29:
            raise ValueError("Pin doesn't have ADC capabilities")
        self._channel = pin.gpio - 26
        virtual_board.connect(pin.gpio, "ADC")

    def read_u16(self):
        depth = world.lift_heap_lock()
        try:
            spend(2000)  # 96 clocks of 48 MHz
            volts = 0.0
            if self._channel == ADC.CORE_TEMP:
                # RP2350 datasheet, "Temperature sensor": T = 27 - (V - 0.706) / 0.001721
                volts = 0.706 - (ADC._MCU_CELSIUS - 27) * 0.001721
            elif self._channel + 26 == virtual_board.USB_SENSE and world.usb_power():
                volts = virtual_board.USB_SENSE_V
            raw = int(volts / 3.3 * 4095)
            return raw << 4 | raw >> 8  # twelve bits, stretched to sixteen
        finally:
            world.restore_heap_lock(depth)
