"""What the body does now, as far as motion says: at rest, on its way, holding, on its way back.

For the screen while it happens; repetitions are counted by `glutesym.analysis.reps`, which looks
back. Both pods' direction of gravity (complementary filter, one step a frame of about 80 ms) tells
how far the body has turned away from where it last was still with quiet muscles. Which way is up
an IMU on the pelvis does not tell: the exercise does (`glutesym.exercises`).
"""

from __future__ import annotations

from math import acos, degrees, hypot, inf, nan, radians

import numpy as np
from numpy.typing import NDArray

from glutesym.capture_run import IMU_NOMINAL_HZ
from glutesym.measures import SIDES, MovementPhase, Side

_CORRECT_S = 1.0  # the gyroscope is believed for shorter than this, the accelerometer for longer
_STILL_DPS = 4.0  # gravity turns slower than this in the pod's axes: sway and fidgeting
_AT_HOME_DEG = 4.0
_SETTLE_S = 0.3  # still for so long: not the turning point of a swing
_SQUEEZE_S = 0.8  # active for so long where it rested: held there, not about to move
_TREND = 0.5  # share of the newest rate in its running mean
_STALE_S = 0.5  # a pod that is silent for longer does not count
_LONGEST_GAP_S = 0.5  # after a longer gap the accelerometer alone says where down is

_Vector = tuple[float, float, float]


class _Pod:
    """One pod's direction of gravity and how fast it turns."""

    def __init__(self) -> None:
        self.time_s = -inf
        self.down: _Vector = (nan, nan, nan)
        self.home: _Vector | None = None
        self.rate_dps = 0.0  # away from home is positive
        self.speed_dps = 0.0
        self.away_deg = 0.0

    def process(self, time_s: float, step_s: float, accel_g: _Vector, gyro_dps: _Vector) -> None:
        if not 0 <= time_s - self.time_s <= _LONGEST_GAP_S:
            self.time_s, self.down = time_s, _unit(accel_g)
            return
        x, y, z = self.down
        wx, wy, wz = (radians(w) * step_s for w in gyro_dps)
        share = min(step_s / _CORRECT_S, 1.0)
        # What is fixed in the world turns by −ω in the pod's axes.
        turned = (x + y * wz - z * wy, y + z * wx - x * wz, z + x * wy - y * wx)
        ax, ay, az = accel_g
        self.down = _unit(
            (
                turned[0] + share * (ax - turned[0]),
                turned[1] + share * (ay - turned[1]),
                turned[2] + share * (az - turned[2]),
            )
        )
        self.time_s = time_s
        self.speed_dps += _TREND * (_angle_deg((x, y, z), self.down) / step_s - self.speed_dps)
        away_deg = _angle_deg(self.home, self.down) if self.home else 0.0
        self.rate_dps += _TREND * ((away_deg - self.away_deg) / step_s - self.rate_dps)
        self.away_deg = away_deg


class PhaseFollower:
    """Follow both pods' motion; cheap enough for every frame."""

    def __init__(self) -> None:
        self._pods = {side: _Pod() for side in SIDES}
        self._still_since_s = inf
        self._works_since_s = inf
        self._phase: MovementPhase = ""

    def process(
        self,
        side: Side,
        time_s: float,
        accel_g: NDArray[np.float64],
        gyro_dps: NDArray[np.float64],
    ) -> None:
        """Take in a frame of one pod.

        Parameters
        ----------
        side : Side
        time_s : float
            When it arrived, on any steady clock.
        accel_g, gyro_dps : (n, 3)
            Its samples.
        """
        (ax, ay, az), (wx, wy, wz) = accel_g.mean(axis=0).tolist(), gyro_dps.mean(axis=0).tolist()
        step_s = len(accel_g) / IMU_NOMINAL_HZ
        self._pods[side].process(time_s, step_s, (ax, ay, az), (wx, wy, wz))

    def phase(self, now_s: float, working: bool | None) -> MovementPhase:
        """Return what the body does.

        Parameters
        ----------
        now_s : float
            On the clock of the frames.
        working : bool or None
            Whether the muscles are active; None: not known.

        Returns
        -------
        MovementPhase
            "still" when it is not known whether it rests or holds; "" when nothing is known.
        """
        self._works_since_s = min(self._works_since_s, now_s) if working else inf
        pods = [pod for pod in self._pods.values() if now_s - pod.time_s < _STALE_S]
        if not pods:
            self._still_since_s = inf
            self._phase = ""
            return ""
        speed_dps = sum(pod.speed_dps for pod in pods) / len(pods)
        rate_dps = sum(pod.rate_dps for pod in pods) / len(pods)
        away_deg = sum(pod.away_deg for pod in pods) / len(pods)
        if speed_dps >= _STILL_DPS:
            self._still_since_s = inf
            if away_deg >= _AT_HOME_DEG:
                self._phase = "away" if rate_dps > 0 else "back"
            return self._phase
        self._still_since_s = min(self._still_since_s, now_s)
        if now_s - self._still_since_s < _SETTLE_S:
            return self._phase
        if working is None:
            self._phase = "still"
        elif not working:
            self._phase = "rest"
        else:
            held = away_deg >= _AT_HOME_DEG or now_s - self._works_since_s >= _SQUEEZE_S
            self._phase = "hold" if held else "work"
        if working is False or any(pod.home is None for pod in pods):
            for pod in pods:
                pod.home, pod.away_deg = pod.down, 0.0
        return self._phase


def _unit(v: _Vector) -> _Vector:
    size = hypot(*v)
    return (v[0] / size, v[1] / size, v[2] / size) if size > 1e-9 else v  # in free fall: none


def _angle_deg(a: _Vector, b: _Vector) -> float:
    cosine = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return degrees(acos(max(-1.0, min(1.0, cosine))))
