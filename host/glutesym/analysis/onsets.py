"""When a muscle starts and stops: burst detection, then the posterior of a ramp change-point.

A threshold crosses late on a slow rise and earlier the higher the signal-to-noise ratio, so
unequal sides fake a lag. Here the power in several bands is modelled instead: resting power before
the onset, a rise of unknown length and law, a plateau of unknown height after it. The likelihood
is that of power averages of Gaussian noise (Whittle 1953); height, and later length and law, are
summed out, which leaves the probability of every onset time. The end is the same problem, time
reversed.

To be fast, the evidence of every row is computed for a few levels of power; that for the power a
model expects is interpolated between them (Chebyshev nodes, barycentric: Berrut and Trefethen
2004). How models draw on levels never changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.resting import RestingLevel
from glutesym.dsp.muscle_power import ROW_S, ROWS_A_WINDOW, PowerRows
from glutesym.dsp.runs import joined, runs

GRID_S = 0.002  # of onset times: whole multiples of this, in session time
RISES_S = (
    *(0.001, 0.012, 0.024, 0.036, 0.048, 0.06, 0.072, 0.084, 0.096, 0.108),
    *(0.12, 0.135, 0.15, 0.17, 0.19, 0.21, 0.235, 0.26),
)
LAWS = (  # amplitude over the rise, x from 0 to 1
    lambda x: x,
    # Mean of raised cosine and minimum jerk (Flash and Hogan 1985), which hardly differ in shape.
    lambda x: (0.5 - 0.5 * np.cos(np.pi * x) + x**3 * (10 - 15 * x + 6 * x**2)) / 2,
    lambda x: np.sin(np.pi / 2 * x),
    lambda x: np.expm1(-3 * x) / np.expm1(-3.0),
    np.sqrt,
    np.square,
    lambda x: (np.clip(3 * x, 0, 1) + np.clip(3 * x - 2, 0, 1)) / 2,  # in two stages
)

_SMOOTH_S = 0.05  # detection statistic
_HIGH = 0.3  # of the plateau: a burst holds such power ...
_LOW = 0.06  # ... and reaches as far as this
_NOISE_SDS = 4.0  # neither threshold is closer to the resting level than this many of its SDs
_MERGE_S = 0.25  # shorter pauses do not end a burst
_MIN_BURST_S = 0.06

_BEFORE_S = 0.25  # the change-point is sought this long before the threshold crossing ...
_AFTER_S = 0.15  # ... and after it
_PLATEAU_S = 0.25  # of the burst after the latest onset is part of the evidence
_EVIDENCE_PART = 0.7  # of a short burst is used: after that it may be ending
_FLOOR = 0.002  # of the plateau's power: no rise follows a law more closely, no rest is emptier
_GAINS = (0.84, 1.0, 1.19)  # plateau power against its estimate
_ONE_GAIN = (1.0,)  # for an end, of which no lag is made
_LEAST = 0.0015  # of the plateau: levels are spaced logarithmically above this, evenly below
_NODES = np.log(_LEAST) + 0.5 * np.log1p(max(_GAINS) / _LEAST) * (
    1 - np.cos(np.pi * np.arange(11) / 10)
)  # log(level + _LEAST)
_LEVELS = np.exp(_NODES[1:]) - _LEAST  # the first is 0, which is no evidence either way
_LEAD = ROWS_A_WINDOW // 2  # rows before an onset whose windows reach beyond it
_GROUPS = (9, 13, 18)  # ends of groups of RISES_S: shorter rises need shorter templates
_NOTHING = -80.0  # log likelihood, of the highest; where floats end, exp takes ten times as long
_RULED_OUT = -30.0  # ... under every model: earlier and later times are left out


@dataclass(frozen=True)
class EdgeEvidence:
    """Relative likelihood of every time of an edge under every model of the rise."""

    first: int  # time of the first row, in units of GRID_S of session time
    likelihood: NDArray[np.float64]  # (n, n_models), the largest is 1

    @property
    def log_rises(self) -> NDArray[np.float64]:
        """Log evidence of each model of the rise, times summed out, (n_models,)."""
        return np.log(np.maximum(self.likelihood.sum(axis=0), 1e-300))


@dataclass(frozen=True)
class Burst:
    """One contraction; times are session time. An edge that nothing tells about is None."""

    start_s: float  # coarse, by threshold
    end_s: float
    onset: EdgeEvidence | None
    offset: EdgeEvidence | None  # time reversed: its times count downwards from 0; one model


def find_burst(rows: PowerRows, resting: RestingLevel, cells_a_row: float) -> Burst | None:
    """Return the strongest contraction in a stretch.

    Parameters
    ----------
    rows : PowerRows
        What lies outside belongs to other repetitions. If samples are missing within, only the
        longest whole part is searched.
    resting : RestingLevel
    cells_a_row : float
        Independent values a band and row, as `MusclePower` gives them.

    Returns
    -------
    Burst or None
        None when nothing rises above the resting level.
    """
    whole = runs(np.isfinite(rows.total))
    begin, end = max(whole, key=lambda run: run[1] - run[0], default=(0, 0))
    if (end - begin) * ROW_S < 2 * _MIN_BURST_S:
        return None
    time_s = rows.time_s[begin:end]
    relative = rows.bands[begin:end] / resting.band_power
    found = _detect(relative)
    if found is None:
        return None
    start, stop, snr = found
    n = len(time_s)
    return Burst(
        start_s=float(time_s[start]),
        end_s=float(time_s[stop - 1]),
        onset=_edge(relative, time_s, start, stop, snr, cells_a_row, for_lag=True),
        offset=_edge(
            relative[::-1], -time_s[::-1], n - stop, n - start, snr, cells_a_row, for_lag=False
        ),
    )


def _detect(relative: NDArray[np.float64]) -> tuple[int, int, NDArray[np.float64]] | None:
    """Return start, stop and the per-band power ratio of the strongest burst.

    ``relative`` is (m, n_bands): power over resting power.
    """
    snr = np.full(relative.shape[1], 1.0)
    smooth = round(_SMOOTH_S / ROW_S)
    for _ in range(2):  # first all bands alike, then each for what it tells about this muscle
        statistic = _smooth((relative - 1) @ snr / snr.sum(), smooth)
        nearly_highest = round(0.95 * (len(statistic) - 1))
        plateau = float(np.partition(statistic, nearly_highest)[nearly_highest])
        loud = statistic >= 0.5 * plateau
        snr = np.maximum(relative[loud].mean(axis=0) - 1, 0.01)
    statistic = _smooth((relative - 1) @ snr / (snr @ snr), smooth)
    # Noise of the statistic at rest: each band's mean of K cells has an SD of 1/√K, K = 50 ms/16
    # ms.
    noise_sd = float(np.sqrt(snr @ snr) / (snr @ snr)) / np.sqrt(
        _SMOOTH_S / (ROWS_A_WINDOW * ROW_S)
    )
    high = max(_HIGH, 2 * _NOISE_SDS * noise_sd)
    low = max(_LOW, _NOISE_SDS * noise_sd)
    if not statistic.max() > high:
        return None
    bursts = [
        (float(statistic[a:b].sum()), a, b)
        for a, b in joined(runs(statistic > low), _MERGE_S / ROW_S)
        if statistic[a:b].max() > high and (b - a) * ROW_S >= _MIN_BURST_S
    ]
    if not bursts:
        return None
    _, start, stop = max(bursts)
    return start, stop, snr


def _edge(
    relative: NDArray[np.float64],
    time_s: NDArray[np.float64],
    start: int,
    stop: int,
    snr: NDArray[np.float64],
    cells: float,
    for_lag: bool,
) -> EdgeEvidence | None:
    """Return the evidence of the change-point near the ``start`` of a burst."""
    gains = _GAINS if for_lag else _ONE_GAIN
    plateau = round(_PLATEAU_S / ROW_S)
    middle = (start + stop) // 2
    first = max(0, start - round(_BEFORE_S / ROW_S))
    last = min(start + round(_AFTER_S / ROW_S), middle)  # latest onset
    end = min(last + plateau, start + round(_EVIDENCE_PART * (stop - start)))  # of the evidence
    if last - first < 3 or end - last < 3:
        return None
    offered = slice(max(first - _LEAD, 0), end)
    relative = (relative[offered] + _FLOOR * snr) / (1 + _FLOOR * snr)
    snr = snr / (1 + _FLOOR * snr)
    risen = relative[(start + end) // 2 - offered.start :].mean(axis=0) - 1
    local = max(float(risen @ snr / (snr @ snr)), 0.1)  # plateau here against the whole burst
    # Evidence relative to "still at rest" of a value r at power ratio q: r·q/(1+q) − ln(1+q).
    q = np.outer(snr, local * _LEVELS)
    of_levels = cells * (relative @ (q / (1 + q)) - np.log1p(q).sum(axis=0))
    n_onsets = last - first
    # After a template's end: the plateau.
    q = np.outer(snr, local * np.array(gains))
    of_gains = cells * (relative @ (q / (1 + q)) - np.log1p(q).sum(axis=0))
    after = np.concatenate((np.zeros((1, len(gains))), np.cumsum(of_gains, axis=0)))
    skipped = offered.start - (first - _LEAD)
    evidence: list[NDArray[np.float32]] = []
    for rows, models in _models(gains):
        padded = np.zeros((n_onsets + rows - 1, len(_LEVELS)), np.float32)
        known = of_levels[: len(padded) - skipped]
        padded[skipped : skipped + len(known)] = known
        windows = np.lib.stride_tricks.as_strided(
            padded, (n_onsets, rows * len(_LEVELS)), padded.strides, writeable=False
        )
        by_model = (windows.copy() @ models).reshape(n_onsets, len(gains), -1)
        from_ = np.minimum(np.arange(first, last) - _LEAD + rows, end) - offered.start
        by_model += (after[-1] - after[from_]).astype(np.float32)[..., None]
        evidence.append(by_model)
    by_model = np.concatenate(evidence, axis=2)
    likelihood = np.exp(np.maximum(by_model - by_model.max(), _NOTHING)).sum(axis=1)
    if not for_lag:
        likelihood = likelihood.sum(axis=1, keepdims=True)
    log = np.log(likelihood)
    possible = np.flatnonzero(log.max(axis=1) > log.max() + _RULED_OUT)
    kept = slice(max(possible[0] - 1, 0), possible[-1] + 2)
    return _on_grid(time_s[first:last][kept], log[kept])


def _on_grid(time_s: NDArray[np.float64], log_likelihood: NDArray[np.float32]) -> EdgeEvidence:
    """Return the likelihood at whole multiples of GRID_S, by cubics through four rows.

    Rows are closer together than their windows are long: what is between them is smooth.
    """
    n = len(log_likelihood)
    step_s = (time_s[-1] - time_s[0]) / (n - 1)
    first = int(np.ceil(time_s[0] / GRID_S))
    last = int(np.floor(time_s[-1] / GRID_S))
    at = (np.arange(first, last + 1) * GRID_S - time_s[0]) / step_s
    left = np.clip(at.astype(np.int64), 0, n - 2)
    x = (at - left).astype(np.float32)
    weights = (  # Lagrange, of the rows at -1, 0, 1 and 2
        -x * (x - 1) * (x - 2) / 6,
        (x + 1) * (x - 1) * (x - 2) / 2,
        -(x + 1) * x * (x - 2) / 2,
        (x + 1) * x * (x - 1) / 6,
    )
    log = np.zeros((len(at), log_likelihood.shape[1]), np.float32)
    for weight, row in zip(weights, range(-1, 3), strict=True):
        log += log_likelihood.take(left + row, axis=0, mode="clip") * weight[:, None]
    return EdgeEvidence(first, np.exp(log - log.max()).astype(np.float64))


def _smooth(x: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Centred moving average, shorter at the ends."""
    summed = np.concatenate(([0.0], np.cumsum(x)))
    first = np.maximum(np.arange(len(x)) - n // 2, 0)
    last = np.minimum(np.arange(len(x)) - n // 2 + n, len(x))
    return (summed[last] - summed[first]) / (last - first)


@lru_cache(maxsize=2)
def _models(gains: tuple[float, ...]) -> list[tuple[int, NDArray[np.float32]]]:
    """Return how gain and rise draw on levels, rises of about one length together.

    Rows of their templates, and (rows · n_levels, gains · models).
    """
    signs = np.where(np.arange(len(_NODES)) % 2, -1.0, 1.0)
    signs[[0, -1]] *= 0.5
    models: list[tuple[int, NDArray[np.float32]]] = []
    for first, last in pairwise((0, *_GROUPS)):
        rows = 2 * _LEAD + round(RISES_S[last - 1] / ROW_S) + 1
        wanted = _templates(RISES_S[first:last], rows) * np.array(gains)[:, None, None]
        apart = np.log(wanted + _LEAST)[..., None] - _NODES  # (gains, models, rows, nodes)
        weight = signs / np.where(np.abs(apart) < 1e-9, 1e-9, apart)
        weight = (weight / weight.sum(axis=-1, keepdims=True))[..., 1:]
        matrix = weight.transpose(2, 3, 0, 1).reshape(rows * len(_LEVELS), -1)
        models.append((rows, matrix.astype(np.float32)))
    return models


def _templates(rises_s: tuple[float, ...], rows: int) -> NDArray[np.float64]:
    """Return relative power over time for every model of some rises, (n_models, rows).

    Smeared by the Hann window as the data are.
    """
    fine = 16
    step_s = ROW_S / fine
    half = round(ROWS_A_WINDOW * ROW_S / 2 / step_s)
    kernel = np.hanning(2 * half + 1) ** 2
    kernel /= kernel.sum()
    t = np.arange(-_LEAD * fine - half, (rows - _LEAD) * fine + half) * step_s
    return np.array(
        [
            np.convolve(law(np.clip(t / rise_s, 0, 1)) ** 2, kernel, "valid")[::fine][:rows]
            for rise_s in rises_s
            for law in LAWS
        ]
    )
