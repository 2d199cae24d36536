"""What a PIO program makes of the ADS1292R's frames: learned once, by running it pin by pin.

Running every instruction at 3 MHz would be too slow. So the true program runs for a few
conversions against the pins of a chip whose frames carry labelled bits, and tells which bits of
which frame each word that it pushes holds, and when it pushes it. A program that is wrong makes
wrong words here, too.
Ref: SBAS502, "Data Retrieval": DOUT changes on the rising edge of SCLK, DRDY rises on the first
falling edge; RP2350 datasheet, "PIO": inputs are seen two system clocks late.
"""

from ads1292r_converter import FRAME_BYTES

FRAME_BITS = 8 * FRAME_BYTES
_SHORT, _LONG = 3, 20  # conversions run; the long run is for programs whose words straddle frames
_MAX_PERIOD = 8
_MAX_STEPS = 60_000
_DOUT_NS = 45.0  # from SCLK rising to a bit that the state machine can see


class Word:
    """A pushed word: ``offset`` cycles after its conversion, made of ``pieces`` of frames.

    A piece is (conversions back, shift right in the 72-bit frame, mask, shift left in the word).
    ``field`` is 0, 1 or 2 when the word is just the status, channel 1 or channel 2, else -1.
    """

    def __init__(self, offset, pieces, inverted, core):
        self.offset = offset
        self.pieces = pieces
        self.inverted = inverted
        self.core = core  # the state machine just after the push
        self.field = -1
        if not inverted and len(pieces) == 1:
            back, right, mask, left = pieces[0]
            if not back and not left and mask == 0xFFFFFF and right in (0, 24, 48):
                self.field = 2 - right // 24

    def value(self, frames_back):
        word = self.inverted
        for back, right, mask, left in self.pieces:
            word ^= (frames_back[back] >> right & mask) << left
        return word

    def same_data(self, other):
        return self.pieces == other.pieces and self.inverted == other.inverted


class Pattern:
    """Words of each conversion: ``group(0)`` before the first, then one group a conversion."""

    def __init__(self, groups, lifts):
        self._groups = groups
        self._lifts = lifts  # when SCLK lifts DRDY, cycles after the conversion; None: never
        self._period = self._find_period()

    def group(self, g):
        return self._groups[self._index(g)]

    def lift(self, g):
        return self._lifts[self._index(g)]

    @property
    def steady_from(self):
        """First group from which on every group is the same; -1 when they take turns."""
        return len(self._groups) - 1 if self._period == 1 else -1

    @property
    def settled(self):
        return self._period > 0

    def _index(self, g):
        known = len(self._groups)
        if g < known:
            return g
        period = self._period or _MAX_PERIOD
        return known - period + (g - known) % period

    def _find_period(self):
        known = len(self._groups)
        for period in range(1, min(_MAX_PERIOD, (known - 1) // 2) + 1):
            first = known - 2 * period
            if all(self._same(g, g + period) for g in range(first, first + period)):
                return period
        return 0

    def _same(self, g, h):
        a, b = self._groups[g], self._groups[h]
        return len(a) == len(b) and all(a[i].same_data(b[i]) for i in range(len(a)))


def learn(core, wiring):
    """Return the Pattern that ``core`` makes from its present state on, wired like this."""
    pattern = _learn(core, wiring, _SHORT)
    return pattern if pattern.settled else _learn(core, wiring, _LONG)


class Wiring:
    """How the state machine and the chip are connected, and the chip's schedule in cycles."""

    def __init__(
        self, cycle_ns, first_fall, period, lift, drdy, has_frame, selected, readable, silent_level
    ):  # fmt: skip
        self.cycle_ns = cycle_ns
        self.first_fall = first_fall  # cycles until the next conversion completes
        self.period = period
        self.lift = int(lift)  # unread, DRDY goes high this long before the next conversion
        self.drdy = drdy  # its level at cycle 0
        self.has_frame = has_frame  # a conversion was complete at cycle 0
        self.selected = selected
        self.readable = readable
        self.silent_level = silent_level  # of DOUT when the chip is not readable
        self.sclk = self.miso = self.drdy_pin = -1  # GPIOs; -1: the pad is not connected


def _learn(core, wiring, conversions):
    silent = _Run(core, wiring, conversions, 0).go(keep=True)
    labels = (conversions + 1) * FRAME_BITS
    bits = 1
    while labels >> bits:
        bits += 1
    runs = [_Run(core, wiring, conversions, bit + 1).go() for bit in range(bits)]
    check = _Run(core, wiring, conversions, -1).go()
    groups = [[] for _ in range(conversions + 1)]
    for i, (conversion, offset, word, state) in enumerate(silent.pushes):
        lanes = []
        for lane in range(32):
            label = 0
            for bit, run in enumerate(runs):
                label |= ((run.pushes[i][2] ^ word) >> lane & 1) << bit
            lanes.append(label)
        learned = Word(offset, _pieces(lanes, conversion), word, state)
        frames = [check.frame_value(conversion - back) for back in range(conversion + 1)]
        if learned.value(frames) != check.pushes[i][2]:
            raise NotImplementedError("the flow of this PIO program depends on the data it reads")
        groups[conversion].append(learned)
    return Pattern(groups, silent.lifts)


def _pieces(lanes, conversion):
    """Join the labels of a word's 32 bits into pieces."""
    pieces = []
    lane = 0
    while lane < 32:
        label = lanes[lane]
        if not label:
            lane += 1
            continue
        start = lane
        number, bit = divmod(label - 1, FRAME_BITS)
        # Towards higher bits of the word the frame's earlier bits follow.
        while lane + 1 < 32 and bit > lane - start and lanes[lane + 1] == lanes[lane] - 1:
            lane += 1
        lane += 1
        width = lane - start
        pieces.append((conversion - number, FRAME_BITS - 1 - bit, (1 << width) - 1, start))
    return pieces


class _Run:
    """One run at the pins. ``pattern``: 0 silent frames, n bit n-1 of each label, -1 random."""

    def __init__(self, core, wiring, conversions, pattern):
        self._core = core.copy()
        self._wiring = wiring
        self._conversions = conversions
        self._pattern = pattern
        self._period = wiring.period
        self._conversion = 0  # of the frame in the chip; 0 is the one of before the start
        self._fall = 0
        self._next_fall = int(wiring.first_fall)
        self._drdy = wiring.drdy
        self._lifted = bool(wiring.drdy)
        self._clock = core.levels >> wiring.sclk & 1 if wiring.sclk >= 0 else 0
        self._dout = self._dout_before = self._dout_cycle = 0
        self._shifting = -1  # conversion that is being shifted out
        self._position = 0
        self._keep = False
        self.pushes = []
        self.lifts = [None] * (conversions + 1)

    def go(self, keep=False):
        self._keep = keep
        core = self._core
        step = core.step
        end = int(self._wiring.first_fall + self._conversions * self._period)
        cycle = 0
        steps = 0
        before = None
        since = 0
        while cycle < end:
            pc = core.pc
            used = step(self, cycle)
            if not used:
                cycle = self._next_change(cycle)  # only DRDY can end this
                continue
            cycle += used
            steps += 1
            if steps > _MAX_STEPS:
                raise NotImplementedError("this PIO program runs too fast to be followed")
            # A loop that only waits for a pin: go round until the pin can change.
            if core.pc <= pc:
                state = (core.pc, core.x, core.y, core.isr_bits, core.osr_bits, core.levels)
                if state == before and self._quiet_since(since, cycle):
                    lap = cycle - since
                    cycle += (self._next_change(cycle) - cycle) // lap * lap
                before = state
                since = cycle
        return self

    def frame_value(self, conversion):
        value = 0
        for position in range(FRAME_BITS):
            value = value << 1 | self._bit(conversion, position)
        return value

    # The pins.

    def inputs(self, cycle):
        wiring = self._wiring
        self._advance(cycle)
        levels = self._core.levels
        if wiring.drdy_pin >= 0:
            levels |= self._drdy << wiring.drdy_pin
        if wiring.miso >= 0:
            seen = (cycle - self._dout_cycle) * wiring.cycle_ns >= _DOUT_NS
            levels |= (self._dout if seen else self._dout_before) << wiring.miso
        return levels

    def outputs(self, levels, cycle):
        wiring = self._wiring
        if wiring.sclk < 0 or not wiring.selected:
            return
        clock = levels >> wiring.sclk & 1
        if clock == self._clock:
            return
        self._clock = clock
        self._advance(cycle)
        if clock:
            self._shift(cycle)
        elif not self._lifted:
            self._drdy = 1
            self._lifted = True
            self.lifts[min(self._conversion, self._conversions)] = cycle - self._fall

    def pushed(self, word, cycle, core):
        if self._conversion <= self._conversions:
            state = core.copy() if self._keep else None
            self.pushes.append((self._conversion, cycle - self._fall, word, state))

    def _shift(self, cycle):
        if self._shifting != self._conversion:
            self._shifting = self._conversion
            self._position = 0
        bit = self._wiring.silent_level
        if self._wiring.readable:
            bit = self._bit(self._conversion, self._position % FRAME_BITS)
        self._position += 1
        self._dout_before = self._dout
        self._dout = bit
        self._dout_cycle = cycle

    def _bit(self, conversion, position):
        if conversion == 0 and not self._wiring.has_frame:
            return 0
        label = 1 + conversion * FRAME_BITS + position
        if self._pattern < 0:
            return label * 40503 >> 9 & 1
        return label >> self._pattern - 1 & 1 if self._pattern else 0

    def _advance(self, cycle):
        while cycle >= self._next_fall:
            self._conversion += 1
            self._fall = self._next_fall
            self._next_fall = int(self._wiring.first_fall + self._conversion * self._period)
            self._drdy = 0
            self._lifted = False
        if not self._drdy and cycle >= self._next_fall - self._wiring.lift:
            self._drdy = 1

    def _next_change(self, cycle):
        lift = self._next_fall - self._wiring.lift
        return lift if not self._drdy and cycle < lift else max(self._next_fall, cycle + 1)

    def _quiet_since(self, since, cycle):
        """Whether no pin changed between two cycles."""
        self._advance(cycle)
        lift = self._next_fall - self._wiring.lift
        return self._fall < since and not (since <= lift < cycle) and self._dout_cycle < since
