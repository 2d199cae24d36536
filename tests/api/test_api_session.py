"""What `import glutesym` offers to programs: sessions, arrays, amounts."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

import glutesym
from glutesym.pipeline import measure_set
from glutesym.session.columns import TABLES
from glutesym.virtual.scenarios.catalog import build_scenario
from scenario_recording import record


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    return glutesym.record(
        virtual="hip-thrust",
        reps=6,
        seed=11,
        folder=tmp_path_factory.mktemp("sessions"),
        subject="S07",
    )


def test_a_session_has_arrays_tables_and_the_answer(session):
    assert session.subject == "S07"
    assert session.exercise == "hip-thrust"
    assert session.started.tzinfo is not None
    left = session.emg("left")
    assert left.uv.shape == left.time_s.shape
    assert session.imu("right").accel_g.shape[1] == 3
    assert session.reps.height == 6
    assert {name: table.columns for name, table in session.tables.items()} == {
        name: [column.heading for column in columns]
        for name, columns in TABLES.items()
        if name in session.tables
    }
    assert session.tables["emg"].height == sum(
        len(pod.emg.uv) for pod in session.recording.pods.values()
    )
    assert session.asymmetry_pct.value == pytest.approx(25, abs=8)
    assert "lower by" in session.sentence
    assert session.sentence in repr(session)
    assert session.summary["subject"].to_list() == ["S07"]


def test_tables_are_not_rounded(session):
    index = [rep.symmetry_index_pct for rep in session.measures.reps]
    assert session.reps["symmetry_index_pct"].to_list() == index


def test_loading_again_gives_the_same(session):
    again = glutesym.load(str(session.path))
    assert again.reps.equals(session.reps)
    assert again.summary.equals(session.summary)


def test_export_goes_beside_the_session(session):
    files = session.export()
    assert {path.parent for path in files} == {session.path.with_suffix("")}
    assert pl.read_csv(session.path.with_suffix("") / "reps.csv").height == 6


@pytest.mark.parametrize("side", ["middle", "LEFT"])
def test_a_side_that_is_not_there_is_named(session, side):
    with pytest.raises(glutesym.GlutesymError, match="left and right"):
        session.emg(side)


def test_what_is_no_session_is_told(tmp_path):
    path = tmp_path / "x.glutesym"
    path.write_text("no")
    with pytest.raises(glutesym.GlutesymError, match=r"x\.glutesym"):
        glutesym.load(path)


def test_arrays_of_others_are_measured_as_recordings_are():
    own = record(build_scenario("bridge", seed=12, reps=6))
    pods = own.pods
    made = glutesym.from_arrays(
        {side: pod.emg.uv for side, pod in pods.items()},
        2000.0,
        {side: pod.imu.accel_g for side, pod in pods.items()},
        {side: pod.imu.gyro_dps for side, pod in pods.items()},
        208.0,
        exercise="bridge",
    )
    found, expected = glutesym.analyze(made), measure_set(own)
    assert len(found.reps) == len(expected.reps) == 6
    assert found.summary.verdict == expected.summary.verdict
    assert found.summary.symmetry_index_pct.value == pytest.approx(
        expected.summary.symmetry_index_pct.value, abs=1
    )
    assert all(rep.quality == "good" for rep in found.reps)


GOOD = np.zeros(4000)
MOVING = np.zeros((400, 3))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"fs_hz": 500.0}, "1000 Hz"),
        ({"imu_fs_hz": 20.0}, "50 Hz"),
        ({"emg_uv": {}, "accel_g": {}, "gyro_dps": {}}, "no EMG"),
        ({"gyro_dps": {}}, "rate of turn"),
        ({"emg_uv": {"left": np.zeros((2, 3))}}, r"expected an array \(n\)"),
        ({"accel_g": {"left": np.zeros(9)}}, r"expected an array \(n, 3\)"),
        ({"accel_g": {"left": np.zeros((3, 3))}}, "same moments"),
        ({"emg_uv": {"left": ["a"]}}, "expected numbers"),
        ({"sync_uncertainty_ms": -1.0}, "expected 0 or more"),
    ],
)
def test_arrays_that_cannot_be_used_say_why(changes, says):
    given = {
        "emg_uv": {"left": GOOD},
        "fs_hz": 2000.0,
        "accel_g": {"left": MOVING},
        "gyro_dps": {"left": MOVING},
        "imu_fs_hz": 208.0,
    }
    with pytest.raises(glutesym.GlutesymError, match=says):
        glutesym.from_arrays(**{**given, **changes})


def test_a_frequency_that_no_mains_have_says_so(session):
    for act in (
        lambda: glutesym.load(session.path, mains_hz=7),
        lambda: glutesym.analyze(session.recording, mains_hz=7),
    ):
        with pytest.raises(glutesym.GlutesymError, match="mains_hz is 7: expected 50 or 60"):
            act()


def test_amounts_alone_are_judged():
    random = np.random.default_rng(3)
    left = 50 * np.exp(0.05 * random.standard_normal(12))
    right = 70 * np.exp(0.05 * random.standard_normal(12))
    right[4] = np.nan
    found = glutesym.asymmetry(left, right)
    assert found.verdict == "left lower"
    assert found.n_used == 11
    index = found.symmetry_index_pct
    assert index.ci_low < 100 * 20 / 60 < index.ci_high
    assert glutesym.asymmetry(left, left).verdict == "within noise"
    assert glutesym.asymmetry([], []).verdict == "not measurable"


@pytest.mark.parametrize(
    ("left", "right", "says"),
    [([1, 2], [1], "same ones"), ([-1.0], [1.0], "negative"), ([np.inf], [1.0], "infinite")],
)
def test_amounts_that_are_none_say_why(left, right, says):
    with pytest.raises(glutesym.GlutesymError, match=says):
        glutesym.asymmetry(left, right)


def test_import_loads_nothing_that_is_not_asked_for():
    code = (
        "import sys, glutesym; assert 'load' in dir(glutesym); "
        "print([m for m in ('numpy', 'polars', 'bleak', 'PySide6') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        glutesym.nonsense  # noqa: B018
    for name in glutesym.__all__:
        assert getattr(glutesym, name) is not None
