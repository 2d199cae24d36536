"""The virtual LSM6DSOX: registers, sampling, time stamps and FIFO as ST documents them."""

from __future__ import annotations

import struct

import numpy as np
import pytest

PRELUDE = """
bus = i2c()
IMU = 0x6A
def get(register, n=1): return list(bus.readfrom_mem(IMU, register, n))
def put(register, *values): bus.writeto_mem(IMU, register, bytes(values))
def level(): s = get(0x3A, 2); return s[0] | (s[1] & 3) << 8
def words(n=None): return get(0x78, 7 * (level() if n is None else n))
def setup(rate=5, ctrl4=0x46, bdr=0x55, xl=0x5C, g=0x5C):
    put(0x12, 0x44); put(0x19, 0x20); put(0x09, bdr); put(0x10, xl); put(0x11, g); put(0x0A, ctrl4)
"""


def split(data: list[int]) -> list[tuple[int, int, bytes]]:
    """FIFO bytes to (tag, slot counter, data); every parity must be even."""
    words = []
    for i in range(0, len(data), 7):
        tag = data[i]
        assert tag.bit_count() % 2 == 0
        words.append((tag >> 3, tag >> 1 & 3, bytes(data[i + 1 : i + 7])))
    return words


def test_identity_address_and_nack(run_board):
    found, nack = run_board(
        PRELUDE
        + """
found = [bus.scan(), get(0x0F)]
try: bus.readfrom_mem(0x6B, 0x0F, 1); nack = 0
except OSError as error: nack = error.errno
tell([found, nack])
"""
    )
    assert found == [[0x36, 0x6A], [0x6C]]
    assert nack == 5


@pytest.mark.parametrize(("fault", "told"), [("imu_dead", [[0x36], 5]), ("imu_wrong_id", [0x6A])])
def test_faults(run_board, fault, told):
    script = "try: tell(get(0x0F))\nexcept OSError as error: tell([bus.scan(), error.errno])"
    assert run_board(PRELUDE + script, faults={fault: True}) == told


def test_software_reset_takes_time_and_restores_defaults(run_board):
    told = run_board(
        PRELUDE
        + """
bus = I2C(1, sda=Pin(6), scl=Pin(7), freq=1_000_000)
setup()
put(0x12, 0x45); busy = get(0x12)
time.sleep_ms(1); done = get(0x12)
put(0x12, 0x01); put(0x10, 0x5C)  # not heard: too early
time.sleep_ms(1)
tell([busy, done, get(0x10), get(0x0A)])
"""
    )
    assert told == [[0x05], [0x04], [0], [0]]


def test_read_only_registers_and_address_increment(run_board):
    told = run_board(
        PRELUDE
        + """
put(0x0F, 0); put(0x12, 0x40)
without = get(0x0F, 3)
put(0x12, 0x44)
put(0x09, 0x55, 0x46)
tell([without, get(0x0F, 4)[0], get(0x09, 2)])
"""
    )
    assert told == [[0x6C] * 3, 0x6C, [0x55, 0x46]]


@pytest.mark.parametrize(
    ("xl", "g", "accel_mg", "gyro_mdps"),
    [
        (0x50, 0x50, 0.061, 8.75),
        (0x54, 0x52, 0.488, 4.375),
        (0x58, 0x54, 0.122, 17.5),
        (0x5C, 0x58, 0.244, 35.0),
        (0x5C, 0x5C, 0.244, 70.0),
    ],
)
def test_full_scale_codes_and_output_registers(run_board, xl, g, accel_mg, gyro_mdps):
    raw, ready, celsius = run_board(
        PRELUDE
        + f"""
world.accel_g = (0.5, -0.25, 1.0); world.gyro_dps = (60.0, -30.0, 10.0)
setup(xl={xl}, g={g}); time.sleep_ms(20)
before = get(0x1E)
raw = get(0x22, 12)
tell([raw, [before, get(0x1E)], get(0x20, 2)])
"""
    )
    values = np.array(struct.unpack("<6h", bytes(raw)))
    assert values[:3] * gyro_mdps == pytest.approx([60_000, -30_000, 10_000], abs=250)
    assert values[3:] * accel_mg == pytest.approx([500, -250, 1000], abs=5)
    assert ready == [[7], [4]]  # reading clears; the temperature was not read
    assert struct.unpack("<h", bytes(celsius))[0] / 256 + 25 == pytest.approx(29, abs=1)


def test_saturates(run_board):
    raw = run_board(
        PRELUDE
        + """
world.accel_g = (50.0, -50.0, 0.0); world.gyro_dps = (9e3, -9e3, 0.0)
setup(); time.sleep_ms(20); tell(get(0x22, 12))
"""
    )
    values = struct.unpack("<6h", bytes(raw))
    assert (values[0], values[1], values[3], values[4]) == (32767, -32768, 32767, -32768)


@pytest.mark.parametrize(("code", "rate_hz"), [(1, 13.02), (2, 26.04), (5, 208.3), (7, 833.4)])
def test_rates_follow_the_clock_and_freq_fine_reports_it(run_board, code, rate_hz):
    slots, fine = run_board(
        PRELUDE
        + f"""
setup(bdr={code * 17}, xl={code << 4}, g={code << 4}, ctrl4=0x06)
n, t = 0, world.now
while world.now - t < 4_000_000_000:
    time.sleep_ms(20); n += len(words()) // 7
n += level()
tell([n / 2 / ((world.now - t) * 1e-9), get(0x63)[0]])
""",
        imu_clock_error=-0.012,
    )
    assert slots == pytest.approx(rate_hz * (1 - 0.012), abs=0.7)
    assert fine - 256 == -8  # 0.15 % a step


def test_fifo_words_tags_slots_and_time_stamps(run_board):
    data = run_board(
        PRELUDE
        + """
world.ramp_dps_s = 1000.0
world.now = 2_000_000_000
setup(); put(0x42, 0xAA); t = world.now
time.sleep_ms(100)
tell([words(), t])
""",
        imu_clock_error=0.004,
    )
    words = split(data[0])
    # The first slot under a new configuration says so.
    assert [tag for tag, _, _ in words[:8]] == [5, 1, 2, 4, 1, 2, 4, 1]
    slots = [slot for _, slot, _ in words[1:]]
    assert slots == [(slots[0] + i // 3) % 4 for i in range(len(slots))]
    ticks = [struct.unpack("<I", word[:4])[0] for tag, _, word in words if tag == 4]
    assert set(np.diff(ticks)) <= {191, 192}
    gyro = [struct.unpack("<h", word[:2])[0] * 0.07 for tag, _, word in words if tag == 1]
    # Each sample is the motion at its own time stamp.
    at_s = data[1] * 1e-9 + np.array(ticks) * 25e-6 / 1.004
    assert np.array(gyro) == pytest.approx(1000 * (at_s - 0) % 1e9, abs=1.0)
    accel = [struct.unpack("<3h", word) for tag, _, word in words if tag == 2]
    assert np.mean(accel, axis=0) * 0.244 == pytest.approx([0, 0, 1000], abs=1)
    assert 0.1 < np.std([a[0] for a in accel]) * 0.244 < 2  # noise, mg


def test_time_stamp_counter(run_board):
    off, after_1s, reset = run_board(
        PRELUDE
        + """
off = get(0x40, 4)
put(0x19, 0x20); time.sleep_ms(1000); a = get(0x40, 4)
put(0x42, 0xAA); tell([off, a, get(0x40, 4)])
""",
        imu_clock_error=0.01,
    )
    assert off == [0] * 4
    assert struct.unpack("<I", bytes(after_1s))[0] == pytest.approx(40_400, abs=20)
    assert reset[1:] == [0, 0, 0]


def test_watermark_overflow_and_latch(run_board):
    told = run_board(
        PRELUDE
        + """
put(0x07, 30); setup(ctrl4=0x06)
time.sleep_ms(48); below = get(0x3B)[0]
time.sleep_ms(48); above = get(0x3B)[0]
time.sleep_ms(2000)
full = [get(0x3A)[0], get(0x3B)[0], get(0x3B)[0]]
data = words()
put(0x0A, 0x00)
empty = get(0x3A, 2)
tell([below, above, full, len(data) // 7, empty, words(2)])
"""
    )
    below, above, full, count, empty, nothing = told
    assert below & 0x88 == 0
    assert above & 0x88 == 0x80
    assert full == [0, 0xEA, 0xE2]  # 512 words; the latch is cleared by reading
    assert count == 512
    assert empty == [0, 0]
    assert nothing == [0] * 14  # an empty FIFO reads as zeros, tag 0


def test_overflow_drops_the_oldest(run_board):
    data, now = run_board(
        PRELUDE
        + """
setup(); time.sleep_ms(60_000)
data = words()
tell([data, get(0x40, 4)])
"""
    )
    words = split(data)
    ticks = [struct.unpack("<I", word[:4])[0] for tag, _, word in words if tag == 4]
    assert len(words) == 512
    assert len(ticks) == pytest.approx(170, abs=1)
    assert set(np.diff(ticks)) <= {191, 192, 193}
    assert 0 <= struct.unpack("<I", bytes(now))[0] - ticks[-1] < 192 + 10
    slots = [slot for tag, slot, _ in words if tag == 4]
    assert slots == [(slots[0] + i) % 4 for i in range(len(slots))]


def test_fifo_mode_keeps_the_oldest_and_bypass_clears(run_board):
    told = run_board(
        PRELUDE
        + """
setup(ctrl4=0x41); time.sleep_ms(3000)
a = level(); first = words(3)
put(0x0A, 0x40); cleared = level()
time.sleep_ms(50); still = level()
put(0x0A, 0x46); time.sleep_ms(48)
tell([a, first, cleared, still, level()])
"""
    )
    full, first, cleared, bypassed, again = told
    assert (full, cleared, bypassed) == (512, 0, 0)
    assert [tag for tag, _, _ in split(first)] == [5, 1, 2]
    assert 20 <= again <= 40


def test_stop_on_watermark_limits_the_depth(run_board):
    script = "put(0x07, 60, 0x80); setup(); time.sleep_ms(1000); tell(level())"
    assert run_board(PRELUDE + script) == 60


def test_batch_rates_divide(run_board):
    data = run_board(
        PRELUDE
        + """
setup(bdr=0x35, ctrl4=0xA6)  # gyroscope 52 Hz, accelerometer 208, temperature 12.5, a stamp in 8
time.sleep_ms(600); tell(words())
"""
    )
    counts = {tag: sum(1 for t, _, _ in split(data) if t == tag) for tag in range(1, 6)}
    assert counts[2] == pytest.approx(125, abs=2)
    assert counts[1] == pytest.approx(31, abs=2)
    assert counts[4] == pytest.approx(16, abs=2)
    assert counts[3] == pytest.approx(8, abs=1)


def test_reads_may_be_split_anywhere(run_board):
    whole, pieces = run_board(
        PRELUDE
        + """
from lsm6dsox_fifo import Fifo
def filled():
    fifo = Fifo()
    for i in range(700):
        if i % 3 == 0: fifo.next_slot()
        fifo.push(1 + i % 3, bytes([i & 255, i >> 8, 1, 2, 3, 4]))
    return fifo
whole = bytearray(7 * 512); filled().pop_into(whole)
fifo = filled(); pieces = bytes(fifo.read(i % 7) for i in range(7 * 512))
tell([list(whole), list(pieces)])
"""
    )
    assert whole == pieces
    assert whole[1] | whole[2] << 8 == 700 - 512


def test_low_power_is_noisier_and_power_down_keeps_the_last_sample(run_board):
    fast, slow, updates, down = run_board(
        PRELUDE
        + """
def spread(ms):
    rows = []
    for _ in range(200):
        time.sleep_ms(ms); rows.append(get(0x28, 6))
    return rows
put(0x12, 0x44); put(0x10, 0x5C); fast = spread(5)
put(0x15, 0x10); put(0x10, 0x1C); time.sleep_ms(200); slow = spread(80)
updates, last, end = 0, get(0x28, 6), world.now + 4_000_000_000
while world.now < end:
    time.sleep_ms(2); now = get(0x28, 6); updates += now != last; last = now
put(0x10, 0x00); world.accel_g = (1.0, 1.0, 1.0); before = get(0x28, 6)
time.sleep_ms(1000); tell([fast, slow, updates, [before, get(0x28, 6)]])
"""
    )

    def noise_mg(rows):
        return np.std([struct.unpack("<3h", bytes(row)) for row in rows], axis=0) * 0.244

    assert noise_mg(fast) == pytest.approx([0.72] * 3, rel=0.3)  # 70 ug/rtHz up to 104 Hz
    assert noise_mg(slow) == pytest.approx([2.4] * 3, rel=0.3)
    assert updates == pytest.approx(4 * 13.02, abs=1)  # 12.5 Hz nominal
    assert down[0] == down[1]


def test_steady_reads_work_under_the_heap_lock(run_board):
    assert run_board(
        PRELUDE
        + """
import micropython
setup(); time.sleep_ms(100)
buffer, byte = bytearray(70), bytearray(1)
def steady():
    n = 0
    micropython.heap_lock()
    while n < 10:
        time.sleep_ms(20)
        bus.readfrom_mem_into(IMU, 0x78, buffer); bus.writeto_mem(IMU, 0x07, byte)
        n += 1
    return micropython.heap_unlock()
tell([steady(), buffer[0] >> 3 > 0])
"""
    ) == [0, True]
