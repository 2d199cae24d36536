"""The PIO program that ships, cycle by cycle at the pins of an ADS1292R.

It runs in another project's emulator (rp2040-pio-emulator) and in the virtual board's own core.
"""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pioemu import State, emulate

from pin_level_ads1292r import CLOCK_NS, DOUT_VALID_NS, FRAME_BITS, PinLevelAds1292r

VIRTUAL = Path(__file__).resolve().parents[3] / "firmware" / "virtual"
CYCLE_NS = 1e9 / 3_000_000  # board.EMG_PIO_HZ
SYNCHRONISER_NS = 2e9 / 150_000_000  # inputs are seen two system clocks late: RP2350, "PIO"
MISO, DRDY, SCLK = 0, 1, 2  # the emulator reads IN pins from 0 on
EMULATOR_FIFO = 4  # words; ours is joined and holds 8
STATUS = 0xC00000

constant_fixtures = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    derandomize=True,
    max_examples=30,
)


@pytest.fixture
def program(on_virtual_board: Callable[..., Any]) -> SimpleNamespace:
    """Return the program of emg_frames.py as the virtual board's assembler makes it."""
    told = on_virtual_board(
        """
from emg_frames import _read_frames as p
import rp2
print(json.dumps({
    "words": list(p.words), "wrap_target": p.wrap_target, "wrap": p.wrap, "autopush": p.autopush,
    "push_thresh": p.push_thresh, "in_shiftdir": p.in_shiftdir, "side_bits": p.side_bits,
    "side_optional": p.side_optional, "side_pindir": p.side_pindir, "autopull": p.autopull,
    "set_init": p.set_init, "out_init": p.out_init, "sideset_init": p.sideset_init,
    "joined": p.fifo_join == rp2.PIO.JOIN_RX, "hz": board.EMG_PIO_HZ,
    "low": list(p.sideset_init) == [rp2.PIO.OUT_LOW],
}))
"""
    )
    assert told["hz"] * CYCLE_NS == pytest.approx(1e9)
    assert told["low"]  # SCLK idles low
    assert told["joined"]
    assert (told["side_bits"], told["side_optional"], told["in_shiftdir"]) == (1, False, 0)
    return SimpleNamespace(**told)


@dataclass
class Wire:
    """A chip, and a state machine that starts at ``start_ns`` and may be held up once."""

    chip: PinLevelAds1292r
    start_ns: float = 0.0
    hold_after_words: int = -1
    hold_ns: float = 0.0
    words: list[int] = field(default_factory=list)
    pushed_at: list[int] = field(default_factory=list)  # cycles
    shortest_setup_ns: float = 1e9
    _held_from: float = float("inf")

    def time_ns(self, cycle: int) -> float:
        held = self.hold_ns if cycle > self._held_from else 0.0
        return self.start_ns + cycle * CYCLE_NS + held

    def inputs(self, cycle: int, samples: bool) -> int:
        seen_ns = max(self.time_ns(cycle) - SYNCHRONISER_NS, self.start_ns)
        drdy = self.chip.drdy(seen_ns)
        dout = self.chip.dout_sampled(seen_ns) if samples else self.chip.dout(seen_ns)
        if samples:
            self.shortest_setup_ns = min(self.shortest_setup_ns, self.chip.setup_ns)
        return dout << MISO | drdy << DRDY

    def push(self, word: int, cycle: int) -> None:
        self.words.append(word)
        self.pushed_at.append(cycle)
        if len(self.words) == self.hold_after_words:
            self._held_from = cycle + 1

    def begin(self) -> None:
        self.chip.set_cs(1, 0.0)
        self.chip.set_cs(0, self.start_ns)


def run_emulator(
    program: SimpleNamespace, wire: Wire, end_ns: float, dma_cycles: int = 1
) -> tuple[int, Wire]:
    """Run until ``end_ns``; DMA looks every ``dma_cycles``. Returns the deepest FIFO, the wire."""
    wire.begin()
    deepest = 0

    def pins(state: State) -> int:
        opcode = program.words[state.program_counter]
        return wire.inputs(state.clock, opcode >> 13 == 2)

    pins.__annotations__["state"] = State  # the emulator looks at it, and not as text
    next_look = 0
    for before, after in emulate(
        program.words,
        stop_when=lambda _, state: wire.time_ns(state.clock) >= end_ns,
        initial_state=State(pin_directions=1 << SCLK),
        input_source=pins,
        auto_push=program.autopush,
        push_threshold=program.push_thresh,
        shift_isr_right=False,
        side_set_base=SCLK,
        side_set_count=1,
        jmp_pin=DRDY,
        wrap_target=program.wrap_target,
        wrap_top=program.wrap,
    ):
        wire.chip.set_sclk(after.pin_values >> SCLK & 1, wire.time_ns(before.clock))
        fifo = after.receive_fifo
        deepest = max(deepest, len(fifo))
        if len(fifo) > len(before.receive_fifo):
            wire.push(fifo[-1], before.clock)
        if before.clock >= next_look:
            fifo.clear()
            next_look = before.clock + dma_cycles
    return deepest, wire


def run_own_core(program: SimpleNamespace, wire: Wire, end_ns: float) -> Wire:
    """Run the virtual board's core until ``end_ns``."""
    spec = importlib.util.spec_from_file_location("pio_core", VIRTUAL / "pio_core.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    core = module.Core(
        program, MISO, 0, 0, SCLK, DRDY, (program.in_shiftdir, 0, program.push_thresh, 32)
    )

    class Pins:
        def inputs(self, cycle: int) -> int:
            return wire.inputs(cycle, program.words[core.pc] >> 13 == 2)

        def outputs(self, levels: int, cycle: int) -> None:
            wire.chip.set_sclk(levels >> SCLK & 1, wire.time_ns(cycle))

        def pushed(self, word: int, cycle: int, _: Any) -> None:
            wire.push(word, cycle)

    wire.begin()
    cycle = 0
    pins = Pins()
    while wire.time_ns(cycle) < end_ns:
        cycle += core.step(pins, cycle)
    return wire


def chip(
    conversions: int,
    period_ns: float,
    first_ns: float = 0.0,
    jitter_ns: float = 0.0,
    seed: int = 0,
) -> PinLevelAds1292r:
    """Return a chip whose frames hold random lead-off bits and random values in both channels."""
    chance = random.Random(seed)
    frames = [
        (STATUS | chance.getrandbits(7) << 13) << 48 | chance.getrandbits(48)
        for _ in range(conversions)
    ]
    ready_ns = [
        first_ns + k * period_ns + chance.uniform(-jitter_ns, jitter_ns)
        for k in range(conversions)
    ]
    return PinLevelAds1292r(frames, ready_ns)


def expect_whole_frames(wire: Wire) -> list[int]:
    """Each reading has its 72 clocks and gave status and channel 2. Returns the conversions."""
    readings = wire.chip.readings
    if readings and readings[-1].clocks < FRAME_BITS:
        readings = readings[:-1]  # the run ended within it
    assert not any(reading.torn for reading in readings)
    assert {reading.clocks for reading in readings} <= {FRAME_BITS}
    expected = []
    for reading in readings:
        frame = wire.chip.frames[reading.conversion]
        expected += [frame >> 48, frame & 0xFFFFFF]
    assert wire.words[: len(expected)] == expected
    assert len(wire.words) - len(expected) in (0, 1)
    return [reading.conversion for reading in readings]


def test_mode_1_timing_at_2000_sps(program):
    wire = Wire(chip(5, 500_000.0, 100_000.0))
    _, wire = run_emulator(program, wire, 2_400_000.0)
    assert expect_whole_frames(wire) == [0, 1, 2, 3, 4]
    edges = wire.chip.edges
    assert len(edges) == 2 * FRAME_BITS * 5
    assert [level for _, level in edges] == [1, 0] * (FRAME_BITS * 5)  # low before and behind
    for frame in range(5):
        times = [time for time, _ in edges[frame * 144 : (frame + 1) * 144]]
        ready = wire.chip.ready_ns[frame]
        assert 0 < times[0] - ready < 2_500  # begins within 2.5 us of DRDY ...
        assert times[-1] - ready < 76_000  # ... and has ended long before the next one
        highs = [b - a for a, b in zip(times[::2], times[1::2], strict=True)]
        lows = [b - a for a, b in zip(times[1::2], times[2::2], strict=False)]
        assert min(highs) == pytest.approx(CYCLE_NS)
        assert max(highs) == pytest.approx(CYCLE_NS)
        assert 2 * CYCLE_NS - 1 < min(lows)
        assert max(lows) < 3 * CYCLE_NS + 1  # between two fields
    # DOUT is valid for all of a half clock, less its delay and the input synchroniser.
    assert wire.shortest_setup_ns == pytest.approx(CYCLE_NS - DOUT_VALID_NS - SYNCHRONISER_NS)


@constant_fixtures
@given(
    start=st.floats(0, 3),  # in periods: before, while and after the first conversions
    clock_error=st.floats(-0.1, 0.11),  # tCLK is 1775 to 2170 ns
    jitter=st.floats(0, 10_000),
    seed=st.integers(0, 1000),
)
def test_aligned_after_any_start(program, start, clock_error, jitter, seed):
    period_ns = 125_000.0 * (1 + clock_error)  # 8000 SPS: the least time to spare
    wire = Wire(chip(7, period_ns, period_ns / 2, jitter, seed), start * period_ns)
    _, wire = run_emulator(program, wire, 6.4 * period_ns)
    read = expect_whole_frames(wire)
    assert read == list(range(read[0], read[-1] + 1))
    assert len(read) >= 3
    # The first one that became ready after the start: what was ready before has been waiting.
    missed = [k for k in range(read[0]) if wire.chip.ready_ns[k] > wire.start_ns + 3 * CYCLE_NS]
    assert missed == []


@pytest.mark.parametrize("tenth_of_us", range(0, 160, 7))
def test_started_around_the_moment_of_drdy(program, tenth_of_us):
    """From 8 us before a conversion on, when unread data just make DRDY rise, to after it."""
    converter = chip(5, 125_000.0, 50_000.0)
    start_ns = converter.ready_ns[1] - 4.2 * CLOCK_NS + 100 * tenth_of_us
    _, wire = run_emulator(program, Wire(converter, start_ns), 640_000.0)
    read = expect_whole_frames(wire)
    assert read[0] in (1, 2)
    assert read == list(range(read[0], 5))


@constant_fixtures
@given(hold_ns=st.floats(0, 700_000), words=st.sampled_from([2, 4, 6]), seed=st.integers(0, 99))
def test_a_frame_that_nobody_read_is_overwritten_and_the_next_is_whole(
    program, hold_ns, words, seed
):
    period_ns = 125_000.0
    converter = chip(14, period_ns, 30_000.0, 5_000.0, seed)
    wire = Wire(converter, 0.0, words, hold_ns)
    _, wire = run_emulator(program, wire, 13 * period_ns)
    read = expect_whole_frames(wire)
    assert read[: words // 2] == list(range(words // 2))
    after = read[words // 2 :]
    assert after == list(range(after[0], after[0] + len(after)))
    lost = after[0] - words // 2
    # Held up for less than the pause between two frames, none is lost; else those meanwhile.
    assert hold_ns / period_ns - 1.5 < lost < hold_ns / period_ns + 1.2


@pytest.mark.parametrize("dma_us", [0, 20, 100, 180])
def test_the_fifo_does_not_overflow_while_dma_comes_within_two_frames(program, dma_us):
    wire = Wire(chip(12, 125_000.0, 50_000.0))
    deepest, wire = run_emulator(program, wire, 1_500_000.0, max(1, round(dma_us * 3)))
    assert expect_whole_frames(wire) == list(range(12))
    assert deepest <= EMULATOR_FIFO
    assert deepest == (1 if dma_us < 20 else deepest)


@constant_fixtures
@given(start=st.floats(0, 2), jitter=st.floats(0, 8_000), seed=st.integers(0, 1000))
def test_our_core_does_what_the_emulator_does(program, start, jitter, seed):
    def wire() -> Wire:
        return Wire(chip(5, 125_000.0, 60_000.0, jitter, seed), start * 125_000.0)

    _, theirs = run_emulator(program, wire(), 600_000.0)
    ours = run_own_core(program, wire(), 600_000.0)
    assert (ours.words, ours.pushed_at) == (theirs.words, theirs.pushed_at)
    assert ours.chip.edges == theirs.chip.edges
    assert len(ours.words) >= 4


@pytest.mark.parametrize("change", ["one clock less", "rising edge"])
def test_a_program_that_is_wrong_is_found(program, change):
    words = list(program.words)
    fields = [i for i, word in enumerate(words) if word == 0xE037]  # set(x, 23)
    if change == "one clock less":
        words[fields[1]] -= 1
    else:
        status = fields[0] + 1
        words[status : status + 2] = [words[status + 1] | 0x1000, 0xA042]  # in_ with SCLK high
    wrong = replace_words(program, words)
    with pytest.raises(AssertionError):
        expect_whole_frames(run_emulator(wrong, Wire(chip(4, 125_000.0, 50_000.0)), 500_000.0)[1])


def replace_words(program: SimpleNamespace, words: list[int]) -> SimpleNamespace:
    return SimpleNamespace(**{**vars(program), "words": words})
