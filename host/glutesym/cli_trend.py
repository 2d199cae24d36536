"""The command that compares sessions of one person over days and weeks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glutesym.cli_shared import RecordedMains, csv_or_none, out, progress_bar, subject_or_none
from glutesym.printing import print_files, print_history

app = typer.Typer(rich_markup_mode="markdown")


@app.command(
    epilog="Examples:\n\n`glutesym trend sessions`\n\n"
    "`glutesym trend sessions --subject S07 --exercise bridge`\n\n"
    "`glutesym trend sessions --subject S07 --exercise bridge --csv S07_bridge.csv`"
)
def trend(
    folder: Annotated[
        Path,
        typer.Argument(help="Of session files.", metavar="FOLDER", show_default=False),
    ],
    subject: Annotated[
        str | None,
        typer.Option(
            help="Whose sessions, as a code.",
            show_default="the only one",
            callback=subject_or_none,
        ),
    ] = None,
    exercise: Annotated[
        str | None,
        typer.Option("--exercise", "-e", help="Which sessions.", show_default="the only one"),
    ] = None,
    placement: Annotated[
        str | None,
        typer.Option(help="Where the electrodes were.", show_default="the only one"),
    ] = None,
    mains_hz: RecordedMains = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            help="Write the table into this file.",
            show_default="not written",
            callback=csv_or_none,
        ),
    ] = None,
) -> None:
    """Is it getting better? Compare sessions of one person and exercise over days and weeks."""
    from glutesym.session.analyze import chosen_settings
    from glutesym.session.history import load_history

    with progress_bar() as progress:
        task = progress.add_task("Measuring", total=1.0)
        history = load_history(
            folder,
            subject,
            exercise,
            placement,
            chosen_settings(mains_hz),
            lambda share: progress.update(task, completed=share),
        )
    print_history(out, history)
    if csv is not None:
        from glutesym.session.export_csv import export_trend

        export_trend(csv, history)
        print_files(out, [csv])
