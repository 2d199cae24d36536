"""The lag of a set, from all its repetitions at once.

Two things are not known of a set: how each muscle rises (how fast, by which law), and how much the
person's lag varies from one repetition to the next. Both shift or blur every repetition alike, so
they are not averaged away; they are learned. For each pair of rises that the repetitions make
likely together, each repetition's lag is a normal distribution; with the spread of the person it
is a random-effects model (DerSimonian and Laird 1986 in its Bayesian form; Gelman 2006 for the
prior of the spread). Rises and spread are then summed out.

While the set goes on, each repetition's own lag is made of what was known until then; the set's
lag lets later repetitions teach about earlier ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.timing import N_MODELS, SURPRISE, TRUST, pairs_of_rises
from glutesym.measures import Distribution, OnsetByRise

_SPREADS_MS = np.array((0.5, 2.0, 4.0, 6.0, 8.0, 11.0, 15.0, 20.0, 28.0, 40.0, 60.0))
_USUAL_SPREAD_MS = 20.0  # half of all spreads are smaller (half-Cauchy)
_ASTRAY = 0.03  # probability that a repetition's onsets are not those of the set's movement ...
_ANYWHERE_MS = 800.0  # ... but anywhere in a range so wide
_PAIRS = 60  # of rises are kept at most ...
_OF_ALL = 0.998  # ... fewer if they have this share of the probability
_REACH_MS = 150.0  # from the middle of what the repetitions say
_STEP_MS = 2.0
_NEGLIGIBLE = 1e-9  # probability of rises, spread and lag together

Rep = tuple[OnsetByRise, OnsetByRise]  # left, right


def set_lag(reps: Sequence[Rep]) -> Distribution:
    """Return the posterior of the lag that repetitions have in common.

    Parameters
    ----------
    reps : sequence of (left, right)
        What each repetition says about its onsets; at least one.

    Returns
    -------
    Distribution
        ms. As wide as is uncertain what the person's lag is; its middle is the mean lag of these
        repetitions, each drawn to the common one as far as it is uncertain.
    """
    any_ms, any_variance = np.array([_of_any_rise(rep) for rep in reps]).T[..., None]
    pairs, log_pairs, follows = _likely_pairs(reps)
    of_left, of_right = np.divmod(pairs, N_MODELS)
    lag_ms = np.stack([left.mean_ms[of_left] - right.mean_ms[of_right] for left, right in reps])
    variance = np.stack(
        [left.variance_ms2[of_left] + right.variance_ms2[of_right] for left, right in reps]
    )
    by_pair = [array.T[..., None] for array in (lag_ms, variance, follows)]  # each (reps, 1)
    middle_ms = _STEP_MS * round(float(np.median(any_ms)) / _STEP_MS)
    at_ms = middle_ms + np.arange(-_REACH_MS, _REACH_MS + 1, _STEP_MS)

    of_spread, of_lag = np.divmod(np.arange(len(_SPREADS_MS) * len(at_ms)), len(at_ms))
    spread2, lags = _SPREADS_MS[of_spread] ** 2, at_ms[of_lag]
    unlike = _density(any_ms, any_variance, lags, spread2)
    log_joint = log_pairs[:, None] + np.log(_spread_prior())[of_spread]
    for of_pair, own_ms, own_variance, follow in zip(log_joint, *by_pair, strict=True):
        like = _density(own_ms, own_variance, lags, spread2)
        follows_set, otherwise, astray = _parts(follow, like, unlike)
        of_pair += _log_product(follows_set + otherwise + astray)
    joint = np.exp(log_joint - log_joint.max())
    joint /= joint.sum()

    mean_ms = 0.0  # of these repetitions, where it matters
    for of_pair, own_ms, own_variance, follow in zip(joint, *by_pair, strict=True):
        matters = np.flatnonzero(of_pair > _NEGLIGIBLE)
        at = lags[matters], spread2[matters]
        like = _density(own_ms, own_variance, *at)
        follows_set, otherwise, astray = _parts(follow, like, unlike[:, matters])
        drawn_ms = follows_set * _drawn(own_ms, own_variance, *at) + astray * at[0]
        drawn_ms += otherwise * _drawn(any_ms, any_variance, *at)
        drawn_ms /= follows_set + otherwise + astray
        mean_ms += float(of_pair[matters] @ drawn_ms.mean(axis=0))
    mean_ms /= joint[joint > _NEGLIGIBLE].sum()
    common = Distribution(at_ms, joint.sum(axis=0).reshape(-1, len(at_ms)).sum(axis=0))
    return Distribution(at_ms + mean_ms - common.median, common.probability)


def known(lag_ms: float) -> Rep:
    """Return a lag that does not depend on rises, as if it were known to a step."""
    nothing, exact = np.zeros(N_MODELS), np.full(N_MODELS, _STEP_MS**2 / 24)
    return OnsetByRise(nothing, nothing + lag_ms, exact), OnsetByRise(nothing, nothing, exact)


def _evidence(rep: Rep) -> NDArray[np.float64]:
    """Return a repetition's log evidence of every pair of rises, (pairs,), the largest 0."""
    evidence = (rep[0].log_evidence[:, None] + rep[1].log_evidence).ravel()
    return evidence - evidence.max()


def _of_any_rise(rep: Rep) -> tuple[float, float]:
    """Return mean and variance of a repetition's lag, rises summed out."""
    left, right = rep
    weight = np.exp(_evidence(rep)) * pairs_of_rises().ravel()
    weight /= weight.sum()
    lag_ms = (left.mean_ms[:, None] - right.mean_ms).ravel()
    variance = (left.variance_ms2[:, None] + right.variance_ms2).ravel()
    mean_ms = float(weight @ lag_ms)
    return mean_ms, float(weight @ (variance + (lag_ms - mean_ms) ** 2))


def _likely_pairs(
    reps: Sequence[Rep],
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Return the pairs of rises that the set makes likely.

    Which, (k,); their log probability, (k,), the largest 0; and the probability that a repetition
    rises so if the set does, (reps, k).
    """
    prior = pairs_of_rises().ravel()
    log_pairs = np.log(prior)
    of_reps: list[tuple[NDArray[np.float32], float]] = []
    for rep in reps:
        like = (1 - SURPRISE) * np.exp(TRUST * _evidence(rep))
        unlike = SURPRISE * float(like @ prior) / (1 - SURPRISE)
        log_pairs = log_pairs + np.log(like + unlike)
        of_reps.append((np.asarray(like, np.float32), unlike))
    order = np.argsort(log_pairs)[::-1][:_PAIRS]
    log_likely = log_pairs[order] - log_pairs[order[0]]
    weight = np.cumsum(np.exp(log_likely))
    pairs = order[: int(np.searchsorted(weight, _OF_ALL * weight[-1])) + 1]
    follows = [like[pairs] / (like[pairs] + unlike) for like, unlike in of_reps]
    return pairs, log_likely[: len(pairs)], np.stack(follows)


def _density(
    own_ms: NDArray[np.float64],
    variance: NDArray[np.float64],
    common_ms: NDArray[np.float64],
    spread2: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the density of what repetitions say if the common lag and the spread were so.

    Own lags and variances (reps, 1), common ones and spreads (n,); the result (reps, n).
    """
    total = variance + spread2
    return np.exp(-0.5 * (own_ms - common_ms) ** 2 / total) / np.sqrt(2 * np.pi * total)


def _drawn(
    own_ms: NDArray[np.float64],
    variance: NDArray[np.float64],
    common_ms: NDArray[np.float64],
    spread2: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return repetitions' lags then, drawn to the common one; shapes as for `_density`."""
    return common_ms + (own_ms - common_ms) * (spread2 / (variance + spread2))


def _parts(
    follows: NDArray[np.float64], like: NDArray[np.float64], unlike: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return densities of repetitions that rise as the set does, otherwise, and go astray."""
    sure = 1 - _ASTRAY
    return sure * follows * like, sure * (1 - follows) * unlike, _ASTRAY / _ANYWHERE_MS


def _log_product(densities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithms of products over repetitions, (reps, n) → (n,)."""
    # Each is at least 4e-5, so that so many of them are far from what a float cannot hold.
    total = np.zeros(densities.shape[1])
    for i in range(0, len(densities), 32):
        total += np.log(densities[i : i + 32].prod(axis=0))
    return total


def _spread_prior() -> NDArray[np.float64]:
    density = 1 / (1 + (_SPREADS_MS / _USUAL_SPREAD_MS) ** 2)
    weight = density * np.gradient(_SPREADS_MS)
    return np.asarray(weight / weight.sum(), np.float64)
