"""When a muscle starts and stops: burst detection, then the posterior of a ramp change-point.

A threshold crosses late on a slow rise and earlier the higher the signal-to-noise ratio, so
unequal sides fake a lag. Here the power in several bands is modelled instead: resting power before
the onset, a rise of unknown length and shape, a plateau of unknown height after it. Rise, shape
and height are summed out (Bayesian change-point; the likelihood is that of power averages of
Gaussian noise, Whittle 1953), which leaves the probability of every onset time. The end is the
same problem, time reversed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from glutesym.analysis.resting import RestingLevel
from glutesym.dsp.runs import runs
from glutesym.dsp.spectrogram import WINDOW_S, spectrogram

HOP_S = 0.002
MAX_SD_S = 0.04  # an edge less certain than this is not reported

_SMOOTH_S = 0.05  # detection statistic
_HIGH = 0.3  # of the plateau: a burst holds such power ...
_LOW = 0.06  # ... and reaches as far as this
_NOISE_SDS = 4.0  # neither threshold is closer to the resting level than this many of its SDs
_MERGE_S = 0.25  # shorter pauses do not end a burst
_MIN_BURST_S = 0.06

_REACH_S = 0.3  # the change-point is sought this far around the threshold crossing
_PLATEAU_S = 0.25  # of the burst after the latest onset is part of the evidence
_RISES_S = (0.005, 0.02, 0.035, 0.055, 0.08, 0.11, 0.15, 0.2, 0.26)
_GAINS = (0.63, 0.8, 1.0, 1.25, 1.6)  # plateau power against its estimate
_SHAPES = (  # amplitude over the rise, x from 0 to 1
    lambda x: x,
    lambda x: 0.5 - 0.5 * np.cos(np.pi * x),
    lambda x: np.expm1(-3 * x) / np.expm1(-3.0),
)
_FADE = 0.9  # repetitions remembered: about ten
_TRUST = 0.6  # in this memory: the resting level has an error that all repetitions share
_ALIKE = 0.8  # probability that both sides rise in the same time
_SURPRISE = 0.05  # probability that a contraction rises unlike those before it
_EVIDENCE_PART = 0.7  # of a short burst is used: after that it may be ending


@dataclass(frozen=True)
class Edge:
    """An onset or offset."""

    time_s: float  # median of the posterior
    sd_s: float
    ci_low_s: float  # 95 % credible interval
    ci_high_s: float


@dataclass(frozen=True)
class Rises:
    """How one side's muscle rises in this exercise, learned from one repetition to the next.

    One contraction hardly tells a slow rise that began early from a fast one that began late; ten
    do.
    """

    log_weight: NDArray[np.float64] = field(  # (lengths, shapes)
        default_factory=lambda: np.zeros((len(_RISES_S), len(_SHAPES)))
    )

    def prior(self, other: Rises) -> NDArray[np.float64]:
        """Return the probability of each rise model, (n_models,); no model is ever ruled out.

        ``other`` is the other side. Both are taken to rise by the same law, and in the same time
        unless the data say otherwise: an error that both onsets share is no error of the lag.
        """
        lengths = len(_RISES_S)
        alike = _ALIKE * np.eye(lengths) + (1 - _ALIKE) / lengths
        weight = self._likelihood() * (alike @ other._likelihood())
        return ((1 - _SURPRISE) * weight / weight.sum() + _SURPRISE / weight.size).ravel()

    def _likelihood(self) -> NDArray[np.float64]:
        likelihood = np.exp(_TRUST * (self.log_weight - self.log_weight.max()))
        return np.maximum(likelihood, 1e-100)

    def after(self, log_evidence: NDArray[np.float64]) -> Rises:
        """Return the knowledge after one more contraction; old ones fade."""
        new = (log_evidence - log_evidence.max()).reshape(self.log_weight.shape)
        return Rises(_FADE * self.log_weight + new)


@dataclass(frozen=True)
class Burst:
    """One contraction. An edge that the data do not determine is None."""

    start_s: float  # coarse, by threshold
    end_s: float
    onset: Edge | None
    offset: Edge | None
    rises: Rises  # what is known about onsets after this one


_NOTHING = Rises()


def find_burst(
    band_uv: NDArray[np.float64],
    fs_hz: float,
    resting: RestingLevel,
    search_s: tuple[float, float],
    rises: Rises,
    other: Rises,
) -> Burst | None:
    """Return the strongest contraction that lies at least partly within a window.

    Parameters
    ----------
    band_uv : (n,) zero-phase band-passed; NaN where missing
    fs_hz : float
    resting : RestingLevel
    search_s : (start, end)
        Seconds from the first sample. What lies outside belongs to other repetitions. If samples
        are missing within, only the longest whole stretch is searched.
    rises, other : Rises
        What earlier contractions taught about this and the other side.

    Returns
    -------
    Burst or None
        Times in seconds from the first sample; None when nothing rises above the resting level.
    """
    spectra = spectrogram(band_uv, fs_hz, HOP_S)
    inside = (spectra.time_s >= search_s[0]) & (spectra.time_s <= search_s[1])
    whole = runs(inside & np.isfinite(spectra.power).all(axis=1))
    begin, end = max(whole, key=lambda run: run[1] - run[0], default=(0, 0))
    if (end - begin) * spectra.hop_s < 2 * _MIN_BURST_S:
        return None
    time_s = spectra.time_s[begin:end]
    relative = spectra.power[begin:end] / resting.band_power
    found = _detect(relative, spectra.hop_s)
    if found is None:
        return None
    start, stop, snr = found
    cells = spectra.cells_per_value
    onset = _edge(relative, time_s, start, stop, snr, cells)
    offset = _edge(
        relative[::-1], -time_s[::-1], len(time_s) - stop, len(time_s) - start, snr, cells
    )
    return Burst(
        start_s=float(time_s[start]),
        end_s=float(time_s[stop - 1]),
        onset=onset.edge(rises.prior(other)) if onset else None,
        offset=_mirrored(offset.edge(_NOTHING.prior(_NOTHING))) if offset else None,
        rises=rises.after(onset.rise_evidence()) if onset else rises,
    )


def _detect(
    relative: NDArray[np.float64], hop_s: float
) -> tuple[int, int, NDArray[np.float64]] | None:
    """Return start, stop and the per-band power ratio of the strongest burst.

    ``relative`` is (m, n_bands): power over resting power.
    """
    snr = np.full(relative.shape[1], 1.0)
    for _ in range(2):  # first all bands alike, then each for what it tells about this muscle
        statistic = _smooth((relative - 1) @ snr / snr.sum(), round(_SMOOTH_S / hop_s))
        plateau = float(np.quantile(statistic, 0.95))
        loud = statistic >= 0.5 * plateau
        snr = np.maximum(relative[loud].mean(axis=0) - 1, 0.01)
    statistic = _smooth((relative - 1) @ snr / (snr @ snr), round(_SMOOTH_S / hop_s))
    # Noise of the statistic at rest: each band's mean of K cells has an SD of 1/√K, K = 50 ms/16
    # ms.
    noise_sd = float(np.sqrt(snr @ snr) / (snr @ snr)) / np.sqrt(_SMOOTH_S / WINDOW_S)
    high = max(_HIGH, 2 * _NOISE_SDS * noise_sd)
    low = max(_LOW, _NOISE_SDS * noise_sd)
    if not statistic.max() > high:
        return None
    merged: list[tuple[int, int]] = []
    for start, stop in runs(statistic > low):
        if merged and (start - merged[-1][1]) * hop_s < _MERGE_S:
            merged[-1] = (merged[-1][0], stop)
        else:
            merged.append((start, stop))
    bursts = [
        (float(statistic[a:b].sum()), a, b)
        for a, b in merged
        if statistic[a:b].max() > high and (b - a) * hop_s >= _MIN_BURST_S
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
) -> _Posterior | None:
    """Return the posterior of the change-point near the ``start`` of a burst."""
    hop_s = float(time_s[1] - time_s[0])
    reach, plateau = round(_REACH_S / hop_s), round(_PLATEAU_S / hop_s)
    middle = (start + stop) // 2
    first = max(0, start - reach)
    last = min(start + reach, middle)  # latest onset
    end = min(last + plateau, start + round(_EVIDENCE_PART * (stop - start)))  # of the evidence
    if last - first < 3 or end - last < 3:
        return None
    risen = relative[(start + end) // 2 : end].mean(axis=0) - 1
    local = max(float(risen @ snr / (snr @ snr)), 0.1)  # plateau here against the whole burst
    templates, lead = _templates(hop_s)
    n_template = templates.shape[1]
    # Evidence relative to "still at rest" of a value r at power ratio q: r·q/(1+q) − ln(1+q).
    gains = local * np.array(_GAINS)
    ratio = (gains[:, None, None] * templates).reshape(-1, n_template)
    q = ratio[:, :, None] * snr  # (n_gains * n_models, n_template, n_bands)
    gain = cells * q / (1 + q)
    cost = -cells * np.log1p(q).sum(axis=2)
    coefficients = np.concatenate((gain, cost[:, :, None]), axis=2).astype(np.float32)
    n_onsets = last - first
    values = np.zeros((n_onsets + n_template, relative.shape[1] + 1), np.float32)
    begin = first - lead
    known = slice(max(begin, 0), min(end, begin + len(values)))
    values[known.start - begin : known.stop - begin, :-1] = relative[known]
    values[known.start - begin : known.stop - begin, -1] = 1
    windows = np.lib.stride_tricks.sliding_window_view(values[:-1], n_template, axis=0)
    windows = windows.transpose(0, 2, 1).reshape(n_onsets, -1)
    evidence = (windows @ coefficients.reshape(len(coefficients), -1).T).astype(np.float64)
    # After the template's end: the plateau.
    after = np.zeros((len(relative) + 1, relative.shape[1] + 1))
    after[1 : end + 1, :-1] = np.cumsum(relative[:end], axis=0)
    after[1 : end + 1, -1] = np.arange(1, end + 1)
    from_ = np.minimum(np.arange(first, last) - lead + n_template, end)
    evidence += (after[end] - after[from_]) @ coefficients[:, -1].T.astype(np.float64)
    by_model = evidence.reshape(n_onsets, len(_GAINS), -1)
    most = evidence.max()
    return _Posterior(time_s[first:last], np.exp(by_model - most).sum(axis=1))


@dataclass(frozen=True)
class _Posterior:
    """Relative likelihood of every onset time and rise model, plateau height summed out."""

    time_s: NDArray[np.float64]  # (n_onsets,)
    likelihood: NDArray[np.float64]  # (n_onsets, n_models)

    def rise_evidence(self) -> NDArray[np.float64]:
        """Return each rise model's log evidence, onset summed out, (n_models,)."""
        return np.log(np.maximum(self.likelihood.sum(axis=0), 1e-300))

    def edge(self, prior: NDArray[np.float64]) -> Edge | None:
        """Sum the rise models out, (n_models,) prior; None when the onset is not determined."""
        probability = self.likelihood @ prior
        probability /= probability.sum()
        mean = float(probability @ self.time_s)
        sd_s = float(np.sqrt(probability @ (self.time_s - mean) ** 2))
        if sd_s > MAX_SD_S or probability[0] + probability[-1] > 0.05:
            return None
        half_s = 0.5 * (self.time_s[1] - self.time_s[0])
        quantiles = np.interp((0.025, 0.5, 0.975), np.cumsum(probability), self.time_s + half_s)
        low, median, high = quantiles.tolist()
        return Edge(median, sd_s, low, high)


def _mirrored(edge: Edge | None) -> Edge | None:
    if edge is None:
        return None
    return Edge(-edge.time_s, edge.sd_s, -edge.ci_high_s, -edge.ci_low_s)


def _smooth(x: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Centred moving average, shorter at the ends."""
    kernel = np.ones(n)
    return np.convolve(x, kernel, "same") / np.convolve(np.ones(len(x)), kernel, "same")


@lru_cache(maxsize=8)
def _templates(hop_s: float) -> tuple[NDArray[np.float64], int]:
    """Return relative power over time for every rise and shape, and the steps before the onset.

    Amplitude laws: linear, raised cosine, saturating exponential (1 − e^−3x). Their power is
    smeared by the spectrogram's Hann window as the data are. (n_models, n_steps)
    """
    fine = 8
    step_s = hop_s / fine
    half = round(WINDOW_S / 2 / step_s)
    kernel = np.hanning(2 * half + 1) ** 2
    kernel /= kernel.sum()
    lead = -(-half // fine)
    n_steps = lead + round(max(_RISES_S) / hop_s) + lead + 1
    t = np.arange(-lead * fine - half, (n_steps - lead) * fine + half) * step_s
    models: list[NDArray[np.float64]] = []
    for rise_s in _RISES_S:
        x = np.clip(t / rise_s, 0, 1)
        for shape in _SHAPES:
            models.append(np.convolve(shape(x) ** 2, kernel, "valid")[::fine][:n_steps])
    return np.stack(models), lead
