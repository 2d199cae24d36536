"""What is no recording of another system is told so, with what to do instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from formats_session import make_session
from glutesym.errors import RecordingFileError
from glutesym.formats.importer import ImportOptions, import_recording, is_foreign
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


@pytest.mark.parametrize(
    "text", ["# A page\n\nSome, words.\n", "words\n", "a,b\n", "a,b\nx,y\n" * 9]
)
def test_text_that_is_no_table(tmp_path: Path, text: str) -> None:
    path = tmp_path / "page.md"
    path.write_text(text)
    said = error(path)
    assert "this is no table: expected a line of headings" in said
    assert "CSV, EDF" in said
