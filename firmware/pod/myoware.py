"""EMG source MyoWare 2.0: its RAW output, converted by the microcontroller's own ADC.

    emg = MyoWare(26, 15, 0x400A0000, 48)
    emg.prepare(2000, 0)
    emg.start()
    while emg.poll() - emg.next_index >= 100:
        n = emg.read(samples, 100)

RAW is the electrodes' voltage, amplified 200 times, from 20.8 to 498.4 Hz (first order both), on
top of half the supply. The ADC converts it 8000 times a second; 4 (at 2000 SPS) or 8 (at 1000)
conversions are added up. That is the fastest at which a DMA ring, 32 KB at most, holds two
seconds. 9.2 effective bits a conversion become 10.2 (10.7): one count of the sum is 1.0 (0.5) uV
at the electrodes, the ADC's noise about 4 (3) uV RMS, the range +-8.1 mV. It is as accurate as
the board's 3.3 V, and knows nothing of electrodes that are off: ``lead_off`` is always 0.

Steady state (poll, read): nothing is allocated.
"""
# Ref: Advancer Technologies, "MyoWare 2.0 Advanced Guide": outputs, gain, filters.
# Ref: Raspberry Pi RP2350 datasheet 12.4 (ADC: 12 bits, 9.2 effective) and 12.6 (DMA: ring size).

import asyncio
import time
from array import array

from adc_reader import ERROR, AdcReader
from micropython import const
from wire import FLAG_CLIPPED, FLAG_LOST_BEFORE

_GAIN = const(200)
_SHIFTS = {1000: 3, 2000: 2}  # conversions a sample: 2**shift
_REFERENCE_PV = 3_300_000_000_000  # the board's 3.3 V supply
_REFERENCE_MV = const(3300)
_BITS = const(12)
_MIDDLE = const(1 << 11)
# An amplifier's output ends some 10 mV before its supply, and the ADC is off by as much.
_LOW = const(32)
_HIGH = const(4063)
_FAILED_US = const(500_000)

_TEST_PARTS = const(4)  # of a second
_TEST_MS = const(300)
_BIAS_TOLERANCE_MV = const(165)  # 5 % of the supply: it comes from a divider


class MyoWare:
    chip = "MyoWare 2.0"

    def __init__(self, gpio, ring_bits, adc_base, dma_request):
        self._reader = AdcReader(gpio, ring_bits, adc_base, dma_request)
        self.rate_sps = 0
        self.gain = self.fixed_gain = _GAIN
        self.lsb_pv = 0  # electrode voltage of one count, picovolts
        self._shift = 0
        self._safe_samples = 0
        self._capturing = False
        self._reset_counters()

    def prepare(self, rate_sps, gain):
        """Set up the ADC. The gain is fixed: ``gain`` has no effect.

        There is no chip to ask who it is, so only the ADC is checked; whether a MyoWare is
        connected, self_test() can tell. Raises ChipError.
        """
        if rate_sps not in _SHIFTS:
            raise ValueError("no such rate: %r SPS" % rate_sps)
        reader = self._reader
        reader.prepare(_SHIFTS[rate_sps])
        self.rate_sps = rate_sps
        self._shift = _SHIFTS[rate_sps]
        counts = _GAIN << (_BITS + self._shift)
        self.lsb_pv = (_REFERENCE_PV + counts // 2) // counts
        # After a stall, skip to where DMA does not catch up while the block is being copied.
        self._safe_samples = reader.samples - reader.samples // 8

    def sleep(self):
        """Switch the ADC off; prepare() wakes it. The MyoWare stays on: it has no switch."""
        self._reader.sleep()

    def start(self):
        """Convert, and capture from sample 0 on."""
        self._reset_counters()
        self._reader.begin()
        self._good_us = time.ticks_us()
        self._capturing = True

    def stop(self):
        """Stop converting. Samples not yet read are gone."""
        self._capturing = self.failed = False
        self._reader.end()

    def poll(self):
        """Return how many samples are complete since start, and take the anchor of that moment."""
        if not self._capturing:
            return self.anchor_index
        reader = self._reader
        captured = reader.poll()
        now_us = reader.ticks_us
        if reader.origin > self.next_index:  # conversions were lost before DMA could take them
            self.misaligned += 1
            self._skip_to(reader.origin)
        # Good is a new sample that is at neither end; one alone may be there by chance.
        good = captured != self.anchor_index and captured > reader.origin
        if good and _LOW < reader.ring[reader.position(captured - 1)] < _HIGH:
            self._good_us = now_us
            self.failed = False
        elif time.ticks_diff(now_us, self._good_us) > _FAILED_US:
            self.failed = True
        self.anchor_index = captured
        self.anchor_ticks_us = now_us
        return captured

    def read(self, samples, count):
        """Copy the next ``count`` samples, counts from mid-supply, into array('i') ``samples``.

        Returns the number copied: 0 while fewer than ``count`` were complete at the last poll,
        less than ``count`` where one follows that has a failed conversion (it counts as lost).
        Sets ``first_index``, ``flags`` and ``lead_off`` of these samples.
        """
        reader = self._reader
        ring = reader.ring
        mask = len(ring) - 1
        width = 1 << self._shift
        middle = _MIDDLE << self._shift
        while True:
            captured = reader.captured()
            if captured - self.next_index > self._safe_samples:
                self._skip_to(captured - self._safe_samples)
            if self.anchor_index - self.next_index < count or not self._capturing:
                return 0
            flags = FLAG_LOST_BEFORE if self._lost_before else 0
            position = reader.position(self.next_index)
            n = 0
            while n < count:
                total = 0
                end = position + width
                while position < end:
                    x = ring[position]
                    if not _LOW < x < _HIGH and x < ERROR:
                        flags |= FLAG_CLIPPED
                    total += x
                    position += 1
                if total >= ERROR:  # which eight good conversions do not reach
                    break
                samples[n] = total - middle
                position &= mask
                n += 1
            # DMA writes sample `captured` where `captured - ring` was: was this block still whole?
            if reader.captured() - self.next_index < reader.samples:
                if n:
                    break
                self.misaligned += 1
                self._skip_to(self.next_index + 1)
        self.first_index = self.next_index
        self.flags = flags
        self.next_index += n
        self._lost_before = False
        return n

    async def self_test(self):
        """Return "ok" and what was measured for a quarter of a second: the rate by the pod's
        clock, the bias in mV, and the signal's RMS about it in nV at the electrodes.

        A MyoWare has no test signal. What can be told: that the ADC converts on time, that RAW is
        at half the supply and not at an end, and that it is not as dead as a wire. How quiet it is
        depends on who wears it, so no upper limit is judged.
        """
        samples = array("i", [0] * (self.rate_sps // _TEST_PARTS))
        self.start()
        try:
            start_us = time.ticks_us()
            await asyncio.sleep_ms(_TEST_MS)
            rate_sps = self.poll() * 1_000_000 // time.ticks_diff(self.anchor_ticks_us, start_us)
            n = self.read(samples, len(samples))
        finally:
            self.stop()
        total = squares = 0
        for i in range(n):
            total += samples[i]
            squares += samples[i] ** 2
        mean_square = max(squares * n - total * total, 0) // max(n * n, 1)
        noise_nv = int(mean_square**0.5 * (self.lsb_pv / 1000))
        bias_counts = total // max(n, 1)
        bias_mv = (bias_counts + (_MIDDLE << self._shift)) * _REFERENCE_MV >> (_BITS + self._shift)
        return {
            "ok": n > 0
            and not self.flags & FLAG_CLIPPED
            and abs(rate_sps - self.rate_sps) * 50 < self.rate_sps
            and abs(2 * bias_mv - _REFERENCE_MV) < 2 * _BIAS_TOLERANCE_MV
            and noise_nv > 0,
            "rate_sps": rate_sps,
            "bias_mv": bias_mv,
            "noise_nv": noise_nv,
        }

    def _skip_to(self, index):
        self.overrun += index - self.next_index
        self.next_index = index
        self._lost_before = True

    def _reset_counters(self):
        self.anchor_index = 0  # samples complete ...
        self.anchor_ticks_us = 0  # ... at these ticks
        self.next_index = 0  # index of the sample that read() returns next
        self.first_index = 0  # of the last block: index, wire.FLAG_*, wire.LEAD_OFF_*
        self.flags = 0
        self.lead_off = 0
        self.overrun = 0  # samples lost since start
        self.misaligned = 0  # samples with a failed conversion, and overflows of the FIFO
        self.failed = False
        self._lost_before = False
        self._good_us = 0  # ticks when a good sample had come
