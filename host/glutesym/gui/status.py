"""Is the recording sound? Links, batteries, losses, warnings, clocks and the file."""

from __future__ import annotations

from glutesym import wording
from glutesym.gui import text, theme
from glutesym.gui.card import Card
from glutesym.gui.qt import QtGui, QtWidgets
from glutesym.live_state import LiveState
from glutesym.measures import Side


class PodStatus(Card):
    """One pod: link, battery, losses, and what is wrong with it."""

    def __init__(self, side: Side) -> None:
        column = QtWidgets.QVBoxLayout()
        super().__init__(column)
        self._side: Side = side
        self._link = text.FitText("body", color=theme.SIDE_INKS[side], bold=True)
        self._link.setObjectName(f"{side}_link")
        self._health = text.FitText("small", color="dim", wrap=True)
        self._health.setObjectName(f"{side}_health")
        self._warning = _Warning()
        self._warning.setObjectName(f"{side}_warning")
        self._calm = text.FitText("small", color="dim")
        column.addWidget(self._link, 25)
        column.addWidget(self._health, 34)
        last = QtWidgets.QStackedLayout()
        column.addLayout(last, 41)  # before its widgets: it shows them, as windows if alone
        last.setStackingMode(QtWidgets.QStackedLayout.StackingMode.StackAll)
        last.addWidget(self._warning)
        last.addWidget(self._calm)

    def show_state(self, state: LiveState) -> None:
        """Show a snapshot."""
        live = state.sides[self._side]
        link = wording.connection_text(live, state.phase)
        self._link.set_text(f"{self._side.capitalize()} pod: {link}")
        self._health.set_text(f"{wording.battery_text(live)} · {wording.loss_text(live)}")
        warnings = wording.warning_sentences(live, state.phase)
        self._warning.set_text(". ".join(warnings))
        self._calm.set_text("no warnings" if live.connected and not warnings else "")


class _Warning(text.FitText):
    """Words on a filled plate; nothing at all while there is nothing to say."""

    def __init__(self) -> None:
        super().__init__("small", color="on_warning", align=text.CENTER, bold=True, wrap=True)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        if self.text():
            QtGui.QPainter(self).fillRect(self.rect(), theme.color("warning"))
        super().paintEvent(event)


class SessionStatus(QtWidgets.QWidget):
    """The clocks' error and the file, in one line each."""

    def __init__(self) -> None:
        super().__init__()
        policy = QtWidgets.QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, policy)
        self._sync = text.FitText("body", align=text.CENTER, bold=True)
        self._sync.setObjectName("sync")
        self._path = text.FitText("small", color="dim", align=text.CENTER, elide=True)
        self._path.setObjectName("session_path")
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._sync, 55)
        column.addWidget(self._path, 45)

    def set_upright(self, upright: bool) -> None:
        """Leave out what has no room on a phone."""
        self._path.setVisible(not upright)

    def show_state(self, state: LiveState) -> None:
        """Show a snapshot."""
        self._sync.set_text(wording.sync_text(state))
        self._path.set_text(wording.file_text(state))
