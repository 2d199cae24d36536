"""CSV export: a folder of tidy tables, units in their headings, that explains itself.

Tables and their columns are defined in :mod:`glutesym.session.columns`. A lost sample or a
withheld number is an empty cell. The files appear all at once, when they are complete, and the
same session gives the same bytes again.

Text is UTF-8 with a byte order mark: without it Excel takes µ, − and ö for something else.
Spreadsheets, pandas, polars and R's readr pass over the mark; Python's own csv module wants
``encoding="utf-8-sig"``.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import polars as pl

from glutesym.errors import SessionError
from glutesym.measures import SetMeasures
from glutesym.recording import Recording
from glutesym.session.about import about
from glutesym.session.analyze import Progress
from glutesym.session.columns import LIBRARY, TABLES, TREND, UNITS, Column
from glutesym.session.history import History
from glutesym.session.library import Entry
from glutesym.session.normalised import Normalised
from glutesym.session.publish import UNFINISHED, cannot_write, publish, unfinished_folder
from glutesym.session.readme import readme_text
from glutesym.session.rows import Row, library_row, trend_rows
from glutesym.session.store import StoredEvent
from glutesym.session.tables import n_samples, session_tables, table

README, ABOUT = "README.txt", "about.json"
# A text that begins so is a formula to a spreadsheet, and may be a stranger's; an apostrophe
# before it makes it text (CWE-1236, Improper Neutralization of Formula Elements in a CSV File).
_FORMULA = r"^'*[=+\-@\t\r]"


def export_csv(
    folder: Path,
    stem: str,
    recording: Recording,
    measures: SetMeasures,
    meta: Mapping[str, object],
    events: Sequence[StoredEvent] = (),
    progress: Progress = lambda fraction: None,
    normalised: Normalised | None = None,
) -> list[Path]:
    """Write ``<stem>/README.txt``, a CSV for each table, and ``about.json``.

    An earlier export of the same stem is replaced; other files in its folder stay.

    Parameters
    ----------
    folder : Path
        Where the session's folder goes, and nothing outside it; created when missing.
    stem : str
        The name of the session's folder.
    recording : Recording
        Both pods' samples.
    measures : SetMeasures
        What was measured on them.
    meta : mapping
        What else the sidecar should say: start, software versions, settings and filters. The
        summary has its ``started_utc`` and ``subject``, too.
    events : sequence of StoredEvent
        What happened during the session.
    progress : callable
        Called now and then with the fraction done, 0 to 1. An exception from it cancels the
        export.
    normalised : Normalised, optional
        The set against a calibration.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    SessionError
        The files cannot be written, or one of an earlier export is in use. No file is left
        incomplete, and an earlier export is as it was.
    """
    if not stem or Path(stem).name != stem or "\\" in stem:
        raise SessionError(folder / stem, "the name of an export may not contain a folder.")
    target = folder / stem
    total = max(1, n_samples(recording))
    whose = {"session": stem} | {key: meta.get(key) for key in ("started_utc", "subject")}
    tables = session_tables(recording, measures, events, whose, normalised)
    try:
        with unfinished_folder(target) as unfinished:
            rows = dict.fromkeys(tables, 0)
            for name, frames in tables.items():
                with (unfinished / f"{name}.csv").open("wb") as file:
                    for n_rows in _write(file, TABLES[name], frames):
                        rows[name] += n_rows
                        progress(min(1.0, sum(rows.values()) / total))
            readme = readme_text(stem, rows, recording, measures, meta, normalised)
            (unfinished / README).write_bytes(readme.encode("utf-8-sig"))
            text = json.dumps(about(rows, recording, meta), indent=2, ensure_ascii=False)
            (unfinished / ABOUT).write_bytes(f"{text}\n".encode())
            return publish(unfinished, target, [README, *(f"{t}.csv" for t in tables), ABOUT])
    except (OSError, pl.exceptions.PolarsError) as error:
        raise cannot_write(target, error) from error


def export_trend(file: Path, history: History) -> None:
    """Write a history as one table, a row a session, as `export_rows` does."""
    export_rows(file, TREND, trend_rows(history))


def export_library(file: Path, entries: Sequence[Entry], folder: Path) -> None:
    """Write what sessions there are below a folder, as `export_rows` does."""
    export_rows(file, LIBRARY, [library_row(entry, folder) for entry in entries])


def export_rows(file: Path, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Write one table; an earlier file is replaced.

    Raises
    ------
    SessionError
        It cannot be written.
    """
    unfinished = file.with_name(f"{UNFINISHED}{file.name}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as written:
            list(_write(written, columns, table(columns, rows)))
        unfinished.replace(file)
    except OSError as error:
        raise SessionError(
            file,
            f"cannot be written ({error.strerror}). Close it where it is open (a spreadsheet, "
            "perhaps), or give the name of another file.",
        ) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _write(
    file: IO[bytes], columns: Sequence[Column], frames: Iterable[pl.DataFrame]
) -> Iterator[int]:
    """Write a table; yields the rows of each part when they are written."""
    file.write(BOM_UTF8)
    file.write((",".join(column.heading for column in columns) + "\n").encode())
    for frame in frames:
        as_written(frame, columns).write_csv(file, include_header=False, float_scientific=False)
        yield frame.height


def as_written(frame: pl.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """Round numbers as their units say; −0 becomes 0; what a spreadsheet would compute stays text.

    Parameters
    ----------
    frame : DataFrame
    columns : sequence of Column
        Those of the frame, in its order.
    """
    return pl.DataFrame(
        [
            _cells(values, UNITS[column.unit][1])
            for values, column in zip(frame.get_columns(), columns, strict=True)
        ]
    )


def _cells(values: pl.Series, decimals: int) -> pl.Series:
    if values.dtype == pl.String:
        return values.str.replace(_FORMULA, "'${0}")
    if not values.dtype.is_float():
        return values
    rounded = values.round(decimals)
    return rounded.set(rounded == 0, 0.0)  # −0
