"""Every scenario builds, is reproducible, and keeps the contract of its arrays."""

from __future__ import annotations

import numpy as np
import pytest

from glutesym.errors import GlutesymError
from glutesym.measures import SIDES
from glutesym.virtual.scenarios.base import EMG_GRID_HZ, IMU_GRID_HZ
from glutesym.virtual.scenarios.catalog import build_scenario, scenario_names


def test_the_names_are_the_documented_ones() -> None:
    assert scenario_names() == (
        "bridge",
        "hip-thrust",
        "squat",
        "single-leg-deadlift",
        "deadlift",
        "split-squat",
        "step-up",
        "single-leg-bridge",
        "prone-hip-extension",
        "isometric-hold",
        "single-leg-stance",
        "rest",
        "counter",
        "real-gait",
        "real-lag",
        "shake",
        "mvic",
        "sitting",
    )


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_builds_and_fits_its_grids(name: str) -> None:
    scenario = build_scenario(name, reps=3)
    assert scenario.name == name
    assert scenario.description
    assert scenario.duration_s % 0.5 == 0
    for side in SIDES:
        signals = scenario.side(side)
        assert signals.emg_uv.shape == (round(scenario.duration_s * EMG_GRID_HZ),)
        m = round(scenario.duration_s * IMU_GRID_HZ)
        assert signals.accel_g.shape == signals.gyro_dps.shape == (m, 3)
        for array in (signals.emg_uv, signals.accel_g, signals.gyro_dps):
            assert array.dtype == np.float32
            assert not array.flags.writeable
            assert np.isfinite(array).all()
    ends = [0.0, *(x for rep in scenario.truth.reps for x in (rep.start_s, rep.end_s))]
    assert np.all(np.diff(ends) > 0)
    assert ends[-1] < scenario.duration_s


@pytest.mark.parametrize("name", scenario_names())
def test_four_quiet_seconds_come_first(name: str) -> None:
    scenario = build_scenario(name, reps=2)
    for side in SIDES:
        emg_uv = scenario.side(side).emg_uv[: round(4 * EMG_GRID_HZ)].astype(np.float64)
        assert np.diff(emg_uv).std() > 0.1  # noise, not zeros
        windows = emg_uv.reshape(16, -1)
        rms_uv = windows.std(axis=1)
        assert rms_uv.max() < 3 * np.median(rms_uv)


@pytest.mark.parametrize("name", scenario_names())
def test_seeds_reproduce_and_differ(name: str) -> None:
    one, same, other = (build_scenario(name, seed=seed, reps=2) for seed in (1, 1, 2))
    for side in SIDES:
        a, b, c = (s.side(side) for s in (one, same, other))
        assert np.array_equal(a.emg_uv, b.emg_uv)
        assert np.array_equal(a.accel_g, b.accel_g)
        assert np.array_equal(a.gyro_dps, b.gyro_dps)
        n, m = min(len(a.emg_uv), len(c.emg_uv)), min(len(a.gyro_dps), len(c.gyro_dps))
        assert not np.array_equal(a.emg_uv[:n], c.emg_uv[:n])
        assert not np.array_equal(a.gyro_dps[:m], c.gyro_dps[:m])


@pytest.mark.parametrize("name", ["bridge", "real-gait", "real-lag"])
def test_as_many_repetitions_as_asked(name: str) -> None:
    assert len(build_scenario(name, reps=10).truth.reps) == 10


def test_rest_has_no_repetitions_and_no_truth_about_them() -> None:
    truth = build_scenario("rest", reps=12).truth
    assert truth.reps == ()
    assert truth.symmetry_index_pct is None
    assert truth.lag_ms is None


def test_counter_is_short() -> None:
    assert build_scenario("counter").duration_s == 20


def test_an_unknown_name_lists_the_names() -> None:
    with pytest.raises(GlutesymError, match=r"(?s)'bench-press'.*bridge.*real-lag"):
        build_scenario("bench-press")


def test_an_unknown_setting_lists_the_settings() -> None:
    with pytest.raises(GlutesymError, match=r"no setting 'snr'.*snr_left_db"):
        build_scenario("bridge", snr=3.0)
    with pytest.raises(GlutesymError, match=r"no setting 'hum_uv'.*left_ratio"):
        build_scenario("real-lag", hum_uv=3.0)


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("bridge", {"hum_uv": "loud"}),
        ("bridge", {"hum_uv": True}),
        ("bridge", {"hum_uv": float("nan")}),
        ("bridge", {"snr_left_db": float("nan")}),
        ("bridge", {"reps": 2.5}),
        ("bridge", {"reps": -1}),
        ("bridge", {"symmetry_index_pct": 200.0}),
        ("bridge", {"rise_shape": "cubic"}),
        ("bridge", {"rest_before_s": 0.0}),
        ("bridge", {"rep_period_s": 1.0}),
        ("bridge", {"lag_ms": 3000.0}),
        ("bridge", {"lead_off_left_s": ((5.0, 4.0),)}),
        ("bridge", {"lead_off_left_s": ((5.0, 6.0, 7.0, 8.0),)}),
        ("real-gait", {"reps": 0}),
        ("real-lag", {"left_ratio": 0.0}),
        ("real-lag", {"rep_period_s": 1.0}),
    ],
)
def test_a_setting_out_of_range_is_refused(name: str, overrides: dict[str, object]) -> None:
    with pytest.raises(GlutesymError, match=r"Change|give a value|Make"):
        build_scenario(name, **overrides)
