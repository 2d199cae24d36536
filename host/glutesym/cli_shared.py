"""What several commands share: options, and how a running session is shown and measured."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import Progress, ProgressColumn
from rich.text import Text

from glutesym.errors import GlutesymError
from glutesym.exercises import NAMES, near_miss
from glutesym.scale import MICROVOLTS, Band, Unit, parse_band
from glutesym.view_options import PLAIN, ThemeChoice, ViewOptions

if TYPE_CHECKING:
    from glutesym.live_state import LiveState
    from glutesym.session.analyze import AnalyzedSession
    from glutesym.session.run import RunningSession

# What they print is text, whatever brackets a name, a path or a note has: no markup.
out = Console(markup=False, highlight=False)
err = Console(stderr=True, markup=False, highlight=False)
INTERRUPTED = 130  # exit code after Ctrl-C, as shells have it


def progress_bar(*columns: ProgressColumn) -> Progress:
    """Return a bar that leaves nothing behind, and nothing at all in a pipe or a log."""
    return Progress(*columns, console=err, transient=True, disable=not err.is_interactive)


def say(console: Console, words: str | Text) -> None:
    """Print prose: a terminal breaks it between words, a pipe or a log gets it as it is."""
    console.print(words, soft_wrap=not console.is_terminal)


class View(StrEnum):
    """Where the live bars are shown."""

    AUTO = "auto"
    WINDOW = "window"
    TERMINAL = "terminal"
    NONE = "none"


class WornSide(StrEnum):
    """Where a pod is worn."""

    LEFT = "left"
    RIGHT = "right"


def _subject(value: str) -> str:
    from glutesym.session.subject import subject_code

    return subject_code(value)


def subject_or_none(value: str | None) -> str | None:
    """Check a subject's code that need not be given."""
    return value if value is None else _subject(value)


def _mains(value: int | None) -> int | None:
    if value not in (None, 0, 50, 60):
        raise typer.BadParameter("mains hum is at 50 or 60 Hz; 0 leaves it in")
    return value


def _exercise(value: str) -> str:
    if meant := near_miss(value):
        err.print(
            f'"{value}" is no exercise that glutesym knows: did you mean "{meant}"? It is '
            f'recorded as it was given; `glutesym review SESSION --rename "{meant}"` changes it.',
            soft_wrap=True,
        )
    return value


Exercise = Annotated[
    str,
    typer.Option(
        "--exercise",
        "-e",
        help=f"What is exercised: {', '.join(NAMES)}, or any other name.",
        callback=_exercise,
    ),
]
SessionFile = Annotated[
    Path, typer.Argument(help="A .glutesym file.", metavar="SESSION", show_default=False)
]
Speed = Annotated[
    float, typer.Option(help="Times real time; 0: as fast as the processor allows.", min=0)
]
Terminal = Annotated[bool, typer.Option("--terminal", help="Show the bars in the terminal.")]
Where = Annotated[View, typer.Option(help="Where to show the bars.")]
Ports = Annotated[
    list[str] | None,
    typer.Option("--port", help="A serial port of an unusual board; may be given twice."),
]
Usb = Annotated[bool, typer.Option("--usb", help="Over USB: pods in bench mode, never on a body.")]
SubjectCode = Annotated[
    str,
    typer.Option(
        "--subject",
        help="Whose session it is: a code such as S07, never a name.",
        callback=_subject,
        show_default="none",
    ),
]
Mains = Annotated[
    int | None,
    typer.Option(
        "--mains-hz",
        help="Take out mains hum, 50 or 60; what is recorded keeps it for all that measures it.",
        callback=_mains,
        show_default="off",
    ),
]
RecordedMains = Annotated[
    int | None,
    typer.Option(
        "--mains-hz",
        help="Take out mains hum, 50 or 60; 0: leave it in.",
        callback=_mains,
        show_default="as recorded",
    ),
]
Placement = Annotated[
    str, typer.Option(help="Where the electrodes are: which calibration belongs to them.")
]
RecordedPlacement = Annotated[
    str | None,
    typer.Option(
        "--placement",
        help="Where the electrodes were: which calibration belongs to them.",
        show_default="as recorded",
    ),
]


def _target(value: str) -> str:
    parse_band(value or "0-1")
    return value


Target = Annotated[
    str,
    typer.Option(
        help="A band to aim at, in the bars' unit: 40-60.",
        callback=_target,
        show_default="none",
        metavar="LOW-HIGH",
    ),
]
ThemeName = Annotated[ThemeChoice, typer.Option("--theme", help="The window's colours.")]
Sound = Annotated[
    bool, typer.Option("--sound", help="A sound for the lower side after each repetition.")
]


def view_options(
    target: str = "",
    theme: ThemeChoice = ThemeChoice.AUTO,
    sound: bool = False,
    unit: Unit = MICROVOLTS,
) -> ViewOptions:
    """Return how the live view shall show a session; says what speaks against its unit.

    Raises
    ------
    GlutesymError
        The target is no band.
    """
    if unit.note:
        say(err, unit.note)
    band: Band | None = parse_band(target) if target else None
    return ViewOptions(unit, band, theme, sound)


def show(
    session: RunningSession,
    view: View,
    watch: Callable[[LiveState], None] | None = None,
    options: ViewOptions = PLAIN,
) -> bool:
    """Run a session to its end with a live view; Ctrl-C ends it cleanly and returns True.

    Parameters
    ----------
    session : RunningSession
        Not started yet.
    view : View
    watch : callable, optional
        Gets snapshots while there is no view.
    options : ViewOptions
        Of the view.

    Raises
    ------
    GlutesymError
        There can be no window, or what ended the session.
    typer.Exit
        Nothing was recorded, and no file is left.
    """
    interrupted = False
    if view is View.AUTO:
        from glutesym.gui.display import display_problem

        problem = display_problem()
        view = View.TERMINAL if problem else View.WINDOW
        if problem:
            say(err, f"No window: {problem}\nThe bars are shown here.")
    elif view is View.WINDOW:
        from glutesym.gui.display import display_problem

        if problem := display_problem():
            raise GlutesymError(f"No window: {problem} Or use --terminal.")
    try:
        session.start()
        if view is View.WINDOW:
            from glutesym.gui.window import run_window

            run_window(
                session.poll,
                session.stop,
                session.marker,
                session.identify,
                close_when_ended=True,
                options=options,
            )
        elif view is View.TERMINAL:
            from glutesym.terminal import run_terminal

            run_terminal(session.poll, session.stop, options=options)
        while view is View.NONE and not session.join(0.2):
            if watch is not None:
                watch(session.poll())
    except KeyboardInterrupt:
        interrupted = True  # the session is ended below, as by any other way out
    finally:
        session.stop()
        if session.running and (trouble := session.poll().trouble):
            say(err, trouble)
        session.join()
    if session.path is not None and not session.path.exists():
        out.print("Ended before anything was recorded; nothing was written.")
        raise typer.Exit
    return interrupted


def csv_or_none(path: Path | None) -> Path | None:
    """Check the name of a table that is asked for: any other file would be replaced by it."""
    if path is not None and path.suffix.lower() != ".csv":
        raise typer.BadParameter(f"{str(path)!r}: expected a name that ends in .csv.")
    return path


def folder_option(what: str, **more: Any) -> Any:
    """Return the option that names a folder, which need not exist, for files to be written."""

    def no_file(path: Path | None) -> Path | None:
        if path is not None and path.exists() and not path.is_dir():
            raise typer.BadParameter(
                f"{str(path)!r} is a file. Give a folder; it is made if need be."
            )
        return path

    return typer.Option("--folder", "-o", callback=no_file, help=what, **more)


def say_interrupted(text: str = "Interrupted.") -> NoReturn:
    """End a command that Ctrl-C ended, with a line that says what that means."""
    # Not by ``err``: what it was just printing may never have ended.
    Console(stderr=True, markup=False, highlight=False).print(text, soft_wrap=True)
    raise typer.Exit(INTERRUPTED) from None


@contextmanager
def kept(path: Path | None, command: str = "analyze") -> Generator[None]:
    """Name the session that is there all the same when Ctrl-C ends what is done with it.

    ``command`` is what tells its result.
    """
    try:
        yield
    except KeyboardInterrupt:
        there = path is not None and path.exists()
        said = f"Interrupted; {path} is kept: `glutesym {command}` tells its result."
        say_interrupted(said if there else "Interrupted.")


def measure(
    path: Path, mains_hz: int | None = None, placement: str | None = None
) -> AnalyzedSession:
    """Measure a session file, against the calibration that lies beside it, if there is one.

    Raises
    ------
    SessionError
        It is not a session file, or it is damaged.
    """
    from glutesym.session.measured import measure_session

    with err.status("Measuring …"):
        return measure_session(path, placement, mains_hz)


def require_both_sides(without_pods: str = "glutesym demo") -> None:
    """Say at once, before looking for them, which pods this computer cannot have.

    ``without_pods`` is the command that shows the same on virtual pods.

    Raises
    ------
    NotOwnedError
        It owns no pod of a side.
    KeyFileError
        The file of keys cannot be used.
    """
    from glutesym.keys import KeyRing, default_path

    KeyRing.load(default_path()).require(without_pods=without_pods)
