"""Windowed sender: live frames first, then what the host has named as missing.

BTstack gives no back-pressure: what the controller has no room for is copied to the heap. The
window bounds that: never more sendings are under way than the host has granted. Every sending has
a number, and the host acknowledges the newest that has arrived: delivery within a link is in
order, so whatever was sent before it is not under way any more, arrived or lost.
"""

import time

import wire
from micropython import const

_REQUESTS_KEPT = const(8)  # RESEND commands that may wait


class Sender:
    def __init__(self, log):
        self._log = log
        self.link = None
        self.window = 0  # frames; 0: not streaming
        self._live = 0  # sequence number of the next live frame
        self._number = 0  # of the next sending on this link
        self._under_way = 0  # sendings that the host has not acknowledged
        # Frames to send again: a ring of (first, end), the oldest at `_asked_first`.
        self._again = [0] * (2 * _REQUESTS_KEPT)
        self._asked_first = 0
        self._asked = 0
        self.sent = 0

    @property
    def streaming(self):
        return self.window > 0

    def streams_to(self, link):
        """Whether frames go to this link."""
        return self.window > 0 and self.link is link

    def start(self, link, window):
        """Stream from now on; what the log already holds is sent when it is asked for."""
        self.link = link
        self.window = window
        self._live = self._log.next
        self._number = self._under_way = self._asked = 0

    def stop(self):
        self.window = 0

    def acknowledge(self, sending):
        """Note the newest ``sending`` that has arrived; nonsense is ignored."""
        still = (self._number - 1 - sending) & 255
        if still < self._under_way:
            self._under_way = still

    def resend(self, first, count):
        """Queue frames to be sent again; False when too many requests wait."""
        if self._asked == _REQUESTS_KEPT or not count:
            return False
        place = 2 * ((self._asked_first + self._asked) % _REQUESTS_KEPT)
        self._again[place] = first
        self._again[place + 1] = first + count
        self._asked += 1
        return True

    def pump(self):
        """Send what may be sent now. Resends leave half of the window to live frames."""
        log = self._log
        if self._live < log.first:
            self._live = log.first  # overwritten before it was sent
        while self.window and self.link.ready() and self._under_way < self.window:
            if self._live < log.next:
                seq = self._live
                self._live += 1
            elif self._under_way < (self.window + 1) >> 1:
                seq = self._next_again()
                if seq < 0:
                    return
            else:
                return
            frame = log.frame(seq)
            wire.stamp(frame, self._number, time.ticks_us())
            if not self.link.notify(frame):
                self.window = 0  # no link; the host asks again for what did not arrive
                return
            self._number = (self._number + 1) & 255
            self._under_way += 1
            self.sent += 1

    def _next_again(self):
        """Return the next frame that was asked for and still exists, or -1."""
        log = self._log
        while self._asked:
            place = 2 * self._asked_first
            seq = self._again[place]
            if seq < log.first:
                seq = log.first
            if seq < self._again[place + 1] and seq < log.next:
                self._again[place] = seq + 1
                return seq
            self._asked_first = (self._asked_first + 1) % _REQUESTS_KEPT
            self._asked -= 1
        return -1
