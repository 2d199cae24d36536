"""CSV export: tidy tables with units in their headings, and a sidecar that explains them.

Tables and their columns are defined in :mod:`glutesym.session.columns`. A lost sample or a
withheld number is an empty cell. The files appear all at once, when they are complete.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glutesym.errors import SessionError
from glutesym.measures import SetMeasures
from glutesym.recording import Recording
from glutesym.session.about import about
from glutesym.session.columns import EMG, EVENTS, GAPS, IMU, REPS, SUMMARY, TABLES, UNITS, Column
from glutesym.session.normalised import Normalised, normalised_row
from glutesym.session.rows import Row, gap_rows, rep_row, summary_row
from glutesym.session.store import StoredEvent

_CHUNK_ROWS = 250_000  # rows in memory at once: about 30 MB

Progress = Callable[[float], None]


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
    """Write ``<stem>_emg.csv``, one file for each other table, and ``<stem>_about.json``.

    An earlier export of the same stem is replaced.

    Parameters
    ----------
    folder : Path
        Where the files go, and nothing outside it; created when missing.
    stem : str
        What all file names begin with.
    recording : Recording
        Both pods' samples.
    measures : SetMeasures
        What was measured on them.
    meta : mapping
        What else the sidecar should say: start, software versions, settings and filters.
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
        The files cannot be written. No file is left incomplete.
    """
    if not stem or Path(stem).name != stem or "\\" in stem:
        raise SessionError(folder / stem, "the name of an export may not contain a folder.")
    total = sum(pod.emg.time_s.size + pod.imu.time_s.size for pod in recording.pods.values())
    tables = {
        "emg": _emg(recording),
        "imu": _imu(recording),
        "reps": _table(REPS, [rep_row(rep) for rep in measures.reps]),
        "gaps": _table(GAPS, gap_rows(recording)),
        "events": _table(EVENTS, [_event_row(event) for event in events]),
        "summary": _table(
            SUMMARY, [summary_row(recording, measures) | normalised_row(normalised)]
        ),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as name:
            temporary = Path(name)
            rows = {table: 0 for table in tables}
            for table, frames in tables.items():
                with (temporary / f"{stem}_{table}.csv").open("wb") as file:
                    file.write((",".join(c.heading for c in TABLES[table]) + "\n").encode())
                    for frame in frames:
                        frame.write_csv(file, include_header=False)
                        rows[table] += frame.height
                        progress(min(1.0, sum(rows.values()) / max(1, total)))
            text = json.dumps(about(stem, rows, recording, meta), indent=2, ensure_ascii=False)
            (temporary / f"{stem}_about.json").write_text(text + "\n", encoding="utf-8")
            names = [*(f"{stem}_{table}.csv" for table in tables), f"{stem}_about.json"]
            return [(temporary / name).replace(folder / name) for name in names]
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SessionError(
            folder,
            f"cannot write the export ({error}). Check that the disk has space, that you may "
            "write to this folder, and that no other program has the old export open.",
        ) from error


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
    """Put data in the order of the columns, rounded as their units say; NaN becomes empty."""
    series = [pl.Series(column.heading, data[column.heading]) for column in columns]
    return pl.DataFrame(
        [
            s.fill_nan(None).round(UNITS[column.unit][1]) if s.dtype.is_float() else s
            for column, s in zip(columns, series, strict=True)
        ]
    )


def _flags(flags: NDArray[np.bool_], lost: NDArray[np.bool_]) -> pl.Series:
    return pl.Series(flags.astype(np.int8)).set(pl.Series(lost), None)


def _parts(size: int) -> Iterator[slice]:
    return (slice(start, start + _CHUNK_ROWS) for start in range(0, size, _CHUNK_ROWS))
