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
    edges = np.flatnonzero(np.diff(np.concatenate(([False], condition, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
