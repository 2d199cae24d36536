"""Review of one session: what it says, repetition by repetition, and what can be edited.

The page shows immutable `Reviewed` states. Edits and exports run in a thread beside it, one after
the other, comparisons in another; each state that comes back replaces the one that is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from glutesym import wording
from glutesym.advice import Advice
from glutesym.edits import Note, Span, Step, span_of
from glutesym.errors import GlutesymError
from glutesym.gui import style
from glutesym.gui.actions import Action, ActionBar, Key
from glutesym.gui.jobs import Jobs
from glutesym.gui.page import AdvicePanel
from glutesym.gui.qt import QtCore, QtGui, QtWidgets
from glutesym.gui.review_ask import AskBar
from glutesym.gui.review_earlier import EarlierSets
from glutesym.gui.review_edits import RepEdits
from glutesym.gui.review_files import ReviewFiles
from glutesym.gui.review_help import ReviewHelp
from glutesym.gui.review_layout import review_sheet, unit_for
from glutesym.gui.review_views import EARLIER, NOTES, ReviewViews
from glutesym.gui.review_words import facts_text, rep_text
from glutesym.measures import RepMeasure
from glutesym.session.review import Review, Reviewed

_FEW_BUTTONS_PX = 1000  # below it, only the most used have a button; all are in the menu
_ALL_BUTTONS_PX = 1200


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
    mains_hz : int, optional
        See `glutesym.session.measured.measure_session`.

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
        mains_hz: int | None = None,
    ) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.reviewed: Reviewed | None = None
        self.selected: int | None = None
        self._back = back
        self._back_words = back_words
        self._unit, self._sheet = 1.0, ""
        self._said = ""  # shown while nothing is being done ...
        self._wrong = False  # ... and whether it is an error
        self._jobs, self._comparing = Jobs(self), Jobs(self)
        self._verdict = style.label("", "large", "review_verdict")
        self._facts = style.label("", "body", "review_facts")
        self._chosen = style.label("", "small", "review_chosen")
        self._status = style.label("", "small", "review_status")
        self._advice = AdvicePanel()
        self._ask = AskBar()
        self.views = ReviewViews()
        self._review = review = Review(path, placement, by, mains_hz)
        self._edits = RepEdits(self._ask, self._edit, self._failed)
        self._files = ReviewFiles(review, self._jobs, self._say, self._failed)
        self._earlier = EarlierSets(review, self._comparing, self.views.trend)
        self.bar = ActionBar()
        self._help = ReviewHelp(self)
        column = QtWidgets.QVBoxLayout(self)
        for part in (self._verdict, self._facts, self._advice):
            column.addWidget(part)
        column.addWidget(self.views, 1)
        for part in (self._chosen, self._ask, self._status, self.bar):
            column.addWidget(part)
        self._connect()
        self._say(f"Measuring {path.name} …")
        self.views.setEnabled(False)
        self._jobs.add("Measuring …", self._review.open, self._opened, self._cannot_open)
        self._refresh()

    def _connect(self) -> None:
        self.views.picked.connect(self.select)
        self.views.chosen.connect(self._view_chosen)
        self.views.timeline.moved.connect(self._moved)
        self.views.timeline.drawn.connect(self._edits.add)
        self.views.timeline.asked.connect(self._open_menu)
        self.views.notes.written.connect(lambda words: self._edit(Note(words)))
        self.views.notes.left.connect(self.setFocus)
        self._ask.closed.connect(self.setFocus)
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
        self.views.restyle(unit)
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
        self.views.select(self.selected)
        rep = self._rep
        self._chosen.setText(rep_text(rep) if rep else "No repetition is selected  [↑ ↓]")
        self._refresh()

    def _opened(self, reviewed: Reviewed) -> None:
        self._say("")
        self.views.setEnabled(True)
        self._show(reviewed, None)
        if reviewed.reps:
            self.select(reviewed.reps[0].number)
        self._view_chosen(self.views.shown)

    def _show(self, reviewed: Reviewed, at: Span | None) -> None:
        """Show another state; what is at that time is selected."""
        self.reviewed = reviewed
        measures = reviewed.analyzed.measures
        unit = reviewed.analyzed.unit
        self._verdict.setText(wording.verdict_sentence(measures.summary, unit))
        self._facts.setText(facts_text(reviewed))
        self.views.show_reviewed(reviewed)
        self._earlier.show_reviewed(reviewed)
        same = (rep.number for rep in reviewed.reps if at and at.is_same(span_of(rep)))
        self.select(next(same, self.selected))
        if not reviewed.reps:
            self._chosen.setText(
                "No repetition was found: draw one on the timeline with the mouse, or press A."
            )
        self.changed.emit()

    def _cannot_open(self, error: Exception) -> None:
        self._say("")
        for part in (self._verdict, self._facts, self.views, self._chosen):
            part.hide()
        self._advice.show_advice(
            Advice("This session cannot be reviewed", (str(error) or repr(error),))
        )
        self._refresh()
        if not isinstance(error, GlutesymError):
            raise error

    def _say(self, words: str, wrong: bool = False) -> None:
        style.set_property(self._status, "role", "wrong" if wrong else "small")
        self._said, self._wrong = words, wrong
        self._refresh()

    def _refresh(self) -> None:
        """Show what can be done now and what is being done."""
        said = self._jobs.words or self._said
        self._status.setText(said)
        self._status.setVisible(bool(said))
        self.bar.set_actions(self._on_buttons())
        self.changed.emit()

    # --- what can be done

    @property
    def actions_now(self) -> tuple[Action, ...]:
        """Everything that a key does, as far as it makes sense now."""
        there = self.reviewed is not None
        *edits, rename = self._edits.actions(self.reviewed, self._rep)
        return (
            *edits,
            Action("note_down", "Write a note", Key.Key_N, self._write_note, there),
            rename,
            Action("scale", "Scale of the curves", Key.Key_S, self.views.curves.next_scale, there),
            *self._files.actions(self.reviewed),
            Action("menu", "Menu", Key.Key_M, self._menu_by_key, there),
            Action("keys", "Keys", Key.Key_H, self._toggle_help),
            Action("back", self._back_words, Key.Key_Escape, self._step_back),
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
        if not self.views.handle(key):
            super().keyPressEvent(event)

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
            keys = ["keys"] if self.width() >= _ALL_BUTTONS_PX else []
            names = [first, "undo", "redo", "csv", "report", "menu", *keys, "back"]
        return [actions[name] for name in names]

    def _arrange(self) -> None:
        narrow = self.width() < style.NARROW_PX
        style.set_property(self._verdict, "role", "title" if narrow else "large")
        self.views.arrange(self.size(), self._unit)
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

    def _moved(self, number: int, to: Span) -> None:
        self.select(number)
        if self._rep is not None:
            self._edits.move(self._rep, to)

    def _write_note(self) -> None:
        self.views.show_view(NOTES)
        self.views.notes.line.setFocus()

    # --- menu, help, end

    def _step_back(self) -> None:
        """End, but for the first press after an error: that takes it away."""
        if self._wrong and self.reviewed is not None:
            self._say("")
        else:
            self._leave()

    def _view_chosen(self, title: str) -> None:
        if title == EARLIER:
            self._earlier.look()

    @property
    def _rep(self) -> RepMeasure | None:
        reps = self.reviewed.reps if self.reviewed else ()
        return next((rep for rep in reps if rep.number == self.selected), None)

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
