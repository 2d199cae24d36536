"""Can a window open here? Answered without Qt, so that the terminal can be used instead."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from ctypes.util import find_library
from dataclasses import dataclass

from glutesym.errors import MissingPartError
from glutesym.installing import install_command

_PIP_FIX = install_command("gui")
# Debian and Ubuntu packages of the libraries that Qt 6 takes from the system on Linux
# (https://doc.qt.io/qt-6/linux-requirements.html).
_APT_PACKAGES = {
    "libEGL": "libegl1",
    "libGL": "libgl1",
    "libGLX": "libglx0",
    "libOpenGL": "libopengl0",
    "libxkbcommon": "libxkbcommon0",
    "libxkbcommon-x11": "libxkbcommon-x11-0",
    "libdbus-1": "libdbus-1-3",
    "libfontconfig": "libfontconfig1",
    "libfreetype": "libfreetype6",
    "libglib-2.0": "libglib2.0-0",
    "libgthread-2.0": "libglib2.0-0",
    "libwayland-client": "libwayland-client0",
    "libwayland-cursor": "libwayland-cursor0",
    "libwayland-egl": "libwayland-egl1",
    "libX11-xcb": "libx11-xcb1",
    "libxcb-cursor": "libxcb-cursor0",
    "libxcb-icccm": "libxcb-icccm4",
    "libxcb-image": "libxcb-image0",
    "libxcb-keysyms": "libxcb-keysyms1",
    "libxcb-randr": "libxcb-randr0",
    "libxcb-render-util": "libxcb-render-util0",
    "libxcb-render": "libxcb-render0",
    "libxcb-shape": "libxcb-shape0",
    "libxcb-shm": "libxcb-shm0",
    "libxcb-sync": "libxcb-sync1",
    "libxcb-util": "libxcb-util1",
    "libxcb-xfixes": "libxcb-xfixes0",
    "libxcb-xkb": "libxcb-xkb1",
    "libxcb": "libxcb1",
}
_X11_LIBRARIES = [name for name in _APT_PACKAGES if "xcb" in name or name == "libxkbcommon-x11"]
_LIBRARY = re.compile(r"(lib[\w.+-]+?)\.so[.\d]*: cannot open shared object file")
_PROBE_TIMEOUT_S = 20.0
_PROBE = "from PySide6.QtGui import QGuiApplication; app = QGuiApplication([]); "
_TELL = (
    "sizes = [(s.size().width(), s.size().height()) for s in app.screens()]; "
    "print('display:', app.platformName(), *('%dx%d' % size for size in sizes))"
)
NO_SCREEN = "There is no screen: neither DISPLAY nor WAYLAND_DISPLAY is set."


@dataclass(frozen=True)
class Display:
    """Where windows open: Qt's name of it (xcb, wayland, cocoa, offscreen, ...), its screens."""

    platform: str
    screens: tuple[str, ...]  # width and height in pixels: "1920x1080"


def display_problem() -> str | None:
    """Return why no window can open here, in words with the fix; None when one can.

    On Linux a window is tried in a process of its own, because Qt ends the whole process when the
    display cannot be reached; that takes about half a second.
    """
    if sys.platform.startswith("linux") and not has_display(os.environ):
        return NO_SCREEN
    try:
        importlib.import_module("glutesym.gui.qt")
    except MissingPartError as error:
        return str(error)
    if sys.platform.startswith("linux"):
        tried = try_display()
        return tried if isinstance(tried, str) else None
    return None


def missing_part(error: ImportError) -> MissingPartError:
    """Turn a failed import of Qt or pyqtgraph into an error that names the fix."""
    library = _LIBRARY.search(str(error))
    if library is None:
        return MissingPartError("The window (PySide6, pyqtgraph)", _PIP_FIX)
    return MissingPartError(f"The system library {library[1]}", _apt_fix(library[1]))


def has_display(environ: Mapping[str, str]) -> bool:
    """Return whether the environment of a Linux program names a screen."""
    return any(environ.get(v) for v in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def try_display(timeout_s: float = _PROBE_TIMEOUT_S) -> Display | str:
    """Open and close a Qt application in another process; return where it was, or what is wrong.

    What is wrong is said in words, with the fix.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE + _TELL],
            env={**os.environ, "QT_DEBUG_PLUGINS": "1"},  # names the library that is missing
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        return f"The display did not answer within {timeout_s:g} s."
    if done.returncode == 0:
        told = done.stdout.rpartition("display:")[2].split()
        return Display(told[0] if told else "unknown", tuple(told[1:]))
    if "No module named" in done.stderr:
        return str(missing_part(ImportError(done.stderr)))
    libraries = sorted({match[1] for match in _LIBRARY.finditer(done.stderr)})
    if libraries:
        return str(
            MissingPartError(f"The system library {', '.join(libraries)}", _apt_fix(*libraries))
        )
    return (
        "Qt cannot open a window on this display. "
        f"Run `{sys.executable} -c '{_PROBE}'` to see what Qt says."
    )


def _apt_fix(*libraries: str) -> str:
    missing = set(libraries)
    if any(name.startswith("libxcb") for name in libraries):
        # The loader names one at a time; what else X11 needs is looked up at once.
        missing |= {name for name in _X11_LIBRARIES if not find_library(name.removeprefix("lib"))}
    packages = " ".join(sorted({_APT_PACKAGES.get(name, name.lower()) for name in missing}))
    return f"sudo apt install {packages}"
