"""Reads the microcontroller's own ADC into a ring: it paces itself, DMA empties its FIFO.

No interrupt and no processor time. The DMA's transfer count tells how many conversions are
complete; a sample is a group of them, which whoever reads the ring adds up. Nobody else may use
the ADC meanwhile: choosing another input would change the one that is being read.
"""
# Ref: Raspberry Pi RP2350 datasheet 12.4 (ADC) and 12.6 (DMA). The RP2040 has the same registers.

import time
from array import array

import rp2
from chip_error import ChipError
from machine import ADC, Pin, mem32
from micropython import const
from uctypes import addressof

ERROR = const(0x8000)  # this conversion failed: what it says means nothing
_CONVERSION_US = const(125)  # 8000 a second
_CLOCK_MHZ = const(48)
_FIRST_PIN = const(26)  # GPIO 26 is input 0

_FCS = const(0x08)
_FIFO = const(0x0C)
_DIV = const(0x10)
_CS_ENABLE = const(1)
_CS_START_MANY = const(1 << 3)
_CS_READY = const(1 << 8)
_CS_INPUT_SHIFT = const(12)
_FCS_SETUP = const(1 << 24 | 1 << 3 | 1 << 2 | 1)  # request from 1 on; DMA; error bits; FIFO on
_FCS_CLEAR = const(1 << 11 | 1 << 10)  # overflow, underflow
_FCS_OVERFLOW = const(1 << 11)
_FCS_LEVEL = const(0xF << 16)
_DIV_INT_SHIFT = const(8)
_DMA_HALFWORD = const(1)  # transfers of 2**1 bytes
_READY_TRIES = const(100)  # a conversion takes 2 us
_WAIT_STEP_US = const(5)
_WAIT_STEPS = const(400)  # 2 ms: a sample is due every 0.5 or 1 ms
_JUST_AFTER_US = const(60)  # of the 125 to the next conversion


class AdcReader:
    # The count has 28 bits on the RP2350 (the rest is a mode). It lasts 9.3 h and is then renewed
    # without loss.
    DMA_TRANSFERS = (1 << 28) - 1

    def __init__(self, gpio, ring_bits, adc_base, dma_request):
        self._pin = Pin(gpio)
        self._input = gpio - _FIRST_PIN
        # Whole addresses, once: they are above 2**30, so computing one takes memory.
        self._cs = adc_base
        self._fcs = adc_base + _FCS
        self._fifo = adc_base + _FIFO
        self._div = adc_base + _DIV
        self.ring = _aligned_ring(ring_bits)  # conversions, 16 bits each
        self._dma = rp2.DMA()
        self._dma_control = self._dma.pack_ctrl(
            size=_DMA_HALFWORD,
            inc_read=False,
            inc_write=True,
            ring_sel=True,
            ring_size=ring_bits,
            treq_sel=dma_request,
        )
        self._shift = 0
        self._period_us = 0
        self.samples = 0  # that the ring holds
        self._forget()

    def prepare(self, shift):
        """Power up; 2**shift conversions will make a sample.

        Raises ChipError when the ADC does not get ready or does not hold its rate.
        """
        ADC(self._pin)  # takes it out of reset, and the pin's digital parts away from the signal
        self.end()
        mem32[self._cs] = _CS_ENABLE | self._input << _CS_INPUT_SHIFT
        divider = _CLOCK_MHZ * _CONVERSION_US - 1 << _DIV_INT_SHIFT
        mem32[self._div] = divider
        if not self._wait_until_ready():
            raise ChipError("ADC", "CS", _CS_READY | _CS_ENABLE, mem32[self._cs])
        if mem32[self._div] != divider:
            raise ChipError("ADC", "DIV", divider, mem32[self._div])
        self._shift = shift
        self._period_us = _CONVERSION_US << shift
        self.samples = len(self.ring) >> shift

    def begin(self):
        """Convert, from sample 0 on."""
        self.end()
        self._forget()
        self._empty_fifo()
        self._arm()
        mem32[self._cs] |= _CS_START_MANY
        self._beat_us = time.ticks_us()

    def end(self):
        """Stop converting. What is in the ring stays there."""
        mem32[self._cs] &= ~_CS_START_MANY
        self._wait_until_ready()
        self._dma.active(0)

    def sleep(self):
        """Switch the ADC off; prepare() wakes it."""
        self.end()
        mem32[self._cs] = 0

    def captured(self):
        """Return how many samples are complete since begin()."""
        done = self._part + self.DMA_TRANSFERS - self._dma.count
        return self._base + (done >> self._shift)

    def position(self, index):
        """Return where in the ring a sample begins."""
        return ((index - self.origin) & (self.samples - 1)) << self._shift

    def poll(self):
        """Return how many samples are complete at ``ticks_us``; up to these, no index is wrong.

        Puts right what went wrong before: then ``origin`` is a later sample.
        """
        if self._dma.count < self.DMA_TRANSFERS >> 4:
            self._renew_count()
        captured = self.captured()
        self.ticks_us = time.ticks_us()
        # In this order: had any been lost before the last that was counted, it would say so.
        if not mem32[self._fcs] & _FCS_OVERFLOW:
            self._keep_beat(captured)
            return captured
        self._resume()
        self.ticks_us = time.ticks_us()
        return self.captured()

    def _forget(self):
        self.ticks_us = 0
        self.origin = 0  # index of the sample at the beginning of the ring
        self._base = 0  # samples complete when the DMA count was last loaded ...
        self._part = 0  # ... and conversions of the next one
        self._beat_us = 0  # ticks when, at the latest, ...
        self._beat_index = 0  # ... so many samples were complete

    def _arm(self):
        self._dma.config(
            read=self._fifo,
            write=self.ring,
            count=self.DMA_TRANSFERS,
            ctrl=self._dma_control,
            trigger=True,
        )

    def _wait_until_ready(self):
        tries = 0
        while tries < _READY_TRIES:
            if mem32[self._cs] & _CS_READY:
                return True
            tries += 1
        return False

    def _empty_fifo(self):
        while mem32[self._fcs] & _FCS_LEVEL:
            mem32[self._fifo]
        mem32[self._fcs] = _FCS_SETUP | _FCS_CLEAR

    def _renew_count(self):
        """Load the DMA count anew. Just after a transfer nothing is in flight, and the FIFO holds
        what is converted meanwhile (8 conversions, 1 ms; on the RP2040 4): nothing is lost.
        """
        left = self._dma.count
        step = 0
        while self._dma.count == left and step < _WAIT_STEPS:
            time.sleep_us(_WAIT_STEP_US)
            step += 1
        self._dma.active(0)
        done = self._part + self.DMA_TRANSFERS - self._dma.count
        self._base += done >> self._shift
        self._part = done & ((1 << self._shift) - 1)
        self._dma.count = self.DMA_TRANSFERS
        self._dma.active(1)

    def _keep_beat(self, captured):
        """Know when samples are complete. ADC and ticks have one clock: what is known stays true.

        Looks come at any time after a sample, so the earliest shows when it was complete.
        """
        beat_us = time.ticks_add(self._beat_us, (captured - self._beat_index) * self._period_us)
        if time.ticks_diff(self.ticks_us, beat_us) < 0:
            beat_us = self.ticks_us
        self._beat_us = beat_us
        self._beat_index = captured

    def _resume(self):
        """The FIFO was full and conversions were lost: begin again with the first of a sample.

        The ADC has not stopped, so the time tells how many samples there were. Nobody knows where
        in the ring some are missing: all that was not read is given up.
        """
        self._dma.active(0)
        self._empty_fifo()
        step = 0
        while (
            time.ticks_diff(time.ticks_us(), self._beat_us) % self._period_us > _JUST_AFTER_US
            and step < _WAIT_STEPS
        ):
            time.sleep_us(_WAIT_STEP_US)
            step += 1
        self._empty_fifo()  # the next conversion that comes in is the first in the ring
        elapsed_us = time.ticks_diff(time.ticks_us(), self._beat_us)
        samples = (elapsed_us + (self._period_us >> 1)) // self._period_us
        self._base = self.origin = self._beat_index + samples
        self._part = 0
        self._arm()


def _aligned_ring(ring_bits):
    """Return 2**ring_bits bytes as 16-bit words, aligned to their size: DMA wraps there."""
    size = 1 << ring_bits
    words = array("H", bytes(2 * size))
    first = (-addressof(words) & (size - 1)) >> 1
    return memoryview(words)[first : first + (size >> 1)]
