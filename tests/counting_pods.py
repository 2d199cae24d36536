"""Sessions of pods whose converters count their conversions: the samples tell what is lost."""

from __future__ import annotations

import numpy as np

from glutesym.virtual.scenarios.catalog import build_scenario
from virtual_session import Trial, equal_hardware

COUNTING = equal_hardware(emg_counter=True)


def quiet(duration_s: float):
    return build_scenario("counter", rest_before_s=duration_s - 2.0)


def trial(folder, duration_s=12.0, sides=("left",), hardware=COUNTING, **more) -> Trial:
    return Trial(folder, quiet(duration_s), hardware=hardware, sides=sides, **more)


def assert_nothing_is_lost(recorded, side="left", seconds=10.0):
    numbers = recorded.conversions(side)
    assert len(numbers) > seconds * 2000
    assert np.array_equal(np.diff(numbers), np.ones(len(numbers) - 1))
    pod = recorded.session.recording.pods[side]
    assert pod.samples_lost == 0
    assert pod.gaps == ()
    assert pod.boots == 1
    assert recorded.counts[side].missing == recorded.counts[side].lost == 0


def events(recorded, side="left"):
    return [(e.kind, e.text) for e in recorded.session.events if e.side == side]


async def reflash(trial, name, old, new):
    """Change a file of the left pod, which then starts again."""
    pod = trial.simulation.pods["left"]
    pod.switch_off()
    path = trial.simulation._folder / "left" / "flash" / name
    program = path.read_text()
    assert program.count(old) == 1
    path.write_text(program.replace(old, new))
    await pod.switch_on()
