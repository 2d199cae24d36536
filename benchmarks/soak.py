"""Half an hour of two virtual pods with random outages: nothing lost, memory flat on both sides.

python benchmarks/soak.py
python benchmarks/soak.py --minutes 5 --seed 7
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from glutesym import wire
from glutesym.decode import emg_counts, split_frames, without_repeats
from glutesym.measures import SIDES, Side
from glutesym.session.analyze import analyze_session
from glutesym.session.recorder import Recorder
from glutesym.session.run import RunningSession
from glutesym.session.store import open_session
from glutesym.virtual.radio import RadioModel
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.simulation import PodHardware
from glutesym.virtual.surroundings import VirtualSurroundings
from process_memory import resident_mib

OUTAGES_APART_S = 45.0  # mean, each pod by itself
OUTAGE_S = (0.2, 40.0)
LOOK_EVERY_S = 60.0


@dataclass
class Look:
    """State at one moment."""

    minute: float
    host_mib: float
    missing: int
    connects: int


class _Soak(VirtualSurroundings):
    def __init__(self, minutes: float, seed: int, progress: Progress) -> None:
        radio = RadioModel(loss=0.05)
        hardware = {
            side: PodHardware(
                mcu_clock_ppm=ppm, emg_counter=True, ticks_start_us=(1 << 30) - 9_000_000,
                radio=radio,
            )
            for side, ppm in zip(SIDES, (15.0, -20.0), strict=True)
        }  # fmt: skip
        super().__init__(build_scenario("counter", seed=seed), seed, None, hardware)
        self._minutes = minutes
        self._random = np.random.default_rng(seed)
        self._progress = progress
        self.looks: list[Look] = []
        self.outages: dict[Side, int] = dict.fromkeys(SIDES, 0)
        self.outage_s: dict[Side, float] = dict.fromkeys(SIDES, 0.0)

    async def accompany(self, session: RunningSession, recorder: Recorder) -> None:
        await session.all_streaming()
        simulation = self._simulation
        simulation.start_scenario()
        bar = self._progress.add_task("Soaking", total=self._minutes)
        trouble = [asyncio.create_task(self._trouble(side)) for side in SIDES]
        begin_s = simulation.loop.time()
        while (minute := (simulation.loop.time() - begin_s) / 60) < self._minutes:
            counts = session.counts.values()
            self.looks.append(
                Look(
                    minute,
                    resident_mib(),
                    sum(c.missing for c in counts),
                    sum(c.connects for c in counts),
                )
            )
            self._progress.update(bar, completed=minute)
            await asyncio.sleep(LOOK_EVERY_S)
        for task in trouble:
            task.cancel()
        session.stop()

    async def _trouble(self, side: Side) -> None:
        radio = self._simulation.pods[side].radio
        while True:
            await asyncio.sleep(self._random.exponential(OUTAGES_APART_S))
            duration_s = float(np.exp(self._random.uniform(*np.log(OUTAGE_S))))
            self.outages[side] += 1
            self.outage_s[side] += duration_s
            radio.set_outage(duration_s)
            await asyncio.sleep(duration_s)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--minutes", type=float, default=30.0, help="of the pods' time (30)")
    options.add_argument("--seed", type=int, default=1, help="of everything random (1)")
    chosen = options.parse_args()
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as folder, Progress(transient=True) as progress:
        soak = _Soak(chosen.minutes, chosen.seed, progress)
        session = RunningSession(soak, Path(folder) / "s.glutesym", "counter")
        session.start()
        session.join()
        recording = analyze_session(session.path).recording
        table = Table("Minute", "Host MiB", "Frames missing", "Connects", title="The host")
        for look in soak.looks[:: max(1, len(soak.looks) // 12)]:
            table.add_row(
                f"{look.minute:.0f}", f"{look.host_mib:.0f}", str(look.missing), str(look.connects)
            )
        console.print(table)
        pods = Table("Pod", "Outages", "s", "Samples made", "Missing by number", "Counted as lost",
                     "Largest free heap KiB, first third", "last third", "Faults",
                     title="The pods")  # fmt: skip
        with open_session(session.path) as stored:
            for pod in stored.pods:
                split = split_frames(stored.frames(pod.id)[1])
                status = split.status[without_repeats(split.status)]
                emg = split.emg[without_repeats(split.emg)]
                numbers = emg_counts(emg)[:, : wire.EMG_PER_FRAME].ravel()
                # Free memory falls until it is collected: its peaks tell whether it shrinks.
                third = len(status) // 3
                peaks = [status["heap_free"][part].max() / 1024 for part in (
                    slice(0, third), slice(-third, None))]  # fmt: skip
                faults = status["heap_faults"][-1] + status["task_errors"][-1]
                pods.add_row(
                    pod.side, str(soak.outages[pod.side]), f"{soak.outage_s[pod.side]:.0f}",
                    f"{status['emg_captured'][-1]:,}",
                    str(int(numbers[-1] - numbers[0]) + 1 - len(np.unique(numbers))),
                    str(recording.pods[pod.side].samples_lost),
                    f"{peaks[0]:.0f}", f"{peaks[1]:.0f}", str(faults),
                )  # fmt: skip
        console.print(pods)


if __name__ == "__main__":
    main()
