"""A session as Parquet: the tables of the CSVs, not rounded, their meaning in each file."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from glutesym.session.about import about
from glutesym.session.analyze import AnalyzedSession, Progress, session_meta
from glutesym.session.columns import TABLES
from glutesym.session.publish import cannot_write, publish, unfinished_folder
from glutesym.session.tables import session_tables, whole

METADATA = "glutesym"  # key of the file's metadata: JSON, what about.json says


def export_parquet(
    session: AnalyzedSession, folder: Path, progress: Progress = lambda _fraction: None
) -> list[Path]:
    """Write ``folder/<session>/<table>.parquet`` for each table; returns the files.

    Raises
    ------
    SessionError
        A file cannot be written. An earlier export is as it was.
    """
    target = folder / session.path.stem
    meta = session_meta(session)
    recording = session.recording
    whose = {"session": session.path.stem} | {
        key: meta.get(key) for key in ("started_utc", "subject")
    }
    parts = session_tables(recording, session.measures, session.events, whose, session.normalised)
    try:
        with unfinished_folder(target) as unfinished:
            tables = {name: whole(name, frames) for name, frames in parts.items()}
            rows = {name: table.height for name, table in tables.items()}
            metadata = {METADATA: json.dumps(about(rows, recording, meta), ensure_ascii=False)}
            for done, (name, table) in enumerate(tables.items(), 1):
                table.write_parquet(unfinished / f"{name}.parquet", metadata=metadata)
                progress(done / len(TABLES))
            return publish(unfinished, target, [f"{name}.parquet" for name in tables])
    except (OSError, pl.exceptions.PolarsError) as error:
        raise cannot_write(target, error) from error
