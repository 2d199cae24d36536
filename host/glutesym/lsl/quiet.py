"""Keeps liblsl's remarks out of the terminal; its warnings and errors stay."""

from __future__ import annotations

import os
from pathlib import Path

import pylsl

# Where liblsl looks for a configuration: labstreaminglayer.readthedocs.io/info/lslapicfg.html
_FILES = ("lsl_api.cfg", "~/lsl_api/lsl_api.cfg", "/etc/lsl_api/lsl_api.cfg")
_CONTENT = "[log]\nlevel = -1\n"  # loguru's: warnings and worse


def keep_remarks_away() -> bool:
    """Have liblsl log warnings and errors only, unless the user has a configuration for it.

    To be called before anything else of liblsl, which reads it once. Returns whether it was done:
    what is given here would take the place of the user's own file.
    """
    if os.environ.get("LSLAPICFG") or any(Path(name).expanduser().is_file() for name in _FILES):
        return False
    try:
        pylsl.set_config_content(_CONTENT)
    except (AttributeError, NotImplementedError):  # of pylsl, liblsl before 1.17.7
        return False
    return True
