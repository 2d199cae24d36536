"""What is going on: exercise, phase of the session, the last message and the session time."""

from __future__ import annotations

from glutesym import wording
from glutesym.gui import text, theme
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.live_state import LiveState

_NOTICE_MS = 4000


class HeaderView(QtWidgets.QWidget):
    """One line on top of the window; two when it is upright."""

    def __init__(self) -> None:
        super().__init__()
        policy = QtWidgets.QSizePolicy.Policy.Ignored
        self.setSizePolicy(policy, policy)
        self._exercise = text.FitText("large", bold=True)
        self._exercise.setObjectName("exercise")
        self._message = text.FitText("body", color="dim", align=text.CENTER, wrap=True)
        self._message.setObjectName("message")
        self._phase = text.FitText("title", align=text.RIGHT)
        self._phase.setObjectName("phase")
        self._time = text.FitText("large", align=text.RIGHT, bold=True, sample="00:00")
        self._time.setObjectName("time")
        self._grid = QtWidgets.QGridLayout(self)
        self._notice = ""
        self._notice_timer = QtCore.QTimer(self)
        self._notice_timer.setSingleShot(True)
        self._notice_timer.timeout.connect(self._end_notice)
        self.set_upright(False)

    def set_upright(self, upright: bool) -> None:
        """Arrange the parts for a window that is higher than wide."""
        places = {
            self._exercise: (0, 0, 1, 1),
            self._message: (1, 0, 1, 3) if upright else (0, 1, 1, 1),
            self._phase: (0, 1, 1, 1) if upright else (0, 2, 1, 1),
            self._time: (0, 2, 1, 1) if upright else (0, 3, 1, 1),
        }
        for part, place in places.items():
            self._grid.removeWidget(part)
            self._grid.addWidget(part, *place)
        for column, stretch in enumerate((40, 36, 24, 0) if upright else (30, 38, 19, 13)):
            self._grid.setColumnStretch(column, stretch)
        self._grid.setRowStretch(0, 60)
        self._grid.setRowStretch(1, 40 if upright else 0)

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        self._grid.setContentsMargins(round(12 * unit), 0, round(12 * unit), 0)
        self._grid.setHorizontalSpacing(round(10 * unit))
        self._grid.setVerticalSpacing(0)

    def show_state(self, state: LiveState) -> None:
        """Show a snapshot."""
        self._exercise.set_text(state.exercise or "glutesym")
        self._message.set_text(self._notice or state.message)
        self._phase.set_text(wording.phase_text(state))
        self._time.set_text(wording.time_text(state.time_s))

    def notify(self, notice: str) -> None:
        """Confirm a command for a few seconds in the message's place."""
        self._notice = notice
        self._message.set_text(notice)
        self._notice_timer.start(_NOTICE_MS)

    def _end_notice(self) -> None:
        self._notice = ""


class Banner(text.FitText):
    """What is not saved, across the window; nothing while all is well."""

    def __init__(self) -> None:
        super().__init__("title", color="on_warning", align=text.CENTER, bold=True, wrap=True)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Draw a filled plate below the words."""
        QtGui.QPainter(self).fillRect(self.rect(), theme.color("warning"))
        super().paintEvent(event)
