"""Onset times and their lag from both sides' evidence together, learning how the muscles rise.

One contraction hardly tells a slow rise that began early from a fast one that began late; ten do.
And both sides rise by much the same law, often in much the same time, so an error of the rise
shifts both onsets alike: it is no error of the lag. The lag's posterior is the cross-correlation
of the two onsets' posteriors, model of the rise by model, summed over the models.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.onsets import GRID_S, LAWS, RISES_S, EdgeEvidence
from glutesym.measures import Distribution, OnsetByRise

MAX_SD_S = 0.04  # an edge less certain than this is not reported
N_MODELS = len(RISES_S) * len(LAWS)  # of how a muscle rises

_FADE = 0.97  # repetitions remembered: about thirty
TRUST = 0.8  # in evidence of rises: the resting level has an error that all repetitions share
_ALIKE = 0.4  # probability that both sides rise in the same time ...
_SAME_LAW = 0.9  # ... and by the same law
SURPRISE = 0.03  # probability that a contraction rises unlike those before it
_WINDOWS = (0.25, 0.5, 0.25)  # rows of 16 ms know a sudden onset no better than this, in GRID_S
_AT_THE_END = 0.05  # more probability than this at the ends of what was searched: not determined


@dataclass(frozen=True)
class Edge:
    """An onset or offset; session time."""

    time_s: float  # median of the posterior
    sd_s: float
    ci_low_s: float  # 95 % credible interval
    ci_high_s: float


@dataclass(frozen=True)
class Rises:
    """How one side's muscle rises in this exercise, learned from one repetition to the next."""

    log_weight: NDArray[np.float64] = field(default_factory=lambda: np.zeros(N_MODELS))

    def weight(self) -> NDArray[np.float64]:
        """Return the relative weight of each model, (n_models,)."""
        weight = np.exp(TRUST * (self.log_weight - self.log_weight.max()))
        return np.maximum(weight / weight.sum(), 1e-30)

    def after(self, evidence: EdgeEvidence | None) -> Rises:
        """Return the knowledge after one more contraction; old ones fade."""
        if evidence is None:
            return self
        new = evidence.log_rises
        return Rises(_FADE * self.log_weight + new - new.max())


_NOTHING = Rises()


def time_onsets(
    left: EdgeEvidence | None,
    right: EdgeEvidence | None,
    rises: tuple[Rises, Rises] = (_NOTHING, _NOTHING),
) -> tuple[Edge | None, Edge | None, Distribution | None]:
    """Return both sides' onsets and the lag between them.

    Parameters
    ----------
    left, right : EdgeEvidence or None
        None: nothing is known of that side; the other one is timed alone.
    rises : (left, right)
        What earlier contractions taught.

    Returns
    -------
    left, right : Edge or None
        None where the onset is not determined.
    lag : Distribution or None
        Onset left − onset right, ms; None unless both onsets are determined.
    """
    prior = _pair_prior(*rises)
    of_left = left.likelihood.sum(axis=0) if left else np.ones(len(prior))
    of_right = right.likelihood.sum(axis=0) if right else np.ones(len(prior))
    left_edge = _edge(left, prior @ of_right)
    right_edge = _edge(right, of_left @ prior)
    if left is None or right is None or left_edge is None or right_edge is None:
        return left_edge, right_edge, None
    joint = left.likelihood @ prior @ right.likelihood.T
    return left_edge, right_edge, _lag(joint, left.first - right.first)


def time_offset(evidence: EdgeEvidence | None) -> Edge | None:
    """Return an offset from evidence that is time reversed; None when it is not determined."""
    if evidence is None:
        return None
    edge = _edge(evidence, np.ones(1))
    return edge and Edge(-edge.time_s, edge.sd_s, -edge.ci_high_s, -edge.ci_low_s)


def onset_by_rise(evidence: EdgeEvidence) -> OnsetByRise:
    """Return an onset's evidence under each model as its sum, mean and variance."""
    times_ms = 1000 * GRID_S * np.arange(len(evidence.likelihood))
    total = np.maximum(evidence.likelihood.sum(axis=0), 1e-300)
    mean_ms = (times_ms @ evidence.likelihood) / total
    around = (times_ms[:, None] - mean_ms) ** 2
    variance = (around * evidence.likelihood).sum(axis=0) / total + (1000 * GRID_S) ** 2 / 12
    return OnsetByRise(np.log(total), mean_ms + 1000 * GRID_S * evidence.first, variance)


@lru_cache(maxsize=1)
def pairs_of_rises() -> NDArray[np.float64]:
    """Return how probable each pair of models is before a set, (N_MODELS, N_MODELS), sum 1."""
    lengths = _ALIKE * np.eye(len(RISES_S)) + (1 - _ALIKE) / len(RISES_S)
    laws = _SAME_LAW * np.eye(len(LAWS)) + (1 - _SAME_LAW) / len(LAWS)
    alike = np.kron(lengths, laws)
    return np.asarray(alike / alike.sum(), np.float64)


def _pair_prior(left: Rises, right: Rises) -> NDArray[np.float64]:
    """Return the probability of each pair of models, (n_models, n_models); none is ruled out."""
    before = pairs_of_rises()
    learned = before * np.outer(left.weight(), right.weight())
    prior = (1 - SURPRISE) * learned / learned.sum() + SURPRISE * before
    return np.asarray(prior, np.float64)


def _edge(evidence: EdgeEvidence | None, prior: NDArray[np.float64]) -> Edge | None:
    """Sum the models out, (n_models,) prior; None when the edge is not determined."""
    if evidence is None:
        return None
    probability = np.convolve(evidence.likelihood @ prior, _WINDOWS, "same")
    probability /= probability.sum()
    if probability[0] + probability[-1] > _AT_THE_END:
        return None
    time_s = np.asarray(GRID_S * (evidence.first + np.arange(len(probability))), np.float64)
    mean_s = float(probability @ time_s)
    sd_s = float(np.sqrt(probability @ (time_s - mean_s) ** 2))
    if sd_s > MAX_SD_S:
        return None
    low, median, high = Distribution(time_s, probability).quantiles(0.025, 0.5, 0.975)
    return Edge(median, sd_s, low, high)


def _lag(joint: NDArray[np.float64], shift: int) -> Distribution | None:
    """Return the sums along the diagonals of (n_left, n_right) onset times."""
    n_left, n_right = joint.shape
    width = n_left + n_right
    skewed = np.zeros((n_right, width + 1))
    skewed[:, :n_left] = joint.T[::-1]
    # A row later is one right onset earlier. Cut anew one shorter, each row moves on by one: equal
    # lags come to stand in one column.
    sums = skewed.ravel()[: n_right * width].reshape(n_right, width).sum(axis=0)
    lags = np.arange(width) - (n_right - 1) + shift
    total = sums.sum()
    return Distribution(1000 * GRID_S * lags, sums / total) if total > 0 else None
