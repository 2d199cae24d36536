"""PIO and DMA read the virtual ADS1292R as on hardware: right programs right, wrong ones wrong."""

from __future__ import annotations

from itertools import pairwise

import pytest

IMPORT = "from capture import *\n"


def wrong(change: str, old: str) -> str:
    """Source of the good program with one line changed."""
    body = """
    wait(1, pin, 28).side(0)
    wait(0, pin, 28).side(0)
    set(x, 23).side(0)
    label("status")
    nop().side(1)
    in_(pins, 1).side(0)
    jmp(x_dec, "status").side(0)
    set(x, 23).side(0)
    label("skip")
    nop().side(1)
    jmp(x_dec, "skip").side(0)[1]
    set(x, 23).side(0)
    label("data")
    nop().side(1)
    in_(pins, 1).side(0)
    jmp(x_dec, "data").side(0)
"""
    assert old in body
    return (
        IMPORT + "@rp2.asm_pio(sideset_init=rp2.PIO.OUT_LOW, autopush=True, push_thresh=24,"
        " fifo_join=rp2.PIO.JOIN_RX)\ndef program():" + body.replace(old, change)
    )


def test_every_sample_in_order_and_the_count_is_the_index(run_board):
    told = run_board(
        IMPORT
        + """
configure(); begin()
sm = machine(good); ring = ring_of(RING_BITS); dma = channel(sm, ring)
sm.active(1)
first = emg.converter.complete_at(world.now)
seen, counts = [], []
done = 0
for i in range(100):
    time.sleep_us(9_370)
    count = (1 << 28) - 1 - dma.count
    counts.append(count - 2 * (emg.converter.complete_at(world.now) - first))
    while done + 2 <= count:
        seen.append((ring[done & 1023], ring[done + 1 & 1023])); done += 2
tell([first, seen, counts, dma.write - addressof(ring), done])
""",
        emg_counter=True,
        emg_clock_error=0.012,
    )
    first, seen, behind, write, done = told
    assert seen == [[0xC00000, first + k] for k in range(len(seen))]
    assert len(seen) == pytest.approx(0.937 * 2000 * 1.012, abs=4)
    # A look may come while a frame is being read: then one or both words are still missing.
    assert set(behind) <= {0, -1, -2}
    assert {0, -1} <= set(behind)
    assert write == pytest.approx(done * 4 % 4096, abs=4)


def test_works_under_the_heap_lock(run_board):
    assert run_board(
        IMPORT
        + """
import micropython
configure(); begin()
sm = machine(good); ring = ring_of(RING_BITS); dma = channel(sm, ring)
sm.active(1)
def steady():
    n = 0
    micropython.heap_lock(); micropython.heap_lock()
    while n < 20:
        time.sleep_ms(10); dma.count; drdy.value(); start.value(1); sm.rx_fifo(); sm.active()
        n += 1
    return micropython.heap_unlock(), micropython.heap_unlock()
tell(steady())
"""
    ) == [1, 0]


def test_sampling_on_the_rising_edge_reads_a_bit_late(run_board):
    words = run_board(
        wrong("in_(pins, 1).side(1)\n    nop().side(0)", "nop().side(1)\n    in_(pins, 1).side(0)")
        + "tell(run(program, 10))",
        emg_counter=True,
    )
    # The status word starts with the last bit of the frame before, the data lack their last bit.
    halves = words[3::2]
    statuses = words[4::2]
    assert {status & 0x7FFFFF for status in statuses} == {0x600000}
    codes = [2 * half + (s >> 23) for half, s in zip(halves, statuses, strict=False)]
    assert codes == list(range(codes[0], codes[0] + len(codes)))


def test_a_program_without_the_wait_reads_frames_again_and_again(run_board):
    source = wrong("nop().side(0)", "wait(1, pin, 28).side(0)").replace(
        "wait(0, pin, 28).side(0)", "nop().side(0)"
    )
    words = run_board(source + "tell(run(program, 10, freq=1_000_000))", emg_counter=True)
    assert len(words) > 2 * 2 * 20
    assert len(set(words[1::2])) < len(words) / 3


def test_a_program_that_waits_for_the_wrong_level_hangs(run_board):
    source = wrong('label("stuck")\n    jmp("stuck").side(0)', "wait(0, pin, 28).side(0)")
    assert run_board(source + "tell(run(program, 10))") == []


def test_words_that_straddle_frames(run_board):
    """Autopush at 32 bits of a 72-bit frame: nine words in four frames, in the true bit order."""
    source = (
        IMPORT
        + """
@rp2.asm_pio(sideset_init=rp2.PIO.OUT_LOW, autopush=True, push_thresh=32)
def program():
    wait(1, pin, 28).side(0)
    wait(0, pin, 28).side(0)
    set(y, 2).side(0)
    label("word")
    set(x, 23).side(0)
    label("bit")
    nop().side(1)
    in_(pins, 1).side(0)
    jmp(x_dec, "bit").side(0)
    jmp(y_dec, "word").side(0)
first = None
words = run(program, 30)
tell(words)
"""
    )
    words = run_board(source, emg_counter=True)
    bits = "".join(f"{word:032b}" for word in words)
    frames = [int(bits[i : i + 72], 2) for i in range(0, len(bits) - 71, 72)]
    assert len(frames) >= 55
    assert {frame >> 24 for frame in frames} == {0xC00000_000000}
    first = frames[0] & 0xFFFFFF
    assert [frame & 0xFFFFFF for frame in frames] == list(range(first, first + len(frames)))


def test_shift_right_reverses_the_bits(run_board):
    source = wrong("in_(pins, 1).side(0)", "in_(pins, 1).side(0)").replace(
        "autopush=True", "autopush=True, in_shiftdir=rp2.PIO.SHIFT_RIGHT"
    )
    words = run_board(source + "tell(run(program, 5))", emg_counter=True)
    assert words[0] == 0b11 << 8  # 1100… comes in at the top and ends 24 bits further down
    codes = [int(f"{word >> 8:024b}"[::-1], 2) for word in words[1::2]]
    assert codes == list(range(codes[0], codes[0] + len(codes)))


def test_a_slow_clock_mixes_frames(run_board):
    words = run_board(IMPORT + "tell(run(good, 20, freq=300_000))", emg_counter=True)
    codes = words[1::2]
    steps = {b - a for a, b in pairwise(codes)}
    assert steps != {1}


@pytest.mark.parametrize(
    ("before", "spoil"),
    [
        ("", "cs(1)"),
        ("exchange([0x11])", ""),
        ("", "SPI(0, sck=Pin(2), mosi=Pin(3), miso=Pin(4))"),
    ],
    ids=["deselected", "not continuous", "clock pin taken away"],
)
def test_no_data_without_the_chip(run_board, before, spoil):
    """Deselected, or not in RDATAC, or without its clock, the chip's output stays silent."""
    words = run_board(
        IMPORT
        + f"""
configure(); begin()
{before}
sm = machine(good); ring = ring_of(RING_BITS); dma = channel(sm, ring)
{spoil}
sm.active(1)
time.sleep_ms(20)
done = (1 << 28) - 1 - dma.count
tell([ring[i] for i in range(done)])
""",
        emg_counter=True,
    )
    assert len(words) > 70  # frames are still clocked in: of zeros
    assert set(words) == {0}


def test_full_fifo_stalls_and_resumes_out_of_step_once(run_board):
    told = run_board(
        IMPORT
        + """
configure(); begin()
sm = machine(good); ring = ring_of(RING_BITS); dma = channel(sm, ring, trigger=False)
sm.active(1)
time.sleep_ms(50)
waiting = sm.rx_fifo()
lost = emg.converter.complete_at(world.now)
dma.active(1)
time.sleep_ms(20)
done = (1 << 28) - 1 - dma.count
tell([waiting, lost, [ring[i] for i in range(done)]])
""",
        emg_counter=True,
    )
    waiting, lost, words = told
    assert waiting == 8
    first = words[1]
    # Four frames and the status word of the fifth were read before the stall.
    assert words[:9] == [x for k in range(4) for x in (0xC00000, first + k)] + [0xC00000]
    # The rest of the fifth was read from a newer frame, from its beginning: channel 1.
    assert words[9] == 0
    assert words[10::2] == [0xC00000] * len(words[10::2])
    after = words[11::2]
    assert after[0] >= lost
    assert after == list(range(after[0], after[0] + len(after)))


def test_get_waits_for_a_word(run_board):
    words, waited_us = run_board(
        IMPORT
        + """
configure(); begin()
sm = machine(good)
sm.active(1)
t = world.now
words = [sm.get() for _ in range(4)] + [sm.get(None, 8)]
tell([words, (world.now - t) // 1000])
""",
        emg_counter=True,
    )
    assert words[0::2] == [0xC00000, 0xC00000, 0xC000]
    assert words[3] == words[1] + 1
    assert 1000 < waited_us < 3600  # three samples, and the look at the clock


def test_dma_stops_at_its_count_and_starts_again_where_it_was(run_board):
    told = run_board(
        IMPORT
        + """
configure(); begin()
sm = machine(good); ring = ring_of(RING_BITS); dma = channel(sm, ring, count=20)
sm.active(1)
time.sleep_ms(10)
first = [dma.count, dma.active(), dma.write - addressof(ring), sm.rx_fifo()]
dma.count = 6
unchanged = dma.count
dma.active(1)
second = [dma.count, dma.active(), dma.write - addressof(ring)]
tell([first, unchanged, second, list(ring)[:26]])
""",
        emg_counter=True,
    )
    first, unchanged, second, words = told
    assert first == [0, False, 80, 8]
    assert unchanged == 0  # the new count is loaded by the next trigger
    assert second == [0, False, 104]
    codes = words[1::2]
    assert codes == list(range(codes[0], codes[0] + 13))


def test_count_modes_of_the_rp2350(run_board):
    told = run_board(
        IMPORT
        + """
configure(); begin()
sm = machine(good); ring = ring_of(RING_BITS); dma = channel(sm, ring, count=0xF0000010)
sm.active(1)
time.sleep_ms(20)
endless = [dma.count, dma.active(), dma.write - addressof(ring)]
dma.active(0)
dma.config(count=0x1000000A, trigger=True)
time.sleep_ms(20)
tell([endless, dma.active(), (dma.count & 0xFFFFFFF) <= 10])
"""
    )
    assert told[0][:2] == [0xF0000010, True]
    assert told[0][2] > 4 * 70
    assert told[1:] == [True, True]


def test_a_missed_ring_holds_the_newest(run_board):
    words, index, complete = run_board(
        IMPORT
        + """
configure(); begin()
sm = machine(good); ring = ring_of(RING_BITS); dma = channel(sm, ring)
sm.active(1)
time.sleep_ms(3000)  # 6000 samples into a ring of 512
done = (1 << 28) - 1 - dma.count
tell([[ring[i & 1023] for i in range(done - 1022 & ~1, done & ~1)], done,
      emg.converter.complete_at(world.now)])
""",
        emg_counter=True,
    )
    codes = words[1::2]
    assert codes == list(range(codes[0], codes[0] + len(codes)))
    assert complete - codes[-1] <= 2
    assert index > 11_900


@pytest.mark.parametrize("treq", [0, 5, 12])
def test_another_request_never_comes(run_board, treq):
    assert run_board(
        IMPORT
        + f"""
configure(); begin()
sm = machine(good); dma = channel(sm, ring_of(RING_BITS), treq={treq})
sm.active(1); time.sleep_ms(20)
tell([dma.count, dma.active(), sm.rx_fifo()])
"""
    ) == [(1 << 28) - 1, True, 8]


def test_unpaced_dma_does_not_wait_for_data(run_board):
    assert run_board(
        IMPORT
        + """
configure(); begin()
sm = machine(good); dma = channel(sm, ring_of(RING_BITS), treq=0x3F)
tell([dma.count, dma.active()])
"""
    ) == [0, False]


def test_a_ring_must_be_aligned(run_board):
    assert "outside its buffer" in run_board(
        IMPORT
        + """
ring = ring_of(RING_BITS + 1)[4:1028]
try:
    channel(machine(good), ring); told = ""
except RuntimeError as error:
    told = str(error)
tell(told)
"""
    )


def test_control_word_of_a_channel(run_board):
    told = run_board(
        """
import rp2
dma = rp2.DMA()
ctrl = dma.pack_ctrl(size=2, inc_read=False, ring_sel=True, ring_size=15, treq_sel=4)
fields = rp2.DMA.unpack_ctrl(ctrl)
errors = []
for wrong in ({"ring_size": 16}, {"no_such_field": 1}):
    try: dma.pack_ctrl(**wrong)
    except (ValueError, TypeError) as error: errors.append(type(error).__name__)
more = []
try:
    while True: more.append(rp2.DMA())
except OSError as error: errors.append(error.errno)
more[0].close(); more[1:2] = [rp2.DMA()]
tell([fields, errors, len(more), ctrl])
"""
    )
    fields, errors, channels, ctrl = told
    assert ctrl == 1 | 2 << 2 | 1 << 6 | 15 << 8 | 1 << 12 | 4 << 17 | 1 << 23
    assert fields["ring_size"] == 15
    assert fields["inc_read"] == 0
    assert fields["treq_sel"] == 4
    assert errors == ["ValueError", "TypeError", 16]
    assert channels == 15
