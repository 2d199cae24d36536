"""DMA channels of the virtual RP2350, as ``rp2.DMA``.

Ref: MicroPython documentation, ``rp2.DMA``; RP2350 datasheet, "DMA": control register, count
modes, address wrapping.
"""

from array import array

import adc_block
import virtual_board
import world
from micropython import const
from pio_state_machine import StateMachine
from uctypes import addressof, bytearray_at

_EBUSY = const(16)
_CHANNELS = const(16)
_COUNT_MASK = (1 << 28) - 1
_MODE_SELF = const(1)  # of the count's top four bits: trigger again when done
_MODE_ENDLESS = const(15)
_UNPACED = const(0x3F)
_RX_FIFO_0 = const(0x50200020)  # PIO0 RXF0; blocks follow each other by 1 MB
_PIO_STRIDE = const(0x100000)
# Fields of a channel's control register: (name, lowest bit, width, read only).
_CONTROL = (
    ("enable", 0, 1, False), ("high_pri", 1, 1, False), ("size", 2, 2, False),
    ("inc_read", 4, 1, False), ("inc_read_rev", 5, 1, False), ("inc_write", 6, 1, False),
    ("inc_write_rev", 7, 1, False), ("ring_size", 8, 4, False), ("ring_sel", 12, 1, False),
    ("chain_to", 13, 4, False), ("treq_sel", 17, 6, False), ("irq_quiet", 23, 1, False),
    ("bswap", 24, 1, False), ("sniff_en", 25, 1, False), ("busy", 26, 1, True),
    ("write_err", 29, 1, False), ("read_err", 30, 1, False), ("ahb_err", 31, 1, True),
)  # fmt: skip
_free_channels = list(range(_CHANNELS))


class DMA:
    """A DMA channel that reads from a state machine's RX FIFO, or the ADC's, into memory."""

    def __init__(self):
        if not _free_channels:
            raise OSError(_EBUSY)
        self.channel = _free_channels.pop(0)
        self._read = 0
        self._write = 0
        self._buffer = None  # what ``_write`` points into, when it was given as an object
        self._reload = 0
        self._left = 0
        self._mode = 0
        self._ctrl = 0
        self._busy = False
        self._source = None

    def pack_ctrl(self, default=None, **fields):
        if default is None:
            default = self._default_ctrl()
        value = default
        known = 0
        for name, low, width, read_only in _CONTROL:
            if name not in fields:
                continue
            known += 1
            field = int(fields[name])
            if read_only:
                continue
            if field >> width:
                raise ValueError("bad field value")
            value = value & ~((1 << width) - 1 << low) | field << low
        if known != len(fields):
            raise TypeError("unknown field")
        return value

    @staticmethod
    def unpack_ctrl(value):
        return {name: value >> low & (1 << width) - 1 for name, low, width, _ in _CONTROL}

    def config(self, *, read=None, write=None, count=None, ctrl=None, trigger=False):
        depth = world.lift_heap_lock()
        try:
            self._catch_up()
            if read is not None:
                self._read = read
            if write is not None:
                self._set_write(write)
            if count is not None:
                self._reload = count
            if ctrl is not None:
                self._ctrl = ctrl
            if trigger:
                self._start()
        finally:
            world.restore_heap_lock(depth)

    def active(self, value=None):
        depth = world.lift_heap_lock()
        try:
            self._catch_up()
            if value is not None:
                if value:
                    self._start()
                else:
                    self._stop()
            return self._busy
        finally:
            world.restore_heap_lock(depth)

    def close(self):
        if self.channel is not None:
            self._stop()
            _free_channels.append(self.channel)
            self.channel = None

    @property
    def count(self):
        """Transfers that remain, with the mode in the top four bits."""
        depth = world.lift_heap_lock()
        try:
            self._catch_up()
            return self._left | self._mode << 28
        finally:
            world.restore_heap_lock(depth)

    @count.setter
    def count(self, value):
        depth = world.lift_heap_lock()
        try:
            self._catch_up()
            self._reload = value
        finally:
            world.restore_heap_lock(depth)

    @property
    def write(self):
        """Address of the next transfer."""
        depth = world.lift_heap_lock()
        try:
            self._catch_up()
            return self._write
        finally:
            world.restore_heap_lock(depth)

    @write.setter
    def write(self, target):
        self._catch_up()
        self._set_write(target)

    @property
    def read(self):
        return _RX_FIFO_0 if isinstance(self._read, StateMachine) else self._read

    @read.setter
    def read(self, source):
        self._catch_up()
        self._read = source

    @property
    def ctrl(self):
        self._catch_up()
        return self._ctrl | self._busy << 26

    @ctrl.setter
    def ctrl(self, value):
        self._catch_up()
        self._ctrl = value

    def irq(self, handler=None, hard=False):
        raise NotImplementedError("interrupts of a virtual DMA channel")

    def accept(self, words, count):
        """Store as many words as the count allows; returns how many. For the FIFO to call."""
        done = 0
        while self._busy and done < count:
            stored = count - done if self._mode == _MODE_ENDLESS else min(count - done, self._left)
            self._store(words, done, stored)
            done += stored
            if self._mode != _MODE_ENDLESS:
                self._left -= stored
                if not self._left:
                    self._finish()
        return done

    def _catch_up(self):
        if self.channel is None:
            raise ValueError("channel closed")
        virtual_board.catch_up()

    def _default_ctrl(self):
        # Enabled, words, both addresses count, chained to itself (to none), unpaced, quiet.
        return 1 | 2 << 2 | 1 << 4 | 1 << 6 | self.channel << 13 | _UNPACED << 17 | 1 << 23

    def _set_write(self, target):
        if isinstance(target, int):
            self._write = target
            self._buffer = None
        else:
            self._write = addressof(target)
            self._buffer = target

    def _field(self, name):
        for field, low, width, _ in _CONTROL:
            if field == name:
                return self._ctrl >> low & (1 << width) - 1

    def _start(self):
        if not self._field("enable"):
            return
        self._mode = self._reload >> 28
        self._left = self._reload & _COUNT_MASK
        self._size = 1 << self._field("size")
        self._ring = 0
        if self._field("ring_sel") and self._field("ring_size"):
            self._ring = 1 << self._field("ring_size")
        self._advances = self._field("inc_write")
        self._swaps = self._field("bswap")
        self._check_target()
        self._busy = self._left > 0 or self._mode == _MODE_ENDLESS
        source = self._source_fifo()
        request = self._field("treq_sel")
        if source is None:
            raise NotImplementedError("a virtual DMA channel reads from a FIFO only")
        if request == _UNPACED:
            self._run_unpaced()
        elif request == _request_of(source):
            self._source = source
            source.attach(self)
        # Any other request never comes: the channel stays busy and moves nothing.

    def _stop(self):
        self._busy = False
        if self._source is not None:
            self._source.attach(None)
            self._source = None

    def _finish(self):
        if self._mode == _MODE_SELF:
            self._left = self._reload & _COUNT_MASK
        else:
            self._busy = False

    def _run_unpaced(self):
        """Nothing holds it back: it reads an empty FIFO, zeros, until the count is done."""
        size = len(self._buffer) if self._buffer is not None else 0
        for i in range(size):
            self._buffer[i] = 0
        self._left = 0
        self._busy = False

    def _source_fifo(self):
        if isinstance(self._read, StateMachine):
            return self._read
        if self._read == adc_block.FIFO_ADDRESS:
            return adc_block.adc
        block, offset = divmod(int(self._read) - _RX_FIFO_0, _PIO_STRIDE)
        if 0 <= block < 3 and offset in (0, 4, 8, 12):
            return StateMachine(4 * block + offset // 4)
        return None

    def _check_target(self):
        """Refuse what would overwrite memory that is not the buffer's, as the board would do."""
        if self._buffer is None:
            return
        start = addressof(self._buffer)
        size = len(bytes(self._buffer))
        first, last = self._write, self._write + self._size
        if self._ring:
            first = self._write & -self._ring
            last = first + self._ring
        elif self._advances:
            last = self._write + self._left * self._size
        if first < start or last > start + size:
            raise RuntimeError(
                "DMA would write outside its buffer: %d bytes from %#x, buffer %d bytes from %#x"
                % (last - first, first, size, start)
            )

    def _store(self, words, start, count):
        size = self._size
        if size == 1 or not self._advances or self._swaps:
            for i in range(start, start + count):
                self._store_one(words[i])
            return
        data = memoryview(words)[start : start + count]
        if size == 2:
            data = array("H", data)
        source = bytearray_at(addressof(data), size * count)
        # More than the ring holds: only the last round is left of it.
        if self._ring and size * count > self._ring:
            skipped = size * count - self._ring
            source = memoryview(source)[skipped:]
            self._write = self._wrapped(self._write + skipped)
        view = memoryview(source)
        position = 0
        while position < len(view):
            size = len(view) - position
            if self._ring:
                size = min(size, self._ring - (self._write & self._ring - 1))
            bytearray_at(self._write, size)[:] = view[position : position + size]
            self._write = self._wrapped(self._write + size)
            position += size

    def _store_one(self, word):
        data = word.to_bytes(4, "little")[: self._size]
        if self._swaps:
            data = bytes(reversed(data))
        bytearray_at(self._write, self._size)[:] = data
        if self._advances:
            self._write = self._wrapped(self._write + self._size)

    def _wrapped(self, address):
        """Wrap an address that has left the ring it started in."""
        if not self._ring:
            return address
        base = self._write & -self._ring
        return base | address & self._ring - 1


def _request_of(source):
    """Return the number of a FIFO's request. Ref: RP2350 datasheet, "System DREQ table"."""
    if source is adc_block.adc:
        return adc_block.DMA_REQUEST
    return ((source.id >> 2) << 3) + (source.id & 3) + 4
