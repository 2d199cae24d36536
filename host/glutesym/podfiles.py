"""Which files make a pod: one list, used to flash real pods and to start virtual ones."""

from __future__ import annotations

import shutil
from pathlib import Path

from glutesym import release
from glutesym.errors import MissingPartError

_PACKAGE = Path(__file__).resolve().parent
SHARED = ("packets.py", "release.py", "wire.py")  # of this package: run by pod and host


def _firmware(part: str) -> Path:
    """Return the folder of firmware files: inside an installed wheel, or in a source checkout."""
    for folder in (_PACKAGE / "_firmware" / part, _PACKAGE.parents[1] / "firmware" / part):
        if folder.is_dir():
            return folder
    raise MissingPartError(f"firmware/{part}", "reinstall glutesym, the package is incomplete")


def pod_files() -> dict[str, Path]:
    """Return every file of a pod's flash: name on the pod → file here.

    Returns
    -------
    dict
        The files that pod and host share, and everything in ``firmware/pod``, sorted by name.

    Raises
    ------
    MissingPartError
        The firmware is not part of this installation.
    """
    files = {path.name: path for path in _firmware("pod").glob("*.py")}
    files.update({name: _PACKAGE / name for name in SHARED})
    return dict(sorted(files.items()))


def firmware_fingerprint() -> str:
    """Return eight digits that stand for the names and the content of `pod_files`.

    Raises
    ------
    MissingPartError
        The firmware is not part of this installation.
    """
    return release.fingerprint(pod_files())


def expected_firmware() -> str:
    """Return what a pod that has exactly `pod_files` says as its ``"firmware"``.

    Raises
    ------
    MissingPartError
        The firmware is not part of this installation.
    """
    return release.name(pod_files())


def virtual_board_files() -> dict[str, Path]:
    """Return the MicroPython modules that stand in for the board on a PC: name → file.

    Raises
    ------
    MissingPartError
        The firmware is not part of this installation.
    """
    return {path.name: path for path in sorted(_firmware("virtual").glob("*.py"))}


def copy_files(files: dict[str, Path], folder: Path) -> None:
    """Copy files, as listed by the functions above, into an existing or new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in files.items():
        shutil.copyfile(source, folder / name)
