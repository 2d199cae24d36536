"""A window without a screen, for the tests of the views."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

from glutesym.gui import theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.gui.text import FitText
from glutesym.gui.window import LiveWindow
from glutesym.live_state import LiveState
from glutesym.view_options import ThemeChoice
from live_states import recording


class Shown:
    """A window that shows a snapshot and the commands it has given."""

    def __init__(self, qtbot, state: LiveState, **options) -> None:
        self.qtbot = qtbot
        self.state = state
        self.commands: list[str] = []
        self.window = LiveWindow(
            lambda: self.state,
            lambda: self.commands.append("stop"),
            lambda text: self.commands.append(text),
            lambda side: self.commands.append(f"identify {side}"),
            **options,
        )
        qtbot.addWidget(self.window)
        self.window.show()
        self.show(state)

    def show(self, state: LiveState) -> None:
        """Show another snapshot."""
        self.state = state
        self.window.refresh()

    def text(self, name: str) -> str:
        """Return what a label says."""
        label = self.window.findChild(FitText, name)
        assert label is not None, f"no label {name}"
        return label.text()

    def visible(self, name: str) -> bool:
        """Return whether a part is shown."""
        widget = self.window.findChild(QtWidgets.QWidget, name)
        assert widget is not None, f"no part {name}"
        return widget.isVisible()

    def key(self, key: QtCore.Qt.Key) -> None:
        """Press a key."""
        self.qtbot.keyClick(self.window, key)

    def picture(self, view: str) -> QtGui.QImage:
        """Return what a view looks like."""
        widget = self.window.findChild(QtWidgets.QWidget, view)
        assert widget is not None, f"no view {view}"
        return widget.grab().toImage()


@pytest.fixture(autouse=True)
def _collect_between_tests():
    """Collect garbage when nothing is painted: Qt may crash otherwise."""
    gc.disable()
    gc.freeze()  # what was there before is no garbage of this test: looking at it takes 0.2 s
    yield
    gc.collect()
    gc.unfreeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _dark_theme():
    """Begin in the dark, whatever the system prefers and a test has chosen before."""
    theme.use(ThemeChoice.DARK)


@pytest.fixture
def system_theme(monkeypatch) -> Callable[[ThemeChoice], None]:
    """Let the system be dark, and change its mind."""
    monkeypatch.setattr(theme, "_chosen", ThemeChoice.AUTO)

    def change(preferred: ThemeChoice) -> None:
        monkeypatch.setattr(theme, "system_theme", lambda: preferred)
        theme.tell_windows()
        QtWidgets.QApplication.processEvents()

    change(ThemeChoice.DARK)
    return change


@pytest.fixture
def shown(qtbot) -> Callable[..., Shown]:
    """Show a snapshot, a running session if none is given."""

    def show(state: LiveState | None = None, **options) -> Shown:
        return Shown(qtbot, state or recording(), **options)

    return show
