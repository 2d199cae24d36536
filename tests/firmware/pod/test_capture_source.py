"""EmgCapture as an EMG source: prepare, self-test, sleep, and what it says of a bad chip."""

from __future__ import annotations

import pytest

_SOURCE = """
import asyncio_queue, sys
sys.modules["_asyncio"] = asyncio_queue  # as firmware/virtual/start.py does
import asyncio
from array import array
from chip_error import ChipError

world.wait_until = world.sleep_until  # the event loop's sleep; no radio here
capture = emg_capture(front_end())
block = array("i", [0] * 100)

def hear(ms):
    for _ in range(ms // 10):
        time.sleep_ms(10)
        capture.poll()

def settings():
    return [capture.chip, capture.rate_sps, capture.gain, capture.lsb_pv]
"""


@pytest.mark.parametrize(("rate", "gain", "lsb_pv"), [(1000, 12, 24041), (2000, 6, 48081)])
def test_prepare_start_stop(on_virtual_board, rate, gain, lsb_pv):
    told = on_virtual_board(
        _SOURCE
        + f"""
capture.prepare({rate}, {gain})
runs = []
for _ in range(2):
    capture.start()
    hear(1000)
    runs.append([capture.anchor_index, capture.read(block, 100), capture.first_index,
                 capture.overrun, capture.failed])
    capture.stop()
    hear(1000)
    runs[-1].append(capture.failed)
print(json.dumps([settings(), runs]))
"""
    )
    assert told[0] == ["ADS1292R", rate, gain, lsb_pv]
    for complete, read, first, *rest in told[1]:
        assert complete == pytest.approx(rate, abs=3)
        assert (read, first, *rest) == (100, 0, 0, False, False)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("emg_wrong_id", "ADS1292R: ID should be 0x73, found 0x53"),
        ("emg_dead", "ADS1292R: ID should be 0x73, found 0x00"),
        ("emg_stuck_register", "ADS1292R: CH2SET should be 0x60, found 0x00"),
    ],
)
def test_prepare_says_what_is_wrong(on_virtual_board, fault, text):
    told = on_virtual_board(
        _SOURCE
        + """
try:
    capture.prepare(2000, 12)
except ChipError as error:
    print(json.dumps([str(error), capture.rate_sps]))
""",
        faults={fault: True},
    )
    assert told == [text, 0]


def test_a_miso_wire_that_hangs_high_is_no_chip(on_virtual_board):
    told = on_virtual_board(
        _SOURCE
        + """
try:
    capture.prepare(2000, 6)
except ChipError as error:
    print(json.dumps(str(error)))
""",
        faults={"emg_miso_dies_s": 0, "emg_miso_level": 1},
    )
    assert told == "ADS1292R: ID should be 0x73, found 0xFF"


@pytest.mark.parametrize("rate", [1000, 2000])
@pytest.mark.parametrize("gain", [1, 6, 12])
def test_self_test_measures_the_test_signal_and_the_noise(on_virtual_board, gain, rate):
    told = on_virtual_board(
        _SOURCE
        + f"""
capture.prepare({rate}, {gain})
before = world.now
answer = asyncio.run(capture.self_test())
took_s = (world.now - before) / 1e9
capture.start()
hear(1000)
capture.read(block, 100)
print(json.dumps([answer, took_s, settings(), capture.lead_off, list(block)]))
""",
        emg_clock_error=-0.02,
    )
    answer, took_s, settings, _, samples = told
    assert answer["ok"] is True
    assert answer["expected_counts"] == 3495 * gain
    assert answer["square_counts"] == pytest.approx(3495 * gain, rel=0.01)
    typical_nv = 1000 * (1.5**2 + (10.2 / gain) ** 2) ** 0.5 * (rate / 2000) ** 0.5
    assert answer["noise_nv"] == pytest.approx(typical_nv, rel=0.15)
    assert all(type(value) is int for name, value in answer.items() if name != "ok")
    assert took_s < 3
    assert settings[1:3] == [rate, gain]  # and it hears the electrodes, which are silent here
    assert max(samples) - min(samples) < 3495 * gain


def test_self_test_leaves_the_electrodes_and_lead_off_detection_on(on_virtual_board):
    told = on_virtual_board(
        _SOURCE
        + """
capture.prepare(2000, 6)
asyncio.run(capture.self_test())
world.electrodes_off.append((0, 1 << 62))
capture.start()
hear(500)
capture.read(block, 100)
print(json.dumps(capture.lead_off))
"""
    )
    assert told == 4 | 8


@pytest.mark.parametrize(
    "faults",
    [
        {"emg_miso_dies_s": 2.4},
        {"emg_miso_dies_s": 3.0, "emg_miso_level": 1},
        {"emg_drdy_dies_s": 3.0},
        {"emg_drdy_dies_s": 4.0},  # while it measures the noise
        {"emg_resets_s": 3.4},
    ],
)
def test_self_test_of_a_chip_that_fails_is_not_ok_and_ends(on_virtual_board, faults):
    told = on_virtual_board(
        _SOURCE
        + """
capture.prepare(2000, 6)
before = world.now
answer = asyncio.run(capture.self_test())
print(json.dumps([answer, (world.now - before) / 1e9]))
""",
        faults=faults,
    )
    assert told[0]["ok"] is False
    assert told[1] < 5


@pytest.mark.parametrize("spoil", ["gain", "silence", "noise"])
def test_self_test_finds_a_wrong_amplitude_and_a_wrong_noise(on_virtual_board, spoil):
    told = on_virtual_board(
        _SOURCE
        + f"""
import ads1292r_converter
spoil = "{spoil}"
if spoil == "gain":
    ads1292r_converter._GAINS = (5, 1, 2, 3, 4, 8, 12, 6)  # instead of 6
else:
    noise = ads1292r_converter.Noise(1)
    factor = 0 if spoil == "silence" else 5
    for table in (noise.a, noise.b):
        for i in range(len(table)):
            table[i] *= factor
capture.prepare(2000, 6)
print(json.dumps(asyncio.run(capture.self_test())))
"""
    )
    assert told["ok"] is False
    if spoil == "gain":
        assert told["square_counts"] == pytest.approx(3495 * 5, rel=0.02)
    else:
        assert told["square_counts"] == pytest.approx(3495 * 6, rel=0.02)


def test_sleep_switches_the_chip_off_until_it_is_prepared(on_virtual_board):
    told = on_virtual_board(
        _SOURCE
        + """
capture.prepare(2000, 6)
capture.sleep()
time.sleep_ms(1000)
try:
    capture._ads.identify()
    asleep = False
except ChipError:
    asleep = True
capture.prepare(1000, 12)
capture.start()
hear(300)
print(json.dumps([asleep, capture.read(block, 100), settings()[1:3]]))
"""
    )
    assert told == [True, 100, [1000, 12]]
