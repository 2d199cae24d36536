"""The examples in docs/formats.md run, and its tables name what there is."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from formats_session import make_session
from glutesym.formats.exporter import Format, exporter

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "formats.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("formats")
    session = make_session(folder)
    for form in Format:
        exporter(form)(session, folder, lambda fraction: None)
    place = folder / session.path.stem
    (bdf,) = folder.rglob("*left_emg.bdf")
    files = {"session": str(place), "mat_file": str(place / f"{place.name}.mat")}
    return {**files, "bdf_file": str(bdf), "recording": session.recording}


@pytest.mark.parametrize("example", EXAMPLES, ids=[text.split()[1] for text in EXAMPLES])
def test_an_example_runs(files: dict[str, object], example: str, capsys) -> None:
    names = dict(files)
    exec(compile(example, "docs/formats.md", "exec"), names)
    if "emg_uv" in names:
        uv = names["recording"].pods["left"].emg.uv
        there = np.flatnonzero(np.isfinite(uv))
        np.testing.assert_allclose(names["emg_uv"][there], uv[there], rtol=1e-12)
    else:
        assert re.search("microvolts|percent", capsys.readouterr().out)


def test_there_are_examples_for_every_format_but_csv() -> None:
    assert len(EXAMPLES) == 4
    for form in Format:
        assert f"| `{form}` |" in PAGE
