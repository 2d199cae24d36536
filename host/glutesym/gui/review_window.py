"""A window of its own for the review of a session."""

from __future__ import annotations

import gc
import signal
from pathlib import Path
from types import FrameType

from glutesym.gui import theme
from glutesym.gui.qt import GarbageCollector, QtCore, QtGui, QtWidgets
from glutesym.gui.review import ReviewPage
from glutesym.view_options import ThemeChoice

_SIZE_PX = (1280, 860)
_LEAST_PX = (340, 480)
_PULSE_MS = 200  # Python looks for signals this often
_ENDINGS = ("SIGINT", "SIGTERM", "SIGHUP")  # Ctrl-C, and a terminal that is closed


class ReviewWindow(QtWidgets.QWidget):
    """The page and nothing else."""

    def __init__(self, path: Path, placement: str | None = None, by: str = "") -> None:
        super().__init__()
        self.setObjectName("app")
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(f"{path.name} – glutesym")
        theme.use(ThemeChoice.AUTO)
        self.setMinimumSize(*_LEAST_PX)
        self.page = ReviewPage(path, self._close_soon, placement, by, "Close")
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.page)
        self.resize(*_SIZE_PX)
        self._restyle()
        self.page.setFocus()

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """F11 is full screen, Ctrl+Q quits."""
        control = QtCore.Qt.KeyboardModifier.ControlModifier
        if event.key() == QtCore.Qt.Key.Key_F11:
            if self.isFullScreen():
                self.showNormal()
            else:
                self.showFullScreen()
        elif event.key() == QtCore.Qt.Key.Key_Q and event.modifiers() & control:
            self.close()
        else:
            super().keyPressEvent(event)

    def event(self, event: QtCore.QEvent) -> bool:
        """Follow the system from dark to light and back; `changeEvent` does not get this event."""
        if event.type() == QtCore.QEvent.Type.ApplicationPaletteChange:
            theme.use(ThemeChoice.AUTO)
            self._restyle()
        return super().event(event)

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:
        """Let what is being written be finished."""
        self.page.stop()
        event.accept()

    def _restyle(self) -> None:
        self.setStyleSheet(f"#app {{ background: {theme.WINDOW}; }}")
        self.page.set_unit()

    def _close_soon(self) -> None:
        QtCore.QTimer.singleShot(0, self.close)


def run_review(path: Path, placement: str | None = None, by: str = "") -> None:
    """Show the review of a session until its window is closed; Ctrl-C closes it as well.

    Raises
    ------
    MissingPartError
        Qt, pyqtgraph or a system library is missing (when this module is imported).
    """
    app = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    window = ReviewWindow(path, placement, by)

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        window.close()

    endings = [getattr(signal, name) for name in _ENDINGS if hasattr(signal, name)]
    previous = [(number, signal.signal(number, interrupt)) for number in endings]
    pulse = QtCore.QTimer()
    pulse.timeout.connect(lambda: None)
    pulse.start(_PULSE_MS)
    collector = GarbageCollector()  # Qt objects must be collected in this thread
    try:
        window.show()
        app.exec()
    finally:
        pulse.stop()
        collector.timer.stop()
        gc.enable()
        for number, handler in previous:
            signal.signal(number, handler)
