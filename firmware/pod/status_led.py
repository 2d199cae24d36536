"""What the pod is doing, in a blink language: rhythms tell the states apart, colours only help.

=======================================  ==========================================================
one, two or three short flashes          waiting for a host, connected, measuring
one long flash every four seconds        battery low: charge it soon
two long flashes, a long pause           refuses to measure: it is on USB power
long and short in turn                   broken: a part failed, the host says which
slow, as long on as off                  self-test
fast, as long on as off                  "this is me", on request
one faint flash every ten seconds        asleep: move it to wake it up
dark                                     switched off, or its battery is empty
=======================================  ==========================================================

    led = StatusLed(NeoPixel(Pin(14), 1))
    led.state = led.STREAMING
    led.update(time.ticks_ms())  # every 20 ms or so; allocates nothing
"""

import time

# Okabe & Ito (2008): told apart by all kinds of colour vision. Dim: bright enough indoors, saves
# the battery.
_BLACK = (0, 0, 0)
_BLUE = (0, 10, 20)
_GREEN = (0, 20, 12)
_ORANGE = (24, 12, 0)
_VERMILION = (30, 10, 0)
_WHITE = (30, 30, 30)
_FAINT = (0, 1, 2)

# State -> colour, then milliseconds on, off, on, off, ...: the sum is the period.
_PATTERNS = (
    (_BLACK, (1000, 1000)),
    (_BLUE, (30, 2970)),
    (_BLUE, (30, 250, 30, 2690)),
    (_GREEN, (30, 250, 30, 250, 30, 3410)),
    (_ORANGE, (600, 3400)),
    (_VERMILION, (400, 200, 60, 200, 400, 200, 60, 1480)),
    (_VERMILION, (600, 300, 600, 2500)),
    (_WHITE, (500, 500)),
    (_FAINT, (30, 9970)),
    (_WHITE, (100, 100)),
)


class StatusLed:
    OFF = 0
    IDLE = 1  # advertising
    CONNECTED = 2
    STREAMING = 3
    LOW_BATTERY = 4
    ERROR = 5
    REFUSED = 6  # on USB power
    TESTING = 7
    ASLEEP = 8
    _IDENTIFY = 9

    def __init__(self, neopixel):
        self.state = self.OFF
        self._neopixel = neopixel
        self._identify_end_ms = 0
        self._identifying = False
        self._shown = -1  # the state whose pattern runs
        self._step = 0
        self._step_ms = 0  # ticks at which the present step began
        self._lit = None  # the colour shown; unknown at first

    def identify(self, ticks_ms, duration_ms):
        """Blink "this is me" for ``duration_ms`` from now (``ticks_ms``), then go on as before."""
        self._identify_end_ms = time.ticks_add(ticks_ms, duration_ms)
        self._identifying = duration_ms > 0

    def update(self, ticks_ms):
        """Bring the LED to where its pattern is at ``ticks_ms`` (time.ticks_ms)."""
        if self._identifying and time.ticks_diff(ticks_ms, self._identify_end_ms) >= 0:
            self._identifying = False
        state = self._IDENTIFY if self._identifying else self.state
        pattern = _PATTERNS[state]
        step = self._step
        if state != self._shown:
            self._shown = state
            step = 0
        elif time.ticks_diff(ticks_ms, self._step_ms) < pattern[1][step]:
            return
        else:
            # One step a call: a late caller lengthens a flash, but never skips one.
            step += 1
            if step == len(pattern[1]):
                step = 0
        self._step = step
        self._step_ms = ticks_ms
        colour = _BLACK if step & 1 else pattern[0]
        if colour is not self._lit:
            self._lit = colour
            self._neopixel[0] = colour
            self._neopixel.write()
