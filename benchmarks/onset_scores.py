"""How good onsets are: of one set, and of many sets together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glutesym.measures import SIDES
from glutesym.virtual.scenarios.base import Truth

Array = NDArray[np.float64]

HIT_MS = 150.0  # an onset further from the truth is none: one missed and one false


@dataclass(frozen=True)
class Found:
    """One detector's onsets of one set. NaN: nothing found."""

    error_ms: Array  # (reps, sides)
    false: int
    set_lag_error_ms: float
    inside: Array  # (reps, sides): 1 where the stated interval holds the truth, 0 where not
    lag_inside: Array  # (reps,): the same of the 90 % interval of a repetition's lag
    set_lag_inside: float

    @classmethod
    def of(
        cls,
        truth: Truth,
        onset_s: Array,
        set_lag_ms: float | None = None,
        inside: Array | None = None,
        lag_inside: Array | None = None,
        set_lag_inside: float = np.nan,
        false: int = 0,
    ) -> Found:
        """Compare with the truth; without a set lag take the median of the repetitions'."""
        true_s = np.array([[rep.onset_s[side] for side in SIDES] for rep in truth.reps])
        error_ms = 1000 * (onset_s - true_s)
        hit = np.abs(error_ms) <= HIT_MS
        if set_lag_ms is None:
            lag_ms = 1000 * (onset_s[:, 0] - onset_s[:, 1])
            seen = lag_ms[hit.all(axis=1)]
            set_lag_ms = float(np.median(seen)) if len(seen) else np.nan
        return cls(
            error_ms=np.where(hit, error_ms, np.nan),
            false=false + int((np.isfinite(error_ms) & ~hit).sum()),
            set_lag_error_ms=set_lag_ms - (truth.lag_ms or 0.0),
            inside=np.full_like(error_ms, np.nan) if inside is None else inside,
            lag_inside=np.full(len(error_ms), np.nan) if lag_inside is None else lag_inside,
            set_lag_inside=set_lag_inside,
        )

    def where(self, other: Found) -> Found:
        """Return those onsets that another detector found, too."""
        return replace(self, error_ms=np.where(np.isfinite(other.error_ms), self.error_ms, np.nan))


@dataclass(frozen=True)
class Score:
    """Many sets of one detector."""

    recall_pct: float
    precision_pct: float
    onset_median_ms: float  # of the absolute error, as all that are not called bias or SD
    onset_mae_ms: float
    onset_bias_ms: float
    rep_lag_median_ms: float
    rep_lag_p95_ms: float
    rep_lag_sd_ms: float
    set_lag_median_ms: float
    set_lag_rms_ms: float
    set_lag_bias_ms: float
    inside_pct: float
    lag_inside_pct: float
    set_lag_inside_pct: float

    @classmethod
    def of(cls, sets: Sequence[Found]) -> Score:
        """Pool the onsets of some sets."""
        error_ms = np.concatenate([found.error_ms for found in sets])
        inside = np.concatenate([found.inside for found in sets])
        lag_inside = np.concatenate([found.lag_inside for found in sets])
        hits, false = np.isfinite(error_ms).sum(), sum(found.false for found in sets)
        rep_lag_ms = _finite(error_ms[:, 0] - error_ms[:, 1])
        set_lag_ms = _finite(np.array([found.set_lag_error_ms for found in sets]))
        set_inside = _finite(np.array([found.set_lag_inside for found in sets]))
        onset_ms = _finite(error_ms)
        return cls(
            recall_pct=100 * hits / error_ms.size,
            precision_pct=100 * hits / (hits + false) if hits + false else np.nan,
            onset_median_ms=_of(np.median, np.abs(onset_ms)),
            onset_mae_ms=_of(np.mean, np.abs(onset_ms)),
            onset_bias_ms=_of(np.mean, onset_ms),
            rep_lag_median_ms=_of(np.median, np.abs(rep_lag_ms)),
            rep_lag_p95_ms=_of(lambda x: np.percentile(x, 95), np.abs(rep_lag_ms)),
            rep_lag_sd_ms=_of(np.std, rep_lag_ms),
            set_lag_median_ms=_of(np.median, np.abs(set_lag_ms)),
            set_lag_rms_ms=float(np.sqrt(_of(np.mean, set_lag_ms**2))),
            set_lag_bias_ms=_of(np.mean, set_lag_ms),
            inside_pct=100 * _of(np.mean, _finite(inside)),
            lag_inside_pct=100 * _of(np.mean, _finite(lag_inside)),
            set_lag_inside_pct=100 * _of(np.mean, set_inside),
        )

    @property
    def counts(self) -> bool:
        """Whether few enough are missed and false for its errors to mean something."""
        return self.recall_pct >= 95 and self.precision_pct >= 95


def _finite(values: Array) -> Array:
    return values[np.isfinite(values)]


def _of(function: object, values: Array) -> float:
    return float(function(values)) if len(values) else np.nan  # type: ignore[operator]
