"""How the activation of each side runs within a repetition: curves on 0–100 % of the movement.

Repetitions last differently long, so each is laid on one grid of shares of its own duration
(time normalisation); over the set follow the mean and the standard deviation at every share. The
envelope is the RMS in a window of 100 ms (between the 50 ms that timing needs and the 250 ms of
the live bars), with the power of rest taken out before the root, as in `analysis.activation`.
Shape is what these curves show; amounts and times are measured elsewhere, on the rows themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.resting import resting_level
from glutesym.dsp.muscle_power import MusclePower, PowerRows
from glutesym.measures import SIDES, RepMeasure, Side
from glutesym.recording import Recording

WINDOW_S = 0.1  # of the RMS
SHARES_PCT = np.linspace(0.0, 100.0, 101)  # of the movement

_REST_BEFORE_S = 20.0  # where rest is sought when the repetition does not know its own

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RepCurve:
    """One side of one repetition."""

    number: int
    counts: bool  # in the mean
    level: _Array  # (101,) at `SHARES_PCT`; NaN: samples are missing


@dataclass(frozen=True, eq=False)
class SideCurves:
    """One side of a set. ``mean`` and ``sd`` are NaN where fewer than two repetitions count."""

    side: Side
    reps: tuple[RepCurve, ...]
    mean: _Array  # (101,)
    sd: _Array  # (101,) from repetition to repetition
    unit: str = "µV"

    @property
    def n_counted(self) -> int:
        """Repetitions in the mean."""
        return sum(rep.counts for rep in self.reps)

    @property
    def peak(self) -> float | None:
        """The highest mean; None: there is no mean."""
        known = self.mean[np.isfinite(self.mean)]
        return float(known.max()) if len(known) else None

    def in_percent_of(self, reference: float, unit: str) -> SideCurves:
        """Return the curves in per cent of a reference that has their unit, µV."""
        factor = 100.0 / reference
        reps = tuple(replace(rep, level=rep.level * factor) for rep in self.reps)
        return SideCurves(self.side, reps, self.mean * factor, self.sd * factor, unit)


def rep_curves(
    recording: Recording, reps: Sequence[RepMeasure], mains_hz: float | None = None
) -> dict[Side, SideCurves]:
    """Return the curves of all repetitions of a set, µV.

    Parameters
    ----------
    recording : Recording
    reps : sequence of RepMeasure
        What is excluded has a curve but does not count. In exercises on one leg those count for
        a side in which it works, and the others have no curve there.
    mains_hz : float, optional
        50 or 60, as the repetitions were measured.

    Returns
    -------
    dict of Side to SideCurves
        Of the sides that have a pod, left first.
    """
    found: dict[Side, SideCurves] = {}
    for side in SIDES:
        if side not in recording.pods:
            continue
        power = MusclePower(recording.pods[side].emg, mains_hz)
        curves = tuple(
            RepCurve(
                rep.number,
                not rep.excluded and rep.side(side).activation_uv is not None,
                _curve(power, rep, side),
            )
            for rep in reps
            if not rep.one_leg or rep.working == side
        )
        found[side] = SideCurves(side, curves, *_mean_and_sd(curves))
    return found


def normalised_curves(
    curves: Mapping[Side, SideCurves], mvic_uv: Mapping[Side, float] | None = None
) -> dict[Side, SideCurves]:
    """Return curves in per cent: of each side's maximum, or else of each side's own peak.

    With its own peak as reference every side's mean reaches 100 %: amounts cannot be compared any
    more, only when and how each side works.

    Parameters
    ----------
    curves : mapping of Side to SideCurves
        In µV.
    mvic_uv : mapping of Side to float, optional
        From a calibration.

    Returns
    -------
    dict of Side to SideCurves
        Without the sides that have no reference.
    """
    normalised: dict[Side, SideCurves] = {}
    for side, of_side in curves.items():
        reference = of_side.peak if mvic_uv is None else mvic_uv.get(side)
        if reference is not None and reference > 0:
            unit = "% of its own peak" if mvic_uv is None else "% MVIC"
            normalised[side] = of_side.in_percent_of(reference, unit)
    return normalised


def envelope_uv(rows: PowerRows, row_s: float, resting_uv: float = 0.0) -> _Array:
    """Return the RMS in 100 ms centred on each row, resting power taken out, (m,) µV; NaN: gap."""
    n = min(max(1, round(WINDOW_S / row_s)), max(1, len(rows.total)))
    if not len(rows.total):
        return np.empty(0)
    before = n // 2
    padded = np.pad(rows.total, (before, n - 1 - before), mode="edge")
    mean = np.lib.stride_tricks.sliding_window_view(padded, n).mean(axis=1)
    return np.sqrt(np.maximum(mean - resting_uv**2, 0.0))


def _curve(power: MusclePower, rep: RepMeasure, side: Side) -> _Array:
    blank = np.full(len(SHARES_PCT), np.nan)
    resting_uv = rep.side(side).resting_uv
    if resting_uv is None:
        rest = resting_level(power, rep.start_s - _REST_BEFORE_S, rep.end_s + WINDOW_S)
        if rest is None:
            return blank
        resting_uv = rest.rms_uv
    beside_s = WINDOW_S / 2 + power.row_s
    rows = power.between(rep.start_s - beside_s, rep.end_s + beside_s)
    if len(rows.time_s) < 2:
        return blank
    at_s = rep.start_s + SHARES_PCT / 100 * (rep.end_s - rep.start_s)
    level = envelope_uv(rows, power.row_s, resting_uv)
    outside = (at_s < rows.time_s[0] - power.row_s) | (at_s > rows.time_s[-1] + power.row_s)
    return np.where(outside, np.nan, np.interp(at_s, rows.time_s, level))


def _mean_and_sd(curves: Sequence[RepCurve]) -> tuple[_Array, _Array]:
    blank = np.full(len(SHARES_PCT), np.nan)
    counted = [curve.level for curve in curves if curve.counts]
    if not counted:
        return blank, blank
    levels = np.array(counted)
    known = np.isfinite(levels)
    n = known.sum(axis=0)
    total = np.where(known, levels, 0.0).sum(axis=0)
    mean = np.divide(total, n, out=blank.copy(), where=n > 0)
    squares = np.where(known, (levels - mean) ** 2, 0.0).sum(axis=0)
    variance = np.divide(squares, n - 1, out=blank.copy(), where=n > 1)
    return np.where(n > 1, mean, np.nan), np.sqrt(variance)
