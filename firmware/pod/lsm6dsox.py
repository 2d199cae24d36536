"""IMU LSM6DSOX: accelerometer and gyroscope with the chip's own time stamps, through its FIFO.

    imu = LSM6DSOX(I2C(1, sda=Pin(6), scl=Pin(7), freq=400_000))
    imu.identify()
    imu.configure()
    imu.start()
    while imu.poll() >= 16:
        n = imu.drain(data, 16)
    imu.sleep()
    while not imu.moved():
        time.sleep(1)

Steady state (poll, drain): nothing is allocated. A failed transfer raises OSError: try again.
"""
# Ref: STMicroelectronics LSM6DSOX datasheet, 9 (registers), and application note AN5272, 9 (FIFO).

import struct
import time

from chip_error import ChipError
from micropython import const
from wire import FLAG_LOST_BEFORE

_REG_FIFO_CTRL1 = const(0x07)
_REG_FIFO_CTRL4 = const(0x0A)
_REG_WHO_AM_I = const(0x0F)
_REG_CTRL1_XL = const(0x10)
_REG_CTRL2_G = const(0x11)
_REG_CTRL3_C = const(0x12)
_REG_CTRL6_C = const(0x15)
_REG_OUT_TEMP_L = const(0x20)
_REG_OUTX_L_A = const(0x28)
_REG_FIFO_STATUS1 = const(0x3A)
_REG_TIMESTAMP2 = const(0x42)
_REG_FIFO_DATA_OUT_TAG = const(0x78)

_WHO_AM_I_LSM6DSOX = const(0x6C)
_SW_RESET = const(0x01)
_TIMESTAMP_RESET = const(0xAA)
_FIFO_BYPASS = const(0x40)  # with a time stamp in every slot
_FIFO_CONTINUOUS = const(0x46)  # same; the oldest is dropped when full
_ACCEL_208_HZ = const(0x5C)  # +-8 g
_ACCEL_12_HZ = const(0x1C)  # same range
_POWER_DOWN = const(0x00)
_XL_LOW_POWER = const(0x10)  # XL_HM_MODE: high performance off
_SETTINGS = (
    ("CTRL3_C", 0x12, 0x44),  # block data update, address increment
    ("CTRL9_XL", 0x18, 0xE2),  # I3C off
    ("CTRL10_C", 0x19, 0x20),  # time stamp counter on
    ("FIFO_CTRL1", 0x07, 0x00),  # no watermark: the loop polls
    ("FIFO_CTRL2", 0x08, 0x00),
    ("FIFO_CTRL3", 0x09, 0x55),  # both sensors into the FIFO at 208 Hz
    ("FIFO_CTRL4", 0x0A, _FIFO_BYPASS),
    ("CTRL6_C", 0x15, 0x00),  # accelerometer: high performance
    ("CTRL2_G", 0x11, 0x5C),  # 208 Hz, +-2000 dps
    ("CTRL1_XL", 0x10, _ACCEL_208_HZ),  # last: says that all of them hold
)

_STATUS_OVERFLOWED = const(0x08)  # FIFO_OVR_LATCHED, cleared by reading
_WORD_BYTES = const(7)  # tag, then six bytes of data; the address rolls over from 7E to 78
_CHUNK_WORDS = const(12)  # 84 bytes take 2 ms at 400 kHz
_TAG_GYRO = const(1)
_TAG_ACCEL = const(2)
_TAG_TIMESTAMP = const(4)
_TAG_CONFIGURATION = const(5)  # the first word after a change of settings
_HAVE_ALL = const(7)  # one bit for each of the three
_SAMPLE_BYTES = const(12)
_TICKS_PER_SAMPLE = const(192)  # one oscillator makes both: 40 kHz / 208.33 Hz
_GAP_HIGH_MASK = const(0x1FFF)  # keeps a gap below 2**29 ticks, 3.7 h
_TEMPERATURE_EVERY = const(208)  # samples: once a second

_RESET_TRIES = const(50)
_GYRO_START_MS = const(100)  # 35 ms to wake up, then the filters settle
_MOVED_COUNTS = const(615)  # 0.15 g: a turn by 9 degrees; noise at low power is 2.4 mg RMS


class LSM6DSOX:
    accel_lsb_ug = 244  # at +-8 g
    gyro_lsb_10udps = 7000  # at +-2000 dps

    def __init__(self, i2c, address=0x6A):
        self._i2c = i2c
        self._address = address
        self._byte = bytearray(1)
        self._status = bytearray(2)
        self._words = bytearray(_CHUNK_WORDS * _WORD_BYTES)
        view = memoryview(self._words)
        # A slice would be a new object at each transfer: make them all now.
        self._chunks = tuple(view[: n * _WORD_BYTES] for n in range(_CHUNK_WORDS + 1))
        self._sample = bytearray(_SAMPLE_BYTES)
        self._rest = None  # acceleration that `moved` compares with
        self._reset_counters()

    def identify(self):
        """Check that an LSM6DSOX answers; raises ChipError if another chip or none does."""
        try:
            found = self._read(_REG_WHO_AM_I)
        except OSError:
            found = None
        if found != _WHO_AM_I_LSM6DSOX:
            raise ChipError("LSM6DSOX", "WHO_AM_I", _WHO_AM_I_LSM6DSOX, found)

    def configure(self):
        """Reset, set 208 Hz, +-8 g, +-2000 dps; raises ChipError if a register does not hold."""
        self._write(_REG_CTRL3_C, _SW_RESET)
        for _ in range(_RESET_TRIES):
            time.sleep_ms(1)
            if not self._read(_REG_CTRL3_C) & _SW_RESET:
                break
        self._apply_settings()

    def start(self):
        """Empty the FIFO, restart the chip's time stamps and begin at sample 0.

        A chip that sleeps, or that lost its settings with its supply, is set up first: 100 ms.
        Raises ChipError if a register does not hold.
        """
        if self._read(_REG_CTRL1_XL) != _ACCEL_208_HZ:
            self._apply_settings()
        self._write(_REG_FIFO_CTRL4, _FIFO_BYPASS)
        self._write(_REG_TIMESTAMP2, _TIMESTAMP_RESET)
        self._read_status()  # clears what was latched before
        self._reset_counters()
        self._read_temperature()
        self._write(_REG_FIFO_CTRL4, _FIFO_CONTINUOUS)

    def sleep(self):
        """Save power until `start`: gyroscope off, accelerometer just good enough for `moved`."""
        self._rest = None
        self._write(_REG_FIFO_CTRL4, _FIFO_BYPASS)
        # CTRL1_XL first: should a later transfer fail, start() sees that there is work to do. The
        # mode is changed while the accelerometer is off.
        self._write(_REG_CTRL1_XL, _POWER_DOWN)
        self._write(_REG_CTRL6_C, _XL_LOW_POWER)
        self._write(_REG_CTRL2_G, _POWER_DOWN)
        self._write(_REG_CTRL1_XL, _ACCEL_12_HZ)

    def moved(self):
        """Whether it was moved or turned since it was last True, or since the first look asleep.

        The reference stays until then, so a slow turn counts as well as a quick one. A movement
        that ends where it began between two looks is missed.
        """
        now = struct.unpack("<hhh", self._i2c.readfrom_mem(self._address, _REG_OUTX_L_A, 6))
        rest = self._rest
        if rest and all(abs(now[i] - rest[i]) <= _MOVED_COUNTS for i in range(3)):
            return False
        self._rest = now
        return rest is not None

    def poll(self):
        """Return how many samples are ready, and take the anchor of this moment.

        After an overflow the index is unknown until drain() has come past the gap: so long the
        anchor stays.
        """
        words = self._read_status()
        ticks_us = time.ticks_us()
        have = self._have
        words += (self._end - self._position) // _WORD_BYTES
        words += (have & 1) + (have >> 1 & 1) + (have >> 2)
        ready = words // 3
        if self._held:
            return ready + 1
        if not self._overflow:
            self.anchor_index = self.next_index + ready
            self.anchor_ticks_us = ticks_us
        return ready

    def drain(self, data, count):
        """Copy up to ``count`` consecutive samples into ``data``; returns how many there were.

        A sample is six little-endian int16, accelerometer x y z and gyroscope x y z. It ends early
        before a gap. Sets ``first_index``, ``flags``, ``ticks_first_*`` and ``ticks_last_*``.
        """
        if self.next_index >= self._temperature_index:
            self._read_temperature()
        self.flags = 0
        sample = self._sample
        n = 0
        position = 0
        while n < count:
            if not self._held:
                try:
                    self._held = self._assemble()
                except OSError:
                    if n == 0:
                        raise
                if not self._held:
                    break
            lost = self._lost()
            if lost:
                if n:
                    break  # the sample is held for the next block
                self.flags = FLAG_LOST_BEFORE
                self.overrun += lost
                self.next_index += lost
            if n == 0:
                self.first_index = self.next_index
                self.ticks_first_low = self._ticks_low
                self.ticks_first_high = self._ticks_high
            self.ticks_last_low = self._ticks_low
            self.ticks_last_high = self._ticks_high
            self._timed = True
            i = 0
            while i < _SAMPLE_BYTES:
                data[position] = sample[i]
                position += 1
                i += 1
            self._held = False
            self.next_index += 1
            n += 1
            if self._overflow == 2:
                self._overflow = 0
        return n

    def _apply_settings(self):
        self._write(_REG_CTRL1_XL, _POWER_DOWN)  # so that its mode may change
        for name, register, value in _SETTINGS:
            self._write(register, value)
            found = self._read(register)
            if found != value:
                raise ChipError("LSM6DSOX", name, value, found)
        time.sleep_ms(_GYRO_START_MS)

    def _reset_counters(self):
        self.anchor_index = 0  # samples complete ...
        self.anchor_ticks_us = 0  # ... at these ticks
        self.next_index = 0  # index of the sample that drain() returns next
        self.first_index = 0  # of the last block: index, wire.FLAG_*, the chip's time stamps
        self.flags = 0
        self.ticks_first_low = self.ticks_first_high = 0
        self.ticks_last_low = self.ticks_last_high = 0
        self.overrun = 0  # samples lost since start, counted by time stamps
        self.unknown_words = 0
        self.parity_errors = 0
        self.temperature_raw = 0  # 1/256 degC, less 25 degC
        self._temperature_index = 0
        self._position = self._end = 0  # of the words not yet looked at
        self._parity = -1
        self._slot = -1  # time slot of the sample in the making, modulo 4
        self._have = 0
        self._ticks_low = self._ticks_high = 0
        self._held = False  # a complete sample waits in _sample
        self._timed = False  # ticks_last_* are of a sample
        self._overflow = 0  # 1: words were lost, 2: and what followed has been fetched

    def _assemble(self):
        """Put the next complete sample into _sample; False when the FIFO has none."""
        words = self._words
        while True:
            if self._position == self._end and not self._fetch():
                return False
            position = self._position
            self._position = position + _WORD_BYTES
            tag = words[position]
            # The parity is documented, whether even or odd is not: it has to stay the same. A bad
            # word so costs the next one too, and its sample.
            parity = tag ^ (tag >> 4)
            parity ^= parity >> 2
            parity = (parity ^ (parity >> 1)) & 1
            if parity != self._parity:
                first = self._parity < 0
                self._parity = parity
                if not first:
                    self.parity_errors += 1
                    continue
            slot = (tag >> 1) & 3
            tag >>= 3
            if tag == _TAG_ACCEL:
                bit = 1
                target = 0
            elif tag == _TAG_GYRO:
                bit = 2
                target = 6
            elif tag == _TAG_TIMESTAMP:
                bit = 4
                target = -1
            else:
                if tag != _TAG_CONFIGURATION:
                    self.unknown_words += 1
                continue
            if slot != self._slot or self._have & bit:
                self._slot = slot
                self._have = 0  # what came before lacks a word
            self._have |= bit
            if target < 0:
                self._ticks_low = words[position + 1] | words[position + 2] << 8
                self._ticks_high = words[position + 3] | words[position + 4] << 8
            else:
                sample = self._sample
                i = 1
                while i < _WORD_BYTES:
                    sample[target] = words[position + i]
                    target += 1
                    i += 1
            if self._have == _HAVE_ALL:
                self._have = 0
                return True

    def _fetch(self):
        """Read the next words of the FIFO; False when it is empty."""
        n = self._read_status()
        if n == 0:
            return False
        if n > _CHUNK_WORDS:
            n = _CHUNK_WORDS
        overflowed = self._overflow
        self._overflow = 1  # a transfer that fails half-way loses words, too
        self._i2c.readfrom_mem_into(self._address, _REG_FIFO_DATA_OUT_TAG, self._chunks[n])
        self._position = 0
        self._end = n * _WORD_BYTES
        if overflowed:
            self._have = 0  # the other words of that time slot may be gone
            self._overflow = 2
        else:
            self._overflow = 0
        return True

    def _lost(self):
        """Samples missing between the last one delivered and the one in _sample."""
        if not self._timed:
            return 0
        high = (self._ticks_high - self.ticks_last_high) & _GAP_HIGH_MASK
        ticks = (high << 16) + self._ticks_low - self.ticks_last_low
        lost = (ticks + _TICKS_PER_SAMPLE // 2) // _TICKS_PER_SAMPLE - 1
        return lost if lost > 0 else 0

    def _read_status(self):
        """Return how many words wait in the FIFO, and note an overflow."""
        status = self._status
        self._i2c.readfrom_mem_into(self._address, _REG_FIFO_STATUS1, status)
        if status[1] & _STATUS_OVERFLOWED:
            self._overflow = 1
        return status[0] | (status[1] & 3) << 8

    def _read_temperature(self):
        status = self._status
        self._i2c.readfrom_mem_into(self._address, _REG_OUT_TEMP_L, status)
        raw = status[0] | status[1] << 8
        self.temperature_raw = (raw ^ 0x8000) - 0x8000
        self._temperature_index = self.next_index + _TEMPERATURE_EVERY

    def _read(self, register):
        self._i2c.readfrom_mem_into(self._address, register, self._byte)
        return self._byte[0]

    def _write(self, register, value):
        self._byte[0] = value
        self._i2c.writeto_mem(self._address, register, self._byte)
