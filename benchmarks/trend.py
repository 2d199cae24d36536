"""How often a history is judged rightly: sets of one person over weeks, with a known true change.

    python benchmarks/trend.py --histories 4000 --seed 40000

One set of ten repetitions a day, every two to five days, as the body and the electrodes of that
day have it (SD of days: what the rows name); repetitions vary by 8 %, so a set is known to 3.6
points (SD). The true asymmetry begins at 20 % and changes steadily by what the rows name. Beside
it how often one would claim a change otherwise: of the first and the last set, apart by more than
the detectable change (*First, last*), and of a line through the sets by their own intervals alone
(*Plain line*). *Told in 4 of 5*: the change that a history says it would tell so often (median).
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy import special

from glutesym.analysis.trend import ASYMMETRY, SetResult, trend
from glutesym.measures import Estimate

REPS = 10
LEVEL_PCT = 20.0
REP_SD_PCT = 8 * np.sqrt(2)  # of the index of one repetition: 8 % on each side
DAYS = (4, 6, 8, 12, 20)


@dataclass(frozen=True)
class Case:
    """What is true of a person."""

    change_pct: float  # from the first day to the last one; negative: towards even
    day_sd_pct: float  # from day to day, beyond what a set's own interval knows
    heavy_tails: bool = False  # t with 3 degrees of freedom: now and then a day is far off


CASES = {
    "no change, days alike": Case(0, 0),
    "no change, days vary by 3 %": Case(0, 3),
    "no change, days vary by 6 %": Case(0, 6),
    "no change, days vary by 12 %": Case(0, 12),
    "no change, 6 %, some far off": Case(0, 6, True),
    "20 % to 10 %, 3 %": Case(-10, 3),
    "20 % to 0 %, 3 %": Case(-20, 3),
    "20 % to 0 %, 6 %": Case(-20, 6),
    "20 % to 40 %, 6 %": Case(20, 6),
}


def history(case: Case, n_days: int, random: np.random.Generator) -> list[SetResult]:
    """Return what was measured on each day."""
    days = np.concatenate(([0], np.cumsum(random.integers(2, 6, n_days - 1))))
    body = (
        random.standard_t(3, n_days) / np.sqrt(3)
        if case.heavy_tails
        else random.normal(size=n_days)
    )
    true_pct = LEVEL_PCT + case.change_pct * days / days[-1] + case.day_sd_pct * body
    reps_pct = true_pct[:, None] + REP_SD_PCT * random.standard_normal((n_days, REPS))
    half_pct = special.stdtrit(REPS - 1, 0.975) * reps_pct.std(axis=1, ddof=1) / np.sqrt(REPS)
    start = datetime(2026, 1, 5, 18)
    return [
        SetResult(start + timedelta(days=int(day)), Estimate(value, value - half, value + half))
        for day, value, half in zip(days, reps_pct.mean(axis=1), half_pct, strict=True)
    ]


def first_and_last(sets: list[SetResult]) -> bool:
    """Say whether the last set differs from the first by more than the detectable change."""
    (first, a), (last, b) = ((s.estimate.value, _half(s.estimate)) for s in (sets[0], sets[-1]))
    return abs(last - first) > np.hypot(a, b)


def line_of_sets(sets: list[SetResult]) -> bool:
    """Say whether a line through the sets rises or falls, by their own intervals alone."""
    t = np.array([(s.at - sets[0].at).days for s in sets], float)
    y = np.array([s.estimate.value for s in sets])
    w = np.array([_half(s.estimate) / 1.96 for s in sets]) ** -2.0
    t -= w @ t / w.sum()
    return bool(abs(w * t @ y) > 1.96 * np.sqrt(w @ t**2))


def _half(estimate: Estimate) -> float:
    return 0.5 * (estimate.ci_high - estimate.ci_low)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--histories", type=int, default=4000, help="of each kind (4000)")
    parser.add_argument("--seed", type=int, default=40_000, help="(40000)")
    chosen = parser.parse_args()
    table = Table(title=f"{chosen.histories} histories an entry")
    table.add_column("True", no_wrap=True)
    for heading in (
        "Days", "Better (%)", "Worse (%)", "Interval holds (%)", "Told in 4 of 5 (pp)",
        "First, last (%)", "Plain line (%)",
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    for i, (name, case) in enumerate(CASES.items()):
        for n_days in DAYS:
            random = np.random.default_rng((chosen.seed, i, n_days))
            better = worse = held = differ = lines = 0
            detectable = []
            for _ in track(range(chosen.histories), f"{name}, {n_days}", transient=True,
                           console=Console(stderr=True)):  # fmt: skip
                sets = history(case, n_days, random)
                found = trend(ASYMMETRY, sets)
                better += found.verdict == "better"
                worse += found.verdict == "worse"
                held += found.change.ci_low <= case.change_pct <= found.change.ci_high
                detectable.append(found.detectable)
                differ += first_and_last(sets)
                lines += line_of_sets(sets)
            shares = [f"{100 * n / chosen.histories:.1f}" for n in (better, worse, held)]
            others = [f"{100 * n / chosen.histories:.0f}" for n in (differ, lines)]
            table.add_row(
                name, str(n_days), *shares, f"{np.median(detectable):.0f}", *others,
                end_section=n_days == DAYS[-1],
            )  # fmt: skip
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
