"""Brings a board's files up to date, so that it can always be done again.

What has changed is written under temporary names and compared by SHA-256; only when all of it is
there the files change their names, main.py last. Files of an earlier firmware that this one does
not have go; which these are stands in `OWNED` on the board. No other file is touched.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from glutesym.errors import FlashError
from glutesym.flash.raw_repl import BoardRaisedError, GarbledError, RawRepl

OWNED = "flashed.json"
TEMPORARY = ".new"
_MAIN = "main.py"
_OURS = re.compile(r"(?!boot\.py$)[a-z][a-z0-9_]*\.py")
_CHUNK_BYTES = 1024
_TRIES = 2  # of everything that a bad line can spoil
_FLASH_S = 30.0  # a flash that erases is slow

# What the board does. Names begin with an underscore, lines are short: it is sent every time.
_HELPERS = """
import os, json, hashlib
from binascii import hexlify
def _sum(name):
    digest = hashlib.sha256()
    buffer = bytearray(512)
    with open(name, "rb") as file:
        while True:
            count = file.readinto(buffer)
            if not count:
                break
            digest.update(memoryview(buffer)[:count])
    return hexlify(digest.digest()).decode()
def _look(wanted, owned):
    names = os.listdir()
    try:
        with open(owned) as file:
            had = json.loads(file.read(4096))["files"]
    except Exception:
        had = []
    place = os.statvfs(os.getcwd())
    sizes = {}
    for name in names:
        sizes[name] = os.stat(name)[6]
    sums = {}
    for name in wanted:
        if name in names:
            sums[name] = _sum(name)
    print(json.dumps([sizes, sums, had, place[1] or place[0], place[4]]))
def _begin(name):
    global _file
    _file = open(name, "wb")
def _sync():
    if hasattr(os, "sync"):
        os.sync()
def _end():
    _file.close()
    _sync()
def _remove(names):
    try:
        _file.close()
    except (NameError, OSError):
        pass
    for name in names:
        try:
            os.remove(name)
        except OSError:
            pass
def _switch(names, end):
    for name in names:
        try:
            os.rename(name + end, name)
        except OSError:
            os.remove(name)
            os.rename(name + end, name)
    _sync()
"""


class HashMismatchError(FlashError):
    """What arrived on the board is not what was sent."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} did not arrive as it was sent, {_TRIES} times. Nothing was changed. Use "
            "another cable or another USB port, without a hub in between, and try again."
        )


class FlashFullError(FlashError):
    """The board's file system has no room."""

    def __init__(self, missing_bytes: int | None, others: Mapping[str, int]) -> None:
        missing = "" if missing_bytes is None else f" by {missing_bytes / 1024:.0f} kB"
        largest = sorted(others, key=lambda name: -others[name])[:5]
        kept = ", ".join(f"{name} ({others[name] / 1024:.0f} kB)" for name in largest)
        super().__init__(
            f"The board's flash is too full{missing}. Nothing was changed. "
            + (f"Other files on it: {kept}. " if kept else "")
            + "Remove what you do not need, for example with `mpremote rm :NAME`, and run the "
            "same command once more."
        )


@dataclass(frozen=True)
class BoardFiles:
    """What is on a board.

    Attributes
    ----------
    sizes_bytes : mapping
        Of every entry of its top folder.
    sums : mapping
        SHA-256, hexadecimal, of those of the wanted files that are there.
    owned : tuple of str
        The files that the last upload has brought, as the board remembers it.
    block_bytes, free_blocks : int
        Of its file system.
    """

    sizes_bytes: Mapping[str, int]
    sums: Mapping[str, str]
    owned: tuple[str, ...]
    block_bytes: int
    free_blocks: int


@dataclass(frozen=True)
class Plan:
    """What an upload will do.

    Attributes
    ----------
    send, same, remove : tuple of str
        Names of files: `send` in the order in which they take effect.
    total_bytes : int
        To be sent.
    missing_bytes : int
        By which the flash is too small; 0: it is not.
    others : mapping
        Sizes of the files that are not glutesym's.
    """

    send: tuple[str, ...]
    same: tuple[str, ...]
    remove: tuple[str, ...]
    total_bytes: int
    missing_bytes: int
    others: Mapping[str, int]


def make_plan(files: Mapping[str, bytes], board: BoardFiles) -> Plan:
    """Compare the files that a pod is to have with what is on a board."""
    send = sorted(name for name in files if board.sums.get(name) != _sha256(files[name]))
    send.sort(key=lambda name: name == _MAIN)
    remove = tuple(
        name
        for name in sorted(set(board.owned))
        if name not in files and name in board.sizes_bytes and _OURS.fullmatch(name)
    )
    # Every file in whole blocks, and one more each for the file system's own notes.
    blocks = sum(-(-len(files[name]) // board.block_bytes) + 1 for name in send) + 2
    left = sum(
        -(-size // board.block_bytes)
        for name, size in board.sizes_bytes.items()
        if name.endswith(TEMPORARY)
    )
    ours = {*files, *remove, OWNED}
    return Plan(
        tuple(send),
        tuple(sorted(set(files) - set(send))),
        remove,
        sum(len(files[name]) for name in send),
        max(0, blocks - left - board.free_blocks) * board.block_bytes if send else 0,
        {name: size for name, size in board.sizes_bytes.items() if name not in ours and size},
    )


class Upload:
    """One upload to a board whose raw prompt has been entered.

    Parameters
    ----------
    repl : RawRepl
    files : mapping of str to bytes
        All that is to be on the board; `main.py` among them.
    firmware : str
        What these files are, for `OWNED`.
    """

    def __init__(self, repl: RawRepl, files: Mapping[str, bytes], firmware: str) -> None:
        self._repl = repl
        self._files = dict(files)
        self._firmware = firmware
        self._board: BoardFiles | None = None

    def look(self) -> Plan:
        """Return what is to be done.

        Raises
        ------
        FlashError
            The board does not answer as it should.
        """
        self._repl.run(_HELPERS)
        self._board = board = self._look()
        return make_plan(self._files, board)

    def send(
        self, plan: Plan, on_sent: Callable[[str, int], None] = lambda name, count: None
    ) -> None:
        """Write what has changed under temporary names; the firmware stays as it is.

        Parameters
        ----------
        plan : Plan
        on_sent : callable
            Called with a file's name and the bytes that have gone.

        Raises
        ------
        FlashFullError, HashMismatchError
            Nothing has changed.
        FlashError
            The board is gone or does not answer as it should; nothing has changed.
        """
        if plan.missing_bytes:
            raise FlashFullError(plan.missing_bytes, plan.others)
        self._remove_temporary()
        try:
            for name in plan.send:
                self._send_file(name, on_sent)
        except BoardRaisedError as error:
            self._remove_temporary()
            if "ENOSPC" in error.traceback or re.search(r"OSError: 28\b", error.traceback):
                raise FlashFullError(None, plan.others) from error
            raise
        except HashMismatchError:
            self._remove_temporary()
            raise

    def switch(self, plan: Plan) -> None:
        """Put what `send` has sent in its place, and remove what is stale.

        Raises
        ------
        FlashError
            The board is gone or does not answer as it should. Doing all of it again mends it.
        """
        assert self._board is not None
        known = sorted({*filter(_OURS.fullmatch, self._board.owned), *self._files})
        self._note(known)  # who comes after an interruption knows the old files and the new ones
        self._repl.run(f"_switch({plan.send!r}, {TEMPORARY!r})", _FLASH_S)
        self._repl.run(f"_remove({plan.remove!r})", _FLASH_S)
        self._note(sorted(self._files))
        sums = self._look().sums
        wrong = [name for name in self._files if sums.get(name) != _sha256(self._files[name])]
        if wrong:
            raise FlashError(
                f"{', '.join(wrong)}: not on the board as sent. Run the same command once more; "
                "if that does not help, the board's flash is worn out."
            )

    # --- steps

    def _look(self) -> BoardFiles:
        printed = self._repl.run(f"_look({sorted(self._files)!r}, {OWNED!r})", _FLASH_S)
        try:
            sizes, sums, owned, block, free = json.loads(printed)
            had: list[object] = owned if isinstance(owned, list) else []
            names = tuple(name for name in had if isinstance(name, str))
            return BoardFiles(dict(sizes), dict(sums), names, int(block), int(free))
        except (ValueError, TypeError) as error:
            raise GarbledError(
                f"The board describes its files in a strange way: {error}."
            ) from error

    def _send_file(self, name: str, on_sent: Callable[[str, int], None]) -> None:
        """Send one file; a line that garbles something gets a second chance."""
        for attempt in range(_TRIES):
            try:
                if self._send_once(name, on_sent):
                    return
            except GarbledError:
                if attempt == _TRIES - 1:
                    raise
                self._repl.enter()
                self._repl.run(_HELPERS)
            except BoardRaisedError as error:  # a byte of the source may have been another one
                if attempt == _TRIES - 1 or "OSError" in error.traceback:
                    raise
        raise HashMismatchError(name)

    def _send_once(self, name: str, on_sent: Callable[[str, int], None]) -> bool:
        data = self._files[name]
        temporary = name + TEMPORARY
        self._repl.run(f"_begin({temporary!r})", _FLASH_S)
        for at in range(0, len(data), _CHUNK_BYTES):
            chunk = data[at : at + _CHUNK_BYTES]
            self._repl.run(f"_file.write({chunk!r})", _FLASH_S)
            on_sent(name, at + len(chunk))
        self._repl.run("_end()", _FLASH_S)
        printed: Any = self._repl.run(f"print(_sum({temporary!r}))", _FLASH_S)
        return printed.strip() == _sha256(data)

    def _note(self, names: list[str]) -> None:
        """Have the board remember what is ours."""
        content = json.dumps({"firmware": self._firmware, "files": names})
        self._repl.run(
            f"_begin({OWNED + TEMPORARY!r})\n_file.write({content!r})\n_end()\n"
            f"_switch([{OWNED!r}], {TEMPORARY!r})",
            _FLASH_S,
        )

    def _remove_temporary(self) -> None:
        """Remove what an interrupted upload, this or an earlier one, has left."""
        assert self._board is not None
        names = {*self._files, *filter(_OURS.fullmatch, self._board.owned), OWNED}
        self._repl.run(f"_remove({[name + TEMPORARY for name in sorted(names)]!r})", _FLASH_S)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
