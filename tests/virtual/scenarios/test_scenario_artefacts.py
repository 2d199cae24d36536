"""Every disturbance is what it claims to be, and nothing else changes with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from glutesym.measures import SIDES, Side
from glutesym.virtual.scenarios.base import EMG_GRID_HZ
from glutesym.virtual.scenarios.catalog import build_scenario

FULL_SCALE_GAIN_6_UV = 403.3e3  # ADS1292R, 2.42 V reference (TI SBAS502)


def added(name: str, side: Side, without: dict[str, Any], with_it: dict[str, Any]) -> NDArray[Any]:
    """What one setting adds to a side's voltage."""
    low, high = (build_scenario(name, reps=3, **x).side(side).emg_uv for x in (without, with_it))
    return high.astype(np.float64) - low.astype(np.float64)


def power_share(x: NDArray[Any], low_hz: float, high_hz: float) -> float:
    power = np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2
    f_hz = np.fft.rfftfreq(len(x), 1 / EMG_GRID_HZ)
    return float(power[(f_hz >= low_hz) & (f_hz <= high_hz)].sum() / power.sum())


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_hum_is_mains_and_harmonics(mains_hz: float) -> None:
    settings = {"offset_left_mv": 0.0, "mains_hz": mains_hz}
    x = added("bridge", "left", {"hum_uv": 0.0, **settings}, {"hum_uv": 10.0, **settings})
    assert power_share(x, mains_hz - 0.5, mains_hz + 0.5) == pytest.approx(1 / 1.1225, abs=0.01)
    assert power_share(x, 3 * mains_hz - 0.5, 3 * mains_hz + 0.5) == pytest.approx(
        0.09 / 1.1225, abs=0.01
    )
    assert x.std() == pytest.approx(10 * 1.1225**0.5, rel=0.01)


def test_motion_artefact_is_slow_and_only_while_moving() -> None:
    reps = build_scenario("squat", reps=3).truth.reps
    x = added("squat", "right", {"motion_artefact_uv": 0.0}, {"motion_artefact_uv": 100.0})
    t_s = np.arange(len(x)) / EMG_GRID_HZ
    still = np.all([(t_s < r.start_s - 0.01) | (t_s > r.end_s + 0.01) for r in reps], axis=0)
    assert np.abs(x[still]).max() < 0.01
    assert 10 < x[~still].std() < 100
    assert power_share(x, 0, 21) > 0.98


def test_the_heart_beats_on_both_sides_at_once_with_opposite_sign() -> None:
    left, right = (added("rest", side, {}, {"ecg_uv": 200.0}) for side in SIDES)
    assert np.abs(left + right).max() < 0.1
    assert left.max() == pytest.approx(200, abs=0.1)
    beats = np.flatnonzero(
        (left[1:-1] > 100) & (left[1:-1] >= left[:-2]) & (left[1:-1] > left[2:])
    )
    per_minute = 60 * EMG_GRID_HZ / np.diff(beats)
    assert per_minute.min() > 65
    assert per_minute.max() < 110
    assert len(beats) > 30


def test_half_cells_add_an_offset_that_drifts_slowly_and_then_stands_still() -> None:
    x = added(
        "rest",
        "left",
        {"offset_left_mv": 0.0, "drift_uv": 0.0},
        {"offset_left_mv": 150.0, "drift_uv": 500.0},
    )
    assert np.abs(x - 150e3).max() < 501
    assert np.ptp(x) > 100
    assert np.abs(np.diff(x)).max() < 0.1
    assert np.ptp(x[-round(EMG_GRID_HZ / 2) :]) < 0.1


def test_an_electrode_off_the_skin_drifts_to_the_rail_and_comes_back() -> None:
    interval = (6.0, 9.0)
    on = build_scenario("bridge", reps=3)
    off = build_scenario("bridge", reps=3, lead_off_left_s=(interval,))
    assert off.left.lead_off_s == (interval,)
    assert off.right.lead_off_s == ()
    assert off.truth == on.truth
    assert np.array_equal(on.right.emg_uv, off.right.emg_uv)
    first, end = (round(x * EMG_GRID_HZ) for x in interval)
    assert np.array_equal(on.left.emg_uv[:first], off.left.emg_uv[:first])
    assert off.left.emg_uv[first + round(0.5 * EMG_GRID_HZ) : end].min() > FULL_SCALE_GAIN_6_UV
    rise = np.diff(off.left.emg_uv[first - 1 : first + 40])
    assert np.abs(rise).max() < FULL_SCALE_GAIN_6_UV / 100  # it drifts, it does not jump
    settled = slice(end + round(2.5 * EMG_GRID_HZ), None)
    assert np.abs(off.left.emg_uv[settled] - on.left.emg_uv[settled]).max() < 1.0


def test_off_the_skin_the_muscle_is_not_seen() -> None:
    """Another muscle gives the same voltage while an electrode is off, and another one before."""
    interval = (6.5, 9.0)
    one, other = (
        build_scenario("bridge", reps=2, lead_off_left_s=(interval,), fall_ms=fall_ms)
        for fall_ms in (250.0, 900.0)
    )
    first, end = (round(x * EMG_GRID_HZ) for x in interval)
    step_uv = other.left.emg_uv[first - 1] - one.left.emg_uv[first - 1]
    assert abs(step_uv) > 0.01
    apart = other.left.emg_uv[first:end] - one.left.emg_uv[first:end]
    assert np.abs(apart[: round(0.01 * EMG_GRID_HZ)]) == pytest.approx(abs(step_uv), rel=0.1)
    assert np.abs(apart[round(2 * EMG_GRID_HZ) :]).max() < 0.2


def test_off_at_the_start_and_twice() -> None:
    scenario = build_scenario("rest", lead_off_right_s=((0.0, 1.0), (2.0, 3.0)))
    x = scenario.right.emg_uv
    assert x[round(0.9 * EMG_GRID_HZ)] > FULL_SCALE_GAIN_6_UV
    assert x[round(2.9 * EMG_GRID_HZ)] > FULL_SCALE_GAIN_6_UV
    assert abs(x[round(6 * EMG_GRID_HZ)]) < 20e3
