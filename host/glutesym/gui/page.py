"""A page of the app: what is on it scrolls, what can be done stays at its bottom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from glutesym.advice import Advice
from glutesym.gui import style
from glutesym.gui.actions import Action, ActionBar
from glutesym.gui.card import Card
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.gui.text import FitText
from glutesym.live_state import LiveState
from glutesym.session.visit import Visit

Step = Literal["connect", "check", "calibrate", "set", "live", "result", "review"]
Go = Callable[[Step], None]
POLICY = QtWidgets.QSizePolicy.Policy
_Direction = QtWidgets.QBoxLayout.Direction


class Page(QtWidgets.QWidget):
    """One step of a visit.

    Parameters
    ----------
    visit : Visit
    go : callable
        Shows another step.
    """

    def __init__(self, visit: Visit, go: Go) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.ClickFocus)  # so that keys are no typing
        self.visit = visit
        self.go = go
        self.unit = 1.0
        self._beside: list[QtWidgets.QBoxLayout] = []
        self.content = QtWidgets.QVBoxLayout()
        inner = QtWidgets.QWidget()
        inner.setObjectName("page")
        inner.setLayout(self.content)
        self._scroll = QtWidgets.QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(inner)
        self.bar = ActionBar()
        self.column = QtWidgets.QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.addWidget(self._scroll, 1)
        self.column.addWidget(self.bar)

    # --- what a page does

    def enter(self) -> None:
        """Begin: the page is shown from now on."""

    def leave(self) -> None:
        """End: another page will be shown."""

    def show_state(self, state: LiveState) -> None:
        """Show a snapshot of the session; called all the time while the page is shown."""
        self.bar.set_actions(self.possible(state))

    def possible(self, state: LiveState) -> Sequence[Action]:
        """Return what can be done now."""
        return ()

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        self.unit = unit
        gap = round(12 * unit)
        self.content.setContentsMargins(gap, gap // 2, gap, gap // 2)
        self.content.setSpacing(gap)
        for panel in self.findChildren(QtWidgets.QFrame):
            inside = panel.layout()
            if panel.objectName() in ("card", "advice") and inside is not None:
                inside.setContentsMargins(gap, gap, gap, gap)
                inside.setSpacing(gap // 2)

    # --- what pages share

    def side_by_side(self, *parts: QtWidgets.QWidget, stretch: Sequence[int] = ()) -> None:
        """Add parts that stand beside each other where there is room."""
        row = QtWidgets.QHBoxLayout()
        for at, part in enumerate(parts):
            row.addWidget(part, stretch[at] if stretch else 1)
        self._beside.append(row)
        self.content.addLayout(row)

    def fill_with(self, part: QtWidgets.QWidget) -> None:
        """Give a part all the room above the actions, and the keys."""
        self._scroll.hide()
        self.column.insertWidget(self.column.count() - 1, part, 1)
        self.setFocusProxy(part)
        part.show()

    def take_away(self, part: QtWidgets.QWidget) -> None:
        """End what has filled the page."""
        self.column.removeWidget(part)
        part.deleteLater()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Stack what stands side by side when there is no room for it."""
        narrow = event.size().width() < style.NARROW_PX
        for row in self._beside:
            row.setDirection(_Direction.TopToBottom if narrow else _Direction.LeftToRight)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """Do what a key stands for."""
        if not self.bar.handle(event):
            super().keyPressEvent(event)


def set_card_unit(view: Card, unit: float) -> None:
    """Adapt a view of the live window to a page's sizes."""
    view.set_unit(unit)
    view.setSizePolicy(POLICY.Ignored, POLICY.Expanding)  # its least height counts on a page
    for part in view.findChildren(FitText):
        part.set_unit(unit)


class AdvicePanel(QtWidgets.QFrame):
    """What went wrong and what to do; not there while nothing is wrong."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("advice")
        self._title = style.label("", "title", "advice_title")
        self._steps = style.label("", "body", "advice_steps")
        self._steps.setTextInteractionFlags(
            QtCore.Qt.TextInteractionFlag.TextSelectableByMouse  # commands can be copied
        )
        column = QtWidgets.QVBoxLayout(self)
        column.addWidget(self._title)
        column.addWidget(self._steps)
        self.hide()

    def show_advice(self, advice: Advice | None) -> None:
        """Show a piece of advice, or nothing."""
        self.setVisible(advice is not None)
        if advice is None:
            return
        steps = advice.steps
        numbered = [f"{n}. {step}" for n, step in enumerate(steps, 1)] if steps[1:] else steps
        self._title.setText(f"⚠ {advice.title}")
        self._steps.setText("\n".join(numbered))
