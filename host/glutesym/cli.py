"""The command line: reads options, picks parts, prints results. No measuring happens here."""

from __future__ import annotations

import errno
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.text import Text
from typer.core import TyperGroup

from glutesym import (
    __version__,
    cli_analyze,
    cli_app,
    cli_bench,
    cli_calibrate,
    cli_doctor,
    cli_export,
    cli_flash,
    cli_library,
    cli_lsl,
    cli_pods,
    cli_replay,
    cli_report,
    cli_review,
    cli_sit,
    cli_sync,
    cli_trend,
)
from glutesym.cli_export import export_one
from glutesym.cli_shared import (
    INTERRUPTED,
    Exercise,
    Mains,
    Placement,
    Ports,
    SessionFile,
    Sound,
    Speed,
    SubjectCode,
    Target,
    Terminal,
    ThemeName,
    Usb,
    View,
    Where,
    err,
    folder_option,
    kept,
    measure,
    out,
    require_both_sides,
    say,
    say_interrupted,
    show,
    view_options,
)
from glutesym.doctor.examine import still_running
from glutesym.errors import GlutesymError
from glutesym.exercises import NO_EXERCISE, plain_name
from glutesym.output_encoding import print_everywhere
from glutesym.printing import print_files, print_result, print_seeds, print_truth
from glutesym.session.subject import PLACEMENT
from glutesym.view_options import PLAIN, ThemeChoice, ViewOptions

if TYPE_CHECKING:
    from glutesym.session.analyze import AnalyzedSession
    from glutesym.session.resume import Interrupted
    from glutesym.virtual.scenarios.base import Scenario
    from glutesym.virtual.truth_check import TruthCheck


class _Commands(TyperGroup):
    """All commands; Ctrl-C ends each that does not end by it in its own way."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        try:
            return super().make_context(*arguments, **options)
        except KeyboardInterrupt:
            say_interrupted()

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            say_interrupted()


app = typer.Typer(
    cls=_Commands,
    help="How differently do your glutes work, in amount and in time? Two pods, one answer.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.add_typer(cli_app.app)
app.add_typer(cli_flash.app)
app.add_typer(cli_analyze.app)
app.add_typer(cli_pods.app)
app.add_typer(cli_doctor.app)
app.add_typer(cli_replay.app)
app.add_typer(cli_sync.app)
app.add_typer(cli_bench.app)
app.add_typer(cli_calibrate.app)
app.add_typer(cli_sit.app)
app.add_typer(cli_export.app)
app.add_typer(cli_trend.app)
app.add_typer(cli_library.app)
app.add_typer(cli_review.app)
app.add_typer(cli_report.app)
app.add_typer(cli_lsl.app)

DEFAULT_FOLDER = Path("sessions")


Folder = Annotated[Path, folder_option("Where the session is kept.")]
ScenarioName = Annotated[
    str,
    typer.Option(
        "--scenario",
        "-s",
        help="What the virtual bodies do: bridge, hip-thrust, squat, single-leg-deadlift, "
        "deadlift, split-squat, step-up, single-leg-bridge, prone-hip-extension, "
        "isometric-hold, single-leg-stance; with recorded muscles: real-lag, real-gait; no "
        "exercise: shake (for the clocks), mvic (to calibrate), sitting, rest or counter.",
    ),
]
Seed = Annotated[
    int, typer.Option(help="Of everything random; the same seed, the same session.", min=0)
]
Reps = Annotated[
    int | None, typer.Option(help="Repetitions.", show_default="the scenario's", min=1)
]
Resume = Annotated[
    Path | None,
    typer.Option(
        help="Go on with a session that was interrupted a moment ago: the pods still hold what "
        "followed. It keeps its exercise, subject and placement.",
        metavar="SESSION",
        show_default="a new session",
    ),
]
Anew = Annotated[
    bool, typer.Option("--new", help="A new session, although one was interrupted a moment ago.")
]


def main() -> None:
    """Run the command line; a user's mistake is one line, not a traceback."""
    for name in ("SIGTERM", "SIGHUP"):  # a closed terminal ends a session as Ctrl-C does
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    print_everywhere()
    try:
        app()
    except GlutesymError as error:
        say(err, Text.assemble(("Error:", "bold red"), f" {error}"))
        _leave(1)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        _leave(INTERRUPTED)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.stdout = open(os.devnull, "w")
        full = (
            "The disk is full, nothing more fits. Free some space, or send the output elsewhere."
        )
        say(err, Text.assemble(("Error:", "bold red"), f" {full}"))
        _leave(1)
    except SystemExit as ended:
        _leave(ended.code)


def _leave(code: str | int | None) -> NoReturn:
    """End; a check of `doctor` that nothing can end must not hold it up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done or told: it changes nothing
    if isinstance(code, int) and still_running():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"glutesym {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """How differently do your glutes work, in amount and in time? Two pods, one answer."""


@app.command(
    epilog="Examples:\n\n`glutesym demo`\n\n`glutesym demo --scenario real-lag --speed 4`\n\n"
    "`glutesym demo --terminal --folder /tmp/try`"
)
def demo(
    scenario: ScenarioName = "bridge",
    speed: Speed = 1.0,
    seed: Seed = 1,
    reps: Reps = None,
    folder: Folder = DEFAULT_FOLDER,
    terminal: Terminal = False,
    view: Where = View.AUTO,
    target: Target = "",
    theme: ThemeName = ThemeChoice.AUTO,
    sound: Sound = False,
) -> None:
    """Run two virtual pods through the whole chain, live, and compare the result with the truth.

    The pods' real firmware runs on the MicroPython VM, their radio is simulated, all the rest is
    what records real pods.
    """
    built = _build(scenario, seed, reps)
    out.print(Text.assemble((built.name, "bold"), f": {built.description}"))
    from glutesym.session.normalised import VIRTUAL, live_unit

    options = view_options(target, theme, sound, live_unit(folder, VIRTUAL, PLACEMENT))
    view = View.TERMINAL if terminal else view
    session, _ = _simulated(built, seed, speed, folder, view, options)
    with kept(session.path):
        check = _check(session, built)
        tables = export_one(session, folder)
        print_result(out, session)
        if check is None:
            out.print(
                "The session was ended before the scenario began: there is no truth to compare."
            )
        else:
            print_truth(out, check)
        print_files(out, [session.path, tables])


@app.command(
    epilog="Examples:\n\n`glutesym simulate`\n\n`glutesym simulate --scenario squat --seeds 10`"
)
def simulate(
    scenario: ScenarioName = "bridge",
    seed: Annotated[int, typer.Option(help="The first seed.", min=0)] = 1,
    seeds: Annotated[int, typer.Option(help="How many seeds, one session each.", min=1)] = 1,
    reps: Reps = None,
    folder: Folder = DEFAULT_FOLDER,
    keep: Annotated[bool, typer.Option(help="Keep the session files.")] = True,
) -> None:
    """Record virtual pods as fast as possible and print truth and measurement, a line a seed."""
    checks: dict[int, TruthCheck] = {}
    unfinished: Path | None = None
    try:
        for number in range(seed, seed + seeds):
            built = _build(scenario, number, reps)
            with err.status(f"{built.name}, seed {number} ({number - seed + 1} of {seeds}) …"):
                session, interrupted = _simulated(built, number, 0.0, folder, View.NONE)
            check = _check(session, built)
            if check is None or interrupted:
                unfinished = session.path
                break
            checks[number] = check
            if not keep:
                session.path.unlink()
    finally:  # what is finished is told, however it ends
        if checks:
            print_seeds(out, checks)
        if keep and (checks or unfinished):
            out.print(f"The session files are in {folder}.")
    if unfinished is not None:
        say_interrupted(f"Interrupted; {unfinished} is kept.")


@app.command(
    epilog="Examples:\n\n`glutesym live`\n\n`glutesym live --exercise 'hip thrust' --terminal`\n\n"
    "`glutesym live --subject S07`\n\n`glutesym live --usb`\n\n"
    "`glutesym live --resume sessions/2026-05-04_18-30-09_squat.glutesym`"
)
def live(
    exercise: Exercise = "session",
    subject: SubjectCode = "",
    folder: Folder = DEFAULT_FOLDER,
    resume: Resume = None,
    new: Anew = False,
    terminal: Terminal = False,
    usb: Usb = False,
    port: Ports = None,
    mains_hz: Mains = None,
    placement: Placement = PLACEMENT,
    target: Target = "",
    theme: ThemeName = ThemeChoice.AUTO,
    sound: Sound = False,
) -> None:
    """Record both pods and show the bars; close the window or press Ctrl-C to end.

    The session file and its CSVs are written into the folder.
    """
    view = View.TERMINAL if terminal else View.AUTO
    before = _interrupted(folder, resume, new)
    chosen = target, theme, sound
    _record_real(
        exercise, subject, folder, before, view, None, usb, port or [], mains_hz, placement, chosen
    )


@app.command(
    epilog="Examples:\n\n`glutesym record --duration 120`\n\n"
    "`glutesym record -e squat --subject S07 -o data`\n\n`glutesym record --usb --duration 10`"
)
def record(
    exercise: Exercise = "session",
    subject: SubjectCode = "",
    folder: Folder = DEFAULT_FOLDER,
    resume: Resume = None,
    new: Anew = False,
    duration: Annotated[
        float | None, typer.Option(help="Seconds; until Ctrl-C when not given.", min=1)
    ] = None,
    usb: Usb = False,
    port: Ports = None,
    mains_hz: Mains = None,
    placement: Placement = PLACEMENT,
    target: Target = "",
) -> None:
    """Record both pods without a window: a status line, then the session file and its CSVs."""
    before, view = _interrupted(folder, resume, new), View.TERMINAL
    chosen = target, ThemeChoice.AUTO, False
    ports = port or []
    _record_real(
        exercise, subject, folder, before, view, duration, usb, ports, mains_hz, placement, chosen
    )


@app.command(
    "swap-test",
    epilog="Example:\n\n`glutesym swap-test sessions/first_bridge.glutesym "
    "sessions/swapped_bridge.glutesym`",
)
def swap(
    first: SessionFile,
    swapped: Annotated[
        Path,
        typer.Argument(
            help="The same exercise with each pod on the other side.",
            metavar="SWAPPED",
            show_default=False,
        ),
    ],
) -> None:
    """Tell an uneven body from uneven pods: two sessions, the pods swapped for the second."""
    from glutesym.analysis.swap import swap_test

    if first.resolve() == swapped.resolve():
        raise GlutesymError(
            "This is the same session twice. Record one, swap the pods, and record another one of "
            "the same exercise."
        )
    sessions = [measure(path) for path in (first, swapped)]
    for path, session in zip((first, swapped), sessions, strict=True):
        if what := NO_EXERCISE.get(session.meta.exercise):
            raise GlutesymError(
                f"{path} is {what}. Choose two sessions of the same exercise, the pods swapped "
                "for the second."
            )
    names = [session.recording.exercise for session in sessions]
    if plain_name(names[0]) != plain_name(names[1]):
        raise GlutesymError(
            f"{first} is of {names[0] or 'no named exercise'}, {swapped} of "
            f"{names[1] or 'no named exercise'}. Choose two sessions of the same exercise, the "
            "pods swapped for the second."
        )
    before, after = (session.measures for session in sessions)
    if before.swapped is not None and before.swapped == after.swapped:
        raise GlutesymError(
            "In both sessions each pod sits on the same side, as their motion shows. Swap the "
            "pods, record the exercise once more, and take that for the second session."
        )
    indices = before.summary.symmetry_index_pct, after.summary.symmetry_index_pct
    out.print(swap_test(*indices).sentence)


# --- what the commands share


def _build(name: str, seed: int, reps: int | None) -> Scenario:
    from glutesym.virtual.scenarios.catalog import build_scenario

    return build_scenario(name, seed=seed, reps=reps)


def _simulated(
    scenario: Scenario,
    seed: int,
    speed: float,
    folder: Path,
    view: View,
    options: ViewOptions = PLAIN,
) -> tuple[AnalyzedSession, bool]:
    """Record a session of virtual pods and analyze it; also returns whether Ctrl-C ended it."""
    from glutesym.session.names import session_path
    from glutesym.session.run import RunningSession
    from glutesym.virtual.surroundings import VirtualSurroundings

    path = session_path(folder, datetime.now().astimezone(), scenario.name)
    session = RunningSession(
        VirtualSurroundings(scenario, seed, speed or None), path, scenario.exercise
    )
    with kept(path):
        interrupted = show(session, view, options=options)
        return measure(path, None), interrupted


def _interrupted(folder: Path, resume: Path | None, new: bool) -> Interrupted | None:
    """Return the session to go on with; a new one must not make pods forget what they hold."""
    from glutesym import host_clock
    from glutesym.session.resume import interrupted_lately, load_interrupted

    now = host_clock.NAME, host_clock.now_ns(), datetime.now(UTC)
    if resume is not None:
        return load_interrupted(resume, *now)
    lately = None if new else interrupted_lately(folder, *now)
    if lately is not None:
        raise GlutesymError(
            f"{lately.path} was interrupted {lately.ago_s / 60:.0f} min ago. Its pods may still "
            "hold what followed, and a new session makes them forget it. Go on with it: "
            f"--resume {lately.path}. Or begin anew: --new."
        )
    return None


def _record_real(
    exercise: str,
    subject: str,
    folder: Path,
    interrupted: Interrupted | None,
    view: View,
    duration_s: float | None,
    usb: bool,
    ports: list[str],
    mains_hz: int | None,
    placement: str,
    chosen: tuple[str, ThemeChoice, bool],
) -> None:
    from glutesym.session.disk_room import SHORT_S, room_s, room_text
    from glutesym.session.names import session_path
    from glutesym.session.normalised import live_unit
    from glutesym.session.run import RealSurroundings, RunningSession

    require_both_sides()
    room = room_s(folder)
    if room < SHORT_S:
        err.print(room_text(room), soft_wrap=True)
    surroundings = RealSurroundings(
        duration_s, usb or bool(ports), ports, subject, interrupted, placement
    )
    if interrupted is None:
        path = session_path(folder, datetime.now().astimezone(), exercise)
        session = RunningSession(surroundings, path, exercise, mains_hz=mains_hz)
    else:
        path, pods = interrupted.path, interrupted.pods
        mains_hz = interrupted.mains_hz if mains_hz is None else mains_hz
        session = RunningSession(
            surroundings, path, interrupted.exercise, [*pods], pods, mains_hz=mains_hz
        )
        subject, placement = interrupted.subject, interrupted.placement
    options = view_options(*chosen, live_unit(path.parent, subject, placement))
    with kept(path):
        show(session, view, options=options)
        analyzed = measure(path, mains_hz)
        tables = export_one(analyzed, path.parent)
        print_result(out, analyzed)
        print_files(out, [path, tables])


def _check(session: AnalyzedSession, scenario: Scenario) -> TruthCheck | None:
    from glutesym.virtual.truth_check import check_truth

    return check_truth(session, scenario)
