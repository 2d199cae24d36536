"""A window of its own: how it follows the system, and how it ends."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

from glutesym.gui import theme
from glutesym.gui.qt import GarbageCollector, QtCore, QtGui, QtWidgets
from glutesym.view_options import ThemeChoice

_LEAST_PX = (340, 480)
_PULSE_MS = 200  # Python looks for signals this often
_ENDINGS = ("SIGINT", "SIGTERM", "SIGHUP")  # Ctrl-C, and a terminal that is closed
W = TypeVar("W", bound=QtWidgets.QWidget)


class TopWindow(QtWidgets.QWidget):
    """A window of pages.

    Parameters
    ----------
    title : str
    size_px : (int, int)
        Width and height, to begin with.
    """

    def __init__(self, title: str, size_px: tuple[int, int]) -> None:
        super().__init__()
        self.setObjectName("app")
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_StyledBackground)
        self.setWindowTitle(title)
        self.setMinimumSize(*_LEAST_PX)
        theme.use(ThemeChoice.AUTO)
        self.resize(*size_px)

    def restyle(self) -> None:
        """Take the theme in use and sizes in proportion to the window."""

    def close_soon(self) -> None:
        """Close, when whoever wants it has come to an end."""
        QtCore.QTimer.singleShot(0, self.close)

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
            self.restyle()
        return super().event(event)


def run_until_closed(make: Callable[[], W]) -> W:
    """Make a window and show it until it is closed; Ctrl-C in the terminal closes it as well.

    Parameters
    ----------
    make : callable
        Makes the window; there is an application by then.
    """
    app = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    window = make()

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        window.close()

    endings = [getattr(signal, name) for name in _ENDINGS if hasattr(signal, name)]
    previous = [(number, signal.signal(number, interrupt)) for number in endings]
    pulse = QtCore.QTimer()
    pulse.timeout.connect(lambda: None)
    pulse.start(_PULSE_MS)
    collector = GarbageCollector()  # Qt objects must be collected in this thread, between paints
    try:
        window.show()
        app.exec()
    finally:
        pulse.stop()
        collector.timer.stop()
        gc.enable()
        for number, handler in previous:
            signal.signal(number, handler)
    return window
