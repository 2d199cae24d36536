"""A session as tables: the columns of `glutesym.session.columns`, every number as it was computed.

What is missing or withheld is null. How a file writes numbers and text is its own matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glutesym.measures import SetMeasures
from glutesym.recording import Recording
from glutesym.session.columns import EMG, EVENTS, GAPS, IMU, REPS, SUMMARY, TABLES, Column
from glutesym.session.normalised import Normalised, normalised_row
from glutesym.session.rows import Row, gap_rows, rep_row, summary_row
from glutesym.session.store import StoredEvent

_CHUNK_ROWS = 250_000  # rows in memory at once: about 30 MB


def session_tables(
    recording: Recording,
    measures: SetMeasures,
    events: Sequence[StoredEvent] = (),
    whose: Mapping[str, object] | None = None,
    normalised: Normalised | None = None,
) -> dict[str, Iterator[pl.DataFrame]]:
    """Return every table of a session, in parts that fit into memory.

    Parameters
    ----------
    recording : Recording
    measures : SetMeasures
        What was measured on it.
    events : sequence of StoredEvent
        What happened during the session.
    whose : mapping, optional
        ``session``, ``started_utc`` and ``subject`` of the summary.
    normalised : Normalised, optional
        The set against a calibration.

    Returns
    -------
    dict of str to iterator of DataFrame
        ``reps``, ``summary``, ``events``, ``gaps``, ``emg``, ``imu``; each can be gone through
        once, and has at least one part, which may be without rows.
    """
    whose = dict.fromkeys(("session", "started_utc", "subject")) | dict(whose or {})
    summary = whose | summary_row(recording, measures) | normalised_row(normalised)
    return {
        "reps": table(REPS, [rep_row(rep) for rep in measures.reps]),
        "summary": table(SUMMARY, [summary]),
        "events": table(EVENTS, [_event_row(event) for event in events]),
        "gaps": table(GAPS, gap_rows(recording)),
        "emg": emg_table(recording),
        "imu": imu_table(recording),
    }


def table(columns: Sequence[Column], rows: Sequence[Row]) -> Iterator[pl.DataFrame]:
    """Turn rows, each a mapping of heading to value, into a table of one part."""
    yield _frame(columns, {c.heading: [row[c.heading] for row in rows] for c in columns})


def whole(name: str, frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Return a table of `session_tables` in one part."""
    return pl.concat([*frames] or [*table(TABLES[name], [])])


def n_samples(recording: Recording) -> int:
    """Return how many rows the tables of samples have."""
    return sum(pod.emg.time_s.size + pod.imu.time_s.size for pod in recording.pods.values())


def emg_table(recording: Recording) -> Iterator[pl.DataFrame]:
    """Return every EMG sample."""
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


def imu_table(recording: Recording) -> Iterator[pl.DataFrame]:
    """Return every sample of motion."""
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


def _frame(columns: Sequence[Column], data: Mapping[str, Any]) -> pl.DataFrame:
    """Put data in the order of the columns; what has a unit is a float, NaN becomes null."""
    return pl.DataFrame([_cells(column, data[column.heading]) for column in columns])


def _cells(column: Column, values: Any) -> pl.Series:
    series = pl.Series(column.heading, values)
    if column.unit:
        series = series.cast(pl.Float64)
    return series.fill_nan(None) if series.dtype.is_float() else series


def _flags(flags: NDArray[np.bool_], lost: NDArray[np.bool_]) -> pl.Series:
    return pl.Series(flags.astype(np.int8)).set(pl.Series(lost), None)


def _parts(size: int) -> Iterator[slice]:
    return (slice(start, start + _CHUNK_ROWS) for start in range(0, size, _CHUNK_ROWS))
