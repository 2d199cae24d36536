"""Build the parts of a pod and start its tasks."""

import asyncio
import binascii
import gc
import machine
import os
import release
import settings
import sys
import time
import wire

import board
from fault_log import FaultLog
from frame_log import FrameLog
from link_ble import BleLink, can_encrypt
from link_usb import UsbLink
from lsm6dsox import LSM6DSOX
from machine import I2C, SPI, WDT, Pin
from max17048 import MAX17048
from neopixel import NeoPixel
from owner import Guard
from owner_requests import Requests
from pod import Pod
from power import Power
from status_led import StatusLed
from stream import Sender

_VIEW_BYTES = 40  # what the log's view of a frame takes, on a 64-bit VM
_KEEP_FREE_BYTES = 64_000  # for the radio, and for what a task needs in passing
_WATCHDOG_MS = 8000
_BOOT_FAILED_S = 5


def _build_emg():
    """Return the front end that this board has; nothing is measured yet."""
    if board.EMG_FRONT_END == "myoware":
        from myoware import MyoWare

        return MyoWare(
            board.MYOWARE_PIN, board.MYOWARE_RING_BITS, board.ADC_BASE, board.ADC_DMA_REQUEST
        )
    from ads1292r import ADS1292R
    from emg_capture import EmgCapture

    spi = SPI(
        board.EMG_SPI, baudrate=board.EMG_SPI_HZ, polarity=0, phase=1,
        sck=Pin(board.EMG_SCLK), mosi=Pin(board.EMG_MOSI), miso=Pin(board.EMG_MISO),
    )  # fmt: skip
    cs = Pin(board.EMG_CS)
    return EmgCapture(
        ADS1292R(spi, cs, Pin(board.EMG_START), Pin(board.EMG_RESET)),
        board.EMG_PIO_SM, board.EMG_PIO_HZ, Pin(board.EMG_SCLK), Pin(board.EMG_MISO),
        Pin(board.EMG_DRDY), cs, board.EMG_RING_BITS,
    )  # fmt: skip


def _own_files():
    """Return the files that make this firmware; boot.py is whoever's."""
    return {name: name for name in os.listdir() if name.endswith(".py") and name != "boot.py"}


def _try(faults, *actions):
    """Whether a chip answers as it should; if not, the fault log tells what it did."""
    try:
        for action in actions:
            action()
    except OSError as error:
        faults.note(str(error))
        return False
    return True


def _build_log():
    """Return a log of as many frames as fit, less what the radio and the tasks need."""
    gc.collect()
    free = gc.mem_free()
    kept = bytearray(_KEEP_FREE_BYTES)  # in one piece: the log would leave nothing but crumbs
    fit = (free - max(free // 4, len(kept))) // (wire.FRAME_BYTES + _VIEW_BYTES)
    return FrameLog(max(64, min(fit, board.LOG_FRAMES)))


def _store(changed):
    """Keep settings for the next start."""
    if changed["encrypt"] and not can_encrypt():
        raise ValueError("this MicroPython cannot pair")
    settings.store(changed)


def _build(faults):
    chosen = settings.load()
    pod_id = binascii.hexlify(machine.unique_id()).decode()
    i2c = I2C(board.I2C, sda=Pin(board.I2C_SDA), scl=Pin(board.I2C_SCL), freq=board.I2C_HZ)
    errors = 0
    emg = _build_emg()
    if not _try(faults, lambda: emg.prepare(chosen["rate_sps"], chosen["gain"])):
        errors |= wire.ERROR_EMG_CHIP
    imu = LSM6DSOX(i2c, board.IMU_ADDRESS)
    if not _try(faults, imu.identify, imu.configure):
        errors |= wire.ERROR_IMU_CHIP
        imu = None
    gauge = MAX17048(i2c, board.GAUGE_ADDRESS)
    if not _try(faults, gauge.identify):
        gauge = None
    log = _build_log()
    facts = {
        "firmware": release.name(_own_files()),
        "micropython": ".".join(str(n) for n in sys.implementation.version[:3]),
        "board": board.NAME,
        "id": pod_id,
        "log_frames": log.capacity,
    }
    pod = Pod(
        emg, imu, Power(gauge, Pin(board.USB_SENSE, Pin.IN)),
        StatusLed(NeoPixel(Pin(board.NEOPIXEL), 1)), log, Sender(log), faults, errors, chosen,
        _store, facts, machine.reset,
    )  # fmt: skip
    key = binascii.unhexlify(chosen["key"])
    tag = pod_id[-wire.TAG_DIGITS :].upper()
    guard = Guard(key)
    ble = BleLink(
        "%s-%s" % (wire.NAME_PREFIX, tag), guard, Requests(guard, False), chosen["encrypt"]
    )
    pod.links.append(ble)
    guard = Guard(key)
    pod.links.append(UsbLink(pod_id, guard, Requests(guard, True)))
    return pod


async def _run(pod, watchdog):
    tasks = [asyncio.create_task(pod.keep(pod.watch))]
    for link in pod.links:
        tasks.append(asyncio.create_task(pod.keep(link.serve, pod)))
        tasks.append(asyncio.create_task(pod.keep(link.patrol)))
    await pod.keep(pod.sample, watchdog)


def main():
    faults = FaultLog()
    if machine.reset_cause() == machine.WDT_RESET:
        faults.note("restarted by the watchdog or on request")
    try:
        pod = _build(faults)
        faults.save()
    except Exception as error:
        # Nothing measures and nothing streams; what is wrong can be read, and may pass.
        faults.note_exception(error)
        faults.save()
        time.sleep(_BOOT_FAILED_S)
        machine.reset()
    watchdog = WDT(timeout=_WATCHDOG_MS)
    try:
        asyncio.run(_run(pod, watchdog))
    except KeyboardInterrupt:
        machine.mem32[board.WATCHDOG_CTRL_CLEAR] = board.WATCHDOG_ENABLE


main()
