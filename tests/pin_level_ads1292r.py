"""The ADS1292R as its pins show it to who reads its frames, for tests of PIO programs.

Ref: TI SBAS502C, 6.6 "Timing Requirements" (the column for 1.8 V, which asks for more) and "Data
Retrieval": DOUT changes on the rising edge of SCLK, DRDY rises on its first falling edge; data
that nobody read hold DRDY low until shortly before the next conversion, which replaces them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FRAME_BITS = 72
CLOCK_NS = 1e9 / 512_000  # tCLK
LIFT_NS = 4 * CLOCK_NS  # unread, DRDY is high this long before the next conversion
DOUT_VALID_NS = 22.0  # tDOPD: from SCLK rising
SCLK_PERIOD_NS = 66.6  # tSCLK, shortest
SCLK_PULSE_NS = 25.0  # tSPWH, tSPWL, shortest
CS_SETUP_NS = 17.0  # tCSSC: from CS falling to the first SCLK


@dataclass
class Reading:
    """What was clocked out since a conversion completed."""

    conversion: int
    clocks: int = 0
    torn: bool = False  # the next conversion replaced it half-way


@dataclass
class PinLevelAds1292r:
    """In RDATAC, converting: ``frames[k]`` is ready at ``ready_ns[k]``. Time never goes back."""

    frames: list[int]
    ready_ns: list[float]
    readings: list[Reading] = field(default_factory=list)
    edges: list[tuple[float, int]] = field(default_factory=list)  # of SCLK
    _now_ns: float = -1.0
    _complete: int = 0
    _drdy: int = 1
    _sclk: int = 0
    _cs_fall_ns: float | None = None
    _dout: int = 0
    _dout_ns: float = -1e9  # of SCLK's rising edge

    def set_cs(self, level: int, time_ns: float) -> None:
        """Select (0) or deselect the chip, which resets its serial interface."""
        self._advance(time_ns)
        self._cs_fall_ns = None if level else time_ns
        assert self._sclk == 0, "mode 1: SCLK is low when CS changes"

    def set_sclk(self, level: int, time_ns: float) -> None:
        """Drive SCLK."""
        self._advance(time_ns)
        if level == self._sclk:
            return
        self._check_edge(level, time_ns)
        self._sclk = level
        self.edges.append((time_ns, level))
        if self._cs_fall_ns is None:
            return
        if level:
            self._shift(time_ns)
        else:
            self._drdy = 1

    def drdy(self, time_ns: float) -> int:
        """Return the level of DRDY."""
        self._advance(time_ns)
        return self._drdy

    def dout(self, time_ns: float) -> int:
        """Return the level of DOUT; nobody may rely on it while it changes."""
        self._advance(time_ns)
        return self._dout

    def dout_sampled(self, time_ns: float) -> int:
        """Return the level of DOUT, which has to be valid."""
        assert time_ns >= self._dout_ns + DOUT_VALID_NS, "DOUT sampled before it is valid"
        return self.dout(time_ns)

    @property
    def setup_ns(self) -> float:
        """Return how long ago DOUT became valid."""
        return self._now_ns - self._dout_ns - DOUT_VALID_NS

    def _advance(self, time_ns: float) -> None:
        assert time_ns >= self._now_ns
        self._now_ns = time_ns
        while self._complete < len(self.ready_ns) and self.ready_ns[self._complete] <= time_ns:
            if self.readings and self.readings[-1].clocks < FRAME_BITS:
                self.readings[-1].torn |= self.readings[-1].conversion == self._complete - 1
            self._complete += 1
            self._drdy = 0
        if self._complete < len(self.ready_ns):
            if time_ns >= self.ready_ns[self._complete] - LIFT_NS:
                self._drdy = 1

    def _shift(self, time_ns: float) -> None:
        newest = self._complete - 1
        if newest < 0:
            self._dout = 0
        else:
            if not self.readings or self.readings[-1].conversion != newest:
                self.readings.append(Reading(newest))
            reading = self.readings[-1]
            self._dout = self.frames[newest] >> (FRAME_BITS - 1 - reading.clocks % FRAME_BITS) & 1
            reading.clocks += 1
        self._dout_ns = time_ns

    def _check_edge(self, level: int, time_ns: float) -> None:
        if self.edges:
            width_ns = time_ns - self.edges[-1][0]
            assert width_ns >= SCLK_PULSE_NS, f"SCLK pulse of {width_ns:.0f} ns"
        if level and len(self.edges) > 1:
            assert time_ns - self.edges[-2][0] >= SCLK_PERIOD_NS, "SCLK too fast"
        if level and self._cs_fall_ns is not None:
            assert time_ns - self._cs_fall_ns >= CS_SETUP_NS, "SCLK too soon after CS"
