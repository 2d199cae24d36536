"""``machine.Pin`` of the virtual RP2350. Ref: RP2350 datasheet, "GPIO"."""

import virtual_board
import world
from machine_watchdog import spend
from micropython import const

_PIN_CALL_NS = const(1000)  # what a pin call costs in the interpreter of a board, at least


class Pin:
    """A GPIO. One object a pin, as on the board; it is isolated until it is given a mode."""

    IN = const(0)
    OUT = const(1)
    OPEN_DRAIN = const(2)
    ALT = const(3)
    PULL_UP = const(1)
    PULL_DOWN = const(2)
    IRQ_FALLING = const(4)
    IRQ_RISING = const(8)
    ALT_SPI = const(1)
    ALT_I2C = const(3)
    ALT_SIO = const(5)
    ALT_PIO0 = const(6)
    ALT_PIO1 = const(7)
    _pins = {}

    def __new__(cls, id, mode=-1, pull=-1, *, value=None, alt=-1):
        if isinstance(id, Pin):
            return id
        gpio = id
        if isinstance(id, str):
            if not id.startswith("GPIO"):
                raise ValueError('unknown named pin "%s"' % id)
            gpio = int(id[4:])
        if not isinstance(gpio, int) or not 0 <= gpio < virtual_board.PINS:
            raise ValueError("invalid pin")
        if gpio not in cls._pins:
            pin = object.__new__(cls)
            pin.gpio = gpio
            pin._open_drain = False
            cls._pins[gpio] = pin
        return cls._pins[gpio]

    def __init__(self, id, mode=-1, pull=-1, *, value=None, alt=-1):
        if mode != -1 or pull != -1 or value is not None:
            self.init(mode, pull, value=value, alt=alt)

    def init(self, mode=-1, pull=-1, *, value=None, alt=-1):
        gpio = self.gpio
        output = virtual_board.output(gpio)
        driven = virtual_board.is_driven(gpio)
        if mode == Pin.ALT:
            depth = world.lift_heap_lock()
            try:
                virtual_board.connect(gpio, _alternate(gpio, alt))
            finally:
                world.restore_heap_lock(depth)
            return
        if mode != -1 and mode is not None:
            self._open_drain = mode == Pin.OPEN_DRAIN
            if self._open_drain:
                driven, output = int(value is not None and not value), 0
            else:
                driven = int(mode == Pin.OUT)
                if driven and value is not None:
                    output = int(bool(value))
        # The pull is set even when none is given: none means no pull.
        pull_up = int(pull not in (-1, None) and bool(pull & Pin.PULL_UP))
        if mode != -1 and mode is not None:
            # The level first, then the function: a pin that becomes an output starts at its value.
            virtual_board.drive(gpio, output, driven, pull_up)
            virtual_board.connect(gpio, "SIO")
        else:
            virtual_board.drive(gpio, output, driven, pull_up)

    def value(self, x=None):
        depth = world.lift_heap_lock()
        try:
            spend(_PIN_CALL_NS)
            if x is None:
                return virtual_board.level(self.gpio)
            self._set(bool(x))
        finally:
            world.restore_heap_lock(depth)

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    high = on
    low = off

    def toggle(self):
        if self._open_drain:
            self.value(virtual_board.is_driven(self.gpio))
        else:
            self.value(not virtual_board.output(self.gpio))

    def _set(self, level):
        gpio = self.gpio
        pull_up = virtual_board.pull_up(gpio)
        if self._open_drain:
            virtual_board.drive(gpio, 0, int(not level), pull_up)
        else:
            virtual_board.drive(gpio, int(level), virtual_board.is_driven(gpio), pull_up)

    def __repr__(self):
        mode = "ALT"
        if virtual_board.function(self.gpio) == "SIO":
            mode = "OUT" if virtual_board.is_driven(self.gpio) else "IN"
            mode = "OPEN_DRAIN" if self._open_drain else mode
        return "Pin(GPIO%d, mode=%s)" % (self.gpio, mode)


def _alternate(gpio, alt):
    """Return a pin's function by its number. Ref: RP2350 datasheet, "GPIO function select"."""
    names = {
        Pin.ALT_SPI: "SPI%d" % (gpio >> 3 & 1),
        Pin.ALT_I2C: "I2C%d" % (gpio >> 1 & 1),
        Pin.ALT_SIO: "SIO",
        Pin.ALT_PIO0: "PIO0",
        Pin.ALT_PIO1: "PIO1",
    }
    if alt not in names:
        raise ValueError("invalid pin af: %d" % alt)
    return names[alt]
