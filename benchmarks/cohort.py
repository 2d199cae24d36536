"""How many sessions an hour `glutesym cohort` measures, and what more workers bring.

    python benchmarks/cohort.py [--sessions 60] [--workers 1 2]

Copies of one set of twelve bridges from virtual pods, a minute each, with 1, 2, …
processes of this computer and with as many workers of a Dask cluster on it. Starting the processes
counts; the cluster is there before.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import distributed
from rich.console import Console
from rich.table import Table

from glutesym.cohort.run import LEDGER, run_cohort
from glutesym.session.library import list_sessions
from glutesym.session.run import RunningSession
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.surroundings import VirtualSurroundings


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sessions", type=int, default=60, help="how many (60)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="each of (1 2)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sessions = Path(folder) / "sessions"
        length_s, size_mb = copies(sessions, options.sessions)
        start_s = time.perf_counter()
        list_sessions(sessions)
        listed_s = time.perf_counter() - start_s
        table = Table("Where", "Workers", "Seconds", "Sessions an hour", "Times the first row")
        first_s = 0.0
        for where in ("processes", "Dask"):
            for workers in options.workers:
                took_s, table_kb, ledger_kb = cohort_s(sessions, where, workers)
                first_s = first_s or took_s
                an_hour = 3600 * options.sessions / took_s
                table.add_row(
                    where,
                    str(workers),
                    f"{took_s:.1f}",
                    f"{an_hour:,.0f}",
                    f"{first_s / took_s:.2f}",
                )
    table.title = f"{options.sessions} sessions of {length_s:.0f} s and {size_mb:.1f} MB"
    table.caption = (
        f"The table takes {table_kb / options.sessions:.2f} kB a session, what is kept beside it "
        f"{ledger_kb / options.sessions:.1f}. Listing: "
        f"{1e3 * listed_s / options.sessions:.1f} ms a session."
    )
    Console().print(table)


def copies(folder: Path, n: int) -> tuple[float, float]:
    """Record a session and copy it; returns its length in s and its size in MB."""
    folder.mkdir()
    scenario = build_scenario("bridge", seed=1, reps=12)
    path = folder / "0.glutesym"
    session = RunningSession(VirtualSurroundings(scenario, 1, None), path, "bridge")
    session.start()
    session.join()
    for number in range(1, n):
        shutil.copy(path, folder / f"{number}.glutesym")
    return list_sessions(folder)[0].length_s, path.stat().st_size / 1e6


def cohort_s(sessions: Path, where: str, workers: int) -> tuple[float, float, float]:
    """Measure them all anew; returns seconds, and the sizes of table and ledger in kB."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "cohort.parquet"
        if where == "processes":
            start_s = time.perf_counter()
            run_cohort(sessions, out, workers=workers)
            took_s = time.perf_counter() - start_s
        else:
            with distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None
            ) as cluster:
                start_s = time.perf_counter()
                run_cohort(sessions, out, scheduler=cluster.scheduler_address)
                took_s = time.perf_counter() - start_s
        ledger = out.with_name(out.name + LEDGER)
        return took_s, out.stat().st_size / 1e3, ledger.stat().st_size / 1e3


if __name__ == "__main__":
    main()
