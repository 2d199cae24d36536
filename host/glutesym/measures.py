"""What is measured: the vocabulary shared by analysis, live view, export and truth.

Signs, everywhere: asymmetry is positive when the **right** side is larger; lag is left minus
right, so it is positive when the **left** side starts later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % confidence interval, or no number and the reason why not."""

    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    reason: str = ""  # why ``value`` is withheld; empty when it is given


@dataclass(frozen=True)
class SideMeasure:
    """One side of one repetition. Times are seconds of session time."""

    onset_s: float | None = None
    offset_s: float | None = None
    activation_uv: float | None = None  # RMS over the active part, resting power subtracted
    peak_uv: float | None = None  # highest 250 ms RMS
    snr_db: float | None = None
    reason: str = ""  # why something is withheld


@dataclass(frozen=True)
class RepMeasure:
    """One repetition, measured."""

    number: int  # counted from 1
    start_s: float
    end_s: float
    left: SideMeasure
    right: SideMeasure
    symmetry_index_pct: float | None  # 100·(R−L)/(0.5·(R+L)), positive: right larger
    lag_ms: float | None  # onset left − onset right, positive: left later
    reason: str = ""
    sync_uncertainty_ms: float = float("nan")  # 95 % of clock errors in the lag are smaller

    def side(self, side: Side) -> SideMeasure:
        """Return the measure of one side."""
        return self.left if side == "left" else self.right


Verdict = Literal["left lower", "right lower", "within noise", "indeterminate"]


@dataclass(frozen=True)
class SetSummary:
    """All repetitions of a set, judged together."""

    n_reps: int
    symmetry_index_pct: Estimate
    lag_ms: Estimate
    activation_uv: dict[Side, Estimate]
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True)
class SetMeasures:
    """The answer for one set: every repetition and the summary."""

    reps: tuple[RepMeasure, ...]
    summary: SetSummary
    resting_uv: dict[Side, float] = field(default_factory=dict[Side, float])
