"""The lag of a set from the posteriors of its repetitions: a random-effects model.

Each repetition has a lag of its own, which the body spreads about the person's by an unknown
amount, and which is known only as well as its posterior says. Summing both out is the product of
the repetitions' posteriors, each widened by the body's spread, averaged over how large that spread
may be (DerSimonian and Laird 1986 in its Bayesian form; Gelman 2006 for the prior of the spread).
Sharp repetitions count for more, and one onset in the wrong place does not move the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from glutesym.measures import Distribution

_SPREADS_MS = (0.5, 2.0, 4.0, 6.0, 8.0, 11.0, 15.0, 20.0, 28.0, 40.0, 60.0)
_USUAL_SPREAD_MS = 20.0  # half of all spreads are smaller (half-Cauchy)
_ASTRAY = 0.03  # probability that a repetition's onsets are not those of the set's movement


def set_lag(reps: Sequence[Distribution]) -> Distribution:
    """Return the posterior of the lag that repetitions have in common.

    Parameters
    ----------
    reps : sequence of Distribution
        Of each repetition's lag, ms, all on one grid; at least one.

    Returns
    -------
    Distribution
        On the same grid.
    """
    at_ms = reps[0].at
    own = np.stack([rep.probability for rep in reps])
    own = (1 - _ASTRAY) * own + _ASTRAY / len(at_ms)
    widen = _widen(len(at_ms), float(at_ms[1] - at_ms[0]))
    log_given_spread = np.log(np.maximum(own @ widen, 1e-300)).sum(axis=1)  # (spreads, n)
    log_given_spread += np.log(_spread_prior())[:, None]
    probability = np.exp(log_given_spread - log_given_spread.max()).sum(axis=0)
    return Distribution(at_ms, probability / probability.sum())


def narrow(lag_ms: float, at_ms: NDArray[np.float64]) -> Distribution:
    """Return a lag without a posterior of its own as a distribution of one step's width."""
    step_ms = at_ms[1] - at_ms[0]
    probability = np.maximum(1 - np.abs(at_ms - lag_ms) / step_ms, 0.0)
    return Distribution(at_ms, probability / probability.sum())


@lru_cache(maxsize=2)
def _widen(n: int, step_ms: float) -> NDArray[np.float64]:
    """Return what adds each of the spreads to a distribution, (spreads, n, n)."""
    apart_ms = step_ms * (np.arange(n)[:, None] - np.arange(n))
    kernels = [np.exp(-0.5 * (apart_ms / spread_ms) ** 2) for spread_ms in _SPREADS_MS]
    return np.stack([kernel / kernel[n // 2].sum() for kernel in kernels])


def _spread_prior() -> NDArray[np.float64]:
    spreads_ms = np.array(_SPREADS_MS)
    density = 1 / (1 + (spreads_ms / _USUAL_SPREAD_MS) ** 2)
    weight = density * np.gradient(spreads_ms)
    return np.asarray(weight / weight.sum(), np.float64)
