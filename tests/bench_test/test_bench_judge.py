"""What the lines say of recordings that are changed after the fact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from glutesym.bench.judge import judge
from glutesym.bench.line import Verdict
from glutesym.bench.plan import Setup, choose_steps
from glutesym.bench.reading import read_bench
from glutesym.session.run import RunningSession
from glutesym.virtual.bench import VirtualBench


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Return a bench session of a pod without faults: noise and signal."""
    path = tmp_path_factory.mktemp("judged") / "bench.glutesym"
    setup = Setup()
    bench = VirtualBench(setup, choose_steps(setup, ["noise", "signal"]), ("right",), 31)
    session = RunningSession(bench, path, "bench test", ("right",))
    session.start()
    session.join()
    return read_bench(path)


def lines_of(session, **changes):
    """Return the lines by name, with fields of the pod's EMG changed."""
    pod = session.pods["right"]
    record = replace(pod.record, emg=replace(pod.record.emg, **changes))
    result = judge(replace(session, pods={"right": replace(pod, record=record)}))
    return {line.name: line for line in result.lines}


def test_the_pod_is_fine(recorded):
    result = judge(recorded)
    assert result.exit_code == 0, [line for line in result.lines if line.says]
    assert [pod.side for pod in result.pods] == ["right"]


def test_lost_samples_leave_the_longest_piece(recorded):
    emg = recorded.pods["right"].record.emg
    (stretch,) = recorded.of("noise")
    uv = emg.uv.copy()
    uv[np.searchsorted(emg.time_s, stretch.start_s + 3)] = np.nan
    assert lines_of(recorded, uv=uv)["Noise, inputs shorted"].verdict is Verdict.PASS
    uv[np.searchsorted(emg.time_s, stretch.start_s + 6.5)] = np.nan
    line = lines_of(recorded, uv=uv)["Noise, inputs shorted"]
    assert line.verdict is Verdict.WITHHELD
    assert "lost" in line.says


def test_a_generator_that_is_off_is_no_gain_of_nothing(recorded):
    emg = recorded.pods["right"].record.emg
    quiet = np.random.default_rng(1).normal(0, 2, len(emg.uv))
    line = lines_of(recorded, uv=quiet)["Gain, generator"]
    assert line.verdict is Verdict.WITHHELD
    assert "generator on" in line.says


def test_noise_that_is_too_little_fails_as_well(recorded):
    emg = recorded.pods["right"].record.emg
    line = lines_of(recorded, uv=0.2 * (emg.uv - 1800) + 1800)["Noise, inputs shorted"]
    assert line.verdict is Verdict.FAIL


def test_another_front_end_has_other_limits(recorded):
    pod = recorded.pods["right"]
    info = {**pod.record.info, "emg": {"chip": "MyoWare 2.0", "rate_sps": 2000}}
    other = replace(pod, record=replace(pod.record, info=info))
    result = judge(replace(recorded, pods={"right": other}))
    assert result.lines[0].verdict is Verdict.WITHHELD
    assert "MyoWare" in result.lines[0].says
    assert not {"Gain, generator", "Sample rate"} & {line.name for line in result.lines}
    assert result.exit_code == 2


def test_a_pod_that_told_nothing_has_no_numbers(recorded):
    emg = recorded.pods["right"].record.emg
    lines = lines_of(recorded, uv=np.full(len(emg.uv), np.nan))
    for name in ("Noise, inputs shorted", "Gain, generator", "Sample rate"):
        assert lines[name].verdict is Verdict.WITHHELD
