"""A session as one MAT file: a struct a table, a column vector a column, units in their names.

MATLAB's format 5, which Octave, R and SciPy read, too. It holds 2 GB a variable; so each side's
EMG and motion are variables of their own.

Ref: https://www.mathworks.com/help/pdf_doc/matlab/matfile_format.pdf
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import scipy

from glutesym.errors import SessionError
from glutesym.session.about import about
from glutesym.session.analyze import AnalyzedSession, Progress, session_meta
from glutesym.session.columns import TABLES, UNITS
from glutesym.session.publish import cannot_write, publish, unfinished_folder
from glutesym.session.tables import session_tables, whole

MOST_BYTES = 2**31 - 1  # of a variable

Struct = dict[str, object]


def export_mat(
    session: AnalyzedSession, folder: Path, progress: Progress = lambda _fraction: None
) -> list[Path]:
    """Write ``folder/<session>/<session>.mat``; returns its name in a list.

    Raises
    ------
    SessionError
        The session is too long for the format, or the file cannot be written. An earlier export
        is as it was.
    """
    target = folder / session.path.stem
    name = f"{session.path.stem}.mat"
    variables = _variables(session)
    for variable, value in variables.items():
        _check_size(target / name, variable, value)
    progress(0.2)
    try:
        with unfinished_folder(target) as unfinished:
            scipy.io.savemat(
                unfinished / name,
                variables,
                long_field_names=True,
                do_compression=True,
                oned_as="column",
            )
            progress(1.0)
            return publish(unfinished, target, [name])
    except OSError as error:
        raise cannot_write(target, error) from error


def _variables(session: AnalyzedSession) -> dict[str, object]:
    recording, meta = session.recording, session_meta(session)
    whose = {"session": session.path.stem} | {
        key: meta.get(key) for key in ("started_utc", "subject")
    }
    parts = session_tables(recording, session.measures, session.events, whose, session.normalised)
    tables = {name: whole(name, frames) for name, frames in parts.items()}
    rows = {name: table.height for name, table in tables.items()}
    variables: dict[str, object] = {}
    for name in ("emg", "imu"):
        for side in recording.pods:
            of_side = tables[name].filter(pl.col("side") == side).drop("side")
            variables[f"{side}_{name}"] = _struct(of_side)
    variables |= {name: _struct(tables[name]) for name in TABLES if name not in ("emg", "imu")}
    variables["units"] = {
        name: {column.heading: UNITS[column.unit][0] for column in columns}
        for name, columns in TABLES.items()
    }
    variables["about"] = json.dumps(about(rows, recording, meta), ensure_ascii=False)
    return variables


def _struct(table: pl.DataFrame) -> Struct:
    return {column.name: _vector(column) for column in table.iter_columns()}


def _vector(column: pl.Series) -> object:
    """Return a column: NaN where a number is missing, an empty text where a text is."""
    if column.dtype == pl.String or column.dtype == pl.Null:
        texts = np.empty((len(column), 1), object)  # a cell array
        texts[:, 0] = column.cast(pl.String).fill_null("").to_list()
        return texts
    if column.null_count() or column.dtype.is_float():
        return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return column.to_numpy()


def _check_size(path: Path, name: str, value: object) -> None:
    if not isinstance(value, dict):
        return
    arrays = [array for array in value.values() if isinstance(array, np.ndarray)]  # pyright: ignore
    size = sum(array.nbytes for array in arrays)  # pyright: ignore
    if size > MOST_BYTES:
        raise SessionError(
            path,
            f"{name} takes {size / 2**30:.1f} GB, and a variable of a MAT file can have 2 GB. "
            "Export it as Parquet, which MATLAB reads, too: --format parquet.",
        )
