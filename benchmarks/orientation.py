"""Which way is down: the complementary filter of `glutesym.analysis.gravity` beside VQF.

    pip install -e ".[benchmark]"
    python benchmarks/orientation.py --sets 3 --seed 80000

VQF is that of Laidig and Seel 2023 (Information Fusion 91:187), without a magnetometer: with its
default parameters (``tauAcc`` 3 s), and with the time constant that the filter here has, so that
what differs is not that constant alone. Tilt is compared with the truth of synthetic sets of every
exercise, over both pods and all of the set but its first 3 s; counts with the sets of `reps.py`;
and the angles of both screens with what was asked for.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from glutesym.analysis import pelvis
from glutesym.analysis.gravity import GRID_HZ, GravityOnGrid
from glutesym.analysis.reps import RepCounter
from glutesym.analysis.screens import hip_rotation, pelvic_drop
from glutesym.measures import SIDES
from glutesym.recording import ImuRecord
from glutesym.virtual.scenarios.base import IMU_GRID_HZ, Scenario
from glutesym.virtual.scenarios.catalog import EXERCISES, build_scenario
from glutesym.virtual.scenarios.kinematics import RepTiming, imu_signals, movement, true_up
from scenario_recording import record
from workout import Course, build_workout

G_M_S2 = 9.80665
RATE_HZ = 200.0
SETTLED_S = 3.0
# ST DS12814, LSM6DSOX: zero-rate level ±1 deg/s (typical).
BIASES_DPS = (0.0, 1.0)
TEMPI_S = (1.5, 4.0)
COURSES = (Course(), Course(walks=True), Course(changes_posture=True), Course(one_pod=True))


class VqfOnGrid:
    """What `GravityOnGrid` does, by VQF; for one whole recording without gaps."""

    correct_s = 3.0  # its default

    def __init__(self) -> None:
        self._rows = np.empty((0, 4))
        self._first = 0
        self.end = 0

    def process(self, imu: ImuRecord) -> None:
        """Take in a whole recording."""
        if not len(imu.time_s):
            return
        step = np.floor(imu.time_s * GRID_HZ).astype(np.int64)
        rows = np.column_stack((vqf_up(imu, self.correct_s), np.linalg.norm(imu.accel_g, axis=1)))
        self._first, self.end = int(step[0]), int(step[-1])
        at = step - self._first
        count = np.bincount(at)
        with np.errstate(invalid="ignore"):
            self._rows = np.stack([np.bincount(at, x) / count for x in rows.T], axis=1)

    def take(self, start: int, stop: int) -> np.ndarray:
        """Return steps, as `GravityOnGrid.take` does."""
        out = np.full((stop - start, 4), np.nan)
        numbers = np.arange(start, stop) - self._first
        there = (numbers >= 0) & (numbers < len(self._rows))
        out[there] = self._rows[numbers[there]]
        return out


class QuickVqfOnGrid(VqfOnGrid):
    """With the time constant of `GravityOnGrid`."""

    correct_s = 1.0


def vqf_up(imu: ImuRecord, correct_s: float) -> np.ndarray:
    gyro = np.ascontiguousarray(np.radians(imu.gyro_dps))
    accel = np.ascontiguousarray(imu.accel_g * G_M_S2)
    from vqf import VQF  # one of the extras of `benchmark`: `--help` works without

    w, x, y, z = VQF(1 / imu.fs_hz, tauAcc=correct_s).updateBatch(gyro, accel)["quat6D"].T
    return np.column_stack((2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x**2 + y**2)))


FILTERS = {"glutesym": GravityOnGrid, "VQF": VqfOnGrid, "VQF, 1 s": QuickVqfOnGrid}


def tilt_errors_deg(exercise: str, tempo_s: float, bias_dps: float, seed: int) -> dict:
    what = EXERCISES[exercise]
    rng = np.random.default_rng((seed, list(EXERCISES).index(exercise)))
    out, stay = what.phases
    timings, clock_s = [], 4.0
    for _ in range(10):
        long_s = tempo_s * rng.uniform(0.85, 1.15)
        timings.append(
            RepTiming(
                clock_s,
                clock_s + out * long_s,
                clock_s + (out + stay) * long_s,
                clock_s + long_s,
            )
        )
        clock_s += long_s + rng.uniform(0.2, 1.0)
    motion = movement(what.rest, [what.far] * len(timings), timings, float(np.ceil(clock_s + 2)))
    errors = {name: [] for name in FILTERS}
    for side in SIDES:
        accel, gyro = (x.astype(float) for x in imu_signals(motion, side, seed))
        every = round(IMU_GRID_HZ / RATE_HZ)
        accel, gyro = (x.reshape(-1, every, 3).mean(axis=1) for x in (accel, gyro))
        imu = ImuRecord(RATE_HZ, (np.arange(len(accel)) + 0.5) / RATE_HZ, accel, gyro)
        imu = biased(imu, bias_dps, seed)
        true = true_up(motion, side, seed)
        true = true.reshape(-1, round(IMU_GRID_HZ / GRID_HZ), 3).mean(axis=1)
        for name, make in FILTERS.items():
            gravity = make()
            gravity.process(imu)
            first = round(SETTLED_S * GRID_HZ)
            up = gravity.take(0, gravity.end)[first:, :3]
            errors[name].append(between_deg(up, true[first : first + len(up)]))
    return {name: np.concatenate(found) for name, found in errors.items()}


def between_deg(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    cosine = np.sum(a * b, axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def count(imu: dict, make: type) -> int:
    counter = RepCounter(strides=False)
    counter._gravity = {side: make() for side in SIDES}
    return len(counter.process(imu) + counter.finish())


def tilts(sets: int, seed: int) -> Table:
    table = Table(title="Tilt error, mean / 95 % / largest (degrees)")
    table.add_column("A repetition takes, gyroscope offset")
    for name in FILTERS:
        table.add_column(name, justify="right")
    for tempo_s in TEMPI_S:
        for bias_dps in BIASES_DPS:
            all_of = {name: [] for name in FILTERS}
            for exercise in EXERCISES:
                for i in range(sets):
                    found = tilt_errors_deg(exercise, tempo_s, bias_dps, seed + i)
                    for name, errors in found.items():
                        all_of[name].append(errors)
            cells = []
            for parts in all_of.values():
                e = np.concatenate(parts)
                cells.append(f"{e.mean():.2f} / {np.percentile(e, 95):.2f} / {e.max():.1f}")
            table.add_row(f"{tempo_s:g} s, {bias_dps:g} deg/s", *cells)
    return table


def counts(sets: int, seed: int) -> Table:
    table = Table(title="Sets counted exactly / within ±1, of all")
    table.add_column("Course")
    for name in FILTERS:
        table.add_column(name, justify="right")
    for course in COURSES:
        off = {name: [] for name in FILTERS}
        for exercise in EXERCISES:
            for i in range(sets):
                workout = build_workout(exercise, course, seed + i)
                for name, make in FILTERS.items():
                    off[name].append(abs(count(workout.imu, make) - len(workout.reps)))
        cells = [f"{np.sum(np.array(x) == 0)} / {np.sum(np.array(x) <= 1)}" for x in off.values()]
        kinds = [name for name, value in vars(course).items() if value and name != "varied"]
        n = len(EXERCISES) * sets
        table.add_row(f"{', '.join(kinds) or 'varied'} ({n} sets)", *cells)
    return table


def angles(sets: int, seed: int) -> Table:
    """Return how far the screens' angles are off: each leg's, and the legs' difference."""
    table = Table(title="Angle of a screen, error, mean / largest (degrees)")
    table.add_column("Screen, gyroscope offset")
    for name in FILTERS:
        table.add_column(name, justify="right")
    for exercise in ("single-leg-stance", "single-leg-deadlift"):
        for bias_dps in BIASES_DPS:
            errors: dict[str, list[float]] = {name: [] for name in FILTERS}
            for i in range(2 * sets):
                scenario = build_scenario(exercise, seed=seed + i)
                imu = {
                    side: biased(pod.imu, bias_dps, seed + i)
                    for side, pod in record(scenario).pods.items()
                }
                for name, make in FILTERS.items():
                    with patch.object(pelvis, "GravityOnGrid", make):
                        errors[name] += screen_errors_deg(scenario, imu)
            cells = [f"{np.mean(x):.2f} / {np.max(x):.1f}" for x in errors.values()]
            table.add_row(f"{exercise}, {bias_dps:g} deg/s", *cells)
    return table


def screen_errors_deg(scenario: Scenario, imu: dict) -> list[float]:
    reps = scenario.truth.reps
    spans_s, legs = [(rep.start_s, rep.end_s) for rep in reps], [rep.working for rep in reps]
    true_deg = scenario.truth.pelvic_drop_deg
    if true_deg:
        found = pelvic_drop(imu, spans_s, legs)
    else:
        asked = scenario.parameters
        true_deg = {side: asked[f"hip_rotation_{side}_deg"] for side in SIDES}
        found = hip_rotation(imu, spans_s, legs)
    errors = [found.angle_deg[side].value - true_deg[side] for side in SIDES]
    return [*map(abs, errors), abs(errors[1] - errors[0])]


def biased(imu: ImuRecord, bias_dps: float, seed: int) -> ImuRecord:
    offset = np.random.default_rng(seed).standard_normal(3)
    return replace(imu, gyro_dps=imu.gyro_dps + bias_dps * offset / np.linalg.norm(offset))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=3, help="of each kind (3)")
    parser.add_argument("--seed", type=int, default=80_000, help="the first one (80000)")
    chosen = parser.parse_args()
    console = Console(width=120)
    console.print(tilts(chosen.sets, chosen.seed))
    console.print(angles(chosen.sets, chosen.seed))
    console.print(counts(chosen.sets, chosen.seed))


if __name__ == "__main__":
    main()
