"""The way of one board: MicroPython if it has none, the pod's files, a restart."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

from serial.tools.list_ports import comports

from glutesym.errors import FlashError
from glutesym.flash.boards import (
    BoardFacts,
    FoundBoard,
    ask,
    check_board,
    open_board,
    wait_for_drive,
    wait_for_port,
)
from glutesym.flash.drives import boot_drives, copy_image
from glutesym.flash.image import SITE, Image, download, find_release, load_image
from glutesym.flash.raw_repl import RawRepl
from glutesym.flash.upload import Plan, Upload
from glutesym.podfiles import expected_firmware, pod_files

_SAME = "run the same command once more"


class Stage(Enum):
    """What is being done, and how things stand when it is interrupted there."""

    LOOKING = "Looking at the board", "Nothing was changed."
    IMAGE = "Getting MicroPython", "Nothing was changed."
    COPYING = (
        "Copying MicroPython",
        "The board may have no MicroPython now. Unplug it, hold BOOT while you plug it in, and "
        f"{_SAME}.",
    )
    STARTING = (
        "Waiting for the board",
        f"MicroPython is on the board, the pod's files are not. Plug it in again and {_SAME}.",
    )
    STOPPING = (
        "Stopping what runs on the board",
        "Nothing was changed. Unplug the board and plug it in again: it goes on with what it had.",
    )
    SENDING = (
        "Sending",
        "The pod has the firmware that it had before; what was sent lies beside it under "
        f"temporary names. To complete it, {_SAME}.",
    )
    SWITCHING = (
        "Putting the files in place",
        f"The pod may have files of two firmwares, and measures nothing. To mend that, {_SAME}.",
    )
    RESTARTING = (
        "Restarting the pod",
        "The firmware is on the pod. Unplug it, plug it in again, and make it yours: "
        "`glutesym provision`.",
    )
    PROVISIONING = (
        "Making the pod yours",
        "The firmware is on the pod; whether it has its key is open. To complete it: "
        "`glutesym provision`.",
    )
    TESTING = (
        "The pod tests itself",
        "The firmware is on the pod and it is yours. To have it tested: "
        "`glutesym selftest --usb`.",
    )

    def __init__(self, title: str, if_interrupted: str) -> None:
        self.title = title
        self.if_interrupted = if_interrupted


class Report(Protocol):
    """What is told while it happens."""

    def stage(self, stage: Stage) -> None:
        """Begin with something."""
        ...

    def progress(self, done_bytes: int, total_bytes: int) -> None:
        """Be so far with it; a total of 0 is not known."""
        ...

    def say(self, text: str) -> None:
        """Tell a fact that stays on the screen."""
        ...


@dataclass(frozen=True)
class Wish:
    """What is wanted.

    Attributes
    ----------
    image : Path or None
        MicroPython's image for a board that needs one.
    release : str or None
        The release to download instead; None: the newest.
    board : str
        Whose image that is, a key of `glutesym.flash.image.DOWNLOADS`.
    only_look : bool
        Change nothing.
    other_than : frozenset of str
        Ids of boards that are done.
    site : str
        Where images are.
    """

    image: Path | None = None
    release: str | None = None
    board: str = "thing-plus"
    only_look: bool = False
    other_than: frozenset[str] = frozenset()
    site: str = SITE

    @property
    def micropython(self) -> bool:
        """Whether MicroPython is to be put on a board that has one, too."""
        return self.image is not None or self.release is not None


@dataclass(frozen=True)
class Flashed:
    """How it went.

    Attributes
    ----------
    board : FoundBoard
        As it is plugged in now.
    facts : BoardFacts
    firmware : str
        What it has now, or would have.
    plan : Plan
        What was done, or would have been.
    """

    board: FoundBoard
    facts: BoardFacts
    firmware: str
    plan: Plan


def flash_board(board: FoundBoard, wish: Wish, report: Report) -> Flashed | None:
    """Put MicroPython, if needed, and the pod's files on a board, and restart it.

    Returns
    -------
    Flashed or None
        None: it would have got MicroPython first, so there is nothing more to look at.

    Raises
    ------
    FlashError
        It cannot be done; the message says how things stand and what to do.
    """
    report.stage(Stage.LOOKING)
    if board.drive is not None or wish.micropython:
        installed = _install_micropython(board, wish, report)
        if installed is None:
            return None
        board = installed
    report.stage(Stage.STOPPING)
    repl = open_board(board.port)
    with _restarted(repl):
        facts = ask(repl)
        check_board(facts)
        if facts.id in wish.other_than:
            raise FlashError("This pod is done already: plug in the other one.")
        upload = Upload(
            repl, {name: path.read_bytes() for name, path in pod_files().items()},
            expected_firmware(),
        )  # fmt: skip
        plan = upload.look()
        if not wish.only_look:
            _bring(upload, plan, report)
            report.stage(Stage.RESTARTING)
    back = board if wish.only_look else wait_for_port(board)
    return Flashed(back, facts, expected_firmware(), plan)


def _bring(upload: Upload, plan: Plan, report: Report) -> None:
    report.stage(Stage.SENDING)
    sent: dict[str, int] = {}

    def on_sent(name: str, count: int) -> None:
        sent[name] = count
        report.progress(sum(sent.values()), plan.total_bytes)

    upload.send(plan, on_sent)
    report.stage(Stage.SWITCHING)
    upload.switch(plan)


@contextmanager
def _restarted(repl: RawRepl) -> Generator[None]:
    """Have the board run its program again afterwards, however this ends."""
    try:
        yield
    finally:
        repl.restart()


def _install_micropython(board: FoundBoard, wish: Wish, report: Report) -> FoundBoard | None:
    """Put MicroPython on a board, and return it as it is afterwards."""
    if board.drive is not None and board.drive.chip != "RP2350":
        raise FlashError(
            f"{board.where} is a board with an {board.drive.chip}: a pod needs an RP2350, which "
            "has the memory for it (hardware/README.md)."
        )
    report.stage(Stage.IMAGE)
    if wish.only_look and wish.image is None:
        url = find_release(wish.board, wish.release, wish.site)
        report.say(f"Would download {url} and copy it to {board.where}.")
        return None
    image = _image(wish, report)
    report.say(
        f"MicroPython {image.micropython}{' for ' + image.machine if image.machine else ''} "
        f"({image.name}, SHA-256 {image.sha256}): a whole image for an RP2350."
    )
    if wish.only_look:
        report.say(f"Would copy it to {board.where}.")
        return None
    if board.drive is None:
        board = _to_boot_mode(board, report)
    assert board.drive is not None
    before = [port.device for port in comports()]
    report.stage(Stage.COPYING)
    copy_image(board.drive, image.data, lambda count: report.progress(count, len(image.data)))
    report.stage(Stage.STARTING)
    return wait_for_port(board, before)


def _to_boot_mode(board: FoundBoard, report: Report) -> FoundBoard:
    report.stage(Stage.STOPPING)
    before = [drive.path for drive in boot_drives()]
    repl = open_board(board.port)
    try:
        check_chip = ask(repl)
    except BaseException:
        repl.restart()
        raise
    if "RP2350" not in check_chip.machine:
        repl.restart()
        check_board(check_chip)
    repl.restart("bootloader")
    return wait_for_drive(before)


def _image(wish: Wish, report: Report) -> Image:
    if wish.image is not None:
        return load_image(wish.image)
    url = find_release(wish.board, wish.release, wish.site)
    report.say(f"From {url}")
    image = download(url, wish.board, report.progress, wish.site)
    report.say(
        "Verified: the site's identity (TLS) and that the image is whole and for this chip. The "
        "site publishes no checksums to compare with."
    )
    return image
