"""The command that audits the clocks: both pods in one hand, shaken."""

from __future__ import annotations

from datetime import datetime
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from glutesym.cli_shared import View, folder_option, kept, measure, out, require_both_sides, show
from glutesym.exercises import SYNC_CHECK

if TYPE_CHECKING:
    from glutesym.session.run import Surroundings
    from glutesym.session.sync_check import SyncCheck

app = typer.Typer(rich_markup_mode="markdown")


@app.command(
    "sync-check",
    epilog="Examples:\n\n`glutesym sync-check`\n\n`glutesym sync-check --virtual`\n\n"
    "`glutesym sync-check sessions/2026-05-04_18-30-09_shake.glutesym`",
)
def sync_check(
    session: Annotated[
        Path | None,
        typer.Argument(
            help="A session in which the pods were shaken together.",
            metavar="[SESSION]",
            show_default="record one now",
        ),
    ] = None,
    duration: Annotated[float, typer.Option(help="Seconds to record.", min=10)] = 20.0,
    folder: Annotated[Path, folder_option("Where the session is kept.")] = Path("sessions"),
    usb: Annotated[bool, typer.Option("--usb", help="Over USB: pods in bench mode.")] = False,
    port: Annotated[
        list[str] | None, typer.Option("--port", help="A serial port of an unusual board.")
    ] = None,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="Try it with virtual pods, without hardware.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the virtual pods.", min=0)] = 1,
) -> None:
    """Audit the pods' clocks: hold both pods together in one hand and shake them.

    What both feel must happen at one time. The offset that is left, and its drift, are compared
    with what the clocks state, printed, and kept in the session. Ends with 1 when the clocks do
    not agree and with 2 when nothing can be said.
    """
    from glutesym.session.sync_check import check_sync, keep_sync_check

    if session is None:
        session = _record(folder, duration, usb, port or [], virtual, seed)
    with kept(session, "sync-check"):
        check = check_sync(measure(session).recording)
        keep_sync_check(session, check)
    _print(check)
    if check.motion.offset_ms is not None:
        out.print(f"Kept in {session}.", soft_wrap=True)
    if not check.agrees:
        raise typer.Exit(2 if check.agrees is None else 1)


def _record(
    folder: Path, duration_s: float, usb: bool, ports: list[str], virtual: bool, seed: int
) -> Path:
    from glutesym.session.names import session_path
    from glutesym.session.run import RealSurroundings, RunningSession

    surroundings: Surroundings
    if virtual:
        from glutesym.virtual.scenarios.catalog import build_scenario
        from glutesym.virtual.surroundings import VirtualSurroundings

        scenario = build_scenario("shake", seed=seed, shaking_s=duration_s)
        surroundings = VirtualSurroundings(scenario, seed, None)
        view = View.NONE
    else:
        require_both_sides("glutesym sync-check --virtual")
        surroundings = RealSurroundings(duration_s, usb or bool(ports), ports)
        view = View.TERMINAL
        out.print(
            "Hold both pods in one hand, pressed together. As soon as the bars move, shake and "
            f"turn them briskly, with pauses, for {duration_s:g} s."
        )
    path = session_path(folder, datetime.now().astimezone(), SYNC_CHECK)
    with kept(path, "sync-check"):
        show(RunningSession(surroundings, path, SYNC_CHECK), view)
    return path


def _print(check: SyncCheck) -> None:
    motion = check.motion
    table = Table(show_header=False)
    table.add_row("Left less right", _number(motion.offset_ms, motion.offset_half_width_ms, "ms"))
    table.add_row("Drift", _number(motion.drift_ppm, motion.drift_half_width_ppm, "µs a second"))
    stated = "not known" if isnan(check.stated_ms) else f"±{check.stated_ms:.2f} ms"
    table.add_row("The clocks' own uncertainty", stated)
    unlike = isnan(motion.correlation)
    table.add_row("Correlation of the motions", "–" if unlike else f"{motion.correlation:.4f}")
    table.add_row("Seconds of motion used", str(motion.windows))
    out.print(table)
    colour = {True: "green", False: "red", None: "yellow"}[check.agrees]
    out.print(check.sentence, style=colour, soft_wrap=True)


def _number(value: float | None, half_width: float | None, unit: str) -> str:
    if value is None or half_width is None:
        return "not measurable"
    return f"{value:+.2f} ± {half_width:.2f} {unit}"
