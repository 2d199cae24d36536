"""How the pelvis moves in an exercise, and what an IMU on each buttock feels of it.

Pelvis axes: x forward (anterior), y left, z up (cranial) when standing. The pelvis is first
pitched (positive: leaning forward; supine is -90 degrees), then rotated about its cranial axis,
then listed about its anterior axis.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from glutesym.measures import Side
from glutesym.virtual.scenarios.base import IMU_GRID_HZ
from glutesym.virtual.scenarios.muscle import (
    flat_amplitude,
    minimum_jerk,
    random_stream,
    shaped_noise,
)

Array = NDArray[np.float64]

STANDARD_GRAVITY_M_S2 = 9.80665


@dataclass(frozen=True)
class RepTiming:
    """When one movement starts, reaches its far end, leaves it and is back."""

    start_s: float
    reach_s: float
    leave_s: float
    end_s: float
    stance: Side | None = None  # the leg stood on, if it is one


@dataclass(frozen=True)
class Pose:
    """Where the pelvis is. Angles in degrees, displacements in metres."""

    pitch_deg: float = 0.0
    rotation_deg: float = 0.0  # positive: right side forward; below the left when hinged
    list_deg: float = 0.0  # positive: left side up
    up_m: float = 0.0
    forward_m: float = 0.0


@dataclass(frozen=True)
class Motion:
    """The pelvis over time: arrays of shape (m,) at ``IMU_GRID_HZ``."""

    pitch_deg: Array
    rotation_deg: Array
    list_deg: Array
    up_m: Array
    forward_m: Array

    @property
    def speed_dps(self) -> Array:
        """Magnitude of the rate of turn, (m,)."""
        return np.linalg.norm(_rates_dps(self), axis=1)


def movement(rest: Pose, far: list[Pose], timings: list[RepTiming], duration_s: float) -> Motion:
    """Return the pelvis moving from rest to a far pose and back, once per repetition.

    Every way is a minimum-jerk path (Flash and Hogan 1985), so that a repetition starts and ends
    exactly at its times with neither speed nor acceleration. A repetition that leaves its far end
    when it reaches it turns there without stopping.

    Parameters
    ----------
    rest : Pose
        Between repetitions.
    far : list of Pose
        Far end of each repetition.
    timings : list of RepTiming
        One for each entry of ``far``.
    duration_s : float
        Length of the result.

    Returns
    -------
    Motion
    """
    t_s = np.arange(round(duration_s * IMU_GRID_HZ)) / IMU_GRID_HZ
    names = ("pitch_deg", "rotation_deg", "list_deg", "up_m", "forward_m")
    tracks = {name: np.full(len(t_s), getattr(rest, name), dtype=np.float64) for name in names}
    for pose, timing in zip(far, timings, strict=True):
        during = slice(*np.searchsorted(t_s, (timing.start_s, timing.end_s)))
        t = t_s[during]
        if timing.leave_s > timing.reach_s:
            way = minimum_jerk((t - timing.start_s) / (timing.reach_s - timing.start_s))
            way -= minimum_jerk((t - timing.leave_s) / (timing.end_s - timing.leave_s))
        else:
            x = (t - timing.start_s) / (timing.end_s - timing.start_s)
            way = (4 * x * (1 - x)) ** 3
        for name in names:
            tracks[name][during] += (getattr(pose, name) - getattr(rest, name)) * way
    return Motion(**tracks)


def imu_signals(
    motion: Motion, side: Side, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what the IMU of one side feels.

    Soft tissue under the pod rings as a damped oscillator driven by the pelvis, the body sways and
    trembles, and the sensor adds its noise.

    Parameters
    ----------
    motion : Motion
        The pelvis, m samples; it must begin and end at rest in the same pose.
    side : "left" or "right"
        Chooses how the pod is mounted.
    seed : int
        Of sway, tremor and noise.

    Returns
    -------
    accel_g : (m, 3) float32
        Specific force in the pod's axes.
    gyro_dps : (m, 3) float32
        Rate of turn in the pod's axes.
    """
    m = len(motion.pitch_deg)
    shaken = _shaken(motion, side, seed)
    mounting = POD_FROM_PELVIS[side]
    noise = random_stream(seed, side, "imu noise").standard_normal((2, m, 3))
    accel = _specific_force_g(shaken) @ mounting.T + ACCEL_NOISE_G * noise[0]
    gyro = _rates_dps(shaken) @ mounting.T + GYRO_NOISE_DPS * noise[1]
    return accel.astype(np.float32), gyro.astype(np.float32)


def true_up(motion: Motion, side: Side, seed: int) -> Array:
    """Return where up is in a pod's axes, (m, 3) unit vectors, for arguments of `imu_signals`."""
    still = np.zeros(len(motion.up_m))
    at_rest = replace(_shaken(motion, side, seed), up_m=still, forward_m=still)
    return _specific_force_g(at_rest) @ POD_FROM_PELVIS[side].T


def _shaken(motion: Motion, side: Side, seed: int) -> Motion:
    """Return the motion of the skin under a pod."""
    m = len(motion.pitch_deg)
    return Motion(
        pitch_deg=_on_soft_tissue(motion.pitch_deg, side) + _unrest_deg(seed, side, "pitch", m),
        rotation_deg=motion.rotation_deg + _unrest_deg(seed, side, "rotation", m),
        list_deg=motion.list_deg + _unrest_deg(seed, side, "list", m),
        up_m=motion.up_m,
        forward_m=motion.forward_m,
    )


# Noise densities of the LSM6DSOX in high-performance mode (ST DS12814: 70 ug/rtHz, 3.8 mdps/rtHz)
# over half of IMU_GRID_HZ.
ACCEL_NOISE_G = 70e-6 * (IMU_GRID_HZ / 2) ** 0.5
GYRO_NOISE_DPS = 3.8e-3 * (IMU_GRID_HZ / 2) ** 0.5

_SWAY_DEG = 0.15  # quiet stance
_TREMOR_DEG = 0.004  # physiological tremor, 8-12 Hz
_TISSUE_HZ: dict[Side, float] = {"left": 7.0, "right": 8.0}
_TISSUE_DAMPING = 0.25


def _turn(axis: int, angle_deg: float) -> Array:
    """Return the matrix to coordinates in axes turned by an angle about axis 0, 1 or 2."""
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = c
    matrix[i, j], matrix[j, i] = s, -s
    return matrix


# A pod's x points up, y to the wearer's left, z out of the skin: backward and outward on each
# buttock. No one clips a pod on straight: each has its own few degrees of error.
_POD_AXES = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
POD_FROM_PELVIS: dict[Side, Array] = {
    "left": _turn(2, 6.0) @ _turn(1, -8.0) @ _turn(0, -25.0) @ _POD_AXES,
    "right": _turn(2, -4.0) @ _turn(1, -5.0) @ _turn(0, 25.0) @ _POD_AXES,
}


def _unrest_deg(seed: int, side: Side, what: str, m: int) -> Array:
    """Return the body's sway, which both pods share, and the tremor of one side: (m,)."""
    rng = random_stream(seed, "sway", what)
    sway = shaped_noise(rng, m, flat_amplitude(0.1, 0.6), IMU_GRID_HZ)
    rng = random_stream(seed, side, "tremor", what)
    tremor = shaped_noise(rng, m, flat_amplitude(8.0, 12.0), IMU_GRID_HZ)
    return _SWAY_DEG * sway + _TREMOR_DEG * tremor


def _on_soft_tissue(angle_deg: Array, side: Side) -> Array:
    """Return the angle of a pod that sits on a damped oscillator, driven by the pelvis: (m,)."""
    m = len(angle_deg)
    n_fft = -(-m // 500) * 500 + 1000  # room for the ringing to die out
    padded = np.concatenate([angle_deg, np.full(n_fft - m, angle_deg[-1])])
    ratio = np.fft.rfftfreq(n_fft, 1 / IMU_GRID_HZ) / _TISSUE_HZ[side]
    follows = 1.0 / (1.0 - ratio**2 + 2j * _TISSUE_DAMPING * ratio)
    return np.fft.irfft(np.fft.rfft(padded) * follows, n_fft)[:m]


def _rates_dps(motion: Motion) -> Array:
    """Return the rate of turn in pelvis axes, (m, 3)."""
    pitch, rotation, tilt = (
        np.gradient(angle_deg, 1 / IMU_GRID_HZ)
        for angle_deg in (motion.pitch_deg, motion.rotation_deg, motion.list_deg)
    )
    psi = np.radians(motion.rotation_deg)
    rates = np.column_stack([pitch * np.sin(psi), pitch * np.cos(psi), rotation])
    rates = _listed(rates, np.radians(motion.list_deg))
    rates[:, 0] += tilt
    return rates


def _specific_force_g(motion: Motion) -> Array:
    """Return acceleration less gravity in pelvis axes, (m, 3)."""
    up, forward = (
        np.gradient(np.gradient(x_m, 1 / IMU_GRID_HZ), 1 / IMU_GRID_HZ) / STANDARD_GRAVITY_M_S2
        for x_m in (motion.up_m, motion.forward_m)
    )
    up = up + 1.0
    theta, psi = np.radians(motion.pitch_deg), np.radians(motion.rotation_deg)
    x = forward * np.cos(theta) - up * np.sin(theta)
    z = forward * np.sin(theta) + up * np.cos(theta)
    rotated = np.column_stack([x * np.cos(psi), -x * np.sin(psi), z])
    return _listed(rotated, np.radians(motion.list_deg))


def _listed(v: Array, phi: Array) -> Array:
    """Return vectors (m, 3) in axes turned by ``phi`` (m,) about their x."""
    c, s = np.cos(phi), np.sin(phi)
    return np.column_stack([v[:, 0], c * v[:, 1] + s * v[:, 2], c * v[:, 2] - s * v[:, 1]])
