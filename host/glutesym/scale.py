"""One amplitude scale for both sides: it grows by round steps and never shrinks or clips."""

from __future__ import annotations

import math

import numpy as np

from glutesym.live_state import LiveState

_FIRST_TOP_UV = 20.0  # a resting gluteus stays in the lowest quarter of it
_HEADROOM = 1.05  # the peak line never touches the top
# Tops whose quarter or fifth is a round tick step: mantissa -> number of intervals.
_TOPS = {1.0: 5, 1.5: 3, 2.0: 4, 3.0: 3, 4.0: 4, 5.0: 5, 6.0: 3, 8.0: 4}


class SharedScale:
    """A scale from 0 to ``top_uv``, shared by everything that shows an amplitude.

    Attributes
    ----------
    top_uv : float
        The highest value that fits.
    """

    def __init__(self) -> None:
        self.top_uv = _FIRST_TOP_UV

    def grow(self, value_uv: float) -> bool:
        """Make room for a value; NaN asks for none. Return whether the scale changed."""
        wanted_uv = value_uv * _HEADROOM
        if not math.isfinite(wanted_uv) or wanted_uv <= self.top_uv:
            return False
        self.top_uv = _round_up(wanted_uv)
        return True

    def grow_to_fit(self, state: LiveState) -> bool:
        """Make room for all that a snapshot shows. Return whether the scale changed."""
        values_uv = [0.0]
        for live in state.sides.values():
            envelope_uv = live.envelope_uv[np.isfinite(live.envelope_uv)]
            values_uv += [live.activation_uv, live.peak_uv, float(envelope_uv.max(initial=0.0))]
        return self.grow(max(value for value in values_uv if math.isfinite(value)))

    def ticks_uv(self) -> list[float]:
        """Return the round values to label, from 0 to the top."""
        exponent = math.floor(math.log10(self.top_uv) + 1e-9)
        mantissa = round(self.top_uv / 10.0**exponent, 1)
        intervals = _TOPS[mantissa]
        return [self.top_uv * i / intervals for i in range(intervals + 1)]


def _round_up(value_uv: float) -> float:
    exponent = math.floor(math.log10(value_uv))
    for power in (exponent, exponent + 1):
        for mantissa in _TOPS:
            if mantissa * 10.0**power >= value_uv:
                return mantissa * 10.0**power
    raise AssertionError("a decade always holds its own upper end")
