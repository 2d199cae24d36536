"""Hardware-timed EMG: a PIO program reads each sample of the ADS1292R, DMA stores it in a ring.

No interrupt and no processor time: the DMA's transfer count is the sample index. The loop only has
to look before the ring is overwritten (2 s), and counts exactly what it missed if it does not.

    capture = EmgCapture(0, 3_000_000, Pin(2), Pin(4), Pin(0), Pin(1), 15)
    ads.start_conversions()
    capture.start()
    while capture.poll() - capture.next_index >= 100:
        n = capture.read(samples, 100)

Steady state (poll, read): nothing is allocated.
"""
# Ref: Texas Instruments SBAS502 8.5.2 (data retrieval, status word) and 7.6 (SPI timing).
# Ref: Raspberry Pi RP2350 datasheet 11 (PIO), 12.6 (DMA).
# Ref: Arm PrimeCell SSP PL022 TRM: SPI holds MOSI low when idle, so the chip sees no command.

import time
from array import array

import rp2
from micropython import const
from uctypes import addressof
from wire import FLAG_CLIPPED, FLAG_LOST_BEFORE

_FIELD_BITS = const(24)
_STATUS_MASK = const(0xF01FFF)  # 1100, five lead-off bits, two GPIO bits, thirteen zeros
_STATUS = const(0xC00000)
_LEAD_OFF_SHIFT = const(15)
_LEAD_OFF_MASK = const(0x1F)  # the order of wire.LEAD_OFF_*
_SIGN = const(0x800000)
_RAIL_HIGH = const(0x7FFFFF)
_RAIL_LOW = const(0x800000)
_DMA_WORD = const(2)  # transfers of 2**2 bytes
_CS_HIGH_US = const(10)  # at least 2 tCLK = 3.9 us
_FRAME_US = const(100)
_WAIT_STEP_US = const(10)
_WAIT_STEPS = const(250)  # 2.5 ms: a sample is due every 0.5 ms


# Three cycles a bit (SPI mode 1): SCLK rises, the chip shifts; SCLK falls, the bit is read; loop.
# A frame has 72 bits and takes 72 us of the 500 us period with SCLK at 1 MHz.
# DRDY must be seen high first: unread data hold it low, and it pulses high before the next sample,
# so a frame is only ever begun at its start.
# ruff: noqa: F821
@rp2.asm_pio(
    sideset_init=rp2.PIO.OUT_LOW,
    in_shiftdir=rp2.PIO.SHIFT_LEFT,
    autopush=True,
    push_thresh=_FIELD_BITS,
    fifo_join=rp2.PIO.JOIN_RX,
)
def _read_frames():
    wrap_target()
    label("busy")
    jmp(pin, "high").side(0)
    jmp("busy").side(0)
    label("high")
    jmp(pin, "high").side(0)
    set(x, 23).side(0)
    label("status")
    nop().side(1)
    in_(pins, 1).side(0)
    jmp(x_dec, "status").side(0)
    set(x, 23).side(0)
    label("channel_1")
    nop().side(1)
    jmp(x_dec, "channel_1").side(0)[1]
    set(x, 23).side(0)
    label("channel_2")
    nop().side(1)
    in_(pins, 1).side(0)
    jmp(x_dec, "channel_2").side(0)
    wrap()


class EmgCapture:
    # The count has 28 bits on the RP2350 (the rest is a mode); even, for two words make a sample.
    # It lasts 18.6 h and is then renewed without loss.
    DMA_TRANSFERS = (1 << 28) - 2

    def __init__(self, state_machine, pio_hz, sclk, miso, drdy, cs, ring_bits, rate_sps=2000):
        drdy.init(drdy.IN)
        self._pio_hz = pio_hz
        self._sclk = sclk
        self._miso = miso
        self._drdy = drdy
        self._cs = cs
        self._period_us = 1_000_000 // rate_sps
        self._ring = _aligned_ring(ring_bits)
        self._ring_mask = len(self._ring) - 1
        self._ring_samples = len(self._ring) // 2
        # After a stall, skip to where DMA does not catch up while the block is being copied.
        self._safe_samples = self._ring_samples - self._ring_samples // 8
        self._sm = rp2.StateMachine(state_machine)
        self._dma = rp2.DMA()
        self._dma_control = self._dma.pack_ctrl(
            size=_DMA_WORD,
            inc_read=False,
            inc_write=True,
            ring_sel=True,
            ring_size=ring_bits,
            # RX requests of state machines 0-3 of each PIO block follow its four TX requests.
            treq_sel=(state_machine >> 2 << 3) + (state_machine & 3) + 4,
        )
        self._reset_counters()

    def start(self):
        """Take over the clock pin and begin at sample 0. The chip must be in RDATAC."""
        self._reset_counters()
        self._sm.init(
            _read_frames,
            freq=self._pio_hz,
            in_base=self._miso,
            jmp_pin=self._drdy,
            sideset_base=self._sclk,
        )
        self._cs(0)
        self._arm()

    def stop(self):
        """Give the clock pin back to SPI. Samples not yet read are gone."""
        self._disarm()
        self._cs(1)
        time.sleep_us(_CS_HIGH_US)
        self._sclk.init(self._sclk.ALT, alt=self._sclk.ALT_SPI)

    def poll(self):
        """Return how many samples are complete since start, and take the anchor of that moment.

        If frame and words have come apart, or the count nears its end, puts that right first.
        """
        if self._dma.count < self.DMA_TRANSFERS >> 4:
            self._renew_count()
        elif self._newest_is_bad():
            self._realign()
        self.anchor_index = self._captured()
        self.anchor_ticks_us = time.ticks_us()
        return self.anchor_index

    def read(self, samples, count):
        """Copy the next ``count`` samples, signed converter counts, into array('i') ``samples``.

        Returns the number copied: 0 while fewer than ``count`` are complete, less than ``count``
        where a corrupted frame follows (it counts as lost). Sets ``first_index``, ``flags`` and
        ``lead_off`` of these samples.
        """
        ring = self._ring
        mask = self._ring_mask
        while True:
            captured = self._captured()
            if captured - self.next_index > self._safe_samples:
                self._skip_to(captured - self._safe_samples)
            position = ((self.next_index - self._origin) << 1) & mask
            while captured > self.next_index and ring[position] & _STATUS_MASK != _STATUS:
                self.misaligned += 1
                self._skip_to(self.next_index + 1)
                position = (position + 2) & mask
            if captured - self.next_index < count:
                return 0
            flags = FLAG_LOST_BEFORE if self._lost_before else 0
            seen = 0
            n = 0
            while n < count:
                status = ring[position]
                if status & _STATUS_MASK != _STATUS:
                    break
                x = ring[position + 1]
                if x == _RAIL_HIGH or x == _RAIL_LOW:
                    flags |= FLAG_CLIPPED
                seen |= status
                samples[n] = (x ^ _SIGN) - _SIGN
                position = (position + 2) & mask
                n += 1
            # DMA writes sample `captured` where `captured - ring` was: was this block still whole?
            if self._captured() - self.next_index < self._ring_samples:
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
        self._lost_before = False
        self._base = 0  # samples complete when the DMA count was last loaded
        self._origin = 0  # index of the sample at the beginning of the ring

    def _arm(self):
        self._dma.config(
            read=self._sm,
            write=self._ring,
            count=self.DMA_TRANSFERS,
            ctrl=self._dma_control,
            trigger=True,
        )
        self._sm.active(1)

    def _disarm(self):
        self._sm.active(0)
        self._dma.active(0)

    def _captured(self):
        return self._base + ((self.DMA_TRANSFERS - self._dma.count) >> 1)

    def _skip_to(self, index):
        self.overrun += index - self.next_index
        self.next_index = index
        self._lost_before = True

    def _newest_is_bad(self):
        captured = self._captured()
        if captured == self._origin:
            return False
        position = ((captured - 1 - self._origin) << 1) & self._ring_mask
        return self._ring[position] & _STATUS_MASK != _STATUS

    def _wait_for_sample(self):
        """Return just after a sample is complete, or False when none comes."""
        captured = self._captured()
        step = 0
        while step < _WAIT_STEPS:
            if self._captured() != captured:
                return True
            time.sleep_us(_WAIT_STEP_US)
            step += 1
        return False

    def _renew_count(self):
        """Load the DMA count anew. Just after a sample nothing is in flight for 0.4 ms, and the
        joined FIFO would hold four samples: nothing is lost.
        """
        if self._wait_for_sample():
            self._base = self._captured()
            self._dma.active(0)
            self._dma.count = self.DMA_TRANSFERS
            self._dma.active(1)

    def _realign(self):
        """Begin again at the start of a frame; the sample index goes on as the converter does.

        The converter does not stop, so what is missed is a whole number of its periods. Both ends
        of the gap are timed just after a sample, and it lasts a few periods only: rounding to a
        whole number is exact although the converter's clock may be off by 2 %. Samples not yet
        read are given up and counted as lost.
        """
        self.misaligned += 1
        self._wait_for_sample()
        before_us = time.ticks_us()
        time.sleep_us(_FRAME_US)  # both words of this frame are in; an earlier one may be missing
        before = self._base + ((self.DMA_TRANSFERS - self._dma.count + 1) >> 1)
        self._disarm()
        self._cs(1)  # ends the chip's transfer, whichever bit it is at
        time.sleep_us(_CS_HIGH_US)
        self._cs(0)
        self._sm.restart()
        while self._sm.rx_fifo():
            self._sm.get()
        self._base = self._origin = before
        self._arm()
        if self._wait_for_sample():
            elapsed_us = time.ticks_diff(time.ticks_us(), before_us)
            periods = (elapsed_us + self._period_us // 2) // self._period_us
            self._base = self._origin = before + periods - 1
        self._skip_to(self._origin)


def _aligned_ring(ring_bits):
    """Return 2**ring_bits bytes as 32-bit words, aligned to their size: DMA wraps there."""
    size = 1 << ring_bits
    words = array("I", bytes(2 * size))
    first = (-addressof(words) & (size - 1)) >> 2
    return memoryview(words)[first : first + (size >> 2)]
