"""What the tests' scripts share: the board's pins and the ADS1292R's protocol by hand."""

import time
from array import array  # noqa: F401

import virtual_board
from machine import I2C, SPI, Pin

cs = Pin(1, Pin.OUT, value=1)
start = Pin(26, Pin.OUT, value=0)
reset = Pin(27, Pin.OUT, value=1)
drdy = Pin(0, Pin.IN)
spi = SPI(0, baudrate=500_000, polarity=0, phase=1, sck=Pin(2), mosi=Pin(3), miso=Pin(4))
emg = virtual_board.emg


def exchange(data, gap_us=10):
    """One chip-select frame; returns what came back."""
    buffer = bytearray(data)
    cs(0)
    spi.write_readinto(buffer, buffer)
    time.sleep_us(gap_us)
    cs(1)
    time.sleep_us(10)
    return list(buffer)


def read(register, count=1):
    return exchange([0x20 | register, count - 1] + [0] * count)[2:]


def write(register, *values):
    exchange(bytes((0x40 | register, len(values) - 1)) + bytes(values))


def wake():
    """Power up, reset, stop continuous reading."""
    time.sleep_ms(1000)
    reset(0)
    time.sleep_us(50)
    reset(1)
    time.sleep_ms(1)
    exchange([0x11])


def configure(ch2=0x60, config2=0xA0, rate=4, **more):
    """Bring channel 2 to life; ``more``: register numbers as r6=0x10."""
    wake()
    write(1, rate)
    write(2, config2)
    write(4, 0x81, ch2)
    for name, value in more.items():
        write(int(name[1:]), value)
    time.sleep_ms(300)


def begin():
    """START and continuous reading."""
    start(1)
    exchange([0x10])


def wait_ready():
    for _ in range(100_000):
        if not drdy():
            return True
        time.sleep_us(1)
    return False


def frame():
    """Wait for the next frame; returns status, channel 1, channel 2."""
    wait_ready()
    raw = exchange([0] * 9)
    words = [raw[i] << 16 | raw[i + 1] << 8 | raw[i + 2] for i in (0, 3, 6)]
    return [words[0]] + [(x ^ 0x800000) - 0x800000 for x in words[1:]]


def codes(count):
    return [frame()[2] for _ in range(count)]


def i2c():
    return I2C(1, sda=Pin(6), scl=Pin(7), freq=400_000)
