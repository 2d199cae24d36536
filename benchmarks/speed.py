"""How fast the parts are, as ratios within one run: machines differ, ratios hardly.

    python benchmarks/speed.py [--minutes 60]

Times are of the processor. The live rows are its share while a recorded session plays, nothing but
the live view's work counted, or a whole replay: links, frames, recorder, live view. What anyone
can install to process EMG gets the same channels: pip install -e ".[benchmark]". The long
recording is a short one repeated: sets of 12 repetitions with rests between, and without.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as glutesym has it, but NumPy is imported first here

import numpy as np
from public_pipelines import BASELINE, PIPELINES, Pipeline
from rich.console import Console
from rich.table import Table
from scipy import signal

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from glutesym.live import LiveEngine
from glutesym.pipeline import LiveEnvelope, measure_set
from glutesym.recording import Recording
from glutesym.session.analyze import AnalyzedSession, analyze_session, export_session
from glutesym.session.replay import ReplaySurroundings
from glutesym.session.run import RunningSession
from glutesym.session.tape import Tape, load_tape
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.surroundings import VirtualSurroundings
from scenario_recording import record

BLOCK_SAMPLES = 104  # one frame
UPDATE_NS = 40_000_000  # of the live view


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="of long recordings (60)")
    minutes = parser.parse_args().minutes
    print_long(minutes)  # first: what others have loaded is not to count as memory
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "session.glutesym"
        simulation_s = simulated(path)
        analyzed = analyze_session(path)
        print_short(analyzed, simulation_s)
        print_live(load_tape(path), Path(folder) / "copy.glutesym")
        print_others(analyzed.recording)


def simulated(path: Path) -> float:
    """Record a session of virtual pods; returns seconds of real time."""
    scenario = build_scenario("bridge", seed=1, reps=24)
    session = RunningSession(VirtualSurroundings(scenario, 1, None), path, "bridge")
    start_s = time.perf_counter()
    session.start()
    session.join()
    return time.perf_counter() - start_s


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
    found: list[int] = []
    took_s = seconds(lambda: found.append(len(measure_set(recording).reps)))
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        str(found[0]),
        f"{took_s:.1f}",
        f"{took_s / one_band_pass_s(recording):.0f}",
        f"{most_mb:.0f}",
    )


def one_band_pass_s(recording: Recording) -> float:
    """Return how long scipy takes to filter both channels once: the baseline."""
    sos = signal.butter(4, (20, 450), "bandpass", fs=2000, output="sos")
    channels = [pod.emg.uv for pod in recording.pods.values()]
    return seconds(lambda: [signal.sosfilt(sos, uv) for uv in channels])


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


def print_short(analyzed: AnalyzedSession, simulation_s: float) -> None:
    """Measure the parts on a session file."""
    recording, path = analyzed.recording, analyzed.path
    channels = [pod.emg.uv for pod in recording.pods.values()]
    baseline_s = one_band_pass_s(recording)
    rows = [
        ("baseline: scipy, one causal band-pass", baseline_s),
        ("decode, clocks, measure a session file", seconds(lambda: analyze_session(path))),
        ("write its CSVs", seconds(lambda: export_session(analyzed, path.parent))),
        ("measure it alone", seconds(lambda: measure_set(recording))),
        ("live bars, both sides, frame by frame", seconds(lambda: bars(channels))),
        ("simulate: two pods, radio, host, live view (real time)", simulation_s),
    ]
    table = Table("", "Times faster than real time", "Times the baseline's time")
    for name, took_s in rows:
        faster, ratio = recording.duration_s / took_s, took_s / baseline_s
        table.add_row(name, f"{faster:,.0f}", f"{ratio:,.0f}")
    table.title = f"{recording.duration_s:.0f} s of two pods"
    Console().print(table)


def print_live(tape: Tape, copy: Path) -> None:
    """Measure what a running session costs, and how soon a repetition's values are there."""
    waits_s: list[float] = []
    rows = [
        ("live view alone", seconds(lambda: waits_s.extend(play(tape)))),
        ("with links, frames and recorder (a replay)", seconds(lambda: replay(tape, copy))),
    ]
    empty_s = seconds(lambda: bars([np.zeros(round(tape.duration_s * 2000))] * 2))
    table = Table("", "Share of one core (%)", "Times the bars' filters alone")
    for name, took_s in rows:
        table.add_row(name, f"{100 * took_s / tape.duration_s:.1f}", f"{took_s / empty_s:.1f}")
    table.title = f"Live, two pods, {tape.duration_s:.0f} s"
    usual_s, most_s = np.median(waits_s), max(waits_s)
    table.caption = f"values of a repetition: {usual_s:.2f} s after its end, at most {most_s:.2f}"
    Console().print(table)


def play(tape: Tape) -> list[float]:
    """Play a recorded session to the live view; returns waits for repetitions after their ends."""
    start_ns = tape.meta.started_host_ns
    live = LiveEngine(start_ns, tape.meta.exercise)
    live.set_phase("recording")
    arrivals: list[tuple[int, Callable[[], None]]] = []
    for pod in tape.pods:
        live.set_pod(pod.side, True, pod.info)
        for connection in pod.connections:
            for t_ns, frame in connection.frames:
                arrivals.append((t_ns, partial(live.add_frame, pod.side, t_ns, frame)))
            for t_ns, number in connection.probes:
                arrivals.append((t_ns, partial(live.add_probe, pod.side, number, t_ns)))
    arrivals.sort(key=lambda arrival: arrival[0])
    waits_s: list[float] = []
    arrived = 0
    for now_ns in range(start_ns, tape.end_ns, UPDATE_NS):
        while arrived < len(arrivals) and arrivals[arrived][0] <= now_ns:
            arrivals[arrived][1]()
            arrived += 1
        state = live.update(now_ns)
        waits_s += [state.time_s - rep.end_s for rep in state.reps[len(waits_s) :]]
    return waits_s


def replay(tape: Tape, copy: Path) -> None:
    """Play a recorded session through all that records one, as fast as it goes."""
    copy.unlink(missing_ok=True)
    session = RunningSession(
        ReplaySurroundings(tape, None), copy, tape.meta.exercise, [pod.side for pod in tape.pods]
    )
    session.start()
    session.join()


def process_all(pipeline: Pipeline, pieces: list[tuple[np.ndarray, float]]) -> None:
    for uv, fs_hz in pieces:
        pipeline(uv, fs_hz)


def print_others(recording: Recording) -> None:
    """Measure what others do with the same channels."""
    channels = [(pod.emg.uv, pod.emg.fs_hz) for pod in recording.pods.values()]
    long_s = recording.duration_s
    rows: list[tuple[str, float, float]] = []
    for pipeline in PIPELINES:
        if pipeline.missing:
            continue
        given_s = min(pipeline.most_s, long_s)
        pieces = [(uv[: round(given_s * fs_hz)], fs_hz) for uv, fs_hz in channels]
        took_s = seconds(partial(process_all, pipeline, pieces))
        rows.append((pipeline.name, took_s * long_s / given_s, given_s))
    ours_s = seconds(lambda: measure_set(recording))
    rows.append(("glutesym: repetitions, amounts, times, how sure", ours_s, long_s))
    baseline_s = next(took_s for name, took_s, _ in rows if name == BASELINE)
    table = Table("", "Times faster than real time", f"Times that of {BASELINE}", "Given (s)")
    for name, took_s, given_s in rows:
        ratio = took_s / baseline_s
        table.add_row(name, f"{long_s / took_s:,.0f}", f"{ratio:,.1f}", f"{given_s:.0f}")
    table.title = f"Two channels, {long_s:.0f} s; times of shorter pieces are scaled to that"
    Console().print(table)
    gone = [pipeline.name for pipeline in PIPELINES if pipeline.missing]
    if gone:
        print(f'Not installed: {", ".join(gone)}. Fix: pip install -e ".[benchmark]"')


def bars(channels: list[np.ndarray]) -> None:
    """Carry the bars of both sides through a recording, block by block."""
    for uv in channels:
        envelope = LiveEnvelope(2000.0)
        for start in range(0, len(uv), BLOCK_SAMPLES):
            envelope.process(uv[start : start + BLOCK_SAMPLES])


def seconds(work: Callable[[], object]) -> float:
    """Return how long the processor works, the best of five: others use it, too."""
    took_s: list[float] = []
    for _ in range(5):
        start_s = time.process_time()
        work()
        took_s.append(time.process_time() - start_s)
    return min(took_s)


if __name__ == "__main__":
    main()
