"""What a reader has on the desk: a recorded session, pods on USB and worn, a screen."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from glutesym.cli import app
from glutesym.keys import KeyRing, OwnedPod
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.surroundings import VirtualSurroundings
from usb_bench import bench_beside

SUBJECT, EXERCISE = "S07", "hip thrust"  # as in the pages
_OWNED = [
    OwnedPod("e6614c311b1a2b3c", "left", bytes(32)),
    OwnedPod("e6614c311b4d5e6f", "right", bytes(32)),
]
_BENCH_LIMIT_S = 1200  # a pod on USB waits for as long as other commands take


class Desk:
    """Parts are made when they are first needed, once for all commands.

    Attributes
    ----------
    sessions, scratch : Path
        Folders: of the recorded session, and of what commands write.
    keys : Path
        The file with the keys of two pods, those that are worn.
    done : set of frozenset
        Words, but for names, of what virtual pods have been through: it need not be done twice.
    """

    def __init__(self, folder: Path, ending: ExitStack) -> None:
        self.sessions = folder / "sessions"
        self.scratch = folder / "scratch"
        self.keys = folder / "worn" / "pods.json"
        self.done = set[frozenset[str]]()
        self._usb_keys = folder / "usb" / "pods.json"
        self._folder = folder
        self._ending = ending
        self._port: str | None = None
        self._session: Path | None = None
        ring = KeyRing.load(self.keys)
        for pod in _OWNED:
            ring.add(pod)
        ring.save()

    @property
    def session(self) -> Path:
        """A session of virtual pods, recorded as the pages say: `glutesym live`."""
        if self._session is None:
            with self.two_virtual_pods():
                whose = ["--subject", SUBJECT, "--exercise", EXERCISE]
                where = ["--folder", str(self.sessions)]
                done = CliRunner().invoke(app, ["live", "--terminal", *whose, *where])
            assert done.exit_code == 0, (done.output, done.exception)
            (self._session,) = self.sessions.glob("*.glutesym")
        return self._session

    @contextmanager
    def two_virtual_pods(self) -> Iterator[None]:
        """Have commands that look for this computer's pods find two virtual ones, worn."""

        def worn(
            _duration_s: object,
            _usb: object,
            _ports: object,
            subject: str = "",
            _interrupted: object = None,
            placement: str = "",
        ) -> VirtualSurroundings:
            scenario = build_scenario("hip-thrust", seed=1, reps=3)
            return VirtualSurroundings(scenario, speed=None, subject=subject, placement=placement)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("glutesym.session.run.RealSurroundings", worn)
            yield

    @contextmanager
    def pod_on_usb(self, owned: bool, side: str = "") -> Iterator[str]:
        """Yield the port of a virtual pod on a cable; it is the only one of this computer.

        ``side`` is what an owned one is provisioned for.
        """
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GLUTESYM_KEYS", str(self._usb_keys))
            if self._port is None:
                bench = bench_beside(
                    self._folder, limit_s=_BENCH_LIMIT_S, key="", side="unassigned"
                )
                self._port = str(self._ending.enter_context(bench).port)
            side = side if side in ("left", "right") else "left"
            if owned and side not in [pod.side for pod in KeyRing.load(self._usb_keys)]:
                words = ["provision", "--side", side, "--port", self._port]
                done = CliRunner().invoke(app, words)
                assert done.exit_code == 0, (done.output, done.exception)
            yield self._port

    @contextmanager
    def windows_that_close(self) -> Generator[list[str]]:
        """Close every window soon after it has been shown; yields the titles of those."""
        from glutesym.gui.qt import QtCore, QtWidgets

        application: Any = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
        shown: list[str] = []

        def close() -> None:
            for window in application.topLevelWidgets():
                if window.isVisible():
                    shown.append(window.windowTitle())
                    window.close()

        timer = QtCore.QTimer()
        timer.timeout.connect(close)
        timer.start(500)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("glutesym.gui.display.display_problem", lambda: None)
            try:
                yield shown
            finally:
                timer.stop()
