"""Battery and USB power. A worn pod runs on its battery only, and never empties its cell.

power.measure()  # every 10 s or so
if power.empty:
    ...  # stop and sleep until it is on USB power
"""

import time

from micropython import const

_LOW_256 = const(15 << 8)
_LOW_ENDS_256 = const(18 << 8)  # a cell that rests recovers by a few percent
# A lithium polymer cell at 3.4 V has given what it had; protection circuits cut it off at 3.0 V
# or less, and every discharge that deep costs it capacity. 3.3 V under load is between the two,
# and what the board's regulator has to deliver. Ref: Adafruit, "Li-Ion & LiPoly Batteries".
_EMPTY_MV = const(3300)
_EMPTY_MEASUREMENTS = const(2)  # in a row: a burst of the radio makes the voltage dip
# The gauge lives on the cell and works from 2.5 V (MAX17048 data sheet, VDD): less is no reading.
_GAUGE_WORKS_MV = const(2500)
_UNPLUGGED_MS = const(50)  # longer than contacts bounce, and several looks of the main loop


class Power:
    """``gauge`` may be None when the board has none; ``usb_sense`` is high on any USB power.

    ``low``: charge soon. ``empty``: to go on would harm the cell; only USB power ends it. Both
    stay as they are while the gauge fails.
    """

    def __init__(self, gauge, usb_sense):
        self._gauge = gauge
        self._usb_sense = usb_sense
        self._usb_seen_ms = 0  # ticks of the last look that saw USB power ...
        self._usb_seen = False  # ... if it was not long ago
        self._below = 0  # measurements in a row
        self.low = False
        self.empty = False
        self.millivolts = 0
        self.percent_256 = 0
        self.gauge_failed = gauge is None

    @property
    def on_usb(self):
        """True at once when it is plugged in, False when it has been unplugged for a moment."""
        now_ms = time.ticks_ms()
        if self._usb_sense.value():
            self._usb_seen_ms = now_ms
            self._usb_seen = True
        elif self._usb_seen:
            self._usb_seen = 0 <= time.ticks_diff(now_ms, self._usb_seen_ms) < _UNPLUGGED_MS
        return self._usb_seen

    def measure(self):
        """Read the gauge."""
        if self._gauge is None:
            return
        try:
            millivolts = self._gauge.millivolts()
            percent_256 = self._gauge.percent_256()
        except OSError:
            self.gauge_failed = True
            return
        self.gauge_failed = False
        self.millivolts = millivolts
        self.percent_256 = percent_256
        self.low = percent_256 < (_LOW_ENDS_256 if self.low else _LOW_256)
        if self.on_usb:
            self._below = 0
            self.empty = False
        elif millivolts >= _GAUGE_WORKS_MV:
            self._below = self._below + 1 if millivolts < _EMPTY_MV else 0
            if self._below >= _EMPTY_MEASUREMENTS:
                self.empty = True
