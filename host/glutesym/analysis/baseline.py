"""The quiet baseline: some seconds of lying still, and what each side reads then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from glutesym.analysis.quality import LEAD_OFF, RAIL
from glutesym.analysis.resting import resting_level
from glutesym.dsp.muscle_power import MusclePower
from glutesym.measures import SIDES, Side
from glutesym.recording import EmgRecord, Recording

BASELINE_S = 5.0
_QUIET_SHARE = 0.6  # of it must be rest; less, and somebody moved
_ARRIVE_S = 1.0  # by then its samples have arrived ...
_PATIENCE_S = 6.0  # ... or they will not

Note = tuple[float, str, str]  # session time, kind, text


@dataclass(frozen=True)
class Baseline:
    """What was measured; a side without a number has a reason."""

    rest_uv: Mapping[Side, float]  # RMS in 20–450 Hz
    reasons: Mapping[Side, str]

    @property
    def complete(self) -> bool:
        """Whether both sides have a number."""
        return not self.reasons

    @property
    def text(self) -> str:
        """What it says of both sides."""
        return "; ".join(
            f"{side} {self.rest_uv[side]:.1f} µV at rest"
            if side in self.rest_uv
            else f"{side} not measured: {self.reasons[side]}"
            for side in SIDES
        )


class BaselineGuide:
    """Measures a baseline when it is asked to; see `glutesym.session.follower.Follower`.

    Attributes
    ----------
    result : Baseline or None
        The newest one.
    """

    def __init__(self) -> None:
        self._asked = False
        self._from_s: float | None = None
        self.result: Baseline | None = None

    @property
    def done(self) -> bool:
        """It never ends a session."""
        return False

    @property
    def measuring(self) -> bool:
        """Whether the person has to lie still."""
        return self._asked or self._from_s is not None

    def begin(self, start_s: float) -> None:
        """Nothing begins by itself."""

    def measure(self) -> None:
        """Measure from now on; callable from any thread."""
        self.result = None
        self._asked = True

    def left_s(self, time_s: float) -> float:
        """Return for how long to lie still yet."""
        if self._from_s is None:
            return BASELINE_S
        return max(self._from_s + BASELINE_S - time_s, 0.0)

    def follow(self, time_s: float, recording: Recording) -> list[Note]:
        """Look at what has been recorded; see `Follower`."""
        if self._asked:
            self._from_s, self._asked = time_s, False
        from_s = self._from_s
        if from_s is None or time_s < from_s + BASELINE_S + _ARRIVE_S:
            return []
        to_s = from_s + BASELINE_S
        late = [side for side in SIDES if not _has_arrived(recording, side, to_s)]
        if late and time_s < to_s + _PATIENCE_S:
            return []
        self.result = measure_baseline(recording, from_s, to_s)
        self._from_s = None
        return [(from_s, "baseline", self.result.text)]


def measure_baseline(recording: Recording, from_s: float, to_s: float) -> Baseline:
    """Measure both sides in a stretch of session time in which a person lay still."""
    rest_uv: dict[Side, float] = {}
    reasons: dict[Side, str] = {}
    for side in SIDES:
        if not _has_arrived(recording, side, to_s):
            reasons[side] = "its samples have not arrived: stay near the computer"
            continue
        found = _rest(recording.pods[side].emg, from_s, to_s)
        if isinstance(found, str):
            reasons[side] = found
        else:
            rest_uv[side] = found
    return Baseline(rest_uv, reasons)


def _rest(emg: EmgRecord, from_s: float, to_s: float) -> float | str:
    """Return the resting level in µV, or why there is none."""
    part = slice(*np.searchsorted(emg.time_s, (from_s, to_s)))
    for broken, reason in ((emg.lead_off, LEAD_OFF), (emg.clipped, RAIL)):
        if broken[part].any():
            return reason
    resting = resting_level(MusclePower(emg), from_s, to_s)
    if resting is None or resting.quiet_s < _QUIET_SHARE * (to_s - from_s):
        return "it was not quiet: lie still, let go, and measure again"
    return resting.rms_uv


def _has_arrived(recording: Recording, side: Side, to_s: float) -> bool:
    pod = recording.pods.get(side)
    return pod is not None and float(np.max(pod.emg.time_s, initial=-np.inf)) >= to_s - 0.1
