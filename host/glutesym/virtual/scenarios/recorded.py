"""Scenarios made of a real recording: gluteus maximus and medius of a person who walks.

The recording (see data/ATTRIBUTION.md) is of one leg and lasts 7.6 s. Its steps are cut where both
muscles are quiet and strung together; the rest before and after is its own quiet baseline.
"""

from __future__ import annotations

import gzip
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from glutesym.errors import GlutesymError
from glutesym.exercises import TWO_MUSCLES
from glutesym.measures import SIDES, Side
from glutesym.virtual.scenarios import artefacts
from glutesym.virtual.scenarios.base import EMG_GRID_HZ, RepTruth, Scenario, Truth, side_signals
from glutesym.virtual.scenarios.kinematics import Pose, RepTiming, imu_signals, movement
from glutesym.virtual.scenarios.muscle import random_stream

Array = NDArray[np.float64]

SOURCE = (
    "musclesyneRgies example data, (c) 2021 musclesyneRgies authors, MIT licence, "
    "https://github.com/alesantuz/musclesyneRgies"
)


@dataclass(frozen=True)
class GaitSettings:
    """Walking: every step is a repetition."""

    reps: int = 28
    rest_before_s: float = 5.0
    rest_after_s: float = 2.0

    def __post_init__(self) -> None:
        _check(self.reps, self.rest_before_s, self.rest_after_s)


@dataclass(frozen=True)
class LagSettings:
    """One real train of bursts on both sides: the left delayed and scaled."""

    reps: int = 12
    rest_before_s: float = 5.0
    rest_after_s: float = 2.0
    rep_period_s: float = 3.0
    lag_ms: float = 40.0  # onset left - onset right
    left_ratio: float = 0.8  # left over right
    noise_uv: float = 1.5  # RMS of noise that each side adds of its own

    def __post_init__(self) -> None:
        _check(self.reps, self.rest_before_s, self.rest_after_s)
        if not (self.rep_period_s >= 2 and self.left_ratio > 0 and abs(self.lag_ms) <= 500):
            raise GlutesymError(
                "Scenario settings: rep_period_s must be at least 2, left_ratio positive and "
                "lag_ms within ±500. Change that setting."
            )


def build_gait(settings: GaitSettings, seed: int) -> Scenario:
    """Return walking: real gluteus maximus on the right pod, real gluteus medius on the left.

    Repetitions last from touchdown to the end of stance, as labelled in the recording; onsets,
    offsets and activations are unknown and NaN. The motion is synthetic and locked to the steps.

    Parameters
    ----------
    settings : GaitSettings
        How many steps, and the rest around them.
    seed : int
        Of the order of the steps, which never repeats one at once.

    Returns
    -------
    Scenario
    """
    recording = _recording()
    rng = random_stream(seed, "steps")
    order = _order(rng, settings.reps, len(recording.touchdown_s))
    steps = [recording.cut(td - _BEFORE_S, td + _AFTER_S) for td in recording.touchdown_s[order]]
    before = recording.quiet(rng, settings.rest_before_s)
    train, starts_s = _join([before, *steps, recording.quiet(rng, settings.rest_after_s + 1)])
    touchdown_s = starts_s[1:-1] + _BEFORE_S
    stance_s = (recording.stance_end_s - recording.touchdown_s)[order]
    train = _whole_half_seconds(train, float(starts_s[-1]) + settings.rest_after_s)
    duration_s = len(train) / RECORDED_HZ

    stances = [
        RepTiming(td, td + 0.5 * stance, td + 0.5 * stance, td + stance)
        for td, stance in zip(touchdown_s.tolist(), stance_s.tolist(), strict=True)
    ]
    swing_ends_s = [*touchdown_s[1:].tolist(), stances[-1].end_s + _LAST_SWING_S]
    swings = [
        RepTiming(a.end_s, 0.5 * (a.end_s + end_s), 0.5 * (a.end_s + end_s), end_s)
        for a, end_s in zip(stances, swing_ends_s, strict=True)
    ]
    poses = [_STANCE] * len(stances) + [_SWING] * len(swings)
    motion = movement(Pose(), poses, stances + swings, duration_s)
    emg_uv = {"left": upsample(train[:, 0]), "right": upsample(train[:, 1])}
    left, right = (side_signals(emg_uv[side], *imu_signals(motion, side, seed)) for side in SIDES)
    return Scenario(
        name="real-gait",
        description="Real walking: gluteus maximus on the right pod, gluteus medius on the left",
        seed=seed,
        duration_s=duration_s,
        exercise=TWO_MUSCLES,
        left=left,
        right=right,
        truth=Truth(reps=tuple(_unknown(stance) for stance in stances)),
        source=SOURCE,
        parameters=dict(asdict(settings)),
    )


def build_lag(settings: LagSettings, seed: int) -> Scenario:
    """Return real gluteus maximus on both sides with an exactly known lag and ratio.

    The left signal is the right one, delayed and scaled, so the set's lag and symmetry are exact
    although no burst's absolute onset is known: onsets, offsets and activations are NaN.

    Parameters
    ----------
    settings : LagSettings
        The lag, the ratio and the train of bursts.
    seed : int
        Of the order of the bursts and of the noise.

    Returns
    -------
    Scenario
    """
    recording = _recording()
    rng = random_stream(seed, "bursts")
    order = _order(rng, settings.reps, len(recording.touchdown_s))
    pieces = [recording.quiet(rng, settings.rest_before_s)]
    for touchdown_s in recording.touchdown_s[order]:
        pieces.append(recording.cut(touchdown_s - _BEFORE_S, touchdown_s + _BURST_AFTER_S))
        pause_s = settings.rep_period_s - _BEFORE_S - _BURST_AFTER_S + 2 * FADE_S
        pieces.append(recording.quiet(rng, pause_s))
    pieces.append(recording.quiet(rng, settings.rest_after_s + 1))
    train, starts_s = _join(pieces)
    train = _whole_half_seconds(train, float(starts_s[-1]) + settings.rest_after_s)
    duration_s = len(train) / RECORDED_HZ

    timings = [
        RepTiming(s, s + 0.5, s + 0.7, s + 1.3)
        for s in (starts_s[1:-1:2] + _BEFORE_S - _BURST_LEAD_S).tolist()
    ]
    motion = movement(Pose(-90.0), [_BRIDGE] * len(timings), timings, duration_s)
    right_uv = upsample(train[:, 1])
    emg_uv: dict[Side, Array] = {
        "left": settings.left_ratio * delayed(right_uv, settings.lag_ms / 1000),
        "right": right_uv,
    }
    n = len(right_uv)
    left, right = (
        side_signals(
            emg_uv[side] + artefacts.background(seed, side, n, settings.noise_uv),
            *imu_signals(motion, side, seed),
        )
        for side in SIDES
    )
    return Scenario(
        name="real-lag",
        description="Real gluteus maximus bursts on both sides, the left delayed and weaker",
        seed=seed,
        duration_s=duration_s,
        exercise="bridge (recorded)",
        left=left,
        right=right,
        truth=Truth(
            reps=tuple(_unknown(timing) for timing in timings),
            symmetry_index_pct=200 * (1 - settings.left_ratio) / (1 + settings.left_ratio),
            lag_ms=settings.lag_ms,
        ),
        source=SOURCE,
        parameters=dict(asdict(settings)),
    )


RECORDED_HZ = 1000.0
FADE_S = 0.04

# Seen in the recording: both muscles are quiet from 0.58 s after touchdown to 0.28 s before the
# next, gluteus maximus from 0.4 s on; its bursts begin about 0.1 s before touchdown.
_BEFORE_S = 0.28
_AFTER_S = 0.75
_BURST_AFTER_S = 0.42
_BURST_LEAD_S = 0.1
_QUIET_S = (0.58, 0.78)

# A stride of the pelvis (Murray 1967: a few degrees about each axis, two rises a stride), with the
# buttock's skin following the thigh in stance.
_STANCE = Pose(pitch_deg=-12.0, rotation_deg=-4.0, list_deg=-5.0, up_m=0.025)
_SWING = Pose(pitch_deg=2.0, rotation_deg=4.0, list_deg=4.0, up_m=0.012)
_LAST_SWING_S = 0.4
_BRIDGE = Pose(pitch_deg=-120.0, up_m=0.15)


@dataclass(frozen=True)
class _Recording:
    """The recording: columns gluteus medius, gluteus maximus, without their resting offset."""

    first_s: float
    emg_uv: Array  # (n, 2)
    touchdown_s: Array  # (k,)
    stance_end_s: Array  # (k,)

    def cut(self, start_s: float, end_s: float) -> Array:
        first, end = (round((x - self.first_s) * RECORDED_HZ) for x in (start_s, end_s))
        return self.emg_uv[first:end]

    def quiet(self, rng: np.random.Generator, duration_s: float) -> Array:
        """Return baseline of a given length, strung together from the quiet ends of the steps."""
        low, high = _QUIET_S
        need = int(np.ceil(duration_s / (high - low - FADE_S))) + 1
        starts_s = self.touchdown_s[_order(rng, need, len(self.touchdown_s))]
        joined, _ = _join([self.cut(td + low, td + high) for td in starts_s])
        return joined[: round(duration_s * RECORDED_HZ)]


@cache
def _recording() -> _Recording:
    folder = resources.files("glutesym.virtual.scenarios") / "data"
    lines = gzip.decompress((folder / "gait_glutei_1000hz.csv.gz").read_bytes()).decode().split()
    samples = np.loadtxt(lines, delimiter=",", skiprows=1)
    steps = np.loadtxt((folder / "gait_steps.csv").read_text().split(), delimiter=",", skiprows=1)
    emg_uv = samples[:, 1:] - np.median(samples[:, 1:], axis=0)
    return _Recording(float(samples[0, 0]), emg_uv, steps[:, 0], steps[:, 1])


def upsample(x: Array) -> Array:
    """Return a signal at ``RECORDED_HZ`` on the grid of ``EMG_GRID_HZ``, band-limited."""
    factor = round(EMG_GRID_HZ / RECORDED_HZ)
    spectrum = np.fft.rfft(x)
    spectrum[-1] = 0.0  # the Nyquist bin has no phase
    return np.fft.irfft(spectrum, len(x) * factor) * factor


def delayed(x: Array, delay_s: float) -> Array:
    """Return a signal at ``EMG_GRID_HZ`` shifted by any delay, circularly and band-limited."""
    f_hz = np.fft.rfftfreq(len(x), 1 / EMG_GRID_HZ)
    return np.fft.irfft(np.fft.rfft(x) * np.exp(-2j * np.pi * f_hz * delay_s), len(x))


def _join(pieces: list[Array]) -> tuple[Array, Array]:
    """Return pieces (n_i, 2) strung together, and where each starts in seconds.

    Neighbours overlap by ``FADE_S``; the fade keeps power, since their noise is independent.
    """
    fade = round(FADE_S * RECORDED_HZ)
    rising = np.sin(0.5 * np.pi * (np.arange(fade) + 0.5) / fade)[:, None]
    starts = np.cumsum([0, *(len(piece) - fade for piece in pieces)])
    whole = np.zeros((int(starts[-1]) + fade, 2))
    for i, (start, piece) in enumerate(zip(starts, pieces, strict=False)):
        faded = piece.copy()
        if i > 0:
            faded[:fade] *= rising
        if i < len(pieces) - 1:
            faded[-fade:] *= rising[::-1]
        whole[start : start + len(piece)] += faded
    return whole, starts[:-1] / RECORDED_HZ


def _whole_half_seconds(x: Array, end_s: float) -> Array:
    """Return ``x`` up to the first multiple of half a second from ``end_s`` on."""
    return x[: round(np.ceil(end_s * 2) / 2 * RECORDED_HZ)]


def _order(rng: np.random.Generator, count: int, of: int) -> NDArray[np.int64]:
    """Return ``count`` random indices below ``of``, none the same as the one before it."""
    return np.cumsum(rng.integers(1, of, count)) % of


def _unknown(timing: RepTiming) -> RepTruth:
    nothing: dict[Side, float] = {"left": float("nan"), "right": float("nan")}
    return RepTruth(timing.start_s, timing.end_s, nothing, nothing, nothing)


def _check(reps: int, rest_before_s: float, rest_after_s: float) -> None:
    if reps < 1 or rest_before_s < 1 or rest_after_s < 1:
        raise GlutesymError(
            "Scenario settings: a recording needs reps, rest_before_s and rest_after_s of at "
            "least 1. Change that setting."
        )
