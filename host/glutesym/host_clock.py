"""The host's clock that everything is stamped with: nobody sets it, and it goes on in sleep.

The wall clock is set by people and by the network. Python's performance counter stands still while
a Linux or macOS computer sleeps; then all pods would seem to jump.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable


def _choose() -> tuple[str, Callable[[], int]]:
    if sys.platform == "linux":  # clock_gettime(2): like CLOCK_MONOTONIC, and counts in suspend
        return "CLOCK_BOOTTIME", lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    if sys.platform == "darwin":  # clock_gettime(3) there: continues to increment in sleep
        return "CLOCK_MONOTONIC", lambda: time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    return "time.perf_counter_ns", time.perf_counter_ns  # QueryPerformanceCounter: counts in sleep


NAME, now_ns = _choose()
