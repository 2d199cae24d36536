"""Python, the program itself with its optional parts, and the terminal."""

from __future__ import annotations

import platform
import shutil
import struct
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TextIO

import glutesym
from glutesym.doctor.finding import Finding
from glutesym.doctor.surroundings import Computer
from glutesym.gui.display import missing_part
from glutesym.installing import install_command

# The optional parts of pyproject.toml: what each is for, and distribution → module.
EXTRAS: dict[str, tuple[str, dict[str, str]]] = {
    "gui": ("the window", {"pyqtgraph": "pyqtgraph", "PySide6-Essentials": "glutesym.gui.qt"}),
    "sim": ("virtual pods", {"bumble": "bumble.device"}),
    "report": (
        "reports",
        {"matplotlib": "matplotlib.figure", "jinja2": "jinja2", "fpdf2": "fpdf"},
    ),
    "formats": ("files of other systems", {"edfio": "edfio", "pyxdf": "pyxdf"}),
    "cohort": ("measuring on a cluster", {"distributed": "distributed"}),
    "lsl": ("the Lab Streaming Layer", {"pylsl": "pylsl"}),
}
_NARROW_COLUMNS = 60  # the live view in the terminal gets short bars below
_IMPORT_S = 8.0


def python(computer: Computer) -> Iterator[Finding]:
    """Tell which Python this is, on which machine."""
    bits = 8 * struct.calcsize("P")
    machine = platform.machine() or "an unknown machine"
    found = f"{platform.python_version()}, {bits} bit, {platform.system()} on {machine}"
    if bits < 64:
        fix = "Install a 64-bit Python 3.11 or later: the window has no other."
        yield Finding("computer", "Python", "warning", found, fix)
    elif computer.system == "darwin" and _translated(computer):
        yield Finding(
            "computer",
            "Python",
            "warning",
            f"{found}, translated from Intel by Rosetta",
            "Install a Python for Apple silicon: `brew install python`. Virtual pods need it.",
        )
    else:
        yield Finding("computer", "Python", "ok", found)


def program(computer: Computer, prefix: Path = Path(sys.prefix)) -> Iterator[Finding]:
    """Tell which glutesym this is, and whether typing its name starts another one."""
    home = Path(glutesym.__file__).parent
    found = f"{glutesym.__version__} in {home}"
    first = shutil.which("glutesym", path=computer.environ.get("PATH", ""))
    if first is None:
        folder = prefix / ("Scripts" if computer.system == "win32" else "bin")
        found += f"; it is not on the PATH: {folder / 'glutesym'}"
        yield Finding("computer", "glutesym", "ok", found)
    elif not Path(first).resolve().is_relative_to(prefix.resolve()):
        yield Finding(
            "computer",
            "glutesym",
            "warning",
            f"{found}; but typing its name starts another one, {first}",
            f"Uninstall that one, or put {prefix} first on the PATH.",
        )
    else:
        yield Finding("computer", "glutesym", "ok", found)


def extra(computer: Computer, name: str) -> Iterator[Finding]:
    """Tell whether an optional part is there, and really loads: in a process of its own."""
    purpose, modules = EXTRAS[name]
    what = f"Extra {name}"
    versions: list[str] = []
    absent: list[str] = []
    for package in modules:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            absent.append(package)
    install = f"`{install_command(name)}`"
    if absent:
        found = f"{purpose}: {' and '.join(absent)} not installed"
        yield Finding("computer", what, "warning", found, f"If you want it: {install}.")
        return
    code = f"import {', '.join(modules.values())}"
    ran = computer.run([sys.executable, "-c", code], timeout_s=_IMPORT_S)
    if ran.code == 0:
        yield Finding("computer", what, "ok", f"{purpose}: {', '.join(versions)}")
    elif ran.code is None:
        found = f"{purpose}: could not be checked: {ran.output}"
        yield Finding("computer", what, "not checked", found)
    else:
        last = (ran.output.strip().splitlines() or [f"exit code {ran.code}"])[-1]
        said, _, known = last.removeprefix("glutesym.errors.MissingPartError: ").partition(
            " Fix: "
        )
        if ".so" in said and not known:
            known = str(missing_part(ImportError(said))).partition(" Fix: ")[2]
        command = known or install_command(name, again=True)
        found = f"{purpose}: does not load ({said.rstrip('.')})"
        yield Finding("computer", what, "problem", found, f"`{command}`.")


def terminal(
    computer: Computer, stream: TextIO = sys.stdout, columns: int | None = None
) -> Iterator[Finding]:
    """Tell whether the terminal can show the live view."""
    encoding = getattr(stream, "encoding", None) or "unknown"
    try:
        "█µ±−".encode(encoding)
    except (UnicodeError, LookupError):
        variable = "set" if computer.system == "win32" else "export"
        yield Finding(
            "computer",
            "Terminal",
            "warning",
            f"its encoding, {encoding}, lacks the characters of bars and units",
            f"`{variable} PYTHONUTF8=1`.",
        )
        return
    if not stream.isatty():
        found = f"{encoding}; what is printed goes into a file or another program"
        yield Finding("computer", "Terminal", "ok", found)
        return
    width = columns or shutil.get_terminal_size().columns
    found = f"{encoding}, {width} columns"
    if width < _NARROW_COLUMNS:
        fix = f"Make it at least {_NARROW_COLUMNS} columns wide for `glutesym live --terminal`."
        yield Finding("computer", "Terminal", "warning", found, fix)
    else:
        yield Finding("computer", "Terminal", "ok", found)


def _translated(computer: Computer) -> bool:
    # Ref: Apple, "About the Rosetta translation environment".
    return computer.run(["sysctl", "-n", "sysctl.proc_translated"]).output.strip() == "1"
