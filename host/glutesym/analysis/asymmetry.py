"""How different the two sides are, over a set, and whether that is more than noise.

An asymmetry counts only if it exceeds the variation from repetition to repetition (Exell et al.
2012; Bishop et al. 2016), so every number carries a bootstrap interval over the repetitions: the
expanded percentile interval (Hesterberg 2015, doi:10.1080/00031305.2015.1089789), which keeps its
coverage when there are few repetitions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glutesym.measures import NO_POD, SIDES, Estimate, RepMeasure, SetSummary, Side, Verdict

MIN_REPS = 3
_RESAMPLES = 2000
_TRIM = 0.2
_SEED = 20260101  # the same repetitions always give the same interval


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


def set_lag_ms(lags_ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the 20 % trimmed mean of repetitions' lags, (..., n) → (...).

    One onset found in the wrong place does not move it, and without such it is nearly as precise
    as the mean (Wilcox 2012, Introduction to Robust Estimation).
    """
    n = lags_ms.shape[-1]
    cut = int(_TRIM * n)
    return np.sort(lags_ms, axis=-1)[..., cut : n - cut].mean(axis=-1)


def summarize(reps: Sequence[RepMeasure]) -> SetSummary:
    """Judge all repetitions of a set together.

    Parameters
    ----------
    reps : sequence of RepMeasure
        Their clock uncertainty widens the lag's interval; where it is not known, the lag is
        withheld.

    Returns
    -------
    SetSummary
        With three or more usable repetitions the symmetry index of the mean activations and the
        lag, each with a 95 % interval, and the verdict. Otherwise "indeterminate" and the reason.
        Repetitions that are excluded count for nothing, not even the side that is intact: both
        sides' numbers are of the same repetitions.
    """
    activation: dict[Side, Estimate] = {side: _activation(reps, side) for side in SIDES}
    index = _index(reps)
    lag = _lag(reps)
    verdict: Verdict = "indeterminate"
    if index.value is not None and index.ci_low is not None and index.ci_high is not None:
        # Two sets must differ by √2 times the interval's half-width to differ in earnest: the
        # minimal detectable change, MDC95 = 1.96·√2·SEM (Weir 2005).
        detectable = np.sqrt(2) * 0.5 * (index.ci_high - index.ci_low)
        real = index.ci_low * index.ci_high > 0 and abs(index.value) > detectable
        verdict = (
            "within noise" if not real else "left lower" if index.value > 0 else "right lower"
        )
    excluded = [rep for rep in reps if rep.excluded]
    why = Counter(
        cause for rep in excluded for cause in _causes(rep) if cause != NO_POD.cause
    ).most_common()
    return SetSummary(
        len(reps), index, lag, activation, verdict, index.reason, len(excluded), tuple(why)
    )


def _activation(reps: Sequence[RepMeasure], side: Side) -> Estimate:
    measured = [
        rep for rep in reps if not rep.excluded and rep.side(side).activation_uv is not None
    ]
    if len(measured) < MIN_REPS:
        return Estimate(None, reason=_too_few(measured, reps))
    values = [rep.side(side).activation_uv for rep in measured]
    x = np.array(values)
    return _estimate(float(x.mean()), x[_resamples(len(x))].mean(axis=1), len(x))


def _index(reps: Sequence[RepMeasure]) -> Estimate:
    compared = [rep for rep in reps if not rep.excluded and rep.symmetry_index_pct is not None]
    if len(compared) < MIN_REPS:
        return Estimate(None, reason=_too_few(compared, reps))
    x = np.array([(rep.left.activation_uv, rep.right.activation_uv) for rep in compared], float)
    means = x[_resamples(len(x))].mean(axis=1)
    value = symmetry_index_pct(*x.mean(axis=0))
    assert value is not None  # no repetition has an index when both sides are 0
    values = 200.0 * (means[:, 1] - means[:, 0]) / means.sum(axis=1)
    return _estimate(float(value), values, len(x))


def _lag(reps: Sequence[RepMeasure]) -> Estimate:
    lagging = [rep for rep in reps if not rep.excluded and rep.lag_ms is not None]
    if len(lagging) < MIN_REPS:
        return Estimate(None, reason=_too_few(lagging, reps))
    lags = np.array([rep.lag_ms for rep in lagging])
    # A clock's error hardly changes within a set: it does not average out.
    sync_uncertainty_ms = float(np.mean([rep.sync_uncertainty_ms for rep in lagging]))
    if not np.isfinite(sync_uncertainty_ms):
        return Estimate(None, reason="the error between the two pods' clocks is not known")
    value = float(set_lag_ms(lags))
    alone = _estimate(value, set_lag_ms(lags[_resamples(len(lags))]), len(lags))
    below = value - (value if alone.ci_low is None else alone.ci_low)
    above = (value if alone.ci_high is None else alone.ci_high) - value
    return Estimate(
        value,
        value - float(np.hypot(below, sync_uncertainty_ms)),
        value + float(np.hypot(above, sync_uncertainty_ms)),
    )


def _resamples(n: int) -> NDArray[np.int64]:
    """Return which repetitions each bootstrap sample holds: (_RESAMPLES, n)."""
    return np.random.default_rng(_SEED).integers(0, n, (_RESAMPLES, n))


def _estimate(value: float, resampled: NDArray[np.float64], n: int) -> Estimate:
    """Return the 95 % expanded percentile interval."""
    from scipy import stats

    # Percentiles as far out as Student's t with n−1 degrees asks, and the bootstrap's SD
    # ·√(n/(n−1)).
    z = float(stats.t.ppf(0.975, n - 1)) * np.sqrt(n / (n - 1))
    tail = max(float(stats.norm.cdf(-z)), 0.5 / len(resampled))
    low, high = np.quantile(resampled, (tail, 1 - tail))
    return Estimate(value, min(float(low), value), max(float(high), value))


def _too_few(usable: Sequence[RepMeasure], reps: Sequence[RepMeasure]) -> str:
    """Say what is missing and the most frequent cause."""
    what = "repetition" if len(usable) == 1 else "repetitions"
    text = f"{len(usable)} usable {what}, {MIN_REPS} are needed"
    why = Counter(cause for rep in reps if rep not in usable for cause in _causes(rep))
    return f"{text}: {why.most_common(1)[0][0]}" if why else text


def _causes(rep: RepMeasure) -> list[str]:
    """Return what a repetition's quality is due to, each once."""
    return list(dict.fromkeys(flaw.cause for flaw in rep.worst_flaws))
