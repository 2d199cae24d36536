"""Somebody who stands, bends forward twice, and sits, gets up and sits again, leaning a little."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from glutesym.analysis.sitting_guide import STAND_S
from glutesym.errors import GlutesymError
from glutesym.exercises import SITTING
from glutesym.measures import SIDES
from glutesym.virtual.scenarios import artefacts
from glutesym.virtual.scenarios.base import EMG_GRID_HZ, Scenario, Truth, side_signals
from glutesym.virtual.scenarios.kinematics import Pose, RepTiming, imu_signals, movement

_BOW = Pose(pitch_deg=35.0)
_BOWS_S = (STAND_S + 0.8, STAND_S + 3.8)
_BOW_WAY_S, _BOW_STAY_S = 1.0, 0.3
_WAY_S = 1.5  # to sit down, or to get up
_SEAT_DEG = -25.0  # rolled back


@dataclass(frozen=True)
class SittingScenarioSettings:
    """How it is sat."""

    reps: int = 0
    first_at_s: float = 18.0
    seated_s: float = 20.0  # each time, twice
    up_s: float = 21.0  # in between
    lean_deg: float = 4.0  # positive: to the right
    noise_uv: float = 2.0

    def __post_init__(self) -> None:
        if self.first_at_s < 14 or self.seated_s < 5 or self.up_s < 1:
            raise GlutesymError(
                "Scenario settings: first_at_s must be 14 or more, seated_s 5 and up_s 1. Change "
                "that setting."
            )


def build_sitting(settings: SittingScenarioSettings, seed: int) -> Scenario:
    """Return two bouts of sitting after what the monitor asks for first.

    Parameters
    ----------
    settings : SittingScenarioSettings
    seed : int
    """
    seat = Pose(pitch_deg=_SEAT_DEG, list_deg=settings.lean_deg)
    second_s = settings.first_at_s + settings.seated_s + 2 * _WAY_S + settings.up_s
    bows = [_visit(start_s, _BOW_WAY_S, _BOW_STAY_S) for start_s in _BOWS_S]
    seats = [_visit(at_s, _WAY_S, settings.seated_s) for at_s in (settings.first_at_s, second_s)]
    duration_s = float(round(seats[-1].end_s + 3.0))
    motion = movement(Pose(), [_BOW, _BOW, seat, seat], [*bows, *seats], duration_s)
    n = round(duration_s * EMG_GRID_HZ)
    left, right = (
        side_signals(
            artefacts.background(seed, side, n, settings.noise_uv)
            + artefacts.half_cell(seed, side, n, 8.0 if side == "left" else -12.0, 60.0),
            *imu_signals(motion, side, seed),
        )
        for side in SIDES
    )
    return Scenario(
        name="sitting",
        description="Standing, two bows, then sitting twice with a break",
        seed=seed,
        duration_s=duration_s,
        exercise=SITTING,
        left=left,
        right=right,
        truth=Truth(
            seated_s=tuple((timing.reach_s, timing.leave_s) for timing in seats),
            lean_deg=settings.lean_deg,
        ),
        parameters=asdict(settings),
    )


def _visit(start_s: float, way_s: float, stay_s: float) -> RepTiming:
    """Return when a pose is gone to, reached, left and come back from."""
    leave_s = start_s + way_s + stay_s
    return RepTiming(start_s, start_s + way_s, leave_s, leave_s + way_s)
