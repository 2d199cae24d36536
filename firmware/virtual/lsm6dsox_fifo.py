"""The LSM6DSOX's FIFO: 512 words of a tag byte and six bytes of data.

Ref: ST DS12814, FIFO_STATUS1/2 and FIFO_DATA_OUT_TAG; AN5272, "First-in, first-out buffer".
"""

from micropython import const

DEPTH = const(512)
_WORD = const(7)


class Fifo:
    """Overflow drops the oldest word, or the newest in FIFO mode (``keeps_oldest``).

    ``capacity`` is less than DEPTH with stop-on-watermark.
    """

    GYRO = const(1)
    ACCEL = const(2)
    TEMPERATURE = const(3)
    TIMESTAMP = const(4)
    CONFIG_CHANGE = const(5)

    def __init__(self):
        self._data = bytearray(DEPTH * _WORD)
        self._view = memoryview(self._data)
        self.capacity = DEPTH
        self.keeps_oldest = False
        self._slot = 3  # two-bit counter of time slots; the first is 0
        self.clear()

    def clear(self):
        self.count = 0
        self._oldest = 0
        self._overrun = False
        self._overrun_latched = False

    @property
    def full(self):
        return self.count >= self.capacity

    def next_slot(self):
        self._slot = self._slot + 1 & 3

    def skip(self, slots):
        """Slots whose words were all overwritten."""
        self._slot = self._slot + slots & 3
        self._overrun = self._overrun_latched = True

    def push(self, tag, word):
        if self.count >= self.capacity:
            if self.keeps_oldest:
                return
            drop = self.count - self.capacity + 1
            self._oldest = (self._oldest + drop) % DEPTH
            self.count -= drop
            self._overrun = self._overrun_latched = True
        start = (self._oldest + self.count) % DEPTH * _WORD
        byte = tag << 3 | self._slot << 1
        ones = byte ^ byte >> 4  # even parity over the whole byte
        ones ^= ones >> 2
        self._data[start] = byte | (ones ^ ones >> 1) & 1
        self._data[start + 1 : start + _WORD] = word
        self.count += 1

    def read(self, offset):
        """Byte ``offset`` of the oldest word; its last byte removes it. Empty: zeros, tag 0."""
        if not self.count:
            return 0
        byte = self._data[self._oldest * _WORD + offset]
        if offset == _WORD - 1:
            self._remove(1)
        return byte

    def pop_into(self, buffer):
        """Move as many whole words as there are and fit; returns the number of bytes."""
        view = memoryview(buffer)
        position = 0
        while True:
            # One stretch up to the end of the storage, then the rest from its beginning.
            words = min(self.count, (len(buffer) - position) // _WORD, DEPTH - self._oldest)
            if not words:
                return position
            size = words * _WORD
            start = self._oldest * _WORD
            view[position : position + size] = self._view[start : start + size]
            position += size
            self._remove(words)

    def status2(self, watermark):
        """FIFO_STATUS2; reading it clears the latched overrun."""
        status = self.count >> 8 & 3
        if watermark and self.count >= watermark:
            status |= 0x80
        if self._overrun:
            status |= 0x40
        if self.count >= self.capacity - 1:
            status |= 0x20
        if self._overrun_latched:
            status |= 0x08
        self._overrun_latched = False
        return status

    def _remove(self, words):
        self.count -= words
        self._oldest = (self._oldest + words) % DEPTH
        self._overrun = False
