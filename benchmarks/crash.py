"""Crash a recording: its session file must be sound, and little of it may be lost.

python benchmarks/crash.py
python benchmarks/crash.py --kills 50 --copies 0 --power-cuts 0 --seed 7

Kills: a process that records two pods in real time is killed (SIGKILL) at a random moment. Copies:
it is frozen at a random moment, its files are copied, and the log's end is damaged as by writes
that never reached the disk. Power cuts: it records to an ext4 disk of its own that is shut down
(nothing more reaches it, not even what the system still holds) and mounted again; Linux, root.
A file is sound when it opens, passes SQLite's integrity check and holds the first rows without a
gap. Lost is the time from the oldest row that is not in it to the crash.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from crashing_recorder import Outcome, Recorder, check, copies, kill_at
from loop_disk import loop_disk

_AT_ONCE = 8  # recorders


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--kills", type=int, default=200, help="default: 200")
    options.add_argument("--copies", type=int, default=200, help="frozen moments (200)")
    options.add_argument("--power-cuts", type=int, default=50, help="default: 50")
    options.add_argument("--seed", type=int, default=None, help="default: another one each time")
    chosen = options.parse_args()
    seed = time.time_ns() % 1_000_000 if chosen.seed is None else chosen.seed
    console = Console(width=100)
    console.print(f"seed {seed}")
    table = Table("Crash", "Times", "Sound", "Lost, ms: worst", "95 %", "median")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for crash, times, crashed in (
            ("kill", chosen.kills, _killed),
            ("power cut", chosen.power_cuts, _power_cut),
        ):
            try:
                outcomes = _all(crash, times, lambda number, c=crashed: c(folder, seed, number))
            except PermissionError:
                console.print(f"No {crash}: this user or system may not mount a disk.")
                continue
            _add_row(table, crash, outcomes)
        _add_copies(table, folder, seed, chosen.copies)
    console.print(table)


def _all(what: str, times: int, crash: Callable[[int], Outcome]) -> list[Outcome]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(track(pool.map(crash, range(times)), what, times, transient=True))


def _killed(folder: Path, seed: int, number: int) -> Outcome:
    return kill_at(folder / f"kill {number}.glutesym", random.Random(f"{seed} kill {number}"))


def _power_cut(folder: Path, seed: int, number: int) -> Outcome:
    moment = random.Random(f"{seed} power cut {number}")
    with loop_disk(folder / f"power cut {number}") as disk:
        recorder = Recorder(disk.root / "session.glutesym", moment.randrange(6000))
        time.sleep(moment.uniform(0.0, 4.0))
        crash_ns = time.perf_counter_ns()
        disk.cut_power()
        recorder.kill()
        disk.disconnect()
        disk.connect()
        return recorder.outcome(crash_ns)


def _add_copies(table: Table, folder: Path, seed: int, times: int) -> None:
    """Freeze one recording again and again."""
    moment = random.Random(f"{seed} copies")
    recorder: Recorder | None = None
    sound: dict[str, list[bool]] = {}
    for number in track(range(times), "copies", transient=True):
        if recorder is None or number % 40 == 0:  # a new one, before the log is folded in
            if recorder is not None:
                recorder.kill()
            recorder = Recorder(folder / f"copied {number}.glutesym")
        time.sleep(moment.uniform(0.0, 0.3))
        with recorder.frozen():
            made = copies(recorder.path, folder / f"copies {number}", moment)
        for name, path in made.items():
            try:
                check(path)
            except Exception as error:
                print(f"{path}: {error!r}")
                sound.setdefault(name, []).append(False)
            else:
                sound.setdefault(name, []).append(True)
    if recorder is not None:
        recorder.kill()
    for name, good in sound.items():
        table.add_row(f"copy: {name}", str(len(good)), str(sum(good)), "", "", "")


def _add_row(table: Table, crash: str, outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.damage:
            print(f"{crash}: {outcome.damage}")
    if outcomes:
        lost_ms = [outcome.lost_ms for outcome in outcomes if not outcome.damage] or [np.nan]
        sound = sum(not outcome.damage for outcome in outcomes)
        values = (max(lost_ms), np.percentile(lost_ms, 95), np.median(lost_ms))
        numbers = (f"{value:.0f}" for value in values)
        table.add_row(crash, str(len(outcomes)), str(sound), *numbers)


if __name__ == "__main__":
    main()
