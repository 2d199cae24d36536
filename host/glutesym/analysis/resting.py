"""What a quiet muscle reads: noise, hum and tone, found without being told where it rests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glutesym.dsp.runs import runs
from glutesym.dsp.spectrogram import spectrogram

_BLOCK_S = 0.1
_LOUDER = (
    1.6  # a quiet block's power stays below this times the mean: 4 SD of 2·430 Hz·0.1 s values
)
_QUIETEST = 0.05  # the part of a stretch of exercise in which the muscle is surely at rest
_MIN_QUIET_S = 0.3


@dataclass(frozen=True)
class RestingLevel:
    """The resting muscle of one side."""

    rms_uv: float  # 20–450 Hz
    band_power: NDArray[np.float64]  # (n_bands,) as dsp.spectrogram gives it
    quiet_s: float  # how much rest it was taken from


def resting_level(band_uv: NDArray[np.float64], fs_hz: float) -> RestingLevel | None:
    """Find the quiet stretches of a signal and return their level.

    Starts from the quietest blocks of 0.1 s and adds blocks until the next one would be louder
    than noise of that level can be. Blocks beside a loud one are left out: a burst begins there.

    Parameters
    ----------
    band_uv : (n,) band-passed; NaN where missing or unusable
    fs_hz : float

    Returns
    -------
    RestingLevel or None
        None when less than 0.3 s of rest are found.
    """
    spectra = spectrogram(band_uv, fs_hz, hop_s=0.008)
    per_block = round(_BLOCK_S / spectra.hop_s)
    n_blocks = len(spectra.power) // per_block
    if n_blocks == 0:
        return None
    bands = spectra.power[: n_blocks * per_block].reshape(n_blocks, per_block, -1).mean(axis=1)
    total = bands.sum(axis=1)
    known = np.isfinite(total) & (total > 0)
    if not known.any():
        return None
    level = 1.2 * float(np.quantile(total[known], _QUIETEST))
    for _ in range(20):
        quiet = known & (total < _LOUDER * level)
        level = float(total[quiet].mean())
    quiet = known & (total < _LOUDER * level)
    inner = quiet.copy()
    for start, stop in runs(known & ~quiet):
        inner[max(0, start - 1) : stop + 1] = False
    chosen = inner if inner.sum() * _BLOCK_S >= _MIN_QUIET_S else quiet
    quiet_s = float(chosen.sum() * per_block * spectra.hop_s)
    if quiet_s < _MIN_QUIET_S:
        return None
    block_samples = per_block * spectra.hop_s * fs_hz
    samples = np.concatenate(
        [
            band_uv[round(k * block_samples) : round((k + 1) * block_samples)]
            for k in np.flatnonzero(chosen)
        ]
    )
    return RestingLevel(
        rms_uv=float(np.sqrt(np.nanmean(samples**2))),
        band_power=bands[chosen].mean(axis=0),
        quiet_s=quiet_s,
    )
