"""How often repetitions are counted right: sets as people do them, of every exercise.

    python benchmarks/reps.py --sets 50 --seed 50000

A set has 8 to 15 repetitions (holds: 4 to 6), 1.5 to 8 s each, ±30 % in size, with pauses, partial
repetitions that do not count, and fidgeting; the pods sit turned by up to 180°. Only motion, as an
ideal radio would deliver it. Walking about does not count, but in the recorded walk every stride
does. Whether the pods are swapped is told from the same sets (`glutesym.analysis.mounting`).
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from glutesym.analysis.mounting import SideCheck
from glutesym.analysis.reps import RepCounter, find_reps
from glutesym.exercises import is_bending
from glutesym.virtual.scenarios.catalog import EXERCISES, build_scenario
from scenario_recording import record
from workout import Course, build_workout

COURSES = {
    "plain": Course(varied=False),
    "varied": Course(),
    "walking about": Course(walks=True),
    "posture change": Course(changes_posture=True),
    "upside down": Course(upside_down=True),
    "swapped": Course(swapped=True),
    "one pod": Course(one_pod=True),
}


@dataclass(frozen=True)
class Outcome:
    """How one set was counted."""

    surplus: int
    start_errors_s: tuple[float, ...] = ()  # of every repetition, where the count is right
    end_errors_s: tuple[float, ...] = ()
    swapped: bool | None = None  # as it is told


def run(exercise: str, course: Course, seed: int) -> Outcome:
    workout = build_workout(exercise, course, seed)
    counter = RepCounter(strides=False)
    found = counter.process(workout.imu) + counter.finish()
    sides = SideCheck()
    for movement in found if is_bending(exercise) else ():
        sides.take(workout.imu, movement)
    if len(found) != len(workout.reps):
        return Outcome(len(found) - len(workout.reps), swapped=sides.swapped)
    pairs = list(zip(found, workout.reps, strict=True))
    return Outcome(
        0,
        tuple(mine.start_s - true.start_s for mine, true in pairs),
        tuple(mine.end_s - true.end_s for mine, true in pairs),
        sides.swapped,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=50, help="of each kind (50)")
    parser.add_argument("--seed", type=int, default=50_000, help="the first one (50000)")
    parser.add_argument("--processes", type=int, help="at once (one for each core)")
    chosen = parser.parse_args()
    seeds = range(chosen.seed, chosen.seed + chosen.sets)
    counts = Table(title=f"Exactly right / within ±1 (%), {chosen.sets} sets each")
    bounds = Table(title="Bounds of a repetition, median error, all courses (s)")
    counts.add_column("Exercise")
    for name in (*COURSES, "all"):
        counts.add_column(name, justify="right")
    for heading in (
        "Exercise",
        "Start",
        "End",
        "Start, p95 without sign",
        "End, p95 without sign",
    ):
        bounds.add_column(heading, justify="left" if heading == "Exercise" else "right")
    everything: dict[str, list[Outcome]] = {name: [] for name in COURSES}
    with ProcessPoolExecutor(chosen.processes) as pool:
        for exercise in EXERCISES:
            of_exercise: list[Outcome] = []
            cells: list[str] = []
            for name, course in COURSES.items():
                found = pool.map(partial(run, exercise, course), seeds, chunksize=4)
                title = f"{exercise}, {name}"
                outcomes = list(track(found, title, len(seeds), console=Console(stderr=True)))
                cells.append(shares(outcomes))
                of_exercise += outcomes
                everything[name] += outcomes
            counts.add_row(exercise, *cells, shares(of_exercise))
            errors_s = [
                np.array([error for outcome in of_exercise for error in getattr(outcome, what)])
                for what in ("start_errors_s", "end_errors_s")
            ]
            bounds.add_row(
                exercise,
                *(f"{np.median(values):+.2f}" for values in errors_s),
                *(f"{np.percentile(np.abs(values), 95):.2f}" for values in errors_s),
            )
    all_of_all = [outcome for outcomes in everything.values() for outcome in outcomes]
    counts.add_row("all", *(shares(everything[name]) for name in COURSES), shares(all_of_all))
    told = sides_told(everything)
    for table in (counts, bounds, told, recorded(chosen.seed)):
        Console(width=180).print(table)


def shares(outcomes: list[Outcome]) -> str:
    off = np.abs([outcome.surplus for outcome in outcomes])
    return f"{100 * np.mean(off == 0):.1f} / {100 * np.mean(off <= 1):.1f}"


def sides_told(everything: dict[str, list[Outcome]]) -> Table:
    """Return how often it is told whether the pods are swapped, in all exercises."""
    table = Table("Course", "Right", "Wrong", "Cannot be told", title="Whose side? (sets)")
    for name, outcomes in everything.items():
        told = [outcome.swapped for outcome in outcomes if outcome.swapped is not None]
        right = sum(swapped is COURSES[name].swapped for swapped in told)
        wrong, silent = len(told) - right, len(outcomes) - len(told)
        table.add_row(name, str(right), str(wrong), str(silent))
    return table


def recorded(seed: int) -> Table:
    """Return how the recordings that the package carries are counted."""
    table = Table("Recording", "Repetitions", "Found", title="Recorded muscles, motion to match")
    for name in ("real-gait", "real-lag"):
        scenario = build_scenario(name, seed=seed)
        imu = {side: pod.imu for side, pod in record(scenario).pods.items()}
        table.add_row(name, str(len(scenario.truth.reps)), str(len(find_reps(imu))))
    return table


if __name__ == "__main__":
    main()
