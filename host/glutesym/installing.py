"""The command that installs an optional part, as it works where glutesym itself is installed."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

_SOURCES = Path(__file__).resolve().parents[2]


def install_command(extra: str, again: bool = False) -> str:
    """Return what to type to get an extra of pyproject.toml.

    Parameters
    ----------
    extra : str
        Such as "report".
    again : bool
        It is there but broken: install it anew.
    """
    from_sources = (_SOURCES / "pyproject.toml").is_file()
    what = f'-e "{_SOURCES}[{extra}]"' if from_sources else f'"glutesym[{extra}]"'
    python = shlex.quote(sys.executable) if sys.platform != "win32" else f'"{sys.executable}"'
    return f"{python} -m pip install {'--force-reinstall ' if again else ''}{what}"
