"""Build the parts of a pod and start its tasks."""

import asyncio
import binascii
import gc
import json
import sys

import board
import machine
import settings
import wire
from ads1292r import ADS1292R
from emg_capture import EmgCapture
from frame_log import FrameLog
from link_ble import BleLink
from lsm6dsox import LSM6DSOX
from machine import I2C, SPI, Pin
from max17048 import MAX17048
from neopixel import NeoPixel
from pod import Pod
from power import Power
from status_led import StatusLed
from stream import Sender

FIRMWARE = "0.1.0"
_RATE_SPS = 2000
_VIEW_BYTES = 36  # what the log's view of a frame takes, on a 64-bit VM


def _start_emg(gain):
    """Return front end and capture, or two times None after saying what is wrong."""
    spi = SPI(
        board.EMG_SPI, baudrate=board.EMG_SPI_HZ, polarity=0, phase=1,
        sck=Pin(board.EMG_SCLK), mosi=Pin(board.EMG_MOSI), miso=Pin(board.EMG_MISO),
    )  # fmt: skip
    cs = Pin(board.EMG_CS)
    ads = ADS1292R(spi, cs, Pin(board.EMG_START), Pin(board.EMG_RESET))
    try:
        ads.power_up()
        ads.identify()
        ads.configure(_RATE_SPS, gain, True)
    except OSError as error:
        print(error)
        return None, None
    capture = EmgCapture(
        board.EMG_PIO_SM, board.EMG_PIO_HZ, Pin(board.EMG_SCLK), Pin(board.EMG_MISO),
        Pin(board.EMG_DRDY), cs, board.EMG_RING_BITS, _RATE_SPS,
    )  # fmt: skip
    return ads, capture


def _start_imu(i2c):
    """Return the motion sensor, or None after saying what is wrong."""
    imu = LSM6DSOX(i2c, board.IMU_ADDRESS)
    try:
        imu.identify()
        imu.configure()
    except OSError as error:
        print(error)
        return None
    return imu


def _start_gauge(i2c):
    """Return the fuel gauge, or None after saying what is wrong."""
    gauge = MAX17048(i2c, board.GAUGE_ADDRESS)
    try:
        gauge.identify()
    except OSError as error:
        print(error)
        return None
    return gauge


def _log_frames():
    """How many frames fit into half of the free heap: the EMG ring and the radio need the rest."""
    gc.collect()
    fit = gc.mem_free() // 2 // (wire.FRAME_BYTES + _VIEW_BYTES)
    return max(64, min(fit, board.LOG_FRAMES))


def _describe(pod_id, side, gain, ads, log):
    return json.dumps(
        {
            "protocol": wire.VERSION,
            "firmware": FIRMWARE,
            "micropython": ".".join(str(n) for n in sys.implementation[1][:3]),
            "board": board.NAME,
            "id": pod_id,
            "side": side,
            "emg": {
                "chip": "ADS1292R",
                "rate_sps": _RATE_SPS,
                "gain": gain,
                "ok": ads is not None,
            },
            "log_frames": log.capacity,
        }
    ).encode()


def main():
    chosen = settings.load()
    pod_id = binascii.hexlify(machine.unique_id()).decode()
    i2c = I2C(board.I2C, sda=Pin(board.I2C_SDA), scl=Pin(board.I2C_SCL), freq=board.I2C_HZ)
    ads, capture = _start_emg(chosen["gain"])
    imu = _start_imu(i2c)
    gauge = _start_gauge(i2c)
    errors = (0 if ads else wire.ERROR_EMG_CHIP) | (0 if imu else wire.ERROR_IMU_CHIP)
    log = FrameLog(_log_frames())
    side = chosen["side"]
    name = "%s-%s-%s" % (wire.NAME_PREFIX, side[0].upper(), pod_id[-4:].upper())
    link = BleLink(
        _describe(pod_id, side, chosen["gain"], ads, log), (name, board.NAME, pod_id, FIRMWARE)
    )
    pod = Pod(
        ads, capture, imu, Power(gauge, Pin(board.USB_SENSE, Pin.IN)),
        StatusLed(NeoPixel(Pin(board.NEOPIXEL), 1)), log, Sender(log, link), link, errors,
        chosen["bench"],
    )  # fmt: skip

    async def run():
        others = (
            asyncio.create_task(pod.keep(link.serve, pod)),
            asyncio.create_task(pod.keep(pod.watch)),
        )
        await pod.keep(pod.sample)
        return others

    asyncio.run(run())


main()
