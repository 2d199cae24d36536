"""The stand-ins for machine and neopixel: pins, buses, time spent, power, resets."""

from __future__ import annotations

import pytest


def test_transfers_spend_their_bus_time(run_board):
    spi_us, i2c_us, nack_us = run_board(
        """
def spent(call):
    t = world.now; call(); return (world.now - t) / 1000
bus = i2c()
def nack():
    try: bus.readfrom(0x50, 1)
    except OSError: pass
read = lambda: bus.readfrom_mem(0x6A, 0x0F, 84)
tell([spent(lambda: spi.write(bytes(100))), spent(read), spent(nack)])
"""
    )
    assert spi_us == pytest.approx(1600, rel=0.01)
    assert i2c_us == pytest.approx((84 + 3) * 9 * 2.5, rel=0.01)
    assert nack_us < 50


def test_spi_divider_and_transfers(run_board):
    told = run_board(
        """
wake()
rates = []
for wanted in (500_000, 1_000_000, 7_000_000):
    shown = repr(SPI(0, baudrate=wanted, sck=Pin(2), mosi=Pin(3), miso=Pin(4)))
    rates.append(shown.split("baudrate=")[1].split(",")[0])
spi.init(baudrate=500_000, polarity=0, phase=1)
cs(0); spi.write(b"\\x20\\x00"); one = list(spi.read(1)); cs(1); time.sleep_us(10)
cs(0); spi.write(b"\\x20\\x00"); buffer = bytearray(1); spi.readinto(buffer); cs(1)
tell([rates, one, list(buffer)])
"""
    )
    rates, one, into = told
    assert [int(rate) for rate in rates] == [500_000, 1_000_000, 6_818_181]
    assert one == into == [0x73]


def test_chips_are_only_where_the_board_has_them(run_board):
    told = run_board(
        """
def error(call):
    try: call()
    except (ValueError, OSError) as e: return str(e)
wake()
other = SPI(1, baudrate=500_000, phase=1, sck=Pin(26), mosi=Pin(27), miso=Pin(28))
tell([
    error(lambda: SPI(0, sck=Pin(5))), error(lambda: SPI(0, miso=Pin(3))), error(lambda: SPI(2)),
    error(lambda: I2C(1, sda=Pin(4))), error(lambda: Pin(30)), error(lambda: Pin("X1")),
    list(other.read(3)), I2C(0, sda=Pin(4), scl=Pin(5)).scan(),
    error(lambda: i2c().readfrom(0x50, 1)),
])
"""
    )
    assert told == [
        "bad SCK pin", "bad MISO pin", "SPI(2) doesn't exist", "bad SDA pin", "invalid pin",
        'unknown named pin "X1"', [0, 0, 0], [], "[Errno 5] EIO",
    ]  # fmt: skip


def test_a_pin_taken_by_pio_is_lost_to_spi_until_given_back(run_board):
    told = run_board(
        """
import rp2
@rp2.asm_pio(sideset_init=rp2.PIO.OUT_LOW)
def clock(): nop().side(0)
wake()
sm = rp2.StateMachine(0, clock, sideset_base=Pin(2))
lost = read(0)
Pin(2).init(Pin.ALT, alt=Pin.ALT_SPI)
tell([lost, read(0)])
"""
    )
    assert told == [[0], [0x73]]


def test_pins_have_levels(run_board):
    told = run_board(
        """
p = Pin(20)
isolated = p()
p.init(Pin.IN, Pin.PULL_UP); pulled = p()
p.init(Pin.OUT, value=0); low = p(); p.on(); high = p.value(); p.toggle(); toggled = p()
p.init(Pin.OPEN_DRAIN, Pin.PULL_UP); released = p(); p(0); drain = p(); p(1)
tell([isolated, pulled, low, high, toggled, released, drain, p(), Pin(20) is p, repr(p)])
"""
    )
    assert told == [0, 1, 0, 1, 0, 1, 0, 1, True, "Pin(GPIO20, mode=OPEN_DRAIN)"]


def test_usb_sense_and_temperature(run_board):
    told = run_board(
        """
import machine
sense = Pin(28, Pin.IN); a = sense(); world.usb = True; b = sense()
volts = machine.ADC(Pin(28)).read_u16() * 3.3 / 65535
mcu = machine.ADC(machine.ADC.CORE_TEMP).read_u16() * 3.3 / 65535
tell([a, b, volts, 27 - (mcu - 0.706) / 0.001721])
"""
    )
    assert told[:2] == [0, 1]
    assert told[2] == pytest.approx(3.0, abs=0.01)
    assert told[3] == pytest.approx(31, abs=1)


def test_identity_frequency_and_causes(run_board):
    told = run_board(
        "import machine, binascii\n"
        "me = binascii.hexlify(machine.unique_id()).decode()\n"
        "tell([me, machine.freq(), machine.reset_cause()])",
        reset_cause=3,
    )
    assert told == ["e660c0d1c7921e28", 150_000_000, 3]


@pytest.mark.parametrize(
    ("act", "code"),
    [
        ("machine.reset()", 64),
        ("dog.feed(); time.sleep_ms(900); dog.feed(); time.sleep_ms(1100); dog.feed()", 65),
        ("time.sleep_ms(2000); drdy()", 65),
        ("machine.bootloader()", 66),
    ],
)
def test_resets_end_the_process(run_board, act, code):
    assert (
        run_board(
            f"""
import machine
dog = machine.WDT(timeout=1000)
try:
    {act}
    tell(0)
except SystemExit as error:
    tell(error.args[0])
"""
        )
        == code
    )


def test_watchdog_has_a_longest_timeout(run_board):
    assert run_board(
        "import machine\n"
        "try: machine.WDT(timeout=9000)\n"
        "except ValueError as error: tell(str(error))"
    )


def test_fuel_gauge(run_board):
    told = run_board(
        """
bus = i2c()
def word(register): raw = bus.readfrom_mem(0x36, register, 2); return raw[0] << 8 | raw[1]
first = [word(2) * 78.125e-6, word(4) / 256, word(8), word(0x0C), word(0x16)]
world.percent = 79.0; world.now += 1_800_000_000_000
rate = word(0x16)
bus.writeto_mem(0x36, 0x0C, b"\\x12\\x34"); bus.writeto_mem(0x36, 0x02, b"\\x00\\x00")
changed = [word(0x0C), word(2) > 0]
bus.writeto_mem(0x36, 0xFE, b"\\x54\\x00")
tell([first, (rate - 65536) * 0.208, changed, word(0x0C)])
"""
    )
    first, rate, changed, reset = told
    assert first[0] == pytest.approx(3.9, abs=1e-3)
    assert first[1:] == [80, 0x12, 0x971C, 0]
    assert rate == pytest.approx(-2, abs=0.2)  # percent an hour
    assert changed == [0x1234, True]
    assert reset == 0x971C


def test_neopixel_shows_on_the_board_s_pin_only(run_board):
    told = run_board(
        """
import micropython
from neopixel import NeoPixel
pixel = NeoPixel(Pin(14, Pin.OUT), 1)
pixel[0] = (1, 2, 3)
micropython.heap_lock(); pixel.write(); micropython.heap_unlock()
pixel.fill((4, 5, 6)); pixel.write()
other = NeoPixel(Pin(15), 1); other[0] = (9, 9, 9); other.write()
tell([world.leds, pixel[0], len(pixel)])
"""
    )
    assert told == [[[1, 2, 3], [4, 5, 6]], [4, 5, 6], 1]
