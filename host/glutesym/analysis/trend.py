"""Is it getting better? The asymmetry or the lag of one person's sets over days and weeks.

Electrodes are put on anew and a body is not the same every day, so days differ by more than the
intervals of their sets say, and nobody knows by how much. A straight line through the days is
therefore fitted by random-effects meta-regression (Berkey et al. 1995, Stat Med 14:395): each day
counts by its own variance plus the one between days, which solves the equation of Paule and Mandel
(1982, J Res NBS 87:377; in general: DerSimonian and Kacker 2007, Contemp Clin Trials 28:105).
Intervals are Student's t with as many degrees of freedom as there are days, less two, as Knapp and
Hartung (2003, Stat Med 22:2693) have them; their factor is 1 where that equation is solved, and is
not let below 1 where it is not. A variance that a set tells of itself is of few repetitions and
sometimes far too small. That a small one is raised half way to their median is a rule of our own
(the idea of moderating variances: Smyth 2004, Stat Appl Genet Mol Biol 3:3); `benchmarks/trend.py`
shows what the intervals hold.

Sets of one day share their electrodes, so they count as one. A change that is no straight line
counts as scatter about it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Literal

import numpy as np
import scipy
from numpy.typing import NDArray

from glutesym.measures import Estimate

TrendVerdict = Literal["better", "worse", "no change that it can tell", "too few sessions"]

MIN_DAYS = 4  # three leave one degree of freedom: an interval 6 times as wide as with many
_CLAIM_CONFIDENCE = 0.965  # a change is called better or worse only if so sure: docs/accuracy.md
_NORMAL_95 = 1.96  # half of a 95 % interval over its standard error
_LEAST_SE = 0.01  # %, ms: no set is known better than that


@dataclass(frozen=True)
class Quantity:
    """What is followed, and how its sides are told: positive values are the left side's."""

    name: str
    unit: str
    is_what: str  # of the side that is named

    def text(self, value: float) -> str:
        """Return a value in words, e.g. "left lower by 12 %"."""
        side = "left" if value >= 0 else "right"
        return f"{side} {self.is_what} by {abs(value):.0f} {self.unit}"


ASYMMETRY = Quantity("Asymmetry", "%", "lower")  # symmetry index; right larger: left lower
LAG = Quantity("Lag", "ms", "later")


@dataclass(frozen=True)
class SetResult:
    """One set of a history."""

    at: datetime  # in the person's own time: its date says which sets share their electrodes
    estimate: Estimate  # symmetry index, percent, or lag, ms


@dataclass(frozen=True)
class TrendDay:
    """The sets of one day, and the line there."""

    day: date
    n_sets: int  # that count
    measured: Estimate
    fitted: Estimate  # the line with its 95 % band; withheld when there is none


@dataclass(frozen=True)
class Trend:
    """What has become of one quantity."""

    quantity: Quantity
    verdict: TrendVerdict
    reason: str  # why that is the verdict
    days: tuple[TrendDay, ...]  # with a number, in order
    change: Estimate  # along the line, from the first day to the last one; signs as everywhere
    between_days_sd: float | None = None  # beyond what the sets' own intervals explain
    detectable: float | None = None  # a true change of this size is told in 4 of 5 such histories

    @property
    def sentence(self) -> str:
        """The answer in words; the interval is written in the direction of the sentence."""
        told = f"{self.quantity.name}: {self.verdict}"
        change, days, unit = self.change, self.days, self.quantity.unit
        if change.value is None or change.ci_low is None or change.ci_high is None:
            return f"{told}: {self.reason}"
        first, last = days[0].fitted.value or 0.0, days[-1].fitted.value or 0.0
        towards = -1.0 if first >= 0 else 1.0  # even
        way = "towards even" if change.value * towards >= 0 else "away from even"
        if change.value * towards < 0:
            towards = -towards
        ends = sorted((towards * change.ci_low, towards * change.ci_high))
        return (
            f"{told}. From {self.quantity.text(first)} on {days[0].day} to "
            f"{self.quantity.text(last)} on {days[-1].day}, {abs(change.value):.0f} {unit} "
            f"{way} (95 % CI {_signed(ends[0])}…{_signed(ends[1])}): {self.reason}"
        )


def trend(quantity: Quantity, sets: Sequence[SetResult]) -> Trend:
    """Tell whether sides become more alike.

    Parameters
    ----------
    quantity : Quantity
    sets : sequence of SetResult
        Of one person, exercise and placement, in any order. Those whose number is withheld, or
        that have no interval, do not count.

    Returns
    -------
    Trend
        "better" or "worse" only if two things are sure enough (96.5 %): that there is a
        change, and which of its two ends is farther from even.
    """
    days = _by_day(sets)
    if len(days) < MIN_DAYS:
        n = len(days)
        what = f"sets that can be compared on {n} {'day' if n == 1 else 'days'}"
        reason = f"{what}, {MIN_DAYS} are needed to know by how much days differ anyway"
        withheld = Counter(one.estimate.reason for one in sets if one.estimate.reason)
        if withheld:
            reason += f" (withheld: {withheld.most_common(1)[0][0]})"
        return Trend(quantity, "too few sessions", reason, days, Estimate(None, reason=reason))
    x = np.array([(1.0, (day.day - days[0].day).days) for day in days])
    y = np.array([day.measured.value for day in days], np.float64)
    variance = np.array([_standard_error(day.measured) for day in days]) ** 2
    variance = np.maximum(variance, 0.5 * (variance + np.median(variance)))
    between = _variance_between(x, y, variance)
    line, covariance = _fit(x, y, variance + between)
    freedom = len(days) - 2

    def at(where: NDArray[np.float64], confidence: float = 0.95) -> Estimate:
        value = float(where @ line)
        half = _student(0.5 + 0.5 * confidence, freedom) * se(where)
        return Estimate(value, value - half, value + half)

    def se(where: NDArray[np.float64]) -> float:
        return float(np.sqrt(where @ covariance @ where))

    all_along, half_way = x[-1] - x[0], 0.5 * (x[0] + x[-1])
    sure = _student(0.5 + 0.5 * _CLAIM_CONFIDENCE, freedom)
    detectable = (sure + _student(0.8, freedom)) * se(all_along)
    change = at(all_along, _CLAIM_CONFIDENCE)
    verdict, reason = _verdict(change, at(half_way, _CLAIM_CONFIDENCE))
    if not _is_sure(change):
        if _is_sure(at(all_along)):
            reason = f"a change has to be {100 * _CLAIM_CONFIDENCE:g} % sure, this one is just not"
        reason += f"; one of {detectable:.0f} {quantity.unit} would show in 4 of 5 such histories"
    return Trend(
        quantity,
        verdict,
        reason,
        tuple(
            TrendDay(day.day, day.n_sets, day.measured, at(where))
            for day, where in zip(days, x, strict=True)
        ),
        at(all_along),
        float(np.sqrt(between)),
        detectable,
    )


def _verdict(change: Estimate, middle: Estimate) -> tuple[TrendVerdict, str]:
    """Judge by last² − first² = 2·change·middle: its sign is known if those of both are."""
    assert change.value is not None
    assert middle.value is not None
    if not _is_sure(change):
        return "no change that it can tell", "days differ by as much without any change"
    if not _is_sure(middle):
        reason = "the sides did change, but which end is farther from even is not clear"
        return "no change that it can tell", reason
    reason = "more than days differ by anyway"
    return ("worse" if change.value * middle.value > 0 else "better"), reason


def _by_day(sets: Sequence[SetResult]) -> tuple[TrendDay, ...]:
    """Return the sets of each day as one, weighted by their precision."""
    known = [
        one
        for one in sets
        if None not in (one.estimate.value, one.estimate.ci_low, one.estimate.ci_high)
    ]
    known.sort(key=lambda one: one.at.date())
    days: list[TrendDay] = []
    for day, of_day in groupby(known, key=lambda one: one.at.date()):
        estimates = [one.estimate for one in of_day]
        values = np.array([estimate.value for estimate in estimates], np.float64)
        weights = np.array([_standard_error(estimate) ** -2 for estimate in estimates])
        value = float(weights @ values / weights.sum())
        half = _NORMAL_95 / float(np.sqrt(weights.sum()))
        measured = Estimate(value, value - half, value + half)
        days.append(TrendDay(day, len(estimates), measured, Estimate(None, reason="no line")))
    return tuple(days)


def _standard_error(estimate: Estimate) -> float:
    """Return it from the interval's width; of few repetitions it is rather too large."""
    assert estimate.ci_low is not None
    assert estimate.ci_high is not None
    return max(0.5 * (estimate.ci_high - estimate.ci_low) / _NORMAL_95, _LEAST_SE)


def _fit(
    x: NDArray[np.float64], y: NDArray[np.float64], variance: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a line by weighted least squares, and the covariance of its two coefficients."""
    weighted = x / variance[:, None]
    covariance = np.asarray(np.linalg.inv(x.T @ weighted), np.float64)
    return np.asarray(covariance @ (weighted.T @ y), np.float64), covariance


def _variance_between(
    x: NDArray[np.float64], y: NDArray[np.float64], variance: NDArray[np.float64]
) -> float:
    """Return the variance that makes the weighted squares as large as they should be; or 0."""

    def excess(between: float) -> float:
        line, _ = _fit(x, y, variance + between)
        return float(((y - x @ line) ** 2 / (variance + between)).sum()) - (len(y) - 2)

    if excess(0.0) <= 0:
        return 0.0

    most = float(y.var()) * len(y)  # then the squares sum to less than 1
    return float(scipy.optimize.root_scalar(excess, bracket=(0.0, most), xtol=1e-9 * most).root)


def _is_sure(estimate: Estimate) -> bool:
    assert estimate.ci_low is not None
    assert estimate.ci_high is not None
    return estimate.ci_low * estimate.ci_high > 0


def _student(share: float, freedom: int) -> float:
    return float(scipy.special.stdtrit(freedom, share))


def _signed(value: float) -> str:
    return f"{round(value):d}".replace("-", "−")
