"""The command that edits a session: which repetitions count, where they are, what was done."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from glutesym.cli_shared import (
    RecordedMains,
    RecordedPlacement,
    SessionFile,
    err,
    measure,
    out,
    say,
)
from glutesym.errors import EditError

if TYPE_CHECKING:
    from glutesym.edits import Step
    from glutesym.measures import RepMeasure
    from glutesym.session.analyze import AnalyzedSession

app = typer.Typer(rich_markup_mode="markdown")


def _reviewer(value: str) -> str:
    from glutesym.session.subject import subject_code

    return subject_code(value)


@app.command(
    epilog="Examples:\n\n`glutesym review session.glutesym --exclude 3 --because slipped`\n\n"
    "`glutesym review session.glutesym --add 12.5-15.0`\n\n"
    "`glutesym review session.glutesym --move 4 12.5-15.0`\n\n"
    "`glutesym review session.glutesym --undo`"
)
def review(
    session: SessionFile,
    exclude: Annotated[
        list[int] | None,
        typer.Option(help="A repetition that does not count; needs --because.", metavar="REP"),
    ] = None,
    because: Annotated[str, typer.Option(help="Why it does not count.", metavar="WHY")] = "",
    include: Annotated[
        list[int] | None,
        typer.Option(help="A repetition that was excluded and counts again.", metavar="REP"),
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(help="Add a repetition: its start and end.", metavar="START-END"),
    ] = None,
    move: Annotated[
        tuple[int, str] | None,
        typer.Option(help="Give a repetition another start and end.", metavar="REP START-END"),
    ] = None,
    working: Annotated[
        tuple[int, str] | None,
        typer.Option(help="On one leg: the side that worked in it.", metavar="REP SIDE"),
    ] = None,
    rename: Annotated[
        str | None, typer.Option(help="What was exercised.", metavar="EXERCISE")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Add a note.", metavar="TEXT")] = None,
    at: Annotated[
        float | None, typer.Option(help="The moment that the note is about.", metavar="SECONDS")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the newest edit back.")] = False,
    redo: Annotated[bool, typer.Option("--redo", help="Bring back what was taken back.")] = False,
    list_edits: Annotated[
        bool, typer.Option("--list", help="List the edits and the repetitions.")
    ] = False,
    by: Annotated[
        str,
        typer.Option(
            help="Who edits: a code such as R2, never a name.",
            envvar="GLUTESYM_REVIEWER",
            callback=_reviewer,
            show_default="not given",
        ),
    ] = "",
    mains_hz: RecordedMains = None,
    placement: RecordedPlacement = None,
) -> None:
    """Review a session: exclude, add or move repetitions, rename the exercise, add notes.

    Without an edit it opens in a window; where there is no screen, it is listed.

    Repetitions have the numbers that `glutesym analyze` shows; times are seconds of the session.
    What was recorded never changes: edits are kept beside it in the same file, and each can be
    taken back. Everything that is computed later follows them.
    """
    from glutesym.edits import (
        Add,
        Exclude,
        Include,
        Move,
        Note,
        Redo,
        Rename,
        SetWorking,
        Undo,
        span_of,
    )
    from glutesym.session.review import parse_span

    if because and not exclude:
        raise EditError("--because says why a repetition is excluded: name it with --exclude")
    if exclude and not because.strip():
        raise EditError('say why it does not count: --exclude REP --because "slipped"')
    if at is not None and note is None:
        raise EditError("--at says when a note was made: write it with --note")
    changes = exclude, include, add, move, working, undo, redo
    changed = any(changes) or rename is not None or note is not None
    if not (changed or list_edits) and _shown(session, placement, by, mains_hz):
        return
    analyzed = measure(session, mains_hz, placement)
    reps = analyzed.measures.reps
    steps: list[Step] = []
    if rename is not None:
        steps.append(Rename(rename.strip()))
    steps += [Exclude(span_of(_rep(reps, n)), because.strip()) for n in exclude or ()]
    steps += [Include(span_of(_rep(reps, n))) for n in include or ()]
    steps += [Add(parse_span(text)) for text in add or ()]
    if move is not None:
        steps.append(Move(span_of(_rep(reps, move[0])), parse_span(move[1])))
    if working is not None:
        if working[1] not in ("left", "right"):
            raise EditError(f"the working side is left or right, not {working[1]}")
        side = "left" if working[1] == "left" else "right"
        steps.append(SetWorking(span_of(_rep(reps, working[0])), side))
    if note is not None:
        steps.append(Note(note.strip(), at))
    steps += [Undo()] if undo else []
    steps += [Redo()] if redo else []
    if undo + redo and len(steps) > 1:
        raise EditError("--undo and --redo stand alone, without other edits")
    if steps:
        analyzed = _edited(analyzed, steps, by)
    if list_edits or not steps:
        _print_edits(analyzed)
    _print_state(analyzed)


def _shown(path: Path, placement: str | None, by: str, mains_hz: int | None) -> bool:
    """Show the window until it is closed; False, and why, when there can be none."""
    from glutesym.gui.display import display_problem
    from glutesym.session.store import open_session

    with open_session(path):
        pass  # a mistake is told here, not in a window
    if problem := display_problem():
        say(err, f"No window: {problem}")
        return False
    from glutesym.gui.review_window import run_review

    run_review(path, placement, by, mains_hz)
    return True


def _edited(analyzed: AnalyzedSession, steps: Iterable[Step], by: str) -> AnalyzedSession:
    """Make all edits, or none of them."""
    from glutesym.edits import Edit
    from glutesym.session.analyze import with_edits
    from glutesym.session.edit_log import append_edits, check_edit

    before = analyzed.edits
    for step in steps:
        check_edit(analyzed, step)
        with err.status("Measuring …"):
            edit = Edit(datetime.now(UTC), by, step)
            analyzed = with_edits(analyzed, [*analyzed.edits, edit])
    append_edits(analyzed.path, analyzed.edits[len(before) :], before)
    return analyzed


def _rep(reps: Iterable[RepMeasure], number: int) -> RepMeasure:
    by_number = {rep.number: rep for rep in reps}
    if number not in by_number:
        there = f"there are 1 to {len(by_number)}" if by_number else "there is none"
        raise EditError(f"there is no repetition {number}: {there}")
    return by_number[number]


def _print_edits(analyzed: AnalyzedSession) -> None:
    from glutesym.edits import Redo, Undo, describe, in_force

    valid = {id(edit) for edit in in_force(analyzed.edits)}
    if not analyzed.edits:
        out.print("No edits: the session is as it was measured.")
    for edit in analyzed.edits:
        when = f"{edit.made_utc.astimezone():%Y-%m-%d %H:%M:%S}"
        who = f" {edit.by}" if edit.by else ""
        is_step_back = isinstance(edit.step, Undo | Redo)
        undone = "" if id(edit) in valid or is_step_back else " (taken back)"
        out.print(f"{when}{who}: {describe(edit.step)}{undone}")


def _print_state(analyzed: AnalyzedSession) -> None:
    from glutesym.printing import print_reps
    from glutesym.wording import verdict_sentence

    exercise = analyzed.recording.exercise or "no exercise given"
    verdict = verdict_sentence(analyzed.measures.summary, analyzed.unit)
    out.print(Text.assemble((exercise, "bold"), f": {verdict}"))
    print_reps(out, analyzed.measures.reps)
