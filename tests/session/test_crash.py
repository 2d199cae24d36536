"""A killed recorder and a power cut leave a sound file; benchmarks/crash.py does more of it."""

from __future__ import annotations

import math
import random
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crashing_recorder import Outcome, Recorder, check, copies, kill_at
from loop_disk import LoopDisk

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def assert_sound(outcome: Outcome) -> None:
    assert outcome.damage == ""
    assert math.isfinite(outcome.lost_ms)


def test_a_recorder_killed_at_any_moment_leaves_a_sound_file(tmp_path: Path) -> None:
    with ThreadPoolExecutor() as pool:
        for outcome in pool.map(
            lambda seed: kill_at(tmp_path / f"{seed}.glutesym", random.Random(seed)), range(6)
        ):
            assert_sound(outcome)


def test_what_a_power_cut_leaves_of_the_files_is_sound(tmp_path: Path) -> None:
    moment = random.Random(2)
    recorder = Recorder(tmp_path / "a.glutesym", rows_before=500)
    rows: list[int] = []
    for number in range(10):
        while len(rows) == number:  # until it has recorded more
            with recorder.frozen():
                made = copies(recorder.path, tmp_path / "copies", moment)
            kept = {name: check(path) for name, path in made.items()}
            whole = kept["whole, without -shm"]
            # A commit is in the log a moment before the index in the -shm file shows it.
            assert kept["whole, with -shm"] <= whole
            assert all(count <= whole for count in kept.values())
            if whole > max(rows, default=499):
                rows.append(whole)
            shutil.rmtree(tmp_path / "copies")
    assert_sound(recorder.outcome(recorder.kill()))


def test_a_power_cut_leaves_what_was_committed(tmp_path: Path) -> None:
    try:
        disk = LoopDisk(tmp_path)
    except PermissionError:
        pytest.skip("may not mount")
    try:
        recorder = Recorder(disk.root / "a.glutesym", rows_before=500)
        while check_copy(recorder, tmp_path) < 550:
            pass
        disk.cut_power()
        crash_ns = recorder.kill()
        disk.disconnect()
        assert disk.connect()
        outcome = recorder.outcome(crash_ns)
        assert_sound(outcome)
        assert outcome.rows >= 550
    finally:
        disk.disconnect()


def check_copy(recorder: Recorder, folder: Path) -> int:
    """Return how many rows are committed."""
    with recorder.frozen():
        made = copies(recorder.path, folder / "copies", random.Random(1))
    rows = check(made["whole, without -shm"])
    shutil.rmtree(folder / "copies")
    return rows
