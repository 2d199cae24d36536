"""One guided maximal contraction, sample by sample: rest, squeeze, hold, done."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.calibration import (
    MAX_HOLD_S,
    MIN_HOLD_S,
    Position,
    Trial,
    measure_contraction,
)
from glutesym.dsp.bandpass import Bandpass
from glutesym.measures import Side

Phase = Literal["rest", "contract", "hold", "done"]

_STEP_S = 0.1
_REST_STEPS = 20
_STEADY = 4.0  # at rest the power of loud steps is at most so many times that of quiet ones
_LOUD = 4.0  # times the resting power: a contraction ...
_LOUD_STEPS = 3  # ... when it lasts
_RELEASED = 0.1  # of the contraction's typical power: it has ended ...
_RELEASED_STEPS = 3  # ... when it lasts
_MARGIN_STEPS = 3  # kept beside the contraction: the filter settles there


@dataclass(frozen=True)
class TrialState:
    """What to show while a trial runs."""

    phase: Phase  # wait for rest, squeeze now, keep squeezing, done
    left_s: float  # of resting or holding; 0 otherwise
    level_uv: float  # RMS of the latest 0.1 s; NaN: not known
    rest_uv: float  # NaN: not known yet


class MvicTrial:
    """One side's trial: feed it samples and show its state; `finish` gives the result.

    Decisions are made every 0.1 s of samples, so blocks of any size give the same.

    Parameters
    ----------
    side : Side
    position : Position
    fs_hz : float

    Raises
    ------
    ValueError
        The rate is too low for the muscle's band.
    """

    def __init__(self, side: Side, position: Position, fs_hz: float) -> None:
        self._side: Side = side
        self._position: Position = position
        self._fs_hz = fs_hz
        self._n = round(_STEP_S * fs_hz)
        self._bandpass = Bandpass(fs_hz)
        self._waiting = np.empty((0, 4))  # electrode voltage, in band, lead-off, clipped
        self._phase: Phase = "rest"
        self._recent: deque[float] = deque(maxlen=_REST_STEPS)  # power of steps
        self._rest_power = float("nan")
        self._kept: deque[NDArray[np.float64]] = deque(maxlen=_MARGIN_STEPS + _LOUD_STEPS)
        self._held: list[NDArray[np.float64]] = []
        self._held_power: list[float] = []
        self._run = 0  # steps in a row that may mean the next phase

    @property
    def state(self) -> TrialState:
        """Where the trial is."""
        left_s = 0.0
        if self._phase == "rest":
            left_s = _STEP_S * (_REST_STEPS - min(len(self._recent), _REST_STEPS - 1))
        elif self._phase == "hold":
            left_s = max(MAX_HOLD_S - _STEP_S * len(self._held_power), 0.0)
        level = self._recent[-1] if self._recent else float("nan")
        return TrialState(
            self._phase, left_s, float(np.sqrt(level)), float(np.sqrt(self._rest_power))
        )

    def process(
        self,
        emg_uv: NDArray[np.float64],
        lead_off: NDArray[np.bool_],
        clipped: NDArray[np.bool_],
    ) -> TrialState:
        """Take in the next samples, each (n,), and return the state; what follows "done" is idle.

        Parameters
        ----------
        emg_uv : (n,) as the electrodes gave it; NaN where missing
        lead_off, clipped : (n,)
        """
        band_uv = self._bandpass.process(np.where(lead_off | clipped, np.nan, emg_uv))
        rows = np.column_stack((emg_uv, band_uv, lead_off, clipped)).astype(np.float64)
        rows = np.concatenate((self._waiting, rows))
        whole = len(rows) // self._n * self._n
        self._waiting = rows[whole:]
        for step in rows[:whole].reshape(-1, self._n, 4):
            if self._phase != "done":
                self._step(step, float(np.mean(step[:, 1] ** 2)))
        return self.state

    def finish(self) -> Trial:
        """End the trial where it is and return its result: a value, or why there is none."""
        held_s = _STEP_S * len(self._held_power)
        mvic_uv, reason = None, ""
        if self._phase == "rest":
            reason = "no steady rest of 2 s was seen: relax first"
        elif self._phase == "contract":
            reason = "no contraction was seen: squeeze as hard as you can"
        else:
            kept = np.concatenate(self._held)
            mvic_uv, reason = measure_contraction(
                kept[:, 0], kept[:, 2] > 0, kept[:, 3] > 0, self._fs_hz, self.state.rest_uv
            )
            if not reason and held_s < MIN_HOLD_S - 0.5 * _STEP_S:
                mvic_uv = None
                reason = f"it was held for {held_s:.1f} s, {MIN_HOLD_S:g} s are needed"
        return Trial(self._side, self._position, mvic_uv, self.state.rest_uv, held_s, reason)

    def _step(self, step: NDArray[np.float64], power: float) -> None:
        self._recent.append(power)
        if self._phase == "hold":
            self._hold(step, power)
            return
        self._kept.append(step)
        self._look_for_rest()
        self._run = self._run + 1 if power > _LOUD * self._rest_power else 0
        if self._run == _LOUD_STEPS:
            self._phase, self._run = "hold", 0
            self._held = list(self._kept)
            self._held_power = list(self._recent)[-_LOUD_STEPS:]

    def _look_for_rest(self) -> None:
        """Keep the quietest two seconds that were steady."""
        power = np.array(self._recent)
        if len(power) < _REST_STEPS or not np.isfinite(power).all():
            return
        quiet, loud = np.quantile(power, (0.1, 0.9))
        if loud <= _STEADY * quiet:
            self._rest_power = float(np.fmin(self._rest_power, power.mean()))
            self._phase = "contract"

    def _hold(self, step: NDArray[np.float64], power: float) -> None:
        self._held.append(step)
        quiet = power < _RELEASED * np.nanmedian(self._held_power)
        self._run = self._run + 1 if quiet else 0
        self._held_power.append(power)
        if self._run == _RELEASED_STEPS:
            del self._held_power[-_RELEASED_STEPS:]  # they were no contraction
            self._phase = "done"
        elif len(self._held_power) * _STEP_S >= MAX_HOLD_S - 0.5 * _STEP_S:
            self._phase = "done"
