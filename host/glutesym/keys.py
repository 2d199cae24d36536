"""The pods that belong to whoever uses this computer, and the keys that they obey.

A pod obeys who has the key that it was given over USB. The keys are in one file that nobody else
may read. Whoever loses it can give the pods new keys over USB.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import stat
import sys
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from glutesym import wire
from glutesym.errors import KeyFileError, NotOwnedError, reason_of
from glutesym.measures import OTHER_SIDE, SIDES, Side

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_FORMAT = 1
_HEX = frozenset("0123456789abcdef")
_START_AFRESH = (
    "Put a backup in its place, or move it away, connect each pod by USB and run "
    "`glutesym provision`."
)

_ACCESS = "Check its permissions and its folder's, or set GLUTESYM_KEYS to another path."


@dataclass(frozen=True)
class OwnedPod:
    """A pod and the key that it obeys.

    Attributes
    ----------
    id : str
        The pod's unique number, lower-case hexadecimal.
    side : str
        ``"left"`` or ``"right"``.
    key : bytes
        ``wire.KEY_BYTES`` bytes; never shown.

    Raises
    ------
    ValueError
        One of them is not what it should be.
    """

    id: str
    side: Side
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.id) < wire.TAG_DIGITS or not _HEX.issuperset(self.id):
            raise ValueError(f"a pod's id is lower-case hexadecimal, found {self.id!r}")
        if self.side not in SIDES:
            raise ValueError(f"a pod's side is one of {SIDES}, found {self.side!r}")
        if len(self.key) != wire.KEY_BYTES:
            raise ValueError(f"a key has {wire.KEY_BYTES} bytes, found {len(self.key)}")

    @property
    def tag(self) -> str:
        """The end of the id that is in the pod's name over the air, upper case."""
        return self.id[-wire.TAG_DIGITS :].upper()


class KeyRing:
    """The pods that are owned, by tag. Made by `of` or `load`.

    Iterating gives the pods, sorted by side and id.
    """

    def __init__(self, path: Path | None, pods: Iterable[OwnedPod]) -> None:
        self._path = path
        self._pods = {pod.tag: pod for pod in pods}
        self._changes: dict[str, OwnedPod | None] = {}  # since load or save; None: removed

    @classmethod
    def of(cls, pods: Iterable[OwnedPod]) -> KeyRing:
        """Return a ring in memory only: `save` does nothing."""
        return cls(None, pods)

    @classmethod
    def load(cls, path: Path) -> KeyRing:
        """Read a key file; one that is not there is an empty ring, which `save` creates.

        Raises
        ------
        KeyFileError
            The file is damaged, cannot be read, or others can read it.
        """
        return cls(path, _read(path))

    def __iter__(self) -> Iterator[OwnedPod]:
        return iter(sorted(self._pods.values(), key=lambda pod: (pod.side, pod.id)))

    def __len__(self) -> int:
        return len(self._pods)

    def swapped(self) -> KeyRing:
        """Return a ring in memory with the sides exchanged: each pod is worn on the other one."""
        return KeyRing.of(replace(pod, side=OTHER_SIDE[pod.side]) for pod in self)

    def require(self, sides: Iterable[Side] = SIDES, without_pods: str = "glutesym demo") -> None:
        """Say at once, before looking for them, which pods there cannot be.

        ``without_pods`` is the command that shows the same on virtual pods.

        Raises
        ------
        NotOwnedError
            No pod of a side is owned.
        """
        owned = {pod.side for pod in self}
        missing = tuple(side for side in sides if side not in owned)
        if missing:
            raise NotOwnedError(missing, without_pods)

    def get(self, tag: str) -> OwnedPod | None:
        """Return the pod with this tag, or None if it is not owned."""
        return self._pods.get(tag)

    def add(self, pod: OwnedPod) -> None:
        """Own a pod; it replaces the one with the same tag."""
        self._pods[pod.tag] = self._changes[pod.tag] = pod

    def remove(self, tag: str) -> None:
        """Forget a pod; one that is not owned is no error."""
        if self._pods.pop(tag, None) is not None:
            self._changes[tag] = None

    def save(self) -> None:
        """Bring what was added and removed here into the file, all at once or not at all.

        What others have added to the file since it was loaded stays in it, and is in this ring
        afterwards.

        Raises
        ------
        KeyFileError
            The file cannot be written, or what is there by now cannot be read.
        """
        if self._path is None:
            return
        path = self._path
        try:
            path = path.resolve()  # a link stays a link
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _locked(path):
                pods = {pod.tag: pod for pod in _read(path)}
                for tag, pod in self._changes.items():
                    if pod is None:
                        pods.pop(tag, None)
                    else:
                        pods[tag] = pod
                _replace(path, _encode(pods.values()))
        except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, up to 3.12
            reason = f"cannot be written ({reason_of(error)}). {_ACCESS}"
            raise KeyFileError(path, reason) from error
        self._pods = pods
        self._changes = {}


def new_key() -> bytes:
    """Return a key that nobody can guess."""
    return secrets.token_bytes(wire.KEY_BYTES)


def default_path() -> Path:
    """Return where this user's key file is: ``GLUTESYM_KEYS``, or the system's place for it.

    References
    ----------
    XDG Base Directory Specification (a relative ``XDG_CONFIG_HOME`` is ignored); Apple, "File
    System Programming Guide"; Microsoft, "KNOWNFOLDERID" (``FOLDERID_RoamingAppData``).
    """
    chosen = os.environ.get("GLUTESYM_KEYS")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        folder = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = Path(os.environ.get("XDG_CONFIG_HOME", ""))
        if not folder.is_absolute():
            folder = Path.home() / ".config"
    return folder / "glutesym" / "pods.json"


def _encode(pods: Iterable[OwnedPod]) -> bytes:
    rows = [
        {"id": pod.id, "side": pod.side, "key": pod.key.hex()}
        for pod in sorted(pods, key=lambda pod: pod.id)
    ]
    return (json.dumps({"format": _FORMAT, "pods": rows}, indent=1) + "\n").encode()


def _read(path: Path) -> list[OwnedPod]:
    try:
        with path.open("rb") as file:
            # Of the open file: nobody can exchange it after the look at its mode.
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise KeyFileError(path, "this is not a file. Set GLUTESYM_KEYS to another path.")
            if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise KeyFileError(
                    path, f"others can read or change it. Fix: chmod 600 {shlex.quote(str(path))}"
                )
            data = file.read()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise KeyFileError(path, f"cannot be read ({reason_of(error)}). {_ACCESS}") from error
    try:
        return _decode(json.loads(data))
    except (ValueError, RecursionError):
        # Not "from": the message of a decoding error may show a part of a key.
        raise KeyFileError(path, f"is damaged. {_START_AFRESH}") from None


def _decode(content: object) -> list[OwnedPod]:
    """Return the pods of a file's content; raises ValueError if it is anything else."""
    if not isinstance(content, dict):
        raise ValueError("an object")
    content = cast("dict[str, object]", content)
    rows = content.get("pods")
    if content.get("format") != _FORMAT or not isinstance(rows, list):
        raise ValueError("a format and a list of pods")
    pods: list[OwnedPod] = []
    for row in cast("list[object]", rows):
        if not isinstance(row, dict):
            raise ValueError("a pod is an object")
        values = [cast("dict[str, object]", row).get(name) for name in ("id", "side", "key")]
        if not all(isinstance(value, str) for value in values):
            raise ValueError("id, side and key are text")
        pod_id, side, key = cast("list[str]", values)
        pods.append(OwnedPod(pod_id, cast("Side", side), bytes.fromhex(key)))
    return pods


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that at any moment there is the old one or the new one, for us alone."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
        if os.name == "posix":  # a rename is kept when its folder is
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


@contextmanager
def _locked(path: Path) -> Generator[None, None, None]:
    """Let one program at a time change the file; the system unlocks for one that ends."""
    lock = path.with_name(path.name + ".lock")
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(lock, flags, 0o600), "rb") as file:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # tries for ten seconds
        else:
            fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            if sys.platform == "win32":
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
