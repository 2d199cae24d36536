"""Calibrations come back as they were; what is no calibration is named, with what to do."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym.analysis.calibration import POSITIONS, Mvic
from glutesym.errors import GlutesymError, SubjectError
from glutesym.session.calibration_store import (
    CalibrationError,
    StoredCalibration,
    calibration_path,
    load_calibration,
    save_calibration,
    stored_calibrations,
)

MADE = datetime(2026, 5, 4, 18, 30, tzinfo=UTC)
CALIBRATION = StoredCalibration(
    "S07",
    "gmax, middle",
    MADE,
    {
        "left": Mvic("left", 310.5, POSITIONS[0], 4.2, 3, ("a spike makes the peak",)),
        "right": Mvic("right", 280.25, POSITIONS[1], None, 1),
    },
)


def damaged(**changes):
    content = {
        "kind": "glutesym calibration",
        "format": 1,
        "subject": "S07",
        "placement": "gmax, middle",
        "made": MADE.isoformat(),
        "mvic": {"left": {"side": "left", "mvic_uv": 1.0, "source": "x", "cv_pct": None,
                          "trials": 1, "refused": []}},
    }  # fmt: skip
    return json.dumps({**content, **changes})


def test_what_is_saved_is_loaded(tmp_path):
    path = save_calibration(tmp_path / "new", CALIBRATION)
    assert path == calibration_path(tmp_path / "new", "S07", "gmax, middle")
    assert load_calibration(tmp_path / "new", "S07", "gmax, middle") == CALIBRATION
    assert load_calibration(tmp_path / "new", "S08", "gmax, middle") is None
    assert load_calibration(tmp_path, "S07", "gmax, middle") is None


@given(
    subject=st.from_regex(r"[A-Za-z0-9_-]{0,16}", fullmatch=True),
    placement=st.text(max_size=60),
)
def test_every_subject_and_placement_stays_in_the_folder(tmp_path_factory, subject, placement):
    folder = tmp_path_factory.getbasetemp()
    try:
        path = calibration_path(folder, subject, placement)
    except CalibrationError:
        assert not any(c.isalnum() for c in placement)
        return
    assert path.parent == folder
    assert len(path.name.encode()) < 255


def test_a_newer_one_replaces_the_older_and_leaves_nothing_behind(tmp_path):
    save_calibration(tmp_path, CALIBRATION)
    newer = replace(CALIBRATION, made=MADE + timedelta(days=1))
    save_calibration(tmp_path, newer)
    save_calibration(tmp_path, replace(CALIBRATION, subject=""))
    assert len(list(tmp_path.iterdir())) == 2
    assert [c.made for c in stored_calibrations(tmp_path)] == [newer.made, MADE]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    save_calibration(tmp_path, CALIBRATION)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(CalibrationError, match=r"mvic_S07_gmax-middle\.json: .*No space"):
        save_calibration(tmp_path, replace(CALIBRATION, made=MADE + timedelta(days=1)))
    assert load_calibration(tmp_path, "S07", "gmax, middle") == CALIBRATION
    assert len(list(tmp_path.iterdir())) == 1


def test_another_ones_file_is_neither_taken_nor_overwritten(tmp_path):
    save_calibration(tmp_path, CALIBRATION)
    for act in (
        lambda: load_calibration(tmp_path, "S07", "gmax middle"),
        lambda: save_calibration(tmp_path, replace(CALIBRATION, placement="gmax middle")),
    ):
        with pytest.raises(
            CalibrationError, match="is of subject 'S07', placement 'gmax, middle'"
        ):
            act()
    assert load_calibration(tmp_path, "S07", "gmax, middle") == CALIBRATION


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00", "expected JSON text"),
        (b"", "expected JSON, found nothing"),
        (b"not json", "expected JSON, found 'not json'"),
        (b"[" * 100_000, "expected JSON"),
        (b"[1, 2]", "another program's JSON"),
        (b'{"a": 1}', "another program's JSON"),
        (damaged(format=2).encode(), "expected format 1, found 2"),
        (damaged(mvic={}).encode(), "is damaged"),
        (damaged(mvic={"both": {}}).encode(), "is damaged"),
        (damaged(mvic={"left": {"side": "left"}}).encode(), "is damaged"),
        (damaged(mvic=3).encode(), "is damaged"),
        (damaged(made="yesterday").encode(), "is damaged"),
        (damaged(made="2026-05-04").encode(), "is damaged"),
        (damaged(subject="a name").encode(), "is damaged"),
        (damaged(placement=7).encode(), "is damaged"),
        (damaged().replace("1.0", "-1.0").encode(), "expected 1 to 10,000 µV"),
        (damaged().replace("1.0", "1.0e9").encode(), "expected 1 to 10,000 µV"),
        (damaged().replace("1.0", "1.0e-9").encode(), "expected 1 to 10,000 µV"),
        (damaged().replace("1.0", "NaN").encode(), "expected 1 to 10,000 µV"),
        (damaged().replace("1.0", '"high"').encode(), "is damaged"),
    ],
)
def test_a_damaged_or_foreign_file_is_named_with_what_to_do(tmp_path, content, message):
    path = calibration_path(tmp_path, "S07", "gmax, middle")
    path.write_bytes(content)
    for read in (
        lambda: load_calibration(tmp_path, "S07", "gmax, middle"),
        lambda: stored_calibrations(tmp_path),
    ):
        with pytest.raises(GlutesymError, match=message) as caught:
            read()
        assert str(path) in str(caught.value)
        assert any(word in str(caught.value) for word in ("calibrate again", "Move it"))


def test_a_damaged_file_is_replaced_by_a_new_calibration_a_foreign_one_is_not(tmp_path):
    path = calibration_path(tmp_path, "S07", "gmax, middle")
    path.write_text("{")
    save_calibration(tmp_path, CALIBRATION)
    assert load_calibration(tmp_path, "S07", "gmax, middle") == CALIBRATION
    path.write_text('{"a": 1}')
    with pytest.raises(CalibrationError, match="another program's JSON"):
        save_calibration(tmp_path, CALIBRATION)
    assert path.read_text() == '{"a": 1}'


def test_names_and_nothing_are_refused(tmp_path):
    with pytest.raises(SubjectError):
        save_calibration(tmp_path, replace(CALIBRATION, subject="Jane Doe"))
    with pytest.raises(CalibrationError, match="names nothing"):
        calibration_path(tmp_path, "S07", "--")
    with pytest.raises(ValueError, match="at least one side"):
        save_calibration(tmp_path, replace(CALIBRATION, mvic={}))
    with pytest.raises(ValueError, match="time zone"):
        save_calibration(tmp_path, replace(CALIBRATION, made=datetime(2026, 5, 4)))
    assert not list(tmp_path.iterdir())
