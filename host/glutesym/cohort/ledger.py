"""What is measured already, kept beside the table: an interrupted cohort goes on where it was."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from glutesym.cohort.work import Outcome
from glutesym.errors import SessionError

_MAKE = (
    "CREATE TABLE IF NOT EXISTS done (file TEXT PRIMARY KEY, state TEXT NOT NULL,"
    " summary TEXT, reps TEXT NOT NULL, problem TEXT NOT NULL) WITHOUT ROWID"
)
_READ = "SELECT file, summary, reps, problem FROM done"


class Ledger:
    """Rows of sessions, each kept as soon as it is there; an SQLite file.

    Parameters
    ----------
    path : Path
        Made if it is not there, and the folders above it.

    Raises
    ------
    SessionError
        It cannot be written, or is another program's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path)
            try:
                self._database.execute(_MAKE)
                self._database.execute(f"{_READ} LIMIT 0")  # the columns are ours
            except sqlite3.Error:
                self._database.close()
                raise
        except (OSError, sqlite3.Error) as error:
            raise SessionError(
                path, f"cannot be used ({error}). Choose another --out, or delete this file."
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._database.close()

    def states(self) -> dict[str, str]:
        """Return in which state each session was when it was measured."""
        return dict(self._database.execute("SELECT file, state FROM done"))

    def keep(self, outcome: Outcome, state: str) -> None:
        """Keep an outcome, in place of an earlier one."""
        row = (
            outcome.file,
            state,
            None if outcome.summary is None else json.dumps(outcome.summary),
            json.dumps(outcome.reps),
            outcome.problem,
        )
        try:
            with self._database:
                self._database.execute("INSERT OR REPLACE INTO done VALUES (?, ?, ?, ?, ?)", row)
        except sqlite3.Error as error:
            raise SessionError(
                self._path,
                f"cannot be written ({error}). What was measured before is kept: make room, and "
                "give the same command again.",
            ) from error

    def outcomes(self) -> Iterator[tuple[str, dict[str, Any] | None, list[dict[str, Any]], str]]:
        """Yield ``(file, summary, reps, problem)`` of all sessions, by file."""
        for file, summary, reps, problem in self._database.execute(f"{_READ} ORDER BY file"):
            yield file, summary and json.loads(summary), json.loads(reps), problem
