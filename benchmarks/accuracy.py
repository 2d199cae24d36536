"""How far the answers are from the truth, over many seeds.

    python benchmarks/accuracy.py [seeds] [first seed]

Every row is one kind of set of 12 bridges, or one recording, sampled by two front ends of
different rates with 3 µV of noise. Errors of a set: median and worst over the seeds. Errors of
onsets: over all repetitions.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from glutesym.measures import SIDES, SetMeasures
from glutesym.pipeline import measure_set
from glutesym.virtual.scenarios.base import Truth
from glutesym.virtual.scenarios.catalog import build_scenario
from scenario_recording import record

Settings = dict[str, float | str]


def both(snr_db: float, rise_ms: float, shape: str) -> Settings:
    return {
        "snr_left_db": snr_db,
        "snr_right_db": snr_db,
        "rise_left_ms": rise_ms,
        "rise_right_ms": rise_ms,
        "rise_shape": shape,
    }


SHAPES = ("linear", "raised-cosine", "exponential", "step")
CASES: dict[str, tuple[str, Settings]] = {
    "as built": ("bridge", {}),
    **{
        f"{snr} dB, {shape} 100 ms": ("bridge", both(snr, 100, shape))
        for snr in (20, 15, 10)
        for shape in SHAPES
    },
    **{
        f"15 dB, {shape} {rise} ms": ("bridge", both(15, rise, shape))
        for rise in (30, 200)
        for shape in SHAPES[:3]
    },
    **{
        f"16/22 dB, {shape} 100 ms": (
            "bridge",
            both(16, 100, shape)
            | {"snr_right_db": 22.0, "lag_ms": 0.0, "symmetry_index_pct": 0.0},
        )
        for shape in SHAPES
    },
    **{
        f"15 dB, {shape} 60/140 ms": ("bridge", both(15, 60, shape) | {"rise_right_ms": 140.0})
        for shape in SHAPES[:3]
    },
    **{
        f"15 dB, {uv} µV, heart {heart_uv} µV": (
            "bridge",
            both(15, 100, "raised-cosine")
            | {"activation_uv": float(uv), "ecg_uv": float(heart_uv)},
        )
        for uv in (90, 30)
        for heart_uv in (0, 20, 40, 80)
    },
    "real-lag": ("real-lag", {}),
}


@dataclass(frozen=True)
class Result:
    """One seed of one case."""

    found: int
    true: int
    spurious: int
    index_error: float
    ratio_error_pct: float
    lag_error_ms: float
    onset_errors_ms: list[float]
    rep_lag_errors_ms: list[float]
    untimed: int  # onsets withheld
    snr_db: float


def run(case: str, seed: int) -> Result:
    name, settings = CASES[case]
    scenario = build_scenario(name, seed=seed, **settings)
    return compare(measure_set(record(scenario)), scenario.truth)


def compare(measures: SetMeasures, truth: Truth) -> Result:
    """Match repetitions by overlap and collect the errors."""
    onset_errors_ms, rep_lag_errors_ms, snrs_db = [], [], []
    found = untimed = 0
    matched = set()
    for true in truth.reps:
        rep = next(
            (r for r in measures.reps if r.start_s < true.end_s and r.end_s > true.start_s), None
        )
        if rep is None or rep.number in matched:
            continue
        matched.add(rep.number)
        found += 1
        errors = {}
        for side in SIDES:
            onset_s = rep.side(side).onset_s
            snrs_db.append(rep.side(side).snr_db)
            if onset_s is None:
                untimed += 1
            else:
                errors[side] = 1000 * (onset_s - true.onset_s[side])
        onset_errors_ms += errors.values()
        if len(errors) == 2:
            rep_lag_errors_ms.append(errors["left"] - errors["right"])
    index, lag = measures.summary.symmetry_index_pct.value, measures.summary.lag_ms.value

    def ratio(index_pct: float) -> float:
        return (200 + index_pct) / (200 - index_pct)

    known = index is not None and truth.symmetry_index_pct is not None
    return Result(
        found=found,
        true=len(truth.reps),
        spurious=len(measures.reps) - found,
        index_error=index - truth.symmetry_index_pct if known else np.nan,
        ratio_error_pct=100 * (ratio(index) / ratio(truth.symmetry_index_pct) - 1)
        if known
        else np.nan,
        lag_error_ms=lag - truth.lag_ms if None not in (lag, truth.lag_ms) else np.nan,
        onset_errors_ms=onset_errors_ms,
        rep_lag_errors_ms=rep_lag_errors_ms,
        untimed=untimed,
        snr_db=float(np.median([x for x in snrs_db if x is not None] or [np.nan])),
    )


def line(case: str, results: list[Result]) -> str:
    onset = np.array([x for r in results for x in r.onset_errors_ms if np.isfinite(x)])
    rep_lag = np.array([x for r in results for x in r.rep_lag_errors_ms if np.isfinite(x)])
    index = np.abs([r.index_error for r in results])
    ratio = np.abs([r.ratio_error_pct for r in results])
    lag = np.array([r.lag_error_ms for r in results])

    def stat(function: object, values: np.ndarray) -> float:
        return float(function(values)) if len(values) else float("nan")  # type: ignore[operator]

    return (
        f"{case:31} {np.median([r.snr_db for r in results]):5.1f} "
        f"{sum(r.found for r in results):4}/{sum(r.true for r in results):<4}"
        f"{sum(r.spurious for r in results):3} {sum(r.untimed for r in results):4} |"
        f"{stat(np.median, index):6.2f}{stat(np.max, index):6.2f} {stat(np.max, ratio):6.2f} |"
        f"{stat(np.mean, lag):6.1f}{stat(np.median, np.abs(lag)):6.1f}"
        f"{stat(np.max, np.abs(lag)):6.1f} |"
        f"{stat(np.mean, np.abs(rep_lag)):6.1f} |"
        f"{stat(np.mean, onset):6.1f}{stat(np.mean, np.abs(onset)):6.1f}"
        f"{100 * stat(np.mean, np.abs(onset) > 60):5.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("seeds", type=int, nargs="?", default=10, help="how many (10)")
    parser.add_argument("first", type=int, nargs="?", default=1001, help="the first one (1001)")
    chosen = parser.parse_args()
    n_seeds, first = chosen.seeds, chosen.first
    print(f"seeds {first} to {first + n_seeds - 1}")
    print(f"{'':32} SNR reps found, |SI error|  ratio |  set lag error ms | rep  | onset, ms")
    print(f"{'case':32}  dB extra, untimed    pp  max% | mean |med|  max | MAE  | bias MAE >60%")
    with ProcessPoolExecutor(2) as pool:
        for case in CASES:
            seeds = range(first, first + n_seeds)
            print(line(case, list(pool.map(partial(run, case), seeds))), flush=True)


if __name__ == "__main__":
    main()
