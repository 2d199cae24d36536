"""Days of sitting in a table: one row each time it was watched, appended to a CSV."""

from __future__ import annotations

import csv
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TextIO

from glutesym.analysis.sitting import SittingState
from glutesym.errors import SessionError, reason_of

HEADINGS = (
    "started",  # local time with its zone
    "watched_min",
    "sat_min",
    "longest_bout_min",
    "bouts",
    "break_after_min",
    "breaks_due",
    "lean_to_the_right_deg",  # mean while sitting; empty: not known
    "tilt_right_minus_left_pod_deg",
)


def check_sitting_table(folder: Path, subject: str) -> None:
    """Raise what `append_sitting` would, before somebody sits for an hour; leave no new file.

    Raises
    ------
    SessionError
        The file cannot be written, or it is another table.
    """
    path = _path(folder, subject)
    is_new = not path.exists()
    with _opened(path):
        pass
    if is_new:
        path.unlink()


def append_sitting(
    folder: Path, subject: str, started: datetime, break_after_min: float, state: SittingState
) -> Path:
    """Append a row to a subject's table and return its file.

    Raises
    ------
    SessionError
        The file cannot be written, or it is another table.
    """
    path = _path(folder, subject)
    lean_deg, difference_deg = state.lean_deg.value, state.tilt_difference_deg.value
    row = [
        started.astimezone().isoformat(timespec="seconds"),
        *(f"{seconds / 60:.2f}" for seconds in (state.seen_s, state.total_s, state.longest_s)),
        len(state.bouts),
        f"{break_after_min:g}",
        len(state.reminders_s),
        *("" if deg is None else f"{deg:z.1f}" for deg in (lean_deg, difference_deg)),
    ]
    with _opened(path) as (file, first):
        writer = csv.writer(file, lineterminator="\n")  # appends, wherever it has read
        writer.writerows([row] if first else [HEADINGS, row])
    return path


def _path(folder: Path, subject: str) -> Path:
    return folder / (f"sitting_{subject}.csv" if subject else "sitting.csv")


@contextmanager
def _opened(path: Path) -> Generator[tuple[TextIO, list[str] | None]]:
    """Open a table to append to it; also gives its headings, None if it is empty."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="utf-8", newline="") as file:
            file.seek(0)
            first = next(csv.reader(file), None)
            if first is not None and tuple(first) != HEADINGS:
                raise SessionError(
                    path, "its headings are other ones. Move it away; a new one is begun."
                )
            yield file, first
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SessionError(
            path,
            f"cannot be written ({reason_of(error)}). Check that its folder is one to write "
            "to, and that it is a CSV file and not open.",
        ) from error
