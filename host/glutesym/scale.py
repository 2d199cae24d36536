"""How amplitudes are shown: their unit, a band to aim at, and one scale for both sides."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from glutesym.errors import GlutesymError
from glutesym.live_state import LiveState
from glutesym.measures import SIDES, Side

_FIRST_TOP_UV = 20.0  # a resting gluteus stays in the lowest quarter of it
_FIRST_TOP_PCT = 100.0
_HEADROOM = 1.05  # the peak line never touches the top
# Tops whose quarter or fifth is a round tick step: mantissa -> number of intervals.
_TOPS = {1.0: 5, 1.5: 3, 2.0: 4, 3.0: 3, 4.0: 4, 5.0: 5, 6.0: 3, 8.0: 4}
_BAND = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:-|–|\.\.|…|to)\s*(\d+(?:\.\d+)?)\s*%?\s*")
_NOTHING: Mapping[Side, float] = {}


@dataclass(frozen=True)
class Unit:
    """What amplitudes are told in: µV, or per cent of each side's maximal contraction.

    Both sides always have the same unit. Per cent may exceed 100: repetitions with a load do.
    """

    mvic_uv: Mapping[Side, float] = field(default_factory=lambda: _NOTHING)  # both sides or none
    note: str = ""  # what speaks against it, or why there is no per cent

    def __post_init__(self) -> None:
        if self.mvic_uv and not all(self.mvic_uv.get(side, 0.0) > 0 for side in SIDES):
            raise ValueError("the MVIC of both sides, above 0 µV, or none")

    @property
    def name(self) -> str:
        """Its name as it stands behind a number."""
        return "% MVIC" if self.mvic_uv else "µV"

    @property
    def symbol(self) -> str:
        """The same where there is no room."""
        return "%" if self.mvic_uv else "µV"

    def factor(self, side: Side) -> float:
        """Return what one µV of a side is in this unit."""
        return 100.0 / self.mvic_uv[side] if self.mvic_uv else 1.0


MICROVOLTS = Unit()


@dataclass(frozen=True)
class Band:
    """What to aim at, in the bars' unit."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high:
            raise ValueError("a band begins at 0 or above and ends higher")

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g}–{self.high:g}"

    def moved(self, by: float) -> Band:
        """Return the band higher or lower; it stops at 0."""
        by = max(by, -self.low)
        return Band(self.low + by, self.high + by)

    def widened(self, by: float) -> Band:
        """Return the band with another upper end; it keeps at least the step's width."""
        return Band(self.low, max(self.high + by, self.low + abs(by)))


def parse_band(text: str) -> Band:
    """Return the band that a text such as ``40-60`` names.

    Raises
    ------
    GlutesymError
        It names none.
    """
    found = _BAND.fullmatch(text)
    if found is None or not float(found[1]) < float(found[2]):
        raise GlutesymError(
            f"A target is two numbers in the bars' unit, the lower one first, like 40-60; "
            f"found {text!r}."
        )
    return Band(float(found[1]), float(found[2]))


class SharedScale:
    """A scale from 0 to ``top``, shared by everything that shows an amplitude.

    It grows by round steps and never shrinks or clips.

    Parameters
    ----------
    unit : Unit

    Attributes
    ----------
    unit : Unit
    top : float
        The highest value that fits, in the unit.
    """

    def __init__(self, unit: Unit = MICROVOLTS) -> None:
        self.unit = unit
        self.top = _FIRST_TOP_PCT if unit.mvic_uv else _FIRST_TOP_UV

    def grow(self, value: float) -> bool:
        """Make room for a value; NaN asks for none. Return whether the scale changed."""
        wanted = value * _HEADROOM
        if not math.isfinite(wanted) or wanted <= self.top:
            return False
        self.top = _round_up(wanted)
        return True

    def grow_to_fit(self, state: LiveState) -> bool:
        """Make room for the peaks of a snapshot. Return whether the scale changed."""
        peaks = [self.unit.factor(side) * live.peak_uv for side, live in state.sides.items()]
        return self.grow(float(np.fmax.reduce(peaks)))

    @property
    def step(self) -> float:
        """A twentieth: by which a band is moved."""
        return self.top / 20

    def ticks(self) -> list[float]:
        """Return the round values to label, from 0 to the top."""
        exponent = math.floor(math.log10(self.top) + 1e-9)
        mantissa = round(self.top / 10.0**exponent, 1)
        intervals = _TOPS[mantissa]
        return [self.top * i / intervals for i in range(intervals + 1)]


def _round_up(value: float) -> float:
    exponent = math.floor(math.log10(value))
    for power in (exponent, exponent + 1):
        for mantissa in _TOPS:
            if mantissa * 10.0**power >= value:
                return mantissa * 10.0**power
    raise AssertionError("a decade always holds its own upper end")
