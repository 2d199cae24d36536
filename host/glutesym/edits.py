"""What a reviewer changes about a set: which repetitions count, where they are, what was done.

An edit never changes what was recorded. Edits are a list that only grows; taking one back is an
entry of that list, too. A repetition is named by the time it takes, never by its number, so an
edit finds it again when repetitions are looked for anew, by a later version or at another rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from glutesym.analysis.reps import Movement
from glutesym.errors import EditError
from glutesym.exercises import is_one_leg
from glutesym.measures import Flaw, RepEdit, RepMeasure, Side

MIN_LENGTH_S = 0.3  # no gluteal contraction that could be measured is shorter
MOST_CHARACTERS = 500  # of a reason or a note
MOST_OF_A_NAME = 80  # characters of an exercise

_SAME = 0.5  # of the shorter of two spans: so much in common, and they are one repetition


@dataclass(frozen=True)
class Span:
    """When a repetition takes place, session time."""

    start_s: float
    end_s: float

    def common_s(self, other: Span | Movement) -> float:
        """Return how long both take place at once."""
        return max(0.0, min(self.end_s, other.end_s) - max(self.start_s, other.start_s))

    def is_same(self, other: Span | Movement) -> bool:
        """Whether both are one repetition, found at slightly other times."""
        shorter_s = min(self.end_s - self.start_s, other.end_s - other.start_s)
        return self.common_s(other) > _SAME * shorter_s


@dataclass(frozen=True)
class Exclude:
    """A repetition does not count."""

    rep: Span
    because: str


@dataclass(frozen=True)
class Include:
    """A repetition that a reviewer excluded counts again."""

    rep: Span


@dataclass(frozen=True)
class Add:
    """There is a repetition that was not found."""

    rep: Span


@dataclass(frozen=True)
class Move:
    """A repetition begins and ends at other times."""

    rep: Span  # as it was
    to: Span


@dataclass(frozen=True)
class SetWorking:
    """Of an exercise on one leg: which side worked."""

    rep: Span
    side: Side


@dataclass(frozen=True)
class Rename:
    """Something else was done than the recorder was told."""

    exercise: str


@dataclass(frozen=True)
class Note:
    """Words of the reviewer, for the whole session or a moment of it."""

    text: str
    time_s: float | None = None


@dataclass(frozen=True)
class Undo:
    """The newest edit that is in force is taken back."""


@dataclass(frozen=True)
class Redo:
    """The edit that was taken back last is in force again; only until something new is changed."""


RepChange = Exclude | Include | Add | Move | SetWorking
Change = RepChange | Rename | Note
Step = Change | Undo | Redo


@dataclass(frozen=True)
class Edit:
    """One entry of the list."""

    made_utc: datetime
    by: str  # a reviewer's code, never a name; "": not given
    step: Step


@dataclass(frozen=True)
class ReviewedRep:
    """A repetition as it is to be measured."""

    movement: Movement
    edits: tuple[RepEdit, ...] = ()  # what a reviewer did with it
    excluded: str | None = None  # why a reviewer excluded it; None: it was not
    working: Side | None = None  # the side that worked, if a reviewer said it

    @property
    def flaws(self) -> tuple[Flaw, ...]:
        """What the reviewer holds against it."""
        if self.excluded is None:
            return ()
        return (Flaw("unusable", f"the reviewer's decision: {self.excluded}"),)


def in_force(edits: Sequence[Edit]) -> list[Edit]:
    """Return the edits that are not taken back, in the order in which they were made."""
    return _fold(edits)[0]


def can_redo(edits: Sequence[Edit]) -> bool:
    """Whether there is an edit to bring back."""
    return bool(_fold(edits)[1])


def reviewed_exercise(recorded: str, edits: Sequence[Edit]) -> str:
    """Return what was exercised: what a reviewer says, or else what was recorded."""
    names = [edit.step.exercise for edit in in_force(edits) if isinstance(edit.step, Rename)]
    return names[-1] if names else recorded


def review(found: Sequence[Movement], edits: Sequence[Edit]) -> list[ReviewedRep]:
    """Return a set's repetitions as a reviewer left them.

    Parameters
    ----------
    found : sequence of Movement
        The repetitions that were found, in order.
    edits : sequence of Edit
        All of them, also those that were taken back.

    Returns
    -------
    list of ReviewedRep
        In order, without overlap. An edit whose repetition is not there any more does nothing;
        where one that was found overlaps with one that a reviewer placed, the reviewer's is kept
        whole.
    """
    reps = [ReviewedRep(movement) for movement in found]
    for edit in in_force(edits):
        if not isinstance(edit.step, Rename | Note | Undo | Redo):
            reps = _changed(reps, edit.step)
    return reps


def check(
    step: Step,
    reps: Sequence[RepMeasure],
    edits: Sequence[Edit],
    exercise: str,
    recorded_s: tuple[float, float],
) -> None:
    """Refuse an edit that would do nothing or that makes no sense.

    Parameters
    ----------
    step : Step
        To be added.
    reps : sequence of RepMeasure
        As measured with the edits so far.
    edits : sequence of Edit
        So far.
    exercise : str
        With the edits so far.
    recorded_s : (from, to)
        When the first signal begins, and the end of the session.

    Raises
    ------
    EditError
        With what is wrong and what to do.
    """
    if isinstance(step, Undo) and not in_force(edits):
        raise EditError("there is no edit to take back")
    if isinstance(step, Redo) and not can_redo(edits):
        raise EditError("no edit was taken back since the last change")
    if isinstance(step, Rename):
        _check_text(step.exercise, "a name for the exercise", MOST_OF_A_NAME)
        if step.exercise == exercise:
            raise EditError(f"the exercise is called {exercise} already")
    if isinstance(step, Note):
        _check_text(step.text, "a note", MOST_CHARACTERS)
        if step.time_s is not None and not 0 <= step.time_s <= recorded_s[1]:
            raise EditError(
                f"{step.time_s:g} s is outside of the session, 0 to {recorded_s[1]:.1f} s"
            )
    if isinstance(step, Add):
        _check_place(step.rep, reps, recorded_s)
    elif isinstance(step, Exclude | Include | Move | SetWorking):
        _check_of_rep(step, reps, exercise, recorded_s)


def describe(step: Step) -> str:
    """Say in a few words what an edit does."""
    match step:
        case Exclude(rep, because):
            return f"excluded the repetition at {_text(rep)}: {because}"
        case Include(rep):
            return f"took the repetition at {_text(rep)} back in"
        case Add(rep):
            return f"added a repetition at {_text(rep)}"
        case Move(rep, to):
            return f"moved the repetition at {_text(rep)} to {_text(to)}"
        case SetWorking(rep, side):
            return f"the {side} side worked in the repetition at {_text(rep)}"
        case Rename(exercise):
            return f"renamed the exercise: {exercise}"
        case Note(text, time_s):
            return f"note: {text}" if time_s is None else f"note at {time_s:.2f} s: {text}"
        case Undo():
            return "undo"
        case Redo():
            return "redo"


def span_of(rep: RepMeasure) -> Span:
    """Return how edits name a repetition."""
    return Span(rep.start_s, rep.end_s)


def _fold(edits: Sequence[Edit]) -> tuple[list[Edit], list[Edit]]:
    """Return what is in force, and what was taken back and may come again, the next one last."""
    done: list[Edit] = []
    undone: list[Edit] = []
    for edit in edits:
        if isinstance(edit.step, Undo):
            if done:
                undone.append(done.pop())
        elif isinstance(edit.step, Redo):
            if undone:
                done.append(undone.pop())
        else:
            done.append(edit)
            undone.clear()
    return done, undone


def _changed(reps: list[ReviewedRep], change: RepChange) -> list[ReviewedRep]:
    at = _find(change.rep, [rep.movement for rep in reps])
    if isinstance(change, Add):
        if at is None:
            return _placed(reps, change.rep, ReviewedRep(Movement(0, 0), ("added",)))
        rest = reps[:at] + reps[at + 1 :]  # it was found after all: at the reviewer's times
        return _placed(rest, change.rep, _with(reps[at], "added"))
    if at is None:
        return reps
    rep = reps[at]
    if isinstance(change, Move):
        return _placed(reps[:at] + reps[at + 1 :], change.to, _with(rep, "moved"))
    if isinstance(change, Exclude):
        rep = replace(_with(rep, "excluded"), excluded=change.because)
    elif isinstance(change, Include):
        kept = tuple(edit for edit in rep.edits if edit != "excluded")
        rep = replace(rep, edits=kept, excluded=None)
    else:
        rep = replace(_with(rep, "working side set"), working=change.side)
    return [*reps[:at], rep, *reps[at + 1 :]]


def _with(rep: ReviewedRep, word: RepEdit) -> ReviewedRep:
    return replace(rep, edits=(*(edit for edit in rep.edits if edit != word), word))


def _placed(reps: list[ReviewedRep], span: Span, rep: ReviewedRep) -> list[ReviewedRep]:
    """Put a repetition where a reviewer says; what is found beside it makes room."""
    placed = replace(rep, movement=Movement(span.start_s, span.end_s))
    others: list[ReviewedRep] = []
    for other in reps:
        movement = other.movement
        if span.is_same(movement) and not {"added", "moved"} & set(other.edits):
            continue  # found at the same time as what is placed here
        if span.common_s(movement) and movement.start_s < span.start_s:
            movement = replace(movement, end_s=span.start_s)
        elif span.common_s(movement):
            movement = replace(movement, start_s=span.end_s)
        if movement.end_s > movement.start_s:
            others.append(replace(other, movement=movement))
    return sorted([*others, placed], key=lambda rep: rep.movement.start_s)


def _find(span: Span, among: Sequence[Span | Movement]) -> int | None:
    """Return which one a span means: the one that it has most in common with."""
    same = [i for i, other in enumerate(among) if span.is_same(other)]
    return max(same, key=lambda i: span.common_s(among[i]), default=None)


def _check_of_rep(
    step: Exclude | Include | Move | SetWorking,
    reps: Sequence[RepMeasure],
    exercise: str,
    recorded_s: tuple[float, float],
) -> None:
    at = _find(step.rep, [span_of(rep) for rep in reps])
    if at is None:
        raise EditError(f"there is no repetition at {_text(step.rep)}. Add one there")
    rep = reps[at]
    by_reviewer = "excluded" in rep.edits
    if isinstance(step, Exclude):
        _check_text(step.because, "a reason why it does not count", MOST_CHARACTERS)
        if by_reviewer:
            raise EditError(f"repetition {rep.number} is excluded already")
    elif isinstance(step, Include) and not by_reviewer:
        why = (
            f"is not excluded by a reviewer but by its data: {rep.reason}"
            if rep.excluded
            else "counts already"
        )
        raise EditError(f"repetition {rep.number} {why}")
    elif isinstance(step, Move):
        if step.to == span_of(rep):
            raise EditError(f"repetition {rep.number} is there already")
        _check_place(step.to, [*reps[:at], *reps[at + 1 :]], recorded_s)
    elif isinstance(step, SetWorking):
        if not is_one_leg(exercise):
            raise EditError(
                f"both sides work in an exercise called {exercise or 'nothing'}. If it was done "
                "on one leg, rename it first, e.g. to single-leg bridge"
            )
        if rep.working == step.side:
            raise EditError(f"the {step.side} side is the working one of it already")


def _check_place(
    span: Span, others: Sequence[RepMeasure], recorded_s: tuple[float, float]
) -> None:
    where, (first_s, last_s) = _text(span), recorded_s
    if not (first_s <= span.start_s < span.end_s <= last_s):
        raise EditError(
            f"{where} is no part of the session: expected a start before an end, within "
            f"{first_s:.1f} to {last_s:.1f} s"
        )
    if span.end_s - span.start_s < MIN_LENGTH_S:
        raise EditError(f"{where} is too short for a repetition: {MIN_LENGTH_S:g} s are the least")
    for other in others:
        if span.common_s(span_of(other)) > 0:
            raise EditError(
                f"{where} overlaps with repetition {other.number}, {_text(span_of(other))}. "
                "Move one of them first"
            )


def _check_text(text: str, what: str, most: int) -> None:
    if not text.strip():
        raise EditError(f"{what} is missing")
    if len(text) > most:
        raise EditError(f"{what} may have {most} characters at most, this has {len(text)}")
    if not text.isprintable():
        raise EditError(f"{what} may have letters, digits, signs and spaces only, on one line")


def _text(span: Span) -> str:
    return f"{span.start_s:.2f} to {span.end_s:.2f} s"
