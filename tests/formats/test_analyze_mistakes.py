"""What is no recording of another system is told so, with what to do instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from formats_session import make_session
from glutesym.cli import app
from glutesym.errors import GlutesymError, RecordingFileError
from glutesym.formats.foreign import SideChannels
from glutesym.formats.importer import ImportOptions, import_recording, is_foreign
from glutesym.measures import Side
from glutesym.pipeline import Settings
from glutesym.session.analyze import export_session


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    session = make_session(folder)
    export_session(session, folder)
    return folder / session.path.stem


def error(path: Path) -> str:
    assert is_foreign(path)
    with pytest.raises(RecordingFileError) as raised:
        import_recording(path, ImportOptions(), Settings())
    return str(raised.value)


@pytest.mark.parametrize("name", ["", "reps.csv", "emg.csv", "README.txt", "about.json"])
def test_own_exports_name_their_session(exported: Path, name: str) -> None:
    session = exported.with_name(exported.name + ".glutesym")
    session.unlink(missing_ok=True)
    assert f"It was {session.name}, which is not beside" in error(exported / name)
    session.touch()
    assert f"Run `glutesym analyze {session}`" in error(exported / name)


def test_other_tables_beside_an_export_are_recordings(exported: Path) -> None:
    path = exported / "trial.csv"
    path.write_text("time,a\n0,1\n0.001,2\n")
    assert '--left "NAME"' in error(path)


def test_headings_that_do_not_fit_are_no_recording(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("one,two,three words\n1,2\n3,4\n")
    assert "this is no recording that can be read as CSV: 3 headings, but 2" in error(path)


def test_a_table_without_headings_is_asked_for_them(tmp_path: Path) -> None:
    path = tmp_path / "trial.csv"
    path.write_text("".join(f"{i / 1000},{i % 7 - 3},{i % 5 - 2}e-3\n" for i in range(300)))
    assert "it has no headings. Its first row must name the columns" in error(path)


@pytest.mark.parametrize("suffix", [".edf", ".BDF", ".xdf"])
def test_a_table_that_is_called_otherwise_is_told_so(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"trial{suffix}"
    path.write_text("time,a\n0,1\n0.001,2\n")
    assert f"this is no {suffix[1:].upper()}, in spite of its name" in error(path)


def both(path: Path, left: str = "L", right: str = "R", **said: Any) -> list[str]:
    sides: dict[Side, SideChannels] = {"left": SideChannels(left), "right": SideChannels(right)}
    return import_recording(path, ImportOptions(sides, **said), Settings())[1]


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    """Return three seconds of EMG at 2000 samples a second: 100 µV, the middle second."""
    path = tmp_path / "trial.csv"
    emg = np.random.default_rng(1).normal(0.0, 5.0, (6000, 2))
    emg[2000:4000] *= 20
    rows = np.column_stack([np.arange(6000) / 2000, emg])
    path.write_text("time,L,R\n" + "".join(f"{t:.4f},{a:.4f},{b:.4f}\n" for t, a, b in rows))
    return path


def test_one_channel_is_not_both_sides(trial: Path) -> None:
    with pytest.raises(RecordingFileError, match='"L" was given for both sides'):
        both(trial, right="l", units={"emg": "uV"})


@pytest.mark.parametrize(("unit", "doubted"), [("uV", False), ("nV", True), ("V", True)])
def test_a_unit_that_muscles_do_not_reach_is_doubted(
    trial: Path, unit: str, doubted: bool
) -> None:
    said = "\n".join(both(trial, units={"emg": unit}))
    assert ("Is the unit right? Give it: --unit mV" in said) == doubted


@pytest.mark.parametrize(("rate_hz", "warned"), [(2010.0, False), (1000.0, True)])
def test_a_rate_that_the_times_contradict_is_told(
    trial: Path, rate_hz: float, warned: bool
) -> None:
    said = "\n".join(both(trial, units={"emg": "uV"}, rate_hz=rate_hz))
    assert ('the column "time" says 2000 samples a second, not' in said) == warned
    with pytest.raises(RecordingFileError, match="--rate or --time"):
        both(trial, units={"emg": "uV"}, rate_hz=rate_hz, time="time")


def test_a_table_of_repetitions_that_is_not_there(trial: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordingFileError, match=r"reps\.csv: there is no such file"):
        both(trial, units={"emg": "uV"}, reps=tmp_path / "reps.csv")


def test_a_dataset_names_its_sessions(tmp_path: Path) -> None:
    of_session = tmp_path / "study" / "bids" / "sub-S07" / "ses-1"
    (of_session / "emg").mkdir(parents=True)
    (of_session / "emg" / "sub-S07_ses-1_emg.json").touch()
    for folder in (tmp_path / "study", tmp_path / "study" / "bids", of_session.parent):
        assert not is_foreign(folder)
        result = CliRunner().invoke(app, ["analyze", str(folder)])
        assert isinstance(result.exception, GlutesymError)
        assert str(of_session) in str(result.exception)


@pytest.mark.parametrize(
    "text", ["# A page\n\nSome, words.\n", "words\n", "a,b\n", "a,b\nx,y\n" * 9]
)
def test_text_that_is_no_table(tmp_path: Path, text: str) -> None:
    path = tmp_path / "page.md"
    path.write_text(text)
    said = error(path)
    assert "this is no table: expected a line of headings" in said
    assert "CSV, EDF" in said
