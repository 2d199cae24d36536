"""Stretches of samples: where a condition holds without a break."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def runs(condition: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the stretches in which ``condition`` holds.

    Parameters
    ----------
    condition : (n,) bool

    Returns
    -------
    list of (start, stop)
        Sample positions, ``stop`` exclusive, in order.
    """
    if not len(condition):
        return []
    if condition.all():  # as most often
        return [(0, len(condition))]
    edges = (np.flatnonzero(condition[1:] != condition[:-1]) + 1).tolist()
    if condition[0]:
        edges.insert(0, 0)
    if condition[-1]:
        edges.append(len(condition))
    return list(zip(edges[::2], edges[1::2], strict=True))


def joined(stretches: list[tuple[int, int]], gap: float) -> list[tuple[int, int]]:
    """Return stretches, those as one that have fewer than ``gap`` samples between them.

    Parameters
    ----------
    stretches : list of (start, stop)
        As `runs` gives them: in order, without overlap.
    gap : float
        Samples.
    """
    result: list[tuple[int, int]] = []
    for start, stop in stretches:
        if result and start - result[-1][1] < gap:
            result[-1] = result[-1][0], stop
        else:
            result.append((start, stop))
    return result
