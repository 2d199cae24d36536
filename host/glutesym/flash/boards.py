"""The boards that are plugged in: found by their USB ids and drives, asked at their prompt."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from serial.tools.list_ports import comports

from glutesym.errors import FlashError
from glutesym.flash.drives import (
    BootDrive,
    boot_drive,
    boot_drives,
    unmounted_boot_board,
)
from glutesym.flash.raw_repl import BoardRaisedError, GarbledError, RawRepl
from glutesym.links.serial_port import open_port, port_problem
from glutesym.links.usb import BOARDS

T = TypeVar("T")
OLDEST_MICROPYTHON = (1, 26)
_BACK_S = 30.0
_LOOK_EVERY_S = 0.25
_WATCHDOG = """
import sys
_machine = getattr(sys.implementation, "_machine", "")
if sys.platform == "rp2" and "RP2350" in _machine:
    import machine
    machine.mem32[0x400DB000] = 1 << 30
"""  # firmware/pod/board.py: WATCHDOG_CTRL_CLEAR, WATCHDOG_ENABLE. It outlives a soft reset.
_ASK = """
import sys, json
_machine = getattr(sys.implementation, "_machine", "")
try:
    import machine
    from binascii import hexlify
    _id = hexlify(machine.unique_id()).decode()
except (ImportError, AttributeError):
    _id = ""
try:
    import bluetooth
    _radio = True
except ImportError:
    _radio = False
print(json.dumps([sys.implementation.name, list(sys.implementation.version)[:3], sys.platform,
    _machine, _id, _radio]))
"""


@dataclass(frozen=True)
class FoundBoard:
    """A board that is plugged in.

    Attributes
    ----------
    name : str
        What is known of it from outside.
    port : str
        Its serial port; empty in boot mode.
    drive : BootDrive or None
        Its drive in boot mode.
    serial : str
        Its serial number on USB, by which it is known again; may be empty.
    """

    name: str
    port: str = ""
    drive: BootDrive | None = None
    serial: str = ""

    @property
    def where(self) -> str:
        """Its port or its drive."""
        return str(self.drive.path) if self.drive else self.port


@dataclass(frozen=True)
class BoardFacts:
    """What a board says of itself at its prompt."""

    implementation: str
    version: tuple[int, ...]
    platform: str
    machine: str
    id: str
    radio: bool

    @property
    def micropython(self) -> str:
        """Its version of MicroPython."""
        return ".".join(map(str, self.version))


def find_boards(only: str | None = None) -> list[FoundBoard]:
    """Return the boards that are plugged in.

    Parameters
    ----------
    only : str, optional
        A serial port, of any kind of board, or the folder of a boot drive: look at that alone.
    """
    if only is not None:
        drive = boot_drive(Path(only))
        if drive is not None:
            return [_in_boot_mode(drive)]
        known = {port.device: port for port in comports()}
        port = known.get(only)
        name = BOARDS.get((port.vid or 0, port.pid or 0), "a board") if port else "a board"
        return [FoundBoard(name, only, serial=(port.serial_number or "") if port else "")]
    ports = [
        FoundBoard(BOARDS[port.vid, port.pid], port.device, serial=port.serial_number or "")
        for port in comports()
        if (port.vid, port.pid) in BOARDS
    ]
    return sorted(ports, key=lambda board: board.port) + [
        _in_boot_mode(drive) for drive in boot_drives()
    ]


def the_board(only: str | None = None) -> FoundBoard:
    """Return the one board that is plugged in.

    Raises
    ------
    FlashError
        There is none, or more than one.
    """
    found = find_boards(only)
    if not found:
        raise FlashError(none_found())
    if len(found) > 1:
        listed = "; ".join(f"{board.where}: {board.name}" for board in found)
        raise FlashError(
            f"There are {len(found)} boards ({listed}). Unplug all but one, or choose one: "
            f"--port {found[0].where}."
        )
    return found[0]


def wait_for_another(only: str | None = None) -> FoundBoard:
    """Wait, for ever, until a board is plugged in that is not there now, and return it."""

    def there() -> dict[str, FoundBoard]:
        gone = only is not None and not _is_there(only)
        found = [] if gone else find_boards(only)
        return {board.serial or board.where: board for board in found}

    known = set(there())

    def another() -> FoundBoard | None:
        here = there()
        known.intersection_update(here)
        return next((board for key, board in here.items() if key not in known), None)

    found = wait_until(another)
    assert found is not None
    return found


def peek(port: str) -> BoardFacts | None:
    """Ask a board that shows its prompt what it is; what runs on others is not disturbed.

    Raises
    ------
    FlashError
        The port cannot be used.
    """
    repl = _opened(port)
    try:
        if not repl.enter_if_idle():
            return None
        facts = _asked(repl)
        repl.leave()
        return facts
    except (FlashError, ValueError, TypeError):
        return None
    finally:
        repl.close()


def open_board(port: str) -> RawRepl:
    """Open a board's port and have its prompt; whatever ran there is stopped.

    Raises
    ------
    FlashError
        The port cannot be used, or there is no MicroPython behind it.
    """
    repl = _opened(port)
    try:
        repl.enter()
        repl.run(_WATCHDOG)
    except BaseException:
        repl.close()
        raise
    return repl


def ask(repl: RawRepl) -> BoardFacts:
    """Have a board whose prompt was entered by `open_board` say what it is.

    Raises
    ------
    FlashError
        Its answer makes no sense.
    """
    try:
        repl.run(_WATCHDOG)
        return _asked(repl)
    except (ValueError, TypeError, BoardRaisedError) as error:
        raise GarbledError(
            "What runs on the board says strange things about itself. Put MicroPython on it: hold "
            "BOOT while you plug it in, and run the same command once more."
        ) from error


def check_board(facts: BoardFacts) -> None:
    """Refuse boards on which the firmware would not run.

    Raises
    ------
    FlashError
        It is none of them; the message says which one and what to do.
    """
    again = "hold BOOT while you plug it in, and run the same command once more"
    what = facts.machine or facts.platform
    if facts.implementation != "micropython":
        raise FlashError(
            f"{facts.implementation} runs on this board, not MicroPython. Put MicroPython on it: "
            f"{again}."
        )
    if "RP2040" in facts.machine:
        raise FlashError(
            f"This is a {what}: it has 264 kB of memory, which the firmware and two seconds of "
            "signal do not fit into. A pod needs an RP2350 (hardware/README.md)."
        )
    if facts.platform != "rp2" or "RP2350" not in facts.machine:
        raise FlashError(f"This is a {what}: a pod needs an RP2350 (hardware/README.md).")
    if facts.version < OLDEST_MICROPYTHON:
        oldest = ".".join(map(str, OLDEST_MICROPYTHON))
        raise FlashError(
            f"MicroPython {facts.micropython} is on the board; a pod needs {oldest} or later. Put "
            f"a newer one on it: {again}."
        )
    if not facts.radio:
        raise FlashError(
            f"The MicroPython on this board has no Bluetooth ({what}). Either it is a board "
            "without a radio (hardware/README.md), or it has another board's MicroPython: "
            f"{again}."
        )


def wait_for_port(board: FoundBoard, before: Sequence[str] = ()) -> FoundBoard:
    """Wait until a board that restarts has its serial port again, under whatever name.

    Parameters
    ----------
    board : FoundBoard
    before : sequence of str
        Ports that are others'; for a board that was in boot mode, which has no serial number.

    Raises
    ------
    FlashError
        It is not back in time.
    """

    def back() -> FoundBoard | None:
        for seen in comports():
            same = (
                seen.serial_number == board.serial if board.serial else seen.device == board.port
            )
            new = board.drive is not None and seen.device not in before
            if same or (new and (seen.vid, seen.pid) in BOARDS):
                return FoundBoard(board.name, seen.device, serial=seen.serial_number or "")
        if board.port and not board.serial and _is_there(board.port):
            return board  # of a kind that is not listed
        return None

    found = wait_until(back, _BACK_S)
    if found is None:
        raise FlashError(
            "The board has not come back. Unplug it, plug it in again, and run the same command "
            "once more: it goes on where this one ended."
        )
    return found


def wait_for_drive(before: Sequence[Path]) -> FoundBoard:
    """Wait for a board that was sent into boot mode.

    Raises
    ------
    FlashError
        There is no drive but those ``before``.
    """

    def there() -> FoundBoard | None:
        new = [drive for drive in boot_drives() if drive.path not in before]
        return _in_boot_mode(new[0]) if new else None

    found = wait_until(there, _BACK_S)
    if found is None:
        raise FlashError(f"The board went into boot mode and is not seen there. {none_found()}")
    return found


def wait_until(look: Callable[[], T | None], timeout_s: float | None = None) -> T | None:
    """Return what ``look`` returns as soon as it is not None; None when the time is up."""
    end_s = None if timeout_s is None else time.monotonic() + timeout_s
    while True:
        found = look()
        if found is not None or (end_s is not None and time.monotonic() > end_s):
            return found
        time.sleep(_LOOK_EVERY_S)


def _is_there(port: str) -> bool:
    return any(seen.device == port for seen in comports()) or Path(port).exists()


def _opened(port: str) -> RawRepl:
    try:
        return RawRepl(open_port(port), port)
    except (OSError, ValueError) as error:
        raise FlashError(port_problem(port, error)) from error


def _asked(repl: RawRepl) -> BoardFacts:
    name, version, platform, machine, board_id, radio = json.loads(repl.run(_ASK))
    numbers = tuple(int(number) for number in version)
    return BoardFacts(str(name), numbers, str(platform), str(machine), str(board_id), bool(radio))


def _in_boot_mode(drive: BootDrive) -> FoundBoard:
    return FoundBoard(f"{drive.chip} in boot mode", drive=drive)


def none_found() -> str:
    """Say that there is no board, and what to do."""
    if unmounted_boot_board():
        return (
            "A board in boot mode is plugged in, but its drive is not mounted. Open it in the "
            "file manager, or `udisksctl mount -b /dev/disk/by-label/RP2350`, and run the same "
            "command once more."
        )
    return (
        "No board found. Plug it in with a cable that carries data. A new board, or one without "
        "MicroPython: hold its BOOT button while you plug it in. An unusual one: name its port "
        "with --port. To try it without a board: `glutesym flash --virtual --side left`."
    )
