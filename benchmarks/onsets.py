"""Onset detectors side by side, on synthetic sets of 12 bridges with known onsets.

    python benchmarks/onsets.py --sets 20 --seed 40000

- glutesym: `measure_set` on the whole recording.
- public: what can be installed, with usual parameters; and tuned at every signal-to-noise ratio
  on other sets of the same kind, with a constant correction, behind a hum canceller that is told
  where the muscle is quiet. They are told where to look.
- oracle: the exact posterior of the onset, knowing everything else; blind: but for how muscles
  rise, which it learns from the set. See `oracle.py`.

Rises differ between the sides and from set to set: 50 to 150 ms, by turns of four usual laws, one
of them at once; `--laws more` and `--laws unseen` compare everyone on other ones. Those marked *
are not in glutesym's model; of raised cosine and minimum jerk it has the mean. An onset more than
150 ms off is missed and false. "–": recall or precision under 95 %. Slow public detectors are
asked about every third set and do not compete for the best.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import onset_tables
from onset_contestants import LAWS, NOT_IN_MODEL, STATED_PCT, Job, Tuned, drawn, run, same, tune
from onset_scores import Found
from public_detectors import detectors, missing
from rich.console import Console
from rich.progress import track

SNRS_DB = (6.0, 10.0, 15.0, 20.0, 30.0)
RISES_MS = (30.0, 60.0, 100.0, 200.0)

Asked = Callable[[Callable[..., Any], list[Any], str], list[Any]]  # function, tasks, what it is


def compare(ask: Asked, chosen: argparse.Namespace) -> onset_tables.BySnr:
    """Return what everyone finds at every signal-to-noise ratio, on the same muscles."""
    public = [] if chosen.no_public else detectors()
    tunable = [(snr_db, detector) for snr_db in SNRS_DB for detector in public if detector.grid]
    results = ask(partial(tune, first_seed=chosen.tune_seed, laws=chosen.laws), tunable, "tuning")
    tuned: dict[float, Tuned] = {snr_db: {} for snr_db in SNRS_DB}
    for (snr_db, detector), result in zip(tunable, results, strict=True):
        tuned[snr_db][detector.name] = result
    jobs = [
        Job(
            drawn(snr_db, chosen.seed + i, chosen.laws),
            chosen.seed + i,
            not chosen.no_oracle,
            tuple(detector.name for detector in public if i % detector.every == 0),
            tuned[snr_db],
        )
        for snr_db in SNRS_DB
        for i in range(chosen.sets)
    ]
    by_snr: dict[float, dict[str, list[Found]]] = {snr_db: {} for snr_db in SNRS_DB}
    for job, found in zip(jobs, ask(run, jobs, "signal-to-noise ratios"), strict=True):
        for name, one in found.items():
            by_snr[float(job.settings["snr_left_db"])].setdefault(name, []).append(one)
    return by_snr


def mismatched(ask: Asked, chosen: argparse.Namespace) -> onset_tables.Sets:
    """Return what glutesym finds where nothing but the signal-to-noise ratio differs."""
    asked = [
        (law, i)
        for law in (law for laws in LAWS.values() for law in laws)
        for i in range(half(chosen.sets))
    ]
    jobs = [Job(same(16.0, law) | {"snr_right_db": 22.0}, chosen.seed + i) for law, i in asked]
    by_law: dict[str, list[Found]] = {}
    for (law, _), found in zip(asked, ask(run, jobs, "mismatch"), strict=True):
        by_law.setdefault(_marked(law), []).append(found["glutesym"])
    return by_law


def risen(ask: Asked, chosen: argparse.Namespace) -> dict[str, dict[float, list[Found]]]:
    """Return what glutesym finds with every law and length of rise."""
    asked = [
        (law, rise_ms, chosen.seed + i)
        for law in (law for laws in LAWS.values() for law in laws)
        for rise_ms in (RISES_MS[:1] if law == "step" else RISES_MS)
        for i in range(half(chosen.sets))
    ]
    jobs = [
        Job(same(15.0, law, rise_ms, float(drawn(15.0, seed)["lag_ms"])), seed)
        for law, rise_ms, seed in asked
    ]
    out: dict[str, dict[float, list[Found]]] = {}
    for (law, rise_ms, _), found in zip(asked, ask(run, jobs, "laws"), strict=True):
        out.setdefault(_marked(law), {}).setdefault(rise_ms, []).append(found["glutesym"])
    return out


def half(sets: int) -> int:
    """Return how many sets do for each law: there are many."""
    return -(-sets // 2)


def _marked(law: str) -> str:
    return law + " *" if law in NOT_IN_MODEL else law


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sets", type=int, default=20, help="at every ratio (20)")
    parser.add_argument("--seed", type=int, default=40_000, help="the first one (40000)")
    parser.add_argument("--tune-seed", type=int, default=39_000, help="of tuning sets (39000)")
    parser.add_argument("--laws", choices=LAWS, default="usual", help="of rises (usual)")
    parser.add_argument("--no-public", action="store_true", help="leave public detectors out")
    parser.add_argument("--no-oracle", action="store_true", help="leave the oracle out")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="at the same time")
    chosen = parser.parse_args()
    out = Console(width=165)
    if not chosen.no_public and missing():
        print(f'Not installed: {", ".join(missing())}. pip install -e ".[benchmark]"')
    # Processes share the cores, so that each needs one thread only.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    with ProcessPoolExecutor(chosen.processes, get_context("spawn")) as pool:

        def ask(function: Callable[..., Any], tasks: list[Any], what: str) -> list[Any]:
            results = pool.map(function, tasks)
            return list(track(results, what, len(tasks), console=Console(stderr=True)))

        by_snr = compare(ask, chosen)
        out.print(onset_tables.one_detector("glutesym", by_snr, STATED_PCT))
        if not chosen.no_oracle:
            out.print(onset_tables.one_detector("oracle", by_snr, 95))
            out.print(onset_tables.one_detector("blind oracle", by_snr, 95))
        for how in () if chosen.no_public else ("usual", "tuned"):
            out.print(onset_tables.many_detectors(how, by_snr))
        out.print(onset_tables.all_together(by_snr))
        out.print(onset_tables.mismatch(mismatched(ask, chosen)))
        out.print(onset_tables.laws(risen(ask, chosen), RISES_MS))


if __name__ == "__main__":
    main()
