"""A board for measuring costs: its chips answer at once and cost next to nothing, in real time.

Unlike firmware/virtual, which is exact and slow, this only keeps the pod busy: `tick` says how far
the hardware has come, between two steps of the pod, and nothing moves meanwhile. Runs on
MicroPython.
"""

import json
import sys
from array import array

import utime

EMG_PERIOD_US = 500  # of EMG samples: 2000 SPS
IMU_PERIOD_NS = 4_800_000  # 208.33 Hz
STREAM, CONTROL, INFO, REQUEST = HANDLES = (1, 2, 3, 4)  # in the order of link_ble.py

_IMU, _GAUGE = 0x6A, 0x36
_IMU_IDENTITY, _IMU_RESET = 0x0F, 0x12
_IMU_STATUS, _IMU_DATA = 0x3A, 0x78
_ADS_IDENTITY = 0x73
_TAGS = (2, 1, 4)  # accelerometer, gyroscope, time stamp
_TICKS_PER_SAMPLE = 192
_FIFO_WORDS = 512 * 3
_VALUE_BYTES = 512

spent_us = 0  # in stand-ins that take longer than the call: not the pod's
dma = None
imu_begun_us = utime.ticks_us()
imu_taken = 0  # words of the FIFO that have been read
imu_words = 0  # ... and that there are in all
ble = None


def tick():
    """Bring DMA and the IMU's FIFO to this moment."""
    global imu_words
    now_us = utime.ticks_us()
    if dma and dma.runs:
        dma.count = dma.loaded - 2 * (utime.ticks_diff(now_us, dma.begun_us) // EMG_PERIOD_US)
    imu_words = utime.ticks_diff(now_us, imu_begun_us) * 1000 // IMU_PERIOD_NS * 3


class _PIO:
    OUT_LOW = 2
    SHIFT_LEFT = 0
    JOIN_RX = 2


class _StateMachine:
    def __init__(self, number):
        pass

    def init(self, program, **settings):
        pass

    def active(self, on):
        pass


class _DMA:
    """Its ring holds the same samples for ever: 40 Hz, of about 100 uV."""

    def __init__(self):
        global dma
        dma = self
        self.runs = False
        self.count = self.loaded = self.begun_us = 0

    def pack_ctrl(self, **settings):
        return 0

    def config(self, read, write, count, ctrl, trigger):
        for i in range(0, 0 if self.loaded else len(write), 2):
            phase = i // 2 % 50
            write[i] = 0xC00000
            write[i + 1] = ((phase if phase < 25 else 50 - phase) - 12) * 173 & 0xFFFFFF
        self.loaded = self.count = count
        self.begun_us = utime.ticks_us()
        self.runs = True

    def active(self, on):
        self.runs = bool(on)


class Rp2:
    PIO = _PIO
    StateMachine = _StateMachine
    DMA = _DMA

    @staticmethod
    def asm_pio(**settings):
        return lambda program: program


class _Pin:
    IN, OUT, ALT, ALT_SPI = 0, 1, 2, 1

    def __init__(self, number, mode=0, value=0):
        self._value = value

    def init(self, mode, value=0, alt=0):
        self._value = value

    def value(self):
        return self._value

    def __call__(self, value):
        self._value = value


class _SPI:
    """An ADS1292R's registers."""

    def __init__(self, number, **settings):
        self._registers = bytearray(12)
        self._registers[0] = _ADS_IDENTITY

    def write(self, data):
        pass

    def write_readinto(self, data, into):
        first = data[0] & 0x1F
        for i in range(data[1] + 1):
            if data[0] & 0x40:
                self._registers[first + i] = data[2 + i]
            else:
                into[2 + i] = self._registers[first + i]


class _I2C:
    """An LSM6DSOX and a MAX17048; a transfer takes no time, as if there were no bus."""

    def __init__(self, number, **settings):
        self._registers = bytearray(256)
        self._registers[_IMU_IDENTITY] = 0x6C

    def writeto_mem(self, address, register, data):
        global imu_begun_us, imu_taken
        value = data[0]
        if register == _IMU_RESET:
            value &= 0xFE  # the reset is over
        self._registers[register] = value
        if register == 0x0A and value & 7 == 6:  # FIFO on
            imu_begun_us = utime.ticks_us()
            imu_taken = 0
            tick()

    def readfrom_mem(self, address, register, count):
        return bytes(count)

    def readfrom_mem_into(self, address, register, into):
        global spent_us
        begun_us = utime.ticks_us()
        if address == _GAUGE:
            into[0], into[1] = (0x00, 0x12) if register == 8 else (0xC3, 0x50)
        elif register == _IMU_STATUS:
            words = min(imu_words - imu_taken, _FIFO_WORDS - 1)
            into[0] = words & 255
            into[1] = words >> 8
        elif register == _IMU_DATA:
            self._read_fifo(into)
        else:
            for i in range(len(into)):
                into[i] = self._registers[register + i]
        spent_us += utime.ticks_diff(utime.ticks_us(), begun_us)

    def _read_fifo(self, into):
        global imu_taken
        for i in range(0, len(into), 7):
            sample = imu_taken // 3
            tag = _TAGS[imu_taken % 3]
            head = tag << 3 | (sample & 3) << 1
            parity = head ^ head >> 4
            parity ^= parity >> 2
            into[i] = head | (parity ^ parity >> 1) & 1
            value = sample * _TICKS_PER_SAMPLE if tag == 4 else sample & 0xFFF
            for k in range(1, 7):
                into[i + k] = value & 255
                value >>= 8
            imu_taken += 1


class _WDT:
    def __init__(self, timeout):
        pass

    def feed(self):
        pass


class Machine:
    Pin, SPI, I2C, WDT = _Pin, _SPI, _I2C, _WDT
    WDT_RESET = 3
    mem32 = {}

    @staticmethod
    def reset_cause():
        return 1

    @staticmethod
    def unique_id():
        return bytes(range(8))

    @staticmethod
    def reset():
        sys.exit("the pod has reset itself")


class _NeoPixel:
    def __init__(self, pin, count):
        self._colour = None

    def __setitem__(self, place, colour):
        self._colour = colour

    def write(self):
        pass


class NeoPixelModule:
    NeoPixel = _NeoPixel


# A characteristic's value, by its length: made now, so that a read makes nothing but its bytes.
_values = {
    handle: [view[:end] for end in range(_VALUE_BYTES + 1)]
    for handle, view in ((handle, memoryview(bytearray(_VALUE_BYTES))) for handle in HANDLES)
}
_events = {handle: (0, handle) for handle in HANDLES}


class _BLE:
    """The controller takes every notification; `write` is what a host does.

    As on the board, a value's buffer is on the heap and reading it makes a `bytes` object.
    Ref: MicroPython extmod/btstack/modbluetooth_btstack.c, extmod/modbluetooth.c
    """

    def __init__(self):
        global ble
        ble = self
        self.irq_handler = None
        self.taken = 0  # notifications ...
        self.acknowledged = 0  # ... and how many of them the host has acknowledged
        self._reserved = []
        self._lengths = array("H", [0] * (len(HANDLES) + 1))

    def active(self, on):
        pass

    def config(self, **settings):
        pass

    def irq(self, handler):
        self.irq_handler = handler

    def gatts_register_services(self, services):
        return (HANDLES,)

    def gatts_set_buffer(self, handle, size, append=False):
        self._reserved.append(bytearray(size))  # the board's memory; what is used is `_values`

    def gap_advertise(self, interval_us, data, resp_data):
        pass

    def gatts_write(self, handle, data):
        _values[handle][-1][: len(data)] = data
        self._lengths[handle] = len(data)

    def gatts_read(self, handle):
        length = self._lengths[handle]
        self._lengths[handle] = 0
        return bytes(_values[handle][length]) if length else b""

    def gatts_notify(self, connection, handle, frame):
        self.taken += 1

    def gap_disconnect(self, connection):
        sys.exit("the pod has ended the link")

    def write(self, handle, data):
        """Write to a characteristic as a host does; allocates nothing."""
        buffer = _values[handle][-1]
        end = self._lengths[handle]
        for byte in data:
            buffer[end] = byte
            end += 1
        self._lengths[handle] = end
        self.irq_handler(3, _events[handle])

    def answer(self):
        """Return what a host reads from the pod's answers."""
        return json.loads(_values[INFO][self._lengths[INFO]])


class BluetoothModule:
    BLE = _BLE
    FLAG_READ, FLAG_WRITE_NO_RESPONSE, FLAG_WRITE, FLAG_NOTIFY = 2, 4, 8, 16

    @staticmethod
    def UUID(text):
        return text


def install():
    """Take the place of the board's modules."""
    sys.modules["rp2"] = Rp2
    sys.modules["machine"] = Machine
    sys.modules["neopixel"] = NeoPixelModule
    sys.modules["bluetooth"] = BluetoothModule
