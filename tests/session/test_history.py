"""Sessions of one person and exercise are found, measured and compared; the others say why not."""

from __future__ import annotations

import os
import shutil
import sqlite3
import struct
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from glutesym import wire
from glutesym.analysis.calibration import Mvic
from glutesym.cli import app
from glutesym.errors import SessionError, SubjectError
from glutesym.exercises import MVIC, NO_EXERCISE
from glutesym.measures import SIDES
from glutesym.session.calibration_store import StoredCalibration, save_calibration
from glutesym.session.columns import TABLES, TREND
from glutesym.session.history import load_history
from glutesym.session.measured import measure_session
from glutesym.session.normalised import FOLDER
from glutesym.session.review import Review
from glutesym.session.store import open_session
from glutesym.session.subject import PLACEMENT
from glutesym.session.writer import SessionWriter
from glutesym.virtual.scenarios.catalog import build_scenario
from virtual_session import record

START = datetime(2026, 5, 4, 10, 30, 9, tzinfo=UTC)
_LSB_AT = struct.calcsize("<" + "".join(field[1] for field in wire.FIELDS[wire.EMG][:-1]))


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recorded session of bridges, the left side lower by 10 %."""
    folder = tmp_path_factory.mktemp("recorded")
    scenario = build_scenario("bridge", seed=4, reps=4, symmetry_index_pct=10.0)
    return record(folder, scenario, 4).session.path


def on_day(bridge: Path, folder: Path, day: int, gain: float = 1.0, **meta: str) -> Path:
    """Return the session as if of another day, the right muscle stronger by a factor."""
    folder.mkdir(exist_ok=True)
    started = START + timedelta(days=day)
    words = "_".join(meta.values()).replace("/", "-") or "x"
    path = folder / f"{started:%Y-%m-%d_%H-%M-%S}_{words}.glutesym"
    shutil.copy(bridge, path)
    of = {"started_utc": started.isoformat(), "subject": "S07", "host_clock": "none"} | meta
    with closing(sqlite3.connect(path)) as database, database:
        database.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", of.items())
        if gain != 1:
            frames = database.execute(
                "SELECT frames.id, frame FROM frames JOIN pods ON pods.id = pod_id"
                " WHERE side = 'right'"
            ).fetchall()
            for number, frame in frames:
                if frame[0] & 0x0F == wire.EMG & 0x0F:
                    changed = bytearray(frame)
                    (lsb_pv,) = struct.unpack_from("<I", frame, _LSB_AT)
                    struct.pack_into("<I", changed, _LSB_AT, round(gain * lsb_pv))
                    database.execute(
                        "UPDATE frames SET frame = ?, checksum = NULL WHERE id = ?",
                        (bytes(changed), number),
                    )
    return path


@pytest.fixture
def folder(bridge: Path, tmp_path: Path) -> Path:
    """Return a folder with sessions of S07 that become more alike, and with others."""
    for i, gain in enumerate((1.3, 1.24, 1.15, 1.07, 1.01)):
        on_day(bridge, tmp_path / "sessions", 7 * i, gain)
    return tmp_path / "sessions"


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.exception)
    return " ".join(result.output.split())


def test_sessions_that_become_more_alike_get_better(folder: Path) -> None:
    seen: list[float] = []
    history = load_history(folder, "S07", "bridge", progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert [one.at.astimezone(UTC) for one in history.sets] == [
        START + timedelta(days=7 * i) for i in range(5)
    ]
    assert not history.skipped
    assert history.of.placement == PLACEMENT
    first, last = (history.sets[i].summary.symmetry_index_pct.value for i in (0, -1))
    assert first is not None
    assert last is not None
    assert first - last == pytest.approx(25, abs=2)  # 1.3 / 1.01
    assert history.asymmetry.verdict == "better"
    assert history.lag.verdict == "no change that it can tell"


def test_the_command_prints_the_table_and_the_answer_and_writes_it(
    folder: Path, tmp_path: Path
) -> None:
    table = tmp_path / "new" / "S07.csv"
    before = sorted(folder.iterdir())
    said = run("trend", folder, "--subject", "S07", "-e", "BRIDGE", "--csv", table)
    for words in (
        "subject S07, bridge, gluteus maximus",
        "2026-05-04 │ 4/4",
        "left lower │",
        "Asymmetry: better. From left lower by 3",
        "Lag: no change that it can tell.",
        table.name,
    ):
        assert words in said, words
    frame = pl.read_csv(table)
    assert frame.columns == [column.heading for column in TREND]
    history = load_history(folder)
    assert frame["session"].to_list() == [one.path.stem for one in history.sets]
    for name, trend in (("symmetry_index", history.asymmetry), ("lag", history.lag)):
        unit = "pct" if name == "symmetry_index" else "ms"
        lines = [day.fitted.value for day in trend.days]
        assert frame[f"{name}_line_{unit}"].to_list() == pytest.approx(lines, abs=6e-4)
    assert sorted(folder.iterdir()) == before
    again = table.read_bytes()
    run("trend", folder, "--csv", table)
    assert table.read_bytes() == again
    assert [path.name for path in table.parent.iterdir()] == [table.name]


def test_what_does_not_count_says_why(bridge: Path, folder: Path) -> None:
    on_day(bridge, folder, 30, subject="S08")
    on_day(bridge, folder, 31, exercise="squat")
    on_day(bridge, folder, 32, placement="gluteus medius")
    on_day(bridge, folder, 33, host_clock="world time")
    copy = folder / "copy.glutesym"
    shutil.copy(next(folder.glob("2026-05-04*")), copy)
    (folder / "broken.glutesym").write_text("text " * 1000)
    (folder / "notes.txt").write_text("not a session")
    history = load_history(folder, "S07", "bridge", PLACEMENT)
    assert len(history.sets) == 5
    why = {one.path.name.split("_")[-1]: one.reason for one in history.skipped}
    assert why.keys() == {
        "S08.glutesym", "squat.glutesym", "gluteus medius.glutesym", "world time.glutesym",
        "copy.glutesym", "broken.glutesym",
    }  # fmt: skip
    assert why["S08.glutesym"] == "it is of subject S08, bridge, gluteus maximus"
    assert why["squat.glutesym"] == "it is of subject S07, squat, gluteus maximus"
    assert "gluteus medius" in why["gluteus medius.glutesym"]
    assert why["world time.glutesym"].endswith("virtual pods")
    assert "copy or replay of" in why["copy.glutesym"]
    assert "not a glutesym session" in why["broken.glutesym"]
    said = run(
        "trend", folder, "--subject", "S07", "--exercise", "bridge", "--placement", PLACEMENT
    )
    assert "1 left out: this is not a glutesym session" in said


def test_a_session_counts_as_what_a_reviewer_says_was_exercised(
    bridge: Path, folder: Path
) -> None:
    renamed = on_day(bridge, folder, 40, exercise="[/]")
    assert len(load_history(folder, "S07", "bridge").sets) == 5
    run("review", renamed, "--rename", "Bridge")
    assert load_history(folder, exercise="bridge").sets[-1].path == renamed
    run("review", renamed, "--undo")
    assert "it is of subject S07, [/]," in run("trend", folder, "--exercise", "bridge")
    assert "subject S07, [/], gluteus" in run("trend", folder, "--exercise", "[/]")


def test_subjects_that_differ_in_case_are_two(bridge: Path, tmp_path: Path) -> None:
    on_day(bridge, tmp_path, 0)
    on_day(bridge, tmp_path, 1, subject="s07")
    (found,) = load_history(tmp_path, "s07").sets
    assert found.path.name.endswith("s07.glutesym")


def test_what_is_withheld_is_said_once_for_each_reason(bridge: Path, tmp_path: Path) -> None:
    for day in (0, 7):
        on_day(bridge, tmp_path, day, exercise="step-up")
    said = run("trend", tmp_path)
    assert said.count("Lag withheld: one leg works at a time") == 1
    assert "no start in common: all of them" in said
    assert "– not measurable" in said


def test_what_is_left_out_is_told_once_for_each_reason(bridge: Path, tmp_path: Path) -> None:
    on_day(bridge, tmp_path, 0)
    others = [on_day(bridge, tmp_path, day, exercise="squat").name for day in range(1, 6)]
    result = CliRunner().invoke(app, ["trend", str(tmp_path), "--exercise", "bridge"])
    assert result.output.lstrip().startswith("subject S07, bridge, gluteus maximus\n")
    lines = result.output.splitlines()
    at = lines.index("5 left out: it is of subject S07, squat, gluteus maximus")
    assert lines[at + 1].strip() == f"{', '.join(others[:3])} and 2 more"


def test_what_is_meant_has_to_be_clear(bridge: Path, folder: Path) -> None:
    on_day(bridge, folder, 30, subject="S08")
    on_day(bridge, folder, 31, exercise="squat")
    with pytest.raises(SessionError) as unclear:
        load_history(folder)
    assert "subject S07, bridge, gluteus maximus (5)" in unclear.value.reason
    assert "--subject, --exercise" in unclear.value.reason
    with pytest.raises(SessionError, match=r"no session of subject 'S99'; there are: subject S07"):
        load_history(folder, "S99")
    assert len(load_history(folder, "S08").sets) == 1
    with pytest.raises(SubjectError):
        raise CliRunner().invoke(app, ["trend", str(folder), "--subject", "Ada L"]).exception  # type: ignore[misc]


def test_one_session_is_too_few_and_says_what_is_needed(bridge: Path, tmp_path: Path) -> None:
    on_day(bridge, tmp_path, 0, subject="")
    said = run("trend", tmp_path)
    assert "Asymmetry: too few sessions: sets that can be compared on 1 day, 4 are needed" in said
    assert "do not say whose they are" in said


def test_a_folder_without_sessions_that_can_be_read(tmp_path: Path) -> None:
    with pytest.raises(SessionError, match="no session file in this folder"):
        load_history(tmp_path)
    (tmp_path / "a.glutesym").write_text("text " * 1000)
    with pytest.raises(SessionError, match="none of its session files can be read"):
        load_history(tmp_path)


def test_calibrations_and_audits_of_the_clocks_are_no_exercises(
    bridge: Path, folder: Path, tmp_path: Path
) -> None:
    for name in NO_EXERCISE:
        on_day(bridge, folder, 3, exercise=name)
        on_day(bridge, tmp_path / "others", 3, exercise=name)
    history = load_history(folder)
    assert len(history.sets) == 5
    assert {one.reason for one in history.skipped} == {
        f"it is {what}" for what in NO_EXERCISE.values()
    }
    assert len(load_history(folder, exercise=MVIC).sets) == 1
    with pytest.raises(SessionError, match=r"no session of an exercise.*it is a calibration"):
        load_history(tmp_path / "others")


def test_a_table_that_cannot_be_written_is_told(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "taken.csv").mkdir()
    result = CliRunner().invoke(app, ["trend", str(folder), "--csv", str(tmp_path / "taken.csv")])
    assert isinstance(result.exception, SessionError)
    assert "cannot be written" in str(result.exception)
    assert not list(tmp_path.glob(".export-*"))


def test_a_whole_folder_is_exported_and_what_fails_is_told(folder: Path, tmp_path: Path) -> None:
    said = run("export", folder)
    stems = sorted(path.stem for path in folder.glob("*.glutesym"))
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == stems
    for stem in stems:
        assert f"{stem}{os.sep} (README.txt" in said.replace("  ", " ")
        assert len(list((folder / stem).iterdir())) == len(TABLES) + 2
    summaries = pl.concat(
        [pl.read_csv(folder / stem / "summary.csv", infer_schema_length=None) for stem in stems],
        how="vertical_relaxed",
    )
    assert summaries["session"].to_list() == stems
    assert summaries["subject"].to_list() == ["S07"] * 5
    (folder / "broken.glutesym").write_text("text " * 1000)
    result = CliRunner().invoke(app, ["export", str(folder), "-o", str(tmp_path / "csv")])
    assert "1 of 6 sessions could not be exported" in str(result.exception)
    assert "broken.glutesym: this is not a glutesym session" in result.output
    assert sorted(path.name for path in (tmp_path / "csv").iterdir()) == stems


def test_the_calibration_is_that_of_the_placement_that_was_recorded(
    bridge: Path, tmp_path: Path
) -> None:
    path = on_day(bridge, tmp_path, 0, placement="gluteus medius")
    mvic = {side: Mvic(side, 400.0, "prone", 3.0, 3) for side in SIDES}
    made = StoredCalibration("S07", "gluteus medius", START, mvic)
    save_calibration(tmp_path / FOLDER, made)
    assert "% of MVIC" in run("analyze", path)
    assert "There is no calibration" in run("analyze", path, "--placement", PLACEMENT)
    run("export", path)
    summary = pl.read_csv(path.with_suffix("") / "summary.csv", infer_schema_length=None)
    assert summary["mvic_placement"].item() == "gluteus medius"
    assert Review(path).open().analyzed.normalised == measure_session(path).normalised


def test_the_copy_of_a_session_that_was_damaged_counts(folder: Path) -> None:
    original = next(folder.glob("2026-05-04*"))
    copy = original.with_stem(original.stem + "_again")
    shutil.copy(original, copy)
    with closing(sqlite3.connect(original)) as database, database:
        database.execute("DROP TABLE frames")
    history = load_history(folder, "S07", "bridge", PLACEMENT)
    assert len(history.sets) == 5
    assert copy in [one.path for one in history.sets]
    (damaged,) = [one for one in history.skipped if one.path == original]
    assert "damaged" in damaged.reason


@pytest.mark.parametrize("command", ["trend", "library"])
def test_a_table_never_replaces_anything_but_a_table(folder: Path, command: str) -> None:
    path = next(folder.glob("*.glutesym"))
    before = path.read_bytes()
    for name in (str(path), "/", ".", "table.txt"):
        result = CliRunner().invoke(app, [command, str(folder), "--csv", name])
        assert result.exit_code == 2
        assert "ends in .csv" in " ".join(result.output.replace("│", " ").split())
    assert path.read_bytes() == before


def test_two_sessions_of_one_name_are_not_mixed(folder: Path, tmp_path: Path) -> None:
    one = next(folder.glob("*.glutesym"))
    other = tmp_path / "other" / one.name
    other.parent.mkdir()
    shutil.copy(one, other)
    arguments = ["export", str(one), str(other), "-o", str(tmp_path / "csv")]
    result = CliRunner().invoke(app, arguments)
    assert "have the same name" in str(result.exception)
    assert not (tmp_path / "csv").exists()
    run("export", one, other, one)  # each beside its session, and the one named twice once
    assert (other.parent / one.stem / "reps.csv").exists()


@pytest.mark.parametrize("placement", ["", "gluteus medius, lower"])
def test_a_session_knows_where_its_electrodes_were(tmp_path: Path, placement: str) -> None:
    given = {"placement": placement} if placement else {}
    writer = SessionWriter(
        tmp_path / "a.glutesym",
        exercise="squat",
        started_utc=START,
        started_host_ns=0,
        host_clock="none",
        **given,  # type: ignore[arg-type]
    )
    writer.close()
    with open_session(tmp_path / "a.glutesym") as session:
        assert session.meta.placement == (placement or PLACEMENT)
