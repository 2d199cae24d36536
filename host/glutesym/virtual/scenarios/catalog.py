"""The scenarios by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from glutesym.errors import GlutesymError
from glutesym.virtual.scenarios.base import Scenario
from glutesym.virtual.scenarios.kinematics import Pose
from glutesym.virtual.scenarios.mvic import MvicSettings, build_mvic
from glutesym.virtual.scenarios.recorded import GaitSettings, LagSettings, build_gait, build_lag
from glutesym.virtual.scenarios.settings import Exercise, SyntheticSettings
from glutesym.virtual.scenarios.shake import ShakeSettings, build_shake
from glutesym.virtual.scenarios.sitting import SittingScenarioSettings, build_sitting
from glutesym.virtual.scenarios.synthetic import build_synthetic

Settings = (
    SyntheticSettings
    | GaitSettings
    | LagSettings
    | ShakeSettings
    | MvicSettings
    | SittingScenarioSettings
)


def scenario_names() -> tuple[str, ...]:
    """Return the name of every scenario."""
    return tuple(_CATALOG)


def build_scenario(
    name: str, *, seed: int = 1, reps: int | None = None, **overrides: Any
) -> Scenario:
    """Return a scenario.

    Parameters
    ----------
    name : str
        One of ``scenario_names()``.
    seed : int
        Equal seeds give equal arrays.
    reps : int, optional
        Repetitions; by default as many as suit the scenario. Scenarios of rest have none.
    **overrides
        Settings to change: fields of ``SyntheticSettings``, or of ``GaitSettings`` and
        ``LagSettings`` for the recordings.

    Returns
    -------
    Scenario

    Raises
    ------
    GlutesymError
        There is no scenario or setting of that name, or a setting is out of range.
    """
    if name not in _CATALOG:
        near = get_close_matches(name, _CATALOG, 1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise GlutesymError(f"No scenario {name!r}.{meant} Choose one of: {', '.join(_CATALOG)}.")
    entry = _CATALOG[name]
    known = {item.name: getattr(entry.settings, item.name) for item in fields(entry.settings)}
    if reps is not None and known["reps"] > 0:
        overrides["reps"] = reps
    for key, value in overrides.items():
        if key not in known:
            raise GlutesymError(
                f"Scenario {name!r} has no setting {key!r}. Choose from: {', '.join(known)}."
            )
        kind = int | float if isinstance(known[key], float) else type(known[key])
        if not isinstance(value, kind) or isinstance(value, bool):
            raise GlutesymError(
                f"Setting {key!r} of scenario {name!r} is {value!r}; give a value like "
                f"{known[key]!r}."
            )
    return entry.build(replace(entry.settings, **overrides), seed)


@dataclass(frozen=True)
class _Entry:
    settings: Settings
    build: Callable[[Any, int], Scenario]


def _synthetic(exercise: Exercise, settings: SyntheticSettings | None = None) -> _Entry:
    def build(settings: SyntheticSettings, seed: int) -> Scenario:
        return build_synthetic(exercise, settings, seed)

    return _Entry(settings or SyntheticSettings(), build)


# Poses are typical to within ten degrees. Levels: the glutes work hardest while the hip extends
# (Contreras et al. 2015, J Appl Biomech, for hip thrust and squat).
_BRIDGE = Exercise(
    "bridge",
    "Both-leg bridge on the floor",
    rest=Pose(-90.0),
    far=Pose(-130.0, up_m=0.22, forward_m=0.03),
    phases=(0.35, 0.2),
    levels=(1.0, 0.85, 0.6),
)
_HIP_THRUST = Exercise(
    "hip-thrust",
    "Hip thrust with the shoulders on a bench",
    rest=Pose(-50.0),
    far=Pose(-92.0, up_m=0.3, forward_m=0.06),
    phases=(0.33, 0.22),
    levels=(1.0, 0.95, 0.65),
)
_SQUAT = Exercise(
    "squat",
    "Squat, the weight on both legs",
    rest=Pose(),
    far=Pose(32.0, up_m=-0.45, forward_m=-0.12),
    phases=(0.45, 0.08),
    levels=(0.5, 0.8, 1.0),
)
_SINGLE_LEG_DEADLIFT = Exercise(
    "single-leg-deadlift",
    "Single-leg deadlift: half of the repetitions on the left leg, then half on the right",
    rest=Pose(),
    far=Pose(70.0, up_m=-0.06, forward_m=-0.18),
    phases=(0.45, 0.1),
    levels=(0.55, 0.75, 1.0),
    one_leg=True,
)
_DEADLIFT = Exercise(
    "deadlift",
    "Deadlift: a hinge on both legs",
    rest=Pose(),
    far=Pose(62.0, up_m=-0.16, forward_m=-0.15),
    phases=(0.45, 0.1),
    levels=(0.5, 0.7, 1.0),
)
_SPLIT_SQUAT = Exercise(
    "split-squat",
    "Bulgarian split squat, the rear foot on a bench: one leg, then the other",
    rest=Pose(6.0),
    far=Pose(28.0, list_deg=3.0, up_m=-0.32, forward_m=-0.04),
    phases=(0.45, 0.08),
    levels=(0.5, 0.8, 1.0),
    one_leg=True,
)
_STEP_UP = Exercise(
    "step-up",
    "Step-up to a box of 38 cm, bent forward until back on the floor: one leg, then the other",
    rest=Pose(),
    far=Pose(20.0, list_deg=5.0, up_m=0.38, forward_m=0.25),
    phases=(0.4, 0.15),
    levels=(1.0, 0.6, 0.7),
    one_leg=True,
)
_SINGLE_LEG_BRIDGE = Exercise(
    "single-leg-bridge",
    "Bridge on one leg, then on the other; the free side hangs a little",
    rest=Pose(-90.0),
    far=Pose(-122.0, list_deg=4.0, up_m=0.18, forward_m=0.03),
    phases=(0.35, 0.2),
    levels=(1.0, 0.85, 0.6),
    one_leg=True,
)
_PRONE_HIP_EXTENSION = Exercise(
    "prone-hip-extension",
    "Face down, one straight leg is lifted, then the other: the pelvis tilts by a few degrees",
    rest=Pose(90.0),
    far=Pose(95.0, list_deg=2.0, up_m=0.01),
    phases=(0.35, 0.25),
    levels=(1.0, 0.9, 0.6),
    one_leg=True,
)
_ISOMETRIC_HOLD = Exercise(
    "isometric-hold",
    "Bridge that is held for about ten seconds",
    rest=Pose(-90.0),
    far=Pose(-130.0, up_m=0.22, forward_m=0.03),
    phases=(0.1, 0.8),
    levels=(1.0, 0.8, 0.6),
)
_SINGLE_LEG_STANCE = Exercise(
    "single-leg-stance",
    "Standing on one leg, the other knee lifted and held: left, then right; at the end two bows",
    rest=Pose(),
    far=Pose(-10.0, up_m=0.01),
    phases=(0.14, 0.7),
    levels=(1.0, 0.9, 0.8),
    one_leg=True,
    stance=True,
)


def _still(name: str, description: str, duration_s: float) -> _Entry:
    exercise = Exercise(name, description, Pose(), Pose(), (0.5, 0.0), (1.0, 1.0, 1.0))
    return _synthetic(exercise, SyntheticSettings(reps=0, rest_before_s=duration_s - 2.0))


EXERCISES = {
    exercise.name: exercise
    for exercise in (
        _BRIDGE,
        _HIP_THRUST,
        _SQUAT,
        _SINGLE_LEG_DEADLIFT,
        _DEADLIFT,
        _SPLIT_SQUAT,
        _STEP_UP,
        _SINGLE_LEG_BRIDGE,
        _PRONE_HIP_EXTENSION,
        _ISOMETRIC_HOLD,
        _SINGLE_LEG_STANCE,
    )
}

# Lifting a leg face down turns the pelvis less than a free leg in the air does.
_LITTLE_ROTATION = SyntheticSettings(hip_rotation_left_deg=6.0, hip_rotation_right_deg=4.0)
_LONG = SyntheticSettings(reps=6, rep_period_s=16.0)
_STANCES = SyntheticSettings(reps=8, rep_period_s=7.0)
_SETTINGS = {
    "prone-hip-extension": _LITTLE_ROTATION,
    "isometric-hold": _LONG,
    "single-leg-stance": _STANCES,
}

_CATALOG: dict[str, _Entry] = {
    **{name: _synthetic(exercise, _SETTINGS.get(name)) for name, exercise in EXERCISES.items()},
    "rest": _still("rest", "Quiet standing", 30.0),
    "counter": _still("counter", "Quiet standing, short, for counting samples", 20.0),
    "real-gait": _Entry(GaitSettings(), build_gait),
    "real-lag": _Entry(LagSettings(), build_lag),
    "shake": _Entry(ShakeSettings(), build_shake),
    "mvic": _Entry(MvicSettings(), build_mvic),
    "sitting": _Entry(SittingScenarioSettings(), build_sitting),
}
