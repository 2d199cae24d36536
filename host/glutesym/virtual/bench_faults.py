"""Things that can be wrong with a pod or its bench, and the lines of its test that fail then.

Tests and benchmarks/bench_test.py have each of them tried; no other line may fail.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from glutesym import wire
from glutesym.bench.box import OPEN_N, OPEN_P
from glutesym.measures import Side
from glutesym.virtual.bench import VirtualBench
from glutesym.virtual.test_box import random_parts
from glutesym.virtual.virtual_pod import random_hardware


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and the lines that must fail."""

    fails: tuple[str, ...]
    chips: dict[str, float] = field(default_factory=dict[str, float])  # PodHardware.faults
    hardware: dict[str, Any] = field(default_factory=dict[str, Any])  # fields of PodHardware
    parts: dict[str, Any] = field(default_factory=dict[str, Any])  # fields of BoxParts
    generator: dict[str, Any] = field(default_factory=dict[str, Any])  # of GeneratorErrors


_CONNECTED = ("Electrodes connected",)
_BOTH_GAINS = ("Gain, chip's test signal", "Gain, generator")

FAULTS: dict[str, Fault] = {
    "nothing": Fault(()),
    "amplifier 20 % low": Fault(_BOTH_GAINS, chips={"emg_gain_error": -0.2}),
    "reference 20 % high": Fault(_BOTH_GAINS[1:], chips={"emg_reference_error": 0.2}),
    "chip five times as noisy": Fault(
        ("Noise, inside the chip", "Noise, inputs shorted"), chips={"emg_noise_factor": 5.0}
    ),
    "2 µV of 137 Hz in the leads": Fault(
        ("Tones in the noise",), parts={"tone_hz": 137.0, "tone_uv": 2.0}
    ),
    "lead + broken": Fault(_CONNECTED, parts={"broken": OPEN_P}),
    "lead − broken": Fault(_CONNECTED, parts={"broken": OPEN_N}),
    "leads exchanged": Fault(("The right electrode is named",), parts={"swapped": True}),
    "comparator + always on": Fault(_CONNECTED, chips={"emg_lead_off_stuck": wire.LEAD_OFF_2P}),
    "comparator − never on": Fault(
        ("Electrode − off: reported after",), chips={"emg_lead_off_dead": wire.LEAD_OFF_2N}
    ),
    "one resistor 150 kΩ": Fault(
        ("Hum rejection",), parts={"series": (1.5, 1.0), "channel_1": True}
    ),
    "oscillator 2 % fast": Fault(("Sample rate",), hardware={"emg_clock_error": 0.02}),
    "oscillator 2 % slow": Fault(("Sample rate",), hardware={"emg_clock_error": -0.02}),
    "generator distorts 3 %": Fault(("Distortion",), generator={"third_harmonic": 0.03}),
    "generator 1000 ppm fast": Fault(
        ("Rate, generator against clock",), generator={"frequency": 1e-3}
    ),
    "gyroscope 5 °/s off": Fault(("Gyroscope at rest",), chips={"imu_gyro_bias_dps": 5.0}),
    "accelerometer 8 % high": Fault(
        ("Gravity", "Accelerometer scale"), chips={"imu_accel_error": 0.08}
    ),
    "no gauge": Fault(("Cell",), chips={"gauge_dead": 1.0}),
}


def faulty_bench(fault: Fault, side: Side, seed: int, *args: Any) -> VirtualBench:
    """Return a virtual bench on which something is wrong with one pod.

    ``args`` are setup and steps of `VirtualBench`.
    """
    hardware = random_hardware(seed)
    hardware[side] = replace(hardware[side], faults=fault.chips, **fault.hardware)
    parts = replace(random_parts(2 * seed), **fault.parts)
    bench = VirtualBench(*args, sides=(side,), seed=seed, hardware=hardware, parts={side: parts})
    box = bench.boxes[side]
    box.errors = replace(box.errors, **fault.generator)
    return bench
