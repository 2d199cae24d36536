"""Register-level model of the MAX17048 fuel gauge.

Ref: Maxim 19-6171, "MAX17048/MAX17049". Registers are 16 bits, most significant byte first.
"""

from micropython import const

import world

_VCELL = const(0x02)  # 78.125 uV a bit
_SOC = const(0x04)  # 1/256 % a bit
_MODE = const(0x06)
_VERSION = const(0x08)
_CRATE = const(0x16)  # 0.208 %/h a bit, signed
_CMD = const(0xFE)
_RESET_VALUES = {0x0A: 0x8030, 0x0C: 0x971C, 0x14: 0x00FF, 0x18: 0x9600, 0x1A: 0x0100}
_CHIP_VERSION = const(0x0012)
_POR = const(0x5400)
_RATE_SPAN_NS = const(60_000_000_000)


class Max17048Chip:
    """An I2C target: ``write`` and ``read_into`` with a register pointer that counts up."""

    def __init__(self):
        self._registers = dict(_RESET_VALUES)
        self._pointer = 0
        self._rate = 0.0
        self._rate_percent = world.battery()[1]
        self._rate_ns = world.now_ns()

    def acknowledges(self):
        return not world.config["faults"].get("gauge_dead")

    def write(self, data):
        if not len(data):
            return
        self._pointer = data[0]
        for i in range(1, len(data) - 1, 2):
            self._write_register(self._pointer, data[i] << 8 | data[i + 1])
            self._pointer += 2

    def read_into(self, buffer):
        for i in range(len(buffer)):
            value = self._read_register(self._pointer & 0xFE)
            buffer[i] = value & 0xFF if self._pointer & 1 else value >> 8
            self._pointer = (self._pointer + 1) & 0xFF

    def _read_register(self, address):
        if address == _VERSION:
            return _CHIP_VERSION
        if address not in (_VCELL, _SOC, _CRATE):
            return self._registers.get(address, 0)
        volts, percent = world.battery()
        if address == _VCELL:
            return min(int(volts / 78.125e-6), 0xFFFF)
        if address == _SOC:
            return min(int(percent * 256), 0xFFFF)
        elapsed_ns = world.now_ns() - self._rate_ns
        if elapsed_ns >= _RATE_SPAN_NS:
            self._rate = (percent - self._rate_percent) * 3600e9 / elapsed_ns
            self._rate_percent = percent
            self._rate_ns += elapsed_ns
        return round(self._rate / 0.208) & 0xFFFF

    def _write_register(self, address, value):
        if address == _CMD and value == _POR:
            self._registers = dict(_RESET_VALUES)
        elif address in _RESET_VALUES or address == _MODE:
            self._registers[address] = value
