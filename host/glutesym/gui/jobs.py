"""Work beside the window: in a thread of its own, one piece after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from glutesym.gui.qt import QtCore
from glutesym.session.visit import Job

_LOOK_EVERY_MS = 20


class Stopped(Exception):
    """Whoever wanted the work has gone."""


@dataclass(frozen=True)
class _Piece:
    words: str
    work: Callable[[], Any]
    done: Callable[[Any], None]
    failed: Callable[[Exception], None]


class Jobs(QtCore.QObject):
    """A queue of work. What comes of it is handed over in the thread of the window.

    Attributes
    ----------
    changed : signal
        Other work has begun, or all is done.
    """

    changed = QtCore.Signal()

    def __init__(self, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._waiting: deque[_Piece] = deque()
        self._running: tuple[_Piece, Job[Any]] | None = None
        self._stopped = False
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)

    @property
    def words(self) -> str:
        """What is being done; empty when nothing is."""
        return self._running[0].words if self._running else ""

    def add(
        self,
        words: str,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Have something done after all that waits already."""
        if self._stopped:
            return
        self._waiting.append(_Piece(words, work, done, failed))
        self._next()

    def progress(self, _fraction: float) -> None:
        """For work that tells how far it is: ends it when nobody waits for it any more."""
        if self._stopped:
            raise Stopped

    def stop(self) -> None:
        """Begin nothing more, and wait for the end of what runs: a file may be half written."""
        self._stopped = True
        self._waiting.clear()
        self._timer.stop()
        if self._running is not None:
            self._running[1].wait()
            self._running = None

    def _next(self) -> None:
        if self._running is None and self._waiting:
            piece = self._waiting.popleft()
            self._running = piece, Job(piece.work)
            self._timer.start()
            self.changed.emit()

    def _look(self) -> None:
        if self._running is None or not self._running[1].over:
            return
        piece, job = self._running
        self._running = None
        if not self._waiting:
            self._timer.stop()
        try:
            if job.error is None:
                piece.done(job.result)
            else:
                piece.failed(job.error)
        finally:
            self._next()
            self.changed.emit()
