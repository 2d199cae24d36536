"""Reference board: SparkFun Thing Plus RP2350. The only file that knows pins and peripherals.

Another board (Pico 2 W, Pico W) needs its own numbers here and nothing else.
"""

from micropython import const

NAME = "SparkFun Thing Plus RP2350"

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

# LSM6DSOX and MAX17048 on the Qwiic bus.
I2C = const(1)
I2C_SDA = const(6)
I2C_SCL = const(7)
I2C_HZ = const(400_000)
IMU_ADDRESS = const(0x6A)
GAUGE_ADDRESS = const(0x36)

NEOPIXEL = const(14)
USB_SENSE = const(28)  # divider 5.6k/8.2k from VUSB: high on any USB power, also a wall charger
LOG_FRAMES = const(16384)  # 4 MB of the 8 MB PSRAM that are part of the heap: 8 minutes
