"""The command that tests a built pod on the bench, with a box instead of a body."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from glutesym.cli_shared import (
    View,
    WornSide,
    err,
    folder_option,
    kept,
    out,
    progress_bar,
    require_both_sides,
    show,
)
from glutesym.errors import GlutesymError
from glutesym.exercises import BENCH

if TYPE_CHECKING:
    from glutesym.bench.judge import BenchResult, PodResult
    from glutesym.bench.plan import Setup, Step
    from glutesym.measures import Side

app = typer.Typer(rich_markup_mode="markdown")

_COLOURS = {"pass": "green", "FAIL": "bold red", "withheld": "yellow", "note": "cyan"}


@app.command(
    epilog="Examples:\n\n`glutesym bench --virtual`\n\n`glutesym bench --pod left`\n\n"
    "`glutesym bench --pod left --step noise --yes`\n\n"
    "`glutesym bench --pod right --generator-mv 250 --divider 100 --generator-ppm 20`\n\n"
    "`glutesym bench --both`\n\n`glutesym bench --write-sounds sounds`\n\n"
    "`glutesym bench bench/2026-05-04_18-30-09_bench-left.glutesym`"
)
def bench(
    session: Annotated[
        Path | None,
        typer.Argument(
            help="A bench test that was recorded.",
            metavar="[SESSION]",
            show_default="record one now",
        ),
    ] = None,
    pod: Annotated[
        WornSide | None, typer.Option("--pod", help="Which pod.", show_default="your only one")
    ] = None,
    both: Annotated[
        bool, typer.Option("--both", help="Both pods at once: are their times the same?")
    ] = False,
    step: Annotated[
        list[str] | None,
        typer.Option(
            help="This step alone; may be given again. noise, signal, level, response, hum, "
            "off-p, off-n, off-ref or faces.",
            show_default="all that need nothing special",
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing: each step begins after 8 s.")
    ] = False,
    generator_hz: Annotated[float, typer.Option(help="Frequency of the sine.")] = 100.0,
    generator_mv: Annotated[
        float, typer.Option(help="Its level at the box, in mV RMS, as a meter shows it.")
    ] = 300.0,
    level_tolerance: Annotated[float, typer.Option(help="How well it is known, in %.")] = 2.0,
    generator_ppm: Annotated[
        float | None,
        typer.Option(
            help="How well its frequency is known, in ppm: tests the rate.", show_default="unknown"
        ),
    ] = None,
    divider: Annotated[int, typer.Option(help="Range of the box: 1000 or 100.")] = 1000,
    second_mv: Annotated[
        float | None,
        typer.Option(help="Another level: tests linearity.", show_default="not tested"),
    ] = None,
    response: Annotated[
        bool, typer.Option("--response", help="Test at 20 and 400 Hz, too.")
    ] = False,
    faces: Annotated[
        bool, typer.Option("--faces", help="Test the accelerometer on the pod's six sides, too.")
    ] = False,
    hum_hz: Annotated[
        float, typer.Option(help="Frequency of the common mode; not that of the mains.")
    ] = 55.0,
    hum_mv: Annotated[float, typer.Option(help="Its level at the box, in mV RMS.")] = 100.0,
    folder: Annotated[Path, folder_option("Where session and protocol are kept.")] = Path("bench"),
    usb: Annotated[bool, typer.Option("--usb", help="Over USB: pods in bench mode.")] = False,
    port: Annotated[
        list[str] | None, typer.Option("--port", help="A serial port of an unusual board.")
    ] = None,
    write_sounds: Annotated[
        Path | None,
        typer.Option(
            help="Write the signals as sound files into this folder, and end: a phone plays them.",
            metavar="FOLDER",
            show_default=False,
        ),
    ] = None,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="Try it with virtual pods, without hardware.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the virtual pods.", min=0)] = 1,
) -> None:
    """Test a built pod without a body: a test box stands for it.

    Leads through the box's positions, measures each, and compares with limits whose source is
    told. The protocol is kept beside the session. Ends with 1 when something failed and with 2
    when something could not be measured. Wiring and meaning: docs/bench.md.
    """
    if session is None:
        from glutesym.bench.plan import Setup, both_steps, choose_steps

        if divider not in (1000, 100):
            raise GlutesymError("--divider must be 1000 or 100: the box's ranges.")
        if both and (pod is not None or step):
            raise GlutesymError("--both has its own step and both pods: no --pod, no --step.")
        setup = Setup(
            generator_hz,
            generator_mv,
            level_tolerance,
            generator_ppm,
            divider,
            second_mv,
            hum_hz,
            hum_mv,
        )
        if write_sounds is not None:
            from glutesym.bench.sounds import write_sounds as write

            for file in write(write_sounds, setup):
                out.print(str(file), soft_wrap=True)
            return
        steps = both_steps(setup) if both else choose_steps(setup, step or (), response, faces)
        sides = _sides(pod, both, virtual)
        session = _record(
            folder, setup, steps, sides, yes, usb or bool(port), port or [], virtual, seed
        )
    from glutesym.bench.judge import judge
    from glutesym.bench.protocol import sentence, write_protocol
    from glutesym.bench.reading import read_bench

    with kept(session, "bench"):
        with err.status("Measuring …"):
            result = judge(read_bench(session))
        _print(result)
        files = write_protocol(result)
    colour = {0: "green", 1: "red", 2: "yellow"}[result.exit_code]
    out.print(sentence(result), style=colour, soft_wrap=True)
    out.print(f"Kept in {session} and {', '.join(file.name for file in files)}.", soft_wrap=True)
    if result.exit_code:
        raise typer.Exit(result.exit_code)


def _sides(pod: WornSide | None, both: bool, virtual: bool) -> Sequence[Side]:
    """Return which pods are tested."""
    from glutesym.keys import KeyRing, default_path
    from glutesym.measures import SIDES

    if both:
        if not virtual:
            require_both_sides("glutesym bench --both --virtual")
        return SIDES
    chosen: list[Side] = [side for side in SIDES if pod is not None and side == pod.value]
    if virtual:
        return tuple(chosen) or SIDES[:1]
    keys = KeyRing.load(default_path())
    if not chosen:
        chosen = [side for side in SIDES if side in {known.side for known in keys}]
    keys.require(chosen or SIDES, "glutesym bench --virtual")
    if len(chosen) > 1:
        raise GlutesymError("Say which pod: --pod left or --pod right.")
    return tuple(chosen)


def _record(
    folder: Path,
    setup: Setup,
    steps: tuple[Step, ...],
    sides: Sequence[Side],
    yes: bool,
    usb: bool,
    ports: list[str],
    virtual: bool,
    seed: int,
) -> Path:
    from glutesym.bench.surroundings import RealBench
    from glutesym.session.names import session_path
    from glutesym.session.run import RunningSession

    which = "both" if len(sides) > 1 else sides[0]
    path = session_path(folder, datetime.now().astimezone(), f"bench {which}")
    if virtual:
        from glutesym.virtual.bench import VirtualBench

        with progress_bar() as progress:
            task = progress.add_task("", total=len(steps))

            def tell(step: Step, done: float) -> None:
                progress.update(task, description=step.title, completed=steps.index(step) + done)

            world = VirtualBench(setup, steps, sides, seed, progress=tell)
            show(RunningSession(world, path, BENCH, sides), View.NONE)
        return path
    from glutesym.cli_bench_desk import TerminalDesk

    desk = TerminalDesk(out, yes)
    surroundings = RealBench(desk, setup, steps, sides, usb, ports)
    out.print(
        "Nobody wears a pod now: the box takes the place of the body. "
        f"Looking for the {' and the '.join(sides)} pod; it tests itself first …",
        soft_wrap=True,
    )
    try:
        interrupted = show(
            RunningSession(surroundings, path, BENCH, sides),
            View.NONE,
            desk.attend,
        )
    finally:
        desk.close()
    if interrupted:
        out.print("Ended early: what was done is measured.")
    return path


def _print(result: BenchResult) -> None:
    from glutesym.bench.protocol import title

    for pod in result.pods:
        out.print(title(pod), style="bold", soft_wrap=True)
        _print_lines(pod)


def _print_lines(pod: PodResult) -> None:
    from glutesym.bench.line import Verdict
    from glutesym.bench.protocol import limits, number

    table = Table("", "", "Measured", "Limits")
    for line in pod.lines:
        verdict = line.verdict.value
        colour = _COLOURS[verdict]
        table.add_row(verdict, line.name, number(line), limits(line), style=colour)
    out.print(table)
    for line in pod.lines:
        if line.verdict is not Verdict.PASS:
            text = f"{line.verdict.value}: {line.name}. {line.says}"
            out.print(text, style=_COLOURS[line.verdict.value], soft_wrap=True)
