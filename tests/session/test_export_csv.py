"""The export says everything the recording knows, in units, and invents nothing."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from glutesym.pipeline import measure_set
from glutesym.recording import EmgRecord, Gap, ImuRecord, PodRecord, Recording, SyncUncertainty
from glutesym.session import export_csv as module
from glutesym.session import tables as tables_module
from glutesym.session.columns import EMG, TABLES, UNITS
from glutesym.session.export_csv import export_csv
from glutesym.session.normalised import normalised_row
from glutesym.session.readme import readme_text
from glutesym.session.rows import gap_rows, rep_row, summary_row
from glutesym.session.store import StoredEvent
from glutesym.virtual.scenarios.catalog import build_scenario
from scenario_recording import record as play

FILES = [
    "README.txt",
    "reps.csv",
    "summary.csv",
    "events.csv",
    "gaps.csv",
    "emg.csv",
    "imu.csv",
    "about.json",
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


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "'=1", "''+1"])
def test_a_text_that_a_spreadsheet_would_compute_stays_text(tmp_path: Path, text: str) -> None:
    recording = dataclasses.replace(RECORDING, exercise=text)
    events = (StoredEvent(1.0, "marker", text), StoredEvent(2.0, "marker", f"a{text}"))
    export_csv(tmp_path, "x", recording, MEASURES, META | {"subject": "-S"}, events)
    read = pl.read_csv(tmp_path / "x" / "events.csv")
    assert read["text"].to_list() == [f"'{text}", f"a{text}"]
    assert re.sub(r"^'(?='*[=+\-@\t\r])", "", read["text"][0]) == text  # as docs/csv.md says
    summary = pl.read_csv(tmp_path / "x" / "summary.csv", infer_schema_length=None)
    assert summary["exercise"].item() == f"'{text}"
    assert summary["subject"].item() == "'-S"
    about = json.loads((tmp_path / "x" / "about.json").read_text("utf-8"))
    assert about["exercise"] == text


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, pl.DataFrame]:
    """Return the exported tables, read back by a CSV reader."""
    export_csv(tmp_path, "x", RECORDING, MEASURES, META, EVENTS)
    return {name: pl.read_csv(tmp_path / "x" / f"{name}.csv") for name in TABLES}


def test_files_and_headings(tmp_path: Path, tables: dict[str, pl.DataFrame]) -> None:
    again = export_csv(tmp_path, "x", RECORDING, MEASURES, META, EVENTS)
    assert again == [tmp_path / "x" / name for name in FILES]
    assert sorted(p.name for p in (tmp_path / "x").iterdir()) == sorted(FILES)
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
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
    monkeypatch.setattr(tables_module, "_CHUNK_ROWS", 7)
    seen: list[float] = []
    export_csv(tmp_path / "many", "x", RECORDING, MEASURES, {}, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) > 200
    for name in FILES:
        one, many = (tmp_path / folder / "x" / name for folder in ("one", "many"))
        assert one.read_bytes() == many.read_bytes()


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
    about = json.loads((tmp_path / "x" / "about.json").read_text("utf-8"))
    columns = about["files"]["reps.csv"]["columns"]
    assert all(grade in columns["quality"]["meaning"] for grade in GRADES)
    assert "same grades" in columns["left_quality"]["meaning"]


def test_events(tables: dict[str, pl.DataFrame]) -> None:
    assert tables["events"].rows() == [
        (2.0, None, "marker", 'said "ow", then\nwent on'),
        (3.5, "left", "lost", None),
    ]


def test_sidecar_explains_every_column(tmp_path: Path) -> None:
    export_csv(tmp_path, "x", RECORDING, MEASURES, META, EVENTS)
    about = json.loads(
        (tmp_path / "x" / "about.json").read_text("utf-8"), parse_constant=lambda c: pytest.fail(c)
    )
    for name in TABLES:
        table = pl.read_csv(tmp_path / "x" / f"{name}.csv")
        entry = about["files"][f"{name}.csv"]
        assert entry["rows"] == table.height
        assert list(entry["columns"]) == table.columns
        for column in entry["columns"].values():
            assert column["unit"] in {words for words, _ in UNITS.values()}
            assert column["meaning"]
            assert column["empty"]
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
    assert (tmp_path / "x" / "emg.csv").read_text().count("\n") == 1
    assert (tmp_path / "x" / "reps.csv").read_text().count("\n") == 1
    (row,) = pl.read_csv(tmp_path / "x" / "summary.csv").to_dicts()
    assert row["verdict_reason"] == "only one pod"
    assert row["left_activation_reason"] == "no pod on this side"
    assert row["left_samples_sent"] is None
    assert row["right_samples_sent"] == 0
    assert json.loads((tmp_path / "x" / "about.json").read_text())["pods"]["left"] is None


def test_cancelled_export_leaves_the_old_one(tmp_path: Path) -> None:
    export_csv(tmp_path, "x", RECORDING, MEASURES, {})
    before = contents(tmp_path)

    def cancel(fraction: float) -> None:
        if fraction > 0.5:
            raise KeyboardInterrupt

    changed = dataclasses.replace(RECORDING, exercise="squat")
    with pytest.raises(KeyboardInterrupt):
        export_csv(tmp_path, "x", changed, MEASURES, {}, progress=cancel)
    assert contents(tmp_path) == before


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


def test_again_gives_the_same_bytes_and_leaves_what_is_not_ours(tmp_path: Path) -> None:
    export_csv(tmp_path, "x", RECORDING, MEASURES, META, EVENTS)
    (tmp_path / "x" / "my notes.txt").write_text("mine")
    leftover = tmp_path / "x" / ".export-abc"  # of an export that was killed
    leftover.mkdir()
    (leftover / "emg.csv").write_text("side,ti")
    before = contents(tmp_path)
    export_csv(tmp_path, "x", RECORDING, MEASURES, META, EVENTS)
    del before["x/.export-abc/emg.csv"]
    assert contents(tmp_path) == before


@pytest.mark.parametrize("locked", FILES)
def test_a_file_that_is_open_elsewhere_is_named_and_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locked: str
) -> None:
    """As on Windows, where a file that a spreadsheet has open cannot be renamed."""
    export_csv(tmp_path, "x", RECORDING, MEASURES, META, EVENTS)
    before = contents(tmp_path)
    rename = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if path == tmp_path / "x" / locked:
            raise PermissionError(13, "The process cannot access the file", str(path))
        return rename(path, target)

    changed = dataclasses.replace(RECORDING, exercise="squat")
    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(SessionError, match=f"{locked}: another program has this file open"):
        export_csv(tmp_path, "x", changed, MEASURES, META, EVENTS[:1])
    assert contents(tmp_path) == before
    monkeypatch.undo()
    export_csv(tmp_path, "x", changed, MEASURES, META, EVENTS[:1])
    assert contents(tmp_path) != before


@pytest.mark.parametrize("at", range(len(FILES)))
def test_an_interruption_while_files_are_put_in_place_leaves_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    rename, count = Path.replace, 0

    def replace(path: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == at + 1:
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(KeyboardInterrupt):
        export_csv(tmp_path, "x", RECORDING, MEASURES, META, EVENTS)
    assert not list(tmp_path.iterdir())


def numbers_of(path: Path) -> dict[str, list[str | None]]:
    """Return a table as Python's csv module reads it; an empty cell is None."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return {heading: [row[heading] or None for row in rows] for heading in rows[0]}


def test_what_is_read_back_is_what_was_measured(tmp_path: Path) -> None:
    """By Python's csv and by polars, within half of the last decimal."""
    export_csv(tmp_path, "x", RECORDING, MEASURES, META, EVENTS)
    made = {
        "reps": [rep_row(rep) for rep in MEASURES.reps],
        "gaps": gap_rows(RECORDING),
        "summary": [
            {"session": "x", "started_utc": None, "subject": None}
            | summary_row(RECORDING, MEASURES)
            | normalised_row(None)
        ],
    }
    for name, rows in made.items():
        read = numbers_of(tmp_path / "x" / f"{name}.csv")
        frame = pl.read_csv(tmp_path / "x" / f"{name}.csv", infer_schema_length=None)
        for column in TABLES[name]:
            values = [row[column.heading] for row in rows]
            for value, text, cell in zip(
                values, read[column.heading], frame[column.heading], strict=True
            ):
                if value is None or (isinstance(value, float) and math.isnan(value)):
                    assert text is cell is None
                elif isinstance(value, float):
                    half = 0.5001 * 10.0 ** -UNITS[column.unit][1]
                    assert abs(float(text or "x") - value) <= half
                    assert abs(cell - value) <= half
                    assert "e" not in str(text).lower()
                else:
                    assert text == str(value)
                    assert cell == value


def test_pandas_reads_them_without_being_told_anything(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    export_csv(tmp_path, "x", RECORDING, MEASURES, META, EVENTS)
    for name, columns in TABLES.items():
        path = tmp_path / "x" / f"{name}.csv"
        table, polars = pandas.read_csv(path), pl.read_csv(path)
        assert list(table.columns) == [column.heading for column in columns]
        assert len(table) == polars.height
        for heading in table.columns:
            assert list(table[heading].isna()) == polars[heading].is_null().to_list()
            if polars[heading].dtype.is_numeric():
                same = table[heading].to_numpy(float), polars[heading].cast(float).to_numpy()
                np.testing.assert_array_equal(*same)


@given(
    st.lists(
        st.floats(-1e7, 1e7) | st.just(math.nan) | st.floats(-1e-5, 1e-5), min_size=1, max_size=30
    )
)
def test_every_number_is_written_as_people_write_it(values: list[float]) -> None:
    frame = module.as_written(pl.DataFrame({"emg_uv": values}).fill_nan(None), EMG[3:4])
    for text, value in zip(
        frame.write_csv(include_header=False, float_scientific=False).splitlines(),
        values,
        strict=True,
    ):
        assert not math.isnan(value) or text in ("", '""')
        if text.strip('"'):
            assert re.fullmatch(r"-?\d+(\.\d{1,3})?", text)
            assert abs(float(text) - value) <= 0.000501
            assert text != "-0"


def test_the_text_says_in_which_encoding_it_is(tmp_path: Path) -> None:
    """Excel takes it for another one without the mark."""
    umlauts = dataclasses.replace(RECORDING, exercise="Brücke, 2 × 10 µ")
    for path in export_csv(tmp_path, "x", umlauts, MEASURES, META, EVENTS):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf") == (path.name != "about.json")
    assert pl.read_csv(tmp_path / "x" / "summary.csv")["exercise"][0] == umlauts.exercise
    assert umlauts.exercise in (tmp_path / "x" / "README.txt").read_text("utf-8-sig")


def check_reasons(folder: Path, *names: str) -> None:
    for name in names:
        for row in pl.read_csv(folder / f"{name}.csv", infer_schema_length=None).to_dicts():
            for column in TABLES[name]:
                if row[column.heading] is None:
                    assert column.empty, f"{column.heading} should never be empty"
                    if column.empty in row:
                        assert row[column.empty], f"{column.heading} is empty, {column.empty}, too"


def test_a_cell_is_empty_only_for_a_reason(tmp_path: Path) -> None:
    export_csv(tmp_path, "x", RECORDING, MEASURES, META, EVENTS)
    check_reasons(tmp_path / "x", "emg", "imu", "gaps", "events")


@pytest.mark.parametrize(
    ("scenario", "changes"),
    [
        ("bridge", {"snr_left_db": 9.0}),
        ("bridge", {"snr_left_db": 4.0, "snr_right_db": 20.0}),
        ("single-leg-deadlift", {}),
        ("rest", {}),
    ],
)
def test_what_is_withheld_in_a_measured_set_has_its_reason(
    tmp_path: Path, scenario: str, changes: dict[str, float]
) -> None:
    recording = play(build_scenario(scenario, seed=7, reps=4, **changes))
    export_csv(tmp_path, "x", recording, measure_set(recording), {})
    check_reasons(tmp_path / "x", *TABLES)
    left_only = dataclasses.replace(recording, pods={"left": recording.pods["left"]})
    export_csv(tmp_path, "x", left_only, measure_set(left_only), {})
    check_reasons(tmp_path / "x", *TABLES)


def test_the_page_in_the_folder_says_what_the_set_says(tmp_path: Path) -> None:
    meta = {
        "subject": "S07",
        "started_utc": "2026-05-04T18:30:09.123456+00:00",
        "virtual_pods": True,
        "ended_cleanly": False,
    }
    export_csv(tmp_path, "x", RECORDING, MEASURES, meta, EVENTS)
    page = (tmp_path / "x" / "README.txt").read_text("utf-8-sig")
    for words in (
        "Left lower by 22 % (95 % CI 18…26).",
        "Timing withheld: fewer than 3 repetitions.",
        "subject: S07",
        "started: 2026-05-04 18:30:09 UTC",
        "VIRTUAL",
        "interrupted",
        "Repetition 2 is unusable",
        "not a medical device",
        *FILES[1:],
        *(f"{grade}:" for grade in GRADES),
    ):
        assert words in page.replace("\n  ", " "), words
    assert max(map(len, page.splitlines())) <= 96
    assert "longer than" not in page
    rows = dict.fromkeys(TABLES, 1) | {"emg": 1_048_576}
    long = readme_text("x", rows, RECORDING, MEASURES, {}, None)
    assert "emg.csv: longer than the 1048576 rows" in long
    assert "started: not known" in long.replace("\n  ", " ")


def test_a_file_where_the_folder_should_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a session without an ending, say")
    with pytest.raises(SessionError, match="choose another one with --folder"):
        export_csv(tmp_path, "x", RECORDING, MEASURES, {})
    assert (tmp_path / "x").read_text().startswith("a session")
