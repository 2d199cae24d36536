"""Reads every frame of an ADS1292R into a ring: a PIO program, then DMA.

No interrupt and no processor time. The DMA's transfer count tells how many samples are complete.
"""
# Ref: Texas Instruments SBAS502 8.5.2 (data retrieval, status word) and 6.6 (SPI timing).
# Ref: Raspberry Pi RP2350 datasheet 11 (PIO), 12.6 (DMA).
# Ref: Arm PrimeCell SSP PL022 TRM: SPI holds MOSI low when idle, so the chip sees no command.

import time
from array import array

import rp2
from micropython import const
from uctypes import addressof

_TYPE_CHECKING = const(0)
if _TYPE_CHECKING:  # the assembler's names; left out when this is compiled
    from rp2 import in_, jmp, label, nop, pin, pins, set, wrap, wrap_target, x, x_dec

STATUS = const(0xC00000)
STATUS_MASK = const(0xF01FFF)  # 1100, five lead-off bits, two GPIO bits, thirteen zeros
_FIELD_BITS = const(24)
_DMA_WORD = const(2)  # transfers of 2**2 bytes
_CS_HIGH_US = const(10)  # at least 2 tCLK = 4.3 us
_FRAME_US = const(100)
_WAIT_STEP_US = const(10)
_WAIT_STEPS = const(250)  # 2.5 ms: a sample is due every 0.5 or 1 ms


# Three cycles a bit (SPI mode 1): SCLK rises, the chip shifts; SCLK falls, the bit is read; loop.
# A frame has 72 bits and takes 72 us of the 500 us period with SCLK at 1 MHz.
# DRDY must be seen high first: unread data hold it low, and it pulses high before the next sample,
# so a frame is only ever begun at its start.
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


class FrameReader:
    """Two words a sample: ``ring[2k & mask]`` is the status of sample ``origin + k``, then its
    value.

    ``captured()`` counts on from ``begin(index)``, while the ring begins anew.
    """

    # The count has 28 bits on the RP2350 (the rest is a mode); even, for two words make a sample.
    # It lasts 18.6 h and is then renewed without loss.
    DMA_TRANSFERS = (1 << 28) - 2

    def __init__(self, state_machine, pio_hz, sclk, miso, drdy, cs, ring_bits):
        drdy.init(drdy.IN)
        self._pio_hz = pio_hz
        self._sclk = sclk
        self._miso = miso
        self._drdy = drdy
        self._cs = cs
        self.ring = _aligned_ring(ring_bits)
        self.mask = len(self.ring) - 1
        self.samples = len(self.ring) // 2
        self.origin = 0  # index of the sample at the beginning of the ring
        self._base = 0  # samples complete when the DMA count was last loaded
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

    def begin(self, index):
        """Take the clock pin from SPI and read from the next start of a frame on: that is sample
        ``index``. The chip must be in RDATAC.
        """
        self.number(index)
        self._sm.init(  # clears its FIFO, too
            _read_frames,
            freq=self._pio_hz,
            in_base=self._miso,
            jmp_pin=self._drdy,
            sideset_base=self._sclk,
        )
        self._cs(0)
        self._dma.config(
            read=self._sm,
            write=self.ring,
            count=self.DMA_TRANSFERS,
            ctrl=self._dma_control,
            trigger=True,
        )
        self._sm.active(1)

    def number(self, index):
        """Say which sample the one at the beginning of the ring is."""
        self._base = self.origin = index

    def end(self):
        """Stop reading, at whichever bit, and give the clock pin to SPI."""
        self._sm.active(0)
        self._dma.active(0)
        self._cs(1)
        time.sleep_us(_CS_HIGH_US)
        self._sclk.init(self._sclk.ALT, alt=self._sclk.ALT_SPI)

    def captured(self):
        """Return how many samples are complete."""
        return self._base + ((self.DMA_TRANSFERS - self._dma.count) >> 1)

    def begun(self):
        """Return how many samples are complete, one that lacks a word included."""
        return self._base + ((self.DMA_TRANSFERS - self._dma.count + 1) >> 1)

    def newest_is_bad(self):
        captured = self.captured()
        if captured == self.origin:
            return False
        return self.ring[(captured - 1 - self.origin << 1) & self.mask] & STATUS_MASK != STATUS

    def wait_for_sample(self):
        """Return just after a sample is complete, or False when none comes."""
        captured = self.captured()
        step = 0
        while step < _WAIT_STEPS:
            if self.captured() != captured:
                return True
            time.sleep_us(_WAIT_STEP_US)
            step += 1
        return False

    def wait_for_frame(self):
        """Let the second word come, if the first one of a frame is there."""
        time.sleep_us(_FRAME_US)

    def renew_count(self):
        """Load the DMA count anew when it nears its end. Just after a sample nothing is in flight
        for 0.4 ms, and the joined FIFO would hold four samples: nothing is lost.
        """
        if self._dma.count < self.DMA_TRANSFERS >> 4 and self.wait_for_sample():
            self._base = self.captured()
            self._dma.active(0)
            self._dma.count = self.DMA_TRANSFERS
            self._dma.active(1)


def _aligned_ring(ring_bits):
    """Return 2**ring_bits bytes as 32-bit words, aligned to their size: DMA wraps there."""
    size = 1 << ring_bits
    words = array("I", bytes(2 * size))
    first = (-addressof(words) & (size - 1)) >> 2
    return memoryview(words)[first : first + (size >> 2)]
