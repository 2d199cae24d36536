"""The live window: it reads snapshots, shows them, and passes commands on; it never records."""

from __future__ import annotations

from collections.abc import Callable

from glutesym.gui import theme
from glutesym.gui.help import HelpOverlay
from glutesym.gui.note import NoteField
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.gui.screen import Screen
from glutesym.gui.sound import MEANS, SoundCue
from glutesym.gui.sounds import Sounds
from glutesym.gui.top_window import run_until_closed
from glutesym.live_state import LiveState
from glutesym.measures import Side
from glutesym.view_options import PLAIN, ThemeChoice, ViewOptions

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
    options: ViewOptions = PLAIN,
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
    options : ViewOptions
        Unit, target band, theme, sound.

    Raises
    ------
    MissingPartError
        Qt, pyqtgraph or a system library is missing (when this module is imported).
    Exception
        Whatever ``poll`` or a command raised; the window is closed first.
    """
    window = run_until_closed(
        lambda: LiveWindow(
            poll,
            on_stop,
            on_marker,
            on_identify,
            close_when_ended=close_when_ended,
            options=options,
        )
    )
    if window.error is not None:
        raise window.error


class LiveWindow(QtWidgets.QWidget):
    """The live view and its commands; alone, or as a page of another window.

    Parameters are those of :func:`run_window`, and:

    on_start : callable, optional
        Begins the recording, where it does not begin by itself; called at most once, by the button
        or by Enter.

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
        options: ViewOptions = PLAIN,
        on_start: Callable[[], None] | None = None,
        buttons: bool = True,
    ) -> None:
        super().__init__()
        self.error: Exception | None = None
        self._poll = poll
        self._on_start = on_start
        self._on_stop = on_stop
        self._on_marker = on_marker
        self._on_identify = on_identify
        self._close_when_ended = close_when_ended
        self._stopped = False
        self._markers = 0
        self._state = LiveState()
        self._sounds = Sounds()
        self._sound = SoundCue(self._sounds, options.sound)
        self.setMinimumSize(320, 320)
        self.resize(*theme.REFERENCE_SIZE_PX)
        self.setAutoFillBackground(True)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        others = (
            ("Marker", self._guard(self._mark)),
            ("Note", self._guard(self._begin_note)),
            ("Keys", self._guard(self._toggle_help)),
        )
        self._screen = Screen(self, options, self._guard(self._press_main), others, buttons)
        self._note = NoteField(self, lambda text: self._guarded(lambda: self._store_note(text)))
        self._help = HelpOverlay(self)
        self._commands = self._keys()
        theme.use(options.theme)
        self.apply_theme()
        self._timer = QtCore.QTimer(self)
        self._timer.setTimerType(QtCore.Qt.TimerType.PreciseTimer)
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
            self._screen.notify("Stopping: the rest of the data is being fetched")

    def mark(self) -> None:
        """Set a marker."""
        self._guarded(self._mark)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """Carry out the command of a key."""
        if event.key() == _Key.Key_Escape and self._help.isVisible():
            self._toggle_help()
            return
        if event.key() == _Key.Key_Escape and self.window().isFullScreen():
            self._toggle_full_screen()
            return
        command = self._commands.get(event.key())
        if command is None:
            super().keyPressEvent(event)
        elif not event.isAutoRepeat() or event.key() in (_Key.Key_Up, _Key.Key_Down):
            self._guarded(command)

    def closeEvent(self, event: QtGui.QCloseEvent) -> None:
        """End the recording, if it runs, and let the window go."""
        self._timer.stop()
        self._sounds.close()
        try:
            self._stop_once()
        except Exception as error:
            self.error = self.error or error
        event.accept()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Arrange the parts for this size."""
        self._arrange()

    def event(self, event: QtCore.QEvent) -> bool:
        """Follow the system from dark to light and back, unless a theme was chosen.

        `changeEvent` does not get this event, nor does a part of another window.
        """
        if event.type() == QtCore.QEvent.Type.ApplicationPaletteChange:
            theme.use(ThemeChoice.AUTO)
            self.apply_theme()
        return super().event(event)

    def apply_theme(self) -> None:
        """Take the colours of the theme in use."""
        palette = self.palette()
        palette.setColor(QtGui.QPalette.ColorRole.Window, theme.color("window"))
        self.setPalette(palette)
        self._screen.apply_theme()
        self._note.apply_theme()
        for part in self.findChildren(QtWidgets.QWidget):
            part.update()

    def _keys(self) -> dict[int, Callable[[], None]]:
        return {
            _Key.Key_Space: self._mark,
            _Key.Key_N: self._begin_note,
            _Key.Key_T: self._screen.toggle_target,
            _Key.Key_Up: lambda: self._screen.change_target(lambda band, by: band.moved(by)),
            _Key.Key_Down: lambda: self._screen.change_target(lambda band, by: band.moved(-by)),
            _Key.Key_Plus: lambda: self._screen.change_target(lambda band, by: band.widened(by)),
            _Key.Key_Equal: lambda: self._screen.change_target(lambda band, by: band.widened(by)),
            _Key.Key_Minus: lambda: self._screen.change_target(lambda band, by: band.widened(-by)),
            _Key.Key_P: self._screen.forget_peaks,
            _Key.Key_E: self._toggle_traces,
            _Key.Key_S: self._toggle_sound,
            _Key.Key_D: self._toggle_theme,
            _Key.Key_F: self._toggle_full_screen,
            _Key.Key_L: lambda: self._identify("left"),
            _Key.Key_R: lambda: self._identify("right"),
            _Key.Key_Return: self._start,
            _Key.Key_Enter: self._start,
            _Key.Key_Q: self.stop,
            _Key.Key_Escape: self.stop,
            _Key.Key_H: self._toggle_help,
        }

    def _show_newest(self) -> None:
        state = self._state = self._poll()
        self.setWindowTitle(f"{state.exercise} – glutesym" if state.exercise else "glutesym")
        self._sound.show_state(state)
        if self._screen.show_state(state):
            self._arrange()
        self._screen.set_main(self._main_word())
        if state.phase == "ended" and self._close_when_ended:
            self.close()

    def _main_word(self) -> str:
        if self._state.phase == "ended" or self._stopped:
            return "Close"
        return "▶ Start" if self._on_start is not None else "■ Stop"

    def _press_main(self) -> None:
        if self._on_start is not None and self._state.phase != "ended":
            self._start()
        else:
            self.stop()

    def _start(self) -> None:
        on_start, self._on_start = self._on_start, None
        if on_start is not None:
            on_start()

    def _arrange(self) -> None:
        unit = theme.unit_for(self.size())
        self._screen.arrange(self.size(), unit)
        self._note.cover(self._screen.header_area(), unit)
        self._help.cover(self, unit)

    def _guard(self, action: Callable[[], None]) -> Callable[[], None]:
        return lambda: self._guarded(action)

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

    def _records(self, what: str) -> bool:
        """Whether there is a file for a marker or note; says so if not."""
        if self._state.replay_of and not self._state.session_path:
            self._screen.notify(f"No {what}: this replay is not recorded")
            return False
        return True

    def _mark(self) -> None:
        if self._records("marker"):
            self._markers += 1
            self._on_marker(f"marker {self._markers}")
            self._screen.notify(f"Marker {self._markers} set")

    def _begin_note(self) -> None:
        if self._records("note"):
            self._note.begin()

    def _store_note(self, text: str) -> None:
        self._on_marker(text)
        self._screen.notify(f"Noted: {text}")

    def _identify(self, side: Side) -> None:
        if self._state.replay_of:
            self._screen.notify("A replay: no pod is here to blink")
            return
        self._on_identify(side)
        self._screen.notify(f"The {side} pod blinks now")

    def _toggle_traces(self) -> None:
        self._screen.toggle_traces()
        self._arrange()

    def _toggle_sound(self) -> None:
        self._sound.on = not self._sound.on
        how = f"on: {MEANS}" if self._sound.on else "off"
        self._screen.notify(f"Sound {how}")

    def _toggle_theme(self) -> None:
        dark = theme.now() is theme.DARK
        theme.use(ThemeChoice.LIGHT if dark else ThemeChoice.DARK)
        self.apply_theme()
        theme.tell_windows()

    def _toggle_full_screen(self) -> None:
        window = self.window()  # itself, unless it is a part of another one
        if window.isFullScreen():
            window.showNormal()
        else:
            window.showFullScreen()

    def _toggle_help(self) -> None:
        self._help.setVisible(not self._help.isVisible())
        self._help.raise_()
