"""One PIO state machine, instruction by instruction.

Ref: RP2350 datasheet, "PIO": instruction set, side-set, shift registers, autopush and autopull.
"""

_MASK = 0xFFFFFFFF


class Core:
    """Registers, settings and TX FIFO of a state machine. Pushes go to whoever runs it.

    Whoever runs it gives ``pins`` with ``inputs(cycle)``, ``outputs(levels, cycle)`` and
    ``pushed(word, cycle, core)``.
    """

    def __init__(self, program, in_base, out_base, set_base, sideset_base, jmp_pin, shift):
        self.program = program
        self.in_base = in_base
        self.out_base = out_base
        self.set_base = set_base
        self.sideset_base = sideset_base
        self.jmp_pin = jmp_pin
        self.in_right, self.out_right, self.push_thresh, self.pull_thresh = shift
        self.delay_bits = 5 - program.side_bits
        self.side_width = program.side_bits - program.side_optional
        self.levels = 0  # of the outputs
        self.x = 0
        self.y = 0
        self.tx = []
        self.irq = 0
        self.restart()

    def restart(self):
        """Clear what SM_RESTART clears and go to the beginning. X, Y and FIFOs stay."""
        self.pc = 0
        self.isr = 0
        self.isr_bits = 0
        self.osr = 0
        self.osr_bits = 32  # shifted out: empty
        self.forced = -1

    def copy(self):
        twin = object.__new__(Core)
        for name, value in self.__dict__.items():
            setattr(twin, name, value)
        twin.tx = list(self.tx)
        return twin

    def step(self, pins, cycle):
        """Execute one instruction; returns the cycles it took, 0 when it stalls."""
        program = self.program
        pc = self.pc
        forced = self.forced
        instr = program.words[pc] if forced < 0 else forced
        # Inputs are sampled before this instruction's side-set reaches the pins.
        inputs = pins.inputs(cycle)
        field = instr >> 8 & 31
        if self.side_width and (field & 16 or not program.side_optional):
            if not program.side_pindir:
                value = field >> self.delay_bits
                self._drive(pins, cycle, value, self.sideset_base, self.side_width)
        cycles = 1 + (field & (1 << self.delay_bits) - 1)
        op = instr >> 13
        argument = instr >> 5 & 7
        data = instr & 31
        next_pc = pc if forced >= 0 else program.wrap_target if pc == program.wrap else pc + 1
        self.forced = -1
        if op == 0:
            if self._condition(argument, inputs):
                next_pc = data
        elif op == 1:
            if not self._waited(argument, data, inputs):
                return self._stall(forced)
        elif op == 2:
            self._in(self._source(argument, inputs), data or 32)
            if program.autopush and self.isr_bits >= self.push_thresh:
                self._push(pins, cycle, next_pc)
        elif op == 3:
            if program.autopull and self.osr_bits >= self.pull_thresh:
                if not self.tx:
                    return self._stall(forced)
                self.osr = self.tx.pop(0)
                self.osr_bits = 0
            jumped = self._out(pins, cycle, argument, data or 32)
            if jumped >= 0:
                next_pc = jumped
        elif op == 4:
            if argument & 4:
                if not self._pull(argument):
                    return self._stall(forced)
            elif not argument & 2 or self.isr_bits >= self.push_thresh:
                self._push(pins, cycle, next_pc)
        elif op == 5:
            jumped = self._mov(pins, cycle, argument, data, inputs)
            if jumped >= 0:
                next_pc = jumped
        elif op == 6:
            flag = 1 << (data & 7)
            if argument & 2:
                self.irq &= ~flag
            elif argument & 1 and self.irq & flag:
                return self._stall(forced)  # nobody acknowledges
            else:
                self.irq |= flag
        elif argument == 0:
            self._drive(pins, cycle, data, self.set_base, len(program.set_init))
        elif argument == 1:
            self.x = data
        elif argument == 2:
            self.y = data
        self.pc = next_pc
        return cycles

    def _stall(self, forced):
        self.forced = forced
        return 0

    def _condition(self, condition, inputs):
        if condition == 0:
            return True
        if condition == 1:
            return not self.x
        if condition == 2:
            x = self.x
            self.x = x - 1 & _MASK
            return x
        if condition == 3:
            return not self.y
        if condition == 4:
            y = self.y
            self.y = y - 1 & _MASK
            return y
        if condition == 5:
            return self.x != self.y
        if condition == 6:
            return inputs >> self.jmp_pin & 1
        return self.osr_bits < self.pull_thresh

    def _waited(self, argument, index, inputs):
        wanted = argument >> 2
        source = argument & 3
        if source == 0:
            return inputs >> index & 1 == wanted
        if source == 1:
            return inputs >> (self.in_base + index) % 32 & 1 == wanted
        flag = 1 << (index & 7)
        met = bool(self.irq & flag) == bool(wanted)
        if met and wanted:
            self.irq &= ~flag
        return met

    def _source(self, source, inputs):
        if source == 0:
            base = self.in_base
            return (inputs >> base | inputs << 32 - base) & _MASK
        if source == 1:
            return self.x
        if source == 2:
            return self.y
        if source == 6:
            return self.isr
        if source == 7:
            return self.osr
        return 0

    def _in(self, value, bits):
        value &= (1 << bits) - 1
        if self.in_right:
            self.isr = self.isr >> bits | value << 32 - bits
        else:
            self.isr = (self.isr << bits | value) & _MASK
        self.isr_bits = min(self.isr_bits + bits, 32)

    def _push(self, pins, cycle, next_pc):
        self.pc = next_pc  # who keeps this state goes on behind the push
        word = self.isr
        self.isr = 0
        self.isr_bits = 0
        pins.pushed(word, cycle, self)

    def _pull(self, argument):
        if argument & 2 and self.osr_bits < self.pull_thresh:
            return True
        if self.program.autopull and self.osr_bits < self.pull_thresh:
            return True  # a pull is a barrier only, when the register is full
        if self.tx:
            self.osr = self.tx.pop(0)
        elif argument & 1:
            return False
        else:
            self.osr = self.x
        self.osr_bits = 0
        return True

    def _out(self, pins, cycle, destination, bits):
        """Shift out; returns where to jump, or -1."""
        mask = (1 << bits) - 1
        if self.out_right:
            value = self.osr & mask
            self.osr >>= bits
        else:
            value = self.osr >> 32 - bits & mask
            self.osr = self.osr << bits & _MASK
        self.osr_bits = min(self.osr_bits + bits, 32)
        if destination == 0:
            self._drive(pins, cycle, value, self.out_base, len(self.program.out_init))
        elif destination == 1:
            self.x = value
        elif destination == 2:
            self.y = value
        elif destination == 5:
            return value & 31
        elif destination == 6:
            self.isr = value
            self.isr_bits = bits
        elif destination == 7:
            self.forced = value & 0xFFFF
        return -1

    def _mov(self, pins, cycle, destination, data, inputs):
        """Move; returns where to jump, or -1."""
        value = self._source(data & 7, inputs)
        operation = data >> 3
        if operation == 1:
            value ^= _MASK
        elif operation == 2:
            reverse = 0
            for _ in range(32):
                reverse = reverse << 1 | value & 1
                value >>= 1
            value = reverse
        if destination == 0:
            self._drive(pins, cycle, value, self.out_base, len(self.program.out_init))
        elif destination == 1:
            self.x = value
        elif destination == 2:
            self.y = value
        elif destination == 4:
            self.forced = value & 0xFFFF
        elif destination == 5:
            return value & 31
        elif destination == 6:
            self.isr = value
            self.isr_bits = 0
        elif destination == 7:
            self.osr = value
            self.osr_bits = 0
        return -1

    def _drive(self, pins, cycle, value, base, count):
        levels = self.levels
        for i in range(count):
            bit = 1 << (base + i) % 32
            levels = levels | bit if value >> i & 1 else levels & ~bit
        if levels != self.levels:
            self.levels = levels
            pins.outputs(levels, cycle)
