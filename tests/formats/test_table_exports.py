"""Parquet and MAT hold the tables of the CSVs, not rounded, for their own readers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from scipy.io import loadmat

from formats_session import make_session
from glutesym.errors import SessionError
from glutesym.formats import mat as mat_module
from glutesym.formats.exporter import Format, exporter, place_of
from glutesym.formats.mat import export_mat
from glutesym.formats.parquet import METADATA, export_parquet
from glutesym.recording import Recording
from glutesym.session.analyze import export_session
from glutesym.session.columns import TABLES, UNITS
from glutesym.session.rows import rep_row

STEM = "2026-05-04_18-30-09_bridge"


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory):
    return make_session(tmp_path_factory.mktemp("session"))


@pytest.fixture(scope="module")
def parquet(session, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("parquet")
    export_parquet(session, folder)
    return folder / STEM


@pytest.fixture(scope="module")
def mat(session, tmp_path_factory: pytest.TempPathFactory):
    (path,) = export_mat(session, tmp_path_factory.mktemp("mat"))
    return loadmat(path, simplify_cells=True)


def test_parquet_has_every_table_and_says_what_is_in_it(parquet: Path) -> None:
    assert {path.stem for path in parquet.iterdir()} == set(TABLES)
    for name, columns in TABLES.items():
        file = pq.ParquetFile(parquet / f"{name}.parquet")
        assert file.schema_arrow.names == [column.heading for column in columns]
        about = json.loads(file.metadata.metadata[METADATA.encode()])
        for column in columns:
            told = about["files"][f"{name}.csv"]["columns"][column.heading]
            assert told["unit"] == UNITS[column.unit][0]
        assert about["session"]["subject"] == "S07"


def test_parquet_holds_every_sample_as_measured(session, parquet: Path) -> None:
    emg = pq.read_table(parquet / "emg.parquet")
    imu = pl.read_parquet(parquet / "imu.parquet")
    for side, pod in session.recording.pods.items():
        of_side = pl.DataFrame(emg).filter(side=side)
        for heading, values in (("time_s", pod.emg.time_s), ("emg_uv", pod.emg.uv)):
            read = of_side[heading].fill_null(float("nan")).to_numpy()
            assert np.array_equal(read, values, equal_nan=True)
        lost = np.isnan(pod.emg.uv)
        assert of_side["emg_uv"].null_count() == lost.sum()
        assert np.array_equal(of_side["lead_off"].fill_null(0) == 1, pod.emg.lead_off & ~lost)
        assert np.array_equal(of_side["clipped"].fill_null(0) == 1, pod.emg.clipped & ~lost)
        assert np.array_equal(of_side["index"], pod.emg.index)
        z = imu.filter(side=side)["gyro_z_dps"].fill_null(float("nan")).to_numpy()
        assert np.array_equal(z, pod.imu.gyro_dps[:, 2], equal_nan=True)


def test_parquet_and_csv_say_the_same(session, parquet: Path, tmp_path: Path) -> None:
    export_session(session, tmp_path)
    for name, columns in TABLES.items():
        csv = pl.read_csv(tmp_path / STEM / f"{name}.csv", infer_schema_length=None)
        table = pl.read_parquet(parquet / f"{name}.parquet")
        assert csv.height == table.height
        for column in columns:
            written, exact = csv[column.heading], table[column.heading]
            assert written.is_null().to_list() == exact.is_null().to_list(), column.heading
            if column.unit:
                assert exact.dtype == pl.Float64
                off = (written.cast(pl.Float64) - exact).abs().max() or 0.0
                assert off <= 0.500001 * 10.0 ** -UNITS[column.unit][1]


def test_tables_of_sessions_can_be_put_below_each_other(parquet: Path, tmp_path: Path) -> None:
    nobody = make_session(tmp_path, subject="", scenario="single-leg-deadlift")
    export_parquet(nobody, tmp_path)
    for name in ("summary", "reps", "gaps", "events"):
        both = [
            pl.read_parquet(folder / f"{name}.parquet") for folder in (parquet, tmp_path / STEM)
        ]
        together = pl.concat(both, how="vertical_relaxed")
        assert together.height == both[0].height + both[1].height


def test_mat_is_opened_by_scipy_with_columns_units_and_texts(session, mat) -> None:
    assert set(mat) - {"__header__", "__version__", "__globals__"} == {
        "left_emg", "right_emg", "left_imu", "right_imu", "reps", "summary", "events", "gaps",
        "units", "about",
    }  # fmt: skip
    for side, pod in session.recording.pods.items():
        emg, imu = mat[f"{side}_emg"], mat[f"{side}_imu"]
        assert np.array_equal(emg["time_s"], pod.emg.time_s)
        assert np.array_equal(emg["emg_uv"], pod.emg.uv, equal_nan=True)
        assert np.array_equal(emg["lead_off"] == 1, pod.emg.lead_off & np.isfinite(pod.emg.uv))
        assert np.array_equal(imu["accel_x_g"], pod.imu.accel_g[:, 0], equal_nan=True)
    rows = [rep_row(rep) for rep in session.measures.reps]
    for heading, values in mat["reps"].items():
        assert len(values) == len(rows)
        for value, row in zip(values, rows, strict=True):
            expected = row[heading]
            if isinstance(value, str):
                assert value == (expected or "")
            else:
                missing = float("nan") if expected is None else expected
                assert value == pytest.approx(missing, nan_ok=True, rel=1e-15), heading
    assert mat["units"]["reps"]["lag_ms"] == "milliseconds"
    assert mat["gaps"]["reason"] == "lost on the radio"
    assert json.loads(mat["about"])["session"]["subject"] == "S07"
    assert mat["summary"]["verdict"] == "left lower"


def test_columns_of_the_file_are_columns_in_matlab(session, tmp_path: Path) -> None:
    (path,) = export_mat(session, tmp_path)
    raw = loadmat(path)
    reps = raw["reps"][0, 0]
    for name in reps.dtype.names:
        assert reps[name].shape == (4, 1), name  # what struct2table wants
        assert len(name) <= 63  # MATLAB's longest


def test_mat_says_that_it_cannot_hold_so_much(session, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(mat_module, "MOST_BYTES", 100_000)
    with pytest.raises(SessionError, match="--format parquet"):
        export_mat(session, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", list(Format))
def test_every_format_says_where_it_is_and_how_far(session, tmp_path: Path, form: Format) -> None:
    told: list[float] = []
    files = exporter(form)(session, tmp_path, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert place_of(form, files) == tmp_path / ("bids" if form is Format.BIDS else STEM)
    assert all(file.is_file() for file in files)
    again = {file: file.read_bytes() for file in files if form is not Format.MAT}
    assert exporter(form)(session, tmp_path, told.append)[0] == files[0]
    for file, content in again.items():
        if file.exists() and file.name not in ("README.md", "dataset_description.json"):
            assert file.read_bytes() == content, file


@pytest.mark.parametrize("form", list(Format))
def test_a_file_in_the_way_is_an_error(session, tmp_path: Path, form: Format) -> None:
    (tmp_path / STEM).write_text("x")
    (tmp_path / "bids").write_text("x")
    with pytest.raises(SessionError, match="choose another one with --folder"):
        exporter(form)(session, tmp_path, lambda fraction: None)
    assert sorted(path.name for path in tmp_path.iterdir()) == [STEM, "bids"]


@pytest.mark.parametrize("form", [Format.CSV, Format.PARQUET, Format.MAT])
def test_a_session_without_samples_is_exported(session, tmp_path: Path, form: Format) -> None:
    nothing = replace(session, recording=Recording({}, 0.0), events=())
    assert exporter(form)(nothing, tmp_path, lambda fraction: None)
