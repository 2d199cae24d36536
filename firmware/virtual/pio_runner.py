"""How a virtual state machine runs: lazily, on world time, with its FIFO.

Words are made whenever somebody looks, for all conversions of the ADS1292R since the last look, by
the pattern that pio_frames.py learned from the program.
"""

from array import array

import virtual_board
import world
from ads1292r_converter import BATCH
from micropython import const
from pio_frames import Wiring, learn

POLL_NS = const(10_000)  # between two looks of a call that waits


class Runner:
    """The part of a state machine behind its registers."""

    # The side of the FIFO that DMA sees.

    def attach(self, dma):
        """Feed a DMA channel from now on; None: nobody."""
        self._dma = dma
        self._drain()

    # Running.

    def power_on(self, id):
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
        chip = virtual_board.emg
        while self._active and chip.next_fault_ns <= now_ns:
            fault_ns = max(chip.next_fault_ns, self._since_ns)
            self._run_until(fault_ns)
            chip.meet_faults(fault_ns)
        chip.meet_faults(now_ns)
        if self._active:
            self._run_until(now_ns)

    def _run_until(self, now_ns):
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
            chip.silent_level,
        )
        function = virtual_board.function
        if function(virtual_board.EMG_SCLK) == "PIO%d" % (self.id >> 2):
            wiring.sclk = virtual_board.EMG_SCLK
        if function(virtual_board.EMG_MISO) is not None:
            wiring.miso = virtual_board.EMG_MISO
        if function(virtual_board.EMG_DRDY) is not None and not chip.drdy_broken:
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
        """Let DMA take what waits in the FIFO; a held word follows, and the program goes on."""
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
            world.spend_ns(POLL_NS)
