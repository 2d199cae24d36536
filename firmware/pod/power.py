"""Battery and USB power. A worn pod runs on its battery only."""


class Power:
    """``gauge`` may be None when the board has none; ``usb_sense`` is high on any USB power."""

    def __init__(self, gauge, usb_sense):
        self._gauge = gauge
        self._usb_sense = usb_sense
        self.millivolts = 0
        self.percent_256 = 0
        self.gauge_failed = gauge is None

    @property
    def on_usb(self):
        return self._usb_sense.value() == 1

    def measure(self):
        """Read the gauge."""
        if self._gauge is None:
            return
        try:
            self.millivolts = self._gauge.millivolts()
            self.percent_256 = self._gauge.percent_256()
            self.gauge_failed = False
        except OSError:
            self.gauge_failed = True
