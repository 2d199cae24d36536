"""Synthetic repetitions of an exercise: two muscles and a pelvis, with exact truth."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from glutesym.errors import GlutesymError
from glutesym.measures import SIDES, Side
from glutesym.virtual.scenarios import artefacts
from glutesym.virtual.scenarios.base import (
    EMG_GRID_HZ,
    RepTruth,
    Scenario,
    SideSignals,
    Truth,
    side_signals,
)
from glutesym.virtual.scenarios.kinematics import Motion, Pose, RepTiming, imu_signals, movement
from glutesym.virtual.scenarios.muscle import (
    Burst,
    active_slice,
    envelope,
    random_stream,
    shaped_noise,
    surface_emg_amplitude,
)
from glutesym.virtual.scenarios.settings import Exercise, SyntheticSettings

_BOWED = Pose(pitch_deg=45.0, up_m=-0.05, forward_m=-0.1)
_BOWS_S = 9.0  # two bows, and still again
_DUTY = 0.75  # share of a period that the movement takes; the rest is a pause


def build_synthetic(exercise: Exercise, settings: SyntheticSettings, seed: int) -> Scenario:
    """Return a scenario of an exercise.

    Parameters
    ----------
    exercise : Exercise
        What is done.
    settings : SyntheticSettings
        How, and what disturbs it.
    seed : int
        Equal seeds give equal arrays. Each disturbance draws from a stream of its own, so that
        changing one setting leaves everything else as it was.

    Returns
    -------
    Scenario

    Raises
    ------
    GlutesymError
        The settings make contractions overlap or start before time 0.
    """
    timings, duration_s = _timings(exercise, settings, seed)
    far = _far_poses(exercise, settings, timings, seed)
    bows = _bows(duration_s) if exercise.stance else []
    duration_s += _BOWS_S * bool(bows)
    poses = [*far, *(_BOWED for _ in bows)]
    motion = movement(exercise.rest, poses, [*timings, *bows], duration_s)
    n = round(duration_s * EMG_GRID_HZ)
    signals: dict[Side, SideSignals] = {}
    bursts: dict[Side, tuple[Burst, ...]] = {}
    activation_uv: dict[Side, list[float]] = {}
    for side in SIDES:
        bursts[side] = _bursts(exercise, settings, seed, side, timings)
        works = [timing.stance in (None, side) for timing in timings]
        muscle_uv, activation_uv[side] = _muscle(settings, seed, side, bursts[side], works, n)
        signals[side] = _signals(settings, seed, side, muscle_uv, motion)
    reps = tuple(
        RepTruth(
            start_s=timing.start_s,
            end_s=timing.end_s,
            onset_s={side: bursts[side][i].onset_s for side in SIDES},
            offset_s={side: bursts[side][i].offset_s for side in SIDES},
            activation_uv={side: activation_uv[side][i] for side in SIDES},
            working=timing.stance,
            pelvic_drop_deg=abs(far[i].list_deg) if exercise.stance else None,
        )
        for i, timing in enumerate(timings)
    )
    return Scenario(
        name=exercise.name,
        description=exercise.description,
        seed=seed,
        duration_s=duration_s,
        exercise=exercise.name,
        left=signals["left"],
        right=signals["right"],
        truth=set_truth(reps),
        parameters=_parameters(settings, timings),
    )


def set_truth(reps: tuple[RepTruth, ...]) -> Truth:
    """Return the truth of a set: symmetry of the sides' mean activations, and the mean lag.

    On one leg at a time: of each side while it works, and no lag.
    """
    one_leg = any(rep.working for rep in reps)
    amounts = [
        [rep.activation_uv[side] for rep in reps if rep.working in (None, side)] for side in SIDES
    ]
    if not all(amounts):
        return Truth(reps)
    left, right = (np.mean(of_side) for of_side in amounts)
    lags_s = [rep.onset_s["left"] - rep.onset_s["right"] for rep in reps]
    return Truth(
        reps=reps,
        symmetry_index_pct=float(100 * (right - left) / (0.5 * (right + left))),
        lag_ms=None if one_leg else float(1000 * np.mean(lags_s)),
        pelvic_drop_deg=_mean_drops_deg(reps),
    )


def _mean_drops_deg(reps: tuple[RepTruth, ...]) -> dict[Side, float]:
    drops_deg: dict[Side, list[float]] = {"left": [], "right": []}
    for rep in reps:
        if rep.working and rep.pelvic_drop_deg is not None:
            drops_deg[rep.working].append(rep.pelvic_drop_deg)
    return {leg: float(np.mean(found)) for leg, found in drops_deg.items() if found}


def _bows(after_s: float) -> list[RepTiming]:
    """Return two bows on both legs, of 3 s each."""
    starts_s = (after_s, after_s + 4.0)
    return [RepTiming(t_s, t_s + 1.2, t_s + 1.5, t_s + 3.0) for t_s in starts_s]


def _timings(
    exercise: Exercise, settings: SyntheticSettings, seed: int
) -> tuple[list[RepTiming], float]:
    """Return the repetitions' times and the duration of the whole, a multiple of half a second."""
    wobble = _jitter(seed, "timing", settings.reps)
    clock_s = settings.rest_before_s
    timings: list[RepTiming] = []
    for i in range(settings.reps):
        on_left = i < (settings.reps + 1) // 2
        if exercise.one_leg and not on_left and timings and timings[-1].stance == "left":
            clock_s += settings.change_leg_s
        period_s = settings.rep_period_s * (1 + settings.rep_period_cv_pct / 100 * wobble[i])
        moving_s = _DUTY * period_s
        out, stay = exercise.phases
        timings.append(
            RepTiming(
                start_s=clock_s,
                reach_s=clock_s + out * moving_s,
                leave_s=clock_s + (out + stay) * moving_s,
                end_s=clock_s + moving_s,
                stance=("left" if on_left else "right") if exercise.one_leg else None,
            )
        )
        clock_s += period_s
    return timings, float(np.ceil((clock_s + settings.rest_after_s) * 2) / 2)


def _far_poses(
    exercise: Exercise, settings: SyntheticSettings, timings: list[RepTiming], seed: int
) -> list[Pose]:
    """Return each repetition's far end.

    On one leg the pelvis opens towards the free side. An exercise's list is that on the left leg.
    """
    far = exercise.far
    opening: dict[Side | None, float] = {
        None: far.rotation_deg,
        "left": -settings.hip_rotation_left_deg,  # hinged on the left leg, the right side comes up
        "right": settings.hip_rotation_right_deg,
    }
    jitter = settings.pelvic_drop_sd_deg * _jitter(seed, "drop", len(timings))
    poses: list[Pose] = []
    for i, timing in enumerate(timings):
        list_deg, rotation_deg = far.list_deg, opening[timing.stance]
        if exercise.stance and timing.stance:
            drop_deg = settings.of("pelvic_drop_{}_deg", timing.stance) + float(jitter[i])
            list_deg, rotation_deg = max(drop_deg, 0.0), far.rotation_deg
        sign = -1 if timing.stance == "right" else 1
        poses.append(replace(far, rotation_deg=rotation_deg, list_deg=sign * list_deg))
    return poses


def _bursts(
    exercise: Exercise,
    settings: SyntheticSettings,
    seed: int,
    side: Side,
    timings: list[RepTiming],
) -> tuple[Burst, ...]:
    """Return one side's contractions, before they are scaled to the wanted activation."""
    if not timings:
        return ()
    n = len(timings)
    lead_ms = settings.lead_ms + settings.lead_jitter_ms * _jitter(seed, "lead", n)
    jitter = _jitter(seed, "lag", n)
    jitter -= jitter.mean()  # the set's lag is the one asked for
    lag_ms = settings.lag_ms + settings.lag_jitter_ms * jitter
    offset_late_ms = 50 + 30 * _jitter(seed, side + " offset", n)
    gains = np.exp(settings.rep_cv_pct / 100 * _jitter(seed, side + " gain", n))
    bursts: list[Burst] = []
    for i, timing in enumerate(timings):
        onset_ms = -lead_ms[i] + (0.5 if side == "left" else -0.5) * lag_ms[i]
        loaded = timing.stance in (None, side)
        bursts.append(
            Burst(
                onset_s=timing.start_s + float(onset_ms) / 1000,
                offset_s=timing.end_s + float(offset_late_ms[i]) / 1000,
                gain=float(gains[i]) * (1.0 if loaded else settings.free_leg_ratio),
                rise_s=settings.of("rise_{}_ms", side) / 1000,
                rise_shape=settings.rise_shape,
                fall_s=settings.fall_ms / 1000,
                levels=exercise.levels,
                level_times_s=(timing.reach_s, timing.leave_s),
            )
        )
    edges = [0.0, *(edge for burst in bursts for edge in (burst.onset_s, burst.offset_s))]
    if any(b <= a for a, b in pairwise(edges)):
        raise GlutesymError(
            f"Scenario settings: the {side} side's contractions overlap or start before time 0. "
            "Make rep_period_s or rest_before_s longer, or lag_ms and lead_ms smaller."
        )
    return tuple(bursts)


def _jitter(seed: int, what: str, n: int) -> NDArray[np.float64]:
    """Return what varies from repetition to repetition, (n,): normal, SD 1, within ±2.5."""
    return np.clip(random_stream(seed, what).standard_normal(n), -2.5, 2.5)


def _muscle(
    settings: SyntheticSettings,
    seed: int,
    side: Side,
    bursts: tuple[Burst, ...],
    works: list[bool],
    n: int,
) -> tuple[NDArray[np.float64], list[float]]:
    """Return a muscle's own signal, (n,) µV, and its RMS over every contraction.

    The activation asked for is the mean over contractions of a side that works.
    """
    if not bursts:
        return np.zeros(n), []
    carrier = shaped_noise(random_stream(seed, side, "muscle"), n, surface_emg_amplitude)
    muscle = carrier * envelope(bursts, n)
    active = [muscle[active_slice(burst.onset_s, burst.offset_s, n)] for burst in bursts]
    rms = np.array([np.sqrt(np.mean(x**2)) for x in active])
    scale = _activation_uv(settings, side) / (rms[works] if any(works) else rms).mean()
    return muscle * scale, [float(x) for x in rms * scale]


def _activation_uv(settings: SyntheticSettings, side: Side) -> float:
    sign = 1 if side == "right" else -1
    return settings.activation_uv * (1 + sign * settings.symmetry_index_pct / 200)


def _signals(
    settings: SyntheticSettings,
    seed: int,
    side: Side,
    muscle_uv: NDArray[np.float64],
    motion: Motion,
) -> SideSignals:
    """Return what one pod's sensors feel."""
    n = len(muscle_uv)
    noise_uv = _activation_uv(settings, side) * 10 ** (-settings.of("snr_{}_db", side) / 20)
    emg_uv = muscle_uv + artefacts.background(seed, side, n, noise_uv)
    emg_uv += artefacts.hum(seed, side, n, settings.hum_uv, settings.mains_hz)
    emg_uv += artefacts.motion_artefact(
        seed, side, n, settings.motion_artefact_uv, motion.speed_dps
    )
    emg_uv += artefacts.heart(seed, side, n, settings.ecg_uv)
    emg_uv += artefacts.half_cell(
        seed, side, n, settings.of("offset_{}_mv", side), settings.drift_uv
    )
    lead_off_s = settings.lead_off_left_s if side == "left" else settings.lead_off_right_s
    emg_uv = artefacts.lift_off(emg_uv, seed, side, lead_off_s, settings.mains_hz)
    accel_g, gyro_dps = imu_signals(motion, side, seed)
    return side_signals(emg_uv, accel_g, gyro_dps, lead_off_s)


def _parameters(settings: SyntheticSettings, timings: list[RepTiming]) -> dict[str, float | str]:
    out: dict[str, float | str] = {}
    for name, value in asdict(settings).items():
        out[name] = value if isinstance(value, int | float | str) else str(value)
    stance = "".join(timing.stance[0] for timing in timings if timing.stance)
    if stance:
        out["stance"] = stance  # one letter a repetition: the leg stood on
    return out
