"""What the link loses, and how long it takes to catch up, over a bad radio and after outages.

    python benchmarks/link.py             # the whole table, some minutes
    python benchmarks/link.py --quick     # four rows

Two virtual pods at once, their real firmware, the real host. The converters count their
conversions, so that every lost or repeated sample is seen in the samples themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from glutesym import wire
from glutesym.decode import emg_counts, split_frames, without_repeats
from glutesym.errors import GlutesymError
from glutesym.measures import SIDES
from glutesym.session.analyze import analyze_session
from glutesym.session.recorder import Recorder
from glutesym.session.run import RunningSession
from glutesym.session.store import open_session
from glutesym.virtual.radio import RadioModel
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.simulation import PodHardware
from glutesym.virtual.surroundings import VirtualSurroundings

LOSSES = (0.0, 0.03, 0.1, 0.3)
INTERVALS_MS = (7.5, 15.0, 30.0, 60.0)
OUTAGES_S = (1.0, 10.0, 60.0)
BEFORE_S = 5.0
PATIENCE_S = 120.0  # after the outage; what is missing then is fetched when the session has ended
AIR_BYTES = 17  # of a link-layer packet besides the value: preamble, address, headers, CRC, ATT


@dataclass(frozen=True)
class Row:
    """One session."""

    loss: float
    interval_ms: float
    outage_s: float
    seed: int
    heap_bytes: int | None = None  # None: a pod with PSRAM


@dataclass(frozen=True)
class Outcome:
    """Of both pods together."""

    made: int  # EMG samples converted
    lost: int  # of them, by their own numbers
    counted: int  # ... and by what the session says
    repeated: int  # in the decoded recording
    caught_up_s: float  # from the end of the outage until nothing was missing; nan: not in time
    live_s: float  # from the end of the outage to the first live frame
    end_s: float  # from stop to the end of the session
    overhead_pct: float  # bytes on the air beyond the samples themselves, radio's repeats excepted
    twice_pct: float  # frames sent more than once


class _Trial(VirtualSurroundings):
    """A session with one outage of both pods' radios."""

    def __init__(self, row: Row) -> None:
        radio = RadioModel(connection_interval_ms=row.interval_ms, loss=row.loss)
        memory = {} if row.heap_bytes is None else {"heap_bytes": row.heap_bytes}
        hardware = {
            side: PodHardware(
                radio=radio, emg_counter=True, ticks_start_us=row.seed * 99, **memory
            )
            for side in SIDES
        }
        super().__init__(build_scenario("counter", seed=row.seed), row.seed, None, hardware)
        self._row = row
        self.caught_up_s = self.live_s = float("nan")
        self.stopped_s = 0.0

    async def accompany(self, session: RunningSession, recorder: Recorder) -> None:
        await session.all_streaming()
        simulation = self._simulation
        simulation.start_scenario()
        await asyncio.sleep(BEFORE_S)
        for pod in simulation.pods.values():
            pod.radio.set_outage(self._row.outage_s)
        await asyncio.sleep(self._row.outage_s)
        begin_s = simulation.loop.time()
        before = {side: counts.frames for side, counts in session.counts.items()}
        calm_s = begin_s
        while simulation.loop.time() < begin_s + PATIENCE_S:
            await asyncio.sleep(0.05)
            now_s = simulation.loop.time()
            counts = session.counts
            if np.isnan(self.live_s) and all(c.frames > before[s] for s, c in counts.items()):
                self.live_s = now_s - begin_s
            if np.isnan(self.live_s) or any(c.missing for c in counts.values()):
                calm_s = now_s
                self.caught_up_s = float("nan")
            elif np.isnan(self.caught_up_s):
                self.caught_up_s = now_s - begin_s
            if now_s - calm_s > 2:
                break
        self.stopped_s = simulation.loop.time()
        session.stop()

    def end_s(self) -> float:
        return self._simulation.loop.time() - self.stopped_s


def measure(row: Row) -> Outcome:
    try:
        return _measure(row)
    except GlutesymError as error:
        raise RuntimeError(f"{row}: {error}") from None  # can be sent between processes


def _measure(row: Row) -> Outcome:
    trial = _Trial(row)
    with tempfile.TemporaryDirectory() as folder:
        session = RunningSession(trial, Path(folder) / "s.glutesym", "counter")
        session.start()
        session.join()
        counted = sum(
            pod.samples_lost for pod in analyze_session(session.path).recording.pods.values()
        )
        made = lost = repeated = sent = frames = 0
        with open_session(session.path) as stored:
            for pod in stored.pods:
                split = split_frames(stored.frames(pod.id)[1])
                emg = split.emg[without_repeats(split.emg)]
                numbers = np.concatenate(
                    [c[:n] for c, n in zip(emg_counts(emg), emg["count"], strict=True)]
                )
                made += int(split.status["emg_captured"].max())
                extent = int(numbers[-1] - numbers[0]) + 1
                lost += extent - len(np.unique(numbers))
                repeated += len(numbers) - len(np.unique(numbers))
                # The last status was made before what was fetched at the end was sent.
                received = len(split.emg) + len(split.imu) + len(split.status)
                sent += max(int(split.status["frames_sent"].max()), received)
                frames += int(split.status["frames_made"].max())
    commands = sum(counts.commands for counts in session.counts.values())
    on_air = sent * (wire.FRAME_BYTES + AIR_BYTES) + commands * (wire.COMMAND_BYTES + AIR_BYTES)
    samples = made * 2 + made * 208 / 2000 * wire.IMU_SAMPLE_BYTES
    return Outcome(
        made,
        lost,
        counted,
        repeated,
        trial.caught_up_s,
        trial.live_s,
        trial.end_s(),
        100 * (on_air / samples - 1),
        100 * max(0, sent - frames) / frames,
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--quick", action="store_true", help="four rows only")
    options.add_argument("--seed", type=int, default=1, help="the first row's seed (default 1)")
    options.add_argument("--jobs", type=int, default=2, help="sessions at once (default 2)")
    chosen = options.parse_args()
    cells = list(itertools.product(OUTAGES_S, INTERVALS_MS, LOSSES))
    if chosen.quick:
        cells = [(1.0, 7.5, 0.0), (10.0, 30.0, 0.1), (10.0, 60.0, 0.3), (60.0, 30.0, 0.03)]
    rows = [
        Row(loss, interval_ms, outage_s, chosen.seed + i)
        for i, (outage_s, interval_ms, loss) in enumerate(cells)
    ]
    rows.append(Row(0.03, 30.0, 60.0, chosen.seed + 900, heap_bytes=1_150_000))
    with ProcessPoolExecutor(chosen.jobs) as pool:
        outcomes = list(track(pool.map(measure, rows), "Measuring", len(rows), transient=True))
    table = Table(title=f"Two pods at once, seeds from {chosen.seed}")
    for head in ("Outage s", "Interval ms", "Loss %", "Samples made", "Lost", "Counted as lost",
                 "Repeated", "Live again s", "Caught up s", "End s", "Overhead %",
                 "Sent twice %"):  # fmt: skip
        table.add_column(head, justify="right")
    for row, seen in zip(rows, outcomes, strict=True):
        caught_up = "—" if np.isnan(seen.caught_up_s) else f"{seen.caught_up_s:.1f}"
        outage = f"{row.outage_s:g}" + ("" if row.heap_bytes is None else " (small log)")
        table.add_row(
            outage, f"{row.interval_ms:g}", f"{100 * row.loss:g}", f"{seen.made:,}",
            f"{seen.lost:,}", f"{seen.counted:,}", f"{seen.repeated:,}", f"{seen.live_s:.1f}",
            caught_up, f"{seen.end_s:.1f}", f"{seen.overhead_pct:.0f}", f"{seen.twice_pct:.1f}",
        )  # fmt: skip
    Console(width=140).print(table)
    covered = [seen for row, seen in zip(rows, outcomes, strict=True) if row.heap_bytes is None]
    print(f"Rows that the log covers: {sum(s.lost for s in covered)} samples lost.")


if __name__ == "__main__":
    main()
