"""Tasks for worker processes, which must find them in a module: some end their process."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from glutesym.cohort.work import Outcome, Task, measure


def twice(number: int) -> int:
    return 2 * number


def fatal_at_seven(number: int) -> int:
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def measure_or_die_once(task: Task) -> Outcome:
    """Measure, but the first that gets hold of the mark beside the session kills its process."""
    try:
        Path(task.path).with_suffix(".deadly").unlink()
    except FileNotFoundError:
        return measure(task)
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)
    raise AssertionError("it is dead")
