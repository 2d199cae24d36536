"""What the ADS1292R converts: when samples complete and what is in their frames.

Ref: TI SBAS502. Samples are computed when they are looked at, many at once.

``world.config["faults"]`` may have emg_gain_error and emg_reference_error (relative),
emg_noise_factor, and bits of LOFF_STAT that are always or never set: emg_lead_off_stuck, _dead.
"""

import math
from array import array

from micropython import const

import world
from chip_noise import Noise

FRAME_BYTES = const(9)
FULL_SCALE = const(0x7FFFFF)
BATCH = const(512)  # most samples computed at once

_CONFIG1 = const(1)
_CONFIG2 = const(2)
_CH1SET = const(4)
_RLD_SENS = const(6)
_LOFF_SENS = const(7)
_RESP2 = const(10)
_GPIO = const(11)

_GAINS = (6, 1, 2, 3, 4, 8, 12, 6)
_MUX_ELECTRODES = const(0)
_MUX_TEMPERATURE = const(4)
_MUX_TEST = const(5)
_REFERENCE_UV = (2_420_000.0, 4_033_000.0)  # VREF_4V clear, set
_REFERENCE_TAU_NS = 21e6  # settles within 0.1 % in about 150 ms
_REFERENCE_SETTLED_NS = const(200_000_000)
_TEMPERATURE_UV = 145_300.0 + 490.0 * 8  # sensor at 33 degC
_TEST_FRACTION = 2400.0  # test signal: VREF / 2400
_SETTLE_MODS = const(4)  # settling: four conversion periods and 4 tMOD (260 tMOD at 2 kSPS)
# Input noise at 2 kSPS: about 5.3 uVrms at gain 2, less at a higher gain; two terms, before and
# behind the amplifier, fitted to that.
_NOISE_BEFORE_UV = 1.5
_NOISE_BEHIND_UV = 10.2
_OFFSET_BEHIND_UV = 600.0
_FLOAT_UV = 1_650_000.0  # a floating input ends at the supply
_FLOAT_TAU_NS = 100e6  # by bias currents alone
_FLOAT_TAU_SOURCE_NS = 2e6  # driven there by the lead-off current
_LEAD_CHECK = const(32)  # samples between two looks at the electrodes


class Converter:
    """Both channels, their schedule and the 24-bit codes of each conversion."""

    def __init__(self, mod_ns):
        self.registers = bytearray(12)
        self.running = False
        self.reference_on_ns = 0
        self.period_ns = 0.0
        self._mod_ns = mod_ns
        self._counts = bool(world.config["emg_counter"])
        faults = world.config["faults"]
        self._dead = bool(faults.get("emg_dead"))
        self._gain_factor = 1 + faults.get("emg_gain_error", 0.0)
        self._reference_factor = 1 + faults.get("emg_reference_error", 0.0)
        self._noise_factor = faults.get("emg_noise_factor", 1.0)
        self._stuck_bits = int(faults.get("emg_lead_off_stuck", 0))
        self._dead_bits = int(faults.get("emg_lead_off_dead", 0))
        self._noise = (Noise(1), Noise(2))
        self._first_ns = 0
        self._stopped_at = 0  # conversions complete when it stopped
        self._calibrated_gain = (0, 0)
        self._float_uv = 0.0
        self._float_ns = 0
        self._uv = array("f", bytes(4 * BATCH))
        self._one_status = array("i", [0])
        self._one_ch1 = array("i", [0])
        self._one_ch2 = array("i", [0])

    # Schedule.

    def start(self, now_ns):
        self.period_ns = self._mod_ns * (1024 >> min(self.registers[_CONFIG1] & 7, 6))
        self._first_ns = now_ns + int(4 * self.period_ns + _SETTLE_MODS * self._mod_ns)
        self.running = True

    def stop(self, now_ns):
        if self.running:
            self._stopped_at = self.complete_at(now_ns)
            self.running = False

    def ready_ns(self, k):
        """World time at which conversion ``k`` since START completes."""
        return self._first_ns + int(k * self.period_ns)

    def complete_at(self, now_ns):
        """Number of conversions complete since START."""
        if not self.running:
            return self._stopped_at
        if now_ns < self._first_ns:
            return 0
        if self.registers[_CONFIG1] & 0x80:
            return 1  # single shot
        n = int((now_ns - self._first_ns) / self.period_ns) + 1
        while self.ready_ns(n) <= now_ns:
            n += 1
        while n and self.ready_ns(n - 1) > now_ns:
            n -= 1
        return n

    # Data.

    def frame_bytes(self, k):
        """Return the nine bytes of conversion ``k``: status, channel 1, channel 2."""
        self.frames(k, 1, self._one_status, self._one_ch1, self._one_ch2)
        frame = bytearray(FRAME_BYTES)
        position = 0
        for word in (self._one_status[0], self._one_ch1[0], self._one_ch2[0]):
            frame[position] = word >> 16 & 0xFF
            frame[position + 1] = word >> 8 & 0xFF
            frame[position + 2] = word & 0xFF
            position += 3
        return frame

    def frames(self, first, count, status, ch1, ch2):
        """Fill status words and codes of ``count`` <= BATCH conversions; ``ch1`` may be None.

        Conversions are asked for in order; one may be asked for again.
        """
        if self._dead:
            for i in range(count):
                status[i] = ch2[i] = 0
            if ch1 is not None:
                for i in range(count):
                    ch1[i] = 0
            return
        if ch1 is not None:
            self._convert(0, first, count, ch1)
        self._convert(1, first, count, ch2)
        i = 0
        while i < count:
            word = self._status(self.ready_ns(first + i))
            end = min(i + _LEAD_CHECK, count)
            while i < end:
                status[i] = word
                i += 1

    def lead_off_bits(self, now_ns):
        """Return LOFF_STAT[4:0]: RLD, 2N, 2P, 1N, 1P. Nothing is connected to channel 1."""
        if not self.registers[_CONFIG2] & 0x40:
            return 0
        sensed = self.registers[_LOFF_SENS] & 0x0F
        bits = sensed & 0x03
        off = world.lead_off(now_ns)
        bits |= sensed & off & 0x0C
        bits |= self.registers[_RLD_SENS] & off & 0x10
        return bits & ~self._dead_bits | sensed & self._stuck_bits

    def calibrate_offset(self):
        if self.registers[_RESP2] & 0x80:  # CALIB_ON
            self._calibrated_gain = (self._gain(0), self._gain(1))

    def _gain(self, channel):
        return _GAINS[self.registers[_CH1SET + channel] >> 4 & 7]

    def _status(self, now_ns):
        gpio = self.registers[_GPIO]
        driven = gpio & ~(gpio >> 2) & 3
        return 0xC00000 | self.lead_off_bits(now_ns) << 15 | driven << 13

    def _convert(self, channel, first, count, codes):
        setting = self.registers[_CH1SET + channel]
        if setting & 0x80:
            for i in range(count):
                codes[i] = 0
        elif self._counts:
            for i in range(count):
                codes[i] = (first + i) & FULL_SCALE
        elif not self.registers[_CONFIG2] & 0x20:
            # The reference buffer is off: the reference input floats, the codes mean nothing.
            for i in range(count):
                codes[i] = ((first + i) * 2654435761 >> 4 & 0xFFFFFF) - 0x800000
        else:
            self._fill_input(channel, setting & 0x0F, first, count)
            self._quantise(channel, first, count, codes)

    def _fill_input(self, channel, mux, first, count):
        """Fill ``_uv`` with the input voltage that the filter saw for each conversion."""
        uv = self._uv
        if mux == _MUX_ELECTRODES and channel == 1:
            # The world's filter is causal, as the converter's: 1.5 periods of delay are in it.
            period_ns = self.period_ns
            world.electrode_uv(self.ready_ns(first), period_ns, count, period_ns, uv)
            self._float_electrodes(first, count)
            return
        level = 0.0
        if mux == _MUX_ELECTRODES:
            level = _FLOAT_UV  # channel 1 is not connected
        elif mux == _MUX_TEMPERATURE:
            level = _TEMPERATURE_UV
        for i in range(count):
            uv[i] = level
        if mux == _MUX_TEST and self.registers[_CONFIG2] & 0x02:
            amplitude = self._reference_uv() / _TEST_FRACTION
            square = self.registers[_CONFIG2] & 0x01
            for i in range(count):
                uv[i] = amplitude * (self._square(first + i) if square else 1.0)

    def _square(self, k):
        """Return the 1 Hz test square wave as the sinc3 filter shows it at conversion ``k``."""
        half_ns = 64_000 * self._mod_ns
        since = self.ready_ns(k) % int(2 * half_ns)
        sign = 1.0 if since < half_ns else -1.0
        if since >= half_ns:
            since -= half_ns
        u = since / self.period_ns  # periods since the edge; the step response lasts three
        if u >= 3:
            return sign
        if u < 1:
            done = u * u * u / 6
        elif u < 2:
            done = (((-2 * u + 9) * u - 9) * u + 3) / 6
        else:
            done = 1 - (3 - u) ** 3 / 6
        return sign * (2 * done - 1)

    def _float_electrodes(self, first, count):
        """Let an electrode that is off the skin drift to the rail, and come back from there."""
        uv = self._uv
        driven = self.registers[_LOFF_SENS] & 0x0C and self.registers[_CONFIG2] & 0x40
        tau_ns = _FLOAT_TAU_SOURCE_NS if driven else _FLOAT_TAU_NS
        i = 0
        while i < count:
            end = min(i + _LEAD_CHECK, count)
            end_ns = self.ready_ns(first + end - 1)
            off = world.lead_off(end_ns) & 1
            before = self._float_uv
            if off or before:
                elapsed_ns = max(end_ns - self._float_ns, 0)
                target = _FLOAT_UV if off else 0.0
                after = target + (before - target) * math.exp(-elapsed_ns / tau_ns)
                if not off and after < 0.1:
                    after = 0.0
                step = (after - before) / (end - i)
                while i < end:
                    before += step
                    uv[i] = before if off else uv[i] + before
                    i += 1
                self._float_uv = after
            i = end
            self._float_ns = end_ns

    def _reference_uv(self):
        return _REFERENCE_UV[self.registers[_CONFIG2] >> 4 & 1] * self._reference_factor

    def _quantise(self, channel, first, count, codes):
        gain = self._gain(channel)
        scale = gain * self._gain_factor * FULL_SCALE / self._reference_uv()
        settling_ns = self.ready_ns(first) - self.reference_on_ns
        if settling_ns < _REFERENCE_SETTLED_NS:  # a reference that is still low reads too much
            scale /= max(1 - math.exp(-settling_ns / _REFERENCE_TAU_NS), 1e-3)
        rate = math.sqrt(64 * self._mod_ns / self.period_ns)  # noise grows with the bandwidth
        sigma = rate * math.sqrt(_NOISE_BEFORE_UV**2 + (_NOISE_BEHIND_UV / gain) ** 2) * scale
        sigma *= self._noise_factor
        noise = self._noise[channel]
        offset = 0.0
        if self._calibrated_gain[channel] != gain:
            offset = noise.a[0] * _OFFSET_BEHIND_UV / gain * scale
        offset += FULL_SCALE + 1.5  # so that int() rounds to nearest
        a, b = noise.a, noise.b
        size_a, size_b = len(a), len(b)
        ia = (first + noise.start_a) % size_a
        ib = (first + noise.start_b) % size_b
        uv = self._uv
        for i in range(count):
            code = int(uv[i] * scale + (a[ia] + b[ib]) * sigma + offset)
            if code < 0:
                code = 0
            elif code > 0xFFFFFF:
                code = 0xFFFFFF
            codes[i] = code - 0x800000
            ia += 1
            if ia == size_a:
                ia = 0
            ib += 1
            if ib == size_b:
                ib = 0
