"""What is going on: exercise, phase, the last message and the session time."""

from __future__ import annotations

from glutesym import wording
from glutesym.gui import text, theme
from glutesym.gui.qt import QtCore, QtWidgets
from glutesym.live_state import LiveState

_NOTICE_MS = 4000


class HeaderView(QtWidgets.QWidget):
    """One line on top of the window."""

    def __init__(self) -> None:
        super().__init__()
        policy = QtWidgets.QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, policy)
        self._exercise = text.FitText("large", bold=True)
        self._exercise.setObjectName("exercise")
        self._message = text.FitText("body", color=theme.DIM, align=text.CENTER, wrap=True)
        self._message.setObjectName("message")
        self._phase = text.FitText("title", align=text.RIGHT)
        self._phase.setObjectName("phase")
        self._time = text.FitText("large", align=text.RIGHT, bold=True)
        self._time.setObjectName("time")
        row = QtWidgets.QHBoxLayout(self)
        for part, stretch in (
            (self._exercise, 32),
            (self._message, 36),
            (self._phase, 20),
            (self._time, 12),
        ):
            row.addWidget(part, stretch)
        self._notice = ""
        self._notice_timer = QtCore.QTimer(self)
        self._notice_timer.setSingleShot(True)
        self._notice_timer.timeout.connect(self._end_notice)

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(round(12 * unit), 0, round(12 * unit), 0)
        layout.setSpacing(round(10 * unit))

    def show_state(self, state: LiveState) -> None:
        """Show a snapshot."""
        self._exercise.set_text(state.exercise or "glutesym")
        self._message.set_text(state.trouble or self._notice or state.message)
        self._message.set_color(theme.WARNING if state.trouble else theme.DIM)
        self._phase.set_text(wording.phase_text(state))
        self._time.set_text(wording.time_text(state.time_s))

    def notify(self, notice: str) -> None:
        """Confirm a command for a few seconds in the message's place."""
        self._notice = notice
        self._message.set_text(notice)
        self._notice_timer.start(_NOTICE_MS)

    def _end_notice(self) -> None:
        self._notice = ""
