"""Where the MicroPython VM is."""

from __future__ import annotations

import shutil
import sys
import sysconfig

from glutesym.errors import MissingPartError
from glutesym.installing import install_command


def micropython_executable() -> str:
    """Return the path of the MicroPython VM.

    Raises
    ------
    MissingPartError
        It is not installed, or there is none for this system.
    """
    found = shutil.which("micropython", path=sysconfig.get_path("scripts")) or shutil.which(
        "micropython"
    )
    if not found:
        fix = (
            "use Linux or macOS: there is no MicroPython VM for Windows"
            if sys.platform == "win32"
            else install_command("sim")
        )
        raise MissingPartError("The MicroPython VM", fix)
    return found
