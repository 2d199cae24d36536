"""Fixtures that every test may use."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from glutesym.podfiles import copy_files, pod_files

ROOT = Path(__file__).resolve().parents[1]
os.environ["QT_QPA_PLATFORM"] = "offscreen"  # windows that nobody sees, and that need no screen
settings.register_profile("glutesym", deadline=None)  # machines are noisy
settings.load_profile("glutesym")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as shells start what is in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
MICROPYTHON = shutil.which("micropython", path=str(Path(sys.executable).parent)) or "micropython"

_MOST_WORKERS = 4  # for which the memory of a small computer suffices
RunMicroPython = Callable[..., str]


@pytest.hookimpl(optionalhook=True)  # pytest-xdist may be absent
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: some tests wait, for a virtual cable or a process."""
    return min((os.cpu_count() or 1) + 1, _MOST_WORKERS)


@pytest.fixture(autouse=True)
def _ctrl_c_as_before() -> Iterator[None]:
    """A command that is over ignores Ctrl-C: here the process goes on."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def run_micropython(tmp_path: Path) -> RunMicroPython:
    """Run source on the real MicroPython VM with the pod's files and extra folders on its path.

    Returns what it printed; a traceback there fails the test.
    """

    def run(source: str, *folders: Path, timeout_s: float = 120, heap: str = "16m") -> str:
        flash = tmp_path / "flash"
        copy_files(pod_files(), flash)
        script = tmp_path / "script.py"
        script.write_text(source)
        path = ":".join([str(f) for f in folders] + [str(flash), ".frozen"])
        done = subprocess.run(
            [MICROPYTHON, "-X", f"heapsize={heap}", str(script)],
            env={**os.environ, "MICROPYPATH": path},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    return run
