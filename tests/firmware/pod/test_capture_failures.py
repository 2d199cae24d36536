"""EmgCapture when wires break and the chip forgets: it says so, comes back, and counts truly.

The converter's value is its conversion number, so ``value - index`` has to stay what it was.
"""

from __future__ import annotations

from itertools import pairwise

import pytest

RING_SAMPLES = 4096

_SCRIPT = """
from array import array

RATE = {rate}
ads = front_end()
capture = emg_capture(ads)
capture.prepare(RATE, 6)
block = array("i", [0] * 104)
NOTHING = -0x7FFFFFF
values = array("i", [NOTHING] * (25 * RATE))
flagged = []
changes = []  # (ms, failed)
longest_us = looked_us = 0

def run(until_s, pause_ms=15):
    global longest_us, looked_us
    while world.now < until_s * 1e9:
        time.sleep_ms(pause_ms)
        before = world.now
        capture.poll()
        took_us = (world.now - before) // 1000
        longest_us = max(longest_us, took_us)
        looked_us += took_us
        if capture.failed != (changes[-1][1] if changes else False):
            changes.append((world.now // 1_000_000, capture.failed))
        while True:
            n = capture.read(block, 104)
            if not n:
                break
            for i in range(n):
                values[capture.first_index + i] = block[i]
            if capture.flags:
                flagged.append((capture.first_index, capture.flags))

def report():
    end = capture.next_index
    missing = [i for i in range(end) if values[i] == NOTHING]
    gaps = [i for i in missing if not i or values[i - 1] != NOTHING]
    offsets = []
    for i in range(end):
        if values[i] != NOTHING and values[i] - i not in offsets:
            offsets.append(values[i] - i)
    print(json.dumps({{
        "end": end, "missing": len(missing), "gaps": gaps, "offsets": offsets,
        "ends": [i + 1 for i in missing if i + 1 < end and values[i + 1] != NOTHING],
        "overrun": capture.overrun, "misaligned": capture.misaligned, "flagged": flagged,
        "changes": changes, "longest_us": longest_us, "looked_us": looked_us,
        "start_s": start_s, "anchors": anchors,
    }}))

anchors = []
def anchor():
    anchors.append((capture.anchor_index, capture.anchor_ticks_us))

capture.start()
start_s = world.now / 1e9
"""


def script(rate: int, body: str) -> str:
    return _SCRIPT.format(rate=rate) + body + "\nreport()\n"


def expect_truth(got):
    """What is missing is counted, and each gap is told to who reads on behind it."""
    assert got["overrun"] == got["missing"]
    assert [index for index, flags in got["flagged"] if flags & 2] == got["ends"]


@pytest.mark.parametrize("rate", [1000, 2000])
@pytest.mark.parametrize("level", [0, 1])
def test_miso_dies_and_comes_back(on_virtual_board, level, rate):
    got = on_virtual_board(
        script(rate, "run(12)"),
        emg_counter=True,
        emg_clock_error=0.02,
        faults={"emg_miso_dies_s": 5.0, "emg_miso_back_s": 8.0, "emg_miso_level": level},
    )
    (failed_ms, failed), (back_ms, back) = got["changes"]
    assert (failed, back) == (True, False)
    assert 5400 < failed_ms < 5720
    assert 8000 < back_ms < 8250
    expect_truth(got)
    assert len(got["offsets"]) == 1
    assert got["end"] == pytest.approx((12 - got["start_s"]) * rate * 1.02, abs=110)
    assert got["missing"] == pytest.approx(3 * rate * 1.02, abs=120)
    assert got["misaligned"] > 0
    assert got["longest_us"] < 6000
    assert got["looked_us"] < 300_000  # of 10 s


@pytest.mark.parametrize("rate", [1000, 2000])
@pytest.mark.parametrize("clock_error", [-0.02, 0.013])
def test_drdy_stops_and_comes_back(on_virtual_board, clock_error, rate):
    got = on_virtual_board(
        script(rate, "run(15)"),
        emg_counter=True,
        emg_clock_error=clock_error,
        faults={"emg_drdy_dies_s": 8.0, "emg_drdy_back_s": 11.3},
    )
    (failed_ms, failed), (back_ms, back) = got["changes"]
    assert (failed, back) == (True, False)
    assert 8400 < failed_ms < 8720
    assert 11_300 < back_ms < 12_500  # looked for every second
    expect_truth(got)
    first, *later = got["offsets"]
    assert all(abs(offset - first) <= 1 for offset in later)  # a gap of 8000 samples, by clock
    assert len(got["gaps"]) == 1
    assert got["longest_us"] < 6000
    assert got["looked_us"] < 300_000


def test_a_front_end_that_stays_dead_costs_no_time_and_counts_nothing(on_virtual_board):
    got = on_virtual_board(
        script(2000, "run(6)\nbefore = capture.overrun, capture.anchor_index\nrun(14)\n")
        + "print(json.dumps([before, [capture.overrun, capture.anchor_index], looked_us]))",
        emg_counter=True,
        faults={"emg_drdy_dies_s": 4.0},
    )
    before, after, looked_us = got
    assert before == after
    assert looked_us < 200_000  # of 12 s


@pytest.mark.parametrize("rate", [1000, 2000])
def test_a_chip_that_forgot_its_settings_gets_them_back(on_virtual_board, rate):
    """After a dip of the supply it sends good frames: 500 a second, of an unknown scale."""
    got = on_virtual_board(
        script(
            rate,
            """
run(8); anchor(); run(13); anchor(); run(15); anchor()
capture.stop()
ads.check()  # raises what does not hold
""",
        ),
        emg_clock_error=0.017,
        faults={"emg_resets_s": 8.003},
    )
    expect_truth(got)
    assert got["changes"] == []  # back within half a second
    assert 0.15 * rate < got["missing"] < 0.4 * rate
    (i0, t0), (i1, t1), (i2, t2) = got["anchors"]
    period_us = 1e6 / rate / 1.017
    # The index goes on as if the converter had not stopped.
    assert (i2 - i1) * period_us == pytest.approx(t2 - t1, abs=1.2e6 / rate)
    assert (i1 - i0) * period_us == pytest.approx(t1 - t0, abs=7000)


def test_a_chip_that_forgets_and_cannot_be_taught_is_failed(on_virtual_board):
    """CONFIG1 does not hold any more: 500 samples a second, whatever is written."""
    got = on_virtual_board(
        script(
            2000,
            """
run(4)
import virtual_board
virtual_board.emg._stuck_register = 1  # CONFIG1
virtual_board.emg._timetable.append((world.now, 2, True))  # ads1292r_faults.RESET
run(7)
""",
        ),
        emg_counter=True,
    )
    assert [failed for _, failed in got["changes"]] == [True]
    assert 4400 < got["changes"][0][0] < 4800


@pytest.mark.parametrize(
    ("stall_s", "lost"), [(1.0, False), (1.7, False), (3.0, True), (10.0, True)]
)
@pytest.mark.parametrize("rate", [1000, 2000])
def test_a_stalled_loop(on_virtual_board, rate, stall_s, lost):
    got = on_virtual_board(
        script(rate, f"run(4)\ntime.sleep_ms({round(1000 * stall_s)})\nrun({6 + stall_s})"),
        emg_counter=True,
        emg_clock_error=-0.013,
    )
    expect_truth(got)
    assert got["changes"] == []
    assert (len(got["offsets"]), got["misaligned"]) == (1, 0)
    made = stall_s * rate * 0.987
    if lost and made > RING_SAMPLES:
        assert got["missing"] == pytest.approx(made - RING_SAMPLES * 7 / 8, abs=150)
        assert len(got["ends"]) == 1
    else:
        assert got["missing"] == 0


def test_the_ring_wraps_without_losing_or_repeating(on_virtual_board):
    got = on_virtual_board(script(2000, "run(13)"), emg_counter=True, emg_clock_error=0.008)
    assert got["end"] > 5 * RING_SAMPLES
    assert (got["missing"], len(got["offsets"]), got["flagged"]) == (0, 1, [])


def test_a_stall_that_ends_while_miso_is_dead(on_virtual_board):
    """What was good is read first; the outage is lost, no more and no less."""
    got = on_virtual_board(
        script(2000, "run(4)\ntime.sleep_ms(1500)\nrun(9)"),
        emg_counter=True,
        faults={"emg_miso_dies_s": 5.0, "emg_miso_back_s": 6.0},
    )
    expect_truth(got)
    assert len(got["offsets"]) == 1
    assert got["missing"] == pytest.approx(2000, abs=60)
    assert all(b > a for a, b in pairwise(got["ends"]))
