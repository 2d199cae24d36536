"""Is the recording sound? Links, batteries, losses, warnings, clocks and the file."""

from __future__ import annotations

from glutesym import wording
from glutesym.gui import text, theme
from glutesym.gui.card import Card
from glutesym.gui.qt import QtGui, QtWidgets
from glutesym.live_state import LiveState
from glutesym.measures import SIDES, Side


class StatusView(QtWidgets.QWidget):
    """Left pod, session, right pod: the pods on the sides where they are worn."""

    def __init__(self) -> None:
        super().__init__()
        policy = QtWidgets.QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, policy)
        self._pods = {side: _PodStatus(side) for side in SIDES}
        self._session = _SessionStatus()
        row = QtWidgets.QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for card in (self._pods["left"], self._session, self._pods["right"]):
            row.addWidget(card, 1)

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        layout = self.layout()
        assert layout is not None
        layout.setSpacing(round(10 * unit))

    def show_state(self, state: LiveState) -> None:
        """Show a snapshot."""
        for pod in self._pods.values():
            pod.show_state(state)
        self._session.show_state(state)


class _PodStatus(Card):
    def __init__(self, side: Side) -> None:
        column = QtWidgets.QVBoxLayout()
        super().__init__(column)
        self._side: Side = side
        self._link = text.FitText("body", color=theme.SIDE_COLORS[side], bold=True)
        self._link.setObjectName(f"{side}_link")
        self._health = text.FitText("small", color=theme.DIM)
        self._health.setObjectName(f"{side}_health")
        self._warning = _Warning()
        self._warning.setObjectName(f"{side}_warning")
        self._calm = text.FitText("small", color=theme.DIM)
        last = QtWidgets.QStackedLayout()
        last.setStackingMode(QtWidgets.QStackedLayout.StackingMode.StackAll)
        last.addWidget(self._warning)
        last.addWidget(self._calm)
        column.addWidget(self._link, 30)
        column.addWidget(self._health, 26)
        column.addLayout(last, 44)

    def show_state(self, state: LiveState) -> None:
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
        super().__init__("small", color=theme.WINDOW, align=text.CENTER, bold=True, wrap=True)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        if self.text():
            QtGui.QPainter(self).fillRect(self.rect(), QtGui.QColor(theme.WARNING))
        super().paintEvent(event)


class _SessionStatus(Card):
    def __init__(self) -> None:
        column = QtWidgets.QVBoxLayout()
        super().__init__(column)
        self._sync = text.FitText("body", align=text.CENTER, bold=True)
        self._sync.setObjectName("sync")
        self._path = text.FitText("small", color=theme.DIM, align=text.CENTER, elide=True)
        self._path.setObjectName("session_path")
        keys = text.FitText("small", color=theme.DIM, align=text.CENTER)
        keys.set_text("Space marker · Q stop · F full screen · H help")
        for part, stretch in ((self._sync, 30), (self._path, 26), (keys, 44)):
            column.addWidget(part, stretch)

    def show_state(self, state: LiveState) -> None:
        self._sync.set_text(wording.sync_text(state))
        self._path.set_text(wording.file_text(state))
