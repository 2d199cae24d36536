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
_NEGLIGIBLE = 1e-12  # probability, relative to the highest
_LOG_NOTHING = -300.0  # of a density; where floats end, exp takes ten times as long

Rep = tuple[OnsetByRise, OnsetByRise]  # left, right
_Array = NDArray[np.float64]
_Lags = tuple[_Array, _Array]  # mean and variance, ms and ms²


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
    of_any = any_ms, _ = tuple(np.array([_of_any_rise(rep) for rep in reps]).T[..., None])
    pairs, log_pairs, follows = _likely_pairs(reps)
    left, right = np.divmod(pairs, N_MODELS)
    own_ms = np.stack([rep[0].mean_ms[left] - rep[1].mean_ms[right] for rep in reps], axis=1)
    variance = np.stack(
        [rep[0].variance_ms2[left] + rep[1].variance_ms2[right] for rep in reps], axis=1
    )
    own = own_ms[..., None], variance[..., None]
    middle_ms = _STEP_MS * round(float(np.median(any_ms)) / _STEP_MS)
    at_ms = middle_ms + np.arange(-_REACH_MS, _REACH_MS + 1, _STEP_MS)

    # Everywhere for the likeliest pair, for the others where that shows that it may matter.
    spreads2, log_spreads = _SPREADS_MS**2, np.log(_spread_prior())
    likeliest = own[0][0], own[1][0]
    of_likeliest: list[_Array] = []
    for spread2, log_spread in zip(spreads2, log_spreads, strict=True):
        follows_set, otherwise, astray = _parts(likeliest, of_any, follows[0], at_ms, spread2)
        of_likeliest.append(log_spread + _log_product(follows_set + otherwise + astray))
    apart = round(float(np.ptp(np.median(own_ms, axis=1))) / _STEP_MS)  # of pairs' lags, steps
    found: list[tuple[slice, _Array, _Array]] = []  # log probability and mean lag, (pairs, lags)
    for spread2, log_spread, lags in zip(
        spreads2, log_spreads, _that_matter(np.array(of_likeliest), apart), strict=True
    ):
        at = at_ms[lags], spread2
        follows_set, otherwise, astray = _parts(own, of_any, follows, *at)
        density = follows_set + otherwise + astray
        drawn_ms = follows_set * _drawn(own, *at) + otherwise * _drawn(of_any, *at)
        drawn_ms += astray * at[0]
        log_joint = log_pairs[:, None] + log_spread + _log_product(density)
        found.append((lags, log_joint, (drawn_ms / density).mean(axis=-2)))
    highest = max(float(log_joint.max(initial=-np.inf)) for _, log_joint, _ in found)
    probability, mean_ms = np.zeros(len(at_ms)), 0.0
    for lags, log_joint, drawn_ms in found:
        joint = np.exp(np.maximum(log_joint - highest, _LOG_NOTHING))
        mean_ms += float((joint * drawn_ms).sum())
        probability[lags] += joint.sum(axis=0)
    mean_ms /= probability.sum()  # of these repetitions
    common = Distribution(at_ms, probability / probability.sum())
    return Distribution(at_ms + mean_ms - common.median, common.probability)


def known(lag_ms: float) -> Rep:
    """Return a lag that does not depend on rises, as if it were known to a step."""
    nothing, exact = np.zeros(N_MODELS), np.full(N_MODELS, _STEP_MS**2 / 24)
    return OnsetByRise(nothing, nothing + lag_ms, exact), OnsetByRise(nothing, nothing, exact)


def _likelihood(rep: Rep, trust: float = 1.0) -> _Array:
    """Return a repetition's relative likelihood of every pair of rises, (left, right)."""
    of_left, of_right = (
        np.exp(trust * (onset.log_evidence - onset.log_evidence.max())) for onset in rep
    )
    return of_left[:, None] * of_right


def _of_any_rise(rep: Rep) -> tuple[float, float]:
    """Return mean and variance of a repetition's lag, rises summed out."""
    weight = _likelihood(rep) * pairs_of_rises()
    weight /= weight.sum()
    of_sides = weight.sum(axis=1), weight.sum(axis=0)
    means_ms = [float(w @ onset.mean_ms) for w, onset in zip(of_sides, rep, strict=True)]
    apart = [onset.mean_ms - mean for onset, mean in zip(rep, means_ms, strict=True)]
    variance = sum(
        float(w @ (onset.variance_ms2 + away_ms**2))
        for w, onset, away_ms in zip(of_sides, rep, apart, strict=True)
    )
    return means_ms[0] - means_ms[1], variance - 2 * float(apart[0] @ weight @ apart[1])


def _likely_pairs(reps: Sequence[Rep]) -> tuple[NDArray[np.intp], _Array, _Array]:
    """Return the pairs of rises that the set makes likely.

    Which, (k,); their log probability, (k,), the largest 0; and the probability that a repetition
    rises so if the set does, (k, reps, 1).
    """
    prior = pairs_of_rises().ravel()
    log_pairs = np.log(prior)
    of_reps: list[tuple[NDArray[np.float32], float]] = []
    for rep in reps:
        like = (1 - SURPRISE) * _likelihood(rep, TRUST).ravel()
        unlike = SURPRISE * float(like @ prior) / (1 - SURPRISE)
        log_pairs += np.log(like + unlike)
        of_reps.append((np.asarray(like, np.float32), unlike))
    order = np.argsort(log_pairs)[::-1][:_PAIRS]
    log_likely = log_pairs[order] - log_pairs[order[0]]
    weight = np.cumsum(np.exp(log_likely))
    pairs = order[: int(np.searchsorted(weight, _OF_ALL * weight[-1])) + 1]
    follows = [like[pairs] / (like[pairs] + unlike) for like, unlike in of_reps]
    return pairs, log_likely[: len(pairs)], np.stack(follows, axis=1)[..., None]


def _that_matter(log_joint: _Array, apart: int) -> list[slice]:
    """Return, for every spread, the lags that may have any probability to speak of.

    Given that of one pair of rises, (spreads, lags); of others the lags are up to ``apart`` steps
    away, and the spread is the next smaller or larger one.
    """
    beside = np.pad(log_joint, ((1, 1), (0, 0)), constant_values=-np.inf)
    near = np.maximum(np.maximum(beside[:-2], beside[2:]), log_joint)
    least = log_joint.max() + np.log(_NEGLIGIBLE)
    matter = [np.flatnonzero(of_spread > least) for of_spread in near]
    return [
        slice(max(0, lags[0] - apart), lags[-1] + apart + 1) if len(lags) else slice(0, 0)
        for lags in matter
    ]


def _density(own: _Lags, lag_ms: _Array, spread2: float) -> _Array:
    """Return the density of what repetitions say if the common lag and the spread were so.

    Means and variances are (..., reps, 1), common lags (lags,); the result (..., reps, lags).
    """
    total = own[1] + spread2
    density = np.exp(np.maximum((own[0] - lag_ms) ** 2 * (-0.5 / total), _LOG_NOTHING))
    density *= 1 / np.sqrt(2 * np.pi * total)
    return density


def _drawn(own: _Lags, lag_ms: _Array, spread2: float) -> _Array:
    """Return repetitions' lags then, drawn to the common one; shapes as for `_density`."""
    return lag_ms + (own[0] - lag_ms) * (spread2 / (own[1] + spread2))


def _parts(
    own: _Lags, of_any: _Lags, follows: _Array, lag_ms: _Array, spread2: float
) -> tuple[_Array, _Array, float]:
    """Return densities of repetitions that rise as the set does, otherwise, and go astray."""
    sure = 1 - _ASTRAY
    follows_set = sure * follows * _density(own, lag_ms, spread2)
    otherwise = sure * (1 - follows) * _density(of_any, lag_ms, spread2)
    return follows_set, otherwise, _ASTRAY / _ANYWHERE_MS


def _log_product(densities: _Array) -> _Array:
    """Return the logarithms of products over repetitions, (..., reps, lags) → (..., lags)."""
    # Each is at least 4e-5, so that so many of them are far from what a float cannot hold.
    starts = np.arange(0, densities.shape[-2], 32)
    return np.log(np.multiply.reduceat(densities, starts, axis=-2)).sum(axis=-2)


def _spread_prior() -> NDArray[np.float64]:
    density = 1 / (1 + (_SPREADS_MS / _USUAL_SPREAD_MS) ** 2)
    weight = density * np.gradient(_SPREADS_MS)
    return np.asarray(weight / weight.sum(), np.float64)
