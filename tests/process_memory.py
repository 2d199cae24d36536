"""How much memory this process holds."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path


def resident_mib() -> float:
    """Return what this process occupies of the memory, MiB (Linux; nan elsewhere)."""
    gc.collect()
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return float("nan")
    return pages * 4096 / 2**20


def traced_mib() -> float:
    """Return what `tracemalloc` knows to be held, MiB: the same whatever ran before."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / 2**20
