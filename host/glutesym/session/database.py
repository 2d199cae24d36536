"""The database behind a session file: its schema, how it is made and opened, what its errors mean.

A row of ``meta`` is a key and a value; everything else is rows in order of arrival.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from glutesym.errors import SessionError

_APPLICATION_ID = 0x6753796D  # "gSym" in the SQLite header: tells this file from other databases
# What makes each version out of the one before; the first out of nothing. Steps are only ever
# added: files of all versions are read for ever.
_STEPS = (
    (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE pods (id INTEGER PRIMARY KEY,"
        " side TEXT NOT NULL, address TEXT NOT NULL, info TEXT NOT NULL)",
        "CREATE TABLE frames (id INTEGER PRIMARY KEY,"
        " pod_id INTEGER NOT NULL, t_host_ns INTEGER NOT NULL, frame BLOB NOT NULL)",
        "CREATE TABLE probes (id INTEGER PRIMARY KEY,"
        " pod_id INTEGER NOT NULL, probe_id INTEGER NOT NULL, t_host_ns INTEGER NOT NULL)",
        "CREATE TABLE events (id INTEGER PRIMARY KEY,"
        " t_host_ns INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, pod_id INTEGER)",
        f"PRAGMA application_id = {_APPLICATION_ID}",
    ),
    (  # what was found about the session, during it or later
        "CREATE TABLE results (id INTEGER PRIMARY KEY,"
        " made_utc TEXT NOT NULL, kind TEXT NOT NULL, json TEXT NOT NULL)",
    ),
    (  # what a reviewer changed: rows are only ever added, raw data never change
        "CREATE TABLE edits (id INTEGER PRIMARY KEY,"
        " made_utc TEXT NOT NULL, made_by TEXT NOT NULL, kind TEXT NOT NULL, json TEXT NOT NULL)",
    ),
    # `store.frame_checksum`, so that damage of a single bit is seen; NULL: written before.
    ("ALTER TABLE frames ADD COLUMN checksum INTEGER",),
)
SCHEMA_VERSION = len(_STEPS)
_NOT_A_SESSION = (
    "this is not a glutesym session. Choose a file that `glutesym record` or `demo` made. If its "
    "recording was interrupted, the -wal file beside it belongs to it: copy both."
)
COPY_AGAIN = "Copy it again from where it was recorded, with its -wal file if any."
_GONE = "the file is gone. Connect its disk again, or put it back where it was."
_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full. Free some space; what was saved so far is safe.",
    sqlite3.SQLITE_READONLY: "the file may not be written to. Check its permissions.",
    sqlite3.SQLITE_PERM: "the file may not be accessed. Check its permissions.",
    sqlite3.SQLITE_CANTOPEN: (
        "the file cannot be opened. Check its permissions. An interrupted session must lie in a "
        "folder that you may write to, together with its -wal file."
    ),
    sqlite3.SQLITE_NOTADB: _NOT_A_SESSION,
    sqlite3.SQLITE_CORRUPT: f"the file is damaged. {COPY_AGAIN}",
    sqlite3.SQLITE_BUSY: "another program holds the file. Close that program and try again.",
    sqlite3.SQLITE_IOERR: "the disk failed. Check that it is still connected and has space left.",
}


def create_database(path: Path, meta: dict[str, str]) -> sqlite3.Connection:
    """Create a session file, which must not exist, and return a connection that may write to it.

    Raises
    ------
    SessionError
        The file exists already, or cannot be created.
    """
    _create_empty(path)
    with session_errors(path):
        database = sqlite3.connect(path, check_same_thread=False)
        try:
            with database:
                database.execute("BEGIN")
                _migrate(database)
                database.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
            _make_durable(database)  # from here on: the file itself is a session, without its log
        except sqlite3.Error:
            database.close()
            path.unlink()
            raise
    return database


def resume_database(path: Path) -> sqlite3.Connection:
    """Open a session file that nobody else has open, to go on with its recording.

    Raises
    ------
    SessionError
        No such file, not a session, in use, damaged, of a version that this program does not
        know, or it may not be written to.
    """
    _require_file(path)
    database = _open(path, "mode=rw")
    try:
        with session_errors(path):
            database.execute("PRAGMA journal_mode = DELETE")  # fails while it is in use
            with database:
                database.execute("BEGIN IMMEDIATE")
                _migrate(database)
            _make_durable(database)
    except BaseException:
        database.close()
        raise
    return database


def reopen_database(path: Path) -> sqlite3.Connection:
    """Open a session file again to go on with its recording.

    Raises
    ------
    SessionError
        The file is not there, or cannot be opened.
    """
    if not os.path.exists(path):
        raise SessionError(path, _GONE)
    database = _open(path, "mode=rw")
    with session_errors(path):
        _make_durable(database)
    return database


def restore_database(path: Path, database: sqlite3.Connection) -> None:
    """Write a session file again that was deleted or moved while it was being written.

    Until the connection is closed, the system keeps what was in it; this closes it.

    Raises
    ------
    SessionError
        It cannot be written.
    """
    copy = path.with_name(path.name + "-restored")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        copy.unlink(missing_ok=True)
        with session_errors(path):
            database.execute("VACUUM INTO ?", (str(copy),))
            database.close()  # removes the old log, which must not be taken for one of the copy
        copy.rename(path)
    except OSError as error:
        raise SessionError(path, _GONE) from error


def open_database(path: Path) -> sqlite3.Connection:
    """Open a session file for reading only.

    A file of an older version is left as it is: what is read is a temporary copy in today's form,
    which shows what was in the file when it was opened.

    Raises
    ------
    SessionError
        No such file, not a session, damaged, or of a version that this program does not know.
    """
    _require_file(path)
    try:
        database = _open(path, "mode=ro")
    except SessionError as error:
        code = _code(error.__cause__)
        if code == sqlite3.SQLITE_READONLY:  # a change was interrupted: it has to be taken back
            _open(path, "mode=rw").close()
            database = _open(path, "mode=ro")
        elif code == sqlite3.SQLITE_CANTOPEN and not _wal(path).exists():
            # WAL mode needs two companion files, which cannot be made in a read-only folder.
            # Without a log beside it the file alone is complete, and may be read as it is.
            database = _open(path, "immutable=1")
        else:
            raise
    return database if _version(database) == SCHEMA_VERSION else _migrated_copy(path, database)


@contextmanager
def changed_database(path: Path) -> Generator[sqlite3.Connection]:
    """Give a connection to an existing session file; all that is done with it is one change.

    A file of an older version is brought to today's, as a part of that change. When it fails, the
    file stays as it was.

    Raises
    ------
    SessionError
        No such file, not a session, damaged, of a version that this program does not know, or it
        may not be written to.
    """
    _require_file(path)
    with closing(_open(path, "mode=rw")) as database, session_errors(path):
        with database:
            database.execute("BEGIN IMMEDIATE")
            _migrate(database)
            yield database
        fold_into_one_file(database)


def fold_into_one_file(database: sqlite3.Connection) -> None:
    """Leave no file beside the session, unless somebody uses it now: then it stays in WAL."""
    with suppress(sqlite3.OperationalError):
        database.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def session_errors(path: Path) -> Generator[None]:
    """Turn SQLite's errors into ones that say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        # A table or a column that cannot be read is one of those; a mistake of ours is not.
        reads = isinstance(error, sqlite3.OperationalError)
        other = f"the file is damaged ({error}). {COPY_AGAIN}"
        reason = _REASONS.get(_code(error), other if reads else f"it cannot be used ({error}).")
        raise SessionError(path, reason) from error


def is_lost(error: SessionError) -> bool:
    """Return whether a connection that failed may never work again: its disk was pulled, say."""
    return _code(error.__cause__) not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY)


def _make_durable(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA fullfsync = ON")  # macOS: past the disk's own cache, too


def _create_empty(path: Path) -> None:
    """Claim the name, so that two recorders can never share a file."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("xb").close()
    except FileExistsError as error:
        reason = (
            "this file exists already and is never overwritten. Choose another name."
            if path.exists()
            else f"{path.parent} is not a folder. Choose another folder."
        )
        raise SessionError(path, reason) from error
    except OSError as error:
        raise SessionError(
            path,
            f"cannot create the session file ({error.strerror}). "
            "Choose a folder on a disk with free space that you may write to.",
        ) from error


def _require_file(path: Path) -> None:
    if path.is_dir():
        if any(path.glob("*.glutesym")):
            raise SessionError(path, "this is a folder. Name a .glutesym file in it.")
        raise SessionError(path, "this is a folder without a session. Name a .glutesym file.")
    if not path.is_file():
        raise SessionError(path, "there is no such session file. Check the name and the folder.")


def _open(path: Path, mode: str) -> sqlite3.Connection:
    with session_errors(path):
        uri = f"{sqlite_uri(path.resolve().as_uri())}?{mode}"
        database = sqlite3.connect(uri, uri=True, check_same_thread=False)
        try:
            _check_version(path, database)
        except BaseException:
            database.close()
            raise
        return database


def sqlite_uri(uri: str) -> str:
    """Return a file's URI as SQLite takes it: without a host, which one on a Windows share has."""
    return uri if uri.startswith("file:///") else f"file:////{uri.removeprefix('file://')}"


def _check_version(path: Path, database: sqlite3.Connection) -> None:
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    (page_bytes,) = database.execute("PRAGMA page_size").fetchone()
    if not _wal(path).exists() and path.stat().st_size < pages * page_bytes:
        raise SessionError(path, _REASONS[sqlite3.SQLITE_CORRUPT])
    (application,) = database.execute("PRAGMA application_id").fetchone()
    if application != _APPLICATION_ID:
        raise SessionError(path, _NOT_A_SESSION)
    version = _version(database)
    if version > SCHEMA_VERSION:
        raise SessionError(
            path,
            f"this session has format {version}, this glutesym reads formats up to "
            f"{SCHEMA_VERSION}. Update with: pip install --upgrade glutesym",
        )


def _version(database: sqlite3.Connection) -> int:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    return version


def _migrate(database: sqlite3.Connection) -> None:
    """Take the steps to today's version, within the transaction that is open."""
    for step in _STEPS[_version(database) :]:
        for statement in step:
            database.execute(statement)
    database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _migrated_copy(path: Path, database: sqlite3.Connection) -> sqlite3.Connection:
    with session_errors(path), closing(database):
        copy = sqlite3.connect("", check_same_thread=False)  # on disk, and gone when it is closed
        try:
            database.backup(copy)
            with copy:
                copy.execute("BEGIN")
                _migrate(copy)
        except BaseException:
            copy.close()
            raise
        return copy


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _code(error: BaseException | None) -> int:
    """Return the primary SQLite code of an error; extended codes add high bits."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
