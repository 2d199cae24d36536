"""What a reviewer can change: what is asked for it, and the edit that comes of the answer."""

from __future__ import annotations

from collections.abc import Callable

from glutesym.edits import (
    Add,
    Exclude,
    Include,
    Move,
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
from glutesym.errors import EditError
from glutesym.exercises import is_one_leg
from glutesym.gui.actions import Action, Key
from glutesym.gui.review_ask import AskBar
from glutesym.measures import RepMeasure, Side
from glutesym.session.review import Reviewed, parse_span

Make = Callable[[Step, Span | None], None]


class RepEdits:
    """Edits of repetitions and of the exercise.

    Parameters
    ----------
    ask : AskBar
        Asks for what an edit needs.
    make : callable
        Has an edit made; what is at the time that goes with it is selected afterwards, or what is
        selected now.
    refuse : callable
        Gets the EditError of an answer that makes no sense.
    """

    def __init__(self, ask: AskBar, make: Make, refuse: Callable[[Exception], None]) -> None:
        self._ask, self._make, self._refuse = ask, make, refuse

    def actions(self, reviewed: Reviewed | None, rep: RepMeasure | None) -> tuple[Action, ...]:
        """Return what can be edited in a state, while a repetition is selected."""
        edits = reviewed.analyzed.edits if reviewed else ()
        exercise = reviewed.analyzed.recording.exercise if reviewed else ""
        there, chosen = reviewed is not None, rep is not None
        legs = chosen and is_one_leg(exercise)
        out = rep is not None and "excluded" in rep.edits  # by the reviewer

        def of_rep(edit: Callable[[RepMeasure], None]) -> Callable[[], None]:
            return lambda: edit(rep) if rep is not None else None

        return (
            Action("exclude", "Exclude", Key.Key_E, of_rep(self._exclude), chosen and not out),
            Action("include", "Take back in", Key.Key_I, of_rep(self._include), out),
            Action("times", "Change times", Key.Key_T, of_rep(self._ask_times), chosen),
            Action("add", "Add a repetition", Key.Key_A, self._ask_add, there),
            Action("left", "Left leg worked", Key.Key_L, of_rep(self._leg("left")), legs),
            Action("right", "Right leg worked", Key.Key_R, of_rep(self._leg("right")), legs),
            Action("undo", "Undo", Key.Key_U, self._undo, bool(in_force(edits))),
            Action("redo", "Redo", Key.Key_Y, self._redo, can_redo(edits)),
            Action(
                "rename",
                "Rename the exercise",
                Key.Key_X,
                lambda: self._ask_name(exercise),
                there,
            ),
        )

    def add(self, span: Span) -> None:
        """Add a repetition."""
        self._make(Add(span), span)

    def move(self, rep: RepMeasure, to: Span) -> None:
        """Give a repetition another start and end."""
        self._make(Move(span_of(rep), to), to)

    def _exclude(self, rep: RepMeasure) -> None:
        self._ask.ask(
            f"Why does repetition {rep.number} not count?",
            lambda why: self._make(Exclude(span_of(rep), why), None),
            "e.g. slipped, talked, another movement",
        )

    def _include(self, rep: RepMeasure) -> None:
        self._make(Include(span_of(rep)), None)

    def _ask_times(self, rep: RepMeasure) -> None:
        self._ask.ask(
            f"When does repetition {rep.number} take place? Start and end, seconds",
            lambda text: self._with_span(text, lambda to: self.move(rep, to)),
            "12.5-15.0",
            f"{rep.start_s:.2f}-{rep.end_s:.2f}",
        )

    def _ask_add(self) -> None:
        self._ask.ask(
            "When is there another repetition? Start and end, seconds",
            lambda text: self._with_span(text, self.add),
            "12.5-15.0",
        )

    def _ask_name(self, now: str) -> None:
        self._ask.ask(
            "What was exercised?",
            lambda name: self._make(Rename(name), None),
            "e.g. hip thrust",
            now,
        )

    def _with_span(self, text: str, edit: Callable[[Span], None]) -> None:
        try:
            span = parse_span(text)
        except EditError as error:
            self._refuse(error)
        else:
            edit(span)

    def _leg(self, side: Side) -> Callable[[RepMeasure], None]:
        return lambda rep: self._make(SetWorking(span_of(rep), side), None)

    def _undo(self) -> None:
        self._make(Undo(), None)

    def _redo(self) -> None:
        self._make(Redo(), None)
