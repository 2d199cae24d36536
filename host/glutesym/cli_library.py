"""The commands for many sessions: what there are, and all of them measured into one table."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from glutesym.cli_shared import (
    RecordedMains,
    csv_or_none,
    err,
    out,
    progress_bar,
    say,
    say_interrupted,
    subject_or_none,
)
from glutesym.errors import GlutesymError
from glutesym.printing import print_files
from glutesym.printing_library import print_courses, print_entries

if TYPE_CHECKING:
    from glutesym.session.history import History

app = typer.Typer(rich_markup_mode="markdown")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r}: expected a date like 2026-05-01.") from None


Folder = Annotated[
    Path,
    typer.Argument(
        help="Of session files; those in the folders below it count, too.",
        metavar="FOLDER",
        show_default=False,
    ),
]


@app.command(
    epilog="Examples:\n\n`glutesym library sessions`\n\n"
    "`glutesym library sessions --subject S07 --since 2026-05-01 --trends`\n\n"
    "`glutesym library sessions --find 'hip thrust' --csv found.csv`"
)
def library(
    folder: Folder,
    find: Annotated[
        str,
        typer.Option(
            help="Words in a session's file, exercise or placement.", show_default="all sessions"
        ),
    ] = "",
    subject: Annotated[
        str | None,
        typer.Option(
            help="Whose, as a code.", show_default="everyone's", callback=subject_or_none
        ),
    ] = None,
    exercise: Annotated[
        str | None, typer.Option("--exercise", "-e", help="Which one.", show_default="all")
    ] = None,
    since: Annotated[
        date | None,
        typer.Option(
            parser=_day, metavar="DATE", help="From this day on.", show_default="the first"
        ),
    ] = None,
    until: Annotated[
        date | None,
        typer.Option(parser=_day, metavar="DATE", help="Up to this day.", show_default="the last"),
    ] = None,
    trends: Annotated[
        bool,
        typer.Option("--trends", help="Measure them: is it getting better, for each subject?"),
    ] = False,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            help="Write the list into this file.",
            show_default="not written",
            callback=csv_or_none,
        ),
    ] = None,
) -> None:
    """List the sessions below a folder, search them, and see what becomes of each subject."""
    from glutesym.session.library import Search, histories, list_sessions

    search = Search(subject, exercise, since, until, words=find)
    with progress_bar() as progress:
        task = progress.add_task("Reading", total=1.0)
        entries = list_sessions(folder, search, lambda part: progress.update(task, completed=part))
        found: list[History] = []
        if trends:
            task = progress.add_task("Measuring", total=1.0)
            found = histories(entries, lambda part: progress.update(task, completed=part))
    print_entries(out, entries, folder)
    if trends:
        print_courses(out, found)
    if csv is not None:
        from glutesym.session.export_csv import export_library

        export_library(csv, entries, folder)
        print_files(out, [csv])


@app.command(
    epilog="Examples:\n\n`glutesym cohort sessions`\n\n"
    "`glutesym cohort sessions --out 2026.parquet --reps reps.parquet --workers 8`\n\n"
    "`glutesym cohort sessions --scheduler tcp://192.168.1.5:8786`"
)
def cohort(
    folder: Folder,
    table: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="The table, Parquet: a row a session.",
            show_default="cohort.parquet in FOLDER",
        ),
    ] = None,
    reps: Annotated[
        Path | None,
        typer.Option(help="Another table: a row a repetition.", show_default="not written"),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes.", min=1, show_default="one for each processor"),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Of a Dask cluster that measures instead; it must find the files at the same "
            "paths.",
            show_default="this computer alone",
        ),
    ] = None,
    mains_hz: RecordedMains = None,
) -> None:
    """Measure every session below a folder into one table, all processors at work.

    Stop it at any time: the same command goes on where it was. What has not changed since is not
    measured again. Ends with 1 when nothing could be measured.
    """
    from glutesym.cohort.run import LEDGER, run_cohort

    table = table or folder / "cohort.parquet"
    for wanted in (table, reps):
        if wanted is not None and wanted.suffix != ".parquet":
            raise GlutesymError(
                f"{wanted} would not be what its name says: the tables are Parquet. Name it "
                f"{wanted.stem or 'cohort'}.parquet; for CSVs of single sessions there is "
                "`glutesym export`."
            )
    if reps is not None and reps.resolve() == table.resolve():
        raise GlutesymError(
            f"Both tables would be {table}: give --out and --reps two different names."
        )
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with progress_bar(*columns) as progress:
        task = progress.add_task("Measuring", total=None)
        try:
            result = run_cohort(
                folder,
                table,
                workers=workers or os.cpu_count() or 1,
                scheduler=scheduler,
                mains_hz=mains_hz,
                reps=reps,
                told=lambda done, of: progress.update(task, completed=done, total=of),
            )
        except KeyboardInterrupt:
            progress.stop()
            say_interrupted(
                f"Interrupted. What is measured is kept in {table}{LEDGER}: give the same command "
                "to go on."
            )
    for file, problem in result.problems:
        say(err, f"{file}: {problem}")
    kept = result.sessions - result.measured
    sessions = "1 session" if result.sessions == 1 else f"{result.sessions} sessions"
    out.print(
        f"{sessions}: {result.measured} measured now, {kept} as before, "
        f"{len(result.problems)} with a problem"
        f"{': each says why above and in the table' if result.problems else ''}."
    )
    print_files(out, [table] if reps is None else [table, reps])
    if len(result.problems) == result.sessions:
        raise typer.Exit(1)
