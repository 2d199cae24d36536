"""Session files have names that any system takes and that are never used twice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from glutesym.session.names import SUFFIX, session_path

STARTED = datetime(2026, 5, 4, 18, 30, 9)  # local time, whatever the machine's zone


def test_name_tells_when_and_what(tmp_path: Path) -> None:
    path = session_path(tmp_path, STARTED, "Single-leg bridge (left)")
    assert path == tmp_path / "2026-05-04_18-30-09_single-leg-bridge-left.glutesym"
    assert session_path(tmp_path, STARTED.astimezone(UTC), "Single-leg bridge (left)") == path


def test_taken_names_are_counted_up(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        path = session_path(tmp_path, STARTED, "squat")
        path.touch(exist_ok=False)
        names.append(path.name.removeprefix("2026-05-04_18-30-09_squat"))
    assert names == [".glutesym", "-2.glutesym", "-3.glutesym"]


@given(st.text())
def test_any_exercise_makes_a_valid_name(exercise: str) -> None:
    path = session_path(Path("sessions"), STARTED, exercise)
    assert path.parent == Path("sessions")
    assert path.suffix == SUFFIX
    stem = path.name.removesuffix(SUFFIX)
    assert stem.isprintable()
    assert not set(stem) & set('<>:"/\\|?*. ')
    assert stem.rpartition("_")[2]
    assert len(path.name.encode()) <= 255
