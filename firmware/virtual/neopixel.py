"""Stand-in for MicroPython's ``neopixel``: the board's one pixel is ``world.led``."""

import virtual_board
import world

_BIT_NS = (2500, 1250)  # a bit at 400 kHz and at 800 kHz


class NeoPixel:
    """WS2812 pixels on a pin, as MicroPython's class."""

    ORDER = (1, 0, 2, 3)  # green first on the wire

    def __init__(self, pin, n, bpp=3, timing=1):
        self.pin = pin
        self.n = n
        self.bpp = bpp
        self.buf = bytearray(n * bpp)
        self.timing = timing
        pin.init(pin.OUT)

    def __len__(self):
        return self.n

    def __setitem__(self, i, v):
        offset = i * self.bpp
        for channel in range(self.bpp):
            self.buf[offset + self.ORDER[channel]] = v[channel]

    def __getitem__(self, i):
        offset = i * self.bpp
        return tuple(self.buf[offset + self.ORDER[channel]] for channel in range(self.bpp))

    def fill(self, v):
        for i in range(self.n):
            self[i] = v

    def write(self):
        depth = world.lift_heap_lock()
        try:
            world.spend_ns(8 * len(self.buf) * _BIT_NS[self.timing])
            if self.n and self.pin.gpio == virtual_board.NEOPIXEL:
                world.led(self.buf[1], self.buf[0], self.buf[2])
        finally:
            world.restore_heap_lock(depth)
