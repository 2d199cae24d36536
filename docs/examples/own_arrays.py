"""The analysis on arrays that something else recorded, and on amounts alone.

    python docs/examples/own_arrays.py

The arrays are made up here: ten movements of the hips, a muscle of noise on each side, the left
one weaker by a quarter and later by 40 ms.
"""

import numpy as np

import glutesym
from glutesym.measures import Estimate

FS_HZ, IMU_HZ, REPS, PERIOD_S = 2000.0, 200.0, 10, 4.0


def side(gain: float, late_s: float, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Return EMG (µV), acceleration (g) and rate of turn (deg/s) of one side."""
    seconds = 6 + REPS * PERIOD_S
    t = np.arange(round(seconds * FS_HZ)) / FS_HZ
    phase = np.mod(t - 5 - late_s, PERIOD_S)
    active = np.clip(phase / 0.08, 0, 1) * np.clip((2.2 - phase) / 0.2, 0, 1)
    active[(t < 5 + late_s) | (t > 5 + REPS * PERIOD_S)] = 0
    emg_uv = 4 * random.standard_normal(len(t)) + 80 * gain * active * random.standard_normal(
        len(t)
    )

    t = np.arange(round(seconds * IMU_HZ)) / IMU_HZ
    phase = np.clip(np.mod(t - 5, PERIOD_S) / 2.2, 0, 1)
    angle = np.radians(40) * 0.5 * (1 - np.cos(2 * np.pi * phase))
    angle[(t < 5) | (t > 5 + REPS * PERIOD_S)] = 0
    accel_g = np.stack([np.sin(angle), np.zeros(len(t)), np.cos(angle)], axis=1)
    gyro_dps = np.zeros((len(t), 3))
    gyro_dps[:, 1] = -np.degrees(np.gradient(angle, 1 / IMU_HZ))
    return {"emg_uv": emg_uv, "accel_g": accel_g, "gyro_dps": gyro_dps}


def in_words(number: Estimate, unit: str) -> str:
    """Return a number with its interval, or why it is withheld."""
    if number.value is None:
        return f"withheld: {number.reason}"
    return f"{number.value:+.1f} {unit} (95 % CI {number.ci_low:+.1f} to {number.ci_high:+.1f})"


def main() -> None:
    random = np.random.default_rng(1)
    sides = {"left": side(0.75, 0.04, random), "right": side(1.0, 0.0, random)}
    recording = glutesym.from_arrays(
        {name: data["emg_uv"] for name, data in sides.items()},
        FS_HZ,
        {name: data["accel_g"] for name, data in sides.items()},
        {name: data["gyro_dps"] for name, data in sides.items()},
        IMU_HZ,
        exercise="bridge",
    )
    found = glutesym.analyze(recording)
    summary = found.summary
    index = in_words(summary.symmetry_index_pct, "%")
    print(f"{summary.n_reps} repetitions: {summary.verdict}, {index}; positive: right larger")
    print(f"Timing: {summary.lag_verdict}, {in_words(summary.lag_ms, 'ms')}; positive: left later")

    left = [rep.left.activation_uv for rep in found.reps]
    right = [rep.right.activation_uv for rep in found.reps]
    alone = glutesym.asymmetry(left, right)
    print("The same from amounts alone:", in_words(alone.symmetry_index_pct, "%"))


if __name__ == "__main__":
    main()
