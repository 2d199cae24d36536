"""The export says everything the recording knows, in units, and invents nothing."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from glutesym.errors import SessionError
from glutesym.measures import (
    GRADES,
    Estimate,
    Flaw,
    RepMeasure,
    SetMeasures,
    SetSummary,
    Side,
    SideMeasure,
)
from glutesym.recording import EmgRecord, Gap, ImuRecord, PodRecord, Recording, SyncUncertainty
from glutesym.session import export_csv as module
from glutesym.session.columns import TABLES, UNITS
from glutesym.session.export_csv import export_csv
from glutesym.session.store import StoredEvent

FILES = [
    "x_emg.csv",
    "x_imu.csv",
    "x_reps.csv",
    "x_gaps.csv",
    "x_events.csv",
    "x_summary.csv",
    "x_about.json",
]
FS_HZ = 2000.5


def pod(side: Side, n: int = 1000, m: int = 100) -> PodRecord:
    """Return a pod whose samples 10 to 19 are lost; the index is a ramp."""
    rng = np.random.default_rng(1 if side == "left" else 2)
    uv = rng.normal(150_000, 40, n)
    uv[10:20] = np.nan
    lead_off = np.zeros(n, np.bool_)
    lead_off[5:12] = True
    accel_g = rng.normal(0, 1, (m, 3))
    accel_g[3:4] = np.nan
    return PodRecord(
        side=side,
        emg=EmgRecord(
            FS_HZ, 0.25 + np.arange(n) / FS_HZ, uv, np.arange(n), lead_off, np.roll(lead_off, 50)
        ),
        imu=ImuRecord(208.3, np.arange(m) / 208.3, accel_g, rng.normal(0, 90, (m, 3))),
        gaps=(Gap(0.255, 0.26, 10, "lost on the radio"),),
        imu_gaps=(Gap(0.0144, 0.0144, 1, "the pod was too busy"),) if side == "left" else (),
        samples_sent=n,
        samples_received=n - 10,
        samples_lost=10,
        clock_uncertainty_ms=0.4,
        info={"board": "virtual", "gain": 12},
    )


SYNC = SyncUncertainty(np.array([0.0, 12.5]), np.array([0.4, 0.7]))
RECORDING = Recording({"left": pod("left"), "right": pod("right")}, 12.5, "hip thrust", SYNC)
MEASURES = SetMeasures(
    reps=(
        RepMeasure(
            1,
            1.0,
            3.0,
            SideMeasure(1.125, 2.5, 80.0, 120.0, 18.25),
            SideMeasure(1.1, 2.5, 100.0, 150.0, 20.0),
            22.222222,
            25.0,
        ),
        RepMeasure(
            2,
            4.0,
            6.0,
            SideMeasure(flaws=(Flaw("unusable", "samples lost", "52 ms missing"),)),
            SideMeasure(4.1, 5.5, 101.0, 151.0, 20.0, 6.5),
            None,
            None,
            (Flaw("fair", "motion was lost", "for 100 ms"),),
        ),
    ),
    summary=SetSummary(
        2,
        Estimate(22.222222, 18.0, 26.0),
        Estimate(None, reason="fewer than 3 repetitions"),
        {"left": Estimate(80.0, 70.0, 90.0), "right": Estimate(100.5, 99.0, 102.0)},
        "left lower",
        n_excluded=1,
        excluded=(("samples lost", 1), ("motion was lost as it began", 1)),
    ),
    motion_lost_s=1.5,
    swapped=True,
    pelvic_drop_deg={"left": Estimate(7.0, 6.0, 8.0), "right": Estimate(None, reason="too fast")},
    resting_uv={"left": 2.5, "right": 3.5},
)
META = {
    "started": datetime(2026, 5, 4, tzinfo=UTC),
    "filters": {"band_hz": (20, 450)},
    "nan": math.nan,
}
EVENTS = (
    StoredEvent(2.0, "marker", 'said "ow", then\nwent on'),
    StoredEvent(3.5, "lost", "", "left"),
)


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, pl.DataFrame]:
    """Return the exported tables, read back by a CSV reader."""
    export_csv(tmp_path, "x", RECORDING, MEASURES, META, EVENTS)
    return {name: pl.read_csv(tmp_path / f"x_{name}.csv") for name in TABLES}


def test_files_and_headings(tmp_path: Path, tables: dict[str, pl.DataFrame]) -> None:
    again = export_csv(tmp_path, "x", RECORDING, MEASURES, META, EVENTS)
    assert again == [tmp_path / name for name in FILES]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(FILES)
    for name, table in tables.items():
        assert table.columns == [column.heading for column in TABLES[name]]


def test_every_sample_is_there_and_lost_ones_are_empty(tables: dict[str, pl.DataFrame]) -> None:
    assert tables["emg"]["side"].to_list() == ["left"] * 1000 + ["right"] * 1000
    for side, record in RECORDING.pods.items():
        emg = tables["emg"].filter(pl.col("side") == side)
        lost = np.isnan(record.emg.uv)
        np.testing.assert_allclose(emg["time_s"], record.emg.time_s, atol=0.51e-6)
        np.testing.assert_array_equal(emg["index"], record.emg.index)
        np.testing.assert_allclose(
            emg["emg_uv"].fill_null(math.nan), record.emg.uv, atol=0.51e-3, rtol=0
        )
        for name in ("emg_uv", "lead_off", "clipped"):
            np.testing.assert_array_equal(emg[name].is_null(), lost)
        np.testing.assert_array_equal(emg["lead_off"].drop_nulls(), record.emg.lead_off[~lost])
        np.testing.assert_array_equal(emg["clipped"].drop_nulls(), record.emg.clipped[~lost])

        imu = tables["imu"].filter(pl.col("side") == side)
        accel = imu.select("accel_x_g", "accel_y_g", "accel_z_g").fill_null(math.nan)
        gyro = imu.select("gyro_x_dps", "gyro_y_dps", "gyro_z_dps")
        np.testing.assert_allclose(accel, record.imu.accel_g, atol=0.51e-6, rtol=0)
        np.testing.assert_allclose(gyro, record.imu.gyro_dps, atol=0.51e-3, rtol=0)


def test_chunks_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    export_csv(tmp_path / "one", "x", RECORDING, MEASURES, {})
    monkeypatch.setattr(module, "_CHUNK_ROWS", 7)
    seen: list[float] = []
    export_csv(tmp_path / "many", "x", RECORDING, MEASURES, {}, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) > 200
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "many" / name).read_bytes()


def test_reps(tables: dict[str, pl.DataFrame]) -> None:
    first, second = tables["reps"].to_dicts()
    assert first["left_onset_s"] == 1.125
    assert first["right_activation_uv"] == 100.0
    assert first["left_snr_db"] == 18.25
    assert first["symmetry_index_pct"] == 22.222
    # L/R = 0.8: 100·(atan(1/0.8) − 45°)/90°
    assert first["symmetry_angle_pct"] == pytest.approx(7.045, abs=0.0011)
    assert first["lag_ms"] == 25.0
    assert first["sync_uncertainty_ms"] is None
    assert (first["left_quality"], first["quality"], first["excluded"]) == ("good", "good", 0)
    assert first["left_reason"] is first["reason"] is None
    assert second["rep"] == 2
    for name in (
        "left_onset_s",
        "left_peak_uv",
        "symmetry_index_pct",
        "symmetry_angle_pct",
        "lag_ms",
    ):
        assert second[name] is None
    assert second["left_reason"] == "samples lost (52 ms missing)"
    assert second["right_onset_s"] == 4.1
    assert second["right_onset_uncertainty_ms"] == 6.5
    assert (second["left_quality"], second["right_quality"]) == ("unusable", "good")
    assert (second["quality"], second["excluded"]) == ("unusable", 1)
    assert second["reason"] == "left: samples lost (52 ms missing); motion was lost (for 100 ms)"


def test_summary(tables: dict[str, pl.DataFrame]) -> None:
    (row,) = tables["summary"].to_dicts()
    assert row["exercise"] == "hip thrust"
    assert row["verdict"] == "left lower"
    assert (row["reps"], row["reps_used"], row["reps_excluded"]) == (2, 1, 1)
    assert row["excluded_because"] == "samples lost (1), motion was lost as it began (1)"
    assert row["motion_lost_s"] == 1.5
    assert (row["symmetry_index_ci_low_pct"], row["symmetry_index_ci_high_pct"]) == (18.0, 26.0)
    assert row["symmetry_angle_ci_low_pct"] < row["symmetry_angle_pct"]
    assert (row["lag_ms"], row["lag_reason"]) == (None, "fewer than 3 repetitions")
    assert row["right_activation_uv"] == 100.5
    assert row["pods_swapped"] == 1
    assert (row["left_pelvic_drop_deg"], row["left_pelvic_drop_ci_high_deg"]) == (7.0, 8.0)
    assert row["left_pelvic_drop_reason"] is None
    assert (row["right_pelvic_drop_deg"], row["right_pelvic_drop_reason"]) == (None, "too fast")
    assert row["pelvic_drop_difference_deg"] is None
    assert row["left_resting_uv"] == 2.5
    assert (row["left_samples_sent"], row["left_samples_received"]) == (1000, 990)
    assert row["right_samples_lost"] == 10
    assert row["right_emg_rate_hz"] == FS_HZ
    assert row["sync_uncertainty_ms"] == 0.7


def test_gaps(tables: dict[str, pl.DataFrame]) -> None:
    assert tables["gaps"].rows() == [
        ("left", "emg", 0.255, 0.26, 10, "lost on the radio"),
        ("left", "imu", 0.0144, 0.0144, 1, "the pod was too busy"),
        ("right", "emg", 0.255, 0.26, 10, "lost on the radio"),
    ]


def test_the_grades_are_explained_beside_them(tmp_path: Path) -> None:
    export_csv(tmp_path, "x", RECORDING, MEASURES, META, EVENTS)
    about = json.loads((tmp_path / "x_about.json").read_text("utf-8"))
    columns = about["files"]["x_reps.csv"]["columns"]
    for heading in ("left_quality", "right_quality", "quality"):
        assert all(grade in columns[heading]["meaning"] for grade in GRADES)


def test_events(tables: dict[str, pl.DataFrame]) -> None:
    assert tables["events"].rows() == [
        (2.0, None, "marker", 'said "ow", then\nwent on'),
        (3.5, "left", "lost", None),
    ]


def test_sidecar_explains_every_column(tmp_path: Path) -> None:
    export_csv(tmp_path, "x", RECORDING, MEASURES, META, EVENTS)
    about = json.loads(
        (tmp_path / "x_about.json").read_text("utf-8"), parse_constant=lambda c: pytest.fail(c)
    )
    for name in TABLES:
        table = pl.read_csv(tmp_path / f"x_{name}.csv")
        entry = about["files"][f"x_{name}.csv"]
        assert entry["rows"] == table.height
        assert list(entry["columns"]) == table.columns
        for column in entry["columns"].values():
            assert column["unit"] in {words for words, _ in UNITS.values()}
            assert column["meaning"]
    assert about["session"] == {
        "started": "2026-05-04 00:00:00+00:00",
        "filters": {"band_hz": [20, 450]},
        "nan": None,
    }
    assert about["pods"]["left"]["info"] == {"board": "virtual", "gain": 12}
    assert about["pods"]["left"]["gaps"] == [
        {"start_s": 0.255, "end_s": 0.26, "samples": 10, "reason": "lost on the radio"}
    ]
    assert about["pods"]["left"]["battery_pct"] is None
    assert "right" in about["conventions"]["asymmetry"]
    assert "left" in about["conventions"]["lag"]


def test_one_pod_and_no_reps(tmp_path: Path) -> None:
    nothing = Estimate(None, reason="only one pod")
    measures = SetMeasures(
        (), SetSummary(0, nothing, nothing, {}, "not measurable", "only one pod")
    )
    export_csv(tmp_path, "x", Recording({"right": pod("right", 0, 0)}, 1.0), measures, {})
    assert (tmp_path / "x_emg.csv").read_text().count("\n") == 1
    assert (tmp_path / "x_reps.csv").read_text().count("\n") == 1
    (row,) = pl.read_csv(tmp_path / "x_summary.csv").to_dicts()
    assert row["verdict_reason"] == "only one pod"
    assert row["left_activation_reason"] == "no pod on this side"
    assert row["left_samples_sent"] is None
    assert row["right_samples_sent"] == 0
    assert json.loads((tmp_path / "x_about.json").read_text())["pods"]["left"] is None


def test_cancelled_export_leaves_the_old_one(tmp_path: Path) -> None:
    export_csv(tmp_path, "x", RECORDING, MEASURES, {})
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def cancel(fraction: float) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    changed = dataclasses.replace(RECORDING, exercise="squat")
    with pytest.raises(KeyboardInterrupt):
        export_csv(tmp_path, "x", changed, MEASURES, {}, progress=cancel)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("stem", ["", "../x", "a/b", "/etc/x", "a\\b"])
def test_stays_in_its_folder(tmp_path: Path, stem: str) -> None:
    folder = tmp_path / "export"
    with pytest.raises(SessionError, match="may not contain a folder"):
        export_csv(folder, stem, RECORDING, MEASURES, {})
    assert not list(tmp_path.iterdir())


def test_failures_of_the_disk_are_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SessionError, match="cannot write the export"):
        export_csv(tmp_path / "file", "x", RECORDING, MEASURES, {})

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_csv", full)
    with pytest.raises(SessionError, match=r"No space left.*Check that the disk has space"):
        export_csv(tmp_path / "new", "x", RECORDING, MEASURES, {})
    assert not list((tmp_path / "new").iterdir())
