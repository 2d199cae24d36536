"""The command that records and offers the session on the Lab Streaming Layer."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from glutesym.cli_export import export_one
from glutesym.cli_shared import (
    Exercise,
    Mains,
    Placement,
    Ports,
    SubjectCode,
    Usb,
    View,
    Where,
    folder_option,
    kept,
    measure,
    out,
    require_both_sides,
    show,
)
from glutesym.errors import MissingPartError
from glutesym.installing import install_command
from glutesym.printing import print_files, print_result
from glutesym.session.subject import PLACEMENT

app = typer.Typer(rich_markup_mode="markdown")


@app.command(
    epilog="Examples:\n\n`glutesym lsl --exercise squat`\n\n`glutesym lsl --virtual bridge`\n\n"
    "`glutesym lsl --view window --no-markers`"
)
def lsl(
    exercise: Exercise = "session",
    subject: SubjectCode = "",
    folder: Annotated[Path, folder_option("Where the session is kept.")] = Path("sessions"),
    duration: Annotated[
        float | None, typer.Option(help="Seconds; until Ctrl-C when not given.", min=1)
    ] = None,
    usb: Usb = False,
    port: Ports = None,
    mains_hz: Mains = None,
    placement: Placement = PLACEMENT,
    view: Where = View.TERMINAL,
    markers: Annotated[
        bool, typer.Option(help="Put the markers of other programs into the session.")
    ] = True,
    virtual: Annotated[
        str | None,
        typer.Option(
            help="Try it with virtual pods that do this: a scenario of `glutesym demo --help`.",
            metavar="SCENARIO",
            show_default="real pods",
        ),
    ] = None,
) -> None:
    """Record, and offer samples, repetitions and markers on the Lab Streaming Layer.

    Any LSL program finds the streams glutesym_left_EMG, glutesym_right_EMG, glutesym_left_IMU,
    glutesym_right_IMU, glutesym_reps and glutesym_markers. Their stamps are those of the moment
    on the skin; samples come half a second after it.
    """
    from glutesym.session.names import session_path
    from glutesym.session.run import RealSurroundings, RunningSession, Surroundings

    try:
        from glutesym.lsl.follower import LslFollower
        from glutesym.lsl.quiet import keep_remarks_away
        from glutesym.lsl.streams import session_streams
    except (ImportError, RuntimeError) as error:  # RuntimeError: pylsl without its library
        raise MissingPartError("pylsl", install_command("lsl")) from error
    keep_remarks_away()
    surroundings: Surroundings
    if virtual is None:
        require_both_sides("glutesym lsl --virtual bridge")
        surroundings = RealSurroundings(
            duration, usb or bool(port), port or [], subject, placement=placement
        )
    else:
        from glutesym.virtual.scenarios.catalog import build_scenario
        from glutesym.virtual.surroundings import VirtualSurroundings

        scenario = build_scenario(virtual).ended_after(duration)
        exercise = scenario.exercise if exercise == "session" else exercise
        surroundings = VirtualSurroundings(scenario, subject=subject, placement=placement)
    follower = LslFollower(take_markers=markers)
    path = session_path(folder, datetime.now().astimezone(), exercise)
    session = RunningSession(surroundings, path, exercise, follower=follower, mains_hz=mains_hz)
    follower.attach(session)
    table = Table("Stream", "Type", "Channels", "Rate (Hz)")
    for stream in session_streams():
        labels = ", ".join(label for label, _, _ in stream.channels)
        table.add_row(
            stream.name, stream.kind, labels, f"{stream.rate_hz:g}" if stream.rate_hz else "-"
        )
    out.print(table)
    with kept(path):
        show(session, view)
        analyzed = measure(path, mains_hz)
        tables = export_one(analyzed, path.parent)
        print_result(out, analyzed)
        print_files(out, [path, tables])
