"""How smoothly the window draws, and how old what it shows is: from the electrode to the screen.

    python benchmarks/screen.py [--minutes 10] [--seconds 8]

Two virtual pods stream in real time into the real window, drawn by software without a display (or
on one, such as Xvfb, if QT_QPA_PLATFORM is set). Simulated time passes quickly until the session
is --minutes old. The simulation computes in the same process and on the same processors, which
real pods do not: what it holds up is part of the numbers.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from glutesym import wire
from glutesym.decode import split_frames
from glutesym.gui.qt import QtCore, QtWidgets
from glutesym.gui.window import LiveWindow
from glutesym.live import LiveEngine
from glutesym.measures import SIDES, Side
from glutesym.session.run import RunningSession
from glutesym.virtual.pod_process import PodProcess
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.simulation import PodHardware
from glutesym.virtual.surroundings import VirtualSurroundings
from glutesym.world_time import WorldLoop

SIZES = ((1280, 800), (1920, 1080))
EARLY_S = 25.0  # of session time: the first repetitions
EMG_HZ = 2000.0
STAGES = (
    "pod: until its frame is full and sent",
    "radio: until the host has it",
    "host: until the live view looks",
    "(the simulation behind real time: not with real pods)",
    "live update",
    "window: until it is painted",
)


# Samples' times; sent, arrived, looked at, by then due, in the snapshot.
Updated = tuple[np.ndarray, float, float, float, float, float]

SIMULATION = 3  # the stage that real pods do not have


@dataclass
class Trace:
    """When samples passed each place, world seconds."""

    boots_s: list[float] = field(default_factory=list)  # left, right: no pod boots twice
    waiting: list[tuple[np.ndarray, float, float]] = field(default_factory=list)
    updated: list[Updated] = field(default_factory=list)
    shown: list[np.ndarray] = field(default_factory=list)  # (n, 7)
    on: bool = False


class Timed(LiveWindow):
    """The window, with a watch on what it does in its thread."""

    def prepare(self, trace: Trace, loop: WorldLoop) -> None:
        """Begin to measure."""
        self.trace, self.world = trace, loop
        self.paints_ms: list[float] = []
        self.refreshes_ms: list[float] = []
        self.painted_s: list[float] = []
        self.taken: list[Updated] = []

    def refresh(self) -> None:
        """Take a snapshot, timed."""
        start_s = time.thread_time()
        if hasattr(self, "trace"):
            self.taken += self.trace.updated
            self.trace.updated = []
        super().refresh()
        if hasattr(self, "trace"):
            self.refreshes_ms.append(1000 * (time.thread_time() - start_s))

    def event(self, event: QtCore.QEvent) -> bool:
        """Paint, timed: an update request draws all that has changed."""
        if event.type() != QtCore.QEvent.Type.UpdateRequest or not hasattr(self, "trace"):
            return super().event(event)
        start_s = time.thread_time()
        done = super().event(event)
        now_s = time.monotonic()
        self.paints_ms.append(1000 * (time.thread_time() - start_s))
        self.painted_s.append(now_s)
        for samples_s, *then_s in self.taken:
            places = np.empty((len(samples_s), 7))
            places[:, 0] = samples_s
            places[:, 1:] = *then_s, self.world.due_s(now_s)
            self.trace.shown.append(places)
        self.taken = []
        return done


class AsWithRealPods(VirtualSurroundings):
    """Two virtual pods; in real time the live view computes in a thread, as with real ones."""

    paced = False

    async def compute(self, work: Callable[[], object]) -> None:
        """Compute beside the arrivals."""
        if self.paced:
            await asyncio.get_running_loop().run_in_executor(None, work)
        else:
            await super().compute(work)


def watch(trace: Trace, session: RunningSession, loop_of: list[WorldLoop]) -> None:
    """Note when frames arrive, when the live view takes them in, and when pods boot."""
    add_frame, boot = LiveEngine.add_frame, PodProcess._boot_config
    publish = LiveEngine._publish

    def timed_boot(self: PodProcess) -> dict[str, object]:
        trace.boots_s.append(self._loop.now_ns() / 1e9)
        loop_of[:] = [self._loop]
        return boot(self)

    def timed_add(self: LiveEngine, side: Side, t_host_ns: int, frame: bytes) -> None:
        if trace.on:
            note(trace, side, t_host_ns / 1e9, frame)
        add_frame(self, side, t_host_ns, frame)

    def timed_publish(self: LiveEngine, now_ns: int) -> None:
        waiting, trace.waiting = trace.waiting, []
        begun_s = time.monotonic()
        publish(self, now_ns)
        if trace.on:
            real_s = [loop_of[0].due_s(t_s) for t_s in (begun_s, time.monotonic())]
            trace.updated += [(*frame, now_ns / 1e9, *real_s) for frame in waiting]

    LiveEngine.add_frame, LiveEngine._publish = timed_add, timed_publish
    PodProcess._boot_config = timed_boot


def note(trace: Trace, side: Side, arrived_s: float, frame: bytes) -> None:
    """Note one EMG frame: the world times of some of its samples, and of its sending."""
    emg = split_frames(np.frombuffer(frame, np.uint8).reshape(1, -1)).emg
    if not len(emg):
        return
    record, boot_s = emg[0], trace.boots_s[SIDES.index(side)]
    # The pods' crystals are perfect here: ticks are world time since the boot.
    anchor_s = boot_s + int(record["anchor_ticks_us"]) / 1e6
    sent_s = boot_s + int(record["tx_ticks_us"]) / 1e6
    index = int(record["first_index"]) + np.arange(0, wire.EMG_PER_FRAME, 8)
    samples_s = anchor_s - (int(record["anchor_index"]) - 1 - index) / EMG_HZ
    trace.waiting.append((samples_s, sent_s, arrived_s))


def measure(window: Timed, trace: Trace, loop: WorldLoop, seconds: float) -> dict[str, object]:
    """Let it run in real time for a while; the first second does not count."""
    app = QtWidgets.QApplication.instance()
    run_for(app, 1.0)
    window.prepare(trace, loop)
    trace.shown, trace.updated, trace.waiting, trace.on = [], [], [], True
    start_s, cpu_s, process_s = time.monotonic(), time.thread_time(), time.process_time()
    run_for(app, seconds)
    took_s = time.monotonic() - start_s
    trace.on = False
    found = {
        "fps": len(window.paints_ms) / took_s,
        "longest_ms": 1000 * float(np.max(np.diff(window.painted_s))),
        "paint_ms": float(np.median(window.paints_ms)),
        "paint95_ms": float(np.percentile(window.paints_ms, 95)),
        "refresh_ms": float(np.median(window.refreshes_ms)),
        "window_share": 100 * (time.thread_time() - cpu_s) / took_s,
        "process_share": 100 * (time.process_time() - process_s) / took_s,
        "places": np.concatenate(trace.shown) if trace.shown else np.empty((0, 7)),
    }
    return found


def run_for(app: QtCore.QCoreApplication, seconds: float) -> None:
    loop = QtCore.QEventLoop(app)
    QtCore.QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def wait_until(session: RunningSession, time_s: float) -> None:
    while session.running and session.poll().time_s < time_s:
        time.sleep(0.01)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="until the late part (10)")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement (8)")
    parser.add_argument(
        "--profile", action="store_true", help="print where the window's time goes"
    )
    arguments = parser.parse_args()
    app = QtWidgets.QApplication([])
    trace, loops = Trace(), []
    rows: list[tuple[str, dict[str, object]]] = []
    reps = round((60 * arguments.minutes + 20 * arguments.seconds) / 4) + 30
    scenario = build_scenario("bridge", seed=1, reps=reps, rest_after_s=60.0)
    hardware = {side: PodHardware() for side in SIDES}
    with tempfile.TemporaryDirectory() as folder:
        surroundings = AsWithRealPods(scenario, 1, None, hardware)
        session = RunningSession(surroundings, Path(folder) / "a.glutesym", "Glute bridge")
        watch(trace, session, loops)
        session.start()
        window = Timed(session.poll, lambda: None, session.marker, session.identify)
        window.show()
        for name, at_s in (("early", EARLY_S), ("late", 60 * arguments.minutes)):
            wait_until(session, at_s)
            loop = loops[0]
            loop.call_soon_threadsafe(loop.pace, 1.0)
            surroundings.paced = True
            for size in SIZES:
                for traces in (False, True):
                    window.resize(*size)
                    key(window, QtCore.Qt.Key.Key_E, traces)
                    n_reps = len(session.poll().reps)
                    what = f"{size[0]}×{size[1]}{', EMG traces' if traces else ''}"
                    label = f"{what}, {name}: {n_reps} reps"
                    rows.append((label, measure(window, trace, loop, arguments.seconds)))
                    key(window, QtCore.Qt.Key.Key_E, traces)
            if arguments.profile:
                profile(window, app)
            surroundings.paced = False
            loop.call_soon_threadsafe(loop.pace, None)
        window.close()
        session.stop()
        assert session.join(120)
    assert threading.active_count() < 10
    report(rows)


def key(window: Timed, code: QtCore.Qt.Key, wanted: bool) -> None:
    """Press a key if something is wanted."""
    if wanted:
        window._commands[code]()


def profile(window: Timed, app: QtCore.QCoreApplication) -> None:
    import cProfile
    import pstats

    profiler = cProfile.Profile()
    profiler.enable()
    run_for(app, 4.0)
    profiler.disable()
    pstats.Stats(profiler).sort_stats("tottime").print_stats(18)


def report(rows: list[tuple[str, dict[str, object]]]) -> None:
    console = Console(width=150)
    table = Table(
        "Window", "Frames/s", "Longest pause (ms)", "Paint, median / 95 % (CPU ms)",
        "Snapshot into views (CPU ms)", "Window's thread (% of a core)", "Process (% of a core)",
    )  # fmt: skip
    for label, found in rows:
        table.add_row(
            label,
            f"{found['fps']:.1f}",
            f"{found['longest_ms']:.0f}",
            f"{found['paint_ms']:.1f} / {found['paint95_ms']:.1f}",
            f"{found['refresh_ms']:.1f}",
            f"{found['window_share']:.0f}",
            f"{found['process_share']:.0f}",
        )
    console.print(table)
    places = np.concatenate([found["places"] for _, found in rows])
    stages_ms = 1000 * np.diff(places, axis=1)
    stages_ms = stages_ms[stages_ms[:, 0] < 1000]  # live frames: those sent again are old anyway
    total_ms = stages_ms.sum(axis=1) - stages_ms[:, SIMULATION]
    table = Table("Stage", "Median (ms)", "95 % (ms)", "Share of the mean (%)")
    for number, (stage, values) in enumerate(zip(STAGES, stages_ms.T, strict=True)):
        share = f"{100 * values.mean() / total_ms.mean():.0f}" if number != SIMULATION else ""
        table.add_row(stage, *_spread(values), share)
    table.add_row("electrode to screen", *_spread(total_ms), "100", style="bold")
    table.add_row("... with the simulation's lateness", *_spread(stages_ms.sum(axis=1)), "")
    table.title = f"{len(total_ms)} samples of both pods"
    console.print(table)


def _spread(values: np.ndarray) -> tuple[str, str]:
    return f"{np.median(values):.0f}", f"{np.percentile(values, 95):.0f}"


if __name__ == "__main__":
    main()
