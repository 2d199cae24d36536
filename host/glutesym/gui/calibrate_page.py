"""Step 3: what can each glute do at most? Guided in big words and with sounds."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from glutesym import wording
from glutesym.advice import Advice, advice_for
from glutesym.analysis.calibration import ELECTRODE_CAUTION, Mvic
from glutesym.analysis.mvic_guide import Prompt
from glutesym.analysis.mvic_words import (
    HOW,
    prompt_sentence,
    slot_title,
    trial_sentences,
    who_text,
)
from glutesym.gui import style, text
from glutesym.gui.actions import Action, Key
from glutesym.gui.bars import BarsView
from glutesym.gui.page import POLICY, AdvicePanel, Go, Page, set_card_unit
from glutesym.gui.qt import QtCore, QtWidgets
from glutesym.gui.sounds import Sound, Sounds
from glutesym.live_state import LiveState
from glutesym.measures import SIDES, Side
from glutesym.scale import SharedScale
from glutesym.session.visit import CALIBRATION, SKIPPED, KeptCalibration, Visit

_WORDS = {
    "relax": "RELAX",
    "get ready": "READY",
    "squeeze": "SQUEEZE",
    "hold": "HOLD",
    "let go": "LET GO",
    "finished": "DONE",
}
_SOUNDS: dict[str, Sound] = {"squeeze": "squeeze", "let go": "let go", "finished": "done"}
_LAST_TRIALS = 4


class CalibratePage(Page):
    """Says what to do before, during and after a calibration.

    Attributes
    ----------
    played : Signal
        Gets each sound as it is played.
    """

    played = QtCore.Signal(str)

    def __init__(self, visit: Visit, go: Go, sounds: Sounds) -> None:
        super().__init__(visit, go)
        self._sounds = sounds
        self._told = ("", 0)  # the newest word and its seconds
        self._scale = SharedScale()
        self._running = self._stopped = False
        self._advice = AdvicePanel()
        self.content.addWidget(self._advice)
        self._intro = self._make_intro()
        self._guide = self._make_guide()
        self._result = self._make_result()
        for part in (self._intro, self._guide, self._result):
            self.content.addWidget(part, 1)
        self._show_only(self._intro)

    def enter(self) -> None:
        """Say what is going to be done; the pods rest until it begins."""
        self.visit.stop()
        self._running = False
        self.visit.calibrating = None
        self.visit.dismiss()
        self._advice.show_advice(None)
        self._show_only(self._intro)

    def leave(self) -> None:
        """End what runs."""
        if self._running:
            self.visit.stop()
            self._running = False

    def set_unit(self, unit: float) -> None:
        """Adapt to the window's size."""
        super().set_unit(unit)
        for part in (self._word, self._seconds):
            part.set_unit(unit)
            part.setSizePolicy(POLICY.Ignored, POLICY.Expanding)
        set_card_unit(self._bars, unit)
        self._bars.setMinimumHeight(round(240 * unit))
        self._word.setMinimumHeight(round(96 * unit))
        self._seconds.setMinimumHeight(round(80 * unit))

    def show_state(self, state: LiveState) -> None:
        """Show a snapshot."""
        if self._running and not self.visit.busy:
            self._finish()
        if self._running:
            self._show_guide(state)
        job = self.visit.calibrating
        if job is not None and job.over and self._result.isHidden() and not self._running:
            if job.result is not None:
                self._show_result(job.result)
            elif job.error is not None:
                self._fail(advice_for(job.error))
                self.visit.calibrating = None
        super().show_state(state)

    def possible(self, state: LiveState) -> Sequence[Action]:
        """Return what can be done now."""
        guide, job = self.visit.guide, self.visit.calibrating
        if self._running and guide is not None:
            under_way = guide.prompt(state.time_s) is not None and not guide.done
            stop = Action("stop", "Stop", Key.Key_Escape, self._stop)
            again = Action("again", "Again", Key.Key_A, lambda: guide.wish("again"), under_way)
            skip = Action("skip_one", "Skip one", Key.Key_K, lambda: guide.wish("skip"), under_way)
            end = Action("end", "Finish early", Key.Key_F, lambda: guide.wish("end"), under_way)
            return stop, again, skip, end
        back = Action("back", "Back", Key.Key_Escape, lambda: self.go("check"))
        skip = Action("skip", "Skip calibration", Key.Key_K, self._skip)
        if job is not None and not job.over:
            return (back,)
        if job is not None and job.result is not None:
            again = Action("calibrate_again", "Calibrate again", Key.Key_C, self._start)
            kept = job.result.path is not None
            words = "Choose the exercise" if kept else "Go on without it"
            return back, again, Action("next", words, Key.Key_Return, lambda: self.go("set"))
        return back, skip, Action("start", "Start", Key.Key_Return, self._start)

    # --- what is on it

    def _make_intro(self) -> QtWidgets.QWidget:
        column = QtWidgets.QVBoxLayout()
        column.addWidget(style.label("What can each glute do at most?", "large"))
        settings = self.visit.studio.guide
        for position in settings.positions:
            column.addWidget(style.label(position.capitalize(), "title"))
            column.addWidget(style.label(HOW[position]))
        column.addWidget(
            style.label(
                f"{settings.trials} squeezes in each position, {settings.hold_s:g} s long, with "
                f"{settings.rest_s:g} s of rest between. A high tone: squeeze as hard as you can. "
                "Falling tones: let go. What does not count says why and is repeated. With pain, "
                "stop.",
                "body",
            )
        )
        column.addStretch(1)
        return style.card(column)

    def _make_guide(self) -> QtWidgets.QWidget:
        self._title = style.label("", "title", "slot")
        self._word = text.FitText("giant", align=text.CENTER, bold=True, sample="SQUEEZE")
        self._word.setObjectName("word")
        self._seconds = text.FitText("huge", align=text.CENTER, bold=True, sample="88")
        self._seconds.setObjectName("seconds")
        self._says = style.label("", "large", "says")
        self._says.setAlignment(QtCore.Qt.AlignmentFlag.AlignHCenter)
        self._bars = BarsView()
        self._trials = style.label("", "body", "trials")
        words = QtWidgets.QVBoxLayout()
        words.addWidget(self._title)
        words.addWidget(self._word, 3)
        words.addWidget(self._says)
        words.addWidget(self._seconds, 2)
        words.addWidget(self._trials)
        inside = QtWidgets.QWidget()
        self._guide_row = QtWidgets.QHBoxLayout(inside)
        self._guide_row.setContentsMargins(0, 0, 0, 0)
        self._guide_row.addWidget(style.card(words), 3)
        self._guide_row.addWidget(self._bars, 2)
        self._beside.append(self._guide_row)
        return inside

    def _make_result(self) -> QtWidgets.QWidget:
        self._summary = style.label("", "large", "calibration_summary")
        cards = QtWidgets.QHBoxLayout()
        self._found: dict[Side, tuple[QtWidgets.QLabel, QtWidgets.QLabel]] = {}
        for side in SIDES:
            amount = style.label("", "large", f"{side}_mvic")
            facts = style.label("", "body", f"{side}_mvic_facts")
            self._found[side] = amount, facts
            column = QtWidgets.QVBoxLayout()
            for part in (style.label(side.upper(), side), amount, facts):
                column.addWidget(part)
            cards.addLayout(column, 1)
        self._details = style.label("", "small", "calibration_details")
        column = QtWidgets.QVBoxLayout()
        column.addWidget(self._summary)
        column.addLayout(cards)
        column.addWidget(self._details)
        column.addStretch(1)
        return style.card(column)

    # --- what happens

    def _start(self) -> None:
        self._advice.show_advice(None)
        self._told = ("", 0)
        self._scale = SharedScale()
        self._stopped = False
        self.visit.calibrate()
        self._running = True
        self._show_only(self._guide)

    def _stop(self) -> None:
        self._stopped = True
        self.visit.stop()

    def _skip(self) -> None:
        self.visit.note(CALIBRATION, SKIPPED)
        self.go("set")

    def _finish(self) -> None:
        """Go on after the session: it is complete, it failed, or somebody has stopped it."""
        self._running = False
        guide, error = self.visit.guide, self.visit.error
        if error is not None:
            self._fail(advice_for(error))
        elif self._stopped:
            self.visit.unkept = None
            self._show_only(self._intro)
        elif guide is not None and guide.measured and self.visit.recorded:
            self._says.setText("Measuring …")
            self.visit.keep_calibration()
        else:
            self._fail(Advice("Nothing was measured", ("Calibrate again, or skip it.",)))

    def _fail(self, advice: Advice) -> None:
        self._show_only(self._intro)
        self._advice.show_advice(advice)
        self.visit.dismiss()

    def _show_guide(self, state: LiveState) -> None:
        self._scale.grow_to_fit(state)
        self._bars.show_state(state, self._scale)
        guide = self.visit.guide
        prompt = guide.prompt(state.time_s) if guide else None
        measured = list(guide.measured) if guide else []
        lines = [_short(line) for one in measured for line in trial_sentences(one)]
        self._trials.setText("\n".join(lines[-_LAST_TRIALS:]))
        notes = state.trouble or state.message
        if prompt is None:
            self._title.setText("")
            self._word.set_text("WAIT")
            self._word.set_color("dim")
            self._says.setText(notes or wording.waiting_sentence(state) or "Get ready")
            self._seconds.set_text("")
            return
        seconds = ceil(prompt.left_s)
        self._word.set_text(_WORDS[prompt.word])
        loud = prompt.word in ("squeeze", "hold")
        self._word.set_color("green" if loud else "text")
        self._seconds.set_text(str(seconds) if seconds else "")
        self._title.setText(slot_title(prompt.slot).capitalize() if prompt.slot else "")
        self._says.setText(notes or _says_text(prompt))
        self._sound(prompt, seconds)

    def _sound(self, prompt: Prompt, seconds: int) -> None:
        word, before_s = self._told
        self._told = (prompt.word, seconds)
        if prompt.word != word and prompt.word in _SOUNDS:
            self._play(_SOUNDS[prompt.word])
        elif prompt.word == "get ready" and (prompt.word != word or seconds != before_s):
            self._play("tick")

    def _play(self, sound: Sound) -> None:
        self._sounds.play(sound)
        self.played.emit(sound)

    def _show_result(self, kept: KeptCalibration) -> None:
        found = kept.calibration
        self._summary.setText(found.problem or "Calibrated")
        for side, (amount, facts) in self._found.items():
            mvic = found.mvic.get(side)
            amount.setText("–" if mvic is None else f"{mvic.mvic_uv:.0f} µV")
            facts.setText("not enough good trials" if mvic is None else _facts_text(mvic))
        lines: list[str] = []
        if found.raw_ratio_pct is not None:
            lines.append(f"Right / left: {found.raw_ratio_pct:.0f} %, {ELECTRODE_CAUTION}.")
        for one in found.measured:
            for trial, line in zip(one.trials, trial_sentences(one), strict=True):
                if trial.reason:
                    lines.append(f"{line[:1].upper()}{line[1:]}.")
        lines.append(f"Recorded in {kept.session}.")
        if kept.path is not None:
            lines.append(f"Saved as {kept.path}. Put on electrodes anew? Calibrate anew.")
            self.visit.note(CALIBRATION, f"done: {kept.path.name}")
        else:
            self.visit.note(CALIBRATION, "not good enough to be kept")
        self._details.setText("\n".join(lines))
        self._show_only(self._result)

    def _show_only(self, shown: QtWidgets.QWidget) -> None:
        for part in (self._intro, self._guide, self._result):
            part.setVisible(part is shown)


def _facts_text(mvic: Mvic) -> str:
    spread = "" if mvic.cv_pct is None else f", which scatter by {mvic.cv_pct:.1f} %"
    return f"Best of {mvic.trials} good trials{spread}. {mvic.source.capitalize()}."


def _short(sentence: str) -> str:
    """Return what is said of a trial without the position, which stands above."""
    words = sentence.partition(", ")[2]
    return (words[:1].upper() + words[1:]).replace(" s", "\N{NO-BREAK SPACE}s")


def _says_text(prompt: Prompt) -> str:
    if prompt.slot is None:
        return prompt_sentence(prompt)
    who = who_text(prompt.slot).removeprefix("with ")
    return (
        {
            "relax": f"Next: {who}",
            "get ready": f"{who}, still relaxed",
            "squeeze": f"{who}, as hard as you can",
            "hold": who,
            "let go": "and relax",
        }.get(prompt.word, "")
        .capitalize()
        .replace("left leg", "LEFT leg")
        .replace("right leg", "RIGHT leg")
    )
