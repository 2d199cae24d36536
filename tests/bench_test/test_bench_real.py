"""The bench test as with real pods: over USB, in real time, with a user who turns the box."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from glutesym.bench.judge import judge
from glutesym.bench.line import Verdict
from glutesym.bench.plan import Generator, Setup, choose_steps
from glutesym.bench.reading import read_bench
from glutesym.bench.surroundings import RealBench
from glutesym.cli_bench_desk import TerminalDesk
from glutesym.cli_shared import View, show
from glutesym.session.run import RunningSession
from glutesym.virtual.test_box import TestBox
from usb_bench import bench_beside

SETUP = Setup()
AHEAD_NS = 250_000_000


def shortened(step, seconds):
    return replace(step, phases=tuple(replace(phase, seconds=seconds) for phase in step.phases))


@pytest.fixture
def pod(tmp_path, monkeypatch):
    """Return a bench with a pod in bench mode, attached to a box, and its key on this computer."""
    path = tmp_path / "keys" / "pods.json"
    monkeypatch.setenv("GLUTESYM_KEYS", str(path))
    with bench_beside(tmp_path, body=TestBox(), bench=True) as bench:
        from glutesym.keys import KeyRing

        ring = KeyRing.load(path)
        for owned in bench.keys():
            ring.add(owned)
        ring.save()
        yield bench


def test_a_user_who_turns_the_box_and_leaves_a_step_out(pod, tmp_path):
    asked = []
    box = pod.pod.body
    generators = {"noise": Generator(), "signal": Generator(300.0, 100.0)}

    def user():
        step = steps[len(asked)]
        asked.append(step.name)
        if step.name == "hum":
            return "s"
        box.turn(
            pod.loop.now_ns() + AHEAD_NS, step.phases[0].position, generators[step.name], 1000
        )
        return ""

    said = io.StringIO()
    steps = [shortened(s, 4.6) for s in choose_steps(SETUP, ["noise", "signal", "hum"])]
    desk = TerminalDesk(Console(file=said, width=200), False, user)
    path = tmp_path / "bench.glutesym"
    real = RealBench(desk, SETUP, steps, ("left",), usb=True, ports=[str(pod.port)])
    show(
        RunningSession(real, path, "bench test", ("left",)),
        View.NONE,
        desk.attend,
    )
    assert asked == ["noise", "signal", "hum"]
    assert "leave it out" in said.getvalue()
    session = read_bench(path)
    assert session.skipped == ("hum",)
    result = judge(session)
    lines = {line.name: line for line in result.lines}
    assert "Hum rejection" not in lines
    assert lines["Gain, chip's test signal"].verdict is Verdict.PASS
    assert lines["Noise, inputs shorted"].verdict is Verdict.PASS
    assert lines["Gain, generator"].verdict is Verdict.PASS
    assert lines["Cell"].says == "on USB power"
    assert not any(line.verdict is Verdict.FAIL for line in result.lines)
