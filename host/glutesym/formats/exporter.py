"""The formats that a session can be exported to."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from glutesym.errors import MissingPartError
from glutesym.installing import install_command
from glutesym.session.analyze import AnalyzedSession, Progress, export_session

Export = Callable[[AnalyzedSession, Path, Progress], list[Path]]


class Format(StrEnum):
    """A format of files."""

    CSV = "csv"
    PARQUET = "parquet"
    MAT = "mat"
    BIDS = "bids"


def exporter(form: Format) -> Export:
    """Return what writes a session in a format into a folder, and returns the files.

    Raises
    ------
    MissingPartError
        What it takes is not installed.
    """
    match form:
        case Format.CSV:
            return export_session
        case Format.PARQUET:
            from glutesym.formats.parquet import export_parquet

            return export_parquet
        case Format.MAT:
            from glutesym.formats.mat import export_mat

            return export_mat
        case Format.BIDS:
            try:
                from glutesym.formats.bids import export_bids
            except ModuleNotFoundError as error:
                raise MissingPartError(
                    f"What writes BDF ({error.name})", install_command("formats")
                ) from error
            return export_bids


def place_of(form: Format, files: list[Path]) -> Path:
    """Return the folder to tell of an export: that of a session, or the whole dataset."""
    if form is Format.BIDS:
        return next(file.parent for file in files if file.name == "participants.tsv")
    return files[0].parent
