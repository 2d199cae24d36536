"""What sessions there are: every session file below a folder, described without measuring it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from glutesym.errors import SessionError
from glutesym.exercises import NO_EXERCISE, plain_name
from glutesym.session.analyze import Progress
from glutesym.session.history import Comparable, History, compare, folded, kind_of
from glutesym.session.names import original_first, sessions_in
from glutesym.session.store import open_session


@dataclass(frozen=True)
class Entry:
    """A session file, as far as it can be read."""

    path: Path
    size_bytes: int
    started: datetime | None = None  # UTC; None: it cannot be read
    of: Comparable | None = None
    length_s: float = 0.0
    ended: bool = False  # False: still being written, or its recorder was interrupted
    problem: str = ""  # why it cannot be read
    copy_of: Path | None = None  # the session that it is a copy or replay of


@dataclass(frozen=True)
class Search:
    """Which sessions are meant; what is None is not asked for."""

    subject: str | None = None
    exercise: str | None = None
    since: date | None = None  # local dates, both included
    until: date | None = None
    words: str = ""  # in file, exercise or placement, upper and lower case alike

    def finds(self, entry: Entry, folder: Path) -> bool:
        """Say whether a session is meant; one that cannot be read is, if only words are asked.

        What is above the folder that is searched says nothing about its sessions.
        """
        text = f"{entry.path.relative_to(folder)} {entry.of or ''}".casefold()
        if not all(word in text for word in self.words.casefold().split()):
            return False
        if entry.of is None or entry.started is None:
            asked = self.subject, self.exercise, self.since, self.until
            return all(one is None for one in asked)
        day = entry.started.astimezone().date()
        return (
            self.subject in (None, entry.of.subject)
            and (
                self.exercise is None or plain_name(self.exercise) == plain_name(entry.of.exercise)
            )
            and (self.since is None or day >= self.since)
            and (self.until is None or day <= self.until)
        )


def list_sessions(
    folder: Path, search: Search | None = None, progress: Progress = lambda _fraction: None
) -> list[Entry]:
    """Return the sessions below a folder in order of time, those that cannot be read last.

    Raises
    ------
    SessionError
        There is no session file, none that is searched for, or the folder cannot be read.
    """
    paths = sessions_in(folder, below=True)
    entries: list[Entry] = []
    for done, path in enumerate(paths):
        progress(done / len(paths))
        entries.append(_entry(path))
    progress(1.0)
    entries = _with_copies(entries)
    meant = [entry for entry in entries if search is None or search.finds(entry, folder)]
    if not meant:
        raise SessionError(folder, f"no session was found. {_there_are(entries)}")
    return sorted(meant, key=_order)


def histories(
    entries: Iterable[Entry], progress: Progress = lambda _fraction: None
) -> list[History]:
    """Measure all sessions of an exercise, and compare those that can be compared with each other.

    Returns
    -------
    list of History
        One for each subject, exercise and placement.
    """
    kinds: dict[Comparable, list[Entry]] = {}
    for entry in entries:
        if entry.of is not None and entry.of.exercise not in NO_EXERCISE:
            kinds.setdefault(folded(entry.of), []).append(entry)
    total = sum(map(len, kinds.values()))
    before = 0
    found: list[History] = []
    for _, group in sorted(kinds.items(), key=lambda item: str(item[0])):
        found.append(_history(group, before / total, len(group) / total, progress))
        before += len(group)
    return found


def _history(group: Sequence[Entry], done: float, share: float, progress: Progress) -> History:
    started = {entry.path: entry.started for entry in group if entry.started is not None}
    of = group[0].of
    assert of is not None
    return compare(of, started, progress=lambda part: progress(done + share * part))


def _with_copies(entries: Sequence[Entry]) -> list[Entry]:
    """Name of each copy the session that it is one of: they began at the same moment."""
    originals: dict[datetime, Path] = {}
    for entry in sorted(entries, key=lambda entry: original_first(entry.path)):
        if entry.started is not None:
            originals.setdefault(entry.started, entry.path)
    return [
        replace(entry, copy_of=originals[entry.started])
        if entry.started is not None and originals[entry.started] != entry.path
        else entry
        for entry in entries
    ]


def _there_are(entries: Sequence[Entry]) -> str:
    """Say whose sessions of what there are, when none is found."""
    kinds = [entry.of for entry in entries if entry.of is not None]
    subjects = ", ".join(sorted({of.subject for of in kinds if of.subject})) or "none named"
    exercises = ", ".join(sorted({of.exercise for of in kinds}))
    if not kinds:
        return "None of its session files can be read."
    days = sorted(entry.started for entry in entries if entry.started is not None)
    first, last = (f"{day.astimezone():%Y-%m-%d}" for day in (days[0], days[-1]))
    return f"There are: subjects: {subjects}; exercises: {exercises}; from {first} to {last}."


def _entry(path: Path) -> Entry:
    size_bytes = 0
    try:
        size_bytes = path.stat().st_size
        with open_session(path) as session:
            meta = session.meta
            return Entry(
                path,
                size_bytes,
                meta.started_utc,
                kind_of(session),
                session.length_s(),
                meta.ended,
            )
    except SessionError as error:
        return Entry(path, size_bytes, problem=error.reason)
    except OSError as error:
        return Entry(path, size_bytes, problem=f"cannot be read ({error.strerror})")


def _order(entry: Entry) -> tuple[bool, float, Path]:
    started = entry.started
    return started is None, 0.0 if started is None else started.timestamp(), entry.path
