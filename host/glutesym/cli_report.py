"""The command that writes a session's report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glutesym.cli_shared import RecordedMains, RecordedPlacement, err, folder_option, measure, out
from glutesym.errors import MissingPartError
from glutesym.installing import install_command
from glutesym.printing import print_files

app = typer.Typer(rich_markup_mode="markdown")


@app.command(
    epilog="Examples:\n\n`glutesym report sessions/2026-05-04_18-30-09_bridge.glutesym`\n\n"
    "`glutesym report first.glutesym second.glutesym --folder reports --figures`"
)
def report(
    sessions: Annotated[
        list[Path],
        typer.Argument(
            help="One or more .glutesym files.", metavar="SESSION...", show_default=False
        ),
    ],
    folder: Annotated[
        Path | None,
        folder_option("Where the files go; beside the first session by default."),
    ] = None,
    figures: Annotated[
        bool, typer.Option("--figures", help="Also write every figure as PNG and SVG.")
    ] = False,
    mains_hz: RecordedMains = None,
    placement: RecordedPlacement = None,
) -> None:
    """Write a report to read, to print and to hand over: one HTML file and one PDF.

    The HTML file holds all that it shows, so it can be mailed and opened without a network.
    """
    try:
        from glutesym.report.write import write_report
    except ModuleNotFoundError as error:
        raise MissingPartError(
            f"What draws reports ({error.name})", install_command("report")
        ) from error
    unique = list({path.resolve(): path for path in sessions}.values())
    measured = [measure(path, mains_hz, placement) for path in unique]
    with err.status("Drawing …"):
        files = write_report(measured, folder or unique[0].parent, with_figures=figures)
    print_files(out, files)
