"""MyoWare on the virtual board: voltage, rate and index are right, whatever is late or lost."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent
VIRTUAL = HERE.parents[2] / "firmware" / "virtual"
FAKE_WORLD = HERE.parent / "virtual" / "fake_world"

# The configuration comes first: it is read when the stand-ins are imported.
_SCRIPT = """
import json, micropython, world
world.config.update({config})
import adc_block, board, time, wire
from array import array
from machine import mem32
from myoware import MyoWare

LOST, CLIPPED = wire.FLAG_LOST_BEFORE, wire.FLAG_CLIPPED
emg = MyoWare(board.MYOWARE_PIN, board.MYOWARE_RING_BITS, board.ADC_BASE, board.ADC_DMA_REQUEST)
adc = adc_block.adc
block = array("i", [0] * 104)
room = 60000
values = array("i", [0] * room)
indices = array("I", [0] * room)
state = [0, 0, 0, 0]  # stored; blocks with FLAG_LOST_BEFORE; FLAG_CLIPPED; lead_off seen
anchors = array("I", [0] * 4000)
taken = [0]

def take(poll=True):
    "One step of the pod, its heap locked."
    if poll:
        emg.poll()
    if taken[0] + 2 <= len(anchors):
        anchors[taken[0]] = emg.anchor_index
        anchors[taken[0] + 1] = emg.anchor_ticks_us
        taken[0] += 2
    while True:
        n = emg.read(block, 104)
        if not n:
            return
        i = 0
        while i < n:
            values[state[0]] = block[i]
            indices[state[0]] = emg.first_index + i
            state[0] += 1
            i += 1
        state[1] += bool(emg.flags & LOST)
        state[2] += bool(emg.flags & CLIPPED)
        state[3] |= emg.lead_off

def run(seconds, pause_ms=15):
    steps = int(seconds * 1000) // pause_ms
    micropython.heap_lock()
    for _ in range(steps):
        time.sleep_us(1000 * pause_ms + 77)
        take()
    micropython.heap_unlock()

def report():
    print(json.dumps({
        "values": list(values[:state[0]]), "indices": list(indices[:state[0]]),
        "lost": state[1], "clipped": state[2], "lead_off": state[3], "next": emg.next_index,
        "overrun": emg.overrun, "misaligned": emg.misaligned, "failed": emg.failed,
        "captured": emg.anchor_index, "converted": adc.converted, "lsb_pv": emg.lsb_pv,
        "anchors": list(anchors[:taken[0]]),
    }))

def at_once(coroutine):
    "Run a coroutine that sleeps and does nothing else."
    import asyncio
    async def sleep_ms(ms):
        time.sleep_ms(ms)
    asyncio.sleep_ms = sleep_ms
    try:
        coroutine.send(None)
    except StopIteration as result:
        return result.args[0]
"""
_MIDDLE = 2048
_COUNT_LOW, _COUNT_RANGE = 128, 3840  # adc_block, "emg_counter"


@pytest.fixture
def on_board(run_micropython):
    """Run a script on the virtual board with a MyoWare; returns the last thing it printed."""

    def run(source, **config):
        prelude = _SCRIPT.replace("{config}", repr({"emg_front_end": "myoware", **config}))
        return json.loads(run_micropython(prelude + source, FAKE_WORLD, VIRTUAL).splitlines()[-1])

    return run


def _conversion(got, width=4):
    """First conversion of each sample, modulo the counter's range."""
    total = np.array(got["values"]) + _MIDDLE * width
    first = total - _COUNT_LOW * width - width * (width - 1) // 2
    assert not np.any(first % width), "conversions of two samples were mixed"
    return first // width


def _assert_index_true(got, width=4):
    """Every sample is made of the conversions that its index says."""
    expected = np.array(got["indices"]) * width % _COUNT_RANGE
    np.testing.assert_array_equal(_conversion(got, width), expected)


@pytest.mark.parametrize(
    ("rate_sps", "width", "lsb_pv"), [(2000, 4, 1_007_080), (1000, 8, 503_540)]
)
@pytest.mark.parametrize("frequency_hz", [40.0, 150.0])
def test_a_sine_has_the_right_voltage_and_frequency(
    on_board, rate_sps, width, lsb_pv, frequency_hz
):
    ppm = 60.0
    got = on_board(
        f"""
world.amplitude_uv, world.frequency_hz, world.electrode_dc_uv = 800.0, {frequency_hz}, 25_000.0
emg.prepare({rate_sps}, 12)
emg.start(); run(10); emg.stop(); report()
""",
        mcu_clock_ppm=ppm,
    )
    assert got["lsb_pv"] == lsb_pv < 1 << 30
    assert (got["overrun"], got["misaligned"], got["clipped"], got["lead_off"]) == (0, 0, 0, 0)
    assert got["indices"] == list(range(len(got["indices"])))
    assert len(got["indices"]) > 9.5 * rate_sps
    uv = np.array(got["values"])[rate_sps:] * got["lsb_pv"] * 1e-6
    t_s = np.arange(len(uv)) / (rate_sps * (1 + ppm * 1e-6))  # the world's: the sine is not drawn
    # from the pod's crystal
    offset_uv, amplitude_uv, left_uv = _fit_sine(uv, t_s, frequency_hz)
    f = frequency_hz / np.array([20.8, 498.4])
    band = 1 / np.sqrt(1 + 1 / f[0] ** 2) / np.sqrt(1 + f[1] ** 2)
    added = np.sin(np.pi * frequency_hz * width / 8000) / (
        width * np.sin(np.pi * frequency_hz / 8000)
    )
    assert amplitude_uv == pytest.approx(800 * band * added, rel=0.01)
    assert abs(offset_uv) < 60  # the electrodes' own 25 mV stay outside; a divider is never exact
    # Noise of two counts a conversion: 4.0 uV with four of them, 2.8 with eight.
    assert left_uv == pytest.approx(8.06 / np.sqrt(width), rel=0.1)
    wrong_hz = frequency_hz * (1 + ppm * 1e-6)
    assert _fit_sine(uv, t_s, wrong_hz)[2] > 1.5 * left_uv  # 60 ppm would be seen


def _fit_sine(uv, t_s, frequency_hz):
    phase = 2 * np.pi * frequency_hz * t_s
    basis = np.column_stack([np.ones_like(phase), np.sin(phase), np.cos(phase)])
    found, *_ = np.linalg.lstsq(basis, uv, rcond=None)
    return found[0], float(np.hypot(*found[1:])), float(np.std(uv - basis @ found))


@pytest.mark.parametrize(("rate_sps", "width"), [(2000, 4), (1000, 8)])
def test_nothing_is_lost_however_often_the_ring_wraps(on_board, rate_sps, width):
    got = on_board(
        f"emg.prepare({rate_sps}, 6)\nemg.start(); run(20, 17); report()",
        emg_counter=True,
        mcu_clock_ppm=-45.0,
        ticks_start_us=(1 << 30) - 5_000_000,
    )
    assert got["indices"] == list(range(len(got["indices"])))
    assert len(got["indices"]) > 19.8 * rate_sps
    assert (got["overrun"], got["misaligned"], got["lost"], got["failed"]) == (0, 0, 0, False)
    _assert_index_true(got, width)


def test_anchors_keep_the_crystal_s_time(on_board):
    """ADC and ticks have one crystal: the rate by the pod's clock is exact, whatever it does."""
    got = on_board(
        "emg.prepare(2000, 6)\nemg.start(); run(20); report()",
        mcu_clock_ppm=150.0,
        mcu_clock_drift_ppm_per_min=30.0,
    )
    index, ticks_us = np.array(got["anchors"]).reshape(-1, 2).T
    late_us = ticks_us - ticks_us[0] - 500 * (index - index[0])
    assert np.ptp(late_us) <= 510  # a look comes at any time up to the next sample
    half = len(late_us) // 2
    assert abs(late_us[:half].min() - late_us[half:].min()) <= 8


@pytest.mark.parametrize("stall_ms", [1000, 1700])
def test_a_stall_that_the_ring_outlasts_loses_nothing(on_board, stall_ms):
    got = on_board(
        f"emg.prepare(2000, 6)\nemg.start(); run(1); time.sleep_ms({stall_ms}); run(1); report()",
        emg_counter=True,
    )
    assert got["indices"] == list(range(len(got["indices"])))
    assert (got["overrun"], got["lost"], got["misaligned"]) == (0, 0, 0)
    _assert_index_true(got)


@pytest.mark.parametrize("stall_ms", [2100, 3333, 60_000])
def test_a_longer_stall_is_counted_exactly(on_board, stall_ms):
    got = on_board(
        f"emg.prepare(2000, 6)\nemg.start(); run(1); time.sleep_ms({stall_ms}); run(1); report()",
        emg_counter=True,
    )
    missing = np.diff(got["indices"]) - 1
    assert np.count_nonzero(missing) == 1
    assert missing.sum() == got["overrun"] == got["next"] - len(got["indices"])
    assert missing.sum() == pytest.approx(2 * stall_ms - 3584, abs=120)
    assert (got["lost"], got["misaligned"]) == (1, 0)
    _assert_index_true(got)


@pytest.mark.parametrize("rate_sps", [2000, 1000])
@pytest.mark.parametrize("blocked_us", [1300, 9_876, 730_001])
def test_the_index_stays_true_when_dma_is_held_up(on_board, blocked_us, rate_sps):
    """The FIFO overflows: everything not read is given up, counted, and the index goes on."""
    width = 8000 // rate_sps
    got = on_board(
        f"""
emg.prepare({rate_sps}, 6)
emg.start(); run(3)
for _ in range(3):
    dma = adc._dma
    emg.poll(); adc.attach(None)
    time.sleep_us({blocked_us})
    mem32[board.ADC_BASE]; adc.attach(dma)
    run(0.6, 13)
report()
""",
        emg_counter=True,
        mcu_clock_ppm=90.0,
    )
    missing = np.diff(got["indices"]) - 1
    assert np.count_nonzero(missing) == got["lost"] == got["misaligned"] == 3
    assert missing.sum() == got["overrun"] == got["next"] - len(got["indices"])
    assert got["overrun"] < 3 * (blocked_us * 1e-6 * rate_sps + 140)
    assert len(got["indices"]) > 3.5 * rate_sps
    _assert_index_true(got, width)


def test_samples_are_whole_again_whenever_the_adc_was_started(on_board):
    """A sample that begins anew has all its conversions, whenever after the start they come."""
    got = on_board(
        """
emg.prepare(2000, 6)
for start_us in range(0, 125, 5):
    time.sleep_us(start_us)
    emg.start(); run(0.3)
    dma = adc._dma
    emg.poll(); adc.attach(None)
    time.sleep_us(5_000)
    mem32[board.ADC_BASE]; adc.attach(dma)
    run(0.2)
    emg.stop()
report()
""",
        emg_counter=True,
    )
    assert got["lost"] == 25
    _assert_index_true(got)


def test_nothing_that_is_read_before_the_next_poll_has_a_wrong_index(on_board):
    got = on_board(
        """
emg.prepare(2000, 6)
emg.start(); run(1)
dma = adc._dma
emg.poll(); adc.attach(None)
time.sleep_us(3_000)
mem32[board.ADC_BASE]; adc.attach(dma)
time.sleep_ms(200)
take(False)
run(1); report()
""",
        emg_counter=True,
    )
    assert got["misaligned"] == 1
    _assert_index_true(got)


def test_a_block_that_dma_overwrites_while_it_is_copied_is_not_delivered(on_board):
    got = on_board(
        """
emg.prepare(2000, 6)
emg.start(); run(1)
time.sleep_ms(1750)
reader = emg._reader
captured = reader.captured
calls = [0]
def slow():
    calls[0] += 1
    count = captured()
    if calls[0] == 2:  # after that of poll: read begins, but is held up before it copies
        time.sleep_ms(400)
        captured()  # the virtual DMA writes when somebody looks
    return count
reader.captured = slow
run(1); report()
""",
        emg_counter=True,
    )
    assert got["overrun"] == got["next"] - len(got["indices"]) > 0
    assert got["lost"] == 1
    _assert_index_true(got)


def test_the_dma_count_is_renewed_without_loss(on_board):
    got = on_board(
        """
from adc_reader import AdcReader
AdcReader.DMA_TRANSFERS = 4003  # half a second, and not a whole number of samples
emg.prepare(2000, 6)
emg.start(); run(10)
emg.poll(); report()
""",
        emg_counter=True,
    )
    assert got["indices"] == list(range(len(got["indices"])))
    assert (got["overrun"], got["misaligned"]) == (0, 0)
    assert got["captured"] == got["converted"] // 4
    assert len(got["indices"]) > 19_700
    _assert_index_true(got)


def test_a_failed_conversion_costs_its_sample_only(on_board):
    got = on_board(
        """
adc.errors.update((4 * 700 + 3, 4 * 1000, 4 * 1001 + 1, 4 * 1001 + 2))
emg.prepare(2000, 6)
emg.start(); run(2); report()
""",
        emg_counter=True,
    )
    assert sorted(set(range(got["next"])) - set(got["indices"])) == [700, 1000, 1001]
    assert (got["overrun"], got["misaligned"], got["lost"]) == (3, 3, 2)
    assert (got["clipped"], got["failed"]) == (0, False)
    _assert_index_true(got)


def test_a_signal_beyond_the_range_is_clipped_and_said_so(on_board):
    small, large = (
        on_board(
            f"world.amplitude_uv, world.frequency_hz = {amplitude_uv}, 100.0\n"
            "emg.prepare(2000, 6)\nemg.start(); run(1); report()"
        )
        for amplitude_uv in (8_000, 9_500)
    )
    assert small["clipped"] == 0
    assert large["clipped"] == len(large["values"]) // 104
    assert large["failed"] is False  # it comes back from there
    peak_uv = np.max(np.abs(large["values"])) * large["lsb_pv"] * 1e-6
    assert peak_uv == pytest.approx(8_200, rel=0.02)


def test_electrodes_that_are_off_clip_and_are_not_known_to_be_off(on_board):
    got = on_board(
        "world.electrodes_off.append((0, 1 << 60))\n"
        "emg.prepare(2000, 6)\nemg.start(); run(2); report()"
    )
    assert got["clipped"] == len(got["values"]) // 104
    assert got["lead_off"] == 0
    assert not got["failed"]


@pytest.mark.parametrize(
    ("fault", "repair", "comes_back"),
    [
        # RAW at an end of the supply.
        ("adc._sensor._dead = True", "adc._sensor._dead = False", True),
        # Somebody switched the ADC off.
        ("mem32[board.ADC_BASE] = 0", "emg.stop(); emg.prepare(2000, 6); emg.start()", True),
        # Every conversion fails.
        ("adc.errors = range(8000, 80_000)", "", False),
    ],
)
def test_it_has_failed_when_no_good_sample_came_for_half_a_second(
    on_board, fault, repair, comes_back
):
    told = on_board(
        f"""
told = []
emg.prepare(2000, 6)
emg.start()
run(1); told.append(emg.failed)
{fault}
run(0.4); told.append(emg.failed)
run(0.2); told.append(emg.failed)
run(2); told.append(emg.failed)
{repair}
run(0.3); told.append(emg.failed)
emg.stop(); told.append(emg.failed)
print(json.dumps(told))
"""
    )
    assert told[:4] == [False, False, True, True]
    assert told[4] is not comes_back
    assert told[5] is False


@pytest.mark.parametrize("rate_sps", [1000, 2000])
def test_the_self_test_measures_rate_bias_and_noise(on_board, rate_sps):
    told, first = on_board(
        f"""
emg.prepare({rate_sps}, 6)
emg.start(); run(0.5); emg.stop()
told = at_once(emg.self_test())
emg.start(); time.sleep_ms(100); emg.poll()
print(json.dumps([told, [emg.read(block, 10), emg.first_index, emg.overrun]]))
""",
        mcu_clock_ppm=100.0,
    )
    assert told.pop("noise_nv") == pytest.approx(8060 / np.sqrt(8000 / rate_sps), rel=0.15)
    assert told.pop("rate_sps") == pytest.approx(rate_sps, rel=0.005)
    assert told == {"ok": True, "bias_mv": pytest.approx(1658, abs=2)}
    assert first == [10, 0, 0]


@pytest.mark.parametrize(
    ("spoil", "wrong"),
    [
        ("adc._sensor._dead = True", "bias_mv"),
        ("adc._fill_volts = lambda channel, start, count: fill(1.9, count)", "bias_mv"),
        ("adc._fill_volts = lambda channel, start, count: fill(3.3, count)", "bias_mv"),
        ("adc._noise.a = adc._noise.b = array('f', [0.0])\nworld.amplitude_uv = 0.0", "noise_nv"),
        ("adc.errors = range(100_000)", "noise_nv"),
        ("adc._fcs = 0\nadc.write = lambda offset, value: None", "rate_sps"),
    ],
    ids=["no power", "another voltage", "at the supply", "constant", "errors", "no samples"],
)
def test_the_self_test_fails(on_board, spoil, wrong):
    told = on_board(
        f"""
def fill(volts, count):
    for i in range(count): adc._volts[i] = volts
emg.prepare(2000, 6)
{spoil}
print(json.dumps(at_once(emg.self_test())))
"""
    )
    assert told["ok"] is False
    good = {"bias_mv": (1485, 1815), "noise_nv": (1, 1e9), "rate_sps": (1960, 2040)}[wrong]
    assert not good[0] <= told[wrong] <= good[1]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ("adc.read = lambda offset: read(offset) & ~(1 << 8)", "ADC: CS should be 0x101"),
        ("adc.read = lambda offset: 0x100 if offset == 0 else 0", "ADC: DIV should be 0x176F00"),
    ],
)
def test_prepare_says_what_does_not_hold(on_board, spoil, message):
    told = on_board(
        f"""
read = adc.read
{spoil}
try: emg.prepare(2000, 6)
except OSError as error: print(json.dumps(str(error)))
"""
    )
    assert told.startswith(message)


def test_only_known_rates_are_accepted_and_the_gain_is_the_myoware_s(on_board):
    told = on_board(
        """
told = []
for rate_sps in (500, 4000):
    try: emg.prepare(rate_sps, 6)
    except ValueError as error: told.append(str(error))
emg.prepare(1000, 12)
print(json.dumps(told + [emg.chip, emg.rate_sps, emg.gain]))
"""
    )
    assert told == [
        "no such rate: 500 SPS", "no such rate: 4000 SPS", "MyoWare 2.0", 1000, 200,
    ]  # fmt: skip


def test_it_sleeps_and_begins_again_at_sample_0(on_board):
    told = on_board(
        """
told = []
emg.prepare(2000, 6); emg.start(); run(0.5)
emg.stop(); told.append([emg.poll(), emg.read(block, 10)])
emg.sleep(); told.append(mem32[board.ADC_BASE])
emg.prepare(2000, 6); emg.start()
state[0] = 0
run(0.5); report()
print(json.dumps(told + [state[0], indices[0], values[0] + 8192, emg.failed]))
""",
        emg_counter=True,
    )
    assert told[0][0] >= 900
    assert told[0][1] == 0
    assert told[1] == 0
    assert told[2] >= 800
    assert told[3:] == [0, 4 * _COUNT_LOW + 6, False]
