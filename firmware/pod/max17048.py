"""Battery fuel gauge MAX17048. Needs no set-up: it measures from power-on.

    gauge = MAX17048(I2C(1, sda=Pin(6), scl=Pin(7)))
    gauge.identify()
    print(gauge.millivolts(), gauge.percent_256() / 256)

The readings raise OSError when the transfer fails, and allocate nothing.
"""
# Ref: Analog Devices (Maxim) MAX17048/MAX17049 data sheet 19-6171, "Register Summary".

from chip_error import ChipError
from micropython import const

_REG_VCELL = const(0x02)  # 78.125 uV
_REG_SOC = const(0x04)  # 1/256 %
_REG_VERSION = const(0x08)

_VERSION_MASK = const(0xFFF0)  # the last digit is the production version
_VERSION_MAX17048 = const(0x0010)
_FULL_256 = const(25600)


class MAX17048:
    def __init__(self, i2c, address=0x36):
        self._i2c = i2c
        self._address = address
        self._word = bytearray(2)

    def identify(self):
        """Check that a MAX17048 answers; raises ChipError if another chip or none does."""
        try:
            found = self._read(_REG_VERSION)
        except OSError:
            found = None
        if found is None or found & _VERSION_MASK != _VERSION_MAX17048:
            raise ChipError("MAX17048", "VERSION", _VERSION_MAX17048, found)

    def millivolts(self):
        """Return the cell's voltage."""
        return (self._read(_REG_VCELL) * 5) >> 6  # 78.125 uV = 5/64 mV

    def percent_256(self):
        """Return the charge in 1/256 %, at most 100 %."""
        charge = self._read(_REG_SOC)  # may exceed 100 % while the gauge learns
        return charge if charge < _FULL_256 else _FULL_256

    def _read(self, register):
        word = self._word
        self._i2c.readfrom_mem_into(self._address, register, word)
        return word[0] << 8 | word[1]
