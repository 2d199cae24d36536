"""How well two pods' clocks agree, by scheme and by radio: random runs of a model.

    python benchmarks/clock_sync.py --runs 200 --seed 70000

For each kind of radio, after 30 s and after 5 min: the 95th percentile of the error of a
left–right time difference at the newest moment, for four schemes, and for ours at the middle of
the time as well, how often the stated 95 % uncertainty covers the error and how wide it is against
it. ``--pods 40`` does the same end to end: virtual pods that are held together and feel the same,
`glutesym`'s own recorder and analysis.

Schemes: the mean of all round trips, halved (NTP); the shortest round trip of the last minute,
halved; the middle between the hulls of both directions; `glutesym.pod_clock`. The constants of the
last were chosen with seeds below 20000 in view.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from radio_model import Conditions, LinkRun, simulate
from rich.console import Console
from rich.progress import track
from rich.table import Table

from glutesym.clock import lower_envelope
from glutesym.pod_clock import Messages, agree, fit_pod_clock, half_width_ms
from glutesym.session.analyze import analyze_session
from glutesym.session.run import RunningSession
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.surroundings import VirtualSurroundings
from glutesym.virtual.truth_check import check_truth

CELLS = {
    "7.5 ms": Conditions((7.5, 7.5)),
    "15 ms": Conditions((15.0, 15.0)),
    "30 ms": Conditions(),
    "45 ms": Conditions((45.0, 45.0)),
    "15 and 45 ms": Conditions((15.0, 45.0)),
    "30 ms, no loss": Conditions(loss=0.0),
    "30 ms, 20 % loss": Conditions(loss=0.2),
    "30 ms, crystals 60 ppm": Conditions(skew_sd_ppm=60.0),
    "30 ms, warming up by 10 ppm": Conditions(warm_up_ppm=10.0),
    "30 ms, adapter stalls 6/min": Conditions(stalls_per_min=6.0),
    "30 ms, a new link every minute": Conditions(reconnects_per_min=1.0),
    "a new interval every minute": Conditions(interval_changes_per_min=1.0),
    "30 and 45 ms, colliding": Conditions((30.0, 45.0), collisions=True),
    "30 ms, the host sleeps": Conditions(sleeps=1),
    "30 ms, up to 1 ms on one way": Conditions(latency_ms=1.0),
    "all of it": Conditions(
        (15.0, 45.0),
        loss=0.1,
        warm_up_ppm=5.0,
        stalls_per_min=3.0,
        reconnects_per_min=0.3,
        interval_changes_per_min=0.3,
        collisions=True,
        sleeps=1,
        latency_ms=0.3,
    ),
}
TIMES_S = (30.0, 300.0)
_RECENT_S = 60.0

Estimate = Callable[[LinkRun], Callable[[float], float]]  # pod seconds → host seconds


def mean_ntp(run: LinkRun) -> Callable[[float], float]:
    """Return the offset from the mean of all round trips."""
    offset_s, _ = _round_trips(run)
    return lambda pod_s: pod_s + float(offset_s.mean())


def shortest_ntp(run: LinkRun) -> Callable[[float], float]:
    """Return the offset from the shortest round trip of the last minute."""
    offset_s, trip_s = _round_trips(run)
    replied_s = run.received_host_s[run.reply]
    recent = replied_s > replied_s[-1] - _RECENT_S
    best = offset_s[recent][np.argmin(trip_s[recent])]
    return lambda pod_s: pod_s + float(best)


def two_hulls(run: LinkRun) -> Callable[[float], float]:
    """Return the middle between the lower hull of frames and the upper hull of probes."""
    up = lower_envelope(run.sent_pod_s, run.received_host_s)
    down = lower_envelope(run.probe_received_pod_s, -run.probe_sent_host_s, -1.0, -2e-4)
    return lambda pod_s: float(up(np.array([pod_s]))[0] - down(np.array([pod_s]))[0]) / 2


def _round_trips(run: LinkRun) -> tuple[np.ndarray, np.ndarray]:
    sent_s, received_s = run.sent_pod_s[run.reply], run.received_host_s[run.reply]
    there_s = run.probe_received_pod_s - run.probe_sent_host_s
    back_s = received_s - sent_s
    return (back_s - there_s) / 2, there_s + back_s


def errors_ms(cell: str, seed: int) -> dict[float, dict[str, float]]:
    """Return each scheme's left–right errors in one run, and ours with what it states."""
    links = simulate(CELLS[cell], TIMES_S[-1], seed)
    found: dict[float, dict[str, float]] = {}
    for end_s in TIMES_S:
        runs = [link.until(end_s) for link in links]
        now_s = min(float(run.received_host_s[-1]) for run in runs)
        true_pod_s = [float(run.pod_s(np.array([now_s]))[0]) for run in runs]
        errors = found[end_s] = {}
        for name, scheme in (("mean", mean_ntp), ("shortest", shortest_ntp), ("hulls", two_hulls)):
            left_s, right_s = (
                scheme(run)(pod_s) for run, pod_s in zip(runs, true_pod_s, strict=True)
            )
            errors[name] = 1000 * (left_s - right_s)
        left, right = agree([fit_pod_clock(_messages(run)) for run in runs])
        for when, at_s in (("", now_s), (" amid", now_s / 2)):
            host_s = np.array([at_s])
            times_s = [
                clock.host_s(run.pod_s(host_s))
                for clock, run in zip((left, right), runs, strict=True)
            ]
            variance = left.variance_at(host_s) + right.variance_at(host_s)
            errors["ours" + when] = 1000 * float((times_s[0] - times_s[1])[0])
            errors["stated" + when] = float(half_width_ms(variance)[0])
    return found


def _messages(run: LinkRun) -> Messages:
    return Messages(
        run.sent_pod_s, run.received_host_s, run.probe_sent_host_s, run.probe_received_pod_s
    )


def print_model(runs: int, seed: int, cells: list[str]) -> None:
    """Run the model and print a table for each duration."""
    console = Console(width=150)
    results: dict[str, list[dict[float, dict[str, float]]]] = {}
    with ProcessPoolExecutor() as pool:
        for i, cell in enumerate(track(cells, "Running", console=Console(stderr=True))):
            seeds = range(seed + 1000 * i, seed + 1000 * i + runs)
            results[cell] = list(pool.map(partial(errors_ms, cell), seeds, chunksize=5))
    for end_s in TIMES_S:
        table = Table(title=f"After {end_s:g} s, {runs} runs each; ms")
        for heading in (
            "Links",
            "Mean NTP, p95",
            "Shortest NTP, p95",
            "Two hulls, p95",
            "Ours, p95",
            "... amid, p95",
            "Stated, median",
            "... amid",
            "Covered (%)",
            "... amid (%)",
            "Stated / p95",
        ):
            table.add_column(heading, justify="left" if heading == "Links" else "right")
        for cell in cells:
            runs_of = [result[end_s] for result in results[cell]]
            value = {name: np.array([run[name] for run in runs_of]) for name in runs_of[0]}
            row = [cell]
            for name in ("mean", "shortest", "hulls", "ours", "ours amid"):
                row.append(f"{np.percentile(np.abs(value[name]), 95):.2f}")
            for name in ("stated", "stated amid"):
                row.append(f"{np.nanmedian(value[name]):.2f}")
            for when in ("", " amid"):
                known = np.isfinite(value["stated" + when])
                inside = np.abs(value["ours" + when]) <= value["stated" + when]
                row.append(f"{100 * np.mean(inside[known]):.1f}")
                if when == "" and not known.all():
                    row[-1] += f" ({np.count_nonzero(~known)} not known)"
            p95 = np.percentile(np.abs(value["ours"]), 95)
            row.append(f"{np.nanmedian(value['stated']) / p95:.1f}")
            table.add_row(*row)
        console.print(table)


def pods_ms(seed: int) -> tuple[float, float]:
    """Return the lag that is measured of one signal on two virtual pods, and what is stated."""
    scenario = build_scenario("shake", seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shake.glutesym"
        session = RunningSession(VirtualSurroundings(scenario, seed, None), path, "shake")
        session.start()
        session.join()
        check = check_truth(analyze_session(path), scenario)
    assert check is not None
    assert check.sync_error_ms is not None
    return check.sync_error_ms, check.sync_uncertainty_ms


def print_pods(sessions: int, seed: int) -> None:
    """Record virtual pods that are given one signal, and print how well it is found to be one."""
    with ProcessPoolExecutor() as pool:
        found = pool.map(pods_ms, range(seed, seed + sessions))
        rows = list(track(found, "Recording", sessions, console=Console(stderr=True)))
    lag_ms, stated_ms = np.array(rows).T
    table = Table(title=f"One signal on both of two virtual pods, {sessions} sessions of 29 s; ms")
    for heading in ("Lag, median", "p95", "worst", "Stated, median", "Covered (%)"):
        table.add_column(heading, justify="right")
    table.add_row(
        *(f"{np.percentile(np.abs(lag_ms), share):.2f}" for share in (50, 95, 100)),
        f"{np.nanmedian(stated_ms):.2f}",
        f"{100 * np.mean(np.abs(lag_ms) <= stated_ms):.0f}",
    )
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200, help="a kind of radio (200)")
    parser.add_argument("--seed", type=int, default=70_000, help="the first one (70000)")
    parser.add_argument("--cell", action="append", choices=list(CELLS), help="only this one")
    parser.add_argument("--pods", type=int, help="sessions of virtual pods instead of the model")
    arguments = parser.parse_args()
    if arguments.pods:
        print_pods(arguments.pods, arguments.seed)
        return
    print_model(arguments.runs, arguments.seed, arguments.cell or list(CELLS))


if __name__ == "__main__":
    main()
