"""Boot drives: what a board is while it waits for a UF2 file, BOOT held as it is plugged in."""

from __future__ import annotations

import os
import re
import string
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from glutesym.errors import FlashError, reason_of

# RP2350 datasheet, 5.5 "USB mass storage interface": label RP2350, this file. RP2040: RPI-RP2.
_INFO = "INFO_UF2.TXT"
_CHIPS = {"RP2350": "RP2350", "RPI-RP2": "RP2040", "RP2040": "RP2040"}
_BOARD_ID = re.compile(r"^Board-ID:\s*(\S+)", re.MULTILINE)
_INFO_CHARS = 2000
_MOUNTS, _USB_DEVICES = Path("/proc/self/mounts"), Path("/sys/bus/usb/devices")
_BOOT_IDS = {("2e8a", "000f"), ("2e8a", "0003")}  # RP2350 and RP2040 in boot mode
_FAT = {"vfat", "msdos", "fat", "fuseblk", "exfat"}
_FILE = "micropython.uf2"
_PIECE_BYTES = 64 * 512
_GONE_S = 20.0  # from the last byte until the board restarts
_LOOK_EVERY_S = 0.2


@dataclass(frozen=True)
class BootDrive:
    """A board in boot mode, as a drive.

    Attributes
    ----------
    path : Path
    chip : str
        ``"RP2350"``, ``"RP2040"``, or what the drive calls itself.
    """

    path: Path
    chip: str


def boot_drive(path: Path) -> BootDrive | None:
    """Return the drive whose top folder this is, or None if it is no boot drive."""
    try:
        info = (path / _INFO).read_text("ascii", "replace")[:_INFO_CHARS]
    except (OSError, ValueError):
        return None
    found = _BOARD_ID.search(info)
    return BootDrive(path, _CHIPS.get(found[1], found[1]) if found else "unknown")


def boot_drives(folders: Iterable[Path] | None = None) -> list[BootDrive]:
    """Return the boot drives among folders; by default, of all that the system has mounted."""
    found = (boot_drive(path) for path in (_mounted() if folders is None else folders))
    return [drive for drive in found if drive is not None]


def unmounted_boot_board() -> bool:
    """Whether there is a board in boot mode, mounted or not, as far as Linux tells."""
    for device in _USB_DEVICES.glob("*/idVendor") if _USB_DEVICES.is_dir() else ():
        try:
            ids = device.read_text().strip(), device.with_name("idProduct").read_text().strip()
        except OSError:
            continue
        if ids in _BOOT_IDS:
            return True
    return False


def copy_image(drive: BootDrive, data: bytes, on_written: Callable[[int], None]) -> None:
    """Copy an image onto a drive and wait until the board restarts with it.

    Parameters
    ----------
    drive : BootDrive
    data : bytes
        As `parse_uf2` has found it to be good.
    on_written : callable
        Called with the number of bytes that are written.

    Raises
    ------
    FlashError
        The drive cannot be written to, vanished too early, or stays.
    """
    written = 0
    try:
        with (drive.path / _FILE).open("wb", buffering=0) as file:
            while written < len(data):
                written += file.write(data[written : written + _PIECE_BYTES])
                os.fsync(file.fileno())
                on_written(written)
    except OSError as error:
        # With the last block the board restarts, before the system has closed the file.
        if written < len(data) - _PIECE_BYTES:
            raise FlashError(
                f"{drive.path} could not be written to ({reason_of(error)}). The board has "
                "no MicroPython now: unplug it, hold BOOT while you plug it in, and run the same "
                "command once more."
            ) from error
    end_s = time.monotonic() + _GONE_S
    while boot_drive(drive.path) is not None:
        if time.monotonic() > end_s:
            raise FlashError(
                f"{drive.path} has the image but the board does not restart. Eject the drive, "
                "unplug the board and plug it in; if the drive is back, use another cable and run "
                "the same command once more."
            )
        time.sleep(_LOOK_EVERY_S)


def _mounted() -> list[Path]:
    if sys.platform == "win32":
        return [Path(f"{letter}:\\") for letter in string.ascii_uppercase[2:]]  # A, B: floppies
    if sys.platform == "darwin":
        return sorted(Path("/Volumes").glob("*"))
    try:
        lines = _MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return []
    return mount_points(lines)


def mount_points(lines: Iterable[str]) -> list[Path]:
    """Return the folders of Linux' list of mounts that may be such drives: FAT file systems."""
    fields = (line.split(" ") for line in lines)
    return [Path(_unescaped(field[1])) for field in fields if len(field) > 2 and field[2] in _FAT]


def _unescaped(name: str) -> str:
    """Undo what proc(5) does to spaces, tabs, line ends and backslashes."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), name)
