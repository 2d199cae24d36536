"""EMG source ADS1292R: a PIO program reads each of its samples, DMA stores it in a ring.

No interrupt and no processor time: the DMA's transfer count is the sample index. The loop only has
to look before the ring is overwritten (2 s at 2000 SPS), and counts exactly what it missed if it
does not.

    capture = EmgCapture(ads, 0, 3_000_000, Pin(2), Pin(4), Pin(0), Pin(1), 15)
    capture.prepare(2000, 6)
    capture.start()
    while capture.poll() - capture.next_index >= 100:
        n = capture.read(samples, 100)

A front end that stops, babbles or loses its settings is looked after by poll(), once a second: its
registers are read and written anew, and capture begins again at the start of a frame. The sample
index goes on as the converter's clock does. ``failed`` tells that no good sample came for 0.5 s.

Steady state (poll, read): nothing is allocated.
"""

import time

import emg_self_test
from ads1292r import REFERENCE_MS
from emg_frames import STATUS, STATUS_MASK, FrameReader
from micropython import const
from wire import FLAG_CLIPPED, FLAG_LOST_BEFORE

_LEAD_OFF_SHIFT = const(15)
_LEAD_OFF_MASK = const(0x1F)  # the order of wire.LEAD_OFF_*
_SIGN = const(0x800000)
_RAIL_HIGH = const(0x7FFFFF)
_RAIL_LOW = const(0x800000)

_WINDOW_US = const(100_000)  # between two looks at the sample rate
_PACE_SHIFT = const(
    4
)  # it may be off by 1/16: the chip's clock is good to 2 %; 500 SPS after reset
_FAILED_US = const(500_000)
_RETRY_US = const(1_000_000)
_CLOCK_SHIFT = const(6)  # the period is kept in 1/64 us, 31 ppm of it at 2000 SPS
_CLOCK_US = const(1 << 23)  # longest time counted at once: shifted, it is still a small int


class EmgCapture:
    chip = "ADS1292R"
    fixed_gain = 0  # it is set

    def __init__(self, ads, state_machine, pio_hz, sclk, miso, drdy, cs, ring_bits):
        self._ads = ads
        self._reader = FrameReader(state_machine, pio_hz, sclk, miso, drdy, cs, ring_bits)
        # After a stall, skip to where DMA does not catch up while the block is being copied.
        self._safe_samples = self._reader.samples - self._reader.samples // 8
        self.rate_sps = 0
        self.gain = 0
        self.lsb_pv = 0  # electrode voltage of one count, picovolts
        self._period = 0  # of the converter, in 1/64 us
        self._capturing = False
        self._up = False  # frames are being read
        self._reset_counters()

    def prepare(self, rate_sps, gain):
        """Power the chip up and set it up. Takes more than a second.

        Raises ChipError when another chip or none answers, or a register does not hold.
        """
        ads = self._ads
        ads.power_up()
        ads.identify()
        ads.configure(rate_sps, gain, True)
        self.rate_sps = ads.rate_sps
        self.gain = ads.gain
        self.lsb_pv = ads.lsb_pv
        self._period = (1_000_000 << _CLOCK_SHIFT) // rate_sps

    async def self_test(self):
        """Measure the chip's own test signal and its noise; see emg_self_test.py."""
        return await emg_self_test.run(self, self._ads)

    def sleep(self):
        """Switch the chip off; prepare() wakes it."""
        self._ads.power_down()

    def start(self):
        """Convert, and capture from sample 0 on."""
        self._reset_counters()
        self._ads.start_conversions()
        self._good_us = self._window_us = time.ticks_us()
        self._reader.begin(0)
        self._capturing = self._up = True

    def stop(self):
        """Stop converting; SPI has its clock pin again. Samples not yet read are gone."""
        if self._up:
            self._reader.end()
        self._capturing = self._up = self.failed = False
        self._ads.stop_conversions()

    def poll(self):
        """Return how many samples are complete since start, and take the anchor of that moment.

        Looks after what goes wrong, with at most 6 ms of work, once a second.
        """
        if not self._capturing:
            return self.anchor_index
        if self._up:
            self._look()
        elif time.ticks_diff(time.ticks_us(), self._due_us) >= 0:
            self._repair()
        if time.ticks_diff(time.ticks_us(), self._good_us) > _FAILED_US:
            self.failed = True
        return self.anchor_index

    def read(self, samples, count):
        """Copy the next ``count`` samples, signed converter counts, into array('i') ``samples``.

        Returns the number copied: 0 while fewer than ``count`` are complete, less than ``count``
        where a corrupted frame follows (it counts as lost). Sets ``first_index``, ``flags`` and
        ``lead_off`` of these samples.
        """
        if not self._up:
            return 0
        reader = self._reader
        ring = reader.ring
        mask = reader.mask
        status_mask = STATUS_MASK
        good = STATUS
        while True:
            captured = reader.captured()
            if captured - self.next_index > self._safe_samples:
                self._skip_to(captured - self._safe_samples)
            position = ((self.next_index - reader.origin) << 1) & mask
            while captured > self.next_index and ring[position] & status_mask != good:
                self.misaligned += 1
                self._skip_to(self.next_index + 1)
                position = (position + 2) & mask
            wanted = captured - self.next_index
            if wanted >= count:
                wanted = count
            elif wanted == 0 or not reader.newest_is_bad():
                return 0
            flags = FLAG_LOST_BEFORE if self._lost_before else 0
            seen = 0
            n = 0
            while n < wanted:
                status = ring[position]
                if status & status_mask != good:
                    break
                x = ring[position + 1]
                if x == _RAIL_HIGH or x == _RAIL_LOW:
                    flags |= FLAG_CLIPPED
                seen |= status
                samples[n] = (x ^ _SIGN) - _SIGN
                position = (position + 2) & mask
                n += 1
            # A value that looks like a status probably is one: a word is missing before it. What
            # follows will tell.
            if x & status_mask == good:
                n -= 1
                if not n:
                    if wanted == 1:
                        return 0
                    self.misaligned += 1
                    self._skip_to(self.next_index + 1)
                    continue
            # DMA writes sample `captured` where `captured - ring` was: was this block still whole?
            if reader.captured() - self.next_index < reader.samples:
                break
        self.first_index = self.next_index
        self.flags = flags
        self.lead_off = (seen >> _LEAD_OFF_SHIFT) & _LEAD_OFF_MASK
        self.next_index += n
        self._lost_before = False
        return n

    def _reset_counters(self):
        self.anchor_index = 0  # samples complete ...
        self.anchor_ticks_us = 0  # ... at these ticks
        self.next_index = 0  # index of the sample that read() returns next
        self.first_index = 0  # of the last block: index, wire.FLAG_*, wire.LEAD_OFF_*
        self.flags = 0
        self.lead_off = 0
        self.overrun = 0  # samples lost since start
        self.misaligned = 0  # frames seen whose status word was not one
        self.failed = False
        self._lost_before = False
        self._good_us = 0  # ticks when all was well
        self._window_index = 0  # samples complete ...
        self._window_us = 0  # ... when the rate was last looked at
        self._on_pace = True
        self._was_bad = False
        self._rested = True  # the last repair was a second ago
        self._due_us = 0  # ticks of the next repair
        self._reference_index = 0  # how many samples were complete ...
        self._reference_us = 0  # ... at these ticks: from there a gap is counted
        self._steady_samples = 0  # made ...
        self._steady_us = 0  # ... in this time, without trouble: they tell the period

    # --- what may go wrong

    def _skip_to(self, index):
        self.overrun += index - self.next_index
        self.next_index = index
        self._lost_before = True

    def _look(self):
        """Take the anchor; see whether the frames are frames, and as many as there should be."""
        reader = self._reader
        reader.renew_count()
        captured = reader.captured()
        now_us = time.ticks_us()
        if captured != self.anchor_index:
            self.anchor_index = captured
            self.anchor_ticks_us = now_us
        # Twice in a row: by then read() has taken what was good before it.
        bad = reader.newest_is_bad()
        lasts = bad and self._was_bad
        self._was_bad = bad
        elapsed_us = time.ticks_diff(now_us, self._window_us)
        if elapsed_us >= _WINDOW_US:
            self._check_pace(captured, now_us, elapsed_us)
            if self._on_pace and not bad:
                self._good_us = now_us
                self.failed = False
            if not self._rested and time.ticks_diff(now_us, self._due_us) >= 0:
                self._rested = True
        if self._rested and (lasts or not self._on_pace):
            self._take_down()
            self._repair()

    def _check_pace(self, captured, now_us, elapsed_us):
        """Too few samples (DRDY is silent, or the chip was reset) or too many: not on pace."""
        samples = captured - self._window_index
        period_us = self._period >> _CLOCK_SHIFT
        surplus_us = samples * period_us - elapsed_us
        if abs(surplus_us) > (elapsed_us >> _PACE_SHIFT) + period_us:
            self._on_pace = False
        if not self._on_pace:
            return  # the window's beginning is the last time that the index was true
        self._window_index = captured
        self._window_us = now_us
        if elapsed_us > _CLOCK_US:
            return
        self._steady_samples += samples
        self._steady_us += elapsed_us
        if self._steady_us > _CLOCK_US - 4 * _WINDOW_US:
            self._learn_period()

    def _learn_period(self):
        """Know the converter's clock better than its tolerance: gaps are counted by it."""
        samples = self._steady_samples
        if samples > self.rate_sps and self._steady_us <= _CLOCK_US:
            self._period = ((self._steady_us << _CLOCK_SHIFT) + samples // 2) // samples
        self._steady_samples = self._steady_us = 0

    def _take_down(self):
        """Stop reading. Remember when how many samples were complete.

        While DRDY ticks that is known exactly, just after a sample.
        """
        reader = self._reader
        if self._on_pace:
            self.misaligned += 1
        if self._on_pace and reader.wait_for_sample():
            self._reference_us = time.ticks_us()
            reader.wait_for_frame()  # both words of this sample are in; one before may be missing
            self._reference_index = reader.begun()
        else:
            half_us = self._period >> (_CLOCK_SHIFT + 1)  # the sample was up to a period ago
            self._reference_us = time.ticks_add(self._window_us, -half_us)
            self._reference_index = self._window_index
        self._learn_period()
        reader.end()
        self._up = False

    def _repair(self):
        """Set the chip up if need be, and begin again at the start of a frame.

        The converter does not stop, so what is missed is a whole number of its periods: exact
        while DRDY ticks, else good to the learnt period. Samples not yet read are given up.
        """
        self._due_us = time.ticks_add(time.ticks_us(), _RETRY_US)
        self._rested = False
        if self._ads.restore():
            self._due_us = time.ticks_add(time.ticks_us(), REFERENCE_MS * 1000)
            return
        reader = self._reader
        reader.begin(self._reference_index)
        self._up = reader.wait_for_sample()
        now_us = time.ticks_us()
        self._count_periods(now_us)
        if not self._up:
            reader.end()
            return
        index = max(self._reference_index - 1, self.next_index, self.anchor_index)
        reader.number(index)
        self._skip_to(index)
        self._window_index = index + 1
        self._window_us = now_us
        self._on_pace = True
        self._was_bad = False

    def _count_periods(self, now_us):
        """Move the reference to the sample nearest to now, in steps that are small ints."""
        while True:
            elapsed_us = time.ticks_diff(now_us, self._reference_us)
            whole = elapsed_us <= _CLOCK_US
            if not whole:
                elapsed_us = _CLOCK_US
            periods = ((elapsed_us << _CLOCK_SHIFT) + (self._period >> 1)) // self._period
            self._reference_index += periods
            self._reference_us = time.ticks_add(
                self._reference_us, periods * self._period >> _CLOCK_SHIFT
            )
            if whole:
                return
