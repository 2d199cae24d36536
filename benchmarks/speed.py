"""How fast the parts are, as ratios within one run: machines differ, ratios hardly.

    python benchmarks/speed.py [--minutes 60]

Baseline: one causal band-pass of the same two channels with scipy, the least anyone would do. The
long recording is a short one repeated: sets of 12 repetitions with rests between, and without.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy import signal

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from glutesym.pipeline import LiveEnvelope, measure_set
from glutesym.recording import Recording
from glutesym.session.analyze import analyze_session, export_session
from glutesym.session.run import RunningSession
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.surroundings import VirtualSurroundings
from scenario_recording import record

BLOCK_SAMPLES = 104  # one frame


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="of long recordings (60)")
    minutes = parser.parse_args().minutes
    print_short()
    print_long(minutes)


def print_long(minutes: float) -> None:
    """Measure recordings of many sets, and of one that never ends."""
    table = Table("", "Repetitions", "Measured in (s)", "Times the baseline's time", "Memory (MB)")
    for name, rest_s in (("sets of 12, rests between", 240.0), ("12 a minute, no rest", 2.0)):
        scenario = build_scenario("bridge", seed=3, rep_period_s=5.0, rest_after_s=rest_s)
        table.add_row(name, *measured(repeated(record(scenario), 60 * minutes)))
    table.title = f"{minutes:.0f} min of two pods, 2000 samples a second"
    Console().print(table)


def measured(recording: Recording) -> tuple[str, ...]:
    """Return repetitions, seconds, their ratio to the baseline's, and the most memory so far."""
    sos = signal.butter(4, (20, 450), "bandpass", fs=2000, output="sos")
    channels = [pod.emg.uv for pod in recording.pods.values()]
    baseline_s = seconds(lambda: [signal.sosfilt(sos, uv) for uv in channels])
    found: list[int] = []
    took_s = seconds(lambda: found.append(len(measure_set(recording).reps)))
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return str(found[0]), f"{took_s:.1f}", f"{took_s / baseline_s:.0f}", f"{most_mb:.0f}"


def repeated(recording: Recording, duration_s: float) -> Recording:
    """Return a recording that goes on with itself until it is long enough."""
    times = int(np.ceil(duration_s / recording.duration_s))
    pods = {}
    for side, pod in recording.pods.items():
        records = {}
        for name in ("emg", "imu"):
            one = getattr(pod, name)
            n = int(recording.duration_s * one.fs_hz)
            arrays = {}
            for field in fields(one):
                values = getattr(one, field.name)
                if isinstance(values, np.ndarray):
                    arrays[field.name] = np.concatenate([values[:n]] * times)
            arrays["time_s"] = np.arange(n * times) / one.fs_hz
            if "index" in arrays:
                arrays["index"] = np.arange(n * times)
            records[name] = replace(one, **arrays)
        pods[side] = replace(pod, **records)
    return replace(recording, pods=pods, duration_s=times * recording.duration_s)


def print_short() -> None:
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
            ("measure it alone", seconds(lambda: measure_set(analyzed.recording))),
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
