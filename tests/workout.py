"""The motion of a set as people do it: uneven, with partial repetitions, fidgeting and walking.

Only what the pods' motion sensors feel; everything is drawn anew for every seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from glutesym.measures import SIDES, Side
from glutesym.recording import ImuRecord
from glutesym.virtual.scenarios.base import IMU_GRID_HZ
from glutesym.virtual.scenarios.catalog import EXERCISES
from glutesym.virtual.scenarios.kinematics import (
    Motion,
    Pose,
    RepTiming,
    imu_signals,
    movement,
)
from glutesym.virtual.scenarios.muscle import minimum_jerk

Array = NDArray[np.float64]

IMU_HZ = 104.0  # as the pods record
_PARTIAL = (0.15, 0.33)  # of a full excursion: a start that is broken off, not a repetition
_SEATED = Pose(-35.0)
_FIDGET_DEG = 2.5


@dataclass(frozen=True)
class Course:
    """What happens besides the repetitions."""

    varied: bool = True  # amplitude, tempo, pauses, partial repetitions, fidgeting, mounting
    walks: bool = False  # for about ten seconds before and after the set
    changes_posture: bool = False  # gets into position and out of it, then takes the pods off
    upside_down: bool = False  # one of the pods
    swapped: bool = False  # the left pod on the right side and the other way round
    one_pod: bool = False


@dataclass(frozen=True)
class Workout:
    """What the pods feel, and when the repetitions really were."""

    imu: dict[Side, ImuRecord]
    reps: tuple[RepTiming, ...]


def build_workout(exercise: str, course: Course, seed: int) -> Workout:
    """Return one set.

    Parameters
    ----------
    exercise : str
        A key of ``EXERCISES``.
    course : Course
    seed : int
        Equal seeds give equal arrays.

    Returns
    -------
    Workout
    """
    what = EXERCISES[exercise]
    rng = np.random.default_rng((seed, list(EXERCISES).index(exercise)))
    lies = abs(what.rest.pitch_deg) > 30
    clock_s = rng.uniform(2, 4)
    walks_s: list[tuple[float, float]] = []
    if course.walks:
        walks_s.append((clock_s, clock_s + rng.uniform(8, 12)))
        clock_s = walks_s[0][1] + rng.uniform(1, 3)
    into_s = None
    if course.changes_posture or (course.walks and lies):
        into_s = (clock_s, clock_s + rng.uniform(1.5, 4))
        clock_s = into_s[1] + rng.uniform(1.5, 4)
    clock_s += rng.uniform(1, 3)
    timings, shares, counted, clock_s = _repetitions(exercise, course, rng, clock_s)
    clock_s += rng.uniform(1.5, 4)
    out_s = None
    if into_s:
        out_s = (clock_s, clock_s + rng.uniform(1.5, 4))
        clock_s = out_s[1] + rng.uniform(1, 3)
    if course.walks:
        walks_s.append((clock_s, clock_s + rng.uniform(8, 12)))
        clock_s = walks_s[1][1]
    taken_off_s = clock_s + rng.uniform(1, 3)
    duration_s = float(np.ceil(taken_off_s + 8))

    far = [
        _between(what.rest, _far(exercise, timing, rng), share)
        for timing, share in zip(timings, shares, strict=True)
    ]
    motion = movement(what.rest, far, timings, duration_s)
    t_s = np.arange(len(motion.pitch_deg)) / IMU_GRID_HZ
    if into_s and out_s:
        elsewhere = Pose() if lies else _SEATED
        inside = _step(t_s, *into_s) - _step(t_s, *out_s)
        shift_deg = (elsewhere.pitch_deg - what.rest.pitch_deg) * (1 - inside)
        motion = replace(motion, pitch_deg=motion.pitch_deg + shift_deg)
    if course.varied:
        motion = _fidgeting(motion, timings, [*walks_s, *filter(None, (into_s, out_s))], rng)
    walked = _walked(motion, walks_s, rng)
    imu: dict[Side, ImuRecord] = {}
    lonely: Side = "left" if rng.random() < 0.5 else "right"
    for side in SIDES:
        accel_g, gyro_dps = imu_signals(walked(side), side, seed)
        mounting = _mounting(course, side == lonely, rng)
        accel, gyro = (mounting.apply(values) for values in (accel_g, gyro_dps))
        if course.changes_posture:
            accel, gyro = _taken_off(accel, gyro, t_s, taken_off_s + rng.uniform(0, 2), rng)
        imu[side] = _sampled(accel, gyro, duration_s, rng)
    if course.swapped:
        imu = {"left": imu["right"], "right": imu["left"]}
    if course.one_pod:
        imu = {lonely: imu[lonely]}
    return Workout(imu, tuple(t for t, counts in zip(timings, counted, strict=True) if counts))


def _repetitions(
    exercise: str, course: Course, rng: np.random.Generator, clock_s: float
) -> tuple[list[RepTiming], list[float], list[bool], float]:
    """Return each excursion's times, its share of a full one, whether it counts; and the end."""
    what = EXERCISES[exercise]
    held = exercise == "isometric-hold"
    n = int(rng.integers(4, 7)) if held else int(rng.integers(8, 16))
    kinds = [True] * n
    if course.varied and rng.random() < 0.5:
        for _ in range(int(rng.integers(1, 3))):
            kinds.insert(int(rng.integers(1, len(kinds) + 1)), False)
    tempo_s = float(np.exp(rng.uniform(np.log(1.5), np.log(8)))) if course.varied else 3.0
    tempo_s = min(tempo_s, 4.0) if held else tempo_s
    longest_hold_s = rng.uniform(0, 3) * (rng.random() < 0.5) if course.varied else 0.0
    longest_pause_s = rng.uniform(0, 6) * (rng.random() < 0.7) if course.varied else 1.0
    timings: list[RepTiming] = []
    shares: list[float] = []
    for i, counts in enumerate(kinds):
        on_left = i < len(kinds) / 2
        if what.one_leg and not on_left and timings[-1].stance == "left":
            clock_s += rng.uniform(4, 8)
        moving_s = tempo_s
        share = 1.0
        if course.varied:
            moving_s *= 1 + 0.15 * float(np.clip(rng.standard_normal(), -2.5, 2.5))
            share = rng.uniform(0.7, 1.3) if counts else rng.uniform(*_PARTIAL)
        if not counts:
            moving_s *= 0.6
        out, stay = what.phases
        hold_s = stay * moving_s + rng.uniform(0, longest_hold_s)
        if held:
            out, hold_s = 0.5, rng.uniform(5, 15) if counts else 0.0
            back_s = 0.5 * moving_s
        else:
            back_s = (1 - out - stay) * moving_s
        hold_s = hold_s if counts else 0.0
        reach_s = clock_s + out * moving_s
        leave_s = reach_s + hold_s
        end_s = leave_s + back_s
        stance: Side = "left" if on_left else "right"
        timings.append(
            RepTiming(clock_s, reach_s, leave_s, end_s, stance if what.one_leg else None)
        )
        shares.append(share)
        pause_s = rng.uniform(0, longest_pause_s) if course.varied else longest_pause_s
        clock_s = end_s + pause_s
    return timings, shares, kinds, timings[-1].end_s


def _far(exercise: str, timing: RepTiming, rng: np.random.Generator) -> Pose:
    """Return the far end of one full repetition; how far the pelvis opens differs by leg."""
    far = EXERCISES[exercise].far
    if timing.stance is None:
        return far
    opening_deg = (6.0, 4.0) if exercise == "prone-hip-extension" else (12.0, 4.0)
    on_left = timing.stance == "left"
    return replace(
        far,
        rotation_deg=(-opening_deg[0] if on_left else opening_deg[1]) * rng.uniform(0.8, 1.2),
        list_deg=far.list_deg if on_left else -far.list_deg,
    )


def _between(rest: Pose, far: Pose, share: float) -> Pose:
    ends = vars(rest), vars(far)
    return Pose(
        **{name: ends[0][name] + share * (ends[1][name] - ends[0][name]) for name in ends[0]}
    )


def _step(t_s: Array, start_s: float, end_s: float) -> Array:
    return minimum_jerk((t_s - start_s) / (end_s - start_s))


def _fidgeting(
    motion: Motion,
    timings: list[RepTiming],
    busy_s: list[tuple[float, float]],
    rng: np.random.Generator,
) -> Motion:
    """Return the motion with small moves in its pauses: some come back, some stay."""
    t_s = np.arange(len(motion.pitch_deg)) / IMU_GRID_HZ
    tracks = {name: values.copy() for name, values in vars(motion).items()}
    spans = sorted([(t.start_s, t.end_s) for t in timings] + busy_s)
    edges = [0.5, *(x for span in spans for x in span), t_s[-1] - 0.5]
    for start_s, end_s in zip(edges[::2], edges[1::2], strict=True):
        clock_s = start_s
        while (clock_s := clock_s + rng.exponential(2.0)) < end_s - 1.6:
            long_s = rng.uniform(0.6, 1.5)
            direction = rng.standard_normal(3)
            size_deg = rng.uniform(0.5, 1) * _FIDGET_DEG * direction / np.linalg.norm(direction)
            x = np.clip((t_s - clock_s) / long_s, 0, 1)
            way = (4 * x * (1 - x)) ** 3 if rng.random() < 0.7 else 0.4 * minimum_jerk(x)
            for name, deg in zip(("pitch_deg", "rotation_deg", "list_deg"), size_deg, strict=True):
                tracks[name] += deg * way
            clock_s += long_s
    return Motion(**tracks)


def _walked(
    motion: Motion, walks_s: list[tuple[float, float]], rng: np.random.Generator
) -> Callable[[Side], Motion]:
    """Return a function of the side: the motion with walking in it.

    A few degrees about each axis once a stride, two rises a stride (Murray 1967); the skin of each
    buttock follows its own thigh.
    """
    t_s = np.arange(len(motion.pitch_deg)) / IMU_GRID_HZ
    weight = np.zeros(len(t_s))
    for start_s, end_s in walks_s:
        weight += _step(t_s, start_s, start_s + 0.6) - _step(t_s, end_s - 0.6, end_s)
    step_hz = rng.uniform(1.6, 2.0)
    wander = 0.4 * np.sin(2 * np.pi * (0.15 * t_s + rng.random()))
    phase = np.pi * step_hz * t_s + wander  # of the stride
    thigh_deg, list_deg = rng.uniform(5, 9), rng.uniform(2, 5)
    rotation_deg, rise_m = rng.uniform(3, 6), rng.uniform(0.015, 0.025)

    def of(side: Side) -> Motion:
        thigh = thigh_deg * np.sin(phase + (0 if side == "left" else np.pi))
        return Motion(
            pitch_deg=motion.pitch_deg + weight * (thigh + 1.5 * np.sin(2 * phase)),
            rotation_deg=motion.rotation_deg + weight * rotation_deg * np.cos(phase),
            list_deg=motion.list_deg + weight * list_deg * np.sin(phase + 0.5),
            up_m=motion.up_m + weight * rise_m * np.cos(2 * phase),
            forward_m=motion.forward_m + weight * 0.4 * rise_m * np.sin(2 * phase),
        )

    return of


def _mounting(course: Course, first: bool, rng: np.random.Generator) -> Rotation:
    """Return how a pod is turned against how it should sit, about its x, y and z (outward)."""
    x_deg, y_deg, z_deg = rng.uniform(-25, 25, 3)
    if not course.varied:
        x_deg = y_deg = z_deg = 0.0
    elif course.upside_down:
        z_deg += 180.0 * first
    elif not course.swapped:
        z_deg = rng.uniform(-180, 180)
    return Rotation.from_euler("zyx", (z_deg, y_deg, x_deg), degrees=True)


def _taken_off(
    accel_g: Array, gyro_dps: Array, t_s: Array, at_s: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Return what a pod feels that is turned about in a hand for a while, then set down."""
    weight = _step(t_s, at_s, at_s + 0.4) - _step(t_s, at_s + 2.6, at_s + 3.0)
    turn_hz = rng.uniform(0.2, 0.8, 3)
    rate_dps = 150 * np.sin(2 * np.pi * (turn_hz * (t_s[:, None] - at_s) + rng.random(3)))
    rate_dps *= weight[:, None]
    first, last = (round(x * IMU_GRID_HZ) for x in (at_s, at_s + 3.0))
    turned = Rotation.identity()
    rotations = np.tile([0.0, 0.0, 0.0, 1.0], (len(t_s), 1))
    for i in range(first, min(last, len(t_s)), 4):
        turned = turned * Rotation.from_rotvec(np.radians(rate_dps[i]) * 4 / IMU_GRID_HZ)
        rotations[i : i + 4] = turned.as_quat()
    rotations[last:] = turned.as_quat()
    back = Rotation.from_quat(rotations).inv()
    return back.apply(accel_g), back.apply(gyro_dps) + rate_dps


def _sampled(
    accel_g: Array, gyro_dps: Array, duration_s: float, rng: np.random.Generator
) -> ImuRecord:
    fs_hz = IMU_HZ * rng.uniform(0.99, 1.01)
    time_s = np.arange(rng.uniform(0, 1 / fs_hz), duration_s, 1 / fs_hz)
    grid_s = np.arange(len(accel_g)) / IMU_GRID_HZ
    accel, gyro = (
        np.stack([np.interp(time_s, grid_s, column) for column in values.T], axis=1)
        for values in (accel_g, gyro_dps)
    )
    return ImuRecord(fs_hz, time_s, accel, gyro)
