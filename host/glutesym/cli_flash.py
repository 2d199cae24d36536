"""The command that turns boards into pods."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.panel import Panel
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from glutesym.cli_shared import err, out, say_interrupted
from glutesym.errors import FlashError, GlutesymError, LinkError
from glutesym.measures import OTHER_SIDE, Side

if TYPE_CHECKING:
    from glutesym.flash.boards import FoundBoard
    from glutesym.flash.run import Flashed, Stage, Wish
    from glutesym.keys import KeyRing

app = typer.Typer(rich_markup_mode="markdown")


class WornSide(StrEnum):
    """Where a pod is worn."""

    LEFT = "left"
    RIGHT = "right"


class BoardName(StrEnum):
    """Whose image of MicroPython is downloaded."""

    THING_PLUS = "thing-plus"
    PICO2_W = "pico2-w"


@app.command(
    epilog="Examples:\n\n`glutesym flash --side left`\n\n`glutesym flash --both`\n\n"
    "`glutesym flash --side right --image SPARKFUN_THINGPLUS_RP2350-20260824-v1.29.0.uf2`\n\n"
    "`glutesym flash --list`\n\n`glutesym flash --dry-run`\n\n"
    "`glutesym flash --virtual --side left`"
)
def flash(
    side: Annotated[
        WornSide | None,
        typer.Option(help="Where the pod will be worn.", show_default="asks"),
    ] = None,
    both: Annotated[
        bool, typer.Option("--both", help="Two pods, one after the other: left, then right.")
    ] = False,
    port: Annotated[
        str | None,
        typer.Option(
            help="The board's serial port, such as /dev/ttyACM0 or COM3, or its boot drive.",
            show_default="the only one",
        ),
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="List the boards that are plugged in.")
    ] = False,
    image: Annotated[
        Path | None,
        typer.Option(help="MicroPython for the board, a .uf2 file, instead of a download."),
    ] = None,
    board: Annotated[
        BoardName, typer.Option(help="Which MicroPython to download.")
    ] = BoardName.THING_PLUS,
    release: Annotated[
        str | None,
        typer.Option(help="Which release, such as 1.29.0.", show_default="the newest stable one"),
    ] = None,
    no_provision: Annotated[
        bool, typer.Option("--no-provision", help="Only the firmware: no side, no owner.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done and change nothing.")
    ] = False,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="Try it with a virtual board, without hardware.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the virtual board.", min=0)] = 1,
) -> None:
    """Put the firmware on a board, make it your pod, and have it test itself.

    A new board: hold its BOOT button while you plug it in; it gets MicroPython first. A board
    that has MicroPython: just plug it in; with --image or --release it gets another one. Only
    files that have changed are sent; settings, key and fault log of a pod stay. An interrupted
    flash is completed by running the same command once more.
    """
    from glutesym.flash.raw_repl import BoardGoneError
    from glutesym.flash.run import Wish

    if list_:
        _list(port)
        return
    wish = Wish(image, release, board.value, dry_run)
    provisions = not (no_provision or dry_run)
    sides = _sides(side, both, provisions)
    report = _Report()
    done: set[str] = set()
    works = True
    try:
        for number, chosen in enumerate(sides):
            with _found(port, virtual, chosen, seed, number > 0, report) as (found, keys):
                last = number == len(sides) - 1
                other = replace(wish, other_than=frozenset(done))
                worn = chosen if provisions else None
                board_id, good = _one(found, other, worn, keys, report, last, both)
                done.add(board_id)
                works &= good
    except KeyboardInterrupt:
        report.end()
        say_interrupted(f"Interrupted. {report.if_interrupted}")
    except BoardGoneError as error:
        raise FlashError(f"{error} {report.if_interrupted}") from error
    finally:
        report.end()
    if not works:
        raise typer.Exit(1)


def _sides(side: WornSide | None, both: bool, provisions: bool) -> list[Side]:
    """Return where the boards will be worn, in the order in which they come."""
    if both:
        if side is not None:
            raise GlutesymError("--both is left, then right: leave out --side.")
        return ["left", "right"]
    if side is not None:
        return [side.value]
    if not provisions:
        return ["left"]  # nobody is told
    if not sys.stdin.isatty():
        raise GlutesymError("Say where the pod will be worn: --side left, or --side right.")
    answer = ""
    while answer not in ("left", "right"):
        answer = typer.prompt("Where will this pod be worn, left or right?").strip().lower()
    return ["left" if answer == "left" else "right"]


@contextmanager
def _found(
    port: str | None, virtual: bool, side: Side, seed: int, another: bool, report: _Report
) -> Generator[tuple[FoundBoard, KeyRing | None]]:
    """Give the board, and the keys that its key belongs to; None: the user's."""
    from glutesym.flash.boards import find_boards, the_board, wait_for_another
    from glutesym.keys import KeyRing

    report.fresh()
    if not virtual:
        if another:
            with err.status("Unplug the pod, plug in the next board (a new one: BOOT held) …"):
                found = wait_for_another(port)
        else:
            found = the_board(port)
        yield found, None
        return
    from glutesym.virtual.usb_board import board_on_usb

    with tempfile.TemporaryDirectory(prefix="glutesym-board-") as folder:
        with board_on_usb(Path(folder), side, seed=seed) as there:
            yield find_boards(str(there.port))[0], KeyRing.of([])


def _one(
    found: FoundBoard,
    wish: Wish,
    side: Side | None,
    keys: KeyRing | None,
    report: _Report,
    last: bool,
    both: bool,
) -> tuple[str, bool]:
    """Flash one board; returns its id, and whether all of it works."""
    from glutesym.flash.bring_up import bring_up
    from glutesym.flash.card import bare_card, pod_card
    from glutesym.flash.run import flash_board
    from glutesym.keys import KeyRing, default_path

    report.say(f"{found.where}: {found.name}")
    ring = KeyRing.load(default_path()) if keys is None else keys  # before anything is changed
    flashed = flash_board(found, wish, report)
    if flashed is None:
        return "", True
    if wish.only_look:
        report.end()
        _print_plan(flashed)
        return flashed.facts.id, True
    if side is None:
        report.end()
        _print_card(bare_card(flashed, "glutesym provision --side left"))
        return flashed.facts.id, True
    pod = asyncio.run(bring_up(flashed.board.port, ring, side, report))
    report.end()
    file = f"{default_path()}: keep a copy of it"
    _print_card(
        pod_card(
            flashed,
            pod,
            file if keys is None else "not kept: a virtual board",
            _next_step(side, last, both, pod.works, virtual=keys is not None),
        )
    )
    return flashed.facts.id, pod.works


def _next_step(side: Side, last: bool, both: bool, works: bool, virtual: bool) -> str:
    if not works:
        return "check the front end's wiring (hardware/README.md), then: glutesym selftest --usb"
    if not last:
        return "unplug it and plug in the next board"
    also = " --virtual" if virtual else ""
    if both:
        return f"unplug it. With both pods: glutesym app{also}"
    other = f"glutesym flash --side {OTHER_SIDE[side]}{also}"
    return f"unplug it. The other one: {other}. With both: glutesym app{also}"


def _list(port: str | None) -> None:
    """Print the boards that are plugged in; what runs on them is not disturbed."""
    from glutesym.flash.boards import find_boards, none_found, peek
    from glutesym.keys import KeyRing, default_path
    from glutesym.links.usb import UsbTransport

    found = find_boards(port)
    if not found:
        raise GlutesymError(none_found())
    keys = KeyRing.load(default_path())

    async def asked(port: str) -> str:
        try:
            (pod,) = await UsbTransport(keys, [port]).scan(0.0)
            return f"the pod {pod.name}, {pod.side or 'not yours'}"
        except LinkError as error:
            facts = await asyncio.to_thread(peek, port)
            if facts is None:
                return str(error)
        what = f"{facts.implementation} {facts.micropython}, {facts.machine}, id {facts.id}"
        return f"{what}: ready to be flashed"

    table = Table("Where", "Board", "What is on it")
    for board in found:
        what = "ready for MicroPython" if board.drive else asyncio.run(asked(board.port))
        table.add_row(board.where, board.name, what)
    out.print(table)


def _print_card(card: tuple[str, list[tuple[str, str]]]) -> None:
    title, rows = card
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(name), Text(value))
    out.print(Panel(table, title=Text(title), title_align="left", expand=False))


def _print_plan(flashed: Flashed) -> None:
    plan = flashed.plan
    facts = flashed.facts
    lines = [
        f"MicroPython {facts.micropython} on {facts.machine}, id {facts.id}",
        f"Firmware {flashed.firmware}: {len(plan.send)} file(s) would be sent "
        f"({plan.total_bytes / 1024:.0f} kB), {len(plan.same)} are as they should be.",
    ]
    if plan.send:
        lines.append(f"Would send: {', '.join(plan.send)}")
    if plan.remove:
        lines.append(f"Would remove: {', '.join(plan.remove)}")
    if plan.missing_bytes:
        lines.append(f"The flash is too full by {plan.missing_bytes / 1024:.0f} kB.")
    lines.append("Nothing was changed; the board was restarted.")
    out.print("\n".join(lines), soft_wrap=True)


class _Report:
    """Shows what is being done, with a bar where bytes go."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._stage: Stage | None = None

    @property
    def if_interrupted(self) -> str:
        """How things stand."""
        return self._stage.if_interrupted if self._stage else "Nothing was changed."

    def fresh(self) -> None:
        """Begin with another board."""
        self._stage = None

    def stage(self, stage: Stage) -> None:
        """Begin with something."""
        self._stage = stage
        progress = self._shown()
        if self._task is not None:
            progress.remove_task(self._task)
        self._task = progress.add_task(stage.title, total=None)

    def progress(self, done_bytes: int, total_bytes: int) -> None:
        """Be so far with it."""
        if self._task is not None:
            self._shown().update(self._task, completed=done_bytes, total=total_bytes or None)

    def say(self, text: str) -> None:
        """Tell a fact that stays on the screen."""
        err.print(text, soft_wrap=True)

    def end(self) -> None:
        """Take the bar away."""
        if self._progress is not None:
            self._progress.stop()
        self._progress = self._task = None

    def _shown(self) -> Progress:
        if self._progress is None:
            columns = (
                TextColumn("{task.description} …", markup=False),
                BarColumn(),
                DownloadColumn(),
            )
            self._progress = Progress(*columns, console=err, transient=True)
            self._progress.start()
        return self._progress
