"""Step 4: which exercise? Then the set is recorded and shown live."""

from __future__ import annotations

from collections.abc import Sequence

from glutesym.advice import advice_for
from glutesym.exercises import NAMES, is_one_leg
from glutesym.gui import style
from glutesym.gui.actions import Action, Key
from glutesym.gui.page import AdvicePanel, Go, Page
from glutesym.gui.qt import QtWidgets
from glutesym.gui.window import LiveWindow
from glutesym.live_state import LiveState
from glutesym.session.choices import ChoiceError, checked_exercise
from glutesym.session.disk_room import SHORT_S, room_s, room_text
from glutesym.session.normalised import live_unit
from glutesym.session.visit import Visit
from glutesym.view_options import ViewOptions


class SetPage(Page):
    """Chooses the exercise."""

    def __init__(self, visit: Visit, go: Go) -> None:
        super().__init__(visit, go)
        self._advice = AdvicePanel()
        self._exercise = QtWidgets.QComboBox()
        self._exercise.setObjectName("exercise")
        self._exercise.setAccessibleName("Exercise")
        self._exercise.setEditable(True)
        self._exercise.setInsertPolicy(QtWidgets.QComboBox.InsertPolicy.NoInsert)
        self._exercise.addItems(NAMES)
        self._exercise.setMaxVisibleItems(len(NAMES))
        self._exercise.setCurrentText(visit.choices.exercise)
        self._exercise.currentTextChanged.connect(lambda _text: self._show_hint())
        self._wrong = style.label("", "wrong", "exercise_wrong")
        self._wrong.hide()
        self._hint = style.label("", "body", "exercise_hint")
        self._before = style.label("", "small", "before")
        column = QtWidgets.QVBoxLayout()
        column.addWidget(style.label("Which exercise?", "large"))
        column.addWidget(style.label("Choose one, or type another name.", "small"))
        for part in (self._exercise, self._wrong, self._hint, self._before):
            column.addWidget(part)
        self.content.addWidget(self._advice)
        self.content.addWidget(style.card(column))
        self.content.addStretch(1)

    def enter(self) -> None:
        """Say what is known before the set."""
        self.visit.stop()
        error = self.visit.error
        self._advice.show_advice(advice_for(error) if error else None)
        self.visit.dismiss()
        choices = self.visit.choices
        lines = [f"{kind.capitalize()}: {words}." for kind, words in self.visit.notes]
        who = choices.subject or "nobody in particular"
        lines.append(f"Who: {who}. Electrodes: {choices.placement}. Folder: {choices.folder}.")
        if self.visit.swapped:
            lines.append("Sides are swapped.")
        room = room_s(choices.folder)
        if room < SHORT_S:
            lines.append(room_text(room))
        self._before.setText("\n".join(lines))
        self._show_hint()

    def possible(self, state: LiveState) -> Sequence[Action]:
        """Return what can be done now."""
        back = Action("back", "Back", Key.Key_Escape, lambda: self.go("calibrate"))
        return back, Action("start", "Start the set", Key.Key_Return, self._start)

    def _show_hint(self) -> None:
        legs = (
            "One leg at a time: leg is compared with leg."
            if is_one_leg(self._exercise.currentText())
            else "Both legs together."
        )
        self._hint.setText(
            f"{legs} Hold still for five seconds first, then at least ten repetitions at your "
            "usual pace."
        )

    def _start(self) -> None:
        self._wrong.hide()
        try:
            self.visit.choices = checked_exercise(
                self.visit.studio, self.visit.choices, self._exercise.currentText()
            )
        except ChoiceError as error:
            self._wrong.setText(str(error))
            self._wrong.show()
            self._exercise.setFocus()
            return
        self.visit.train()
        self.go("live")


class LivePage(Page):
    """The live window of a set, in the app."""

    def __init__(self, visit: Visit, go: Go) -> None:
        super().__init__(visit, go)
        self._live: LiveWindow | None = None
        self._last = style.label("", "title", "fetching")
        self._last.hide()
        self.column.insertWidget(0, self._last)

    def enter(self) -> None:
        """Show the set that has just begun."""
        visit, choices = self.visit, self.visit.choices
        subject = visit.studio.subject(choices.subject)
        live = self._live = LiveWindow(
            visit.poll,
            visit.stop,
            visit.marker,
            visit.identify,
            close_when_ended=True,
            options=ViewOptions(live_unit(choices.folder, subject, choices.placement)),
            buttons=False,
        )
        live.setMinimumSize(0, 0)
        self._last.hide()
        self.fill_with(live)

    def leave(self) -> None:
        """Take the live window away."""
        live, self._live = self._live, None
        if live is not None:
            live.close()
            self.take_away(live)

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size and the theme; the live window follows its own size."""
        super().set_unit(unit)
        if self._live is not None:
            self._live.apply_theme()

    def show_state(self, state: LiveState) -> None:
        """See whether it has ended, or failed."""
        super().show_state(state)
        live = self._live
        if live is None:
            return
        if live.error is not None:
            raise live.error
        if live.isHidden() and self.visit.busy:
            self._last.setText(f"Ending the set. {state.message or 'A moment'}")
            self._last.show()
        if self.visit.busy:
            return
        if self.visit.recorded:
            self.visit.measure()
            self.go("result")
        else:  # it failed, or was ended before anything was there
            self.go("set")

    def possible(self, state: LiveState) -> Sequence[Action]:
        """Return what can be done now."""
        live = self._live
        if live is None:
            return ()
        running = live.isVisible()
        return (
            Action("mark", "Marker", Key.Key_Space, live.mark, running),
            Action("end_set", "End the set", Key.Key_Q, live.stop, running),
        )
