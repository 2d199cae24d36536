"""The command that plays a recorded session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from glutesym.cli_shared import (
    SessionFile,
    Speed,
    Target,
    Terminal,
    ThemeName,
    View,
    Where,
    err,
    kept,
    measure,
    out,
    show,
    view_options,
)
from glutesym.printing import print_files, print_result
from glutesym.view_options import ThemeChoice, ViewOptions
from glutesym.wording import time_text

if TYPE_CHECKING:
    from glutesym.live_state import LiveState
    from glutesym.session.run import RunningSession
    from glutesym.session.tape import Tape

app = typer.Typer(rich_markup_mode="markdown")


@app.command(
    epilog="Examples:\n\n`glutesym replay sessions/2026-05-04_18-30-09_bridge.glutesym`\n\n"
    "`glutesym replay session.glutesym --speed 4 --terminal`\n\n"
    "`glutesym replay session.glutesym --speed 0 --view none --record copies`"
)
def replay(
    session: SessionFile,
    speed: Speed = 1.0,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record",
            "-o",
            help="A folder: record the replay there, into a session file of its own.",
            show_default="only show it",
        ),
    ] = None,
    terminal: Terminal = False,
    view: Where = View.AUTO,
    target: Target = "",
    theme: ThemeName = ThemeChoice.AUTO,
) -> None:
    """Play a recorded session as if its pods were there, and print its result.

    What is measured is the same to the last bit, at any speed. Ctrl-C or closing the window ends
    the replay.
    """
    from glutesym.session.names import session_path
    from glutesym.session.normalised import live_unit
    from glutesym.session.replay import replay_session
    from glutesym.session.tape import load_tape

    tape = load_tape(session)
    copy = record and session_path(
        record, tape.meta.started_utc, f"replay of {tape.meta.exercise}"
    )
    replayed = replay_session(tape, speed or None, copy)
    unit = live_unit(session.parent, tape.meta.subject, tape.meta.placement, tape.meta.started_utc)
    options = view_options(target, theme, unit=unit)
    with kept(copy):
        _show(replayed, tape, View.TERMINAL if terminal else view, options)
        played_s = replayed.poll().time_s
        early = played_s < tape.duration_s
        if early:
            out.print(f"Ended after {time_text(played_s)} of {time_text(tape.duration_s)}.")
        if copy and early:
            print_result(out, measure(copy))
        elif not early:
            print_result(out, measure(session))
        if copy:
            print_files(out, [copy])


def _show(session: RunningSession, tape: Tape, view: View, options: ViewOptions) -> None:
    with Progress(console=err, transient=True, disable=view is not View.NONE) as progress:
        task = progress.add_task("Replaying", total=tape.duration_s)

        def watch(state: LiveState) -> None:
            progress.update(task, completed=state.time_s)

        show(session, view, watch, options)
