"""A small disk of its own (Linux, root) from which the power can be taken."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# EXT4_IOC_SHUTDOWN and EXT4_GOING_FLAGS_NOLOGFLUSH (fs/ext4/ext4.h): from now on nothing reaches
# the disk, not even what was written and is still in the system's memory. Every access fails.
_SHUTDOWN, _AT_ONCE = 0x8004587D, 2


class LoopDisk:
    """An ext4 file system in a file.

    Raises
    ------
    PermissionError
        This user or this system may not mount.
    """

    def __init__(self, folder: Path, megabytes: int = 32) -> None:
        self._image = folder / "image"
        self.root = folder / "disk"
        self.root.mkdir(parents=True)
        if sys.platform != "linux":
            raise PermissionError
        with self._image.open("wb") as file:
            file.truncate(megabytes << 20)
        if not (_done("mkfs.ext4", "-q", str(self._image)) and self.connect()):
            raise PermissionError

    def connect(self) -> bool:
        """Mount it, as it is in the file."""
        return _done("mount", "-o", "loop", str(self._image), str(self.root))

    def cut_power(self) -> None:
        """Let nothing more reach the disk."""
        import fcntl

        disk = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.ioctl(disk, _SHUTDOWN, struct.pack("I", _AT_ONCE))
        finally:
            os.close(disk)

    def disconnect(self) -> None:
        """Unmount it, although files may be open."""
        _done("umount", "-l", str(self.root))


@contextmanager
def loop_disk(folder: Path) -> Iterator[LoopDisk]:
    """Give a disk and take it away."""
    disk = LoopDisk(folder)
    try:
        yield disk
    finally:
        disk.disconnect()


def _done(*command: str) -> bool:
    with suppress(FileNotFoundError):
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    return False
