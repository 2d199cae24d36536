"""What can be asked of a synthetic scenario."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite
from typing import get_args

from glutesym.errors import GlutesymError
from glutesym.measures import Side
from glutesym.virtual.scenarios.kinematics import Pose
from glutesym.virtual.scenarios.muscle import RiseShape


@dataclass(frozen=True)
class Exercise:
    """How one exercise moves the pelvis and loads the glutes."""

    name: str
    description: str
    rest: Pose
    far: Pose
    phases: tuple[float, float]  # shares of the movement: the way out, the stay at the far end
    levels: tuple[
        float, float, float
    ]  # activation: on the way out, at the far end, on the way back
    stance: bool = False  # on one leg, held; two bows on both legs follow
    one_leg: bool = False  # first half of the repetitions on the left leg, the rest on the right


@dataclass(frozen=True)
class SyntheticSettings:
    """What to synthesise. The set's symmetry and lag come out exactly as asked."""

    reps: int = 12
    rep_period_s: float = 4.0
    rep_period_cv_pct: float = 6.0
    rest_before_s: float = 5.0
    rest_after_s: float = 2.0
    activation_uv: float = 90.0  # mean of both sides' RMS over the active part, while they work
    symmetry_index_pct: float = 25.0  # positive: right larger; 25 is a left 22 % below the right
    rep_cv_pct: float = 8.0  # of each side's activation, from repetition to repetition
    lag_ms: float = 35.0  # onset left - onset right
    lag_jitter_ms: float = 12.0  # SD from repetition to repetition
    lead_ms: float = 60.0  # mean onset before the movement starts: electromechanical delay
    lead_jitter_ms: float = 25.0
    rise_left_ms: float = 100.0
    rise_right_ms: float = 100.0
    rise_shape: RiseShape = "raised-cosine"
    fall_ms: float = 250.0
    snr_left_db: float = 22.0  # activation of the side over the RMS of its background noise
    snr_right_db: float = 24.0
    hum_uv: float = 3.0  # RMS of the fundamental
    mains_hz: float = 50.0
    motion_artefact_uv: float = 30.0  # RMS at the highest speed
    ecg_uv: float = 0.0  # peak of the R wave
    offset_left_mv: float = 8.0
    offset_right_mv: float = -12.0
    drift_uv: float = 60.0
    lead_off_left_s: tuple[tuple[float, float], ...] = ()
    lead_off_right_s: tuple[tuple[float, float], ...] = ()
    # One-leg exercises only: activation of the free side, which lifts that leg; how far the pelvis
    # opens to the free side, standing on the left or right leg; pause before the other leg.
    free_leg_ratio: float = 0.45
    hip_rotation_left_deg: float = 12.0
    hip_rotation_right_deg: float = 4.0
    change_leg_s: float = 6.0
    # Single-leg stance only: how far the free side of the pelvis drops, and its SD.
    pelvic_drop_left_deg: float = 7.0
    pelvic_drop_right_deg: float = 3.0
    pelvic_drop_sd_deg: float = 0.5

    def __post_init__(self) -> None:
        numbers = {k: v for k, v in vars(self).items() if isinstance(v, int | float)}
        snrs_db = [numbers.pop("snr_left_db"), numbers.pop("snr_right_db")]
        checks = (
            (all(isfinite(v) for v in numbers.values()), "every number must be finite"),
            (all(v > -inf for v in snrs_db), "an SNR must be a number; infinite means no noise"),
            (self.reps >= 0, "reps must not be negative"),
            (2 <= self.rep_period_s <= 20, "rep_period_s must be from 2 to 20"),
            (0 <= self.rep_period_cv_pct <= 15, "rep_period_cv_pct must be from 0 to 15"),
            (self.rest_before_s >= 1, "rest_before_s must be at least 1"),
            (self.rest_after_s >= 1, "rest_after_s must be at least 1"),
            (self.activation_uv > 0, "activation_uv must be positive"),
            (abs(self.symmetry_index_pct) < 200, "symmetry_index_pct must be within ±200"),
            (0 <= self.rep_cv_pct <= 30, "rep_cv_pct must be from 0 to 30"),
            (self.rise_shape in _SHAPES, f"rise_shape must be one of {', '.join(_SHAPES)}"),
            (self.fall_ms > 0, "fall_ms must be positive"),
            (min(self.rise_left_ms, self.rise_right_ms) >= 0, "a rise must not be negative"),
            (0 < self.free_leg_ratio <= 1, "free_leg_ratio must be above 0 and at most 1"),
            (_ordered(self.lead_off_left_s), f"lead_off_left_s {_ORDER}"),
            (_ordered(self.lead_off_right_s), f"lead_off_right_s {_ORDER}"),
        )
        for fine, rule in checks:
            if not fine:
                raise GlutesymError(f"Scenario settings: {rule}. Change that setting.")

    def of(self, what: str, side: Side) -> float:
        """Return a setting that each side has, e.g. ``of("snr_{}_db", "left")``."""
        return float(getattr(self, what.format(side)))


def _ordered(intervals_s: tuple[tuple[float, float], ...]) -> bool:
    edges = [-1e-9, *(x for pair in intervals_s for x in pair)]
    return len(edges) == 2 * len(intervals_s) + 1 and all(a < b for a, b in pairwise(edges))


_ORDER = "must be (start, end) pairs in order of time, e.g. ((10.0, 12.5),)"
_SHAPES = get_args(RiseShape)
