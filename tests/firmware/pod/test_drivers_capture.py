"""EmgCapture when words are lost or corrupted, and when the DMA count ends: the index stays true.

The scripted converter's value is its conversion number, so ``value - index`` has to be constant.
"""

from __future__ import annotations

import pytest

_SCRIPT = """
import json, micropython, rp2, time, wire
from array import array
from emg_capture import EmgCapture

class Ads:
    rate_sps, gain, lsb_pv = 2000, 6, 48080
    def configure(self, *settings): pass
    power_up = identify = start_conversions = stop_conversions = lambda self: None
    def restore(self): return False  # it had not lost its registers

class Pin:
    IN = ALT = ALT_SPI = 0
    def init(self, mode, alt=0): pass
    def __call__(self, value): pass

samples = array("i", [0] * 100)
delivered = array("I", [0] * 30000)  # delivered[value] = index + 1
shorts = []
flagged = []

def run(capture, steps, count=100):
    micropython.heap_lock()
    for _ in range(steps):
        time.sleep_ms(10)
        capture.poll()
        while True:
            n = capture.read(samples, count)
            if not n:
                break
            i = 0
            while i < n:
                delivered[samples[i]] = capture.first_index + i + 1
                i += 1
            if capture.flags or n < count:
                micropython.heap_unlock()
                flagged.append((capture.first_index, n, capture.flags))
                micropython.heap_lock()
    micropython.heap_unlock()

def report(capture):
    got = [value for value in range(30000) if delivered[value]]
    offsets = sorted(set(value - delivered[value] + 1 for value in got))
    print(json.dumps({
        "offsets": offsets, "delivered": len(got), "next": capture.next_index,
        "overrun": capture.overrun, "misaligned": capture.misaligned, "flagged": flagged,
        "missing": [v for v in range(got[0], got[-1]) if not delivered[v]],
        "anchor_us": capture.anchor_ticks_us, "anchor_index": capture.anchor_index,
    }))

ads = Ads()
capture = EmgCapture(ads, 0, 3_000_000, Pin(), Pin(), Pin(), Pin(), 12)
capture.prepare(2000, 6)
"""


def test_a_corrupted_frame_costs_that_sample_only(on_scripted_rp2):
    got = on_scripted_rp2(
        _SCRIPT
        + """
rp2.corrupt_words.add(2 * 250)
capture.start()
run(capture, 50)
report(capture)
"""
    )
    assert got["missing"] == [250]
    assert (got["overrun"], got["misaligned"]) == (1, 1)
    assert len(got["offsets"]) == 1
    (first_flagged, second_flagged) = got["flagged"]
    assert first_flagged[2] == 0
    assert first_flagged[1] < 100  # the block ends before it ...
    assert (
        second_flagged[0] == first_flagged[0] + first_flagged[1] + 1
    )  # ... the next begins after
    assert second_flagged[2] == 2  # wire.FLAG_LOST_BEFORE


@pytest.mark.parametrize("lost_word", [2 * 333, 2 * 333 + 1, 2 * 340])
def test_a_lost_word_is_noticed_and_the_index_stays_true(on_scripted_rp2, lost_word):
    got = on_scripted_rp2(
        _SCRIPT
        + f"""
rp2.lost_words.add({lost_word})
capture.start()
run(capture, 100)
report(capture)
"""
    )
    assert len(got["offsets"]) == 1
    assert got["misaligned"] >= 1
    assert got["overrun"] == len(got["missing"]) > 0
    assert got["next"] == got["delivered"] + got["overrun"]
    assert any(flags & 2 for _, _, flags in got["flagged"])


def test_the_dma_count_is_renewed_without_loss(on_scripted_rp2):
    got = on_scripted_rp2(
        _SCRIPT
        + """
capture._reader.DMA_TRANSFERS = 4000  # one second
capture.start()
run(capture, 500)
report(capture)
"""
    )
    assert got["delivered"] == got["next"] >= 9900
    assert got["missing"] == got["flagged"] == []
    assert (got["overrun"], got["misaligned"], len(got["offsets"])) == (0, 0, 1)


@pytest.mark.parametrize(("stall_ms", "lost"), [(150, False), (300, True), (700, True)])
def test_a_stall_longer_than_the_ring_is_counted_exactly(on_scripted_rp2, stall_ms, lost):
    got = on_scripted_rp2(  # this ring of 2**12 bytes holds 256 ms
        _SCRIPT
        + f"""
capture.start()
run(capture, 50, 20)
time.sleep_ms({stall_ms})
run(capture, 50, 20)
report(capture)
"""
    )
    assert len(got["offsets"]) == 1
    assert got["overrun"] == len(got["missing"])
    assert (got["overrun"] > 0) is lost
    assert [flags for _, _, flags in got["flagged"]] == ([2] if lost else [])
    assert got["misaligned"] == 0


def test_no_sample_comes_when_the_converter_is_silent(on_scripted_rp2):
    got = on_scripted_rp2(
        _SCRIPT
        + """
rp2.lost_words.update(range(400, 30000))
capture.start()
run(capture, 100)
polled = capture.poll()
print(json.dumps([polled, capture.read(samples, 100), capture.misaligned]))
"""
    )
    assert got[1:] == [0, 0]
    assert got[0] <= 200


def test_the_clock_pin_and_chip_select_change_hands_in_order(on_scripted_rp2):
    """SCLK is low and driven when CS falls; nobody clocks when CS rises and SPI takes the pin."""
    got = on_scripted_rp2(
        _SCRIPT
        + """
events = []

class Wire:
    IN, ALT, ALT_SPI = 0, 3, 1
    def __init__(self, name):
        self._name = name
    def init(self, mode, alt=0):
        events.append([self._name, mode, alt])
    def __call__(self, value):
        events.append([self._name, value])

def watch(owner, name):
    method = getattr(owner, name)
    def watched(*arguments, **named):
        events.append([owner.__name__, name, arguments[1] if name == "active" else 0])
        return method(*arguments, **named)
    setattr(owner, name, watched)

watch(rp2.StateMachine, "init")
watch(rp2.StateMachine, "active")
watch(rp2.DMA, "config")
watch(rp2.DMA, "active")
watch(Ads, "start_conversions")
watch(Ads, "stop_conversions")
capture = EmgCapture(
    ads, 0, 3_000_000, Wire("SCLK"), Wire("MISO"), Wire("DRDY"), Wire("CS"), 12
)
capture.prepare(2000, 6)
capture.start()
capture.stop()
print(json.dumps(events))
"""
    )
    assert got == [
        ["DRDY", 0, 0],
        ["Ads", "start_conversions", 0],
        ["StateMachine", "init", 0],
        ["CS", 0],
        ["DMA", "config", 0],
        ["StateMachine", "active", 1],
        ["StateMachine", "active", 0],
        ["DMA", "active", 0],
        ["CS", 1],
        ["SCLK", 3, 1],
        ["Ads", "stop_conversions", 0],
    ]
