"""LSM6DSOX and FIFO contents that are rare: bad words, gaps, failed transfers."""

from __future__ import annotations

import json

import pytest

_SCRIPT = """
import json, struct
from lsm6dsox import LSM6DSOX

GYRO, ACCEL, TEMPERATURE, TIMESTAMP = 1, 2, 3, 4

def word(tag, slot, values, odd=False):
    head = tag << 3 | (slot & 3) << 1
    head |= (bin(head).count("1") + odd) & 1
    return bytes((head,)) + values

def sample(k, slot=None, odd=False):
    # Accelerometer k, -k, 0; gyroscope k + 1, 0, -32768; 192 chip ticks a sample.
    slot = k if slot is None else slot
    return [
        word(TIMESTAMP, slot, struct.pack("<IH", 1000 + 192 * k, 0), odd),
        word(GYRO, slot, struct.pack("<hhh", k + 1, 0, -32768), odd),
        word(ACCEL, slot, struct.pack("<hhh", k, -k, 0), odd),
    ]

class I2C:
    def __init__(self):
        self.fifo = []
        self.overflowed = False
        self.fail_after = None  # transfers
    def readfrom_mem_into(self, address, register, buffer):
        if self.fail_after is not None:
            if self.fail_after == 0:
                self.fail_after = None
                raise OSError(5)
            self.fail_after -= 1
        if register == 0x3A:
            n = min(len(self.fifo), 512)
            buffer[0] = n & 255
            buffer[1] = n >> 8 | (8 if self.overflowed else 0)
            self.overflowed = False
        elif register == 0x78:
            for i in range(len(buffer) // 7):
                buffer[7 * i : 7 * i + 7] = self.fifo.pop(0)
        else:
            buffer[:] = bytes(len(buffer))
            if register == 0x10:
                buffer[0] = 0x5C  # awake
    def writeto_mem(self, address, register, buffer):
        pass

i2c = I2C()
imu = LSM6DSOX(i2c)
imu.start()
data = bytearray(16 * 12)

def drain(count=16):
    n = imu.drain(data, count)
    first = imu.ticks_first_low | imu.ticks_first_high << 16
    last = imu.ticks_last_low | imu.ticks_last_high << 16
    return [n, imu.first_index, imu.flags, first, last,
            [struct.unpack_from("<hhhhhh", data, 12 * i) for i in range(n)]]

def fill(*samples):
    for s in samples:
        i2c.fifo.extend(s)
"""


def _expected(*numbers):
    return [[k, -k, 0, k + 1, 0, -32768] for k in numbers]


def _run(run_micropython, source):
    return json.loads(run_micropython(_SCRIPT + source).splitlines()[-1])


@pytest.mark.parametrize("odd", [False, True], ids=["even parity", "odd parity"])
def test_samples_come_in_order_with_their_time_stamps(run_micropython, odd):
    got = _run(
        run_micropython,
        f"""
fill(*[sample(k, odd={odd}) for k in range(20)])
ready = imu.poll()
anchor = imu.anchor_index
print(json.dumps([ready, anchor, drain(), drain(), imu.parity_errors]))
""",
    )
    ready, anchor, first, second, parity_errors = got
    assert ready == anchor == 20
    assert first == [16, 0, 0, 1000, 1000 + 192 * 15, _expected(*range(16))]
    assert second == [4, 16, 0, 1000 + 192 * 16, 1000 + 192 * 19, _expected(*range(16, 20))]
    assert parity_errors == 0


def test_a_sample_that_is_half_written_waits_for_its_other_half(run_micropython):
    got = _run(
        run_micropython,
        """
words = sample(0) + sample(1)
i2c.fifo.extend(words[:4])
a = [imu.poll(), drain(), imu.poll()]
i2c.fifo.extend(words[4:])
print(json.dumps(a + [imu.poll(), imu.anchor_index, drain()]))
""",
    )
    assert got[0] == 1
    assert got[1][0] == 1
    assert got[2] == 0
    assert got[3:5] == [1, 2]
    assert got[5] == [1, 1, 0, 1192, 1192, _expected(1)]


def test_time_stamp_halves_carry_and_wrap(run_micropython):
    got = _run(
        run_micropython,
        """
for k in range(3):
    i2c.fifo.extend(sample(k)[1:])
    ticks = (0xFFFFFFFF - 100 + 192 * k) & 0xFFFFFFFF
    i2c.fifo.append(word(TIMESTAMP, k, struct.pack("<IH", ticks, 0)))
print(json.dumps(drain() + [imu.overrun]))
""",
    )
    assert got[:5] == [3, 0, 0, 0xFFFFFFFF - 100, 2 * 192 - 101]
    assert got[6] == 0


@pytest.mark.parametrize("dropped", [1, 2, 3, 4, 8, 170])
@pytest.mark.parametrize("cut", [0, 1, 2])
def test_a_gap_is_counted_by_time_stamps_and_never_mixes_samples(run_micropython, dropped, cut):
    """The FIFO overflows while half a sample has been read; the next may have the same slot."""
    got = _run(
        run_micropython,
        f"""
words = []
for k in range(40):
    words.extend(sample(k))
i2c.fifo.extend(words[: 3 * 5 + {cut}])
before = [imu.poll(), drain()]
i2c.fifo.extend(words[3 * (5 + {dropped}) + {cut} :] if {dropped} < 30 else [])
if {dropped} >= 30:
    fill(*[sample(k) for k in range(5 + {dropped}, 5 + {dropped} + 10)])
i2c.overflowed = True
imu.poll()
anchor_stays = imu.anchor_index
blocks = []
while True:
    block = drain()
    if not block[0]:
        break
    blocks.append(block)
i2c.fifo.extend(sample(imu.next_index))
imu.poll()
print(json.dumps([before, anchor_stays, blocks, imu.overrun, imu.anchor_index, imu.next_index]))
""",
    )
    before, anchor_stays, blocks, overrun, anchor_index, next_index = got
    assert before[1][0] == 5
    assert anchor_stays == 5
    lost = dropped + (1 if cut and dropped < 30 else 0)
    assert overrun == lost
    assert blocks[0][1] == 5 + lost
    assert blocks[0][2] == 2  # wire.FLAG_LOST_BEFORE
    assert all(block[2] == 0 for block in blocks[1:])
    delivered = [row for block in blocks for row in block[5]]
    assert delivered == _expected(*range(5 + lost, 5 + lost + len(delivered)))
    assert anchor_index == next_index + 1


def test_a_gap_ends_the_block_so_that_its_samples_are_consecutive(run_micropython):
    got = _run(
        run_micropython,
        "fill(*[sample(k) for k in (0, 1, 2, 7, 8)])\n"
        "print(json.dumps([drain(), drain(), drain(), imu.overrun]))",
    )
    assert got[0][:3] == [3, 0, 0]
    assert got[1][:3] == [2, 7, 2]
    assert got[1][5] == _expected(7, 8)
    assert got[2][0] == 0
    assert got[3] == 4


def test_unknown_words_are_skipped_and_counted(run_micropython):
    got = _run(
        run_micropython,
        """
fill(sample(0))
i2c.fifo.insert(1, word(TEMPERATURE, 0, bytes(6)))
i2c.fifo.append(word(0x1F, 0, bytes(6)))
fill(sample(1))
print(json.dumps(drain() + [imu.unknown_words, imu.overrun]))
""",
    )
    assert got[0] == 2
    assert got[5] == _expected(0, 1)
    assert got[6:] == [2, 0]


def test_a_word_with_bad_parity_costs_its_sample_only(run_micropython):
    got = _run(
        run_micropython,
        """
fill(*[sample(k) for k in range(6)])
bad = bytearray(i2c.fifo[7])
bad[0] ^= 0x08
i2c.fifo[7] = bytes(bad)
print(json.dumps([drain(), drain(), imu.overrun, imu.parity_errors]))
""",
    )
    assert got[0][5] == _expected(0, 1)
    assert got[1][5] == _expected(3, 4, 5)
    assert got[1][:3] == [3, 3, 2]
    assert got[2] == 1
    assert got[3] >= 1


@pytest.mark.parametrize("transfers", range(8))
def test_a_failed_transfer_loses_no_sample(run_micropython, transfers):
    got = _run(
        run_micropython,
        f"""
fill(*[sample(k) for k in range(16)])
i2c.fail_after = {transfers}
rows, errors = [], 0
for _ in range(4):
    try:
        rows.extend(drain()[5])
    except OSError:
        errors += 1
print(json.dumps([rows, errors, imu.overrun, imu.next_index]))
""",
    )
    assert got[0] == _expected(*range(16))
    assert got[1] <= 1
    assert got[2:] == [0, 16]
