"""Where repetitions are, as somebody says: a table of them, or marks in the recording."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import polars as pl

from glutesym.analysis.reps import MAX_REP_S, Movement
from glutesym.edits import MIN_LENGTH_S
from glutesym.errors import RecordingFileError
from glutesym.formats.foreign import ForeignFile, Mark

_COLUMNS = ("start_s", "end_s")


def reps_of_table(path: Path) -> list[Movement]:
    """Read repetitions from a CSV with ``start_s`` and ``end_s``, as `reps.csv` has them.

    Raises
    ------
    RecordingFileError
        The columns are not there, or what is in them are no repetitions.
    """
    try:
        table = pl.read_csv(path)
        missing = [name for name in _COLUMNS if name not in table.columns]
        if missing:
            raise RecordingFileError(
                path,
                f"it has no column {missing[0]}. Repetitions are a line each, with start_s and "
                f"end_s in seconds of the recording. It has: {', '.join(table.columns)}.",
            )
        starts, ends = (table[name].cast(pl.Float64).to_list() for name in _COLUMNS)
    except FileNotFoundError as error:
        raise RecordingFileError(
            path, "there is no such file. --reps is a CSV with start_s and end_s."
        ) from error
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RecordingFileError(path, f"no table of repetitions ({error}).") from error
    return _checked(path, list(zip(starts, ends, strict=True)))


def reps_of_marks(file: ForeignFile, begins: str, ends: str = "") -> list[Movement]:
    """Return repetitions that are marked in a recording.

    Parameters
    ----------
    file : ForeignFile
    begins : str
        Marks whose text begins so; case does not matter.
    ends : str
        Where marks are moments: each repetition lasts until the next mark that begins so.

    Raises
    ------
    RecordingFileError
        There are no such marks, or they are no repetitions.
    """
    marked = _matching(file, begins)
    if not ends:
        momentary = [mark for mark in marked if not mark.duration_s]
        if momentary:
            raise RecordingFileError(
                file.path,
                f'"{momentary[0].text}" at {momentary[0].start_s:.2f} s is a moment, it has no '
                "duration. Say which marks end repetitions: --marks-end TEXT.",
            )
        spans = [(mark.start_s, mark.start_s + (mark.duration_s or 0.0)) for mark in marked]
        return _checked(file.path, spans)
    stops = [mark.start_s for mark in _matching(file, ends)]
    spans: list[tuple[float, float]] = []
    for mark in marked:
        after = [stop for stop in stops if stop > mark.start_s]
        if not after:
            raise RecordingFileError(
                file.path, f'no mark "{ends}" follows "{mark.text}" at {mark.start_s:.2f} s.'
            )
        spans.append((mark.start_s, after[0]))
    return _checked(file.path, spans)


def _matching(file: ForeignFile, text: str) -> list[Mark]:
    found = [mark for mark in file.marks if mark.text.lower().startswith(text.lower())]
    if not found:
        have = dict.fromkeys(mark.text for mark in file.marks)
        listed = ", ".join(f'"{one}"' for one in list(have)[:20]) or "none"
        raise RecordingFileError(file.path, f'no mark begins with "{text}". It has: {listed}.')
    return found


def _checked(path: Path, spans: Sequence[tuple[float | None, float | None]]) -> list[Movement]:
    found: list[Movement] = []
    for number, (start_s, end_s) in enumerate(spans, 1):
        if start_s is None or end_s is None:
            raise RecordingFileError(path, f"repetition {number} has no start or no end.")
        if not MIN_LENGTH_S <= end_s - start_s <= MAX_REP_S:
            raise RecordingFileError(
                path,
                f"repetition {number} lasts from {start_s:g} to {end_s:g} s; expected "
                f"{MIN_LENGTH_S:g} to {MAX_REP_S:g} s.",
            )
        found.append(Movement(start_s, end_s))
    found.sort(key=lambda movement: movement.start_s)
    for before, after in pairwise(found):
        if after.start_s < before.end_s:
            raise RecordingFileError(
                path,
                f"the repetitions at {before.start_s:g} and {after.start_s:g} s overlap.",
            )
    return found
