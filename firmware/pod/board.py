"""Reference board: SparkFun Thing Plus RP2350. The only file that knows pins and peripherals.

Another board (Pico 2 W, Pico W) needs its own numbers here and nothing else.
"""

from micropython import const

NAME = "SparkFun Thing Plus RP2350"

EMG_FRONT_END = "ads1292r"  # or "myoware"

# ADS1292R breakout. The PIO program reads DOUT and DRDY and drives SCLK once capture runs; before
# that the registers are written over the SPI peripheral on the same pins. Ref: SparkFun Thing Plus
# RP2350 hookup guide, SPI0 on GPIO 2/3/4.
EMG_SPI = const(0)
EMG_SCLK = const(2)
EMG_MOSI = const(3)
EMG_MISO = const(4)
EMG_CS = const(1)
EMG_DRDY = const(0)
EMG_START = const(26)
EMG_RESET = const(27)
EMG_SPI_HZ = const(500_000)  # jumper wires have been seen to fail at 1 MHz
EMG_PIO_SM = const(0)  # state machine 0 of PIO0; the radio uses another PIO block
EMG_PIO_HZ = const(3_000_000)  # three cycles a bit: SCLK 1 MHz
EMG_RING_BITS = const(15)  # DMA ring of 2**15 bytes: 4096 samples, 2.05 s at 2000 SPS

# MyoWare 2.0, powered by 3V3, instead of the ADS1292R, whose START has this pin otherwise: RAW
# comes through 1 kOhm, so that files for the other front end do no harm.
MYOWARE_PIN = const(26)  # input 0 of the ADC
MYOWARE_RING_BITS = const(15)  # 16384 conversions: 2.05 s
# RP2350 datasheet, "ADC: list of registers" and "DMA: system DREQ table". RP2040: 0x4004C000, 36.
ADC_BASE = const(0x400A0000)
ADC_DMA_REQUEST = const(48)

# LSM6DSOX and MAX17048 on the Qwiic bus.
I2C = const(1)
I2C_SDA = const(6)
I2C_SCL = const(7)
I2C_HZ = const(400_000)
IMU_ADDRESS = const(0x6A)
GAUGE_ADDRESS = const(0x36)

NEOPIXEL = const(14)
USB_SENSE = const(28)  # divider 5.6k/8.2k from VUSB: high on any USB power, also a wall charger
# 14 minutes at 33.5 frames a second. No more: ticks wrap after 18, a frame must not be as old.
LOG_FRAMES = const(28_000)

# Control register of the watchdog, at its address that clears bits, and its enable bit: somebody
# who works at the REPL must not be restarted. RP2350 datasheet, "WATCHDOG: CTRL" and "Atomic
# register access".
WATCHDOG_CTRL_CLEAR = const(0x400DB000)
WATCHDOG_ENABLE = const(1 << 30)
