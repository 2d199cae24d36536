"""Two movement screens: how far a hip opens in the single-leg deadlift and the pelvis drops.

Both are read from gravity, so they do not drift. Hinged forward, turning about the pelvis's long
axis is roll about a near-horizontal one, which gravity sees; upright it is not, so what turned
before the hinge stays unknown. Of one lumbar IMU the frontal angle is off by 2.7–4.5° RMS against
cameras (Bolink et al. 2016, Med Eng Phys 38:225); pods on two buttocks, whose skin
moves, have not been compared with cameras. They tell a side from the other and a day from the
next, not form, and no threshold of health exists here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from glutesym.analysis.pelvis import (
    PodPath,
    bend_deg,
    pelvis_axes,
    pod_path,
    reference,
    stance_up,
)
from glutesym.measures import SIDES, Estimate, RepMeasure, Side
from glutesym.recording import ImuRecord

MIN_HINGE_DEG = 30.0  # less: gravity hardly sees the turn
MIN_TRIALS = 3  # on each leg

_Array = NDArray[np.float64]

_FAR = 0.95  # of the deepest hinge: its far end
_EARLY_DEG = (6.0, 35.0)  # of hinge, where the turn is extrapolated to its start
_STANCE_BEFORE_S = 10.0
# SE of where forward is, beyond what repetitions show: 0.1° of sway in the stance that gives the
# vertical turns a hinge of 10–20° by 0.3–0.6°.
_FORWARD_SE_DEG = 0.5
_LEVEL_SE_DEG = 0.25  # of level: sway in the stance on both legs
_PODS_APART_DEG = 10.0  # more: one of them has slipped
_TOO_FAST_DPS = 60.0  # at the far end ...
_SHOCK_G = 0.15  # ... or an acceleration that hides gravity
_HELD_DPS = 20.0  # in single-leg stance
_MIN_HELD_S = 1.0  # of it
_BOWS_AFTER_S = 20.0


@dataclass(frozen=True)
class LegTrial:
    """One repetition or stance."""

    stance: Side | None  # the leg stood on; None: not known
    angle_deg: float | None
    reason: str = ""  # why there is no angle


@dataclass(frozen=True)
class LegScreen:
    """A screen of both legs, degrees."""

    trials: tuple[LegTrial, ...]
    angle_deg: dict[Side, Estimate]  # by the leg stood on
    difference_deg: Estimate  # right − left


def stance_by_halves(n_reps: int, first: Side = "left") -> list[Side]:
    """Return the legs stood on when the first half, the longer one, is done on one leg."""
    second: Side = "right" if first == "left" else "left"
    return [first if i < (n_reps + 1) // 2 else second for i in range(n_reps)]


def stance_by_activity(reps: Sequence[RepMeasure]) -> list[Side | None]:
    """Return the legs stood on, taken to be those whose glute works harder.

    A side that is weaker by more than the free leg is would be mistaken: prefer to ask.
    """
    found: list[Side | None] = []
    for rep in reps:
        left, right = rep.left.activation_uv, rep.right.activation_uv
        known = left is not None and right is not None and left != right
        found.append(None if not known else "left" if (left or 0.0) > (right or 0.0) else "right")
    return found


def hip_rotation(
    imu: Mapping[Side, ImuRecord],
    reps: Sequence[tuple[float, float]],
    stance: Sequence[Side | None],
    bending_s: tuple[float, float] | None = None,
) -> LegScreen:
    """Return how far the pelvis opens in the single-leg deadlift, at the far end of the hinge.

    Positive: towards the free leg, whose hip turns up and back. It is the angle about the pelvis's
    long axis against the start of the hinge.

    Parameters
    ----------
    imu : mapping of side to ImuRecord
        One pod suffices; of two the mean is taken.
    reps : sequence of (start_s, end_s)
        Session time. Before the first a quiet stance of 1 s is needed.
    stance : sequence of Side or None
        The leg of each repetition: see `stance_by_halves` and `stance_by_activity`.
    bending_s : (start, end), optional
        Bending forward on both legs, which tells where forward is. Without it forward is the
        direction in which the hinges begin, the mean over all: true if the pelvis is square at
        first and opens as it goes down, wrong by what it is turned before.

    Returns
    -------
    LegScreen

    Raises
    ------
    ValueError
        There is not one leg for each repetition.
    """
    if len(reps) != len(stance):
        raise ValueError(f"{len(reps)} repetitions need as many legs, found {len(stance)}")
    turns: list[list[float | str]] = []  # by pod and repetition, degrees about z or a reason
    forward_se_deg = 0.0
    for record in imu.values():
        path = pod_path(record)
        before_s = reps[0][0] if reps else 0.0
        vertical = stance_up(path, before_s - _STANCE_BEFORE_S, before_s)
        if vertical is None:
            turns.append(["no quiet stance before the set"] * len(reps))
            continue
        parts = [path.between(*rep) for rep in reps]
        bent = path.between(*bending_s) if bending_s else path.between(reps[0][0], reps[-1][1])
        axes = pelvis_axes(vertical, bent.up)
        if axes is None:
            turns.append(["no bending forward was seen"] * len(reps))
            continue
        far = [_far_turn_deg(part, axes) for part in parts]
        first = [] if bending_s else [_first_turn_deg(part, axes) for part in parts]
        begins = [turn for turn in first if turn is not None]
        zero_deg = float(np.mean(begins)) if begins else 0.0
        if len(begins) > 1:
            se = float(np.std(begins, ddof=1) / np.sqrt(len(begins)))
            forward_se_deg = max(forward_se_deg, se)
        turns.append([turn if isinstance(turn, str) else turn - zero_deg for turn in far])
    trials: list[LegTrial] = []
    for i, leg in enumerate(stance):
        sign = -1 if leg == "left" else 1  # standing on the left leg the right side opens
        trials.append(_merged(leg, [pod[i] for pod in turns], sign))
    return _judged(trials, float(np.hypot(forward_se_deg, _FORWARD_SE_DEG)))


def pelvic_drop(
    imu: Mapping[Side, ImuRecord],
    stances: Sequence[tuple[float, float]],
    legs: Sequence[Side | None],
) -> LegScreen:
    """Return how far the pelvis drops on the free side in single-leg stance (Trendelenburg).

    Positive: the free side is lower than in stance on both legs. Two bows on both legs, within
    20 s of the last stance, tell left from forward.

    Parameters
    ----------
    imu : mapping of side to ImuRecord
        One pod suffices; of two the mean is taken.
    stances : sequence of (start_s, end_s)
        Session time, each 2 s or longer: its middle half counts. Before the first a quiet stance
        of 1 s on both legs is needed.
    legs : sequence of Side or None
        The leg of each.

    Returns
    -------
    LegScreen

    Raises
    ------
    ValueError
        There is not one leg for each stance.
    """
    if len(stances) != len(legs):
        raise ValueError(f"{len(stances)} stances need as many legs, found {len(legs)}")
    first_s, last_s = (stances[0][0], stances[-1][1]) if stances else (0.0, 0.0)
    upright_s = first_s - _STANCE_BEFORE_S, first_s
    known = reference(imu, upright_s, (last_s, last_s + _BOWS_AFTER_S))
    paths = {side: pod_path(record) for side, record in imu.items()}
    trials: list[LegTrial] = []
    for leg, (start_s, end_s) in zip(legs, stances, strict=True):
        lists: list[float | str] = []
        for side, path in paths.items():
            if side not in known:
                lists.append("no quiet stance on both legs was seen before")
            elif (axes := known[side].axes) is None:
                lists.append("no bow was seen after the last stance: bow twice on both legs")
            else:
                lists.append(_list_deg(path, axes, start_s, end_s))
        trials.append(_merged(leg, lists, 1 if leg == "left" else -1))
    return _judged(trials, _LEVEL_SE_DEG)


def _far_turn_deg(part: PodPath, axes: _Array) -> float | str:
    """Return the turn about z where the hinge is deepest, degrees; or why there is none."""
    hinge_deg = bend_deg(part.up, axes[2])
    if not np.isfinite(hinge_deg).any():
        return "motion was lost"
    deepest_deg = float(np.nanmax(hinge_deg))
    if deepest_deg < MIN_HINGE_DEG:
        return f"the hinge is {deepest_deg:.0f}° deep, {MIN_HINGE_DEG:g}° are needed"
    far = hinge_deg >= _FAR * deepest_deg
    if (
        float(np.nanmedian(part.speed_dps[far])) > _TOO_FAST_DPS
        or float(np.nanmedian(part.shock_g[far])) > _SHOCK_G
    ):
        return "too fast at the far end: pause there"
    x, y, _ = axes @ np.nanmean(part.up[far], axis=0)
    return float(np.degrees(np.arctan2(y, -x)))


def _first_turn_deg(part: PodPath, axes: _Array) -> float | None:
    """Return the turn about z, extrapolated to a hinge of 0°."""
    hinge_deg = bend_deg(part.up, axes[2])
    early = (hinge_deg > _EARLY_DEG[0]) & (hinge_deg < _EARLY_DEG[1])
    if np.count_nonzero(early) < 10:
        return None
    x, y, _ = axes @ part.up[early].T
    # The direction of a short vector is uncertain: weights as its length.
    weights = np.sin(np.radians(hinge_deg[early]))
    turn_deg = np.degrees(np.arctan2(y, -x))
    return float(np.polynomial.polynomial.polyfit(hinge_deg[early], turn_deg, 1, w=weights)[0])


def _list_deg(path: PodPath, axes: _Array, start_s: float, end_s: float) -> float | str:
    """Return how far the left side is up, degrees; or why it is not known."""
    quarter_s = (end_s - start_s) / 4
    part = path.between(start_s + quarter_s, end_s - quarter_s)
    if 2 * quarter_s < _MIN_HELD_S:
        return f"it was held for less than {2 * _MIN_HELD_S:g} s"
    if not len(part.up) or not np.isfinite(part.up).all():
        return "motion was lost"
    if float(np.median(part.speed_dps)) > _HELD_DPS or float(np.median(part.shock_g)) > _SHOCK_G:
        return "not held still"
    _, y, z = axes @ part.up.mean(axis=0)
    return float(np.degrees(np.arctan2(y, z)))


def _merged(leg: Side | None, of_pods: Sequence[float | str], sign: int) -> LegTrial:
    """Return the mean of the pods that know."""
    angles = [angle for angle in of_pods if not isinstance(angle, str)]
    if leg is None:
        return LegTrial(None, None, "the leg stood on is not known")
    if not angles:
        reasons = [reason for reason in of_pods if isinstance(reason, str)]
        return LegTrial(leg, None, reasons[0] if reasons else "no pod")
    if max(angles) - min(angles) > _PODS_APART_DEG:
        apart = f"the pods disagree by {max(angles) - min(angles):.0f}°: press them on firmly"
        return LegTrial(leg, None, apart)
    return LegTrial(leg, sign * float(np.mean(angles)))


def _judged(trials: Sequence[LegTrial], common_se_deg: float) -> LegScreen:
    """Sum up by leg; an error common to all counts once a leg, and twice in the difference."""
    angles: dict[Side, _Array] = {
        leg: np.array([t.angle_deg for t in trials if t.stance == leg and t.angle_deg is not None])
        for leg in SIDES
    }
    legs: dict[Side, Estimate] = {}
    half_deg: dict[Side, float] = {}
    for leg, x in angles.items():
        if len(x) < MIN_TRIALS:
            why = [t.reason for t in trials if t.reason and t.stance in (leg, None)]
            text = f"{len(x)} usable on the {leg} leg, {MIN_TRIALS} are needed"
            legs[leg] = Estimate(None, reason=f"{text}: {why[0]}" if why else text)
            continue
        half_deg[leg] = float(
            scipy.stats.t.ppf(0.975, len(x) - 1) * np.std(x, ddof=1) / len(x) ** 0.5
        )
        half = float(np.hypot(half_deg[leg], 2 * common_se_deg))
        mean = float(np.mean(x))
        legs[leg] = Estimate(mean, mean - half, mean + half)
    left, right = legs["left"], legs["right"]
    if left.value is None or right.value is None:
        return LegScreen(tuple(trials), legs, Estimate(None, reason=left.reason or right.reason))
    value = right.value - left.value
    half = float(np.linalg.norm((half_deg["left"], half_deg["right"], 4 * common_se_deg)))
    return LegScreen(tuple(trials), legs, Estimate(value, value - half, value + half))
