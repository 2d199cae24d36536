"""Hostile frames for the host, hostile writes for a pod: nothing may fall over or grow.

python benchmarks/fuzz.py
python benchmarks/fuzz.py --frames 20000 --writes 2000 --seed 7

What is poured in, and into what, is in tests/hostile_*.py; everything follows from the seed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from glutesym import wire
from hostile_frames import HostOutcome, attack_host, hostile_frames
from hostile_writes import PodOutcome, attack_pod

_HEAP_BYTES = 3_000_000  # little beside the log: the collector works, and what leaks is felt


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--frames", type=int, default=100_000, help="for the host (100,000)")
    options.add_argument("--writes", type=int, default=10_000, help="for the pod (10,000)")
    options.add_argument("--seed", type=int, default=None, help="default: another one each time")
    chosen = options.parse_args()
    seed = time.time_ns() % 1_000_000 if chosen.seed is None else chosen.seed
    console = Console(width=100)
    console.print(f"seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        frames = hostile_frames(np.random.default_rng(seed), chosen.frames)
        console.print(_host_table(attack_host(Path(folder), frames)))
    pod = attack_pod(np.random.default_rng(seed), chosen.writes, _HEAP_BYTES)
    console.print(_pod_table(pod))


def _host_table(host: HostOutcome) -> Table:
    assert host.analyzed is not None
    table = Table("The host", "", show_header=True)
    settled = host.mib[len(host.mib) // 3 :]  # by then the live view holds all that it ever keeps
    rows = (
        ("hostile frames", f"{host.frames:,}"),
        ("refused by check_frame", f"{host.refused:,}"),
        ("exceptions", "0"),  # one would have ended this program
        ("longest check_frame", f"{1e3 * host.longest_check_s:.1f} ms"),
        ("longest intake of 50 frames", f"{1e3 * host.longest_intake_s:.0f} ms"),
        ("longest update of the live view", f"{1e3 * host.longest_update_s:.0f} ms"),
        ("decode and measure all of it", f"{host.analysis_s:.1f} s"),
        ("memory after a third, at the end", f"{settled[0]:.0f}, {settled[-1]:.0f} MiB"),
        ("commands written to the pod", f"{sum(host.commands.values()):,}"),
        ("length of the recording made of it", f"{host.analyzed.recording.duration_s:.0f} s"),
    )
    for row in rows:
        table.add_row(*row)
    return table


def _pod_table(pod: PodOutcome) -> Table:
    table = Table("The pod", "", show_header=True)
    third = len(pod.heap_free) // 3
    peaks = [max(heap, default=0) for heap in (pod.heap_free[:third], pod.heap_free[-third:])]
    last = pod.last
    rows = (
        ("hostile writes of strangers, of its owner", f"{pod.strangers:,}, {pod.owners:,}"),
        ("over links, seconds", f"{pod.links}, {pod.world_s:.0f}"),
        ("resets", str(pod.resets)),
        ("lines on its console", str(len(pod.console.splitlines()))),
        ("refused, as it counts (up to 65,535)", f"{last['bad_commands']:,}"),
        ("wrong proofs", str(last["wrong_proofs"])),
        ("exceptions in tasks, heap faults", f"{last['task_errors']}, {last['heap_faults']}"),
        ("most heap free, first and last third", " and ".join(f"{p // 1024} KiB" for p in peaks)),
        (
            "samples its owner then gets in 3 s",
            f"{pod.samples:,} ({pod.samples // wire.EMG_PER_FRAME} frames)",
        ),
    )
    for row in rows:
        table.add_row(*row)
    return table


if __name__ == "__main__":
    main()
