"""The virtual printed circuit: which chip is on which pin, bus and address of the reference board.

It holds its own pin numbers, as copper does: a wrong ``board.py`` finds no chip here.
Ref: SparkFun Thing Plus RP2350 hookup guide; RP2350 datasheet, "GPIO".
"""

from micropython import const

import world
from ads1292r_chip import Ads1292rChip
from lsm6dsox_chip import Lsm6dsoxChip
from max17048_chip import Max17048Chip

# The wires.
EMG_DRDY = const(0)
EMG_CS = const(1)
EMG_SCLK = const(2)
EMG_MOSI = const(3)
EMG_MISO = const(4)
EMG_START = const(26)
EMG_RESET = const(27)
I2C_SDA = const(6)
I2C_SCL = const(7)
NEOPIXEL = const(14)
USB_SENSE = const(28)
USB_SENSE_V = 3.0  # 5 V behind the divider 100k/150k
I2C_ADDRESSES = {0x6A: "imu", 0x36: "gauge"}

PINS = const(30)  # GPIOs of an RP2350A
SYSTEM_HZ = const(150_000_000)

emg = Ads1292rChip()
imu = Lsm6dsoxChip()
gauge = Max17048Chip()
wiring_epoch = 0  # changes when a pin of the EMG front end gets another function

_function = [None] * PINS  # "SIO", "SPI0", "I2C1", "PIO0"; None: isolated, as after reset
_driven = bytearray(PINS)
_output = bytearray(PINS)
_pull_up = bytearray(PINS)
_watchers = []


def watch(catch_up_to):
    """``catch_up_to(now_ns)`` is called before anything that it depends on changes."""
    _watchers.append(catch_up_to)


def catch_up():
    """Bring whatever is computed lazily up to now; returns now."""
    now_ns = world.now_ns()
    emg.settle(now_ns)
    for watcher in _watchers:
        watcher(now_ns)
    return now_ns


def function(gpio):
    return _function[gpio]


def connect(gpio, name):
    """Give a pin to a peripheral."""
    global wiring_epoch
    if _function[gpio] != name:
        now_ns = catch_up()
        _function[gpio] = name
        if gpio <= EMG_MISO:
            wiring_epoch += 1
        _update_wire(gpio, now_ns)


def drive(gpio, output, driven, pull_up):
    """Set a pin's pad from software."""
    now_ns = catch_up()
    _output[gpio] = output
    _driven[gpio] = driven
    _pull_up[gpio] = pull_up
    _update_wire(gpio, now_ns)


def is_driven(gpio):
    return _driven[gpio]


def pull_up(gpio):
    return _pull_up[gpio]


def output(gpio):
    return _output[gpio]


def level(gpio):
    """Level at a pad's input."""
    if _function[gpio] is None:
        return 0  # isolated
    if gpio == EMG_DRDY:
        return emg.drdy(catch_up())
    if gpio == USB_SENSE:
        return int(world.usb_power())
    return _wire(gpio)


def i2c_targets(sda, scl):
    """Return the chips on an I2C bus: address → chip."""
    if sda != I2C_SDA or scl != I2C_SCL:
        return {}
    return {address: globals()[name] for address, name in I2C_ADDRESSES.items()}


def _wire(gpio):
    if _function[gpio] == "SIO" and _driven[gpio]:
        return _output[gpio]
    return _pull_up[gpio]


def _update_wire(gpio, now_ns):
    if gpio == EMG_CS:
        emg.set_cs(_wire(gpio), now_ns)
    elif gpio == EMG_START:
        emg.set_start(_wire(gpio), now_ns)
    elif gpio == EMG_RESET:
        emg.set_reset(_wire(gpio), now_ns)
