"""The PIO assembler emits true instruction words; the core executes them as hardware does."""

from __future__ import annotations

import pytest
from pioemu import State, emulate

PROGRAMS = {
    "side_set_and_delay": (
        "sideset_init=rp2.PIO.OUT_LOW",
        """
    wrap_target()
    set(x, 23).side(0)
    label("bit")
    nop().side(1)[3]
    in_(pins, 1).side(0)
    jmp(x_dec, "bit").side(0)[7]
    wrap()
    wait(1, pin, 28).side(1)
""",
        "e037 b342 4001 0741 30bc",
        [0, 3],
    ),
    "optional_side_set": (
        "sideset_init=(rp2.PIO.OUT_LOW, rp2.PIO.OUT_HIGH)",
        """
    out(y, 32)
    mov(isr, invert(osr)).side(2)[1]
    irq(clear, 3)
    irq(rel(2))
    pull(ifempty)
    push(noblock).side(3)
    push(iffull, block)
""",
        "6040 b9cf c043 c012 80e0 9c00 8060",
        [0, 6],
    ),
    "jumps_and_waits": (
        "",
        """
    label("again")
    jmp(not_x, "again")
    jmp(y_dec, "end")
    jmp(x_not_y, "again")
    jmp(pin, "end")[31]
    jmp(not_osre, "again")
    wait(0, gpio, 17)
    wait(1, irq, 5)
    mov(pins, reverse(x))
    mov(exec, isr)
    out(exec, 16)
    out(pc, 5)
    in_(null, 32)
    set(pindirs, 1)
    word(0xA042)
    label("end")
    jmp("again")
""",
        "0020 008e 00a0 1fce 00e0 2011 20c5 a011 a086 60f0 60a5 4060 e081 a042 0000",
        [0, 14],
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_words_equal_those_of_another_assembler(run_board, name):
    """The expected words are from adafruit-circuitpython-pioasm 1.3.8."""
    settings, body, words, wrap = PROGRAMS[name]
    told = run_board(
        f"import rp2\n@rp2.asm_pio({settings})\ndef program():\n{body}\n"
        "tell([list(program.words), program.wrap_target, program.wrap])"
    )
    assert " ".join(f"{word:04x}" for word in told[0]) == words
    assert told[1:] == wrap


def test_module_globals_survive_and_errors_are_found(run_board):
    told = run_board(
        """
import rp2
x = 5
def fails(settings, write):
    try:
        rp2.asm_pio(**settings)(write)
    except rp2.PIOASMError as error:
        return str(error)
def long_delay(): nop()[32]
def no_side(): nop().side(1)
def no_label(): jmp("nowhere")
def two_labels(): label("a"); label("a"); nop()
def no_bits(): in_(pins, 33)
told = [fails({}, f) for f in (long_delay, no_side, no_label, two_labels, no_bits)]
tell(told + [x, rp2.asm_pio_encode("set(0, 1)", 0), rp2.asm_pio_encode("nop().side(1)[2]", 1)])
"""
    )
    assert told == [
        "delay too large",
        "no sideset",
        "unknown label nowhere",
        "duplicate label a",
        "invalid bit count 33",
        5,
        57345,
        0xA042 | 1 << 12 | 2 << 8,
    ]


ARITHMETIC = """
    set(x, 29)
    set(y, 3)
    mov(isr, invert(x))
    in_(y, 7)
    mov(x, isr)
    in_(x, 32)
    mov(osr, x)
    out(y, 5)
    in_(y, 3)
    jmp(x_dec, "more")
    set(y, 31)
    label("more")
    jmp(y_dec, "more")
    mov(osr, isr)
    out(x, 13)
    label("end")
    jmp("end")
"""


@pytest.mark.parametrize("right", [0, 1])
def test_registers_equal_those_of_another_emulator(run_board, right):
    """Against rp2040-pio-emulator: the same program leaves the same registers."""
    told = run_board(
        f"""
import rp2
from pio_core import Core
@rp2.asm_pio(in_shiftdir={right}, out_shiftdir={right})
def program():
{ARITHMETIC}
class Pins:
    def inputs(self, cycle): return 0
    def outputs(self, levels, cycle): pass
core = Core(program, 0, 0, 0, 0, 0, ({right}, {right}, 32, 32))
cycle = 0
for _ in range(80):
    cycle += core.step(Pins(), cycle)
tell([list(program.words), core.x, core.y, core.isr, core.osr, core.osr_bits])
"""
    )
    words, x, y, isr, osr, osr_bits = told
    states = emulate(
        words,
        stop_when=lambda _, state: state.clock > 79,
        initial_state=State(),
        shift_isr_right=bool(right),
        shift_osr_right=bool(right),
    )
    last = [after for _, after in states][-1]
    assert (x, y, isr) == (
        last.x_register,
        last.y_register,
        last.input_shift_register.contents,
    )
    assert (osr, osr_bits) == (
        last.output_shift_register.contents,
        last.output_shift_register.counter,
    )


def test_mov_inverts_and_reverses(run_board):
    told = run_board(
        """
import rp2
from pio_core import Core
@rp2.asm_pio()
def program():
    set(x, 13)
    mov(y, invert(x))
    mov(x, reverse(x))
class Pins:
    def inputs(self, cycle): return 0
core = Core(program, 0, 0, 0, 0, 0, (0, 0, 32, 32))
for cycle in range(3): core.step(Pins(), cycle)
tell([core.x, core.y])
"""
    )
    assert told == [0b1011 << 28, 0xFFFFFFFF ^ 13]


def test_instruction_memory_is_limited(run_board):
    assert (
        run_board(
            """
import rp2
def program(n):
    @rp2.asm_pio()
    def p():
        word(0xA042); word(0xA042); word(0xA042); word(0xA042); word(0xA042); word(0xA042)
        word(0xA042); word(0xA042); word(0xA042); word(0xA042); word(0xA042); word(0xA042)
    return p
programs = [program(n) for n in range(3)]
for sm, p in ((0, 0), (1, 0), (2, 1)): rp2.StateMachine(sm, programs[p])
try:
    rp2.StateMachine(3, programs[2]); full = None
except OSError as error:
    full = error.errno
rp2.PIO(0).remove_program()
rp2.StateMachine(3, programs[2])
rp2.StateMachine(4, programs[2])
tell(full)
"""
        )
        == 12
    )
