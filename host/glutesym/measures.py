"""What is measured: the vocabulary shared by analysis, live view, export and truth.

Signs, everywhere: asymmetry is positive when the **right** side is larger; lag is left minus
right, so it is positive when the **left** side starts later.

Every repetition, and each side of it, has one of four grades, and every grade below the best its
reasons. The rules that lead to them are in `glutesym.analysis.quality`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")
OTHER_SIDE: dict[Side, Side] = {"left": "right", "right": "left"}

Grade = Literal["good", "fair", "poor", "unusable"]
GRADES: dict[Grade, str] = {  # what each means, best first
    "good": "nothing is known against it",
    "fair": "all of it counts, but something is less certain than usual",
    "poor": "a number is withheld; those that are given count",
    "unusable": "excluded from the set",
}

Light = Literal["green", "yellow", "red"]

# What the body does now; "work": muscles are active, but nothing has moved yet; "still": at rest
# or holding; "": not known.
MovementPhase = Literal["", "rest", "work", "away", "hold", "back", "still"]
RepEdit = Literal["added", "moved", "excluded", "working side set"]  # by a reviewer


def worst(grades: Iterable[Grade]) -> Grade:
    """Return the lowest of some grades; good when there are none."""
    lowest: Grade = "good"
    for grade in grades:
        lowest = grade if _rank(grade) > _rank(lowest) else lowest
    return lowest


def traffic_light(grade: Grade) -> Light:
    """Return the colour of a grade: go; usable but could be better; a number or all withheld."""
    lights: dict[Grade, Light] = {"good": "green", "fair": "yellow"}
    return lights.get(grade, "red")


def _rank(grade: Grade) -> int:
    return list(GRADES).index(grade)


@dataclass(frozen=True)
class Flaw:
    """Something that speaks against a measurement."""

    grade: Grade  # the best that is possible with it
    cause: str  # in plain words, the same for all repetitions that have it
    detail: str = ""  # how much or how long, this time

    def __str__(self) -> str:
        return f"{self.cause} ({self.detail})" if self.detail else self.cause


MIN_REPS = 3  # usable ones that a verdict on a set needs
# Of the muscle's band: an amplitude's random error is 1/(2·√(bandwidth·time)) of it (Bendat &
# Piersol, Random Data, error of mean-square estimates). 117 Hz is an assumption: walking glutei of
# one person (`virtual/scenarios/data`) have some 80 Hz (maximus) and 130 Hz (medius).
_STATISTICAL_BANDWIDTH_HZ = 117.0

NO_POD = Flaw("unusable", "no pod on this side")


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % confidence interval, or no number and the reason why not."""

    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    reason: str = ""  # why ``value`` is withheld; empty when it is given

    def map(self, rising: Callable[[float], float]) -> Estimate:
        """Return the estimate of a rising function of the number."""
        value, low, high = (
            None if x is None else rising(x) for x in (self.value, self.ci_low, self.ci_high)
        )
        return Estimate(value, low, high, self.reason)


@dataclass(frozen=True, eq=False)
class Distribution:
    """A probability distribution on an even grid."""

    at: NDArray[np.float64]  # (n,)
    probability: NDArray[np.float64]  # (n,) sum 1

    def quantiles(self, *shares: float) -> list[float]:
        """Return quantiles, each probability spread evenly over its step."""
        half = 0.5 * (self.at[1] - self.at[0])
        summed = np.concatenate(([0.0], np.cumsum(self.probability)))
        edges = np.concatenate((self.at - half, [self.at[-1] + half]))
        return np.interp(np.array(shares) * summed[-1], summed, edges).tolist()

    @property
    def median(self) -> float:
        """The median."""
        return self.quantiles(0.5)[0]

    @property
    def half_width(self) -> float:
        """Half the width of the 95 % credible interval."""
        low, high = self.quantiles(0.025, 0.975)
        return 0.5 * (high - low)


@dataclass(frozen=True, eq=False)
class OnsetByRise:
    """What a repetition says about one side's onset under each model of how the muscle rises."""

    log_evidence: NDArray[np.float64]  # (n_models,) for the model, onset summed out
    mean_ms: NDArray[np.float64]  # (n_models,) of the onset, session time
    variance_ms2: NDArray[np.float64]  # (n_models,)


@dataclass(frozen=True)
class SideMeasure:
    """One side of one repetition. Times are seconds of session time."""

    onset_s: float | None = None
    offset_s: float | None = None
    activation_uv: float | None = None  # RMS over the active part, resting power subtracted
    peak_uv: float | None = None  # highest 250 ms RMS
    snr_db: float | None = None
    onset_uncertainty_ms: float | None = None  # half-width of the onset's 95 % interval
    resting_uv: float | None = None  # RMS at rest at that time
    hum_uv: float | None = None  # of it, mains hum; None: not known
    slow_uv: float | None = None  # RMS below the muscle's band: cables and skin that move
    flaws: tuple[Flaw, ...] = ()
    peak_s: float | None = None  # middle of the highest 250 ms

    @property
    def burst_s(self) -> float | None:
        """Duration of the contraction."""
        if self.onset_s is None or self.offset_s is None:
            return None
        return self.offset_s - self.onset_s

    @property
    def integrated_uv_s(self) -> float | None:
        """Activation times duration."""
        if self.activation_uv is None or self.burst_s is None:
            return None
        return self.activation_uv * self.burst_s

    @property
    def time_to_peak_s(self) -> float | None:
        """From the onset to the middle of the highest 250 ms."""
        if self.onset_s is None or self.peak_s is None:
            return None
        return self.peak_s - self.onset_s

    @property
    def quality(self) -> Grade:
        """How far it can be trusted."""
        return worst(flaw.grade for flaw in self.flaws)

    @property
    def reason(self) -> str:
        """Why the quality is not good; empty when it is."""
        return "; ".join(map(str, _worst_first(self.flaws)))


@dataclass(frozen=True)
class RepMeasure:
    """One repetition, measured.

    With one pod there is nothing to compare: its repetitions are poor, but count for its side.
    """

    number: int  # counted from 1
    start_s: float
    end_s: float
    left: SideMeasure
    right: SideMeasure
    symmetry_index_pct: float | None  # 100·(R−L)/(0.5·(R+L)), positive: right larger
    lag_ms: float | None  # onset left − onset right, positive: left later
    flaws: tuple[Flaw, ...] = ()  # of both sides together
    sync_uncertainty_ms: float = float("nan")  # 95 % of clock errors in the lag are smaller
    lag_posterior: Distribution | None = field(default=None, repr=False, compare=False)  # ms
    by_rise: tuple[OnsetByRise, OnsetByRise] | None = field(
        default=None, repr=False, compare=False
    )  # left, right: of what the set's lag is made
    one_leg: bool = False  # one side works at a time: the two are not compared within it
    working: Side | None = None  # of one-leg exercises: the side that works; None: not clear
    edits: tuple[RepEdit, ...] = ()  # what a reviewer did with it: glutesym.edits

    def side(self, side: Side) -> SideMeasure:
        """Return the measure of one side."""
        return self.left if side == "left" else self.right

    @property
    def coactivation_s(self) -> float | None:
        """For how long both sides were active at once."""
        edges = [(side.onset_s, side.offset_s) for side in (self.left, self.right)]
        onsets = [onset for onset, _ in edges if onset is not None]
        offsets = [offset for _, offset in edges if offset is not None]
        if len(onsets) < 2 or len(offsets) < 2:
            return None
        return max(0.0, min(offsets) - max(onsets))

    @property
    def offset_lag_ms(self) -> float | None:
        """Offset left − offset right, positive: left ends later."""
        if self.left.offset_s is None or self.right.offset_s is None or self.one_leg:
            return None
        return 1000 * (self.left.offset_s - self.right.offset_s)

    @property
    def symmetry_index_noise_pct(self) -> float | None:
        """Half of the band in which one repetition's index is chance alone (95 %).

        EMG is noise whose power is measured for a short time: both amounts have a random error,
        however even the muscles are. How repetitions really differ comes on top.
        """
        if self.symmetry_index_pct is None:
            return None
        long_s = self.end_s - self.start_s
        durations = (self.left.burst_s or long_s, self.right.burst_s or long_s)
        variance = sum(1 / (4 * _STATISTICAL_BANDWIDTH_HZ * max(s, 0.1)) for s in durations)
        slope = 100.0 * (1 - (self.symmetry_index_pct / 200.0) ** 2)  # of the index by ln(R/L)
        return 1.96 * slope * float(np.sqrt(variance))

    @property
    def lag_noise_ms(self) -> float | None:
        """Half of the 95 % interval of this repetition's lag: onsets and clocks; None: unknown."""
        if self.lag_ms is None or self.lag_posterior is None:
            return None
        half_ms = float(np.hypot(self.lag_posterior.half_width, self.sync_uncertainty_ms))
        return half_ms if np.isfinite(half_ms) else None

    @property
    def judged(self) -> tuple[Side, ...]:
        """The sides that its quality depends on: on one leg the one that works, if known."""
        return (self.working,) if self.working else SIDES

    @property
    def quality(self) -> Grade:
        """How far it can be trusted: as far as the weaker of the sides that are judged."""
        grades: list[Grade] = [flaw.grade for flaw in self.flaws]
        for side in map(self.side, self.judged):
            grades.append("poor" if NO_POD in side.flaws else side.quality)
        return worst(grades)

    @property
    def excluded(self) -> bool:
        """Whether the set's numbers are made without it."""
        return self.quality == "unusable"

    @property
    def reason(self) -> str:
        """Why the quality is not good, with the side; empty when it is."""
        found = [("", flaw) for flaw in self.flaws]
        found += [(f"{side}: ", flaw) for side in self.judged for flaw in self.side(side).flaws]
        found.sort(key=lambda of_flaw: -_rank(of_flaw[1].grade))
        return "; ".join(f"{of}{flaw}" for of, flaw in found)

    @property
    def worst_flaws(self) -> tuple[Flaw, ...]:
        """Those that its quality is due to, whatever they are of."""
        of_sides = [flaw for side in self.judged for flaw in self.side(side).flaws]
        flaws = _worst_first((*self.flaws, *of_sides))
        return tuple(flaw for flaw in flaws if flaw.grade == flaws[0].grade)


def _worst_first(flaws: Iterable[Flaw]) -> list[Flaw]:
    return sorted(flaws, key=lambda flaw: -_rank(flaw.grade))


Verdict = Literal["left lower", "right lower", "within noise", "not measurable"]
LagVerdict = Literal["left later", "right later", "within noise", "not measurable"]


@dataclass(frozen=True)
class SetSummary:
    """All repetitions of a set, judged together."""

    n_reps: int  # that were found
    symmetry_index_pct: Estimate
    lag_ms: Estimate
    activation_uv: dict[Side, Estimate]
    verdict: Verdict
    reason: str = ""
    n_excluded: int = 0  # of those that were found
    excluded: tuple[tuple[str, int], ...] = ()  # why, and how many: most frequent first
    lag_verdict: LagVerdict = "not measurable"
    detectable_pct: float | None = None  # another set must differ by this to differ in earnest
    detectable_ms: float | None = None
    n_missing: int = 0  # usable repetitions without which there is no verdict

    @property
    def n_used(self) -> int:
        """Repetitions that the numbers are made of, as far as each supports one."""
        return self.n_reps - self.n_excluded


@dataclass(frozen=True)
class FatigueTrend:
    """Changes from the first usable repetition to the last one, percent."""

    median_frequency_pct: Estimate
    fi_nsm5_pct: Estimate
    rms_pct: Estimate


@dataclass(frozen=True)
class SetMeasures:
    """The answer for one set: every repetition and the summary."""

    reps: tuple[RepMeasure, ...]
    summary: SetSummary
    resting_uv: dict[Side, float] = field(default_factory=dict[Side, float])
    motion_lost_s: float = 0.0  # seen by no pod: repetitions in it are not counted
    swapped: bool | None = None  # the pods seem to be on each other's side; None: not known
    fatigue: dict[Side, FatigueTrend] = field(default_factory=dict[Side, FatigueTrend])
    # Hinged forward on one leg: how far the pelvis opens to the free side, by the leg stood on.
    hip_rotation_deg: dict[Side, Estimate] = field(default_factory=dict[Side, Estimate])
    hip_rotation_difference_deg: Estimate = Estimate(None, reason="not a hinge on one leg")
    # Standing on one leg: how far the free side of the pelvis drops, by the leg stood on.
    pelvic_drop_deg: dict[Side, Estimate] = field(default_factory=dict[Side, Estimate])
    pelvic_drop_difference_deg: Estimate = Estimate(None, reason="no stance on one leg")
