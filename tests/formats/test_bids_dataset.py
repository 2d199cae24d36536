"""The BIDS dataset is valid, loses nothing, and holds many sessions."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from formats_session import STARTED, make_session
from glutesym.errors import SessionError
from glutesym.formats.bids import export_bids, label_of
from glutesym.formats.bids_reader import read_bids
from glutesym.pipeline import Settings
from glutesym.recording import Recording
from glutesym.session.rows import rep_row, summary_row

SESSION = "sub-S07/ses-20260504183009bridge"


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory):
    """A session and its dataset."""
    folder = tmp_path_factory.mktemp("bids export")
    session = make_session(folder)
    return session, folder / "bids", export_bids(session, folder)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def issues_of(root: Path) -> dict[str, list[str]]:
    """Return codes of the official validator's issues, by severity."""
    program = Path(sys.executable).parent / "bids-validator-deno"
    done = subprocess.run(
        [program, "--format", "json", root], capture_output=True, text=True, timeout=120
    )
    found: dict[str, list[str]] = {"error": [], "warning": []}
    for issue in json.loads(done.stdout)["issues"]["issues"]:
        found.setdefault(issue["severity"], []).append(
            f"{issue['code']} {issue.get('subCode', '')} {issue.get('location', '')}"
        )
    return found


def test_the_validator_finds_no_error(exported) -> None:
    _, root, _ = exported
    assert (root / SESSION).is_dir()
    found = issues_of(root)
    assert found["error"] == []
    assert found["warning"]  # it looked: the kit cannot know the institution
    assert not any("RECOMMENDED" not in text and "AUTHORS" not in text and "EVENTS" not in text
                   for text in found["warning"])  # fmt: skip


def test_the_validator_would_have_found_an_error(exported, tmp_path: Path) -> None:
    session, _, _ = exported
    export_bids(session, tmp_path)
    (sidecar,) = (tmp_path / "bids").rglob("*left_emg.json")
    content = json.loads(sidecar.read_text("utf-8"))
    del content["EMGReference"]
    sidecar.write_text(json.dumps(content), "utf-8")
    assert issues_of(tmp_path / "bids")["error"]


def test_it_gives_the_recording_back(exported) -> None:
    session, root, _ = exported
    back = read_bids(root / SESSION, Settings())
    assert list(back.recording.pods) == ["left", "right"]
    assert back.meta.started_utc == STARTED
    for side, pod in session.recording.pods.items():
        again = back.recording.pods[side]
        assert np.array_equal(again.emg.uv, pod.emg.uv, equal_nan=True)
        for name in ("index", "lead_off", "clipped"):
            assert np.array_equal(getattr(again.emg, name), getattr(pod.emg, name)), name
        np.testing.assert_allclose(again.emg.time_s, pod.emg.time_s, rtol=0, atol=1.01e-7)
        np.testing.assert_allclose(again.imu.time_s, pod.imu.time_s, rtol=0, atol=1.01e-7)
        np.testing.assert_allclose(again.imu.accel_g, pod.imu.accel_g, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(again.imu.gyro_dps, pod.imu.gyro_dps, rtol=1e-12, atol=1e-15)
        assert again.emg.fs_hz == pod.emg.fs_hz
        assert again.imu.fs_hz == pod.imu.fs_hz
        assert again.gaps == pod.gaps
        assert again.info == pod.info
        assert again.battery_pct == pod.battery_pct
    sync = back.recording.sync
    assert np.array_equal(sync.half_width_ms, session.recording.sync.half_width_ms)


def test_what_is_measured_on_it_is_the_same(exported) -> None:
    session, root, _ = exported
    back = read_bids(root / SESSION, Settings())
    pairs = [(summary_row(s.recording, s.measures)) for s in (session, back)]
    pairs += [row for two in zip(session.measures.reps, back.measures.reps, strict=True)
              for row in map(rep_row, two)]  # fmt: skip
    assert session.measures.summary.verdict == "left lower"
    for before, after in zip(pairs[::2], pairs[1::2], strict=True):
        for heading, value in before.items():
            if isinstance(value, float):
                assert after[heading] == pytest.approx(value, rel=1e-6, abs=1e-6, nan_ok=True)
            else:
                assert after[heading] == value, heading


def test_runs_of_a_pod_that_restarted_are_given_back(exported, tmp_path: Path) -> None:
    session, _, _ = exported
    pods = dict(session.recording.pods)
    index = pods["left"].emg.index.copy()
    index[3000:3200] = -1
    index[3200:] = np.arange(len(index) - 3200)
    emg = replace(pods["left"].emg, index=index)
    pods["left"] = replace(pods["left"], emg=emg, boots=2)
    restarted = replace(session, recording=replace(session.recording, pods=pods))
    export_bids(restarted, tmp_path)
    back = read_bids(tmp_path / "bids" / SESSION, Settings()).recording.pods["left"]
    assert np.array_equal(back.emg.index, index)
    assert back.boots == 2


def test_events_are_on_the_files_own_time_axis(exported) -> None:
    session, root, _ = exported
    for side, pod in session.recording.pods.items():
        sidecar = json.loads(next(root.rglob(f"*{side}_emg.json")).read_text("utf-8"))
        fs_hz = sidecar["SamplingFrequency"]
        rows = rows_of(next(root.rglob(f"*{side}_events.tsv")))
        reps = [row for row in rows if row["trial_type"] == "repetition"]
        assert len(reps) == 4
        for row, rep in zip(reps, session.measures.reps, strict=True):
            sample = float(row["onset"]) * fs_hz
            here_s = np.interp(sample, np.arange(len(pod.emg.time_s)), pod.emg.time_s)
            assert here_s == pytest.approx(rep.start_s, abs=2e-6)
            assert float(row["session_time"]) == pytest.approx(rep.start_s, abs=1e-6)
        onsets = [row for row in rows if row["trial_type"] == "muscle_onset"]
        assert {row["side"] for row in onsets} == {"left", "right"}
        assert any(row["value"] == "marker: belt tightened" for row in rows)
        assert [float(row["onset"]) for row in rows] == sorted(float(r["onset"]) for r in rows)


def test_scans_say_when_each_file_begins(exported) -> None:
    session, root, _ = exported
    scans = {row["filename"]: row["acq_time"] for row in rows_of(next(root.rglob("*_scans.tsv")))}
    assert len(scans) == 4
    for name in scans:
        assert (root / SESSION / name).exists()
    left = next(at for name, at in scans.items() if name.endswith("left_emg.bdf"))
    seconds = float(left[17:-1])
    assert left.startswith("2026-05-04T18:30:")
    assert seconds == pytest.approx(
        9.123456 + session.recording.pods["left"].emg.time_s[0], abs=2e-6
    )


def test_sessions_and_people_share_a_dataset(exported, tmp_path: Path) -> None:
    session, _, _ = exported
    first = replace(session, meta=replace(session.meta, subject="S01"))
    second = replace(
        session, meta=replace(session.meta, subject=""), path=Path("other-1.glutesym")
    )
    export_bids(first, tmp_path)
    (tmp_path / "bids" / "README.md").write_text("mine")
    (tmp_path / "bids" / "participants.tsv").write_text(
        "participant_id\tage\tsubject_code\nsub-S01\t31\tS01\n"
    )
    export_bids(second, tmp_path)
    files = export_bids(first, tmp_path)  # again
    root = tmp_path / "bids"
    assert rows_of(root / "participants.tsv") == [
        {"participant_id": "sub-S01", "age": "31", "subject_code": "S01"},
        {"participant_id": "sub-unknown", "age": "n/a", "subject_code": "n/a"},
    ]
    assert (root / "README.md").read_text() == "mine"
    assert (root / "sub-unknown/ses-other1/emg").is_dir()
    assert all(file.exists() for file in files)
    assert not list(root.glob(".export-*"))
    assert issues_of(root)["error"] == []


def test_another_name_of_the_exercise_leaves_nothing_of_the_first(
    exported, tmp_path: Path
) -> None:
    session, _, _ = exported
    export_bids(session, tmp_path)
    export_bids(
        replace(session, recording=replace(session.recording, exercise="Hüft 2")), tmp_path
    )
    names = [path.name for path in (tmp_path / "bids").rglob("sub-*_*") if path.is_file()]
    assert names
    assert not any("task-bridge" in name for name in names)
    assert any("task-Hft2" in name for name in names)


def test_two_codes_of_one_label_are_refused(exported, tmp_path: Path) -> None:
    session, _, _ = exported
    export_bids(session, tmp_path)
    other = replace(session, meta=replace(session.meta, subject="S_07"))
    before = sorted((tmp_path / "bids").rglob("*"))
    with pytest.raises(SessionError, match="S07 is called sub-S07"):
        export_bids(other, tmp_path)
    assert sorted((tmp_path / "bids").rglob("*")) == before


def test_one_pod_is_enough_and_none_is_not(exported, tmp_path: Path) -> None:
    session, _, _ = exported
    right = Recording({"right": session.recording.pods["right"]}, 20.0)
    export_bids(replace(session, recording=right), tmp_path)
    assert issues_of(tmp_path / "bids")["error"] == []
    with pytest.raises(SessionError, match="no EMG was recorded"):
        export_bids(replace(session, recording=Recording({}, 0.0)), tmp_path)


def test_a_damaged_dataset_is_an_error(exported, tmp_path: Path) -> None:
    session, _, _ = exported
    export_bids(session, tmp_path)
    (file,) = (tmp_path / "bids").rglob("*left_emg.bdf")
    file.write_bytes(file.read_bytes()[:20_000])
    with pytest.raises(SessionError, match=r"left_emg.bdf in it is damaged: it has \d+ of"):
        read_bids(tmp_path / "bids" / SESSION, Settings())
    (sidecar,) = (tmp_path / "bids").rglob("*left_emg.json")
    sidecar.write_text("{}")
    with pytest.raises(SessionError, match="dataset that glutesym wrote"):
        read_bids(tmp_path / "bids" / SESSION, Settings())


def test_a_label_is_letters_and_digits() -> None:
    assert label_of("2026-05-04_18-30-09_hip thrust µ") == "20260504183009hipthrust"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("emg/*left_emg.bdf", None, "left_emg.bdf in it cannot be read"),
        *(("emg/*left_emg.bdf", n, "dataset that glutesym wrote") for n in (0, 100, 256, 700)),
        ("emg/*left_emg.bdf", 1024, "left_emg.bdf in it is damaged: it has 0 of"),
        ("motion/*left_motion.tsv", None, "left_motion.tsv in it cannot be read"),
        ("motion/*left_motion.json", '{"Glutesym": {"MeasuredRate": null}}', "or it is damaged"),
        *(
            ("emg/*left_emg.json", {"MeasuredRate": hz}, "or it is damaged")
            for hz in (900.0, 1900.0)
        ),
        ("emg/*right_emg.json", {"Session": {"Duration": None}}, "or it is damaged"),
    ],
)
def test_a_damaged_file_is_an_error(exported, tmp_path: Path, name, content, words) -> None:
    shutil.copytree(exported[1] / SESSION, tmp_path / "ses-1")
    (path,) = (tmp_path / "ses-1").glob(name)
    if content is None:
        path.unlink()
    elif isinstance(content, int):
        path.write_bytes(path.read_bytes()[:content])
    elif isinstance(content, dict):
        whole = json.loads(path.read_text("utf-8"))
        for name, value in content.items():
            if isinstance(value, dict):
                whole["Glutesym"][name] |= value
            else:
                whole["Glutesym"][name] = value
        path.write_text(json.dumps(whole), "utf-8")
    else:
        path.write_text(content)
    with pytest.raises(SessionError, match=words) as told:
        read_bids(tmp_path / "ses-1", Settings())
    assert "Error(" not in str(told.value)
