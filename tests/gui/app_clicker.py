"""Somebody who clicks through the app, or uses its keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from glutesym.analysis.calibration import POSITIONS
from glutesym.analysis.mvic_timetable import GuideSettings
from glutesym.gui.app import AppWindow
from glutesym.gui.qt import QtCore, QtWidgets
from glutesym.gui.sounds import Sounds
from glutesym.gui.text import FitText
from glutesym.session.choices import Choices
from glutesym.session.visit import Visit
from glutesym.virtual.simulation import Simulation
from glutesym.virtual.studio import VirtualStudio
from glutesym.virtual.surroundings import Incident, VirtualSurroundings

PATIENCE_MS = 120_000
SHORT = GuideSettings(positions=(POSITIONS[1],), trials=2, rest_s=5.0, change_s=5.0)


class Studio(VirtualStudio):
    """Virtual pods, as fast as possible; something may go wrong before they are connected."""

    def __init__(self, before: Incident | None = None, reps: int = 4, trials: int = 2) -> None:
        super().__init__(speed=None, guide=replace(SHORT, trials=trials), reps=reps)
        self.before = before
        self.places: list[VirtualSurroundings] = []

    @property
    def simulation(self) -> Simulation:
        """The newest world."""
        return self.places[-1]._simulation

    def surroundings(self, scenario, subject, swapped, stay, placement=""):
        self.places.append(
            VirtualSurroundings(
                scenario,
                1,
                None,
                subject=subject,
                placement=placement,
                swapped=swapped,
                stay=stay,
                before=self.before,
            )
        )
        return self.places[-1]


class Clicker:
    """An app and what can be done with it."""

    def __init__(self, qtbot, folder, studio: VirtualStudio | None = None) -> None:
        self.qtbot = qtbot
        self.visit = Visit(studio or Studio(), Choices(folder=folder))
        self.window = AppWindow(self.visit, Sounds(muted=True))
        self.window.show()
        qtbot.waitExposed(self.window)

    @property
    def step(self) -> str:
        return self.window.step

    def until(self, what: Callable[[], object]) -> None:
        """Wait for something."""

        def so() -> bool:
            if self.window.error is not None:
                raise self.window.error
            return bool(what())

        self.qtbot.waitUntil(so, timeout=PATIENCE_MS)

    def button(self, name: str) -> QtWidgets.QPushButton | None:
        return self.window.page.bar.findChild(QtWidgets.QPushButton, name)

    def possible(self, name: str) -> bool:
        button = self.button(name)
        return button is not None and button.isEnabled()

    def click(self, name: str) -> None:
        """Press a button of the page, as soon as that is possible."""
        self.until(lambda: self.possible(name))
        self.qtbot.mouseClick(self.button(name), QtCore.Qt.MouseButton.LeftButton)

    def key(self, key: QtCore.Qt.Key) -> None:
        """Press a key, wherever the focus is."""
        self.qtbot.keyClick(QtWidgets.QApplication.focusWidget() or self.window, key)

    def press(self, name: str, key: QtCore.Qt.Key) -> None:
        """Do what a button of the page is for by its key, as soon as that is possible."""
        self.until(lambda: self.possible(name))
        self.key(key)

    def tab_to(self, name: str) -> QtWidgets.QWidget:
        """Go from field to field until one has the keys."""
        for _ in range(30):
            focus = QtWidgets.QApplication.focusWidget()
            if focus is not None and focus.objectName() == name:
                return focus
            self.key(QtCore.Qt.Key.Key_Tab)
        raise AssertionError(f"{name} cannot be reached by Tab")

    def type(self, name: str, words: str) -> None:
        """Write into a field."""
        field = self.tab_to(name)
        self.qtbot.keyClick(field, QtCore.Qt.Key.Key_A, QtCore.Qt.KeyboardModifier.ControlModifier)
        self.qtbot.keyClicks(field, words)

    def text(self, name: str) -> str:
        """Return what a label of the page says."""
        for kind in (QtWidgets.QLabel, FitText):
            label = self.window.page.findChild(kind, name)
            if label is not None:
                return label.text()
        raise AssertionError(f"no label {name}")

    def shown(self, name: str) -> bool:
        return self.window.page.findChild(QtWidgets.QWidget, name).isVisible()

    def input(self, name: str) -> QtWidgets.QLineEdit:
        return self.window.page.findChild(QtWidgets.QLineEdit, name)

    def state(self):
        return self.visit.poll()

    def close(self) -> None:
        self.window.close()
        assert self.visit.end(60)
