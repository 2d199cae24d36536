"""Files that appear all at once, when complete: until then an earlier export stays whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from glutesym.errors import SessionError, reason_of

UNFINISHED = ".export-"  # what a folder or file is called until it is complete


@contextmanager
def unfinished_folder(target: Path) -> Generator[Path]:
    """Give a folder to write into; when it is left, it is gone, and so is an empty target.

    Parameters
    ----------
    target : Path
        Where the files shall be; created when missing.

    Raises
    ------
    OSError
        The folder cannot be made.
    """
    try:
        target.mkdir(parents=True, exist_ok=True)
        for killed in target.glob(f"{UNFINISHED}*"):
            shutil.rmtree(killed, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=target) as name:
            yield Path(name)
    finally:
        with suppress(OSError):
            target.rmdir()  # only if nothing is in it


def publish(unfinished: Path, target: Path, names: Iterable[str]) -> list[Path]:
    """Put files into their folder: all of them or, if one there cannot be replaced, none.

    Parameters
    ----------
    unfinished : Path
        Where they are, from `unfinished_folder`.
    target : Path
        Where they go.
    names : iterable of str
        With ``/`` between folders.

    Returns
    -------
    list of Path
        The files, in the same order.

    Raises
    ------
    SessionError
        Another program has one of them open.
    OSError
        Another reason why one cannot be put there.
    """
    paths = [Path(PurePosixPath(name)) for name in names]
    earlier = unfinished / "earlier"
    for path in paths:
        for folder in (earlier / path, target / path):
            folder.parent.mkdir(parents=True, exist_ok=True)
        with (unfinished / path).open("rb+") as file:
            os.fsync(file.fileno())  # a power cut must not leave their names without their content
    done: list[Path] = []
    try:
        for path in paths:
            done.append(path)
            if (target / path).exists():
                (target / path).replace(earlier / path)
            (unfinished / path).replace(target / path)
    except BaseException as error:
        for path in done:
            if (earlier / path).exists():
                (earlier / path).replace(target / path)
            elif not (unfinished / path).exists():
                (target / path).unlink()
        if isinstance(error, PermissionError):
            raise SessionError(
                target / done[-1],
                "another program has this file open. Close it there (a spreadsheet, perhaps) and "
                "export again. The earlier export is as it was.",
            ) from error
        raise
    return [target / path for path in paths]


def cannot_write(target: Path, error: Exception) -> SessionError:
    """Return what to tell whoever wanted an export that cannot be written."""
    reason = reason_of(error)
    if isinstance(error, NotADirectoryError | FileExistsError):
        reason = "a file is where a folder is needed"
    return SessionError(
        target,
        f"cannot write the export ({reason}). Check that the disk has space and that you may "
        "write to this folder, or choose another one with --folder.",
    )
