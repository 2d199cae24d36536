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
import os
import shutil
import tempfile
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glutesym.errors import SessionError
from glutesym.measures import SetMeasures
from glutesym.recording import Recording
from glutesym.session.about import about
from glutesym.session.analyze import Progress
from glutesym.session.columns import (
    EMG,
    EVENTS,
    GAPS,
    IMU,
    REPS,
    SUMMARY,
    TABLES,
    TREND,
    UNITS,
    Column,
)
from glutesym.session.history import History
from glutesym.session.normalised import Normalised, normalised_row
from glutesym.session.readme import readme_text
from glutesym.session.rows import Row, gap_rows, rep_row, summary_row, trend_rows
from glutesym.session.store import StoredEvent

README, ABOUT = "README.txt", "about.json"
_UNFINISHED = ".export-"  # what a folder is called until its files are complete
# A text that begins so is a formula to a spreadsheet, and may be a stranger's; an apostrophe
# before it makes it text (CWE-1236, Improper Neutralization of Formula Elements in a CSV File).
_FORMULA = r"^[=+\-@\t\r]"
_CHUNK_ROWS = 250_000  # rows in memory at once: about 30 MB


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
    total = sum(pod.emg.time_s.size + pod.imu.time_s.size for pod in recording.pods.values())
    whose = {"session": stem} | {key: meta.get(key) for key in ("started_utc", "subject")}
    summary = whose | summary_row(recording, measures) | normalised_row(normalised)
    tables = {
        "reps": _table(REPS, [rep_row(rep) for rep in measures.reps]),
        "summary": _table(SUMMARY, [summary]),
        "events": _table(EVENTS, [_event_row(event) for event in events]),
        "gaps": _table(GAPS, gap_rows(recording)),
        "emg": _emg(recording),
        "imu": _imu(recording),
    }
    try:
        target.mkdir(parents=True, exist_ok=True)
        for unfinished in target.glob(f"{_UNFINISHED}*"):  # of an export that was killed
            shutil.rmtree(unfinished, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=_UNFINISHED, dir=target) as name:
            temporary = Path(name)
            rows = dict.fromkeys(tables, 0)
            for table, frames in tables.items():
                with (temporary / f"{table}.csv").open("wb") as file:
                    for n_rows in _write(file, TABLES[table], frames):
                        rows[table] += n_rows
                        progress(min(1.0, sum(rows.values()) / max(1, total)))
            readme = readme_text(stem, rows, recording, measures, meta, normalised)
            (temporary / README).write_bytes(readme.encode("utf-8-sig"))
            text = json.dumps(about(rows, recording, meta), indent=2, ensure_ascii=False)
            (temporary / ABOUT).write_bytes(f"{text}\n".encode())
            return _publish(temporary, target, [README, *(f"{t}.csv" for t in tables), ABOUT])
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SessionError(
            target,
            f"cannot write the export ({error}). Check that the disk has space and that you may "
            "write to this folder, or choose another one with --folder.",
        ) from error
    finally:
        with suppress(OSError):
            target.rmdir()  # only if nothing is in it


def export_trend(file: Path, history: History) -> None:
    """Write a history as one table, a row a session; an earlier file is replaced.

    Raises
    ------
    SessionError
        It cannot be written.
    """
    unfinished = file.with_name(f"{_UNFINISHED}{file.name}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as table:
            list(_write(table, TREND, _table(TREND, trend_rows(history))))
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
        frame.write_csv(file, include_header=False, float_scientific=False)
        yield frame.height


def _publish(temporary: Path, target: Path, names: Sequence[str]) -> list[Path]:
    """Put files into their folder: all of them or, if one there cannot be replaced, none."""
    earlier = temporary / "earlier"
    earlier.mkdir()
    for name in names:
        with (temporary / name).open("rb+") as file:
            os.fsync(file.fileno())  # a power cut must not leave their names without their content
    done: list[str] = []
    try:
        for name in names:
            done.append(name)
            if (target / name).exists():
                (target / name).replace(earlier / name)
            (temporary / name).replace(target / name)
    except BaseException as error:
        for name in done:
            if (earlier / name).exists():
                (earlier / name).replace(target / name)
            elif not (temporary / name).exists():
                (target / name).unlink()
        if isinstance(error, PermissionError):
            raise SessionError(
                target / done[-1],
                "another program has this file open. Close it there (a spreadsheet, perhaps) and "
                "export again. The earlier export is as it was.",
            ) from error
        raise
    return [target / name for name in names]


def _emg(recording: Recording) -> Iterator[pl.DataFrame]:
    for pod in recording.pods.values():
        emg = pod.emg
        for part in _parts(emg.uv.size):
            lost = np.isnan(emg.uv[part])
            yield _frame(
                EMG,
                {
                    "side": pl.repeat(pod.side, lost.size, eager=True),
                    "time_s": emg.time_s[part],
                    "index": emg.index[part],
                    "emg_uv": emg.uv[part],
                    "lead_off": _flags(emg.lead_off[part], lost),
                    "clipped": _flags(emg.clipped[part], lost),
                },
            )


def _imu(recording: Recording) -> Iterator[pl.DataFrame]:
    for pod in recording.pods.values():
        imu = pod.imu
        for part in _parts(imu.time_s.size):
            time_s = imu.time_s[part]
            yield _frame(
                IMU,
                {
                    "side": pl.repeat(pod.side, time_s.size, eager=True),
                    "time_s": time_s,
                    **{f"accel_{axis}_g": imu.accel_g[part, i] for i, axis in enumerate("xyz")},
                    **{f"gyro_{axis}_dps": imu.gyro_dps[part, i] for i, axis in enumerate("xyz")},
                },
            )


def _event_row(event: StoredEvent) -> dict[str, object]:
    return {
        "time_s": event.time_s,
        "side": event.side,
        "kind": event.kind,
        "text": event.text or None,
    }


def _table(columns: Sequence[Column], rows: Sequence[Row]) -> Iterator[pl.DataFrame]:
    """Turn rows, each a mapping of heading to value, into a table of one part."""
    yield _frame(columns, {c.heading: [row[c.heading] for row in rows] for c in columns})


def _frame(columns: Sequence[Column], data: Mapping[str, Any]) -> pl.DataFrame:
    """Put data in the order of the columns, rounded as their units say.

    NaN becomes empty, −0 becomes 0, and text that a spreadsheet would compute stays text.
    """
    return pl.DataFrame(
        [_cells(pl.Series(c.heading, data[c.heading]), UNITS[c.unit][1]) for c in columns]
    )


def _cells(values: pl.Series, decimals: int) -> pl.Series:
    if values.dtype == pl.String:
        return values.str.replace(_FORMULA, "'${0}")
    if not values.dtype.is_float():
        return values
    rounded = values.fill_nan(None).round(decimals)
    return rounded.set(rounded == 0, 0.0)  # −0


def _flags(flags: NDArray[np.bool_], lost: NDArray[np.bool_]) -> pl.Series:
    return pl.Series(flags.astype(np.int8)).set(pl.Series(lost), None)


def _parts(size: int) -> Iterator[slice]:
    return (slice(start, start + _CHUNK_ROWS) for start in range(0, size, _CHUNK_ROWS))
