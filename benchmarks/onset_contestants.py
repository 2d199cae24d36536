"""Who finds onsets in `onsets.py`: glutesym, public detectors, the oracle."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import oracle
from onset_scores import Found
from public_detectors import Detector, detectors
from stretches import Stretch, stretches

from glutesym.measures import SIDES, Estimate, SideMeasure
from glutesym.pipeline import measure_set
from glutesym.recording import Recording
from glutesym.virtual.scenarios.base import Scenario, Truth
from glutesym.virtual.scenarios.catalog import build_scenario
from scenario_recording import record

LAWS = {
    "usual": ("linear", "raised-cosine", "exponential", "step"),
    "more": ("half-sine", "minimum-jerk", "square-root", "quadratic"),
    "unseen": ("logistic", "quarter-circle", "bent", "two-step"),
}
# The model has other steps, and the mean of raised cosine and minimum jerk.
NOT_IN_MODEL = {*LAWS["unseen"], "raised-cosine", "minimum-jerk"}
STATED_PCT = 95  # what `stated_interval` is meant to hold

Settings = dict[str, float | str]
Tuned = dict[str, tuple[dict[str, Any], float]]  # parameters and correction, by detector


@dataclass(frozen=True)
class Job:
    """One set, and who is asked."""

    settings: Settings
    seed: int
    with_oracle: bool = False
    public: tuple[str, ...] = ()
    tuned: Tuned = field(default_factory=dict)


def drawn(snr_db: float, seed: int, laws: str = "usual") -> Settings:
    """Return the settings of a set whose rises, lag and heart nobody knows; laws take turns."""
    random = np.random.default_rng((seed, 11))
    return same(snr_db, LAWS[laws][seed % len(LAWS[laws])]) | {
        "rise_left_ms": random.uniform(50, 150),
        "rise_right_ms": random.uniform(50, 150),
        "lag_ms": random.uniform(-40, 40),
        "ecg_uv": 20.0 if random.random() < 0.5 else 0.0,
    }


def same(snr_db: float, law: str, rise_ms: float = 100.0, lag_ms: float = 0.0) -> Settings:
    """Return the settings of a set whose sides are alike."""
    return {
        "symmetry_index_pct": 0.0,
        "hum_uv": 5.0,
        "lag_ms": lag_ms,
        "snr_left_db": snr_db,
        "snr_right_db": snr_db,
        "rise_left_ms": rise_ms,
        "rise_right_ms": rise_ms,
        "rise_shape": law,
    }


def scenario_of(settings: Settings, seed: int) -> Scenario:
    return build_scenario("bridge", seed=seed, **settings)


def run(job: Job) -> dict[str, Found]:
    """Ask everyone about one set."""
    scenario = scenario_of(job.settings, job.seed)
    truth, recording = scenario.truth, record(scenario)
    found = {"glutesym": ask_glutesym(recording, truth)}
    if job.with_oracle:
        found["oracle"] = ask_oracle(job)
        found["blind oracle"] = ask_oracle(job, blind=True)
    installed = {detector.name: detector for detector in detectors()} if job.public else {}
    raw = stretches(recording, truth, cancel_hum=False) if job.public else {}
    clean = stretches(recording, truth, cancel_hum=True) if job.public else {}
    for name in job.public:
        onset_s, tuned_s = np.full((2, len(truth.reps), 2), np.nan)
        for (i, side), (begin_s, stretch) in raw.items():
            at = i, SIDES.index(side)
            onset_s[at] = begin_s + _or_nan(installed[name](stretch))
            if name in job.tuned:
                parameters, late_s = job.tuned[name]
                begin_s, stretch = clean[i, side]
                tuned_s[at] = begin_s + _or_nan(installed[name](stretch, parameters)) - late_s
        found["usual " + name] = Found.of(truth, onset_s)
        if name in job.tuned:
            found["tuned " + name] = Found.of(truth, tuned_s)
    return found


def ask_glutesym(recording: Recording, truth: Truth) -> Found:
    measures = measure_set(recording)
    onset_s, inside = np.full((2, len(truth.reps), 2), np.nan)
    lag_inside = np.full(len(truth.reps), np.nan)
    spurious = list(measures.reps)
    for i, true in enumerate(truth.reps):
        overlapping = (r for r in spurious if r.start_s < true.end_s and r.end_s > true.start_s)
        rep = next(overlapping, None)
        if rep is None:
            continue
        spurious.remove(rep)
        for j, side in enumerate(SIDES):
            interval = stated_interval(rep.side(side))
            if interval is not None:
                onset_s[i, j] = rep.side(side).onset_s
                inside[i, j] = interval[0] <= true.onset_s[side] <= interval[1]
        if rep.lag_posterior is not None:
            low, high = rep.lag_posterior.quantiles(0.05, 0.95)
            lag_inside[i] = low <= 1000 * (true.onset_s["left"] - true.onset_s["right"]) <= high
    lag = measures.summary.lag_ms
    return Found.of(
        truth,
        onset_s,
        set_lag_ms=np.nan if lag.value is None else lag.value,
        inside=inside,
        lag_inside=lag_inside,
        set_lag_inside=_holds(lag, truth.lag_ms),
        false=sum(rep.side(side).onset_s is not None for rep in spurious for side in SIDES),
    )


def stated_interval(measure: SideMeasure) -> tuple[float, float] | None:
    """Return the interval that is stated for an onset, seconds; None when there is no onset."""
    if measure.onset_s is None or measure.onset_uncertainty_ms is None:
        return None
    half_s = measure.onset_uncertainty_ms / 1000
    return measure.onset_s - half_s, measure.onset_s + half_s


def ask_oracle(job: Job, blind: bool = False) -> Found:
    scenario = scenario_of(job.settings | oracle.UNDISTURBED, job.seed)
    truth = scenario.truth
    laws = next(laws for laws in LAWS.values() if job.settings["rise_shape"] in laws)
    every = oracle.posteriors(scenario, laws if blind else ())
    onset_s = np.array([[rep[side].median_s for side in SIDES] for rep in every])
    sd_s = np.array([[rep[side].sd_s for side in SIDES] for rep in every])
    inside = np.array(
        [
            [rep[side].ci_low_s <= true.onset_s[side] <= rep[side].ci_high_s for side in SIDES]
            for rep, true in zip(every, truth.reps, strict=True)
        ],
        dtype=np.float64,
    )
    lag_ms = 1000 * (onset_s[:, 0] - onset_s[:, 1])
    set_lag_ms = oracle.set_lag_ms(lag_ms, 1000 * np.hypot(*sd_s.T))
    return Found.of(truth, onset_s, set_lag_ms, inside)


@lru_cache
def tuning_onsets(snr_db: float, first_seed: int, laws: str) -> list[tuple[Stretch, float]]:
    """Return stretches and the true onset in each, seconds from its first sample."""
    out: list[tuple[Stretch, float]] = []
    for seed in range(first_seed, first_seed + len(LAWS[laws])):  # every law once
        scenario = scenario_of(drawn(snr_db, seed, laws), seed)
        reps = scenario.truth.reps
        for (i, side), (begin_s, stretch) in stretches(
            record(scenario), scenario.truth, cancel_hum=True
        ).items():
            out.append((stretch, reps[i].onset_s[side] - begin_s))
    return out


def tune(
    task: tuple[float, Detector], first_seed: int, laws: str = "usual"
) -> tuple[dict[str, Any], float]:
    """Return the best parameters of a detector, and by how much it is late with these."""
    snr_db, detector = task
    onsets = tuning_onsets(snr_db, first_seed, laws)[:: 2 * detector.every]
    tried: list[tuple[bool, float, float, dict[str, Any]]] = []
    for parameters in detector.settings():
        found_s = np.array([_or_nan(detector(stretch, parameters)) for stretch, _ in onsets])
        error_s = found_s - np.array([true_s for _, true_s in onsets])
        if np.isnan(error_s).all():
            continue
        late_s = float(np.nanmedian(error_s))
        hit = np.abs(error_s - late_s) <= 0.15
        if hit.any():
            median_s = float(np.median(np.abs(error_s[hit] - late_s)))
            enough = bool(hit.mean() >= 0.95)
            # Among those that miss too many, the one that misses least.
            tried.append((not enough, median_s if enough else -hit.mean(), late_s, parameters))
    if not tried:
        return detector.settings()[0], 0.0
    _, _, late_s, parameters = min(tried, key=lambda one: one[:2])
    return parameters, late_s


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _holds(estimate: Estimate, true: float | None) -> float:
    if None in (estimate.ci_low, estimate.ci_high, true):
        return np.nan
    return float(estimate.ci_low <= true <= estimate.ci_high)  # type: ignore[operator]
