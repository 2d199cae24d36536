"""A guided calibration, end to end: virtual pods on somebody who obeys, and what it is for."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from rich.console import Console
from typer.testing import CliRunner

from glutesym import cli_calibrate
from glutesym.analysis.calibration import POSITIONS, Mvic, normalise
from glutesym.cli import app
from glutesym.errors import GlutesymError, SessionError
from glutesym.keys import KeyRing, OwnedPod
from glutesym.measures import SIDES
from glutesym.session.analyze import analyze_session
from glutesym.session.calibrate import calibrate_session
from glutesym.session.calibration_store import (
    StoredCalibration,
    load_calibration,
    save_calibration,
)
from glutesym.session.normalised import FOLDER, VIRTUAL, Normalised, normalise_session
from glutesym.virtual.scenarios.catalog import build_scenario
from virtual_session import record

TRUE_UV = {"left": 240.0, "right": 300.0}
GMAX = "gluteus maximus"


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.exception)
    return " ".join(result.output.split())


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    """Return what the command says of virtual pods, and the session file."""
    folder = tmp_path_factory.mktemp("calibrated")
    said = run("calibrate", "--virtual", "--skip", "prone", "--trials", 2, "-o", folder)
    (path,) = folder.glob("*.glutesym")
    return said, path


@pytest.fixture(scope="module")
def exercised(calibrated):
    """Return a session of exercise beside the calibration."""
    folder = calibrated[1].parent / "later"
    return record(folder, build_scenario("bridge", seed=4, reps=4), 4).session.path


def test_virtual_pods_are_calibrated_and_the_refused_trial_is_repeated(calibrated):
    said, path = calibrated
    assert "trial 2: refused: it was held for 1.0 s, 3 s are needed" in said
    assert "confounded by the electrodes" in said
    assert f"Recorded in {path}" in said
    found = load_calibration(path.parent / FOLDER, VIRTUAL, GMAX)
    for side in SIDES:
        mvic = found.mvic[side]
        assert mvic.mvic_uv == pytest.approx(TRUE_UV[side], rel=0.04)
        assert (mvic.source, mvic.trials) == (POSITIONS[1], 2)
        assert 0 < mvic.cv_pct < 15
        assert len(mvic.refused) == 1
    assert analyze_session(path).meta.subject == VIRTUAL


def test_a_calibration_is_computed_again_from_its_session(calibrated, tmp_path):
    _, path = calibrated
    run("calibrate", "--from", path, "-o", tmp_path)
    assert load_calibration(tmp_path / FOLDER, VIRTUAL, GMAX) == load_calibration(
        path.parent / FOLDER, VIRTUAL, GMAX
    )


def test_a_calibration_is_no_exercise_that_could_be_judged(calibrated, exercised):
    _, path = calibrated
    said = run("analyze", path)
    assert "This session is a calibration, no exercise: its sides are not judged." in said
    assert "What to do" not in said
    assert "% of" not in said  # it is not set against itself either
    refused = CliRunner().invoke(app, ["swap-test", str(exercised), str(path)])
    assert str(refused.exception).startswith(f"{path} is a calibration.")


def test_a_swap_test_needs_one_exercise_and_swapped_pods(exercised, tmp_path):
    copy = shutil.copy(exercised, tmp_path / "copy.glutesym")

    def refusal():
        return str(CliRunner().invoke(app, ["swap-test", str(exercised), str(copy)]).exception)

    assert "each pod sits on the same side" in refusal()
    run("review", copy, "--rename", "squat")
    assert "Choose two sessions of the same exercise" in refusal()


def cut(path, to, statement):
    shutil.copy(path, to)
    database = sqlite3.connect(to)
    with database:
        database.execute(statement)
    database.close()
    return to


def test_a_calibration_from_a_session_is_of_the_placement_recorded_there(calibrated, tmp_path):
    other = "UPDATE meta SET value = 'gluteus medius' WHERE key = 'placement'"
    run("calibrate", "--from", cut(calibrated[1], tmp_path / "a.glutesym", other))
    assert load_calibration(tmp_path / FOLDER, VIRTUAL, "gluteus medius") is not None
    assert load_calibration(tmp_path / FOLDER, VIRTUAL, GMAX) is None


def test_too_few_good_trials_are_not_saved_and_the_reason_is_one_line(calibrated, tmp_path):
    few = cut(
        calibrated[1],
        tmp_path / "few.glutesym",
        "DELETE FROM events WHERE kind LIKE 'mvic%' AND text LIKE '%trial 1%'",
    )
    said = run("calibrate", "--from", few, code=1)
    assert (
        "Not saved: there are fewer than 2 good trials of any position on the left and the right"
        in said
    )
    assert not (tmp_path / FOLDER).exists()


def test_one_pod_alone_is_not_enough(calibrated, tmp_path):
    one = cut(calibrated[1], tmp_path / "one.glutesym", "DELETE FROM pods WHERE side = 'left'")
    said = run("calibrate", "--from", one, code=1)
    assert "there is no left pod" in said
    assert "of any position on the left side. See to" in said


def test_an_interrupted_calibration_uses_the_trials_that_are_whole(calibrated, tmp_path):
    cut_off = cut(
        calibrated[1],
        tmp_path / "cut.glutesym",
        "DELETE FROM events WHERE kind = 'mvic trial end' AND text LIKE '%repeat 1'",
    )
    found = calibrate_session(analyze_session(cut_off))
    assert len(found.measured) == 2
    assert found.problem


def test_an_interrupted_calibration_replaces_no_other(calibrated, tmp_path, monkeypatch):
    path = tmp_path / "now.glutesym"
    shutil.copyfile(calibrated[1], path)
    monkeypatch.setattr(cli_calibrate, "_record", lambda *_: (path, True))
    command = ("calibrate", "--virtual", "-o", tmp_path)
    assert "Saved as" in run(*command)  # there was none
    (file,) = (tmp_path / FOLDER).iterdir()
    file.write_bytes(before := file.read_bytes() + b" ")
    said = run(*command, code=1)
    assert f"{file} stays as it was" in said
    assert f"`glutesym calibrate --from {path}`" in said
    assert file.read_bytes() == before


def test_mistakes_are_told_before_anything_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setenv("GLUTESYM_KEYS", str(tmp_path / "pods.json"))
    keys = KeyRing.load(tmp_path / "pods.json")

    def error(*arguments):
        result = CliRunner().invoke(app, ["calibrate", *arguments, "-o", str(tmp_path / "new")])
        assert isinstance(result.exception, GlutesymError)
        assert "\n" not in str(result.exception)
        return str(result.exception)

    assert "owns no left and no right pod" in error()
    keys.add(OwnedPod("e6614c311b1a2b3c", "left", bytes(range(32))))
    keys.save()
    assert "owns no right pod" in error()
    assert "Every position is left out" in error("--skip", "prone", "--skip", "squeeze")
    assert "names nothing" in error("--virtual", "--placement", "--")
    assert not (tmp_path / "new").exists()


def test_other_sessions_and_other_peoples_files_are_refused(calibrated, exercised, tmp_path):
    def error(*arguments):
        result = CliRunner().invoke(app, ["calibrate", "--from", *map(str, arguments)])
        return str(result.exception)

    assert "no complete guided contraction" in error(exercised)
    _, path = calibrated
    assert "it is of subject virtual" in error(path, "--subject", "S07")
    assert "is of subject 'virtual', placement 'gluteus maximus'" in error(
        path, "--placement", "gluteus-maximus"
    )
    strange = tmp_path / FOLDER / "mvic_virtual_gluteus-maximus.json"
    strange.parent.mkdir()
    strange.write_text("{}")
    assert "another program's JSON" in error(path, "-o", tmp_path)
    garbled = cut(path, tmp_path / "x.glutesym", "UPDATE events SET text = 'a | b | c | d'")
    with pytest.raises(SessionError, match="Update glutesym"):
        calibrate_session(analyze_session(garbled))


def test_a_set_is_told_in_percent_of_the_maximum(calibrated, exercised):
    folder = calibrated[1].parent
    shutil.copy(exercised, folder / "bridge.glutesym")
    said = run("analyze", folder / "bridge.glutesym")
    assert "% of MVIC, right" in said
    assert "in µv " in said.lower().split("% of mvic")[0]  # the verdict is not about per cent
    assert "Raw MVIC, right / left: 125 %, confounded by the electrodes" in said
    run("export", folder / "bridge.glutesym", "-o", folder / "csv")
    row = pl.read_csv(folder / "csv" / "bridge" / "summary.csv").row(0, named=True)
    for side in SIDES:
        share_pct = 100 * row[f"{side}_activation_uv"] / row[f"{side}_mvic_uv"]
        assert row[f"{side}_of_mvic_pct"] == pytest.approx(share_pct, rel=1e-3)
        assert row[f"{side}_mvic_source"] == POSITIONS[1]
    ratio_pct = 100 * row["right_of_mvic_pct"] / row["left_of_mvic_pct"]
    assert row["right_over_left_of_mvic_pct"] == pytest.approx(ratio_pct, rel=1e-3)
    assert row["right_over_left_raw_mvic_pct"] == pytest.approx(125, abs=4)
    assert row["mvic_placement"] == GMAX
    assert "its own peak" in run(
        "analyze", folder / "bridge.glutesym", "--placement", "gluteus medius"
    )


def test_without_a_calibration_a_set_is_set_against_its_own_peak(exercised):
    said = run("analyze", exercised)
    assert "% of its own peak" in said
    assert "in µv " not in said.lower()
    assert "There is no calibration" in said
    assert "Raw MVIC" not in said


def test_an_old_calibration_has_a_caution_and_a_damaged_one_a_reason(calibrated, exercised):
    session = analyze_session(exercised)
    folder = calibrated[1].parent / FOLDER
    assert normalise_session(session, folder, GMAX).caution == ""
    old = replace(
        session,
        meta=replace(session.meta, started_utc=session.meta.started_utc + timedelta(days=2)),
    )
    assert "put on anew" in normalise_session(old, folder, GMAX).caution
    earlier = replace(
        session,
        meta=replace(session.meta, started_utc=session.meta.started_utc - timedelta(hours=2)),
    )
    for one, after in ((session, False), (earlier, True)):
        said = " ".join(normalise_session(one, folder, GMAX).sentences("within noise"))
        assert ("The calibration was made after this set" in said) == after
    damaged = exercised.parent / FOLDER / "mvic_virtual_gluteus-maximus.json"
    damaged.parent.mkdir()
    damaged.write_text("{")
    try:
        said = run("analyze", exercised)
    finally:
        shutil.rmtree(damaged.parent)
    assert "Not normalised:" in said
    assert "calibrate again" in said


def listed(folder, *arguments):
    """Return the lines of `calibrate --list` that say something."""
    result = CliRunner().invoke(app, ["calibrate", "--list", "-o", str(folder), *arguments])
    assert result.exit_code == 0, result.output
    return [line for line in result.output.splitlines() if "│" in line or "No cal" in line]


def test_stored_calibrations_are_listed_with_their_age_and_whether_they_hold(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(cli_calibrate, "out", Console(width=200))
    assert "No calibration in" in listed(tmp_path)[0]
    now = datetime.now(UTC)
    both = {side: Mvic(side, 412.4, POSITIONS[0], 3.21, 3) for side in SIDES}
    for subject, made, mvic in (
        ("S07", now - timedelta(minutes=5), both),
        ("S08", now - timedelta(days=3), both),
        ("S09", now, {"left": replace(both["left"], cv_pct=None)}),
    ):
        calibration = StoredCalibration(subject, "gluteus maximus", made, mvic)
        save_calibration(tmp_path / FOLDER, calibration)
    half, fresh, old = listed(tmp_path)
    assert "5 min" in fresh
    assert "412" in fresh
    assert "3.2 / 3.2" in fresh
    assert fresh.split("│")[-2].strip() == "yes"
    assert "3 days" in old
    assert old.split("│")[-2].strip() == "no"
    assert "no: right side missing" in half
    assert "– / –" in half
    for width in (80, 60):
        monkeypatch.setattr(cli_calibrate, "out", Console(width=width))
        rows = "\n".join(listed(tmp_path))
        assert "…" not in rows
        words = " ".join(rows.replace("│", " ").split())
        for word in ("S07", "gluteus", "maximus", f"{now:%Y}-", "412 / 412", "yes", "missing"):
            assert word in words
        assert max(map(len, rows.splitlines())) <= width
    monkeypatch.setattr(cli_calibrate, "out", Console(width=200))
    (only,) = listed(tmp_path, "--subject", "S08")
    assert "S08" in only
    assert "No calibration of subject S10" in listed(tmp_path, "--subject", "S10")[0]


@pytest.mark.parametrize(
    ("right_mvic_uv", "spread_pct", "doubted"),
    [(400.0, 4.0, False), (500.0, 4.0, True), (540.0, 4.0, True), (480.0, 8.0, True)],
)
def test_a_side_that_is_lower_in_microvolts_alone_is_doubted(right_mvic_uv, spread_pct, doubted):
    mvic = {
        side: Mvic(side, uv, "prone", spread_pct / 2**0.5, 3)
        for side, uv in (("left", 400.0), ("right", right_mvic_uv))
    }
    ratio = normalise({"left": 80.0, "right": 100.0}, mvic)
    found = Normalised(ratio, mvic, GMAX)
    assert bool(found.doubts("left lower")) == doubted
    said = " ".join(found.sentences("left lower"))  # as console, window, report and README do
    assert ("the left side does not work less" in said) == doubted
    assert found.doubts("within noise") == ""
    assert replace(found, placement="").doubts("left lower") == ""  # its own peak tells nothing
    assert replace(found, caution="old").doubts("left lower") == ""  # nor do other electrodes
