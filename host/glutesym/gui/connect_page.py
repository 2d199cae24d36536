"""Step 1: both pods are found, each on the side where it is worn."""

from __future__ import annotations

from collections.abc import Sequence

from glutesym import live_wording, wording
from glutesym.advice import Advice, advice_for, signal_text
from glutesym.gui import style
from glutesym.gui.actions import Action, Key
from glutesym.gui.page import AdvicePanel, Go, Page
from glutesym.gui.qt import QtWidgets
from glutesym.live_state import LiveState
from glutesym.measures import SIDES, Side
from glutesym.session.choices import ChoiceError, checked_choices, nearest_folder
from glutesym.session.resume import Interrupted
from glutesym.session.visit import Visit

_FIELDS = {
    "subject": ("Who", "a code such as S07, never a name; may stay empty"),
    "placement": ("Electrodes", "where they are: which calibration belongs to them"),
    "folder": ("Folder", "where sessions and calibrations are kept"),
}


class ConnectPage(Page):
    """Finds the pods, says how they are, and asks who it is."""

    def __init__(self, visit: Visit, go: Go) -> None:
        super().__init__(visit, go)
        self._before: Interrupted | None = None
        self._asked_before = False
        self._now = style.label("", "large", "now")
        self._advice = AdvicePanel()
        self._pods = {side: _PodCard(side) for side in SIDES}
        self._swapped = style.label("", "small", "swapped")
        self.content.addWidget(self._now)
        self.content.addWidget(self._advice)
        self.side_by_side(self._pods["left"], self._pods["right"])
        self.content.addWidget(self._swapped)
        self._inputs: dict[str, QtWidgets.QLineEdit] = {}
        self._wrong: dict[str, QtWidgets.QLabel] = {}
        self.content.addWidget(self._form())
        self.content.addStretch(1)

    def enter(self) -> None:
        """Look for the pods, unless a session that was interrupted comes first."""
        if not self._asked_before:
            self._asked_before = True
            self._before = self.visit.studio.interrupted(self.visit.choices.folder)
        if self._before is None and not self.visit.busy and self.visit.error is None:
            self.visit.look()

    def show_state(self, state: LiveState) -> None:
        """Show a snapshot."""
        error = self.visit.error
        advice = advice_for(error) if error else None
        if self._before is not None:
            advice = _interrupted_advice(self._before)
        self._advice.show_advice(advice)
        self._now.setVisible(advice is None)
        self._now.setText(_now_text(state))
        for pod in self._pods.values():
            pod.show_state(state, error is not None)
        self._swapped.setVisible(advice is None)
        self._swapped.setText(
            "Sides are swapped: each pod is worn on the other side than it was set up for. Bars, "
            "files and lights follow where it is worn."
            if self.visit.swapped
            else "Blink a pod to see which is which. Worn the other way round? Swap sides."
        )
        super().show_state(state)

    def possible(self, state: LiveState) -> Sequence[Action]:
        """Return what can be done now."""
        if self._before is not None:
            return (
                Action("begin_anew", "Begin anew", Key.Key_N, self._begin_anew),
                Action("go_on", "Go on with it", Key.Key_Return, self._go_on),
            )
        failed = self.visit.error is not None
        blink = [
            Action(
                f"blink_{side}",
                f"Blink {side}",
                Key.Key_L if side == "left" else Key.Key_R,
                lambda side=side: self.visit.identify(side),
                state.sides[side].connected,
            )
            for side in SIDES
        ]
        swap = Action("swap", "Swap sides", Key.Key_S, self._swap)
        words, key = ("Try again", Key.Key_Return) if failed else ("Look again", Key.Key_T)
        again = Action("retry", words, key, self.visit.look)
        if failed:
            return swap, again
        ready = all(live.connected for live in state.sides.values())
        following = Action("next", "Check signals", Key.Key_Return, self._next, ready)
        return blink[0], swap, again, blink[1], following

    def take_choices(self) -> bool:
        """Take what was typed in; False, with the reason beside the field, if it cannot be."""
        for words in self._wrong.values():
            words.hide()
        texts = {name: line.text() for name, line in self._inputs.items()}
        try:
            self.visit.choices = checked_choices(self.visit.choices, **texts)
        except ChoiceError as error:
            self._wrong[error.field].setText(str(error))
            self._wrong[error.field].show()
            line = self._inputs[error.field]
            line.setFocus()
            self._scroll.ensureWidgetVisible(self._wrong[error.field])
            return False
        return True

    def _form(self) -> QtWidgets.QFrame:
        grid = QtWidgets.QGridLayout()
        choices = self.visit.choices
        values = (choices.subject, choices.placement, str(choices.folder))
        for row, ((name, (title, hint)), value) in enumerate(
            zip(_FIELDS.items(), values, strict=True)
        ):
            line = self._inputs[name] = QtWidgets.QLineEdit(value)
            line.setObjectName(name)
            line.setAccessibleName(title)
            line.setPlaceholderText(hint)
            line.setToolTip(hint)
            head = style.label(title)
            head.setBuddy(line)
            wrong = self._wrong[name] = style.label("", "wrong", f"{name}_wrong")
            wrong.hide()
            grid.addWidget(head, 2 * row, 0)
            grid.addWidget(line, 2 * row, 1, 1, 1 if name == "folder" else 2)
            grid.addWidget(wrong, 2 * row + 1, 1, 1, 2)
        browse = QtWidgets.QPushButton("Browse …")
        browse.setObjectName("browse")
        browse.setAccessibleName("Choose the folder")
        browse.clicked.connect(self._browse)
        grid.addWidget(browse, 2 * (len(_FIELDS) - 1), 2)
        grid.setColumnStretch(1, 1)
        return style.card(grid)

    def _browse(self) -> None:
        """Have a folder chosen, from where the field says, or the nearest one that exists."""
        line = self._inputs["folder"]
        chosen = QtWidgets.QFileDialog.getExistingDirectory(
            self, "Where sessions and calibrations are kept", nearest_folder(line.text())
        )
        if chosen:
            line.setText(chosen)
            self._wrong["folder"].hide()

    def _swap(self) -> None:
        self.visit.swap()
        self.setFocus()

    def _next(self) -> None:
        if self.take_choices():
            self.go("check")

    def _begin_anew(self) -> None:
        self._before = None
        self.visit.look()

    def _go_on(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            self.visit.resume(before)
            self.go("live")


class _PodCard(QtWidgets.QFrame):
    def __init__(self, side: Side) -> None:
        super().__init__()
        self.setObjectName("card")
        self._side: Side = side
        self._title = style.label(side.upper(), side)
        self._link = style.label("", "title", f"{side}_link")
        self._facts = style.label("", "body", f"{side}_facts")
        self._quality = style.label("", "small", f"{side}_quality")
        column = QtWidgets.QVBoxLayout(self)
        for part in (self._title, self._link, self._facts, self._quality):
            column.addWidget(part)

    def show_state(self, state: LiveState, failed: bool) -> None:
        live = state.sides[self._side]
        words = wording.connection_text(live, state.phase)
        if not live.connected and live.seen:
            words = "found" if failed or state.phase == "scanning" else "connecting"
        elif failed:
            words = "not found" if any(one.seen for one in state.sides.values()) else "not there"
        self._link.setText(words.capitalize())
        known = live.connected or live.seen
        facts = [signal_text(live.rssi_dbm)] if known else []
        if live.connected:
            facts.insert(0, wording.battery_text(live))
        words = " · ".join(facts) or "–"
        self._facts.setText(words[:1].upper() + words[1:])
        quality = wording.warning_sentences(live, state.phase)
        if live.connected and not quality:
            quality = [live_wording.light_text(live, state.phase).capitalize()]
        self._quality.setText(". ".join(quality))


def _now_text(state: LiveState) -> str:
    if state.phase == "recording":
        return "Both pods are connected"
    if state.message:
        return state.message
    return wording.waiting_sentence(state).replace("the session to start", "Bluetooth") or (
        wording.phase_text(state)
    )


def _interrupted_advice(before: Interrupted) -> Advice:
    return Advice(
        f"A session was interrupted {before.ago_s / 60:.0f} min ago",
        (
            f"{before.path.name}: its pods may still hold what followed.",
            "Go on with it, and what is missing is fetched. Beginning anew makes the pods forget "
            "it; what was recorded before stays.",
        ),
    )
