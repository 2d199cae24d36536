"""The live window: it reads snapshots, shows them, and passes commands on; it never records."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable
from types import FrameType

from glutesym.gui import theme
from glutesym.gui.asymmetry import AsymmetryView
from glutesym.gui.bars import BarsView
from glutesym.gui.card import Card
from glutesym.gui.envelopes import EnvelopesView
from glutesym.gui.header import HeaderView
from glutesym.gui.help import HelpOverlay
from glutesym.gui.qt import GarbageCollector, QtCore, QtGui, QtWidgets
from glutesym.gui.result import ResultView
from glutesym.gui.status import StatusView
from glutesym.gui.text import FitText
from glutesym.live_state import LiveState
from glutesym.measures import Side
from glutesym.scale import SharedScale

_REFRESH_MS = 30  # 33 a second; more would take time from the thread that stamps arrivals
_Key = QtCore.Qt.Key

Poll = Callable[[], LiveState]


def run_window(
    poll: Poll,
    on_stop: Callable[[], None],
    on_marker: Callable[[str], None],
    on_identify: Callable[[Side], None],
    *,
    close_when_ended: bool = False,
) -> None:
    """Show the window until it is closed; Ctrl-C in the terminal closes it as well.

    Parameters
    ----------
    poll : callable
        Returns the newest snapshot; called about 33 times a second on the main thread.
    on_stop : callable
        Ends the recording; called exactly once.
    on_marker, on_identify : callable
        Get a marker's text; the side whose pod shall blink.
    close_when_ended : bool
        Close when the session ends, instead of showing the result until the user closes.

    Raises
    ------
    MissingPartError
        Qt, pyqtgraph or a system library is missing (when this module is imported).
    Exception
        Whatever ``poll`` or a command raised; the window is closed first.
    """
    app = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    window = LiveWindow(poll, on_stop, on_marker, on_identify, close_when_ended=close_when_ended)

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        window.close()

    previous = signal.signal(signal.SIGINT, interrupt)  # runs between two refreshes
    collector = (
        GarbageCollector()
    )  # Qt objects must be collected in this thread, not while painting
    try:
        window.show()
        app.exec()
    finally:
        collector.timer.stop()
        gc.enable()
        signal.signal(signal.SIGINT, previous)
    if window.error is not None:
        raise window.error


class LiveWindow(QtWidgets.QWidget):
    """All views of a session.

    Parameters are those of :func:`run_window`.

    Attributes
    ----------
    error : Exception or None
        What ``poll`` or a command raised; it has closed the window.
    """

    def __init__(
        self,
        poll: Poll,
        on_stop: Callable[[], None],
        on_marker: Callable[[str], None],
        on_identify: Callable[[Side], None],
        *,
        close_when_ended: bool = False,
    ) -> None:
        super().__init__()
        self.error: Exception | None = None
        self._poll = poll
        self._on_stop = on_stop
        self._on_marker = on_marker
        self._on_identify = on_identify
        self._close_when_ended = close_when_ended
        self._stopped = False
        self._markers = 0
        self._state = LiveState()
        self._scale = SharedScale()
        self._unit = 0.0
        self._build()
        self._timer = QtCore.QTimer(self)
        self._timer.timeout.connect(self.refresh)
        self._timer.start(_REFRESH_MS)

    def refresh(self) -> None:
        """Take a snapshot and show it."""
        self._guarded(self._show_newest)

    def stop(self) -> None:
        """End the recording; a second time, or once it has ended, close the window."""
        if self._stopped or self._state.phase == "ended":
            self.close()
        else:
            self._stop_once()
            self._header.notify("Stopping: the rest of the data is being fetched")

    def mark(self) -> None:
        """Set a marker."""
        self._guarded(self._mark)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """Carry out the command of a key."""
        if self._help.isVisible() and event.key() == _Key.Key_Escape:
            self._toggle_help()
            return
        if self.window().isFullScreen() and event.key() == _Key.Key_Escape:
            self._toggle_full_screen()
            return
        commands: dict[int, Callable[[], None]] = {
            _Key.Key_Space: self._mark,
            _Key.Key_L: lambda: self._identify("left"),
            _Key.Key_R: lambda: self._identify("right"),
            _Key.Key_Q: self.stop,
            _Key.Key_Escape: self.stop,
            _Key.Key_F: self._toggle_full_screen,
            _Key.Key_H: self._toggle_help,
        }
        command = commands.get(event.key())
        if command is None:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            self._guarded(command)

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:
        """End the recording, if it runs, and let the window go."""
        self._timer.stop()
        try:
            self._stop_once()
        except Exception as error:
            self.error = self.error or error
        event.accept()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Set type and margins in proportion to the window."""
        unit = theme.unit_for(self.size())
        self._help.cover(self, unit)
        if unit == self._unit:
            return
        self._unit = unit
        layout = self.layout()
        assert layout is not None
        gap = round(10 * unit)
        layout.setContentsMargins(gap, gap, gap, gap)
        for grid in (layout, self._right):
            grid.setSpacing(gap)
        for part in self.findChildren(QtWidgets.QWidget):
            if isinstance(part, (FitText, Card, HeaderView, StatusView)):
                part.set_unit(unit)

    def _build(self) -> None:
        self.setMinimumSize(640, 420)
        self.resize(*theme.REFERENCE_SIZE_PX)
        palette = self.palette()
        palette.setColor(QtGui.QPalette.ColorRole.Window, QtGui.QColor(theme.WINDOW))
        self.setPalette(palette)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self._header = HeaderView()
        self._bars = BarsView()
        self._result = ResultView()
        self._asymmetry = AsymmetryView()
        self._envelopes = EnvelopesView()
        self._status = StatusView()
        self._bars.setObjectName("bars")
        self._asymmetry.setObjectName("asymmetry")
        self._envelopes.setObjectName("envelopes")
        self._right = QtWidgets.QVBoxLayout()
        self._right.addWidget(self._result, 42)
        self._right.addWidget(self._asymmetry, 58)
        grid = QtWidgets.QGridLayout(self)
        grid.addWidget(self._header, 0, 0, 1, 2)
        grid.addWidget(self._bars, 1, 0)
        grid.addLayout(self._right, 1, 1)
        grid.addWidget(self._envelopes, 2, 0, 1, 2)
        grid.addWidget(self._status, 3, 0, 1, 2)
        for row, stretch in enumerate((7, 54, 24, 15)):
            grid.setRowStretch(row, stretch)
        for column, stretch in enumerate((44, 56)):
            grid.setColumnStretch(column, stretch)
        self._help = HelpOverlay(self)

    def _show_newest(self) -> None:
        state = self._state = self._poll()
        self._scale.grow_to_fit(state)
        self.setWindowTitle(f"{state.exercise} – glutesym" if state.exercise else "glutesym")
        self._header.show_state(state)
        self._bars.show_state(state, self._scale)
        self._result.show_state(state)
        self._asymmetry.show_state(state)
        self._envelopes.show_state(state, self._scale)
        self._status.show_state(state)
        if state.phase == "ended" and self._close_when_ended:
            self.close()

    def _guarded(self, action: Callable[[], None]) -> None:
        """Run an action; what it raises closes the window and is kept for the caller."""
        try:
            action()
        except Exception as error:
            self.error = self.error or error
            self.close()

    def _stop_once(self) -> None:
        if not self._stopped:
            self._stopped = True
            self._on_stop()

    def _mark(self) -> None:
        if self._state.replay_of and not self._state.session_path:
            self._header.notify("No marker: this replay is not recorded")
            return
        self._markers += 1
        self._on_marker(f"marker {self._markers}")
        self._header.notify(f"Marker {self._markers} set")

    def _identify(self, side: Side) -> None:
        if self._state.replay_of:
            self._header.notify("A replay: no pod is here to blink")
            return
        self._on_identify(side)
        self._header.notify(f"The {side} pod blinks now")

    def _toggle_full_screen(self) -> None:
        window = self.window()  # itself, unless it is a part of another one
        if window.isFullScreen():
            window.showNormal()
        else:
            window.showFullScreen()

    def _toggle_help(self) -> None:
        self._help.setVisible(not self._help.isVisible())
        self._help.raise_()
