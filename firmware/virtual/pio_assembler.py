"""Assembler of PIO programs: the ``asm_pio`` decorator and the true 16-bit instruction words.

Ref: RP2350 datasheet, "PIO instruction set"; MicroPython documentation, ``rp2.asm_pio``.
"""

from array import array

_DELAY_SIDE_BITS = 5
_MEMORY_WORDS = 32
JOIN_NONE, JOIN_TX, JOIN_RX = 0, 1, 2


class PIOASMError(Exception):
    pass


class Program:
    """An assembled program and the settings that its decorator asked for."""

    def __init__(
        self, *, out_init=None, set_init=None, sideset_init=None, side_pindir=False, in_shiftdir=0,
        out_shiftdir=0, autopush=False, autopull=False, push_thresh=32, pull_thresh=32,
        fifo_join=JOIN_NONE,
    ):  # fmt: skip
        self.words = array("H")
        self.wrap_target = 0
        self.wrap = -1
        self.out_init = _levels(out_init)
        self.set_init = _levels(set_init)
        self.sideset_init = _levels(sideset_init)
        self.side_bits = len(self.sideset_init)  # with the enable bit, if there is one
        self.side_optional = False
        self.side_pindir = side_pindir
        self.in_shiftdir = in_shiftdir
        self.out_shiftdir = out_shiftdir
        self.autopush = autopush
        self.autopull = autopull
        self.push_thresh = push_thresh
        self.pull_thresh = pull_thresh
        self.fifo_join = fifo_join


def asm_pio(**settings):
    """Decorate a function that writes a PIO program; it becomes the assembled Program.

    As on the board, the function sees the words of the assembler instead of its module's globals.
    """

    def assemble(function):
        program = Program(**settings)
        assembler = _Assembler(program)
        scope = function.__globals__
        saved = dict(scope)
        scope.clear()
        scope.update(_CONSTANTS)
        for name in _DIRECTIVES + _INSTRUCTIONS:
            scope[name] = getattr(assembler, name)
        try:
            function()
            assembler.begin_second_pass()
            function()
        finally:
            scope.clear()
            scope.update(saved)
        return program

    return assemble


def asm_pio_encode(instr, sideset_count, sideset_opt=False):
    """Assemble one instruction given as a string; jumps have no labels here."""
    assembler = _Assembler(Program())
    assembler.begin_second_pass()
    assembler.set_side_bits(sideset_count, bool(sideset_opt))
    scope = dict(_CONSTANTS)
    for name in _INSTRUCTIONS:
        if name != "jmp":
            scope[name] = getattr(assembler, name)
    exec(instr, scope)
    words = assembler.program.words
    if len(words) != 1:
        raise PIOASMError("expecting exactly 1 instruction")
    return words[0]


class _Assembler:
    """First pass: labels and the use of side-set. Second pass: words."""

    def __init__(self, program):
        self.program = program
        self._labels = {}
        self._emitting = False
        self._count = 0
        self._sided = 0

    def begin_second_pass(self):
        program = self.program
        if program.wrap < 0:
            program.wrap = self._count - 1
        # Side-set is optional, at the price of a bit, when not every instruction has one.
        optional = bool(program.side_bits) and self._sided != self._count
        self.set_side_bits(program.side_bits + optional, optional)
        self._emitting = True
        self._count = 0

    def set_side_bits(self, bits, optional):
        self.program.side_bits = bits
        self.program.side_optional = optional

    # Directives.

    def wrap_target(self):
        self.program.wrap_target = self._count

    def wrap(self):
        self.program.wrap = self._count - 1

    def label(self, name):
        if not self._emitting:
            if name in self._labels:
                raise PIOASMError("duplicate label %s" % name)
            self._labels[name] = self._count

    # Modifiers of the instruction before.

    def __getitem__(self, cycles):
        return self.delay(cycles)

    def delay(self, cycles):
        if self._emitting:
            if cycles >= 1 << _DELAY_SIDE_BITS - self.program.side_bits:
                raise PIOASMError("delay too large")
            self.program.words[-1] |= cycles << 8
        return self

    def side(self, value):
        self._sided += 1
        if self._emitting:
            program = self.program
            bits = program.side_bits - program.side_optional
            if not bits:
                raise PIOASMError("no sideset")
            if value >= 1 << bits:
                raise PIOASMError("sideset too large")
            shift = 13 - program.side_bits
            program.words[-1] |= value << shift | program.side_optional << 12
        return self

    # Instructions.

    def word(self, instr, label=None):
        self._count += 1
        if self._count > _MEMORY_WORDS:
            raise PIOASMError("program too long")
        if self._emitting:
            if label is not None:
                if label not in self._labels:
                    raise PIOASMError("unknown label %s" % label)
                instr |= self._labels[label]
            self.program.words.append(instr)
        return self

    def jmp(self, cond, label=None):
        if label is None:
            return self.word(0x0000, cond)
        return self.word(0x0000 | cond << 5, label)

    def wait(self, polarity, src, index):
        # Sources share names with others: "pin" is a jump condition, "irq" an instruction.
        source = {0: 0, _CONSTANTS["pin"]: 1}.get(src, 2) if isinstance(src, int) else 2
        return self.word(0x2000 | polarity << 7 | source << 5 | index)

    def in_(self, src, data):
        return self.word(0x4000 | src << 5 | _bit_count(data))

    def out(self, dest, data):
        return self.word(0x6000 | (7 if dest == 8 else dest) << 5 | _bit_count(data))

    def push(self, value=0, value2=0):
        return self.word(0x8000 | _blocking(value | value2))

    def pull(self, value=0, value2=0):
        return self.word(0x8080 | _blocking(value | value2))

    def mov(self, dest, src):
        return self.word(0xA000 | (4 if dest == 8 else dest) << 5 | src)

    def nop(self):
        return self.word(0xA042)  # mov(y, y)

    def irq(self, mod, index=None):
        if index is None:
            mod, index = 0, mod
        return self.word(0xC000 | mod & 0x60 | index)

    def set(self, dest, data):
        return self.word(0xE000 | dest << 5 | data)


def _levels(init):
    """Return a tuple of PIO.IN_LOW … OUT_HIGH, one a pin."""
    if init is None:
        return ()
    return (init,) if isinstance(init, int) else tuple(init)


def _bit_count(bits):
    if not 0 < bits <= 32:
        raise PIOASMError("invalid bit count %d" % bits)
    return bits & 0x1F


def _blocking(flags):
    """Push and pull block unless told not to: bit 0 "noblock", bit 5 "block", bit 6 "if full"."""
    return flags & 0x40 | (0 if flags & 1 and not flags & 0x20 else 0x20)


_DIRECTIVES = ("wrap_target", "wrap", "label")
_INSTRUCTIONS = (
    "word", "nop", "jmp", "wait", "in_", "out", "push", "pull", "mov", "irq", "set",
)  # fmt: skip
_CONSTANTS = {
    # Sources and destinations; "exec" is 4 for mov and 7 for out.
    "gpio": 0, "pins": 0, "x": 1, "y": 2, "null": 3, "pindirs": 4, "pc": 5, "status": 5,
    "isr": 6, "osr": 7, "exec": 8,
    "invert": lambda source: source | 0x08,
    "reverse": lambda source: source | 0x10,
    # Conditions of a jump.
    "not_x": 1, "x_dec": 2, "not_y": 3, "y_dec": 4, "x_not_y": 5, "pin": 6, "not_osre": 7,
    # Push, pull, irq.
    "noblock": 0x01, "block": 0x21, "iffull": 0x40, "ifempty": 0x40, "clear": 0x40,
    "rel": lambda index: index | 0x10,
}  # fmt: skip
