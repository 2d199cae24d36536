"""How fast the parts are, as ratios within one run: machines differ, ratios hardly.

    python benchmarks/speed.py

Baseline: one causal band-pass of the same two channels with scipy, the least anyone would do.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy import signal

from glutesym.pipeline import LiveEnvelope
from glutesym.session.analyze import analyze_session, export_session
from glutesym.session.run import RunningSession
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.surroundings import VirtualSurroundings

BLOCK_SAMPLES = 104  # one frame


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.glutesym"
        scenario = build_scenario("bridge", seed=1, reps=24)
        session = RunningSession(VirtualSurroundings(scenario, 1, None), path, "bridge")
        session.start()
        simulation_s = seconds(lambda: session.join())
        analyzed = analyze_session(path)
        recorded_s = analyzed.recording.duration_s
        channels = [pod.emg.uv for pod in analyzed.recording.pods.values()]
        sos = signal.butter(4, (20, 450), "bandpass", fs=2000, output="sos")
        baseline_s = seconds(lambda: [signal.sosfilt(sos, uv) for uv in channels])
        rows = [
            ("baseline: scipy, one causal band-pass", baseline_s),
            ("decode, clocks, measure a session file", seconds(lambda: analyze_session(path))),
            ("write its CSVs", seconds(lambda: export_session(analyzed, Path(folder)))),
            ("live bars, both sides, frame by frame", seconds(lambda: bars(channels))),
            ("simulate: two pods, radio, host, live view", simulation_s),
        ]
    table = Table("", "Times faster than real time", "Times the baseline's time")
    for name, took_s in rows:
        table.add_row(name, f"{recorded_s / took_s:,.0f}", f"{took_s / baseline_s:,.0f}")
    table.title = f"{recorded_s:.0f} s of two pods"
    Console().print(table)


def bars(channels: list[np.ndarray]) -> None:
    """Carry the bars of both sides through a recording, block by block."""
    for uv in channels:
        envelope = LiveEnvelope(2000.0)
        for start in range(0, len(uv), BLOCK_SAMPLES):
            envelope.process(uv[start : start + BLOCK_SAMPLES])


def seconds(work: Callable[[], object]) -> float:
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s


if __name__ == "__main__":
    main()
