"""Both pods held in one hand and shaken: one motion, one electrode voltage, two pods."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from glutesym.errors import GlutesymError
from glutesym.exercises import SYNC_CHECK
from glutesym.measures import SIDES
from glutesym.virtual.scenarios.base import (
    EMG_GRID_HZ,
    IMU_GRID_HZ,
    Scenario,
    SideSignals,
    Truth,
    side_signals,
)
from glutesym.virtual.scenarios.muscle import (
    flat_amplitude,
    random_stream,
    shaped_noise,
    surface_emg_amplitude,
)

Array = NDArray[np.float64]

_G_M_S2 = 9.80665
_BAND_HZ = (1.5, 6.0)  # of a hand that shakes something
_APART_M = 0.02  # the sensors lie within so much of each other
_ARM_M = 0.4  # from the elbow to the hand


@dataclass(frozen=True)
class ShakeSettings:
    """How the pods are shaken, and what their electrodes are given meanwhile."""

    reps: int = 0
    rest_before_s: float = 4.0
    shaking_s: float = 25.0
    rest_after_s: float = 2.0
    turn_dps: float = 180.0  # RMS of the rate of turn
    emg_uv: float = 60.0  # RMS, while it is shaken
    noise_uv: float = 1.5  # RMS, always

    def __post_init__(self) -> None:
        if min(self.rest_before_s, self.rest_after_s) < 1 or not 5 <= self.shaking_s <= 3600:
            raise GlutesymError(
                "Scenario settings: rests must last at least 1 s and shaking_s be 5 to 3600. "
                "Change that setting."
            )


def build_shake(settings: ShakeSettings, seed: int) -> Scenario:
    """Return one motion for both pods, each lying in its own way, and one voltage for both.

    Parameters
    ----------
    settings : ShakeSettings
    seed : int
    """
    duration_s = settings.rest_before_s + settings.shaking_s + settings.rest_after_s
    m, n = round(duration_s * IMU_GRID_HZ), round(duration_s * EMG_GRID_HZ)
    strength = _strength(settings, seed, m)
    turn_rad_s = np.column_stack(
        [
            shaped_noise(
                random_stream(seed, "turn", axis), m, flat_amplitude(*_BAND_HZ), IMU_GRID_HZ
            )
            for axis in "xyz"
        ]
    )
    turn_rad_s *= np.radians(settings.turn_dps) / np.sqrt(3) * strength[:, np.newaxis]
    attitude = _integrated(turn_rad_s)
    muscle = shaped_noise(random_stream(seed, "voltage"), n, surface_emg_amplitude)
    at_s = np.arange(n) / EMG_GRID_HZ
    emg_uv = settings.emg_uv * muscle * np.interp(at_s, np.arange(m) / IMU_GRID_HZ, strength)
    emg_uv += settings.noise_uv * random_stream(seed, "noise").standard_normal(n)
    left, right = (_felt(seed, side, turn_rad_s, attitude, emg_uv) for side in SIDES)
    return Scenario(
        name="shake",
        description="Both pods held in one hand and shaken",
        seed=seed,
        duration_s=duration_s,
        exercise=SYNC_CHECK,
        left=left,
        right=right,
        truth=Truth(),
        parameters=asdict(settings),
    )


def _strength(settings: ShakeSettings, seed: int, m: int) -> Array:
    """Return how strongly it is shaken: in bouts with pauses, 0 before and after."""
    random = random_stream(seed, "bouts")
    at_s = np.arange(m) / IMU_GRID_HZ - settings.rest_before_s
    slow = 1.0 + 0.4 * np.sin(2 * np.pi * at_s / random.uniform(5, 9) + random.uniform(0, 6.3))
    pause = np.clip(np.sin(2 * np.pi * at_s / random.uniform(6, 10)) * 6 + 5.5, 0.1, 1.0)
    ends = np.clip(np.minimum(at_s, settings.shaking_s - at_s) / 0.5, 0.0, 1.0)
    return slow * pause * ends


def _integrated(turn_rad_s: Array) -> scipy.spatial.transform.Rotation:
    """Return the attitude from a rate of turn in the body's own axes."""
    steps = scipy.spatial.transform.Rotation.from_rotvec(turn_rad_s / IMU_GRID_HZ).as_matrix()
    attitude = np.empty_like(steps)
    now = np.eye(3)
    for i, step in enumerate(steps):
        now = now @ step
        attitude[i] = now
    return scipy.spatial.transform.Rotation.from_matrix(attitude)


def _felt(
    seed: int,
    side: str,
    turn_rad_s: Array,
    attitude: scipy.spatial.transform.Rotation,
    emg_uv: Array,
) -> SideSignals:
    random = random_stream(seed, "lies", side)
    arm_m = np.array([_ARM_M, 0.0, 0.0]) + random.uniform(-_APART_M, _APART_M, 3)
    change = np.gradient(turn_rad_s, 1 / IMU_GRID_HZ, axis=0)
    force_m_s2 = np.cross(change, arm_m) + np.cross(turn_rad_s, np.cross(turn_rad_s, arm_m))
    force_g = force_m_s2 / _G_M_S2 + attitude.inv().apply([0.0, 0.0, 1.0])
    any_axes = random.standard_normal(4)  # all as likely
    own_axes = scipy.spatial.transform.Rotation.from_quat(any_axes)
    return side_signals(
        emg_uv=emg_uv,
        accel_g=own_axes.apply(force_g).astype(np.float32),
        gyro_dps=own_axes.apply(np.degrees(turn_rad_s)).astype(np.float32),
    )
