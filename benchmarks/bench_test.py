"""How right is `glutesym bench`? Virtual pods, boxes and generators of which the truth is known.

    python benchmarks/bench_test.py                 # 12 pods without faults: measured less true
    python benchmarks/bench_test.py --faults        # every known fault, on 3 pods each
    python benchmarks/bench_test.py --both          # 12 pairs: the lag of one generator's bursts

Seeds 1 to 99 served to write the code; the numbers in docs/bench.md are of seeds from 1000 on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from rich.progress import track

from glutesym.bench.box import OPEN_N, OPEN_P
from glutesym.bench.judge import BenchResult, judge
from glutesym.bench.line import Verdict
from glutesym.bench.plan import Generator, Setup, both_steps, choose_steps
from glutesym.bench.reading import read_bench
from glutesym.measures import SIDES
from glutesym.session.run import RunningSession
from glutesym.virtual.bench import VirtualBench
from glutesym.virtual.bench_faults import FAULTS, faulty_bench

SETUP = Setup(second_mv=100.0, generator_ppm=60.0)
STEPS = choose_steps(SETUP, (), response=True, faces=True)


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, help="how many pods (12; 3 for each fault)")
    parser.add_argument("--first", type=int, default=1000, help="first seed")
    parser.add_argument("--faults", action="store_true", help="try every fault")
    parser.add_argument("--both", action="store_true", help="the lag between two pods")
    arguments = parser.parse_args()
    seeds = range(
        arguments.first, arguments.first + (arguments.seeds or (3 if arguments.faults else 12))
    )
    if arguments.faults:
        return try_faults(seeds)
    if arguments.both:
        return try_both(seeds)
    return try_healthy(seeds)


def record(bench: VirtualBench, sides=("left",)) -> BenchResult:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.glutesym"
        session = RunningSession(bench, path, "bench test", sides)
        session.start()
        session.join()
        return judge(read_bench(path))


def try_healthy(seeds: range) -> int:
    """Print by how much each number is off the truth, and how many good pods fail."""
    errors: dict[str, list[float]] = defaultdict(list)
    covered: dict[str, list[bool]] = defaultdict(list)
    failed: list[str] = []
    for seed in track(seeds, "Good pods"):
        bench = VirtualBench(SETUP, STEPS, ("left",), seed)
        result = record(bench)
        failed += [
            f"seed {seed}: {line.verdict.value} {line.name}: {line.says}"
            for line in result.lines
            if line.verdict in (Verdict.FAIL, Verdict.WITHHELD)
        ]
        lines = {line.name: line for line in result.lines}
        for name, unit, due in truths(bench, result):
            line = lines[name]
            errors[f"{name} ({unit})"].append(line.measured - due)
            if line.half:
                covered[f"{name} ({unit})"].append(abs(line.measured - due) <= line.half)
    print(f"\n{len(seeds)} pods without faults, seeds {seeds[0]} to {seeds[-1]}")
    print(f"{'measured less true':46}{'mean':>10}{'sd':>10}{'worst':>10}{'in ±':>8}")
    for name, off in errors.items():
        inside = f"{sum(covered[name])}/{len(covered[name])}" if name in covered else "-"
        worst = max(off, key=abs)
        print(f"{name:46}{np.mean(off):10.4f}{np.std(off):10.4f}{worst:10.4f}{inside:>8}")
    print(f"lines that failed or were withheld: {len(failed)}", *failed, sep="\n  ")
    return bool(failed)


def truths(bench: VirtualBench, result: BenchResult):
    """Yield name, unit and true value of each line whose truth is known."""
    box = bench.boxes["left"]
    true_fs_hz = 2000 * (1 + bench.hardware["left"].emg_clock_error)
    yield "Sample rate", "%", 100 * bench.hardware["left"].emg_clock_error
    signal = Generator(SETUP.generator_mv, SETUP.generator_hz)
    true_uv = box.signal_amplitude_uv(signal, SETUP.divide_by, true_fs_hz)
    line = next(line for line in result.lines if line.name == "Gain, generator")
    expected_uv = float(line.says.split(" of ")[1].split()[0])
    yield "Gain, generator", "% off", 100 * (true_uv / expected_uv - 1)
    yield "Distortion", "%", 100 * third_share(bench, true_fs_hz)
    yield "Linearity", "% off", 0.0
    for name, hz in (("Response at 20 Hz", 20.0), ("Response at 400 Hz", 400.0)):
        other = box.signal_amplitude_uv(Generator(SETUP.generator_mv, hz), 1000, true_fs_hz)
        yield name, "%", 100 * other / true_uv
    yield "Rate, generator against clock", "ppm", 1e6 * box.errors.frequency
    hz = SETUP.hum_hz * (1 + box.errors.frequency)
    yield "Hum rejection", "dB", box.hum_rejection_db(hz, true_fs_hz)
    for at_ns, position in bench.turns:
        if position in (OPEN_P, OPEN_N):
            name = f"Electrode {'+' if position == OPEN_P else '−'} off: reported after"
            yield name, "ms", true_report_ms(bench, result, at_ns)


def third_share(bench: VirtualBench, fs_hz: float) -> float:
    """Return the true third harmonic at the samples, as a share of the sine."""
    box = bench.boxes["left"]
    one, three = (
        box.signal_amplitude_uv(Generator(SETUP.generator_mv, k * SETUP.generator_hz), 1000, fs_hz)
        for k in (1, 3)
    )
    return box.errors.third_harmonic * three / one


def true_report_ms(bench: VirtualBench, result: BenchResult, at_ns: int) -> float:
    """Return when the frame was complete in which the comparator came on, after the opening."""
    box = bench.boxes["left"]
    time_ns = at_ns
    while not box.lead_off(time_ns)[0]:
        time_ns = box.lead_off(time_ns)[1]
    t0_ns = result.session.meta.started_host_ns
    pod = result.session.pods["left"]
    emg = pod.record.emg
    # The converter's delay is taken out of its times: a bit of now comes with a sample of before.
    first = int(np.searchsorted(emg.time_s, (time_ns - t0_ns) / 1e9 - 1.5 / emg.fs_hz))
    return 1000 * float(pod.complete_s[first]) - (at_ns - t0_ns) / 1e6


def try_faults(seeds: range) -> int:
    """Print which lines fail for each fault."""
    wrong = 0
    print(f"{'what is wrong':32}{'right':>7}  lines that fail")
    for name in FAULTS:
        fault, right = FAULTS[name], 0
        others: set[str] = set()
        for seed in seeds:
            result = record(faulty_bench(fault, "left", seed, SETUP, STEPS))
            failed = {line.name for line in result.lines if line.verdict is Verdict.FAIL}
            right += failed == set(fault.fails)
            others |= failed ^ set(fault.fails)
        wrong += len(seeds) - right
        odd = f"   BUT ALSO OR NOT: {', '.join(sorted(others))}" if others else ""
        due = ", ".join(fault.fails) or "none"
        print(f"{name:32}{right:>4}/{len(seeds)}  {due}{odd}", flush=True)
    return bool(wrong)


def try_both(seeds: range) -> int:
    """Print how far the two pods' times are apart; in truth they are not."""
    lags: list[tuple[float, float, float]] = []
    failed = 0
    for seed in track(seeds, "Pairs"):
        result = record(VirtualBench(SETUP, both_steps(SETUP), SIDES, seed), SIDES)
        line = result.pods[-1].lines[0]
        failed += line.verdict is not Verdict.PASS
        if line.measured is not None:
            lags.append((line.measured, line.half or 0.0, line.high or 0.0))
    lag, half, limit = np.array(lags).T
    print(f"\n{len(lags)} of {len(seeds)} pairs, seeds {seeds[0]} to {seeds[-1]}; the truth is 0")
    print(f"lag: RMS {np.sqrt(np.mean(lag**2)):.3f} ms, worst {max(lag, key=abs):+.3f} ms")
    print(f"half-width by the scatter of bursts: median {np.median(half):.4f} ms")
    print(f"limit by what the clocks state: median {np.median(limit):.3f} ms")
    print(f"beyond the limit or withheld: {failed}")
    return bool(failed > max(1, len(seeds) // 10))


if __name__ == "__main__":
    sys.exit(main())
