"""The command that shows the whole path in one window."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glutesym.cli_shared import (
    Exercise,
    Mains,
    Placement,
    Ports,
    Speed,
    SubjectCode,
    Usb,
    err,
    folder_option,
    measure,
    out,
)
from glutesym.errors import GlutesymError
from glutesym.printing import print_files, print_result
from glutesym.session.studio import Studio
from glutesym.session.subject import PLACEMENT

app = typer.Typer(rich_markup_mode="markdown")


@app.command(
    "app",
    epilog="Examples:\n\n`glutesym app`\n\n`glutesym app --subject S07 --exercise squat`\n\n"
    "`glutesym app --virtual`\n\n`glutesym app --virtual --speed 4`",
)
def whole_path(
    exercise: Exercise = "hip thrust",
    subject: SubjectCode = "",
    placement: Placement = PLACEMENT,
    folder: Annotated[Path, folder_option("Where sessions and calibrations are kept.")] = Path(
        "sessions"
    ),
    mains_hz: Mains = None,
    usb: Usb = False,
    port: Ports = None,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="Try it with virtual pods, without hardware.")
    ] = False,
    speed: Speed = 1.0,
    seed: Annotated[int, typer.Option(help="Of the virtual pods.", min=0)] = 1,
) -> None:
    """Connect, check the signals, calibrate, train and see the result, in one window.

    Everything is recorded and written as by `glutesym calibrate` and `glutesym live`. Closing the
    window or Ctrl-C ends it; nothing that was recorded is lost.
    """
    from glutesym.gui.display import display_problem

    if problem := display_problem():
        instead = (
            "`glutesym demo` runs virtual pods in the terminal."
            if virtual
            else "In the terminal: `glutesym calibrate` and `glutesym live`."
        )
        raise GlutesymError(f"No window: {problem} {instead}")
    from glutesym.gui.app import run_app
    from glutesym.session.choices import Choices
    from glutesym.session.visit import Visit

    choices = Choices(subject, placement, folder, exercise, mains_hz)
    visit = Visit(_studio(virtual, seed, speed, usb, port or []), choices)
    try:
        run_app(visit)
    finally:
        with err.status("Ending: what the pods still hold is being fetched …"):
            visit.end()
    if visit.unkept is not None:
        out.print(
            f"The calibration was not completed. What it holds is in {visit.unkept}: "
            f"`glutesym calibrate --from {visit.unkept}`.",
            soft_wrap=True,
        )
    for path in visit.unmeasured:  # the window was closed in the middle of a set
        from glutesym.session.analyze import export_session

        analyzed = measure(path, mains_hz)
        files = export_session(analyzed, path.parent)
        print_result(out, analyzed)
        print_files(out, [path, files[0].parent])


def _studio(virtual: bool, seed: int, speed: float, usb: bool, ports: list[str]) -> Studio:
    if virtual:
        from glutesym.virtual.studio import VirtualStudio

        return VirtualStudio(seed, speed or None)
    from glutesym.session.studio import RealStudio

    return RealStudio(usb, ports, "glutesym app --virtual")
