"""Register-level model of the LSM6DSOX: registers, sampling and time stamps.

Ref: ST DS12814 "LSM6DSOX" and AN5272. The FIFO is in lsm6dsox_fifo.py. Nothing is computed until
somebody looks: then all samples since the last look, at world time.
"""

from array import array

from micropython import const

import world
from chip_noise import Noise
from lsm6dsox_fifo import DEPTH, Fifo

_FIFO_CTRL1 = const(0x07)
_FIFO_CTRL2 = const(0x08)
_FIFO_CTRL3 = const(0x09)
_FIFO_CTRL4 = const(0x0A)
_WHO_AM_I = const(0x0F)
_CTRL1_XL = const(0x10)
_CTRL2_G = const(0x11)
_CTRL3_C = const(0x12)
_CTRL6_C = const(0x15)
_CTRL10_C = const(0x19)
_STATUS_REG = const(0x1E)
_OUT_TEMP_L = const(0x20)
_OUT_FIRST = const(0x22)  # gyroscope x y z, accelerometer x y z
_OUT_END = const(0x2E)
_FIFO_STATUS1 = const(0x3A)
_FIFO_STATUS2 = const(0x3B)
_TIMESTAMP0 = const(0x40)
_TIMESTAMP2 = const(0x42)
_INTERNAL_FREQ_FINE = const(0x63)
_FIFO_TAG = const(0x78)
_FIFO_LAST = const(0x7E)
_READ_ONLY = ((0x0F, 0x0F), (0x1A, 0x3F), (0x40, 0x41), (0x43, 0x43), (0x63, 0x63), (0x78, 0x7E))

_ID = const(0x6C)
_WRONG_ID = const(0x6A)  # an LSM6DSL
_RESET_NS = const(50_000)  # software reset
_FASTEST_HZ = 6667.0  # ODR code 10; each code less halves it
_FASTEST_CODE = const(10)
_TICK_HZ = 40_000.0
_FINE_STEP = 0.0015
_ACCEL_RANGE_G = (2, 16, 4, 8)
_ACCEL_LSB_G = {2: 0.061e-3, 4: 0.122e-3, 8: 0.244e-3, 16: 0.488e-3}
_GYRO_LSB_DPS = {0: 8.75e-3, 1: 4.375e-3, 2: 17.5e-3, 4: 35e-3, 6: 70e-3}  # by FS[3:1]
_ACCEL_NOISE_G = 70e-6  # per root Hz, high performance
# RMS in low-power and normal mode, by range. Ref: the LSM6DSO's data sheet, ST DS12140, mechanical
# characteristics: the same accelerometer.
_LOW_POWER_NOISE_G = {2: 1.8e-3, 4: 2.0e-3, 8: 2.4e-3, 16: 3.0e-3}
_LOW_POWER = const(0x10)  # XL_HM_MODE in CTRL6_C ...
_LOW_POWER_CODE = const(5)  # ... has an effect up to 208 Hz
_GYRO_NOISE_DPS = 3.8e-3
_CELSIUS = 29.0
_TEMPERATURE_NOISE_C = 0.05
_BATCH = const(64)  # slots computed at once


class Lsm6dsoxChip:
    """An I2C target: ``write`` and ``read_into`` with a register pointer."""

    def __init__(self):
        config = world.config
        self._dead = bool(config["faults"].get("imu_dead"))
        self._wrong_id = bool(config["faults"].get("imu_wrong_id"))
        self._bias_dps = config["faults"].get("imu_gyro_bias_dps", 0.0)  # of its first axis
        self._accel_factor = 1 + config["faults"].get("imu_accel_error", 0.0)
        self._clock = 1 + config["imu_clock_error"]
        self._noise = tuple(Noise(10 + axis) for axis in range(6))
        self._motion = array("f", bytes(24 * _BATCH))
        self._sample = array("h", bytes(14))  # gyroscope, accelerometer, temperature
        self._word = bytearray(6)
        self._timestamp_zero_ns = world.now_ns()
        self._reset_until_ns = 0
        self._pointer = 0
        self._reset_registers()

    def acknowledges(self):
        return not self._dead

    def write(self, data):
        if not len(data):
            return
        now_ns = world.now_ns()
        self._catch_up(now_ns)
        self._pointer = data[0]
        for i in range(1, len(data)):
            self._write_register(self._pointer, data[i], now_ns)
            self._advance_pointer()

    def read_into(self, buffer):
        now_ns = world.now_ns()
        self._catch_up(now_ns)
        position = 0
        if self._pointer == _FIFO_TAG and self._increments():
            position = self._fifo.pop_into(buffer)  # whole words at once
        for i in range(position, len(buffer)):
            buffer[i] = self._read_register(self._pointer, now_ns)
            self._advance_pointer()

    # Registers.

    def _reset_registers(self):
        self._registers = bytearray(128)
        self._registers[_CTRL3_C] = 0x04
        self._fifo = Fifo()
        self._latest_ns = 0
        self._ready = 0
        self._start_slots(world.now_ns())

    def _increments(self):
        return self._registers[_CTRL3_C] & 0x04

    def _advance_pointer(self):
        if self._increments():
            # FIFO words follow each other: after the last byte comes the next tag.
            self._pointer = _FIFO_TAG if self._pointer == _FIFO_LAST else self._pointer + 1 & 0x7F

    def _read_register(self, address, now_ns):
        if address >= _FIFO_TAG and address <= _FIFO_LAST:
            return self._fifo.read(address - _FIFO_TAG)
        if address == _FIFO_STATUS1:
            return self._fifo.count & 0xFF
        if address == _FIFO_STATUS2:
            return self._fifo.status2(self._watermark())
        if _OUT_TEMP_L <= address < _OUT_END:
            self._refresh_sample()
            i = (address - _OUT_FIRST >> 1) if address >= _OUT_FIRST else 6
            # Reading the high byte of an output clears its data-ready bit.
            if address & 1:
                self._ready &= ~(4 if i == 6 else 2 if i < 3 else 1)
            return self._sample[i] >> 8 * (address & 1) & 0xFF
        if address == _WHO_AM_I:
            return _WRONG_ID if self._wrong_id else _ID
        if address == _STATUS_REG:
            return self._ready
        if _TIMESTAMP0 <= address < _TIMESTAMP0 + 4:
            return self._ticks(now_ns) >> 8 * (address - _TIMESTAMP0) & 0xFF
        if address == _INTERNAL_FREQ_FINE:
            return round((self._clock - 1) / _FINE_STEP) & 0xFF
        if address == _CTRL3_C and now_ns < self._reset_until_ns:
            return self._registers[_CTRL3_C] | 0x01
        return self._registers[address]

    def _write_register(self, address, value, now_ns):
        if now_ns < self._reset_until_ns or address >= 128:
            return
        if address == _TIMESTAMP2:
            if value == 0xAA:
                self._timestamp_zero_ns = now_ns
            return
        for first, last in _READ_ONLY:
            if first <= address <= last:
                return
        if address == _CTRL3_C and value & 0x01:
            self._reset_registers()
            self._timestamp_zero_ns = now_ns
            self._reset_until_ns = now_ns + _RESET_NS
            return
        before = self._registers[address]
        self._registers[address] = value
        if address == _CTRL10_C and value & ~before & 0x20:
            self._timestamp_zero_ns = now_ns
        elif address in (_CTRL1_XL, _CTRL2_G) and (value ^ before) & 0xF0:
            self._start_slots(now_ns)
            self._changed = True
        elif address == _FIFO_CTRL3 and value != before:
            self._changed = True
        elif address == _FIFO_CTRL4 and (value ^ before) & 0x07:
            self._fifo.keeps_oldest = value & 0x07 == 1
            if not value & 0x07:
                self._fifo.clear()
            else:
                self._changed = True
        elif address in (_FIFO_CTRL1, _FIFO_CTRL2):
            stop = self._registers[_FIFO_CTRL2] & 0x80 and self._watermark()
            self._fifo.capacity = self._watermark() if stop else DEPTH

    def _watermark(self):
        return self._registers[_FIFO_CTRL1] | (self._registers[_FIFO_CTRL2] & 1) << 8

    def _ticks(self, at_ns):
        if not self._registers[_CTRL10_C] & 0x20:
            return 0
        elapsed_ns = at_ns - self._timestamp_zero_ns
        return int(elapsed_ns * (_TICK_HZ * self._clock / 1e9)) & 0xFFFFFFFF

    # Sampling: both sensors share slots at the faster rate.

    def _start_slots(self, now_ns):
        accel = self._registers[_CTRL1_XL] >> 4
        gyro = self._registers[_CTRL2_G] >> 4
        if accel > _FASTEST_CODE:  # 1.6 Hz low power and reserved codes
            accel = 0
        if gyro > _FASTEST_CODE:
            gyro = 0
        self._accel_code, self._gyro_code = accel, gyro
        self._slot_code = max(accel, gyro)
        rate_hz = _FASTEST_HZ * self._clock / (1 << _FASTEST_CODE - self._slot_code)
        self._slot_ns = 1e9 / rate_hz
        self._zero_ns = now_ns
        self._slots = 0  # done since then
        self._changed = False

    def _slot_time_ns(self, slot):
        return self._zero_ns + int((slot + 1) * self._slot_ns)

    def _catch_up(self, now_ns):
        if not self._slot_code:
            return
        end = int((now_ns - self._zero_ns) / self._slot_ns)
        first = self._slots
        if end <= first:
            return
        self._slots = end
        self._latest_ns = self._slot_time_ns(end - 1)
        self._sample_slot = end - 1
        self._sample_stale = True
        self._ready = (1 if self._accel_code else 0) | (2 if self._gyro_code else 0) | 4
        if not self._registers[_FIFO_CTRL4] & 0x07:
            return  # bypass
        step = self._batch_plan()
        if not step:
            return
        # What the FIFO cannot hold any more is only counted: each step batches a word at least.
        skipped = (end - first) // step - DEPTH
        if skipped > 0 and not self._fifo.keeps_oldest:
            self._fifo.skip(skipped)
            first += skipped * step
        while first < end and not (self._fifo.keeps_oldest and self._fifo.full):
            count = min(_BATCH, end - first)
            self._batch(first, count)
            first += count

    def _batch_plan(self):
        """Set how often each kind of word is batched, in slots (0: never); returns the least."""
        control3 = self._registers[_FIFO_CTRL3]
        control4 = self._registers[_FIFO_CTRL4]
        self._gyro_every = self._every(control3 >> 4, self._gyro_code)
        self._accel_every = self._every(control3 & 0x0F, self._accel_code)
        temperature = (0, -2, 1, 3)[control4 >> 4 & 3]  # none, 1.6, 12.5, 52 Hz as ODR codes
        self._temperature_every = 1 << max(self._slot_code - temperature, 0) if temperature else 0
        self._timestamp_every = 0
        every = [e for e in (self._gyro_every, self._accel_every) if e]
        if every and self._registers[_CTRL10_C] & 0x20:
            self._timestamp_every = min(every) * (0, 1, 8, 32)[control4 >> 6]
        if self._temperature_every:
            every.append(self._temperature_every)
        return min(every) if every else 0

    def _every(self, batch_code, sensor_code):
        if not batch_code or not sensor_code:
            return 0
        return 1 << self._slot_code - min(batch_code, sensor_code)

    def _batch(self, first, count):
        fifo = self._fifo
        word = self._word
        world.motion(self._slot_time_ns(first), self._slot_ns, count, self._motion)
        self._set_scales()
        for i in range(count):
            slot = first + i
            gyro = self._gyro_every and not slot % self._gyro_every
            accel = self._accel_every and not slot % self._accel_every
            temperature = self._temperature_every and not slot % self._temperature_every
            if not (gyro or accel or temperature):
                continue
            fifo.next_slot()
            if self._changed:  # the first slot under a new configuration says so
                self._changed = False
                word[0:4] = bytes(4)
                word[4] = self._registers[_FIFO_CTRL3]
                word[5] = self._accel_code << 4 | self._gyro_code
                fifo.push(fifo.CONFIG_CHANGE, word)
            if gyro:
                self._quantise(slot, 6 * i + 3, 0, word)
                fifo.push(fifo.GYRO, word)
            if accel:
                self._quantise(slot, 6 * i, 3, word)
                fifo.push(fifo.ACCEL, word)
            if temperature:
                raw = self._temperature_raw(slot)
                word[0], word[1] = raw & 0xFF, raw >> 8 & 0xFF
                word[2] = word[3] = word[4] = word[5] = 0
                fifo.push(fifo.TEMPERATURE, word)
            if self._timestamp_every and not slot % self._timestamp_every:
                ticks = self._ticks(self._slot_time_ns(slot))
                word[0], word[1] = ticks & 0xFF, ticks >> 8 & 0xFF
                word[2], word[3] = ticks >> 16 & 0xFF, ticks >> 24
                word[4], word[5] = 0, 0
                fifo.push(fifo.TIMESTAMP, word)

    def _set_scales(self):
        """Counts per unit and noise in counts, of the gyroscope (0) and the accelerometer (3)."""
        accel_g = _ACCEL_RANGE_G[self._registers[_CTRL1_XL] >> 2 & 3]
        accel = 1 / _ACCEL_LSB_G[accel_g]
        gyro = 1 / _GYRO_LSB_DPS.get(self._registers[_CTRL2_G] >> 1 & 7, 8.75e-3)
        bandwidth_root = (0.5e9 / self._slot_ns) ** 0.5
        low_power = self._registers[_CTRL6_C] & _LOW_POWER
        if low_power and self._accel_code <= _LOW_POWER_CODE:
            accel_noise_g = _LOW_POWER_NOISE_G[accel_g]
        else:
            accel_noise_g = _ACCEL_NOISE_G * bandwidth_root
        self._scale = {0: gyro, 3: accel}
        self._sigma = {0: gyro * _GYRO_NOISE_DPS * bandwidth_root, 3: accel * accel_noise_g}

    def _quantise(self, slot, position, sensor, word):
        """Write three axes from ``_motion`` as little-endian int16, saturated."""
        motion = self._motion
        scale = self._scale[sensor]
        sigma = self._sigma[sensor]
        noises = self._noise
        bias = 0.0
        if sensor == 0:
            bias = self._bias_dps * scale
        else:
            scale *= self._accel_factor
        for axis in range(3):
            x = motion[position + axis] * scale + bias + noises[sensor + axis].at(slot) * sigma
            raw = int(x + 32768.5)
            if raw < 0:
                raw = 0
            elif raw > 65535:
                raw = 65535
            raw ^= 0x8000
            word[2 * axis] = raw & 0xFF
            word[2 * axis + 1] = raw >> 8
            bias = 0.0

    def _temperature_raw(self, slot):
        noise = self._noise[0].at(slot * 7 + 3) * _TEMPERATURE_NOISE_C
        return int((_CELSIUS - 25 + noise) * 256)

    def _refresh_sample(self):
        """Compute the output registers' latest sample."""
        if not self._latest_ns or not self._sample_stale:
            return
        self._sample_stale = False
        world.motion(self._latest_ns, self._slot_ns, 1, self._motion)
        self._set_scales()
        word = self._word
        for sensor, position, on in ((0, 3, self._gyro_code), (3, 0, self._accel_code)):
            if on:
                self._quantise(self._sample_slot, position, sensor, word)
                for axis in range(3):
                    raw = word[2 * axis] | word[2 * axis + 1] << 8
                    self._sample[sensor + axis] = (raw ^ 0x8000) - 0x8000
        self._sample[6] = self._temperature_raw(self._sample_slot)
