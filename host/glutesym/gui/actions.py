"""What can be done on a page: a row of buttons, each with its key written on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from glutesym.gui import style
from glutesym.gui.qt import QtCore, QtGui, QtWidgets

Key = QtCore.Qt.Key
ENTER = (Key.Key_Return, Key.Key_Enter)
_Modifier = QtCore.Qt.KeyboardModifier
_CHORD = _Modifier.ControlModifier | _Modifier.AltModifier | _Modifier.MetaModifier


@dataclass(frozen=True)
class Action:
    """One thing to do.

    Attributes
    ----------
    name : str
        Of its button.
    words : str
        What it does.
    key : Qt.Key
        Does it, too; Enter: it is the page's main action.
    run : callable
    """

    name: str
    words: str
    key: QtCore.Qt.Key
    run: Callable[[], None]
    enabled: bool = True

    @property
    def main(self) -> bool:
        """Whether Enter does it."""
        return self.key in ENTER

    @property
    def key_name(self) -> str:
        """What is written on its key."""
        return _KEY_NAMES.get(self.key) or chr(self.key)

    @property
    def text(self) -> str:
        """What is on its button."""
        return f"{self.words}  [{self.key_name}]"


_KEY_NAMES = {Key.Key_Return: "Enter", Key.Key_Escape: "Esc", Key.Key_Space: "Space"}


class ActionBar(QtWidgets.QWidget):
    """The buttons of the actions that are possible now; the main one last, and focused first."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QtWidgets.QGridLayout(self)
        self._buttons: dict[str, QtWidgets.QPushButton] = {}
        self._actions: tuple[Action, ...] = ()
        self._columns = 0

    @property
    def main(self) -> QtWidgets.QPushButton | None:
        """The button of the main action."""
        return next((self._buttons[a.name] for a in self._actions if a.main), None)

    def set_actions(self, actions: Sequence[Action]) -> None:
        """Show other actions; buttons that stay keep the focus."""
        focused = any(button.hasFocus() for button in self._buttons.values())
        old, self._actions = self._actions, tuple(actions)
        names = [action.name for action in actions]
        for action in actions:
            button = self._buttons.get(action.name)
            if button is None:
                button = self._buttons[action.name] = QtWidgets.QPushButton()
                button.setObjectName(action.name)
                button.clicked.connect(lambda _=False, name=action.name: self._run(name))
            if button.text() != action.text:
                button.setText(action.text)
            style.set_property(button, "main", action.main)
            button.setEnabled(action.enabled)
        for name in [name for name in self._buttons if name not in names]:
            gone = self._buttons.pop(name)
            self._grid.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        if [action.name for action in old] != names:
            self._lay_out()
            for button in self._buttons.values():
                button.show()  # at once: what is not shown cannot take the keys
        lost = focused and not any(button.hasFocus() for button in self._buttons.values())
        if lost or [(a.name, a.enabled) for a in old if a.main] != [
            (a.name, a.enabled) for a in actions if a.main
        ]:
            self.focus_main(only_from_buttons=not lost)

    def focus_main(self, only_from_buttons: bool = False) -> None:
        """Put the focus on the main action, unless somebody is typing."""
        main = self.main
        focus = QtWidgets.QApplication.focusWidget()
        typing = isinstance(focus, QtWidgets.QLineEdit | QtWidgets.QComboBox)
        if main is not None and main.isEnabled() and not (only_from_buttons and typing):
            main.setFocus()

    def handle(self, event: QtGui.QKeyEvent) -> bool:
        """Do what a key stands for; False when it stands for nothing."""
        key = event.key()
        if event.modifiers() & _CHORD:
            return False
        if key in ENTER:
            focus = QtWidgets.QApplication.focusWidget()
            if isinstance(focus, QtWidgets.QPushButton) and focus.isEnabled():
                if not event.isAutoRepeat():
                    focus.click()
                return True
        for action in self._actions:
            if key == action.key or (action.main and key in ENTER):
                if action.enabled and not event.isAutoRepeat():
                    action.run()
                return True
        return False

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Put the buttons into as many columns as there is room for."""
        self._lay_out()

    def _lay_out(self) -> None:
        """Side by side with the main one on the right, or two by two below the main one."""
        names = [action.name for action in self._actions if not action.main]
        main = [action.name for action in self._actions if action.main]
        for button in self._buttons.values():
            self._grid.removeWidget(button)
        before: QtWidgets.QWidget | None = None
        if self.width() < style.NARROW_PX:
            for row, name in enumerate(main):
                self._grid.addWidget(self._buttons[name], row, 0, 1, 2)
            for place, name in enumerate(names):
                self._grid.addWidget(self._buttons[name], 1 + place // 2, place % 2)
        else:
            for column, name in enumerate(names + main):
                self._grid.addWidget(self._buttons[name], 0, column)
        for name in names + main:
            button = self._buttons[name]
            if before is not None:
                QtWidgets.QWidget.setTabOrder(before, button)
            before = button

    def _run(self, name: str) -> None:
        for action in self._actions:
            if action.name == name and action.enabled:
                action.run()
                return
