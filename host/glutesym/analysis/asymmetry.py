"""How different the two sides are, over a set, and whether that is more than noise.

An asymmetry counts only if it exceeds the variation from repetition to repetition (Exell et al.
2012; Bishop et al. 2016), so the amount carries an interval over the repetitions: Student's t on
the linearised index (delta method). Unlike the percentiles of a bootstrap, which cannot lie beyond
the extremes of the sample, it keeps its coverage when there are few repetitions. The lag's
interval is that of `glutesym.analysis.set_lag` and the clocks' uncertainty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal, TypeVar

import numpy as np
import scipy
from numpy.typing import NDArray

from glutesym.analysis.set_lag import known, set_lag
from glutesym.exercises import NO_EXERCISE
from glutesym.measures import (
    MIN_REPS,
    NO_POD,
    OTHER_SIDE,
    SIDES,
    Estimate,
    LagVerdict,
    RepMeasure,
    SetSummary,
    Side,
    Verdict,
)

_CONFIDENCE = 0.95  # of intervals; a side is called lower, or later, if 0 is not in its interval
_WORKS = 1.25  # a leg that works is at least so much more active than the one that does not


def symmetry_index_pct(left: float, right: float) -> float | None:
    """Return 100·(R−L)/(0.5·(R+L)), −200 to 200 (Robinson et al. 1987); None when both are 0."""
    total = left + right
    return 200.0 * (right - left) / total if total > 0 else None


def symmetry_angle_pct(left: float, right: float) -> float | None:
    """Return (atan2(R, L) − 45°)/90°·100, from −50 to 50; None when both are 0.

    The symmetry angle of Zifchock et al. 2008 (doi:10.1016/j.gaitpost.2007.08.006) for two amounts
    that cannot be negative, signed as everywhere here: positive when the right side is larger.
    """
    if left <= 0 and right <= 0:
        return None
    return float((np.degrees(np.arctan2(right, left)) - 45.0) / 90.0 * 100.0)


def ln_ratio(symmetry_index: float) -> float:
    """Return ln(R/L) of a symmetry index, percent; ±inf when one side is silent."""
    with np.errstate(divide="ignore"):
        return float(np.log(200.0 + symmetry_index) - np.log(200.0 - symmetry_index))


def working_side(left: float, right: float) -> Side | None:
    """Return the side that works in an exercise on one leg; None when the amounts do not tell."""
    if left > _WORKS * right:
        return "left"
    return "right" if right > _WORKS * left else None


def detectable_change(estimate: Estimate) -> float | None:
    """Return by how much another such set must differ to differ in earnest; None: not known.

    The minimal detectable change MDC95 = 1.96·√2·SEM (Weir 2005), with the interval's own
    half-width for 1.96·SEM: both sets have an error.
    """
    if estimate.ci_low is None or estimate.ci_high is None:
        return None
    return float(np.sqrt(2) * 0.5 * (estimate.ci_high - estimate.ci_low))


def summarize(reps: Sequence[RepMeasure], exercise: str = "") -> SetSummary:
    """Judge all repetitions of a set together.

    Parameters
    ----------
    reps : sequence of RepMeasure
        Their clock uncertainty widens the lag's interval; where it is not known, the lag is
        withheld.
    exercise : str
        What is recorded to calibrate or to test pods is not judged.

    Returns
    -------
    SetSummary
        With three or more usable repetitions the symmetry index of the mean activations and the
        lag, each with a 95 % interval, and the verdicts. Otherwise "not measurable" and the
        reason. Repetitions that are excluded count for nothing, not even the side that is intact:
        both sides' numbers are of the same repetitions. In exercises on one leg each side's
        numbers are of those in which it works, and there is no lag.
    """
    activation: dict[Side, Estimate] = {side: _activation(reps, side) for side in SIDES}
    if what := NO_EXERCISE.get(exercise):
        index = lag = Estimate(None, reason=f"{what} is no exercise")
    elif any(rep.one_leg for rep in reps):
        index, lag = _index_of_legs(reps), Estimate(None, reason=_NO_COMMON_START)
    else:
        index, lag = _index(reps), _lag(reps)
    excluded = [rep for rep in reps if rep.excluded]
    why = Counter(
        cause for rep in excluded for cause in _causes(rep) if cause != NO_POD.cause
    ).most_common()
    verdicts: tuple[Verdict, Verdict] = ("right lower", "left lower")
    lag_verdicts: tuple[LagVerdict, LagVerdict] = ("right later", "left later")
    return SetSummary(
        n_reps=len(reps),
        symmetry_index_pct=index,
        lag_ms=lag,
        activation_uv=activation,
        verdict=_verdict(index, verdicts),
        lag_verdict=_verdict(lag, lag_verdicts),
        reason=index.reason,
        n_excluded=len(excluded),
        excluded=tuple(why),
        detectable_pct=detectable_change(index),
        detectable_ms=detectable_change(lag),
        n_missing=0 if exercise in NO_EXERCISE else _missing(reps),
    )


def _missing(reps: Sequence[RepMeasure]) -> int:
    """Return how many usable repetitions a verdict lacks; on one leg, of both legs together."""
    if any(rep.one_leg for rep in reps):
        return sum(max(0, MIN_REPS - len(_measured(reps, side))) for side in SIDES)
    compared = [rep for rep in reps if not rep.excluded and rep.symmetry_index_pct is not None]
    return max(0, MIN_REPS - len(compared))


_NO_COMMON_START = "one leg works at a time: the two sides have no start in common"
_Claim = TypeVar("_Claim", Verdict, LagVerdict)


def _verdict(
    estimate: Estimate, claims: tuple[_Claim, _Claim]
) -> _Claim | Literal["within noise", "not measurable"]:
    """Return the claim for a negative or positive value, if its interval leaves out 0."""
    if estimate.value is None or estimate.ci_low is None or estimate.ci_high is None:
        return "not measurable"
    if estimate.ci_low <= 0 <= estimate.ci_high:
        return "within noise"
    return claims[int(estimate.value > 0)]


def _measured(reps: Sequence[RepMeasure], side: Side) -> list[RepMeasure]:
    """Return the repetitions that count for one side's amount."""
    return [
        rep
        for rep in reps
        if not rep.excluded
        and rep.side(side).activation_uv is not None
        and (not rep.one_leg or rep.working == side)
    ]


def _activation(reps: Sequence[RepMeasure], side: Side) -> Estimate:
    measured = _measured(reps, side)
    if len(measured) < MIN_REPS:
        return Estimate(None, reason=_too_few(measured, reps))
    x = np.array([rep.side(side).activation_uv for rep in measured], float)
    value = float(x.mean())
    low, high = _interval(value, x)
    return Estimate(value, max(low, 0.0), high)


def _index(reps: Sequence[RepMeasure]) -> Estimate:
    compared = [rep for rep in reps if not rep.excluded and rep.symmetry_index_pct is not None]
    if len(compared) < MIN_REPS:
        return Estimate(None, reason=_one_sided(reps) or _too_few(compared, reps))
    x = np.array([(rep.left.activation_uv, rep.right.activation_uv) for rep in compared], float)
    left, right = x.mean(axis=0).tolist()
    value = symmetry_index_pct(left, right)
    assert value is not None  # no repetition has an index when both sides are 0
    # How the index of the means changes with each repetition's amounts.
    pulls = 400.0 * (left * x[:, 1] - right * x[:, 0]) / (left + right) ** 2
    low, high = _interval(value, pulls)
    return Estimate(value, max(low, -200.0), min(high, 200.0))


def _index_of_legs(reps: Sequence[RepMeasure]) -> Estimate:
    """Compare the left leg's repetitions with the right leg's: two samples, not pairs."""
    amounts: list[NDArray[np.float64]] = []
    for side in SIDES:
        measured = _measured(reps, side)
        if len(measured) < MIN_REPS:
            reason = _one_sided(reps) or f"{side} leg: {_too_few(measured, reps)}"
            return Estimate(None, reason=reason)
        amounts.append(np.array([rep.side(side).activation_uv for rep in measured], float))
    left, right = (float(x.mean()) for x in amounts)
    value = symmetry_index_pct(left, right)
    assert value is not None  # a side that works is more active than the other
    steepness = 400.0 / (left + right) ** 2
    variances = [
        (steepness * other) ** 2 * float(x.var(ddof=1)) / len(x)
        for x, other in zip(amounts, (right, left), strict=True)
    ]
    # Welch–Satterthwaite: the legs need not vary alike.
    of_each = sum(v**2 / (len(x) - 1) for v, x in zip(variances, amounts, strict=True))
    freedom = sum(variances) ** 2 / of_each if of_each > 0 else float("inf")
    half = _student(freedom) * float(np.sqrt(sum(variances)))
    return Estimate(value, max(value - half, -200.0), min(value + half, 200.0))


def _lag(reps: Sequence[RepMeasure]) -> Estimate:
    lagging = [rep for rep in reps if not rep.excluded and rep.lag_ms is not None]
    if len(lagging) < MIN_REPS:
        return Estimate(None, reason=_one_sided(reps) or _too_few(lagging, reps))
    # A clock's error hardly changes within a set: it does not average out.
    sync_uncertainty_ms = float(np.mean([rep.sync_uncertainty_ms for rep in lagging]))
    if not np.isfinite(sync_uncertainty_ms):
        reason = "the error between the two pods' clocks is not known"
        return Estimate(None, reason=reason)
    common = set_lag([rep.by_rise or known(rep.lag_ms or 0.0) for rep in lagging])
    tail = 0.5 * (1 - _CONFIDENCE)
    low, median, high = common.quantiles(tail, 0.5, 1 - tail)
    return Estimate(
        median,
        median - float(np.hypot(median - low, sync_uncertainty_ms)),
        median + float(np.hypot(high - median, sync_uncertainty_ms)),
    )


def _interval(value: float, x: NDArray[np.float64]) -> tuple[float, float]:
    """Return the interval about a value whose error is that of the mean of ``x``, (n,)."""
    half = _student(len(x) - 1) * float(x.std(ddof=1) / np.sqrt(len(x)))
    return value - half, value + half


def _student(freedom: float) -> float:
    """Return how many standard errors an interval reaches to either side."""
    return float(scipy.special.stdtrit(freedom, 0.5 + 0.5 * _CONFIDENCE))


def _one_sided(reps: Sequence[RepMeasure]) -> str:
    """Say that there is nothing to compare; empty when both sides were recorded."""
    for side in SIDES:
        if reps and all(NO_POD in rep.side(side).flaws for rep in reps):
            return f"only the {OTHER_SIDE[side]} side was recorded"
    return ""


def _too_few(usable: Sequence[RepMeasure], reps: Sequence[RepMeasure]) -> str:
    """Say what is missing and the most frequent cause."""
    what = "repetition" if len(usable) == 1 else "repetitions"
    text = f"{len(usable)} usable {what}, {MIN_REPS} are needed"
    why = Counter(cause for rep in reps if rep not in usable for cause in _causes(rep))
    return f"{text}: {why.most_common(1)[0][0]}" if why else text


def _causes(rep: RepMeasure) -> list[str]:
    """Return what a repetition's quality is due to, each once."""
    return list(dict.fromkeys(flaw.cause for flaw in rep.worst_flaws))
