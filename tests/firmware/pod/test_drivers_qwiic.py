"""LSM6DSOX and MAX17048 on the virtual board."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest

from glutesym import wire

# Streams as the pod does, under heap lock; `log` keeps samples, `blocks` what came with them.
_STREAM = """
import wire
from array import array
from lsm6dsox import LSM6DSOX

imu = LSM6DSOX(qwiic(), board.IMU_ADDRESS)
imu.identify()
imu.configure()
N = wire.IMU_PER_FRAME
block = bytearray(N * 12)
log = bytearray(60_000)
logged = 0
blocks = array("I", [0] * 4000)  # first index, count, flags, ticks (low, high) first and last
used = 0

def step():
    global used, logged
    while imu.poll() >= N:
        n = imu.drain(block, N)
        i = 0
        while i < n * 12:
            log[logged] = block[i]
            logged += 1
            i += 1
        blocks[used] = imu.first_index
        blocks[used + 1] = n
        blocks[used + 2] = imu.flags
        blocks[used + 3] = imu.ticks_first_low
        blocks[used + 4] = imu.ticks_first_high
        blocks[used + 5] = imu.ticks_last_low
        blocks[used + 6] = imu.ticks_last_high
        used += 7

def stream(ms):
    steady(step, ms // 40, 40)

def report(*more):
    import binascii
    rows = []
    for i in range(0, used, 7):
        b = blocks[i : i + 7]
        rows.append([b[0], b[1], b[2], b[3] + b[4] * 65536, b[5] + b[6] * 65536])
    print(json.dumps([rows, binascii.hexlify(log[:logged]).decode(), imu.overrun,
                      imu.unknown_words, imu.parity_errors, imu.next_index] + list(more)))

def motion(start_ns, step_ns, count, out):
    # Ramps that tell the time: 0.5 g/s and 100 deg/s from world_zero on.
    for i in range(count):
        t = (start_ns + i * step_ns - world_zero) / 1e9
        out[6 * i : 6 * i + 6] = array("f", (0.5 * t, -0.5 * t, 1.0, 100 * t, -100 * t, 20.0))

world_zero = world.now_ns()
world.motion = motion
"""

_G_PER_COUNT = 244e-6
_DPS_PER_COUNT = 0.07


def _samples(hexadecimal):
    return list(struct.iter_unpack("<hhhhhh", bytes.fromhex(hexadecimal)))


@pytest.mark.parametrize("clock_error", [-0.02, 0.015])
def test_imu_samples_and_time_stamps_are_those_of_the_motion(on_virtual_board, clock_error):
    got = on_virtual_board(
        _STREAM
        + """
imu.start()
world_zero = world.now_ns()
ticks_zero = time.ticks_us()
stream(5000)
imu.poll()
report(imu.anchor_index, time.ticks_diff(imu.anchor_ticks_us, ticks_zero), imu.temperature_raw)
""",
        imu_clock_error=clock_error,
    )
    rows, data, overrun, unknown, parity, end, anchor_index, anchor_us, temperature_raw = got
    samples = _samples(data)
    fs_hz = 6667 / 32 * (1 + clock_error)
    assert (overrun, unknown, parity) == (0, 0, 0)
    n = wire.IMU_PER_FRAME
    assert len(samples) == end == pytest.approx(anchor_us * 1e-6 * fs_hz, abs=n + 1)
    assert [r[0] for r in rows] == list(range(0, end, n))
    assert all(r[1:3] == [n, 0] for r in rows)
    # Every sample is where the motion was at the time that its own stamp says.
    tick_s = 25e-6 / (1 + clock_error)
    for first, count, _, ticks_first, ticks_last in rows:
        assert ticks_last - ticks_first == pytest.approx((n - 1) * 192, abs=2)
        for index, ticks in ((first, ticks_first), (first + count - 1, ticks_last)):
            t_s = ticks * tick_s
            ax, ay, az, gx, gy, gz = samples[index]
            assert ax * _G_PER_COUNT == pytest.approx(0.5 * t_s, abs=0.008)
            assert ay * _G_PER_COUNT == pytest.approx(-0.5 * t_s, abs=0.008)
            assert az * _G_PER_COUNT == pytest.approx(1.0, abs=0.006)
            assert gx * _DPS_PER_COUNT == pytest.approx(100 * t_s, abs=0.6)
            assert gy * _DPS_PER_COUNT == pytest.approx(-100 * t_s, abs=0.6)
            assert gz * _DPS_PER_COUNT == pytest.approx(20, abs=0.5)
    assert end <= anchor_index < end + n
    assert anchor_index == pytest.approx(anchor_us * 1e-6 * fs_hz, abs=1.5)
    assert -20 * 256 < temperature_raw < 40 * 256
    assert temperature_raw != 0


@pytest.mark.parametrize("stall_ms", [600, 900, 3000, 20_000])
def test_an_imu_fifo_that_overflowed_is_counted_exactly(on_virtual_board, stall_ms):
    got = on_virtual_board(
        _STREAM
        + f"""
imu.start()
world_zero = world.now_ns()
ticks_zero = time.ticks_us()
stream(1000)
time.sleep_ms({stall_ms})
stream(1000)
imu.poll()
report(imu.anchor_index, time.ticks_diff(imu.anchor_ticks_us, ticks_zero))
""",
        imu_clock_error=0.01,
    )
    rows, data, overrun, unknown, parity, end, anchor_index, anchor_us = got
    fs_hz = 6667 / 32 * 1.01
    delivered = len(_samples(data))
    assert (unknown, parity) == (0, 0)
    assert end == delivered + overrun
    assert anchor_index == pytest.approx(anchor_us * 1e-6 * fs_hz, abs=1.5)
    # Index and the chip's time stamp never come apart.
    zero = rows[0][3]
    for first, count, _, ticks_first, ticks_last in rows:
        assert (ticks_first - zero) / 191.99 == pytest.approx(first, abs=0.1)
        assert (ticks_last - zero) / 191.99 == pytest.approx(first + count - 1, abs=0.1)
    # What is missing is missing just before the blocks that say so.
    gaps = [b[0] - a[0] - a[1] for a, b in pairwise(rows)]
    assert sum(gaps) == overrun
    assert [gap > 0 for gap in gaps] == [r[2] == wire.FLAG_LOST_BEFORE for r in rows[1:]]
    if stall_ms < 700:  # 512 words are 170 samples: 0.8 s
        assert overrun == 0
    else:
        assert overrun == pytest.approx(stall_ms / 1000 * fs_hz - 170 + wire.IMU_PER_FRAME, abs=20)


def test_starting_again_begins_at_zero(on_virtual_board):
    got = on_virtual_board(
        _STREAM
        + """
runs = []
for _ in range(2):
    imu.start()
    used = 0
    stream(400)
    runs.append([blocks[0], blocks[3] + 65536 * blocks[4], imu.overrun, imu.unknown_words])
    time.sleep_ms(3000)
print(json.dumps(runs))
"""
    )
    for first_index, first_ticks, overrun, unknown in got:
        assert (first_index, overrun, unknown) == (0, 0, 0)
        assert 0 <= first_ticks <= 2 * 192


# Motion that a test steers: acceleration in g, at rest.
_ASLEEP = """
from lsm6dsox import LSM6DSOX
imu = LSM6DSOX(qwiic(), board.IMU_ADDRESS)
imu.configure()

def look(*accel_g):
    world.accel_g = accel_g
    time.sleep_ms(200)
    return imu.moved()

def registers():
    return [imu._read(r) for r in (0x0A, 0x10, 0x11, 0x15)]
"""


def test_an_imu_that_sleeps_notices_turns_and_pushes_but_not_its_own_noise(on_virtual_board):
    rest, turned, slowly, pushed = on_virtual_board(
        _ASLEEP
        + """
imu.sleep()
rest = [look(0.6, 0.0, -0.8) for _ in range(300)]
turned = [look(0.8, 0.0, -0.6), look(0.8, 0.0, -0.6)]
slowly = [look(0.8 + 0.02 * i, 0.0, -0.6) for i in range(20)]
pushed = [look(1.18, y_g, -0.6) for y_g in (0.0, 5.0, 0.0)]
print(json.dumps([rest, turned, slowly, pushed]))
"""
    )
    assert not any(rest)
    assert turned == [True, False]
    assert slowly.count(True) == 2  # 0.38 g in steps of 0.02 g
    assert pushed == [False, True, True]


def test_an_imu_that_was_asleep_measures_as_before(on_virtual_board):
    asleep, awake, runs = on_virtual_board(
        _STREAM
        + """
def registers():
    return [imu._read(r) for r in (0x0A, 0x10, 0x11, 0x15)]

awake = [registers()]
runs = []
for _ in range(2):
    imu.start()
    used = logged = 0
    world_zero = world.now_ns()
    stream(400)
    runs.append([blocks[0], blocks[3] + 65536 * blocks[4], imu.overrun, imu.next_index,
                 log[16] | log[17] << 8])
    imu.sleep()
    asleep = registers()
    time.sleep_ms(30_000)
    imu.start()
    awake.append(registers())
print(json.dumps([asleep, awake, runs]))
"""
    )
    assert asleep == [0x40, 0x1C, 0x00, 0x10]  # FIFO off, 12.5 Hz, gyroscope off, low power
    assert awake[0] == [0x40, 0x5C, 0x5C, 0x00]
    assert awake[1:] == [[0x46, 0x5C, 0x5C, 0x00]] * 2
    for first_index, first_ticks, overrun, samples, accel_z in runs:
        assert (first_index, overrun) == (0, 0)
        assert 0 <= first_ticks <= 2 * 192
        assert samples >= wire.IMU_PER_FRAME * 3
        assert accel_z * _G_PER_COUNT == pytest.approx(1.0, abs=0.006)


@pytest.mark.parametrize("doing", ["sleep", "start"])
def test_an_imu_whose_bus_fails_while_it_changes_wakes_up_all_the_same(on_virtual_board, doing):
    """Each transfer fails once; the next start makes good for what was left undone."""
    failed, found = on_virtual_board(
        _ASLEEP
        + f"""
class Bus:
    def __init__(self, bus):
        self._bus = bus
        self.left = -1
    def _count(self):
        self.left -= 1
        if self.left == -1:
            raise OSError(5)
    def readfrom_mem_into(self, *arguments):
        self._count()
        self._bus.readfrom_mem_into(*arguments)
    def writeto_mem(self, *arguments):
        self._count()
        self._bus.writeto_mem(*arguments)

imu._i2c = bus = Bus(imu._i2c)
found = []
while True:
    imu.sleep() if {doing!r} == "start" else imu.start()
    bus.left = len(found)
    try:
        imu.{doing}()
        break
    except OSError:
        bus.left = -1
        imu.start()
        found.append(registers())
print(json.dumps([len(found), found]))
"""
    )
    assert failed == {"sleep": 5, "start": 27}[doing]
    assert found == [[0x46, 0x5C, 0x5C, 0x00]] * failed


def test_an_imu_that_lost_its_supply_is_set_up_again(on_virtual_board):
    found = on_virtual_board(
        _ASLEEP
        + """
imu.start()
imu._write(0x12, 0x01)  # a software reset leaves what power-on leaves
time.sleep_ms(1)
before = registers()
imu.start()
print(json.dumps([before, registers()]))
"""
    )
    assert found == [[0, 0, 0, 0], [0x46, 0x5C, 0x5C, 0x00]]


@pytest.mark.parametrize(
    ("fault", "driver", "message"),
    [
        ("imu_wrong_id", "LSM6DSOX", "LSM6DSOX: WHO_AM_I should be 0x6C, found 0x6A"),
        ("imu_dead", "LSM6DSOX", "LSM6DSOX: WHO_AM_I should be 0x6C, no answer"),
        ("gauge_dead", "MAX17048", "MAX17048: VERSION should be 0x10, no answer"),
    ],
)
def test_a_missing_or_wrong_chip_is_named(on_virtual_board, fault, driver, message):
    got = on_virtual_board(
        f"""
from chip_error import ChipError
from lsm6dsox import LSM6DSOX
from max17048 import MAX17048
try:
    {driver}(qwiic()).identify()
except ChipError as error:
    print(json.dumps(str(error)))
""",
        faults={fault: True},
    )
    assert got == message


@pytest.mark.parametrize(
    ("volts", "percent", "expected"),
    [(3.7, 42.5, [3700, 10880]), (4.2, 103.0, [4200, 25600]), (3.0, 0.0, [3000, 0])],
)
def test_battery_readings_without_memory(on_virtual_board, volts, percent, expected):
    got = on_virtual_board(
        f"""
from max17048 import MAX17048
world.battery = lambda: ({volts}, {percent})
gauge = MAX17048(qwiic(), board.GAUGE_ADDRESS)
gauge.identify()
millivolts = percent_256 = 0
micropython.heap_lock()
millivolts = gauge.millivolts()
percent_256 = gauge.percent_256()
micropython.heap_unlock()
print(json.dumps([millivolts, percent_256]))
"""
    )
    assert got[0] == pytest.approx(expected[0], abs=1)
    assert got[1] == expected[1]
