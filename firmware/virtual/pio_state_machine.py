"""State machines of the virtual RP2350, as ``rp2.StateMachine``. How they run is in pio_runner.py.

Ref: MicroPython documentation, ``rp2.StateMachine``.
"""

import virtual_board
import world
from micropython import const
from pio_assembler import JOIN_RX, JOIN_TX, Program, asm_pio_encode
from pio_core import Core
from pio_runner import POLL_NS, Runner

STATE_MACHINES = const(12)
_MEMORY_WORDS = const(32)
_ENOMEM = const(12)

_machines = {}
_memory = ([], [], [])  # programs in the instruction memory of each PIO block


class StateMachine(Runner):
    """One object a state machine, as on the board."""

    def __new__(cls, id, program=None, **settings):
        if not 0 <= id < STATE_MACHINES:
            raise ValueError("invalid StateMachine")
        if id not in _machines:
            machine = object.__new__(cls)
            machine.power_on(id)
            _machines[id] = machine
        return _machines[id]

    def __init__(self, id, program=None, **settings):
        if program is not None:
            self.init(program, **settings)

    def init(
        self, program, freq=-1, *, in_base=None, out_base=None, set_base=None, jmp_pin=None,
        sideset_base=None, in_shiftdir=None, out_shiftdir=None, push_thresh=None, pull_thresh=None,
    ):  # fmt: skip
        if not isinstance(program, Program):
            raise TypeError("expecting a PIO program")
        depth = world.lift_heap_lock()
        try:
            virtual_board.catch_up()
            _load(self.id >> 2, program)
            self._cycle_ns = _cycle_ns(freq)
            right = program.in_shiftdir if in_shiftdir is None else in_shiftdir
            left = program.out_shiftdir if out_shiftdir is None else out_shiftdir
            push = program.push_thresh if push_thresh is None else push_thresh
            pull = program.pull_thresh if pull_thresh is None else pull_thresh
            self._core = Core(
                program, _gpio(in_base), _gpio(out_base), _gpio(set_base), _gpio(sideset_base),
                _gpio(jmp_pin), (right, left, push or 32, pull or 32),
            )  # fmt: skip
            for base, init in (
                (out_base, program.out_init),
                (set_base, program.set_init),
                (sideset_base, program.sideset_init),
            ):
                if base is not None:
                    for i, level in enumerate(init):
                        virtual_board.connect(_gpio(base) + i, "PIO%d" % (self.id >> 2))
                        self._core.levels |= (level & 1) << _gpio(base) + i
            self._depth = {JOIN_TX: 0, JOIN_RX: 8}.get(program.fifo_join, 4)
            self._tx_depth = {JOIN_TX: 8, JOIN_RX: 0}.get(program.fifo_join, 4)
            self._active = False
            self._fifo = []
            self._held = None
            self._pattern = None
        finally:
            world.restore_heap_lock(depth)

    def active(self, value=None):
        depth = world.lift_heap_lock()
        try:
            if value is not None and bool(value) != self._active:
                now_ns = virtual_board.catch_up()
                if value:
                    self._need_core()
                self._pause()
                self._active = bool(value)
                self._since_ns = now_ns
            return self._active
        finally:
            world.restore_heap_lock(depth)

    def restart(self):
        depth = world.lift_heap_lock()
        try:
            virtual_board.catch_up()
            self._pause()
            self._need_core().restart()
            self._held = None
            self._since_ns = world.now_ns()
        finally:
            world.restore_heap_lock(depth)

    def exec(self, instr):
        virtual_board.catch_up()
        self._pause()
        core = self._need_core()
        if isinstance(instr, str):
            program = core.program
            instr = asm_pio_encode(instr, program.side_bits, program.side_optional)
        core.forced = instr
        core.step(_Bench(self), 0)

    def get(self, buf=None, shift=0):
        """Take words from the RX FIFO; waits for ever when there are none."""
        depth = world.lift_heap_lock()
        try:
            if buf is None:
                return self._wait_word() >> shift
            for i in range(len(buf)):
                buf[i] = self._wait_word() >> shift
            return buf
        finally:
            world.restore_heap_lock(depth)

    def put(self, value, shift=0):
        virtual_board.catch_up()
        self._pause()
        for word in (value,) if isinstance(value, int) else value:
            while len(self._need_core().tx) >= self._tx_depth:
                world.spend_ns(POLL_NS)
            self._core.tx.append(word << shift & 0xFFFFFFFF)
        self._since_ns = world.now_ns()

    def rx_fifo(self):
        depth = world.lift_heap_lock()
        try:
            virtual_board.catch_up()
            return len(self._fifo)
        finally:
            world.restore_heap_lock(depth)

    def tx_fifo(self):
        virtual_board.catch_up()
        return len(self._need_core().tx)

    def irq(self, handler=None, trigger=0, hard=False):
        raise NotImplementedError("interrupts of a virtual state machine")

    def __repr__(self):
        return "StateMachine(%d)" % self.id


class _Bench:
    """The pins as ``exec`` sees them: at rest."""

    def __init__(self, machine):
        self._machine = machine

    def inputs(self, cycle):
        return 0

    def outputs(self, levels, cycle):
        pass

    def pushed(self, word, cycle, core):
        fifo = self._machine._fifo
        if len(fifo) < self._machine._depth:
            fifo.append(word)


def load(block, program):
    _load(block, program)


def unload(block, program=None):
    if program is None:
        _memory[block].clear()
    elif program in _memory[block]:
        _memory[block].remove(program)


def _load(block, program):
    """Put a program into the instruction memory of a PIO block, once."""
    loaded = _memory[block]
    if program not in loaded:
        if sum(len(p.words) for p in loaded) + len(program.words) > _MEMORY_WORDS:
            raise OSError(_ENOMEM)
        loaded.append(program)


def _gpio(pin):
    if pin is None:
        return 0
    return pin if isinstance(pin, int) else pin.gpio


def _cycle_ns(freq):
    """Return the length of a cycle: the system clock over a divider in steps of 1/256."""
    system = virtual_board.SYSTEM_HZ
    if freq < 0:
        return 1e9 / system
    divider = int(system * 256 / freq + 0.5) if freq else 65536 * 256
    if not 256 <= divider <= 65536 * 256:
        raise ValueError("freq out of range")
    return divider * 1e9 / (256 * system)
