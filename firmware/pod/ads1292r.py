"""EMG front end ADS1292R: start-up, registers and identity over SPI, mode 1.

    spi = SPI(0, baudrate=500_000, polarity=0, phase=1, sck=Pin(2), mosi=Pin(3), miso=Pin(4))
    ads = ADS1292R(spi, cs=Pin(1), start=Pin(26), reset=Pin(27))
    ads.power_up()
    ads.identify()
    ads.configure()
    ads.start_conversions()

The samples are read by emg_capture.py, which takes over the clock pin while it runs.
"""
# Ref: Texas Instruments SBAS502, "ADS1291, ADS1292, ADS1292R": 8.5 (SPI), 8.6 (registers).

import time

from chip_error import ChipError
from micropython import const

_CMD_SDATAC = const(0x11)
_CMD_RDATAC = const(0x10)
_CMD_RREG = const(0x20)
_CMD_WREG = const(0x40)

_REG_ID = const(0x00)
_REG_CONFIG1 = const(0x01)

_ID_ADS1292R = const(0x73)

_CONFIG2_REFERENCE = const(0xA0)  # b7 must be 1, b5: reference buffer, off after reset
_CONFIG2_LEAD_OFF = const(0x40)  # lead-off comparators
_CONFIG2_TEST = const(0x03)  # internal test signal, 1 Hz square wave
_LOFF_6NA_DC = const(0x10)  # threshold 95 %, 6 nA, DC: the smallest current
_CH1SET_OFF = const(0x81)  # powered down, inputs shorted
_RLD_FROM_CH2 = const(0x2C)  # right-leg drive on, from both inputs of channel 2
_LOFF_SENS_CH2 = const(0x0C)  # both electrodes of channel 2
_RESP1 = const(0x02)  # respiration off; b1 must be 1
_RESP2 = const(0x03)  # b1: reference of the right-leg drive inside; b0 must be 1
_GPIO = const(0x0C)  # both inputs

# What WREG writes from CONFIG1 on, and the bits that read back as written: the others are status.
_NAMES = (
    "CONFIG1", "CONFIG2", "LOFF", "CH1SET", "CH2SET", "RLD_SENS", "LOFF_SENS", "LOFF_STAT",
    "RESP1", "RESP2", "GPIO",
)  # fmt: skip
_MASKS = b"\xff\xff\xff\xff\xff\xff\xff\x40\xff\xff\x0c"

_RATE_CODES = {125: 0, 250: 1, 500: 2, 1000: 3, 2000: 4, 4000: 5, 8000: 6}
_GAIN_CODES = {1: 1, 2: 2, 3: 3, 4: 4, 6: 0, 8: 5, 12: 6}
_MUX_CODES = {"electrodes": 0, "shorted": 1, "test_signal": 5}

TEST_COUNTS = const(3495)  # amplitude of the test signal, VREF / 2400, at gain 1: 2^23 / 2400
_REFERENCE_PV = 2_420_000_000_000  # 2.42 V
_FULL_SCALE = const(0x7FFFFF)

_POWER_ON_MS = const(1000)  # power-on reset: sources disagree, 1 s satisfies all
_RESET_PULSE_US = const(50)  # at least one tCLK (2 us); 2^11 tCLK (4 ms) would power the chip down
_RESET_WAIT_MS = const(1)  # 18 tCLK = 35 us
_COMMAND_US = const(10)  # 4 tCLK = 7.8 us after SDATAC, before CS rises and between commands
REFERENCE_MS = const(150)  # settling of the reference into its 10 uF capacitor


class ADS1292R:
    def __init__(self, spi, cs, start, reset):
        self._spi = spi
        self._cs = cs
        self._start = start
        self._reset = reset
        self._command = bytearray(1)
        self._registers = bytearray(len(_NAMES))
        self._frame = bytearray(2 + len(_NAMES))  # opcode, count - 1, values
        self._reference_on = False
        self.rate_sps = 0
        self.gain = 0
        self.lsb_pv = 0  # electrode voltage of one converter count, picovolts
        cs.init(cs.OUT, value=1)
        start.init(start.OUT, value=0)
        reset.init(reset.OUT, value=1)

    def power_up(self):
        """Reset the chip and make its registers reachable. Takes a second."""
        self._cs(1)
        self._start(0)
        self._reset(1)
        time.sleep_ms(_POWER_ON_MS)
        self.reset()

    def power_down(self):
        """Switch the chip off. Only power_up() wakes it."""
        self._start(0)
        self._reset(0)

    def reset(self):
        """Give the registers their defaults and make them reachable."""
        self._reset(0)
        time.sleep_us(_RESET_PULSE_US)
        self._reset(1)
        time.sleep_ms(_RESET_WAIT_MS)
        self._reference_on = False
        self._send(_CMD_SDATAC)  # the chip wakes up in RDATAC, deaf to register commands

    def identify(self):
        """Check that an ADS1292R answers; raises ChipError if another chip or none does."""
        frame = bytearray(3)
        self._read(frame, _REG_ID)
        found = frame[2]
        if found != _ID_ADS1292R:
            raise ChipError("ADS1292R", "ID", _ID_ADS1292R, found)

    def configure(self, rate_sps=2000, gain=6, lead_off=False, source="electrodes"):
        """Set up channel 2 for EMG, channel 1 off; read all registers back.

        Gain 6 spans +-403 mV: dry electrodes can differ by 300 mV. ``source`` is "electrodes",
        "shorted" (input noise) or "test_signal" (+-1 mV square wave, 1 Hz).
        Raises ChipError for the first register that does not hold what was written.
        """
        if rate_sps not in _RATE_CODES or gain not in _GAIN_CODES or source not in _MUX_CODES:
            raise ValueError("no such setting: %r SPS, gain %r, %r" % (rate_sps, gain, source))
        registers = self._registers
        registers[0] = _RATE_CODES[rate_sps]
        registers[1] = (
            _CONFIG2_REFERENCE
            | (_CONFIG2_LEAD_OFF if lead_off else 0)
            | (_CONFIG2_TEST if source == "test_signal" else 0)
        )
        registers[2] = _LOFF_6NA_DC
        registers[3] = _CH1SET_OFF
        registers[4] = _GAIN_CODES[gain] << 4 | _MUX_CODES[source]
        registers[5] = _RLD_FROM_CH2
        registers[6] = _LOFF_SENS_CH2 if lead_off else 0
        registers[7] = 0
        registers[8] = _RESP1
        registers[9] = _RESP2
        registers[10] = _GPIO
        self._write_registers()
        self.check()
        self.rate_sps = rate_sps
        self.gain = gain
        self.lsb_pv = (_REFERENCE_PV // gain + _FULL_SCALE // 2) // _FULL_SCALE
        if not self._reference_on:
            time.sleep_ms(REFERENCE_MS)
            self._reference_on = True

    def check(self):
        """Raise ChipError unless every register still holds what configure() wrote."""
        i = self._first_wrong()
        if i >= 0:
            raise ChipError("ADS1292R", _NAMES[i], self._registers[i], self._frame[2 + i])

    def restore(self):
        """Make a chip in trouble convert as configure() and start_conversions() had asked.

        Returns True when it had lost its registers, as after a dip of the supply, and has them
        again: its reference then needs REFERENCE_MS. Takes a millisecond, allocates nothing.
        """
        self._send(_CMD_SDATAC)
        restored = False
        if self._first_wrong() >= 0:
            self._write_registers()
            restored = self._first_wrong() < 0
        self._send(_CMD_RDATAC)
        return restored

    def start_conversions(self):
        """Convert continuously and offer each sample without being asked (RDATAC)."""
        self._start(1)
        self._send(_CMD_RDATAC)
        # The digital filter forgets the past in four samples.
        time.sleep_us(5_000_000 // self.rate_sps)

    def stop_conversions(self):
        """Stop, and make the registers reachable again."""
        self._send(_CMD_SDATAC)
        self._start(0)

    def _send(self, command):
        self._command[0] = command
        self._cs(0)
        self._spi.write(self._command)
        time.sleep_us(_COMMAND_US)
        self._cs(1)
        time.sleep_us(_COMMAND_US)

    def _first_wrong(self):
        """Return which register does not hold what was written, -1 when all do."""
        self._read(self._frame, _REG_CONFIG1)
        for i in range(len(_MASKS)):
            if (self._frame[2 + i] ^ self._registers[i]) & _MASKS[i]:
                return i
        return -1

    def _write_registers(self):
        frame = self._frame
        frame[0] = _CMD_WREG | _REG_CONFIG1
        frame[1] = len(_MASKS) - 1
        for i in range(len(_MASKS)):
            frame[2 + i] = self._registers[i]
        self._transfer(frame)

    def _read(self, frame, register):
        """Fill ``frame`` from byte 2 on with registers."""
        for i in range(2, len(frame)):
            frame[i] = 0
        frame[0] = _CMD_RREG | register
        frame[1] = len(frame) - 3
        self._transfer(frame)

    def _transfer(self, frame):
        self._cs(0)
        self._spi.write_readinto(frame, frame)
        time.sleep_us(_COMMAND_US)
        self._cs(1)
        time.sleep_us(_COMMAND_US)
