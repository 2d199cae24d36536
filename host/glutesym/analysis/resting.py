"""What a quiet muscle reads: noise, hum and tone, found without being told where it rests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glutesym.dsp.muscle_power import ROW_S, ROWS_A_BLOCK, MusclePower
from glutesym.dsp.runs import runs

_LOUDER = 1.6  # a quiet block's power stays below this times the mean: 4 SD of 0.13 s of 430 Hz
_QUIETEST = 0.05  # the part of a stretch of exercise in which the muscle is surely at rest
_MIN_QUIET_S = 0.3


@dataclass(frozen=True)
class RestingLevel:
    """The resting muscle of one side."""

    rms_uv: float  # 20–450 Hz
    band_power: NDArray[np.float64]  # (n_bands,) squared µV
    quiet_s: float  # how much rest it was taken from
    longest: slice  # samples of the longest quiet stretch


def resting_level(power: MusclePower, start_s: float, end_s: float) -> RestingLevel | None:
    """Find the quiet stretches of a signal and return their level.

    Starts from the quietest blocks of 0.13 s and adds blocks until the next one would be louder
    than noise of that level can be. Blocks beside a loud one are left out: a burst begins there.

    Parameters
    ----------
    power : MusclePower
    start_s, end_s : float
        Where to look, session time.

    Returns
    -------
    RestingLevel or None
        None when less than 0.3 s of rest are found.
    """
    bands, mean_square, sample = power.blocks_between(start_s, end_s)
    total = bands.sum(axis=1)
    known = np.isfinite(total) & (total > 0)
    if not known.any():
        return None
    quietest = int(_QUIETEST * np.count_nonzero(known))
    level = 1.2 * float(np.partition(total[known], quietest)[quietest])
    quiet = known
    for _ in range(20):
        before, quiet = quiet, known & (total < _LOUDER * level)
        if np.array_equal(before, quiet):
            break
        level = float(total[quiet].mean())
    inner = quiet.copy()
    for start, stop in runs(known & ~quiet):
        inner[max(0, start - 1) : stop + 1] = False
    block_s = ROWS_A_BLOCK * ROW_S
    chosen = inner if inner.sum() * block_s >= _MIN_QUIET_S else quiet
    if chosen.sum() * block_s < _MIN_QUIET_S:
        return None
    begin, end = max(runs(chosen), key=lambda run: run[1] - run[0])
    return RestingLevel(
        rms_uv=float(np.sqrt(mean_square[chosen].mean())),
        band_power=bands[chosen].mean(axis=0),
        quiet_s=float(chosen.sum() * block_s),
        longest=slice(int(sample[begin]), int(sample[end - 1]) + power.block_samples),
    )
