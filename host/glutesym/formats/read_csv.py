"""Text tables of any EMG system: a column a channel, whatever stands above the headings.

The line of headings is the one that has the names that are wanted, so lines of other words above
it do no harm. It tells the separator; the columns tell the decimal mark.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glutesym.errors import RecordingFileError
from glutesym.formats.even import evenly
from glutesym.formats.foreign import Channel, ForeignFile, Samples
from glutesym.formats.units import seconds_in, split_heading

_LINES_LOOKED_AT = 200
_SAME_RATE = 0.01  # a rate may differ by so much from what the times say
_SEPARATORS = ("\t", ";", ",", "|")
_NO_TABLE = (
    "this is no table: expected a line of headings and rows of numbers below it. CSV, EDF, EDF+, "
    "BDF, BDF+ and XDF files can be analyzed."
)
_TIME_NAMES = ("time", "t", "timestamp", "x", "zeit", "temps")


def read_csv(
    path: Path, wanted: Sequence[str], rate_hz: float | None = None, time: str = ""
) -> ForeignFile:
    """Read a table.

    Parameters
    ----------
    path : Path
    wanted : sequence of str
        Channels, by their headings, with or without their unit.
    rate_hz : float, optional
        Samples a second, where no column has the time.
    time : str
        The heading of the column that has the time; sought, when not given.

    Raises
    ------
    RecordingFileError
        The headings or the time are not found, or what is below the headings are no numbers.
    """
    text = _text(path)
    lines = text.split("\n", _LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
    at, separator, headings = _headings(path, lines, [*wanted, *([time] if time else [])])
    table = _table(path, text, at, separator, headings)
    used = [h for h in headings if table[h].dtype.is_numeric()]
    if not used:
        raise RecordingFileError(path, _NO_TABLE)
    _check_numbers(path, table, [h for h in headings if h not in used], wanted)
    clock, notes = _clock(path, table, used, rate_hz, time)
    channels = tuple(
        Channel(*_named(heading, wanted), "table", _loader(path, heading, clock, table[heading]))
        for heading in used
    )
    return ForeignFile(path, "CSV", channels, notes=notes)


def _named(heading: str, wanted: Sequence[str]) -> tuple[str, str]:
    """Return name and unit of a column: by its whole heading, if it is asked for by that."""
    name, unit = split_heading(heading)
    return (heading, unit) if heading in wanted else (name, unit)


def _text(path: Path) -> str:
    data = path.read_bytes()
    for encoding in (
        "utf-8-sig",
        "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252",
    ):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise RecordingFileError(
        path, "this is no text. CSV, EDF, EDF+, BDF, BDF+ and XDF files can be analyzed."
    )


def _headings(
    path: Path, lines: Sequence[str], wanted: Sequence[str]
) -> tuple[int, str, list[str]]:
    """Return the line of headings, the separator, and the headings, each of them once."""
    best: tuple[int, int, str, list[str]] = (0, -1, "", [])
    for at, line in enumerate(lines):
        for separator in _SEPARATORS:
            cells = _cells(line, separator)
            names = {n.lower() for c in cells for n in (c, split_heading(c)[0])}
            found = sum(name.strip().lower() in names for name in wanted)
            if found > best[0]:
                best = (found, at, separator, cells)
    found, at, separator, cells = best
    if wanted and found == len(wanted):
        return at, separator, _once(cells)
    if not found:  # the longest line of words, most likely
        split = [(at, s, _cells(line, s)) for at, line in enumerate(lines) for s in _SEPARATORS]
        at, separator, cells = max(split, key=lambda x: (_n_words(x[2]), len(x[2]), -x[0]))
        if _only_numbers(lines[at]):
            raise RecordingFileError(
                path,
                "it has no headings. Its first row must name the columns, e.g. time,left,right; "
                "--left and --right are such names.",
            )
    if not wanted:
        return at, separator, _once(cells)
    names = [split_heading(cell)[0] for cell in cells if cell]
    have = {name.lower() for name in names} | {cell.lower() for cell in cells}
    missing = next(name for name in wanted if name.strip().lower() not in have)
    near = get_close_matches(missing, names, 1, 0.5)
    meant = f' Did you mean "{near[0]}"?' if near else ""
    listed = ", ".join(f'"{name}"' for name in names[:40]) or "none"
    raise RecordingFileError(
        path, f'no column is called "{missing}".{meant} It seems to have: {listed}.'
    )


def _cells(line: str, separator: str) -> list[str]:
    """Return the cells of a line; a separator between quotation marks is none."""
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [""])]
    except csv.Error:  # longer than any heading
        return [""]


def _n_words(cells: Sequence[str]) -> int:
    return sum(any(c.isalpha() for c in cell) for cell in cells)


def _only_numbers(line: str) -> bool:
    """Whether a line is numbers alone, split by one of the separators."""
    split = ([cell for cell in _cells(line, separator) if cell] for separator in _SEPARATORS)
    return any(cells and all(map(_is_number, cells)) for cells in split)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _once(cells: Sequence[str]) -> list[str]:
    """Return headings that differ: some systems give every channel a time column of one name."""
    seen: dict[str, int] = {}
    names: list[str] = []
    for cell in cells:
        seen[cell] = seen.get(cell, 0) + 1
        names.append(cell if not cell or seen[cell] == 1 else f"{cell} #{seen[cell]}")
    return [name or f"column {i + 1}" for i, name in enumerate(names)]


def _table(
    path: Path, text: str, at: int, separator: str, headings: Sequence[str]
) -> pl.DataFrame:
    body = "".join(text.split("\n", at + 1)[at + 1 :])
    if not body.strip():
        raise RecordingFileError(path, _NO_TABLE)
    try:
        table = pl.read_csv(
            body.encode(),
            has_header=False,
            separator=separator,
            truncate_ragged_lines=True,
            infer_schema=False,
        )
    except pl.exceptions.PolarsError as error:
        raise RecordingFileError(path, _NO_TABLE) from error
    if table.width < len(headings):
        raise RecordingFileError(
            path,
            "this is no recording that can be read as CSV: "
            f"{len(headings)} headings, but {table.width} columns below them. Name a session "
            "(.glutesym) or a table with one column for each heading.",
        )
    columns: list[pl.Series] = []
    for name, column in zip(headings, table.iter_columns(), strict=False):
        cells = column.alias(name).str.strip_chars()
        if separator != "," and not cells.str.contains(r"\d\.\d").any():
            cells = cells.str.replace(",", ".", literal=True)
        empty = cells.is_null() | cells.str.to_lowercase().is_in(["", "nan", "n/a", "na", "null"])
        numbers = cells.cast(pl.Float64, strict=False)
        bad = (numbers.is_null() & ~empty).sum()
        # A line of units below the headings is no number, and no sample either.
        columns.append(numbers if numbers.len() and bad <= 2 else cells)
    made = pl.DataFrame(columns)
    start = next((i for i, row in enumerate(made.head(5).iter_rows()) if _has_number(row)), 0)
    return made.slice(start)


def _check_numbers(
    path: Path, table: pl.DataFrame, words: Sequence[str], wanted: Sequence[str]
) -> None:
    """Refuse channels that are wanted and hold something else than numbers."""
    asked = {name.strip().lower() for name in wanted}
    for heading in words:
        if asked & {heading.lower(), split_heading(heading)[0].lower()}:
            cells = table[heading]
            bad = cells.filter(cells.cast(pl.Float64, strict=False).is_null() & (cells != ""))
            told = f', e.g. "{bad[0][:40]}"' if len(bad) else ""
            raise RecordingFileError(path, f'"{heading}" has cells that are no numbers{told}.')


def _has_number(row: Sequence[object]) -> bool:
    return any(isinstance(cell, float) for cell in row)


def _clock(
    path: Path, table: pl.DataFrame, headings: Sequence[str], rate_hz: float | None, time: str
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return the times of the rows."""
    names = {split_heading(heading)[0].lower(): heading for heading in reversed(headings)}
    names |= {heading.lower(): heading for heading in headings}
    found = names.get(time.strip().lower()) if time else None
    if not time:
        found = next((names[name] for name in _TIME_NAMES if name in names), None)
    if rate_hz is not None:
        return np.arange(table.height) / rate_hz, _doubt(table, found, rate_hz)
    if found is None:
        raise RecordingFileError(
            path,
            "no column has the time. Say how many samples a second it has, e.g. --rate 2000, or "
            "which column has the time: --time NAME.",
        )
    unit = split_heading(found)[1]
    time_s = table[found].to_numpy().astype(np.float64) * seconds_in(unit)
    return time_s, (f'time from the column "{found}", {unit or "s"}',)


def _doubt(table: pl.DataFrame, time: str | None, rate_hz: float) -> tuple[str, ...]:
    """Say that a column of time speaks against the rate that was given."""
    if time is None:
        return ()
    time_s = table[time].to_numpy().astype(np.float64) * seconds_in(split_heading(time)[1])
    known = time_s[np.isfinite(time_s)]
    span_s = float(known[-1] - known[0]) if len(known) > 1 else 0.0
    own_hz = (len(known) - 1) / span_s if span_s > 0 else 0.0
    if not own_hz or abs(own_hz / rate_hz - 1) <= _SAME_RATE:
        return ()
    return (
        f'Warning: the column "{time}" says {own_hz:.5g} samples a second, not {rate_hz:g} as '
        "--rate does, and --rate was used. If that column is right, leave --rate out.",
    )


def _loader(
    path: Path, heading: str, time_s: NDArray[np.float64], column: pl.Series
) -> Callable[[], Samples]:
    def load() -> Samples:
        values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        timed = np.isfinite(time_s)
        try:
            return evenly(time_s[timed], values[timed])
        except ValueError as error:
            raise RecordingFileError(
                path, f'"{heading}": {error}. Say how many samples a second it has: --rate.'
            ) from error

    return load
