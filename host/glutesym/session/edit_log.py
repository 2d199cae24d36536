"""A reviewer's edits in the session file: a list that only grows; see `glutesym.edits`."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glutesym.edits import (
    Add,
    Edit,
    Exclude,
    Include,
    Move,
    Note,
    Redo,
    Rename,
    SetWorking,
    Span,
    Step,
    Undo,
    check,
    in_force,
)
from glutesym.errors import SessionError
from glutesym.measures import SIDES, Side
from glutesym.session.database import COPY_AGAIN, changed_database
from glutesym.session.subject import subject_code

if TYPE_CHECKING:
    from glutesym.session.analyze import AnalyzedSession
    from glutesym.session.store import StoredSession

_KINDS: dict[str, type[Step]] = {
    "exclude": Exclude,
    "include": Include,
    "add": Add,
    "move": Move,
    "working side": SetWorking,
    "rename": Rename,
    "note": Note,
    "undo": Undo,
    "redo": Redo,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def stored_edits(session: StoredSession) -> tuple[Edit, ...]:
    """Return all edits of a session in the order in which they were made.

    Raises
    ------
    SessionError
        The file is damaged.
    """
    try:
        return tuple(
            Edit(datetime.fromisoformat(made), _printable(by), _step(kind, json.loads(text)))
            for made, by, kind, text in session.edit_rows()
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"its edits are damaged ({error!r}). {COPY_AGAIN}"
        raise SessionError(session.path, reason) from error


def add_edit(session: AnalyzedSession, step: Step, by: str, made_utc: datetime) -> Edit:
    """Check an edit and add it to the session's file; what was recorded stays as it is.

    A file of an older version is brought to today's by that.

    Parameters
    ----------
    session : AnalyzedSession
        As it is now, with all edits so far.
    step : Step
    by : str
        A reviewer's code, never a name; "": not given.
    made_utc : datetime
        With its time zone.

    Returns
    -------
    Edit
        What was added: `glutesym.session.analyze.with_edits` measures the session with it.

    Raises
    ------
    EditError
        It would do nothing, or makes no sense.
    SubjectError
        The reviewer's code is none.
    SessionError
        The file cannot be written, or was edited by somebody else meanwhile. It is as it was.
    """
    check_edit(session, step)
    append_edits(session.path, [edit := Edit(made_utc, subject_code(by), step)], session.edits)
    return edit


def check_edit(session: AnalyzedSession, step: Step) -> None:
    """Raise EditError if an edit would do nothing to a session, or makes no sense."""
    recording = session.recording
    begins_s = [pod.emg.time_s[0] for pod in recording.pods.values() if len(pod.emg.time_s)]
    recorded_s = float(min(begins_s, default=0.0)), recording.duration_s
    check(step, session.measures.reps, session.edits, recording.exercise, recorded_s)


def append_edits(path: Path, edits: Sequence[Edit], after: Sequence[Edit]) -> None:
    """Add edits to a file that holds just those of ``after``; errors as `add_edit`."""
    rows = [edit_row(edit) for edit in edits]
    with changed_database(path) as database:
        (held,) = database.execute("SELECT count(*) FROM edits").fetchone()
        if held != len(after):
            raise SessionError(
                path, "somebody else edited this session meanwhile. Open it again, and then edit."
            )
        database.executemany(
            "INSERT INTO edits (made_utc, made_by, kind, json) VALUES (?, ?, ?, ?)", rows
        )


def edit_row(edit: Edit) -> tuple[str, str, str, str]:
    """Return the row of an edit.

    Raises
    ------
    ValueError
        A time is not a number, or has no time zone.
    """
    if edit.made_utc.tzinfo is None:
        raise ValueError("made_utc needs a time zone, e.g. datetime.now(timezone.utc)")
    text = json.dumps(asdict(edit.step), allow_nan=False)
    return edit.made_utc.isoformat(), edit.by, _NAMES[type(edit.step)], text


def edit_records(edits: Sequence[Edit]) -> list[dict[str, Any]]:
    """Return all edits for a sidecar, ready for JSON."""
    valid = {id(edit) for edit in in_force(edits)}
    return [
        {
            "made_utc": edit.made_utc.isoformat(),
            "by": edit.by or None,
            "kind": _NAMES[type(edit.step)],
            "in_force": id(edit) in valid,
            **asdict(edit.step),
        }
        for edit in edits
    ]


def _step(kind: str, content: dict[str, Any]) -> Step:
    """Return what a row says.

    Raises
    ------
    AttributeError, KeyError, TypeError, ValueError
        It says something else.
    """
    made: dict[str, Any] = {}
    for name, value in content.items():
        if name in ("rep", "to"):
            made[name] = Span(_seconds(value["start_s"]), _seconds(value["end_s"]))
            if not made[name].start_s < made[name].end_s:
                raise ValueError(f"{name} ends before it starts")
        elif name == "time_s":
            made[name] = None if value is None else _seconds(value)
        elif name == "side":
            made[name] = _side(value)
        else:
            made[name] = _printable(value)
    return _KINDS[kind](**made)


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError(f"{value!r} is no time")
    return float(value)


def _side(value: object) -> Side:
    for side in SIDES:
        if value == side:
            return side
    raise ValueError(f"{value!r} is no side")


def _printable(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return "".join(letter if letter.isprintable() else " " for letter in value)
