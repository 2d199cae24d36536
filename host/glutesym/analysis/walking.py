"""Whether a movement is of walking about: steps give a beat to the force on the pods."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.gravity import GRID_HZ

LOOK_BACK_S = 1.2  # a movement is looked at from so long before its start ...
LOOK_ON_S = 0.8  # ... to so long after its end

_STRIDE_DEG = 22.0  # what is smaller ...
_STRIDES_S = 3.5  # ... and shorter may be strides, ...
_STRIDE_S = 1.45  # ... at most one if shorter than this
_ALIKE = 0.7  # of the usual length: a repetition like those before it
_STEPS_HZ = (1.4, 2.3)  # cadences of walking: 1.4 to 2.2 steps/s (Murray 1967: 1.9)
_STEP_G = 0.05  # steps shake the body by more than this (RMS)
_BEAT_STEP_S = 0.24  # from one stretch that is looked at to the next


def may_be_walking(size_deg: float, long_s: float) -> bool:
    """Say whether an excursion is as small and short as strides are."""
    return size_deg < _STRIDE_DEG and long_s < _STRIDES_S


def is_walking(strength_g: NDArray[np.float64], long_s: float, usual_s: float) -> bool:
    """Say whether an excursion that may be walking is.

    Parameters
    ----------
    strength_g : (n, 2) array
        How strong the force on either pod was, at ``GRID_HZ``, from ``LOOK_BACK_S`` before the
        excursion on; NaN: unknown.
    long_s : float
        How long it took.
    usual_s : float
        How long the repetitions before it took; 0: not known.
    """
    if _has_beat(strength_g, _LONG_BEAT):
        return True
    # A quick repetition looks much like a step or three, but is like those before it.
    alike = usual_s and long_s > _ALIKE * usual_s
    return long_s < _STRIDE_S and not alike and _has_beat(strength_g, _BEAT)


@dataclass(frozen=True)
class _Beat:
    """What the force on a pod is like for a while in walking."""

    long_s: float
    share: float  # of the power that is in the beat of the steps

    @cached_property
    def waves(self) -> NDArray[np.float64]:
        """Orthonormal waves without a mean as columns, two for each cadence."""
        t_s = np.arange(round(self.long_s * GRID_HZ)) / GRID_HZ
        pairs: list[NDArray[np.float64]] = []
        for step_hz in np.arange(*_STEPS_HZ, 0.1):
            phase = 2 * np.pi * step_hz * t_s
            waves = np.column_stack((np.cos(phase), np.sin(phase)))
            pairs.append(np.linalg.qr(waves - waves.mean(axis=0))[0])
        return np.hstack(pairs)


_BEAT = _Beat(1.5, 0.75)
_LONG_BEAT = _Beat(2.0, 0.75)


def _has_beat(strength_g: NDArray[np.float64], beat: _Beat) -> bool:
    """Whether the force on the pods, (n, 2), has the beat of steps anywhere."""
    known = np.isfinite(strength_g)
    mean_g = np.where(known, strength_g, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    mean_g = mean_g[known.any(axis=1)]
    n = len(beat.waves)
    if len(mean_g) < n:
        return False
    windows = np.lib.stride_tricks.sliding_window_view(mean_g, n)[:: round(_BEAT_STEP_S * GRID_HZ)]
    windows = windows - windows.mean(axis=1, keepdims=True)
    power = np.sum(windows**2, axis=1)
    of_steps = np.sum((windows @ beat.waves).reshape(len(windows), -1, 2) ** 2, axis=2)
    return bool(np.any((power > _STEP_G**2 * n) & (of_steps.max(axis=1) > beat.share * power)))
