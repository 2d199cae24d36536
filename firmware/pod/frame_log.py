"""Frames that wait for their acknowledgement: a ring of encoded frames, allocated once.

A frame stays until the host has acknowledged it and all before it, so what was recorded while the
radio was away is sent later. When the ring is full the oldest frame goes, and is counted.
"""

import wire
from micropython import const

_CHUNK_FRAMES = const(16)  # 4 kB at a time: a heap in use has no megabytes in one piece


class FrameLog:
    def __init__(self, capacity):
        # One view a slot, made now: a slice made later would allocate.
        slots = [memoryview(b"")] * capacity
        made = 0
        try:
            while made < capacity:
                chunk = memoryview(bytearray(_CHUNK_FRAMES * wire.FRAME_BYTES))
                for start in range(0, len(chunk), wire.FRAME_BYTES):
                    if made < capacity:
                        slots[made] = chunk[start : start + wire.FRAME_BYTES]
                        made += 1
        except MemoryError:
            # What is free is in smaller pieces: the log is as long as it can be.
            if not made:
                raise
        self._slots = slots
        capacity = made
        self.capacity = capacity
        self.first = 0  # sequence number of the oldest frame kept
        self.next = 0  # sequence number of the frame to come
        self.dropped = 0

    def clear(self):
        self.first = self.next = self.dropped = 0

    def claim(self):
        """Return the slot of the frame to come; `commit` makes it one."""
        if self.next - self.first == self.capacity:
            self.first += 1
            self.dropped += 1
        return self._slots[self.next % self.capacity]

    def commit(self):
        self.next += 1

    def frame(self, seq):
        """Return a frame with first <= seq < next."""
        return self._slots[seq % self.capacity]

    def acknowledge(self, seq):
        """Forget every frame before ``seq``; nonsense is ignored."""
        if self.first < seq <= self.next:
            self.first = seq
