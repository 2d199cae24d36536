"""How long a disk has room for a recording."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

# Of two pods: 33.5 frames a second each (docs/how-it-works.md), 275 bytes a frame in the file.
BYTES_PER_S = 2 * 33.5 * 275
SHORT_S = 3600.0


def room_s(folder: Path) -> float:
    """Return for how many seconds of two pods a folder's disk has room; inf when nobody knows.

    The folder need not exist yet.
    """
    try:
        existing = next(place for place in (folder, *folder.parents) if place.exists())
        return shutil.disk_usage(existing).free / BYTES_PER_S
    except (OSError, StopIteration):
        return math.inf


def room_text(seconds: float) -> str:
    """Say for how long there is room, and what to do."""
    return (
        f"The disk is almost full: it has room for {seconds / 60:.0f} min of recording. "
        "Free some space."
    )
