"""Review of one session: what it says, repetition by repetition, and what can be edited.

The page shows immutable `Reviewed` states. Edits, exports and comparisons run in threads beside
it, one after the other; each state that comes back replaces the one that is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from glutesym import wording
from glutesym.advice import Advice
from glutesym.edits import (
    Add,
    Exclude,
    Include,
    Move,
    Note,
    Redo,
    Rename,
    SetWorking,
    Span,
    Step,
    Undo,
    can_redo,
    in_force,
    span_of,
)
from glutesym.errors import EditError, GlutesymError, MissingPartError
from glutesym.exercises import is_one_leg
from glutesym.gui import style
from glutesym.gui.actions import Action, ActionBar, Key
from glutesym.gui.jobs import Jobs
from glutesym.gui.page import AdvicePanel
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.gui.review_ask import AskBar
from glutesym.gui.review_curves import CurvesView
from glutesym.gui.review_differences import DifferencesView
from glutesym.gui.review_fatigue import FatigueView
from glutesym.gui.review_help import ReviewHelp
from glutesym.gui.review_layout import ReviewLayout, review_sheet, unit_for
from glutesym.gui.review_notes import NotesView
from glutesym.gui.review_table import RepTable
from glutesym.gui.review_timeline import Timeline
from glutesym.gui.review_trend import TrendView
from glutesym.measures import RepMeasure, Side
from glutesym.session.history import History
from glutesym.session.review import Review, Reviewed, parse_span, with_newest

_EARLIER, _NOTES = "Earlier sets", "Notes"
_FEW_BUTTONS_PX = 1000  # below it, only the most used have a button; all are in the menu


class ReviewPage(QtWidgets.QWidget):
    """A session, to be looked at and edited.

    Parameters
    ----------
    path : Path
        Of the session file.
    back : callable
        Leaves the page; it has stopped by then.
    placement : str, optional
        Where the electrodes were; as the file says, when not given.
    by : str
        The reviewer's code, never a name; "": not given.
    back_words : str
        What ``back`` does.

    Attributes
    ----------
    changed : signal
        Another state is shown, or the page has become busy or idle.
    """

    changed = QtCore.Signal()

    def __init__(
        self,
        path: Path,
        back: Callable[[], None],
        placement: str | None = None,
        by: str = "",
        back_words: str = "Back",
    ) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.reviewed: Reviewed | None = None
        self.selected: int | None = None
        self._review = Review(path, placement, by)
        self._back = back
        self._back_words = back_words
        self._history: History | None = None
        self._compared = False
        self._written: Path | None = None  # the folder of what was written last
        self._unit, self._sheet = 1.0, ""
        self._jobs, self._comparing = Jobs(self), Jobs(self)
        self._verdict = style.label("", "large", "review_verdict")
        self._facts = style.label("", "body", "review_facts")
        self._chosen = style.label("", "small", "review_chosen")
        self._status = style.label("", "small", "review_status")
        self._advice = AdvicePanel()
        self._ask = AskBar()
        self._timeline, self._table = Timeline(), RepTable()
        self._curves, self._differences = CurvesView(), DifferencesView()
        self._fatigue, self._trend, self._notes = FatigueView(), TrendView(), NotesView()
        self._views = ReviewLayout(
            {
                "Timeline": self._timeline,
                "Repetitions": self._table,
                "Curves": self._curves,
                "Left and right": self._differences,
                "Fatigue": self._fatigue,
                _EARLIER: self._trend,
                _NOTES: self._notes,
            }
        )
        self.bar = ActionBar()
        self._help = ReviewHelp(self)
        column = QtWidgets.QVBoxLayout(self)
        for part in (self._verdict, self._facts, self._advice):
            column.addWidget(part)
        column.addWidget(self._views, 1)
        for part in (self._chosen, self._ask, self._status, self.bar):
            column.addWidget(part)
        self._connect()
        self._say(f"Measuring {path.name} …")
        self._views.setEnabled(False)
        self._jobs.add("Measuring …", self._review.open, self._opened, self._cannot_open)
        self._refresh()

    def _connect(self) -> None:
        for picked in (self._timeline.picked, self._table.picked, self._differences.picked):
            picked.connect(self.select)
        self._timeline.moved.connect(self._moved)
        self._timeline.drawn.connect(self._add)
        self._timeline.asked.connect(self._open_menu)
        self._notes.written.connect(lambda words: self._edit(Note(words)))
        self._notes.left.connect(self.setFocus)
        self._ask.closed.connect(self.setFocus)
        self._views.chosen.connect(self._view_chosen)
        for jobs in (self._jobs, self._comparing):
            jobs.changed.connect(self._refresh)

    # --- what whoever shows the page calls

    @property
    def busy(self) -> bool:
        """Whether something is being measured or written."""
        return bool(self._jobs.words or self._comparing.words)

    def set_unit(self, _unit: float = 1.0) -> None:
        """Take the theme in use; sizes follow the page's own size."""
        self._restyle()

    def _restyle(self) -> None:
        unit = unit_for(self.size())
        sheet = review_sheet(unit)
        if sheet == self._sheet:
            self._arrange()
            return
        self._sheet, self._unit = sheet, unit
        self.setStyleSheet(sheet)
        gap = round(8 * unit)
        column = self.layout()
        assert column is not None
        column.setContentsMargins(gap, gap // 2, gap, 0)
        column.setSpacing(gap // 2)
        for view in (
            self._timeline,
            self._table,
            self._curves,
            self._differences,
            self._fatigue,
            self._trend,
        ):
            view.restyle(unit)
        self._arrange()

    def stop(self) -> None:
        """End what runs; nothing more is begun."""
        self._comparing.stop()
        self._jobs.stop()

    # --- what is shown

    def select(self, number: int | None) -> None:
        """Highlight a repetition everywhere."""
        reps = self.reviewed.reps if self.reviewed else ()
        self.selected = number if any(rep.number == number for rep in reps) else None
        for view in (self._timeline, self._table, self._curves, self._differences):
            view.select(self.selected)
        rep = self._rep
        self._chosen.setText(_rep_words(rep) if rep else "No repetition is selected  [↑ ↓]")
        self._refresh()

    def _opened(self, reviewed: Reviewed) -> None:
        self._say("")
        self._views.setEnabled(True)
        self._show(reviewed, None)
        if reviewed.reps:
            self.select(reviewed.reps[0].number)
        self._view_chosen(self._views.shown)

    def _show(self, reviewed: Reviewed, at: Span | None) -> None:
        """Show another state; what is at that time is selected."""
        self.reviewed = reviewed
        measures = reviewed.analyzed.measures
        self._verdict.setText(wording.verdict_sentence(measures.summary))
        self._facts.setText(_facts(reviewed))
        self._timeline.show_reviewed(reviewed)
        self._table.show_reps(reviewed.reps)
        self._curves.show_reviewed(reviewed)
        self._differences.show_reviewed(reviewed)
        self._fatigue.show_reviewed(reviewed)
        self._notes.show_reviewed(reviewed)
        self._show_history()
        same = (rep.number for rep in reviewed.reps if at and at.is_same(span_of(rep)))
        self.select(next(same, self.selected))
        if not reviewed.reps:
            self._chosen.setText(
                "No repetition was found: draw one on the timeline with the mouse, or press A."
            )
        self.changed.emit()

    def _cannot_open(self, error: Exception) -> None:
        self._say("")
        for part in (self._verdict, self._facts, self._views, self._chosen):
            part.hide()
        self._advice.show_advice(
            Advice("This session cannot be reviewed", (str(error) or repr(error),))
        )
        self._refresh()
        if not isinstance(error, GlutesymError):
            raise error

    def _say(self, words: str, wrong: bool = False) -> None:
        self._status.setProperty("role", "wrong" if wrong else "small")
        self._status.style().unpolish(self._status)
        self._status.style().polish(self._status)
        self._status.setProperty("said", words)
        self._refresh()

    def _refresh(self) -> None:
        """Show what can be done now and what is being done."""
        said = self._jobs.words or str(self._status.property("said") or "")
        self._status.setText(said)
        self._status.setVisible(bool(said))
        self.bar.set_actions(self._on_buttons())
        self.changed.emit()

    # --- what can be done

    @property
    def actions_now(self) -> tuple[Action, ...]:
        """Everything that a key does, as far as it makes sense now."""
        rep, reviewed = self._rep, self.reviewed
        edits = reviewed.analyzed.edits if reviewed else ()
        one_leg = reviewed is not None and is_one_leg(reviewed.analyzed.recording.exercise)
        by_reviewer = rep is not None and "excluded" in rep.edits
        there, chosen = reviewed is not None, rep is not None
        return (
            Action("exclude", "Exclude", Key.Key_E, self._exclude, chosen and not by_reviewer),
            Action("include", "Take back in", Key.Key_I, self._include, by_reviewer),
            Action("times", "Change times", Key.Key_T, self._ask_times, chosen),
            Action("add", "Add a repetition", Key.Key_A, self._ask_add, there),
            Action("left", "Left leg worked", Key.Key_L, self._left, chosen and one_leg),
            Action("right", "Right leg worked", Key.Key_R, self._right, chosen and one_leg),
            Action("undo", "Undo", Key.Key_U, self._undo, bool(in_force(edits))),
            Action("redo", "Redo", Key.Key_Y, self._redo, can_redo(edits)),
            Action("note_down", "Write a note", Key.Key_N, self._write_note, there),
            Action("rename", "Rename the exercise", Key.Key_X, self._ask_name, there),
            Action("scale", "Scale of the curves", Key.Key_S, self._curves.next_scale, there),
            Action("csv", "Export CSV", Key.Key_C, self._export, there),
            Action("report", "Report", Key.Key_P, self._report, there),
            Action("folder", "Open the folder", Key.Key_O, self._open_folder, bool(self._written)),
            Action("menu", "Menu", Key.Key_M, self._menu_by_key, there),
            Action("keys", "Keys", Key.Key_H, self._toggle_help),
            Action("back", self._back_words, Key.Key_Escape, self._leave),
        )

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """Do what a key stands for."""
        key = event.key()
        if self._help.isVisible():
            if key in (Key.Key_Escape, Key.Key_H):
                self._help.hide()
            return
        if event.modifiers() & QtCore.Qt.KeyboardModifier.ControlModifier:
            shift = bool(event.modifiers() & QtCore.Qt.KeyboardModifier.ShiftModifier)
            if key not in (Key.Key_Z, Key.Key_Y):
                super().keyPressEvent(event)
                return
            key = Key.Key_U if key == Key.Key_Z and not shift else Key.Key_Y
        for action in self.actions_now:
            if action.key == key:
                if action.enabled and not event.isAutoRepeat():
                    action.run()
                return
        if not self._look_around(key):
            super().keyPressEvent(event)

    def _look_around(self, key: int) -> bool:
        """Move selection, timeline and tabs; False: the key is none of these."""
        if key in (Key.Key_Down, Key.Key_Up):
            self._step(1 if key == Key.Key_Down else -1)
        elif key in (Key.Key_Left, Key.Key_Right):
            self._timeline.go(1 if key == Key.Key_Right else -1)
        elif key in (Key.Key_Plus, Key.Key_Equal, Key.Key_Minus):
            self._timeline.zoom(key != Key.Key_Minus)
        elif key == Key.Key_0:
            self._timeline.see_all()
        elif Key.Key_1 <= key <= Key.Key_9:
            self._views.show_number(int(key) - int(Key.Key_0))
        else:
            return False
        return True

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        """Arrange the views for the room there is."""
        self._restyle()
        self._refresh()

    def _on_buttons(self) -> Sequence[Action]:
        actions = {action.name: action for action in self.actions_now}
        if self.reviewed is None:
            return [actions["back"]]
        first = "include" if actions["include"].enabled else "exclude"
        names = [first, "undo", "menu", "back"]
        if self.width() >= _FEW_BUTTONS_PX:
            names = [first, "undo", "redo", "csv", "report", "menu", "back"]
        return [actions[name] for name in names]

    def _arrange(self) -> None:
        self._verdict.setProperty("role", "title" if self.width() < style.NARROW_PX else "large")
        self._verdict.style().unpolish(self._verdict)
        self._verdict.style().polish(self._verdict)
        self._views.arrange(self.size(), self._unit)
        if self._help.isVisible():
            self._help.setGeometry(self.rect())

    # --- edits

    def _edit(self, step: Step, at: Span | None = None) -> None:
        """Have an edit made; what is at that time afterwards is selected."""
        self._say("")
        keep = at or (span_of(self._rep) if self._rep else None)
        self._jobs.add(
            "Measuring again …",
            lambda: self._review.apply(step),
            lambda reviewed: self._show(reviewed, keep),
            self._refused,
        )

    def _refused(self, error: Exception) -> None:
        if self.reviewed is not None:
            self._show(self.reviewed, None)  # what was dragged goes back
        self._failed(error)

    def _failed(self, error: Exception) -> None:
        self._say(f"⚠ {error or repr(error)}", wrong=True)
        if not isinstance(error, GlutesymError):
            raise error

    def _exclude(self) -> None:
        rep = self._rep
        if rep is not None:
            self._ask.ask(
                f"Why does repetition {rep.number} not count?",
                lambda why: self._edit(Exclude(span_of(rep), why)),
                "e.g. slipped, talked, another movement",
            )

    def _include(self) -> None:
        if self._rep is not None:
            self._edit(Include(span_of(self._rep)))

    def _ask_times(self) -> None:
        rep = self._rep
        if rep is not None:
            self._ask.ask(
                f"When does repetition {rep.number} take place? Start and end, seconds",
                lambda text: self._with_span(text, lambda to: self._move(span_of(rep), to)),
                "12.5-15.0",
                f"{rep.start_s:.2f}-{rep.end_s:.2f}",
            )

    def _ask_add(self) -> None:
        self._ask.ask(
            "When is there another repetition? Start and end, seconds",
            lambda text: self._with_span(text, self._add),
            "12.5-15.0",
        )

    def _ask_name(self) -> None:
        now = self.reviewed.analyzed.recording.exercise if self.reviewed else ""
        self._ask.ask(
            "What was exercised?", lambda name: self._edit(Rename(name)), "e.g. hip thrust", now
        )

    def _with_span(self, text: str, edit: Callable[[Span], None]) -> None:
        try:
            span = parse_span(text)
        except EditError as error:
            self._failed(error)
        else:
            edit(span)

    def _add(self, span: Span) -> None:
        self._edit(Add(span), span)

    def _move(self, rep: Span, to: Span) -> None:
        self._edit(Move(rep, to), to)

    def _moved(self, number: int, to: Span) -> None:
        self.select(number)
        if self._rep is not None:
            self._move(span_of(self._rep), to)

    def _left(self) -> None:
        self._set_working("left")

    def _right(self) -> None:
        self._set_working("right")

    def _set_working(self, side: Side) -> None:
        if self._rep is not None:
            self._edit(SetWorking(span_of(self._rep), side))

    def _undo(self) -> None:
        self._edit(Undo())

    def _redo(self) -> None:
        self._edit(Redo())

    def _write_note(self) -> None:
        self._views.show_view(_NOTES)
        self._notes.line.setFocus()

    # --- files and other sessions

    def _export(self) -> None:
        self._say("")
        self._jobs.add(
            "Writing CSVs …",
            lambda: self._review.export(self._jobs.progress),
            self._tell_files,
            self._failed,
        )

    def _report(self) -> None:
        self._say("")
        reviewed = self.reviewed
        if reviewed is not None:
            self._jobs.add(
                "Drawing the report …",
                lambda: _write_report(reviewed),
                self._tell_files,
                self._failed,
            )

    def _tell_files(self, files: list[Path]) -> None:
        folder = files[0].parent
        self._written = folder
        names = ", ".join(file.name for file in files)
        self._say(f"Written into {_breakable(folder)}: {names}  [O: open the folder]")

    def _open_folder(self) -> None:
        folder = self._written
        if folder is not None:
            url = QtCore.QUrl.fromLocalFile(str(folder.resolve()))
            if not QtGui.QDesktopServices.openUrl(url):
                self._say(f"⚠ No program opens folders here: {_breakable(folder)}", wrong=True)

    def _view_chosen(self, title: str) -> None:
        """Compare with earlier sessions as soon as somebody looks."""
        if title == _EARLIER and self.reviewed is not None and not self._compared:
            self._compared = True
            self._trend.say("Measuring the earlier sessions …")
            self._comparing.add(
                "Comparing …",
                lambda: self._review.compare(self._comparing.progress),
                self._compared_with,
                self._cannot_compare,
            )

    def _compared_with(self, history: History) -> None:
        self._history = history
        self._show_history()

    def _cannot_compare(self, error: Exception) -> None:
        self._compared = False
        self._trend.say(f"No comparison: {error or repr(error)}")
        if not isinstance(error, GlutesymError):
            raise error

    def _show_history(self) -> None:
        if self._history is not None and self.reviewed is not None:
            history = with_newest(self._history, self.reviewed)
            here = self.reviewed.analyzed.path.resolve()
            own = (one for one in history.sets if one.path.resolve() == here)
            self._trend.show_history(history, next(own, None))

    # --- menu, help, end

    @property
    def _rep(self) -> RepMeasure | None:
        reps = self.reviewed.reps if self.reviewed else ()
        return next((rep for rep in reps if rep.number == self.selected), None)

    def _step(self, way: int) -> None:
        """Select the next one, in the order of the table."""
        numbers = self._table.numbers()
        if not numbers:
            return
        at = numbers.index(self.selected) + way if self.selected in numbers else 0
        self.select(numbers[min(max(at, 0), len(numbers) - 1)])

    def _menu_by_key(self) -> None:
        self._open_menu(self.bar.mapToGlobal(QtCore.QPoint(0, 0)))

    def _open_menu(self, at: QtCore.QPoint) -> None:
        menu = QtWidgets.QMenu(self)
        menu.setObjectName("review_menu")
        for action in self.actions_now:
            if action.name not in ("menu", "back"):
                item = menu.addAction(f"{action.words}\t{action.key_name}")
                item.setEnabled(action.enabled)
                item.triggered.connect(action.run)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(at)

    def _toggle_help(self) -> None:
        self._help.show_keys(self.actions_now, self._unit)

    def _leave(self) -> None:
        self.stop()
        self._back()


def _facts(reviewed: Reviewed) -> str:
    """Say what was done, how much of it counts, and when sides start."""
    analyzed = reviewed.analyzed
    summary = analyzed.measures.summary
    what = analyzed.recording.exercise or "no exercise given"
    who = f", {analyzed.meta.subject}" if analyzed.meta.subject else ""
    when = f"{analyzed.meta.started_utc.astimezone():%Y-%m-%d %H:%M}"
    said = [
        f"{what}{who}, {when}, {wording.count_text(summary.n_reps, summary.n_excluded)}",
        "" if is_one_leg(what) else wording.lag_sentence(summary),
        wording.swapped_sentence(analyzed.measures),
    ]
    return ". ".join(sentence for sentence in said if sentence)


def _rep_words(rep: RepMeasure) -> str:
    larger = wording.leg_text(rep) if rep.one_leg else wording.larger_text(rep.symmetry_index_pct)
    words = [f"Rep {rep.number}", f"{rep.start_s:.2f}–{rep.end_s:.2f} s", larger]
    if not rep.one_leg:
        words.append(wording.later_text(rep.lag_ms))
    return ", ".join([*words, wording.quality_text(rep)])


def _breakable(path: Path) -> str:
    """Return a path that may be broken across lines behind its separators."""
    return str(path).replace("/", "/\N{ZERO WIDTH SPACE}").replace("\\", "\\\N{ZERO WIDTH SPACE}")


def _write_report(reviewed: Reviewed) -> list[Path]:
    try:
        from glutesym.report.write import write_report
    except ModuleNotFoundError as error:
        raise MissingPartError(
            f"What draws reports ({error.name})", 'pip install "glutesym[report]"'
        ) from error
    session = reviewed.analyzed
    return write_report([session], session.path.parent)
