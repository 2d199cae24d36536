"""ADS1292R and EmgCapture on the virtual board: registers, faults, samples, loss, electrodes."""

from __future__ import annotations

from itertools import pairwise

import pytest

_READ_REGISTERS = """
def registers():
    frame = bytearray(2 + 12)
    frame[0], frame[1] = 0x20, 11
    cs = Pin(board.EMG_CS)
    cs(0)
    ads._spi.write_readinto(frame, frame)
    time.sleep_us(10)
    cs(1)
    time.sleep_us(10)
    return list(frame[2:])
"""

# Streams as the pod does, under heap lock; `values` keeps every sample at its index.
_STREAM = """
from array import array

ads = front_end()
capture = emg_capture(ads)
capture.prepare(2000, 6)
block = array("i", [0] * 104)
values = array("i", [0x7FFFFFF] * 40000)
blocks = array("I", [0] * 4000)  # first index, count, flags, lead-off, ...
used = 0

def step():
    global used
    capture.poll()
    while True:
        n = capture.read(block, 104)
        if not n:
            return
        i = 0
        first = capture.first_index
        while i < n:
            values[first + i] = block[i]
            i += 1
        blocks[used] = first
        blocks[used + 1] = n
        blocks[used + 2] = capture.flags
        blocks[used + 3] = capture.lead_off
        used += 4

def begin(**settings):
    ads.configure(**settings)
    capture.start()

def stream(ms):
    steady(step, ms // 10, 10)

def rows():
    return [[blocks[i + k] for k in range(4)] for i in range(0, used, 4)]
"""


def test_every_register_is_written_and_read_back(on_virtual_board):
    got = on_virtual_board(
        _READ_REGISTERS
        + """
ads = front_end()
ads.power_up()
ads.identify()
seen = []
for settings in (
    {}, {"lead_off": True}, {"gain": 12, "rate_sps": 1000}, {"source": "shorted"},
    {"source": "test_signal"},
):
    ads.configure(**settings)
    seen.append([registers(), ads.lsb_pv, ads.rate_sps])
print(json.dumps(seen))
"""
    )
    base = [0x73, 0x04, 0xA0, 0x10, 0x81, 0x00, 0x2C, 0x00, 0x00, 0x02, 0x03, 0x0C]
    pv_gain_6, pv_gain_12 = (round(2.42e12 / (2**23 - 1) / gain) for gain in (6, 12))

    def changed(**registers):
        return [registers.get(f"r{i}", x) for i, x in enumerate(base)]

    assert got == [
        [base, pv_gain_6, 2000],
        [changed(r2=0xE0, r7=0x0C), pv_gain_6, 2000],
        [changed(r1=0x03, r5=0x60), pv_gain_12, 1000],
        [changed(r5=0x01), pv_gain_6, 2000],
        [changed(r2=0xA3, r5=0x05), pv_gain_6, 2000],
    ]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("emg_wrong_id", "ADS1292R: ID should be 0x73, found 0x53"),
        ("emg_dead", "ADS1292R: ID should be 0x73, found 0x00"),
        ("emg_stuck_register", "ADS1292R: CH2SET should be 0x60, found 0x00"),
    ],
)
def test_a_faulty_chip_is_named_with_register_and_values(on_virtual_board, fault, message):
    got = on_virtual_board(
        """
from chip_error import ChipError
ads = front_end()
ads.power_up()
try:
    ads.identify()
    ads.configure(gain=12)
except ChipError as error:
    print(json.dumps([str(error), isinstance(error, OSError)]))
""",
        faults={fault: True},
    )
    assert got == [message, True]


def test_registers_that_were_lost_are_restored_with_the_heap_locked(on_virtual_board):
    got = on_virtual_board(
        _READ_REGISTERS
        + """
ads = front_end()
ads.power_up()
ads.configure(1000, 12, True)
before = registers()
ads.start_conversions()
restored = [None] * 3
reset = Pin(board.EMG_RESET)
micropython.heap_lock()
restored[0] = ads.restore()
reset(0)
time.sleep_us(50)
reset(1)
time.sleep_ms(1)
restored[1] = ads.restore()
restored[2] = ads.restore()
micropython.heap_unlock()
ads.stop_conversions()
print(json.dumps(restored + [registers() == before]))
"""
    )
    assert got == [False, True, False, True]


@pytest.mark.parametrize("settings", ["rate_sps=1500", "gain=5", "source='thumb'"])
def test_a_setting_that_does_not_exist_is_refused(on_virtual_board, settings):
    got = on_virtual_board(
        f"""
ads = front_end()
try:
    ads.configure({settings})
except ValueError as error:
    print(json.dumps(str(error)))
"""
    )
    assert got.startswith("no such setting")


@pytest.mark.parametrize("clock_error", [-0.02, 0.0, 0.02])
def test_five_seconds_arrive_sample_by_sample(on_virtual_board, clock_error):
    got = on_virtual_board(
        _STREAM
        + """
begin()
stream(5000)
first = values[0]
end = capture.next_index
wrong = [i for i in range(end) if values[i] != first + i]
print(json.dumps([first, end, wrong[:5], capture.overrun, capture.misaligned,
                  [r for r in rows() if r[2] or r[3] or r[1] != 104]]))
""",
        emg_counter=True,
        emg_clock_error=clock_error,
    )
    first, end, wrong, overrun, misaligned, odd_blocks = got
    assert 0 <= first < 10
    assert end == pytest.approx(10_000 * (1 + clock_error), abs=110)
    assert wrong == []
    assert (overrun, misaligned, odd_blocks) == (0, 0, [])


@pytest.mark.parametrize(("stall_ms", "loses"), [(1000, False), (5000, True)])
def test_a_stalled_loop_loses_nothing_or_counts_it_exactly(on_virtual_board, stall_ms, loses):
    got = on_virtual_board(
        _STREAM
        + f"""
begin()
stream(1000)
time.sleep_ms({stall_ms})
stream(1000)
first = values[0]
end = capture.next_index
missing = [i for i in range(end) if values[i] == 0x7FFFFFF]
wrong = [i for i in range(end) if values[i] not in (first + i, 0x7FFFFFF)]
flagged = [r for r in rows() if r[2]]
ends = missing[:1] + missing[-1:]
print(json.dumps([end, len(missing), ends, wrong[:5], capture.overrun, flagged]))
""",
        emg_counter=True,
        emg_clock_error=0.013,
    )
    end, missing, ends, wrong, overrun, flagged = got
    assert wrong == []
    assert end == pytest.approx(2026 * (2 + stall_ms / 1000), abs=110)
    assert overrun == missing
    if loses:
        # All but what the ring of 4096 keeps safe, in one piece, and said before what follows it.
        assert missing == pytest.approx(2026 * 5 - 3584, abs=130)
        assert ends[1] - ends[0] + 1 == missing
        assert [(r[0], r[2]) for r in flagged] == [(ends[1] + 1, 2)]
    else:
        assert missing == 0
        assert flagged == []


def test_a_count_that_nears_its_end_is_renewed_without_loss(on_virtual_board):
    got = on_virtual_board(
        _STREAM
        + """
type(capture._reader).DMA_TRANSFERS = 4000  # one second
begin()
stream(5000)
first = values[0]
end = capture.next_index
wrong = [i for i in range(end) if values[i] != first + i]
print(json.dumps([end, wrong[:5], capture.overrun, capture.misaligned]))
""",
        emg_counter=True,
    )
    end, wrong, overrun, misaligned = got
    assert end > 9800
    assert wrong == []
    assert (overrun, misaligned) == (0, 0)


@pytest.mark.parametrize("lifted_us", [200, 30_000])
def test_the_index_stays_true_when_the_chip_was_deselected(on_virtual_board, lifted_us):
    got = on_virtual_board(
        _STREAM
        + f"""
begin()
stream(1000)
for _ in range(5):
    Pin(board.EMG_CS)(1)
    time.sleep_us({lifted_us})
    Pin(board.EMG_CS)(0)
    stream(500)
first = values[0]
end = capture.next_index
missing = [i for i in range(end) if values[i] == 0x7FFFFFF]
wrong = [i for i in range(end) if values[i] not in (first + i, 0x7FFFFFF)]
print(json.dumps([end, len(missing), wrong[:9], capture.overrun, capture.misaligned]))
""",
        emg_counter=True,
        emg_clock_error=0.02,
    )
    end, missing, wrong, overrun, misaligned = got
    # A frame that is cut within its sample looks whole: five times that may happen, no more.
    assert end == pytest.approx(2040 * (3.5 + 5e-6 * lifted_us), abs=220)
    assert len(wrong) <= 5
    assert overrun == missing
    if lifted_us > 1000:
        assert misaligned > 0
        assert missing > 0


def test_anchors_tell_the_true_sample_rate(on_virtual_board):
    got = on_virtual_board(
        _STREAM
        + """
begin()
anchors = []
for _ in range(300):
    time.sleep_ms(10)
    index = capture.poll()
    anchors.append((index, capture.anchor_index, capture.anchor_ticks_us))
print(json.dumps(anchors))
""",
        emg_counter=True,
        emg_clock_error=-0.017,
    )
    assert all(index == anchor for index, anchor, _ in got)
    (_, i0, t0), (_, i1, t1) = got[10], got[-1]
    assert (i1 - i0) / (t1 - t0) * 1e6 == pytest.approx(2000 * 0.983, abs=0.5)


def test_capture_gives_the_bus_back_and_starts_again_at_zero(on_virtual_board):
    got = on_virtual_board(
        _STREAM
        + """
runs = []
for _ in range(3):
    used = 0
    begin()
    stream(500)
    runs.append([rows()[0][0], capture.next_index, capture.overrun, capture.misaligned,
                 values[100] - values[0]])
    capture.stop()
    ads.check()
    ads.identify()
print(json.dumps(runs))
""",
        emg_counter=True,
    )
    for first, end, overrun, misaligned, hundred in got:
        assert (first, overrun, misaligned, hundred) == (0, 0, 0, 100)
        assert end == pytest.approx(1000, abs=110)


@pytest.mark.parametrize("gain", [6, 12])
def test_counts_times_lsb_are_electrode_microvolts(on_virtual_board, gain):
    got = on_virtual_board(
        _STREAM
        + f"""
def electrode_uv(start_ns, step_ns, count, aperture_ns, out):
    for i in range(count):
        out[i] = 1500.0 if (start_ns + i * step_ns) // 1e9 % 2 else -2500.0
world.electrode_uv = electrode_uv
begin(gain={gain})
stream(4000)
print(json.dumps([list(values[: capture.next_index]), ads.lsb_pv]))
"""
    )
    uv = sorted(x * got[1] / 1e6 for x in got[0])
    low, high = uv[len(uv) // 4], uv[3 * len(uv) // 4]
    assert high - low == pytest.approx(4000, rel=0.005)
    assert max(uv) < 2000
    assert min(uv) > -3000


def test_the_test_signal_is_one_millivolt_at_one_hertz(on_virtual_board):
    got = on_virtual_board(
        _STREAM
        + """
begin(source="test_signal")
stream(4000)
print(json.dumps([list(values[: capture.next_index]), ads.lsb_pv]))
"""
    )
    uv = [x * got[1] / 1e6 for x in got[0]]
    middle = sum(uv) / len(uv)
    edges = sum((a < middle) != (b < middle) for a, b in pairwise(uv))
    levels = sorted(uv)
    assert levels[-len(uv) // 4] - levels[len(uv) // 4] == pytest.approx(
        2 * 2.42e6 / 2400, rel=0.02
    )
    assert 7 <= edges <= 9


def test_lead_off_bits_and_clipping_are_flagged_where_they_happen(on_virtual_board):
    got = on_virtual_board(
        _STREAM
        + """
begin(lead_off=True)
t0 = world.now_ns()
world.lead_off = lambda ns: world.ALL_OFF * (1_000_000_000 <= ns - t0 < 2_000_000_000)
stream(3500)
print(json.dumps(rows()))
"""
    )
    during = [r for r in got if 2200 <= r[0] < 3800]
    outside = [r for r in got if r[0] + r[1] < 1900 or r[0] > 6000]
    assert during
    assert outside
    assert all(r[3] == 4 | 8 for r in during)  # wire.LEAD_OFF_2P, LEAD_OFF_2N
    assert any(r[2] == 1 for r in during)  # wire.FLAG_CLIPPED
    assert all(r[2] == r[3] == 0 for r in outside)


@pytest.mark.parametrize("volts", [-0.5, 0.5])
def test_both_rails_are_flagged_as_clipped(on_virtual_board, volts):
    got = on_virtual_board(
        _STREAM
        + f"""
def electrode_uv(start_ns, step_ns, count, aperture_ns, out):
    for i in range(count):
        out[i] = {volts * 1e6}
world.electrode_uv = electrode_uv
begin()
stream(500)
print(json.dumps([list(values[: capture.next_index]), rows()]))
"""
    )
    assert set(got[0][20:]) == {-0x800000 if volts < 0 else 0x7FFFFF}
    assert all(r[2] == 1 for r in got[1])
