"""The ADC of the virtual RP2350: registers, pacing, FIFO and its requests to DMA.

Ref: RP2350 datasheet, "ADC and Temperature Sensor". Conversions are computed when somebody looks,
many at once. Their clock is the pod's crystal, as that of its ticks.
"""

from array import array
from time import _crystal_ns as crystal_ns

import virtual_board
import world
from chip_noise import Noise
from micropython import const
from myoware_sensor import MYOWARE_RAW, MyowareSensor

BASE = const(0x400A0000)
FIFO_ADDRESS = const(0x400A000C)
DMA_REQUEST = const(48)
FIRST_PIN = const(26)
CORE_TEMPERATURE = const(4)  # input
FIFO_DEPTH = const(8)
REFERENCE_V = 3.3
COUNT_LOW = const(128)  # with "emg_counter", conversion k is COUNT_LOW + k % COUNT_RANGE
COUNT_RANGE = const(3840)

_CS = const(0x00)
_RESULT = const(0x04)
_FCS = const(0x08)
_FIFO = const(0x0C)
_DIV = const(0x10)
_CS_WRITABLE = const(0xF00B)  # input, START_MANY, TS_EN, EN
_CS_ROUND_ROBIN = const(0x1FF << 16)
_CS_START_MANY = const(1 << 3)
_CS_START_ONCE = const(1 << 2)
_CS_READY = const(1 << 8)
_CS_ERROR = const(1 << 9)
_CS_ERROR_STICKY = const(1 << 10)
_FCS_WRITABLE = const(0x0F00000F)  # THRESH, DREQ_EN, ERR, SHIFT, EN
_FCS_SHIFT = const(1 << 1)
_FCS_ERROR = const(1 << 2)
_FCS_DMA = const(1 << 3)
_FCS_EMPTY = const(1 << 8)
_FCS_FULL = const(1 << 9)
_FCS_UNDER = const(1 << 10)
_FCS_OVER = const(1 << 11)
_DIV_WRITABLE = const(0xFFFFFF)
_FIFO_ERROR = const(0x8000)

_CLOCK_NS = 1000 / 48
_CONVERSION_NS = const(2000)  # 96 clocks
_BATCH = const(1024)  # most conversions computed at once
# 12 bits with 9.2 effective ones: noise and distortion of a full-scale sine, 4096 / sqrt(8), at
# 57.1 dB. All of it is taken as noise here.
_NOISE_COUNTS = 2.0
_MCU_CELSIUS = 31.0
_PLACE_NS = const(500)  # conversions may be that far from where a steady crystal has them


class AdcBlock:
    """``read`` and ``write`` by register offset; `attach` for the DMA.

    ``errors`` are the numbers, counted since the ADC was last started, of conversions to fail.
    """

    def __init__(self):
        self.errors = set()
        self.converted = 0  # since the ADC was last started
        self._cs = self._fcs = self._div = 0
        self._result = 0
        self._fifo = []
        self._dma = None
        self._sensor = MyowareSensor()
        self._noise = Noise(3)
        self._counts = bool(world.config["emg_counter"])
        self._before = 0  # conversions of earlier starts
        self._started = 0  # how many are to be made; -1: no end
        self._paced_ns = 0  # crystal time at which the pacing timer was reset
        self._first_ns = 0  # crystal time at which conversion 0 begins
        self._period_ns = 0.0
        self._anchor = 0  # this conversion begins ...
        self._anchor_ns = 0  # ... at this world time; the next ones ...
        self._step_ns = 0.0  # ... as far apart
        self._codes = array("H", bytes(2 * _BATCH))
        self._volts = array("f", bytes(4 * _BATCH))
        virtual_board.watch(self._catch_up)

    # Registers.

    def read(self, offset):
        now_ns = virtual_board.catch_up()
        if offset == _CS:
            ready = self._cs & 1 and not self._is_converting(now_ns)
            return self._cs | (_CS_READY if ready else 0)
        if offset == _RESULT:
            return self._result
        if offset == _FCS:
            level = len(self._fifo)
            empty = 0 if level else _FCS_EMPTY
            return self._fcs | level << 16 | empty | (_FCS_FULL if level == FIFO_DEPTH else 0)
        if offset == _FIFO:
            if self._fifo:
                return self._fifo.pop(0)
            self._fcs |= _FCS_UNDER
            return 0
        if offset == _DIV:
            return self._div
        raise NotImplementedError("register 0x%02X of the virtual ADC" % offset)

    def write(self, offset, value):
        now_ns = virtual_board.catch_up()
        if offset == _CS:
            self._write_cs(value, now_ns)
        elif offset == _FCS:
            if value & _FCS_SHIFT:
                raise NotImplementedError("8-bit results of the virtual ADC")
            flags = self._fcs & (_FCS_OVER | _FCS_UNDER) & ~value
            self._fcs = value & _FCS_WRITABLE | flags
            self._drain()
        elif offset == _DIV:
            if self._cs & _CS_START_MANY:
                raise NotImplementedError("another rate while the virtual ADC runs")
            self._div = value & _DIV_WRITABLE
            self._paced_ns = crystal_ns(now_ns)
        else:
            raise NotImplementedError("register 0x%02X of the virtual ADC" % offset)

    def attach(self, dma):
        """Feed a DMA channel from now on; None: nobody."""
        self._dma = dma
        self._drain()

    def reset(self):
        """What MicroPython's ``ADC`` does unless the ADC is on: reset it and switch it on."""
        if not self._cs & 1:
            self._cs = self._fcs = self._div = 0
            self._fifo.clear()
            self.write(_CS, 1)

    def convert_once(self, channel):
        """What ``ADC.read_u16`` does: choose an input, convert, wait, read the result."""
        self.write(_CS, self._cs & ~0xF000 | channel << 12 | _CS_START_ONCE)
        world.spend_ns(_CONVERSION_NS)
        return self.read(_RESULT)

    def _write_cs(self, value, now_ns):
        if value & _CS_ROUND_ROBIN:
            raise NotImplementedError("round robin of the virtual ADC")
        errors = self._cs & (_CS_ERROR | _CS_ERROR_STICKY) & ~(value & _CS_ERROR_STICKY)
        was = self._cs
        self._cs = value & _CS_WRITABLE | errors
        running = self._cs & _CS_START_MANY and self._cs & 1
        if running and not was & _CS_START_MANY:
            self._start(crystal_ns(now_ns))
        elif was & _CS_START_MANY and not running:
            self._started = self._begun(now_ns)
        elif value & _CS_START_ONCE and not running and self._cs & 1:
            self._convert(self.converted, 1, now_ns)
            self._result = self._codes[0]

    # Conversions.

    def _start(self, now_crystal_ns):
        clocks = 1 + self._div / 256
        self._period_ns = max(clocks, 96) * _CLOCK_NS
        # The timer runs from the last write to DIV on, whenever conversions are allowed.
        elapsed = int((now_crystal_ns - self._paced_ns) / self._period_ns) + 1
        self._first_ns = self._paced_ns + int(elapsed * self._period_ns)
        self._before += self.converted
        self.converted = 0
        self._started = -1
        self._step_ns = 0.0

    def _begun(self, now_ns, delay_ns=0):
        """Return how many conversions began at least ``delay_ns`` ago."""
        since = crystal_ns(now_ns) - delay_ns - self._first_ns
        begun = 0 if since < 0 else int(since / self._period_ns) + 1
        return begun if self._started < 0 else min(begun, self._started)

    def _is_converting(self, now_ns):
        return self._period_ns and self._begun(now_ns) > self._begun(now_ns, _CONVERSION_NS)

    def _catch_up(self, now_ns):
        if not self._period_ns or self.converted == self._started:
            return
        complete = self._begun(now_ns, _CONVERSION_NS)
        while self.converted < complete:
            count = min(complete - self.converted, _BATCH)
            self._convert(self.converted, count, self._place(self.converted, now_ns))
            self._finish(count)
            self.converted += count

    def _place(self, k, now_ns):
        """Return the world time at which conversion ``k`` begins.

        A steady crystal has steady steps, which spares questions to the world.
        """
        begin_ns = self._first_ns + int(k * self._period_ns)
        second_ns = crystal_ns(now_ns) - crystal_ns(now_ns - 1_000_000_000)
        exact_ns = now_ns - (crystal_ns(now_ns) - begin_ns) * 1_000_000_000 // second_ns
        planned_ns = self._anchor_ns + int((k - self._anchor) * self._step_ns)
        if self._step_ns and abs(exact_ns - planned_ns) < _PLACE_NS:
            return planned_ns
        self._anchor = k
        self._anchor_ns = exact_ns
        self._step_ns = self._period_ns * 1e9 / second_ns
        return exact_ns

    def _convert(self, k, count, start_ns):
        """Fill ``_codes`` with the results of conversions from ``k`` on."""
        codes = self._codes
        channel = self._cs >> 12 & 0xF
        if self._counts and channel + FIRST_PIN == MYOWARE_RAW:
            for i in range(count):
                codes[i] = COUNT_LOW + (k + i) % COUNT_RANGE
            return
        volts = self._volts
        self._fill_volts(channel, start_ns, count)
        scale = 4096 / REFERENCE_V
        a, b = self._noise.a, self._noise.b
        size_a, size_b = len(a), len(b)
        ia = (self._before + k + self._noise.start_a) % size_a
        ib = (self._before + k + self._noise.start_b) % size_b
        for i in range(count):
            code = int(volts[i] * scale + (a[ia] + b[ib]) * _NOISE_COUNTS + 1) - 1
            codes[i] = 0 if code < 0 else 4095 if code > 4095 else code
            ia += 1
            if ia == size_a:
                ia = 0
            ib += 1
            if ib == size_b:
                ib = 0

    def _fill_volts(self, channel, start_ns, count):
        volts = self._volts
        gpio = channel + FIRST_PIN
        if gpio == MYOWARE_RAW and virtual_board.function(gpio) == "ADC":
            self._sensor.fill(start_ns, self._step_ns or 1.0, count, volts)
            return
        level = 0.0
        if channel == CORE_TEMPERATURE:
            # "Temperature sensor": T = 27 - (V - 0.706) / 0.001721
            level = 0.706 - (_MCU_CELSIUS - 27) * 0.001721
        elif gpio == virtual_board.USB_SENSE and world.usb_power():
            level = virtual_board.USB_SENSE_V
        for i in range(count):
            volts[i] = level

    # The FIFO.

    def _finish(self, count):
        """Conversions from ``converted`` on are complete: into RESULT, FIFO and DMA with them."""
        codes = self._codes
        self._cs &= ~_CS_ERROR
        if self.errors:
            mark = _FIFO_ERROR if self._fcs & _FCS_ERROR else 0
            for i in range(count):
                if self.converted + i in self.errors:
                    self._cs |= _CS_ERROR_STICKY | (_CS_ERROR if i == count - 1 else 0)
                    codes[i] = codes[i] ^ 0x555 | mark
        self._result = codes[count - 1] & 0xFFF
        if not self._fcs & 1:
            return
        done = 0
        if self._requests_dma() and not self._fifo:
            done = self._dma.accept(codes, count)
        while done < count:
            if len(self._fifo) == FIFO_DEPTH:
                self._fcs |= _FCS_OVER
                break
            self._fifo.append(codes[done])
            done += 1

    def _requests_dma(self):
        if self._dma is None or not self._fcs & _FCS_DMA:
            return False
        if self._fcs >> 24 != 1:
            raise NotImplementedError("DMA threshold other than 1 of the virtual ADC")
        return True

    def _drain(self):
        one = array("H", [0])
        while self._fifo and self._requests_dma():
            one[0] = self._fifo[0]
            if not self._dma.accept(one, 1):
                break
            self._fifo.pop(0)


adc = AdcBlock()
