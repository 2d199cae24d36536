"""The command that writes sessions in other formats, of one session or of many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import Progress, TaskID

from glutesym.cli_shared import (
    RecordedMains,
    RecordedPlacement,
    err,
    folder_option,
    out,
    progress_bar,
    say,
    say_interrupted,
)
from glutesym.errors import GlutesymError
from glutesym.formats.exporter import Format, exporter, place_of
from glutesym.printing import print_files

if TYPE_CHECKING:
    from glutesym.session.analyze import AnalyzedSession

app = typer.Typer(rich_markup_mode="markdown")


@app.command(
    epilog="Examples:\n\n`glutesym export sessions/2026-05-04_18-30-09_bridge.glutesym`\n\n"
    "`glutesym export session.glutesym --folder csv`\n\n`glutesym export sessions`\n\n"
    "`glutesym export sessions --format bids --folder study`\n\n"
    "`glutesym export session.glutesym -f parquet -f mat`"
)
def export(
    sessions: Annotated[
        list[Path],
        typer.Argument(
            help="Session files, or folders of them.", metavar="SESSION...", show_default=False
        ),
    ],
    folder: Annotated[
        Path | None,
        folder_option(
            "Where the sessions' folders go; beside each session by default.", show_default=False
        ),
    ] = None,
    formats: Annotated[
        list[Format] | None,
        typer.Option(
            "--format",
            "-f",
            help="May be given more than once. bids: all sessions become one dataset, in the "
            "folder `bids`.",
            show_default="csv",
        ),
    ] = None,
    mains_hz: RecordedMains = None,
    placement: RecordedPlacement = None,
) -> None:
    """Write a folder for each session: CSVs (reps, summary, emg, …) and a page that explains them.

    A folder is named as its session. An earlier export is replaced; other files in it stay.
    Other formats hold the same: Parquet, MAT for MATLAB, and a BIDS dataset with BDF files.
    """
    from glutesym.session.measured import measure_session

    paths = _session_paths(sessions, folder)
    exports = {form: exporter(form) for form in dict.fromkeys(formats or [Format.CSV])}
    written: list[Path] = []
    failed: list[str] = []
    done, interrupted = 0, False
    try:
        with progress_bar() as progress:
            task = progress.add_task("Exporting", total=len(paths))
            for i, path in enumerate(paths):
                progress.update(task, description=escape(path.stem), completed=i)
                try:
                    analyzed = measure_session(path, placement, mains_hz)
                    for n, (form, write) in enumerate(exports.items()):
                        files = write(
                            analyzed,
                            folder or path.parent,
                            _share(progress, task, i + n / len(exports), len(exports)),
                        )
                        written.append(place_of(form, files))
                    done += 1
                except GlutesymError as error:
                    if len(paths) == 1:
                        raise
                    failed.append(str(error))
    except KeyboardInterrupt:
        interrupted = True
    finally:  # what is written is complete
        if written:
            print_files(out, list(dict.fromkeys(written)))
    for reason in failed:
        say(err, reason)
    if interrupted:
        say_interrupted(f"Interrupted: {done} of {len(paths)} sessions exported.")
    if failed:
        raise GlutesymError(
            f"{len(failed)} of {len(paths)} sessions could not be exported: see above."
        )


def export_one(session: AnalyzedSession, folder: Path) -> Path:
    """Write a session's CSVs with a progress bar; returns their folder.

    Raises
    ------
    SessionError
        A file cannot be written.
    """
    with progress_bar() as progress:
        task = progress.add_task("Writing CSVs", total=1)
        files = exporter(Format.CSV)(session, folder, _share(progress, task, 0.0, 1))
        return files[0].parent


def _share(progress: Progress, task: TaskID, done: float, of: int) -> Callable[[float], None]:
    """Return what shows the progress of one of several parts."""
    return lambda fraction: progress.update(task, completed=done + fraction / of)


def _session_paths(given: Sequence[Path], folder: Path | None) -> list[Path]:
    """Return every session that is meant, each once.

    Raises
    ------
    GlutesymError
        A folder has no session, or two sessions would be written into one folder.
    """
    from glutesym.session.names import sessions_in

    paths: dict[Path, Path] = {}
    for one in given:
        for path in sessions_in(one) if one.is_dir() else [one]:
            paths[path.resolve()] = path
    targets: dict[Path, Path] = {}
    for path in paths.values():
        other = targets.setdefault((folder or path.parent).resolve() / path.stem, path)
        if other is not path:
            raise GlutesymError(
                f"{other} and {path} have the same name: their files would get into one folder. "
                "Export them one after the other, each with a --folder of its own."
            )
    return list(paths.values())
