"""The pod's crystal: an error, a steady drift, and sleeps that take what they say."""

from __future__ import annotations

import asyncio

import pytest
from bench import with_script

SCRIPT = """
import micropython, select, time
def look(count):
    while count:
        time.ticks_us()
        count -= 1
micropython.heap_lock()
look(1000)  # the steady state may look at the clock
micropython.heap_unlock()
for ms in (10, 1000, 30_000, 200_000):
    before = time.ticks_us()
    time.sleep_ms(ms)
    print(ms, time.ticks_diff(time.ticks_us(), before) - ms * 1000)
def mark():
    print("mark", time.time_ns(), time.ticks_us())
mark()
time.sleep(60)
mark()
"""


@pytest.mark.parametrize("drift", [0.0, 1.5, -4.0])
def test_the_rate_changes_steadily(drift):
    start_ppm = 35.0

    async def body(bench):
        await asyncio.sleep(400)
        return bench.lines

    lines = with_script(SCRIPT, body, mcu_clock_ppm=start_ppm, mcu_clock_drift_ppm_per_min=drift)
    sleeps = [int(line.split()[1]) for line in lines if line[0].isdigit()]
    # By its own clock a sleep is as long as asked, but for how late the processor wakes.
    assert len(sleeps) == 4
    assert all(0 <= late_us < 2500 for late_us in sleeps)
    (w0, t0), (w1, t1) = [map(int, line.split()[1:]) for line in lines if line[0] == "m"]
    middle_min = (w0 + w1) / 2 / 60e9
    ppm = ((t1 - t0) * 1000 / (w1 - w0) - 1) * 1e6
    assert ppm == pytest.approx(start_ppm + drift * middle_min, abs=0.05)
