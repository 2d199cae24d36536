"""State machines of the virtual RP2350, as ``rp2.StateMachine``; each one lives on world time.

Words are made lazily: whenever somebody looks, for all conversions of the ADS1292R since the last
look, by the pattern that pio_frames.py learned from the program.
"""

from array import array

from micropython import const

import virtual_board
import world
from ads1292r_converter import BATCH
from pio_assembler import JOIN_RX, JOIN_TX, Program, asm_pio_encode
from pio_core import Core
from pio_frames import Wiring, learn

STATE_MACHINES = const(12)
_MEMORY_WORDS = const(32)
_ENOMEM = const(12)
_POLL_NS = const(10_000)

_machines = {}
_memory = ([], [], [])  # programs in the instruction memory of each PIO block


class StateMachine:
    """One object a state machine, as on the board."""

    def __new__(cls, id, program=None, **settings):
        if not 0 <= id < STATE_MACHINES:
            raise ValueError("invalid StateMachine")
        if id not in _machines:
            machine = object.__new__(cls)
            machine._power_on(id)
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
                world.spend_ns(_POLL_NS)
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

    # The side of the FIFO that DMA sees.

    def attach(self, dma):
        """Feed a DMA channel from now on; None: nobody."""
        self._dma = dma
        self._drain()

    # Running.

    def _power_on(self, id):
        self.id = id
        self._core = None
        self._active = False
        self._fifo = []
        self._held = None  # the word that waits for room: the state machine stands still
        self._dma = None
        self._depth = self._tx_depth = 4
        self._pattern = None
        self._since_ns = 0
        self._status = array("i", bytes(4 * BATCH))
        self._ch1 = array("i", bytes(4 * BATCH))
        self._ch2 = array("i", bytes(4 * BATCH))
        self._words = array("I", bytes(8 * 4 * BATCH))
        virtual_board.watch(self._catch_up)

    def _need_core(self):
        if self._core is None:
            raise RuntimeError("StateMachine(%d) has no program" % self.id)
        return self._core

    def _catch_up(self, now_ns):
        if not self._active:
            return
        self._drain()
        chip = virtual_board.emg
        key = (chip.epoch, virtual_board.wiring_epoch)
        if self._pattern is not None and key != self._key:
            self._pause()
        if self._held is None and chip.converter.running and now_ns > self._since_ns:
            if self._pattern is None:
                self._learn(key)
            self._run(now_ns)
            if self._held is not None:
                self._pause()
        self._since_ns = now_ns

    def _pause(self):
        """Forget the schedule, keep the state: the program goes on from its last push."""
        if self._pattern is not None:
            if self._last_word is not None:
                self._core = self._last_word.core.copy()
            self._pattern = None

    def _learn(self, key):
        chip = virtual_board.emg
        converter = chip.converter
        start_ns = self._since_ns
        self._key = key
        self._first = converter.complete_at(start_ns)  # the conversion of group 1
        cycle_ns = self._cycle_ns
        wiring = Wiring(
            cycle_ns,
            (converter.ready_ns(self._first) - start_ns) / cycle_ns,
            converter.period_ns / cycle_ns,
            chip.drdy_lift_ns / cycle_ns,
            chip.drdy(start_ns),
            self._first > 0,
            chip.selected,
            chip.readable,
        )
        function = virtual_board.function
        if function(virtual_board.EMG_SCLK) == "PIO%d" % (self.id >> 2):
            wiring.sclk = virtual_board.EMG_SCLK
        if function(virtual_board.EMG_MISO) is not None:
            wiring.miso = virtual_board.EMG_MISO
        if function(virtual_board.EMG_DRDY) is not None:
            wiring.drdy_pin = virtual_board.EMG_DRDY
        self._pattern = learn(self._core, wiring)
        self._group = 0  # the next word is word ``_index`` of this group
        self._index = 0
        self._last_word = None
        steady = self._pattern.steady_from
        self._fields = []  # of every steady group, when they are whole fields of the frame
        if steady >= 0:
            fields = [word.field for word in self._pattern.group(steady)]
            self._fields = [] if -1 in fields else fields

    def _group_ns(self, group):
        """When a group's conversion completed; group 0 is that of before the start."""
        return virtual_board.emg.converter.ready_ns(self._first + group - 1)

    def _run(self, now_ns):
        chip = virtual_board.emg
        pattern = self._pattern
        complete = chip.converter.complete_at(now_ns)
        current = complete - self._first  # the group that is under way
        words = pattern.group(current)
        whole = current
        if not words or self._is_due(words[-1], current, now_ns):
            whole += 1
        while self._group < whole and self._held is None:
            if self._fields and not self._index and self._group >= pattern.steady_from:
                self._run_bulk(min(whole - self._group, BATCH))
            elif self._run_words(-1):
                self._group += 1
                self._index = 0
        if self._group == current and self._held is None:
            self._run_words(now_ns)
        lift = pattern.lift(current) if current > 0 and self._held is None else None
        if lift is not None and now_ns >= self._group_ns(current) + lift * self._cycle_ns:
            chip.seen(complete)

    def _is_due(self, word, group, now_ns):
        return now_ns >= self._group_ns(group) + word.offset * self._cycle_ns

    def _run_words(self, now_ns):
        """Push the words of one group, those due by ``now_ns`` (-1: all). False: not all done."""
        group = self._pattern.group(self._group)
        frames = None
        while self._index < len(group):
            word = group[self._index]
            if now_ns >= 0 and not self._is_due(word, self._group, now_ns):
                return False
            if frames is None:
                back = max([0] + [piece[0] for w in group for piece in w.pieces])
                frames = self._frames(self._first + self._group - 1, back)
            self._words[0] = word.value(frames)
            self._last_word = word
            self._index += 1
            if not self._push(1):
                return False
        return True

    def _frames(self, conversion, back):
        """Return 72-bit frames: of this conversion and of ``back`` ones before it."""
        frames = []
        for k in range(conversion, conversion - back - 1, -1):
            if k < 0:
                frames.append(0)
                continue
            virtual_board.emg.converter.frames(k, 1, self._status, self._ch1, self._ch2)
            ch1 = self._ch1[0] & 0xFFFFFF
            frames.append(self._status[0] << 48 | ch1 << 24 | self._ch2[0] & 0xFFFFFF)
        return frames

    def _run_bulk(self, count):
        """Push ``count`` whole steady groups at once."""
        fields = self._fields
        group = self._pattern.group(self._group)
        words = self._words
        width = len(fields)
        count = min(count, len(words) // width)
        virtual_board.emg.converter.frames(
            self._first + self._group - 1,
            count,
            self._status,
            self._ch1 if 1 in fields else None,
            self._ch2,
        )
        for position, field in enumerate(fields):
            source = (self._status, self._ch1, self._ch2)[field]
            i = position
            for k in range(count):
                words[i] = source[k] & 0xFFFFFF
                i += width
        total = count * width
        pushed = self._push(total)
        if pushed == total:
            self._group += count
            self._last_word = group[width - 1]
        else:  # the word at ``pushed`` is held: the state machine stands there
            self._group += pushed // width
            self._index = pushed % width + 1
            self._last_word = group[pushed % width]

    def _push(self, count):
        """Push ``_words[:count]``; returns how many found room. The next one is held."""
        done = 0
        if self._dma is not None and not self._fifo:
            done = self._dma.accept(self._words, count)
        while done < count:
            if len(self._fifo) >= self._depth:
                self._held = self._words[done]
                break
            self._fifo.append(self._words[done])
            done += 1
        return done

    def _drain(self):
        """Let DMA take what waits in the FIFO; a held word then follows and the program goes on."""
        one = array("I", [0])
        while self._dma is not None and self._fifo:
            one[0] = self._fifo[0]
            if not self._dma.accept(one, 1):
                break
            self._take()

    def _take(self):
        word = self._fifo.pop(0)
        if self._held is not None:
            self._fifo.append(self._held)
            self._held = None
            self._since_ns = world.now_ns()
        return word

    def _wait_word(self):
        while True:
            virtual_board.catch_up()
            if self._fifo:
                return self._take()
            world.spend_ns(_POLL_NS)


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
