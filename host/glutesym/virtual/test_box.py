"""A test box with its generator, and the pod that lies beside it: what its sensors feel.

Parts differ from their nominal values within their tolerances, and the generator from what it
says. The reference drive's help against common mode is left out: what is left of it comes from
unequal parts and from the chip's own rejection.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from glutesym import wire
from glutesym.bench.box import (
    CHANNEL_1_F,
    CHIP_CMRR_DB,
    HUM,
    INPUT_F,
    LEAD_OFF_A,
    OPEN_N,
    OPEN_P,
    OPEN_REF,
    SERIES_OHM,
    SHORT,
    SIGNAL,
    SKIN_F,
    SKIN_OHM,
    THRESHOLD_V,
    divider_ratio,
    lead_gain,
    sinc3,
    thermal_uv,
)
from glutesym.bench.plan import Generator
from glutesym.bench.sounds import bursts

_Array = NDArray[np.float64]

_FINE = 32  # points in a conversion at which the generator is looked at
_KNOWN_NS = 50_000_000
_REFERENCE_NS = 90_000_000_000  # others saw IN2N reported 1 to 2 minutes after the reference left
_RAIL_UV = 1.65e6
_NOISE_SIZE = 1 << 16
_FACES = ((0, 0, 1), (0, 0, -1), (0, 1, 0), (0, -1, 0), (1, 0, 0), (-1, 0, 0))
_REST_G = (0.04, -0.03)  # a pod that lies is not quite level


@dataclass(frozen=True)
class BoxParts:
    """One box and one pod's leads, as built; factors are relative to nominal."""

    series: tuple[float, float] = (1.0, 1.0)  # of the pod's resistors in + and −
    skin: tuple[float, float] = (1.0, 1.0)
    ratio: float = 1.0  # of the divider
    channel_1: bool = False  # the breakout loads its inputs
    seed: int = 1  # of the resistors' noise
    broken: str = ""  # OPEN_P or OPEN_N: that lead leads nowhere
    swapped: bool = False  # + and − are exchanged
    tone_hz: float = 0.0  # couples into the leads
    tone_uv: float = 0.0  # RMS


@dataclass(frozen=True)
class GeneratorErrors:
    """By what the generator differs from what it says."""

    level: float = 0.0  # relative
    frequency: float = 0.0
    third_harmonic: float = 0.0  # of the sine's amplitude


def random_parts(seed: int) -> BoxParts:
    """Draw parts of 1 %, with or without the load of channel 1."""
    random = np.random.default_rng([seed, 311])
    a, b, c, d, e, f = (random.uniform(-0.01, 0.01, 6)).tolist()
    return BoxParts(
        (1 + a, 1 + b), (1 + c, 1 + d), (1 + e) / (1 + f), bool(random.random() < 0.5), seed
    )


def random_generator(seed: int) -> GeneratorErrors:
    """Draw a generator: level within 2 %, frequency within 50 ppm, 0.1 % of distortion."""
    random = np.random.default_rng([seed, 312])
    return GeneratorErrors(
        float(random.uniform(-0.02, 0.02)), float(random.uniform(-50e-6, 50e-6)), 0.001
    )


@dataclass
class _Turn:
    from_ns: int
    position: str
    generator: Generator
    divide_by: int


@dataclass
class TestBox:
    """What one pod is attached to; a `glutesym.virtual.pod_parts.PodBody`.

    `turn` sets it. Pods fetch signals up to 0.2 s ahead: turn it for later than that.
    """

    __test__ = False  # pytest: this is none

    parts: BoxParts = field(default_factory=BoxParts)
    errors: GeneratorErrors = field(default_factory=GeneratorErrors)
    battery_pct: float = 87.0
    usb_power: bool = False

    def __post_init__(self) -> None:
        random = np.random.default_rng([self.parts.seed, 313])
        self._white = random.standard_normal(_NOISE_SIZE)
        self._turns = [_Turn(-(1 << 62), SHORT, Generator(), 1000)]
        self._face: list[tuple[int, int]] = [(-(1 << 62), 0)]

    def turn(self, at_ns: int, position: str, generator: Generator, divide_by: int) -> None:
        """Set box and generator at a moment that is to come."""
        self._turns.append(_Turn(at_ns, position, generator, divide_by))

    def lay(self, at_ns: int, face: int) -> None:
        """Lay the pod on one of its sides, from 1; 0: as it lies on its back."""
        self._face.append((at_ns, face))

    def start(self, now_ns: int) -> None:
        """Nothing begins: the box is as it is set."""

    def shift(self, later_ns: int) -> None:
        """Nothing is to come later."""

    def power(self, now_ns: int) -> tuple[float, float, bool]:
        """Return battery volts, percent, and whether there is USB power."""
        return 3.5 + 0.7 * self.battery_pct / 100, self.battery_pct, self.usb_power

    def motion(self, start_ns: int, step_ns: float, count: int) -> NDArray[np.float32]:
        """Return (count, 6): gravity, and no turning."""
        out = np.zeros((count, 6), np.float32)
        time_ns = start_ns + step_ns * np.arange(count)
        for at_ns, face in self._face:
            gravity = np.array(_FACES[(face or 1) - 1], float)
            if face == 0:
                gravity[:2] = _REST_G
            out[time_ns >= at_ns, :3] = gravity / np.linalg.norm(gravity)
        return out

    def lead_off(self, time_ns: int) -> tuple[int, int]:
        """Return the bits of the comparators, and until when that is certain."""
        bits, until_ns = 0, time_ns + _KNOWN_NS
        for position, bit in ((OPEN_P, wire.LEAD_OFF_2P), (OPEN_N, wire.LEAD_OFF_2N)):
            for open_ns, close_ns in self._open(position):
                on_ns = open_ns + round(1e9 * self._input_f() * THRESHOLD_V / LEAD_OFF_A)
                bits |= bit if on_ns <= time_ns < close_ns else 0
                until_ns = _next(until_ns, time_ns, on_ns, close_ns)
        for open_ns, close_ns in self._open(OPEN_REF):
            on_ns = open_ns + _REFERENCE_NS
            bits |= wire.LEAD_OFF_2N if on_ns <= time_ns < close_ns else 0
            until_ns = _next(until_ns, time_ns, on_ns, close_ns)
        return (_exchanged(bits) if self.parts.swapped else bits), until_ns

    def electrode_uv(
        self, start_ns: int, step_ns: float, count: int, aperture_ns: float
    ) -> NDArray[np.float32]:
        """Return what the converter's filter makes of the voltage between the inputs, µV."""
        time_ns = start_ns + step_ns * np.arange(count)
        box = np.ones(_FINE) / _FINE
        kernel = np.convolve(np.convolve(box, box), box)
        # Each of the three boxes covers [t − aperture, t], its points in the middle of parts.
        back_ns = aperture_ns / _FINE * (np.arange(len(kernel)) + 1.5)
        fine = self._inputs_uv(time_ns[:, np.newaxis] - back_ns)
        uv = fine @ kernel + self._noise_uv(time_ns, step_ns)
        return (-uv if self.parts.swapped else uv).astype(np.float32)

    def signal_amplitude_uv(self, generator: Generator, divide_by: int, fs_hz: float) -> float:
        """Return the amplitude that a perfect pod would read in SIGNAL: the truth."""
        hz = generator.hz * (1 + self.errors.frequency)
        return self._amplitude_uv(generator) * self._gain(hz, divide_by) * sinc3(hz, fs_hz)

    def hum_rejection_db(self, hz: float, fs_hz: float) -> float:
        """Return how much less of common mode is left, against what the generator says."""
        left = abs(self._imbalance(hz)) * sinc3(hz, fs_hz) * (1 + self.errors.level)
        return float(-20 * np.log10(left))

    # --- parts

    def _inputs_uv(self, time_ns: _Array) -> _Array:
        """Return the voltage between the inputs."""
        out = np.zeros(time_ns.shape)
        ends = [turn.from_ns for turn in self._turns[1:]] + [1 << 62]
        for turn, end_ns in zip(self._turns, ends, strict=True):
            inside = (time_ns >= turn.from_ns) & (time_ns < end_ns)
            if turn.generator.mv and inside.any():
                out[inside] = self._source_uv(turn, time_ns[inside] / 1e9)
        # The lead-off currents flow through what is in the leads.
        ohm = SERIES_OHM * sum(self.parts.series) + SKIN_OHM * sum(self.parts.skin)
        out += 1e6 * LEAD_OFF_A * ohm
        if self.parts.tone_uv:
            tone = np.sin(2 * pi * self.parts.tone_hz * time_ns / 1e9)
            out += sqrt(2) * self.parts.tone_uv * tone
        for position in (OPEN_P, OPEN_N):
            for open_ns, close_ns in self._open(position):
                out = self._floating_uv(out, time_ns, open_ns, close_ns)
        return out

    def _floating_uv(self, uv: _Array, time_ns: _Array, open_ns: int, close_ns: int) -> _Array:
        """Let an input that was opened be charged by the lead-off current, and discharged."""
        ramp_uv = 1e6 * LEAD_OFF_A / self._input_f() * (time_ns - open_ns) / 1e9
        charged_uv = min(1e6 * LEAD_OFF_A / self._input_f() * (close_ns - open_ns) / 1e9, _RAIL_UV)
        tau_ns = 1e9 * self._input_f() * (SERIES_OHM + SKIN_OHM)
        fading_uv = charged_uv * np.exp(-np.maximum(time_ns - close_ns, 0) / tau_ns)
        opened = (time_ns >= open_ns) & (time_ns < close_ns)
        charge_uv = np.where(opened, np.minimum(ramp_uv, _RAIL_UV), 0.0)
        return uv + np.where(time_ns >= close_ns, fading_uv, charge_uv)

    def _source_uv(self, turn: _Turn, time_s: _Array) -> _Array:
        hz = turn.generator.hz * (1 + self.errors.frequency)
        uv = self._amplitude_uv(turn.generator)
        if turn.position == HUM:
            gain = self._imbalance(hz)
            return uv * np.real(gain * np.exp(2j * pi * hz * time_s))
        if turn.position != SIGNAL:
            return np.zeros(len(time_s))
        if turn.generator.bursts:
            return uv * self._gain(100.0, turn.divide_by) * bursts(time_s)
        fundamental = self._gain(hz, turn.divide_by) * np.sin(2 * pi * hz * time_s)
        third = self.errors.third_harmonic * self._gain(3 * hz, turn.divide_by)
        return uv * (fundamental + third * np.sin(6 * pi * hz * time_s))

    def _amplitude_uv(self, generator: Generator) -> float:
        return 1000 * sqrt(2) * generator.mv * (1 + self.errors.level)

    def _leads(self, hz: float) -> tuple[complex, complex]:
        parts = self.parts
        a, b = (
            lead_gain(
                hz,
                parts.channel_1,
                SERIES_OHM * parts.series[i],
                SKIN_OHM * parts.skin[i],
                SKIN_F,
            )
            for i in (0, 1)
        )
        return a, b

    def _gain(self, hz: float, divide_by: int) -> float:
        """Return box input to the chip's inputs, in SIGNAL."""
        plus, minus = self._leads(hz)
        return divider_ratio(divide_by) * self.parts.ratio * abs(plus + minus) / 2

    def _imbalance(self, hz: float) -> complex:
        """Return which part of common mode comes out between the inputs."""
        plus, minus = self._leads(hz)
        return plus - minus + 10 ** (-CHIP_CMRR_DB / 20)

    def _noise_uv(self, time_ns: NDArray[np.floating], step_ns: float) -> _Array:
        """Return the resistors' noise: white, as much in the muscle's band as they make there."""
        index = np.floor(time_ns / step_ns + 0.25).astype(np.int64) % _NOISE_SIZE
        density = thermal_uv(20.0, 450.0) / sqrt(430.0)
        return density * sqrt(0.5e9 / step_ns) * self._white[index]

    def _input_f(self) -> float:
        return INPUT_F + (CHANNEL_1_F if self.parts.channel_1 else 0.0)

    def _open(self, position: str) -> list[tuple[int, int]]:
        """Return when an electrode was open, (from, to) ns."""
        if self.parts.broken == position:
            return [(-(1 << 61), 1 << 62)]
        ends = [turn.from_ns for turn in self._turns[1:]] + [1 << 62]
        return [
            (turn.from_ns, end_ns)
            for turn, end_ns in zip(self._turns, ends, strict=True)
            if turn.position == position
        ]


def _exchanged(bits: int) -> int:
    plus, minus = bits & wire.LEAD_OFF_2P, bits & wire.LEAD_OFF_2N
    return (wire.LEAD_OFF_2N if plus else 0) | (wire.LEAD_OFF_2P if minus else 0)


def _next(until_ns: int, now_ns: int, *changes_ns: int) -> int:
    """Return when something changes, if it is sooner."""
    return min([until_ns, *(change for change in changes_ns if change > now_ns)])
