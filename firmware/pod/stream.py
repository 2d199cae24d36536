"""Windowed sender: never more frames under way than the host has granted.

BTstack gives no back-pressure: what the controller has no room for is copied to the heap. The
window bounds that. Delivery within a link is reliable and in order, so after a new link it
suffices to go back to the oldest frame that is not acknowledged.
"""

import time
import wire


class Sender:
    def __init__(self, log, link):
        self._log = log
        self._link = link
        self._window = 0  # frames; 0: not streaming
        self._next = 0  # sequence number of the next frame to send
        self.sent = 0

    @property
    def streaming(self):
        return self._window > 0

    def start(self, window):
        self._window = window
        self._next = self._log.first

    def stop(self):
        self._window = 0

    def pump(self):
        """Send what may be sent now."""
        log = self._log
        if self._next < log.first:
            self._next = log.first  # acknowledged or overwritten meanwhile
        limit = log.first + self._window
        if limit > log.next:
            limit = log.next
        while self._next < limit:
            frame = log.frame(self._next)
            wire.stamp(frame, self.sent, time.ticks_us())
            if not self._link.notify(frame):
                self._window = 0  # no link; the next START goes on from the oldest frame
                return
            self._next += 1
            self.sent += 1
