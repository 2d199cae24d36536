"""The command that finds out what both glutes can do at most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from math import ceil, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live
from rich.table import Table
from rich.text import Text

from glutesym.cli_shared import (
    Ports,
    SubjectCode,
    Usb,
    View,
    err,
    folder_option,
    kept,
    measure,
    out,
    show,
)
from glutesym.errors import GlutesymError
from glutesym.session.subject import PLACEMENT
from glutesym.wording import uv_text, waiting_sentence

if TYPE_CHECKING:
    from glutesym.analysis.calibration import Position
    from glutesym.analysis.mvic_guide import MvicGuide, Prompt
    from glutesym.analysis.mvic_timetable import GuideSettings
    from glutesym.live_state import LiveState
    from glutesym.session.calibrate import Calibration
    from glutesym.session.studio import Studio

app = typer.Typer(rich_markup_mode="markdown")


_WIDE = 80  # columns from which the list has room for ages and spreads
_RINGS = ("squeeze", "let go")  # who lies prone sees no screen


class PositionName(StrEnum):
    """The positions, in one word each."""

    PRONE = "prone"  # in the order of `glutesym.analysis.calibration.POSITIONS`
    SQUEEZE = "squeeze"


@app.command(
    epilog="Examples:\n\n`glutesym calibrate --subject S07`\n\n"
    "`glutesym calibrate --skip prone --trials 5`\n\n`glutesym calibrate --virtual`\n\n"
    "`glutesym calibrate --list`\n\n"
    "`glutesym calibrate --from sessions/2026-05-04_18-30-09_mvic.glutesym`"
)
def calibrate(
    subject: SubjectCode = "",
    placement: Annotated[
        str | None,
        typer.Option(
            help="Where the electrodes are.", show_default=f"{PLACEMENT}; with --from as recorded"
        ),
    ] = None,
    positions: Annotated[
        list[PositionName] | None,
        typer.Option(help="Which positions, in this order; may be given twice."),
    ] = None,
    skip: Annotated[
        list[PositionName] | None, typer.Option(help="A position to leave out.")
    ] = None,
    trials: Annotated[int, typer.Option(help="Squeezes in each position.", min=2, max=10)] = 3,
    rest: Annotated[
        float | None,
        typer.Option(
            help="Seconds to relax before each squeeze.",
            min=4,
            show_default="30; with virtual pods 5",
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        folder_option(
            "Where the session is kept, and in `calibrations` there the result.",
            show_default="sessions, or where the session is",
        ),
    ] = None,
    session: Annotated[
        Path | None,
        typer.Option(
            "--from", help="Calibrate from a recorded session.", show_default="record one now"
        ),
    ] = None,
    listed: Annotated[
        bool,
        typer.Option(
            "--list", help="List what is stored instead: of everyone, or of the subject."
        ),
    ] = False,
    usb: Usb = False,
    port: Ports = None,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="Try it with virtual pods, without hardware.")
    ] = False,
    speed: Annotated[
        float,
        typer.Option(help="Of virtual pods, times real time; 0: as fast as possible.", min=0),
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the virtual pods.", min=0)] = 1,
) -> None:
    """Find out what both glutes can do at most, guided: the reference for `% MVIC`.

    Two positions, three maximal squeezes in each, of 5 s. Lying prone, knee bent, lift one thigh
    against something that does not give, left and right in turn; standing, squeeze both glutes.
    What is refused says why and is repeated. Ctrl-C ends it: what was measured until then is
    saved, unless there is a calibration already. Ends with 1 when nothing is saved.
    """
    from glutesym.analysis.calibration import POSITIONS
    from glutesym.session.calibrate import calibrate_session, keep_calibration
    from glutesym.session.calibration_store import calibration_path
    from glutesym.session.normalised import FOLDER

    if listed:
        _list((folder or Path("sessions")) / FOLDER, subject)
        return
    interrupted = False
    if session is None:
        names = [name for name in positions or PositionName if name not in (skip or [])]
        if not names:
            raise GlutesymError("Every position is left out. Leave one in: prone or squeeze.")
        chosen: tuple[Position, ...] = tuple(
            POSITIONS[list(PositionName).index(name)] for name in dict.fromkeys(names)
        )
        studio = _studio(virtual, seed, speed, usb, port or [])
        settings = replace(studio.guide, positions=chosen, trials=trials)
        if rest is not None:
            change_s = max(rest, studio.guide.change_s)
            settings = replace(settings, rest_s=rest, change_s=change_s)
        folder = folder or Path("sessions")
        where = PLACEMENT if placement is None else placement
        calibration_path(folder, subject, where)  # is it a name?
        studio.require_pods()
        subject = studio.subject(subject)
        session, interrupted = _record(studio, settings, folder, subject, where)
    with kept(session, "calibrate"):
        analyzed = measure(session)
        found = calibrate_session(analyzed)
    _print(found)
    out.print(f"Recorded in {session}.", soft_wrap=True)
    if found.problem:
        err.print(found.problem, style="bold red", soft_wrap=True)
        raise typer.Exit(1)
    kept_in = (folder or session.parent) / FOLDER
    subject = subject or analyzed.meta.subject
    placement = analyzed.meta.placement if placement is None else placement
    if interrupted and (older := calibration_path(kept_in, subject, placement)).exists():
        err.print(
            f"{older} stays as it was: it may be more complete. To replace it by what was "
            f"measured now: `glutesym calibrate --from {session}`.",
            soft_wrap=True,
        )
        raise typer.Exit(1)
    path = keep_calibration(kept_in, analyzed, found, subject, placement)
    out.print(f"Saved as {path}.", soft_wrap=True)


def _list(folder: Path, subject: str) -> None:
    """Print the stored calibrations, newest first."""
    from glutesym.measures import SIDES
    from glutesym.session.calibration_store import stored_calibrations

    found = [one for one in stored_calibrations(folder) if subject in ("", one.subject)]
    if not found:
        whose = f" of subject {subject}" if subject else ""
        out.print(
            f"No calibration{whose} in {folder}. Make one: `glutesym calibrate`.",
            soft_wrap=True,
        )
        return
    secondary = out.width >= _WIDE
    told = "MVIC and the spread of its trials" if secondary else "MVIC"
    table = Table(
        caption=f"{told}: left / right. Holds: while these electrodes "
        "are on, 12 hours at most; put on anew they read differently.",
        caption_justify="left",
    )
    table.add_column("Subject", overflow="fold", min_width=7)
    table.add_column("Placement", overflow="fold", min_width=9 if secondary else 7)
    for heading in ("Made", *(["Age"] if secondary else []), "MVIC\n(µV)"):
        table.add_column(heading, no_wrap=True)
    if secondary:
        table.add_column("Spread\n(%)", no_wrap=True)
    table.add_column("Holds", overflow="fold", min_width=7)
    now = datetime.now().astimezone()
    for one in found:
        sides = [one.mvic.get(side) for side in SIDES]
        missing = [side for side in SIDES if side not in one.mvic]
        spreads = ["–" if m is None or m.cv_pct is None else f"{m.cv_pct:.1f}" for m in sides]
        table.add_row(
            one.subject or "–",
            one.placement,
            f"{one.made.astimezone():%Y-%m-%d}",
            *([_age_text((now - one.made).total_seconds() / 3600)] if secondary else []),
            " / ".join(uv_text(mvic and mvic.mvic_uv) for mvic in sides),
            *([" / ".join(spreads)] if secondary else []),
            f"no: {missing[0]} side missing" if missing else "yes" if one.holds_at(now) else "no",
        )
    out.print(table)


def _age_text(age_h: float) -> str:
    if age_h < 0:
        return "in the future"
    if age_h < 1:
        return f"{60 * age_h:.0f} min"
    return f"{age_h:.0f} h" if age_h < 48 else f"{age_h / 24:.0f} days"


def _studio(virtual: bool, seed: int, speed: float, usb: bool, ports: list[str]) -> Studio:
    if virtual:
        from glutesym.virtual.studio import VirtualStudio

        return VirtualStudio(seed, speed or None)
    from glutesym.session.studio import RealStudio

    return RealStudio(usb, ports, "glutesym calibrate --virtual")


def _record(
    studio: Studio, settings: GuideSettings, folder: Path, subject: str, placement: str
) -> tuple[Path, bool]:
    """Return the session, and whether it was interrupted."""
    from glutesym.exercises import MVIC
    from glutesym.session.names import session_path
    from glutesym.session.run import RunningSession

    surroundings, guide = studio.calibration(settings, subject, placement, swapped=False)
    path = session_path(folder, datetime.now().astimezone(), MVIC)
    with Live(console=out, transient=True, refresh_per_second=5) as live:
        watch = _watch(guide, live)
        running = RunningSession(surroundings, path, MVIC, follower=guide)
        interrupted = show(running, View.NONE, watch)
        watch(running.poll())
    if interrupted:
        out.print("Interrupted: the session is kept.")
    return path, interrupted


def _watch(guide: MvicGuide, live: Live) -> Callable[[LiveState], None]:
    from glutesym.analysis.mvic_words import trial_sentences

    told, word = 0, ""

    def watch(state: LiveState) -> None:
        nonlocal told, word
        for one in guide.measured[told:]:
            told += 1
            for line in trial_sentences(one):
                live.console.print(line, soft_wrap=True)
        prompt = guide.prompt(state.time_s)
        if prompt is not None and prompt.word != word:
            word = prompt.word
            if word in _RINGS:
                live.console.bell()
        waiting = waiting_sentence(state) or "Get ready"
        words = Text(waiting) if prompt is None else _prompt_text(prompt)
        notes = [note for note in (state.trouble, state.message) if note]
        live.update(Text("\n").join([words, *map(Text, notes)]))

    return watch


def _prompt_text(prompt: Prompt) -> Text:
    from glutesym.analysis.mvic_words import prompt_sentence, slot_title

    if prompt.slot is None:
        return Text(prompt_sentence(prompt))
    left = f"{ceil(prompt.left_s)} s" if prompt.left_s else ""
    style = "bold" if prompt.word in ("squeeze", "hold") else ""
    says = Text.assemble((prompt_sentence(prompt), style), f"   {left}")
    levels = "   ".join(
        f"{side} {uv_text(level.level_uv) if isfinite(level.level_uv) else '–'} µV"
        for side, level in prompt.levels.items()
    )
    lines = (Text(slot_title(prompt.slot)), says, Text(levels))
    return Text("\n").join(line for line in lines if line)


def _print(found: Calibration) -> None:
    from glutesym.analysis.calibration import ELECTRODE_CAUTION
    from glutesym.analysis.mvic_words import trial_sentences

    table = Table("Side", "MVIC (µV)", "Spread of trials (%)", "Good trials", "Position")
    for side, mvic in sorted(found.mvic.items()):
        spread = "–" if mvic.cv_pct is None else f"{mvic.cv_pct:.1f}"
        table.add_row(side, uv_text(mvic.mvic_uv), spread, str(mvic.trials), mvic.source)
    out.print(table)
    for one in found.measured:
        for trial, line in zip(one.trials, trial_sentences(one), strict=True):
            if trial.reason:
                out.print(line, soft_wrap=True)
    if found.raw_ratio_pct is not None:
        out.print(
            f"Right MVIC / left MVIC: {found.raw_ratio_pct:.0f} %, {ELECTRODE_CAUTION}",
            soft_wrap=True,
        )
