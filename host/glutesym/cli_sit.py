"""The command that watches how long and how evenly somebody sits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live
from rich.text import Text

from glutesym.cli_shared import (
    Ports,
    SubjectCode,
    Usb,
    View,
    err,
    folder_option,
    out,
    require_both_sides,
    show,
)
from glutesym.wording import time_text, waiting_sentence

if TYPE_CHECKING:
    from glutesym.analysis.sitting import SittingState
    from glutesym.analysis.sitting_guide import SittingGuide, SittingPrompt
    from glutesym.live_state import LiveState
    from glutesym.session.run import Surroundings

app = typer.Typer(rich_markup_mode="markdown")


@app.command(
    epilog="Examples:\n\n`glutesym sit`\n\n`glutesym sit --minutes 20 --subject S07`\n\n"
    "`glutesym sit --virtual --minutes 0.3`"
)
def sit(
    minutes: Annotated[
        float, typer.Option(help="Sitting for so long, a break is due.", min=0.1)
    ] = 30.0,
    subject: SubjectCode = "",
    folder: Annotated[Path, folder_option("Where the table is.")] = Path("sessions"),
    duration: Annotated[
        float | None, typer.Option(help="Seconds; until Ctrl-C when not given.", min=1)
    ] = None,
    usb: Usb = False,
    port: Ports = None,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="Try it with virtual pods, without hardware.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the virtual pods.", min=0)] = 1,
) -> None:
    """Watch your sitting: for how long, leaning to which side, and when a break is due.

    First stand upright for five seconds and bend forward twice: that is what sitting is told
    from. No session is recorded. Ctrl-C ends it, sums up, and appends a row to
    `sitting_<subject>.csv`.
    """
    from glutesym.analysis.sitting import SittingSettings
    from glutesym.analysis.sitting_guide import SittingGuide
    from glutesym.session.run import RealSurroundings, RunningSession
    from glutesym.session.sitting_log import append_sitting, check_sitting_table

    surroundings: Surroundings
    if virtual:
        from glutesym.virtual.scenarios.catalog import build_scenario
        from glutesym.virtual.surroundings import VirtualSurroundings

        scenario = build_scenario("sitting", seed=seed).ended_after(duration)
        surroundings = VirtualSurroundings(scenario, seed, None)
        subject = subject or "virtual"
    else:
        require_both_sides("glutesym sit --virtual")
        surroundings = RealSurroundings(duration, usb or bool(port), port or [])
    check_sitting_table(folder, subject)
    guide = SittingGuide(SittingSettings(break_after_min=minutes))
    started = datetime.now().astimezone()
    with Live(console=out, transient=True, refresh_per_second=5) as live:
        watch = _watch(guide, minutes, live)
        running = RunningSession(surroundings, None, "sitting", follower=guide)
        show(running, View.NONE, watch)
        watch(running.poll())
    state = guide.finish()
    if state is None or not state.seen_s:
        err.print("Ended before sitting could be watched; nothing was written.")
        raise typer.Exit(1)
    _print(state)
    path = append_sitting(folder, subject, started, minutes, state)
    out.print(f"A row was added to {path}.", soft_wrap=True)


def _watch(guide: SittingGuide, minutes: float, live: Live) -> Callable[[LiveState], None]:
    told = 0

    def watch(session: LiveState) -> None:
        nonlocal told
        prompt = guide.prompt(session.time_s)
        state = prompt.state if prompt else None
        if state is not None and len(state.reminders_s) > told:
            told = len(state.reminders_s)
            live.console.bell()
            live.console.print(_break_text(state), soft_wrap=True)
        words = waiting_sentence(session) if prompt is None else _prompt_text(prompt, minutes)
        live.update("\n".join(part for part in (words, session.message) if part))

    return watch


def _prompt_text(prompt: SittingPrompt, minutes: float) -> str:
    if prompt.word == "stand":
        again = f"{prompt.problem} " if prompt.problem else ""
        return f"{again}stand upright and still, {ceil(prompt.left_s)} s".capitalize()
    if prompt.word == "bend" or prompt.state is None:
        return f"Bend forward and come up, twice, {ceil(prompt.left_s)} s"
    state = prompt.state
    posture = {True: "Sitting", False: "Up", None: "Not seen"}[state.sitting]
    parts = [posture, f"sat {time_text(state.total_s)}", f"this bout {time_text(state.bout_s)}"]
    parts.append(_lean_text(state))
    every_s = 60 * minutes
    parts.append(f"next break in {time_text(every_s - state.bout_s % every_s)}")
    return " | ".join(parts)


def _break_text(state: SittingState) -> Text:
    from glutesym.analysis.sitting_guide import break_tip

    start_s, end_s = state.bouts[-1]
    sat = time_text(end_s - start_s)
    told = f" after {sat} of sitting. {break_tip(state)}"
    return Text.assemble(("A break is due", "bold"), told)


def _lean_text(state: SittingState) -> str:
    lean_deg = state.lean_deg.value
    if lean_deg is None:
        return f"lean not known: {state.lean_deg.reason}"
    return f"lean {abs(lean_deg):.0f}° to the {'right' if lean_deg > 0 else 'left'}"


def _print(state: SittingState) -> None:
    bouts = "1 bout" if len(state.bouts) == 1 else f"{len(state.bouts)} bouts"
    out.print(
        f"Sat {time_text(state.total_s)} of {time_text(state.seen_s)}, in {bouts}, the longest "
        f"{time_text(state.longest_s)}; breaks due: {len(state.reminders_s)}; "
        f"{_lean_text(state)}.",
        soft_wrap=True,
    )
