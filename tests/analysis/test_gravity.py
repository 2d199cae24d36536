"""Which way a pod feels down, at every step of session time."""

import numpy as np
import pytest

from glutesym.analysis.gravity import GRID_HZ, GravityOnGrid
from glutesym.recording import ImuRecord

FS_HZ = 104.0


def turning(seconds, start_s=0.0, rate_dps=20.0):
    """A pod that turns about its x axis, and what it measures of that."""
    time_s = start_s + np.arange(round(seconds * FS_HZ)) / FS_HZ
    angle = np.radians(rate_dps * time_s)
    accel_g = np.stack((0 * angle, np.sin(angle), np.cos(angle)), axis=1)
    gyro_dps = np.tile((rate_dps, 0.0, 0.0), (len(time_s), 1))
    return ImuRecord(fs_hz=FS_HZ, time_s=time_s, accel_g=accel_g, gyro_dps=gyro_dps)


def part(imu, first, last):
    used = slice(first, last)
    return ImuRecord(imu.fs_hz, imu.time_s[used], imu.accel_g[used], imu.gyro_dps[used])


def expected(steps, rate_dps=20.0):
    angle = np.radians(rate_dps * (steps + 0.5) / GRID_HZ)
    return np.stack((0 * angle, np.sin(angle), np.cos(angle)), axis=1)


def test_it_follows_a_pod_that_turns():
    gravity = GravityOnGrid()
    gravity.process(turning(10.0))
    rows = gravity.take(0, gravity.end)
    assert rows[:, :3] == pytest.approx(expected(np.arange(len(rows))), abs=0.01)
    assert rows[:, 3] == pytest.approx(1.0, abs=0.001)


def test_pieces_give_the_same_numbers():
    imu = turning(120.0)
    imu.accel_g[3000:3100] = np.nan
    imu.accel_g[5000:5010] = np.nan
    whole, pieces = GravityOnGrid(), GravityOnGrid()
    whole.process(imu)
    random = np.random.default_rng(4)
    last, rows = 0, []
    while last < len(imu.time_s):
        last += int(random.integers(1, 400))
        pieces.process(part(imu, 0, last))
        rows.append(pieces.take(sum(map(len, rows)), pieces.end))
    assert np.array_equal(np.concatenate(rows), whole.take(0, whole.end), equal_nan=True)


@pytest.mark.parametrize("away_s", [1.0, 90.0, 500.0])
def test_what_comes_after_it_was_given_away_as_unknown_keeps_its_place(away_s):
    gravity = GravityOnGrid()
    gravity.process(turning(5.0))
    n = gravity.end
    given = round((5.0 + away_s) * GRID_HZ)
    assert np.isnan(gravity.take(n, given)).all()
    gravity.process(turning(10.0, start_s=5.0 + away_s - 0.5))
    rows = gravity.take(given, gravity.end)
    assert rows[100:, :3] == pytest.approx(expected(given + np.arange(len(rows))[100:]), abs=0.01)
