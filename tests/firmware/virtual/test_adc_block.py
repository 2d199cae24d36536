"""The virtual ADC: registers, pacing by the crystal, a FIFO of eight, DMA, errors and noise."""

from __future__ import annotations

import numpy as np
import pytest

PRELUDE = """
import adc_block, rp2
from machine import ADC, mem32
from uctypes import addressof
from world import *
CS, RESULT, FCS, FIFO, DIV = [0x400A0000 + i for i in (0, 4, 8, 12, 16)]
READY, MANY, OVER, UNDER, FULL, EMPTY = 1 << 8, 8, 1 << 11, 1 << 10, 1 << 9, 1 << 8
adc = adc_block.adc
pin = ADC(Pin(26))

def begin(divider=5999, fcs=1 << 24 | 8 | 4 | 1):
    mem32[FCS] = fcs
    mem32[DIV] = divider << 8
    mem32[CS] |= MANY

def ring_of(bits):
    words = array("H", bytes(2 << bits))
    first = (-addressof(words) & (1 << bits) - 1) >> 1
    return memoryview(words)[first : first + (1 << bits >> 1)]

def channel(ring, bits, treq=48):
    dma = rp2.DMA()
    ctrl = dma.pack_ctrl(
        size=1, inc_read=False, inc_write=True, ring_sel=True, ring_size=bits, treq_sel=treq
    )
    dma.config(read=FIFO, write=ring, count=(1 << 28) - 1, ctrl=ctrl, trigger=True)
    return dma

def level():
    return mem32[FCS] >> 16 & 15
"""


@pytest.fixture
def run_adc(run_board):
    return lambda source, **config: run_board(PRELUDE + source, **config)


def test_it_is_ready_when_it_is_on_and_busy_for_two_microseconds(run_adc):
    told = run_adc(
        """
on = mem32[CS]
mem32[CS] = 1 | 4 << 12 | 2
mem32[CS] = mem32[CS] | 4
celsius = 27 - (mem32[RESULT] * 3.3 / 4096 - 0.706) / 0.001721
begin(47999)
seen = set()
for i in range(3000):
    seen.add(mem32[CS] & READY)
mem32[CS] = 0
tell([on, celsius, sorted(seen), mem32[CS]])
"""
    )
    on, celsius, seen, off = told
    assert on == 0x101
    assert celsius == pytest.approx(31, abs=3)  # a count is half a degree
    assert seen == [0, 0x100]
    assert off == 0


@pytest.mark.parametrize(("divider", "ppm"), [(5999, 0.0), (5999, 80.0), (47999, -35.0)])
def test_its_rate_is_the_crystal_s(run_adc, divider, ppm):
    """A crystal that is fast by 80 ppm makes 80 ppm more conversions, and not one more."""
    count, ticks_us = run_adc(
        f"""
begin({divider})
mem32[CS]; first, t = adc.converted, time.ticks_us()
world.now += 100_000_000_000
mem32[CS]; tell([adc.converted - first, time.ticks_diff(time.ticks_us(), t)])
""",
        emg_counter=True,
        mcu_clock_ppm=ppm,
    )
    rate = 48e6 / (divider + 1)
    assert count == pytest.approx(100 * rate * (1 + ppm * 1e-6), abs=1)
    assert count == pytest.approx(ticks_us * 1e-6 * rate, abs=1)


def test_the_fifo_holds_eight_and_keeps_the_oldest(run_adc):
    told = run_adc(
        """
begin()
def after(ns): world.now += ns; return [level(), bool(mem32[FCS] & OVER), bool(mem32[FCS] & FULL)]
seen = [after(126_000), after(500_000), after(375_000), after(130_000)]
oldest = [mem32[FIFO] for _ in range(8)]
mem32[FCS] = 1 << 24 | 1
before = [bool(mem32[FCS] & OVER), adc.converted]
mem32[FCS] = 1 << 24 | 1 | OVER
under = [mem32[FIFO], bool(mem32[FCS] & UNDER), bool(mem32[FCS] & EMPTY)]
mem32[FCS] = 1 << 24 | 1 | UNDER
tell([seen, oldest, before, under, bool(mem32[FCS] & (OVER | UNDER))])
""",
        emg_counter=True,
    )
    seen, oldest, before, under, flags = told
    assert [row[0] for row in seen] == [1, 5, 8, 8]
    assert [row[1] for row in seen] == [False, False, False, True]
    assert [row[2] for row in seen] == [False, False, True, True]
    assert oldest == list(range(128, 136))
    assert before == [True, 9]
    assert under == [0, True, True]
    assert flags is False


def test_dma_stores_every_conversion_in_order_and_wraps(run_adc):
    told = run_adc(
        """
import micropython
ring = ring_of(10)  # 512 conversions
dma = channel(ring, 10)
begin()
seen = []
done = 0
def steady():
    micropython.heap_lock()
    count = (1 << 28) - 1 - dma.count; mem32[FCS]
    micropython.heap_unlock()
    return count
for i in range(40):
    time.sleep_us(47_111)
    count = steady()
    seen += [ring[k & 511] for k in range(done, count)]
    done = count
tell([seen, dma.write - addressof(ring), mem32[FCS]])
""",
        emg_counter=True,
    )
    seen, write, fcs = told
    assert seen == [128 + k % 3840 for k in range(len(seen))]
    assert len(seen) == pytest.approx(40 * 47_111e-6 * 8000, abs=5)
    assert write == 2 * len(seen) % 1024
    assert fcs == 0x0100_010D  # nothing waits, nothing was lost


def test_another_request_never_comes(run_adc):
    left, over = run_adc(
        """
dma = channel(ring_of(10), 10, treq=36)  # the RP2040's
begin(); time.sleep_ms(5)
tell([dma.count, bool(mem32[FCS] & OVER)])
"""
    )
    assert left == (1 << 28) - 1
    assert over


def test_dma_needs_the_request_to_be_enabled(run_adc):
    tell = run_adc(
        """
ring = ring_of(10); dma = channel(ring, 10)
begin(fcs=1 << 24 | 1); time.sleep_us(700)
none, waiting = dma.count, level()
mem32[FCS] = 1 << 24 | 8 | 1
tell([none, waiting, dma.count, level(), [ring[i] for i in range(5)]])
""",
        emg_counter=True,
    )
    assert tell == [(1 << 28) - 1, 5, (1 << 28) - 6, 0, [128, 129, 130, 131, 132]]


def test_a_failed_conversion_is_marked_and_remembered(run_adc):
    told = run_adc(
        """
adc.errors.add(2)
begin(); time.sleep_us(126)
one = mem32[CS] >> 9 & 3
time.sleep_us(250); two = mem32[CS] >> 9 & 3
time.sleep_us(125); three = mem32[CS] >> 9 & 3
words = [mem32[FIFO] >> 15 for _ in range(4)]
mem32[CS] = mem32[CS] | 1 << 10
tell([one, two, three, words, mem32[CS] >> 9 & 3])
"""
    )
    assert told == [0, 3, 2, [0, 0, 1, 0], 0]


def test_the_last_conversion_ends_after_the_stop(run_adc):
    told = run_adc(
        """
begin()
while mem32[CS] & READY: pass
adc.write(0, 1)  # at this very moment
busy = adc.read(8) >> 16 & 15, adc.read(0) & READY
time.sleep_us(1000)
tell([busy, level(), bool(mem32[CS] & READY)])
"""
    )
    assert told == [[0, 0], 1, True]


def test_it_has_nine_effective_bits_and_its_input_has_the_myoware_s_voltage(run_adc):
    codes = run_adc(
        """
ring = ring_of(15); dma = channel(ring, 15)
begin(); time.sleep_ms(1000)
dma.count
tell([ring[i] for i in range(8000)])
""",
        emg_front_end="myoware",
    )
    noise = np.std(codes)
    # Effective bits: a sine of full scale against what is there instead of silence.
    assert np.log2(4096 / np.sqrt(12) / noise) == pytest.approx(9.2, abs=0.1)
    assert np.mean(codes) * 3.3 / 4096 == pytest.approx(1.65, abs=0.02)
    assert np.corrcoef(codes[:-1], codes[1:])[0, 1] == pytest.approx(0, abs=0.05)


def test_reading_another_input_meanwhile_spoils_what_is_read(run_adc):
    """As on the board: whoever reads an ADC pin while the ADC runs takes the input away."""
    told = run_adc(
        """
ring = ring_of(10); dma = channel(ring, 10)
begin(); time.sleep_ms(10)
ADC(ADC.CORE_TEMP).read_u16(); time.sleep_ms(10)
dma.count
tell([sum(ring[i] for i in a) / 20 for a in (range(40, 60), range(120, 140))])
""",
        emg_front_end="myoware",
    )
    assert told == [pytest.approx(2055, abs=10), pytest.approx(868, abs=10)]
