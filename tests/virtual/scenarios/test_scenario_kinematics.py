"""The IMUs feel one rigid pelvis: gravity, rotation and motion agree."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from glutesym.measures import SIDES, Side
from glutesym.virtual.scenarios.base import IMU_GRID_HZ, RepTruth, Scenario
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.scenarios.kinematics import Pose, RepTiming, imu_signals, movement

HINGE_DEG = {
    "bridge": 40.0,
    "hip-thrust": 42.0,
    "squat": 32.0,
    "single-leg-deadlift": 70.0,
    "deadlift": 62.0,
    "isometric-hold": 40.0,
}
FAR_END = {
    "bridge": 0.45,
    "hip-thrust": 0.44,
    "squat": 0.49,
    "single-leg-deadlift": 0.5,
    "deadlift": 0.5,
    "isometric-hold": 0.5,
}


def gravity(scenario: Scenario, side: Side, time_s: float) -> NDArray[np.float64]:
    """Mean direction of the accelerometer within 20 ms of a time."""
    centre, reach = round(time_s * IMU_GRID_HZ), 20
    mean = scenario.side(side).accel_g[centre - reach : centre + reach].mean(axis=0, dtype=float)
    return mean / np.linalg.norm(mean)


def turned(
    v: NDArray[np.float64], gyro_dps: NDArray[np.float32]
) -> tuple[NDArray[np.float64], float]:
    """A fixed vector in a frame that turns as the gyroscope says, and the angle turned."""
    attitude = np.eye(3)
    for rate in np.radians(gyro_dps.astype(np.float64)) / IMU_GRID_HZ:
        angle = float(np.linalg.norm(rate)) or 1e-12
        x, y, z = rate / angle
        k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        attitude = attitude @ (np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k)
    angle_deg = float(np.degrees(np.arccos((np.trace(attitude) - 1) / 2)))
    return attitude.T @ v, angle_deg


def far_end_s(name: str, rep: RepTruth) -> float:
    return rep.start_s + FAR_END[name] * (rep.end_s - rep.start_s)


@pytest.mark.parametrize("name", ["rest", "bridge", "squat", "real-gait", "real-lag"])
def test_at_rest_the_accelerometer_feels_one_g_and_nothing_turns(name: str) -> None:
    scenario = build_scenario(name, reps=2)
    for side in SIDES:
        accel_g = scenario.side(side).accel_g[:4000].astype(np.float64)
        gyro_dps = scenario.side(side).gyro_dps[:4000].astype(np.float64)
        assert np.abs(np.linalg.norm(accel_g, axis=1) - 1.0).max() < 0.02
        assert np.abs(gyro_dps).max() < 3
        assert np.abs(gyro_dps.mean(axis=0)).max() < 0.3


@pytest.mark.parametrize("name", HINGE_DEG)
def test_the_gyroscope_integrates_to_what_gravity_says(name: str) -> None:
    scenario = build_scenario(name, reps=2)
    rep = scenario.truth.reps[0]
    from_s, to_s = rep.start_s - 0.1, far_end_s(name, rep)
    for side in SIDES:
        gyro_dps = scenario.side(side).gyro_dps[
            round(from_s * IMU_GRID_HZ) : round(to_s * IMU_GRID_HZ)
        ]
        predicted, angle_deg = turned(gravity(scenario, side, from_s), gyro_dps)
        felt = gravity(scenario, side, to_s)
        assert np.degrees(np.arccos(np.clip(predicted @ felt, -1, 1))) < 1.5
        assert angle_deg == pytest.approx(HINGE_DEG[name], abs=2.0)


def test_the_movement_lasts_as_long_as_the_truth_says() -> None:
    scenario = build_scenario("bridge", reps=3)
    t_s = np.arange(len(scenario.left.gyro_dps)) / IMU_GRID_HZ
    for side in SIDES:
        speed_dps = np.linalg.norm(scenario.side(side).gyro_dps, axis=1)
        for rep in scenario.truth.reps:
            during = (t_s >= rep.start_s - 0.3) & (t_s <= rep.end_s + 0.3)
            moving_s = t_s[during & (speed_dps > 8)]
            assert 0 < moving_s[0] - rep.start_s < 0.2
            assert -0.2 < moving_s[-1] - rep.end_s < 0.05
        still = np.all(
            [(t_s < rep.start_s) | (t_s > rep.end_s + 0.3) for rep in scenario.truth.reps], axis=0
        )
        assert speed_dps[still].max() < 4


def test_the_vertical_acceleration_lifts_the_hips() -> None:
    """Integrated twice, the force beyond gravity raises the pelvis by the height of a bridge."""
    scenario = build_scenario("bridge", reps=1)
    rep = scenario.truth.reps[0]
    first, last = (round(x * IMU_GRID_HZ) for x in (rep.start_s, far_end_s("bridge", rep)))
    for side in SIDES:
        signals = scenario.side(side)
        up = gravity(scenario, side, rep.start_s - 0.1)
        height_m = speed_m_s = 0.0
        for i in range(first, last):
            up, _ = turned(up, signals.gyro_dps[i : i + 1])
            accel_m_s2 = 9.80665 * (float(signals.accel_g[i] @ up) - 1.0)
            speed_m_s += accel_m_s2 / IMU_GRID_HZ
            height_m += speed_m_s / IMU_GRID_HZ
        assert height_m == pytest.approx(0.22, abs=0.04)


def test_the_pods_are_mounted_differently_but_on_one_body() -> None:
    scenario = build_scenario("bridge", reps=2)
    left, right = scenario.left, scenario.right
    assert not np.allclose(
        left.accel_g[:100].mean(axis=0), right.accel_g[:100].mean(axis=0), atol=0.1
    )
    speeds = [np.linalg.norm(side.gyro_dps[4500:], axis=1) for side in (left, right)]
    assert np.corrcoef(speeds)[0, 1] > 0.99
    # The rotation that best maps one pod's axes to the other's (Kabsch 1976) maps both sensors.
    u, _, vt = np.linalg.svd(
        left.gyro_dps.T @ right.gyro_dps + 1e4 * left.accel_g.T @ right.accel_g
    )
    rotation = u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt
    assert np.abs(left.accel_g - right.accel_g @ rotation.T).max() < 0.1


@pytest.mark.parametrize("opening_deg", [3.0, 15.0])
def test_gravity_shows_how_far_the_pelvis_opens_on_one_leg(opening_deg: float) -> None:
    """Hinged forward, a rotation about the pelvis's long axis tilts its left-right axis."""
    scenario = build_scenario(
        "single-leg-deadlift",
        reps=4,
        hip_rotation_left_deg=opening_deg,
        hip_rotation_right_deg=opening_deg,
    )
    hinged = [
        gravity(scenario, "left", far_end_s("single-leg-deadlift", rep))
        for rep in scenario.truth.reps
    ]
    between_legs_deg = np.degrees(np.arccos(hinged[0] @ hinged[-1]))
    across_deg = 2 * np.degrees(
        np.arcsin(np.sin(np.radians(70)) * np.sin(np.radians(opening_deg)))
    )
    assert between_legs_deg == pytest.approx(across_deg, abs=1.0)


def test_each_step_swings_the_pelvis_once() -> None:
    scenario = build_scenario("real-gait", reps=10)
    for side in SIDES:
        accel_g = scenario.side(side).accel_g
        standing = gravity(scenario, side, 2.0)
        for rep in scenario.truth.reps:
            middle = gravity(scenario, side, 0.5 * (rep.start_s + rep.end_s))
            back = gravity(scenario, side, rep.end_s)
            assert np.degrees(np.arccos(middle @ standing)) > 8
            assert np.degrees(np.arccos(min(1.0, back @ standing))) < 4
        assert np.linalg.norm(accel_g, axis=1).max() < 2


def test_walking_turns_about_all_axes_as_gravity_says() -> None:
    """The pelvis rises straight up in walking, so the force felt stays vertical throughout."""
    scenario = build_scenario("real-gait", reps=3)
    reps = scenario.truth.reps
    for side in SIDES:
        vertical, time_s = gravity(scenario, side, 4.0), 4.0
        for rep in reps:
            for until_s in (0.5 * (rep.start_s + rep.end_s), rep.end_s + 0.18):
                span = slice(round(time_s * IMU_GRID_HZ), round(until_s * IMU_GRID_HZ))
                vertical, _ = turned(vertical, scenario.side(side).gyro_dps[span])
                felt = gravity(scenario, side, until_s)
                assert np.degrees(np.arccos(min(1.0, vertical @ felt))) < 1.0
                time_s = until_s


def test_large_turns_about_all_axes_at_once_are_consistent() -> None:
    far = Pose(pitch_deg=60.0, rotation_deg=-50.0, list_deg=40.0)
    motion = movement(Pose(pitch_deg=-20.0), [far], [RepTiming(0.5, 2.0, 3.0, 4.5)], 6.0)
    for side in SIDES:
        accel_g, gyro_dps = imu_signals(motion, side, seed=1)
        vertical = accel_g[:100].mean(axis=0, dtype=float)
        for from_i, until_i in ((50, 1100), (1100, 2500), (2500, 3900), (3900, 5500)):
            vertical, _ = turned(vertical, gyro_dps[from_i:until_i])
            felt = accel_g[until_i - 5 : until_i + 5].mean(axis=0, dtype=float)
            assert np.degrees(np.arccos(min(1.0, vertical @ felt / np.linalg.norm(felt)))) < 1.0
