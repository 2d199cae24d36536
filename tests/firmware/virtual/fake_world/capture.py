"""A PIO capture of channel 2 by hand: program, ring, DMA."""
# ruff: noqa: F405

from array import array

import rp2
from bench import *  # noqa: F403
from uctypes import addressof

RING_BITS = 12


@rp2.asm_pio(
    sideset_init=rp2.PIO.OUT_LOW,
    in_shiftdir=rp2.PIO.SHIFT_LEFT,
    autopush=True,
    push_thresh=24,
    fifo_join=rp2.PIO.JOIN_RX,
)
def good():
    wrap_target()
    wait(1, pin, 28).side(0)
    wait(0, pin, 28).side(0)
    set(x, 23).side(0)
    label("status")
    nop().side(1)
    in_(pins, 1).side(0)
    jmp(x_dec, "status").side(0)
    set(x, 23).side(0)
    label("skip")
    nop().side(1)
    jmp(x_dec, "skip").side(0)[1]
    set(x, 23).side(0)
    label("data")
    nop().side(1)
    in_(pins, 1).side(0)
    jmp(x_dec, "data").side(0)
    wrap()


def ring_of(bits):
    size = 1 << bits
    words = array("I", bytes(2 * size))
    first = (-addressof(words) & size - 1) >> 2
    return memoryview(words)[first : first + (size >> 2)]


def machine(program, freq=3_000_000):
    sm = rp2.StateMachine(0)
    sm.init(program, freq=freq, in_base=Pin(4), jmp_pin=Pin(0), sideset_base=Pin(2))
    cs(0)
    return sm


def channel(sm, ring, count=(1 << 28) - 1, treq=4, trigger=True, bits=RING_BITS):
    dma = rp2.DMA()
    ctrl = dma.pack_ctrl(
        size=2, inc_read=False, inc_write=True, ring_sel=True, ring_size=bits, treq_sel=treq
    )
    dma.config(read=sm, write=ring, count=count, ctrl=ctrl, trigger=trigger)
    return dma


def run(program, ms, freq=3_000_000):
    """Capture for a while; returns what is in the ring, oldest first."""
    configure()
    begin()
    sm = machine(program, freq)
    ring = ring_of(RING_BITS)
    dma = channel(sm, ring)
    sm.active(1)
    time.sleep_ms(ms)
    done = (1 << 28) - 1 - dma.count
    return [ring[i] for i in range(min(done, len(ring)))]
