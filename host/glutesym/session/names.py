"""Names of session files: readable, sortable by time, valid on every system, never used twice."""

from __future__ import annotations

import os
import unicodedata
from datetime import datetime
from itertools import count
from pathlib import Path

from glutesym.errors import SessionError

SUFFIX = ".glutesym"  # an SQLite 3 file inside
_EXERCISE_CHARS = (
    40  # keeps the longest UTF-8 name below 255 bytes, the limit of common file systems
)


def session_path(folder: Path, started: datetime, exercise: str) -> Path:
    """Return the path of a new session file, e.g. ``2026-05-04_18-30-09_hip-thrust.glutesym``.

    Parameters
    ----------
    folder : Path
        Where sessions are kept; it need not exist yet.
    started : datetime
        Start of the session; shown in local time. Without a time zone it is taken as local time.
    exercise : str
        What is exercised, in the user's words.

    Returns
    -------
    Path
        A path that nothing occupies: ``-2``, ``-3``, … is added when the name is taken.
    """
    stem = f"{started.astimezone():%Y-%m-%d_%H-%M-%S}_{_slug(exercise)}"
    for number in count(1):
        path = folder / f"{stem}{'' if number == 1 else f'-{number}'}{SUFFIX}"
        if not os.path.exists(path):  # also where looking is forbidden: creating it tells why
            return path
    raise AssertionError("unreachable")


def sessions_in(folder: Path, below: bool = False) -> list[Path]:
    """Return the session files of a folder, by name.

    Parameters
    ----------
    folder : Path
    below : bool
        Those of the folders in it, too.

    Raises
    ------
    SessionError
        There is none, or the folder cannot be read.
    """
    try:
        next(folder.iterdir(), None)  # a folder that cannot be read; those below are passed over
        inside = folder.rglob(f"*{SUFFIX}") if below else folder.iterdir()
        paths = sorted(path for path in inside if path.suffix == SUFFIX)
    except OSError as error:
        reason = f"cannot be read ({error.strerror}). Give a folder of session files."
        raise SessionError(folder, reason) from error
    if not paths:
        raise SessionError(
            folder, f"there is no session file in this folder: its name would end in {SUFFIX}."
        )
    return paths


def original_first(path: Path) -> tuple[bool, int, str]:
    """Sort a session before its copies: it begins with the date, they have more to their names."""
    return not path.name[:1].isdigit(), len(path.name), path.as_posix()


def _slug(text: str) -> str:
    """Return letters and digits joined by single hyphens: safe in any shell and file system."""
    letters = unicodedata.normalize("NFC", text).lower()
    words = "".join(c if c.isalnum() else " " for c in letters).split()
    return "-".join(words)[:_EXERCISE_CHARS].rstrip("-") or "session"
