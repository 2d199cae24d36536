"""A blank or a flashed board on USB, and a line to it that can be spoilt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from glutesym.flash import boards, drives
from glutesym.flash.boards import open_board
from glutesym.flash.raw_repl import RawRepl
from glutesym.flash.run import Stage
from glutesym.flash.uf2 import parse_uf2
from glutesym.podfiles import copy_files, pod_files
from glutesym.virtual.usb_board import UsbBoard

Filter = Callable[[bytes], bytes]


class Silent:
    """Takes reports and keeps them."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self.said: list[str] = []
        self.bytes: list[tuple[int, int]] = []

    def stage(self, stage: Stage) -> None:
        self.stages.append(stage)

    def progress(self, done_bytes: int, total_bytes: int) -> None:
        self.bytes.append((done_bytes, total_bytes))

    def say(self, text: str) -> None:
        self.said.append(text)


def flash_folder(folder: Path) -> Path:
    return folder / "board" / "flash"


def have_firmware(folder: Path) -> None:
    """Have an earlier firmware in a board's flash before it is there."""
    copy_files(pod_files(), flash_folder(folder))
    with (flash_folder(folder) / "status_led.py").open("a") as file:
        file.write("# an earlier firmware\n")


@contextmanager
def prompt(board: UsbBoard) -> Generator[RawRepl]:
    repl = open_board(str(board.port))
    try:
        yield repl
    finally:
        repl.close()


def spoil_to_board(board: UsbBoard, change: Filter) -> None:
    """Have what the host writes changed on its way."""
    send = board.pod.usb.send
    board.call(lambda: setattr(board.pod.usb, "send", lambda data: send(change(data))))


def spoil_from_board(board: UsbBoard, change: Filter) -> None:
    """Have what the board writes changed on its way."""
    write = board.pod.usb.on_sent

    def on_sent(data: bytes, at_ns: int) -> None:
        write(change(data), at_ns)

    board.call(lambda: setattr(board.pod.usb, "on_sent", on_sent))


def unplug_after(board: UsbBoard, count: int) -> None:
    """Have the cable pulled once the host has written so many bytes."""
    seen = 0
    send = board.pod.usb.send

    def counted(data: bytes) -> None:
        nonlocal seen
        seen += len(data)
        if seen > count and board.pod.usb.plugged:
            board.disconnect()
        else:
            send(data)

    board.call(lambda: setattr(board.pod.usb, "send", counted))


def list_as_usb(monkeypatch: pytest.MonkeyPatch, *listed: UsbBoard) -> None:
    """Have virtual boards listed among the system's ports, as a SparkFun board is."""

    def comports() -> list[SimpleNamespace]:
        return [
            SimpleNamespace(
                device=str(board.port), vid=0x1B4F, pid=0x0038, serial_number=board.pod.id.upper()
            )
            for board in listed
            if board.port.exists()
        ]

    for module in ("boards", "run"):
        monkeypatch.setattr(f"glutesym.flash.{module}.comports", comports)
    monkeypatch.setattr(boards, "unmounted_boot_board", lambda: False)
    monkeypatch.setattr(drives, "_mounted", list)


class BootRom:
    """A boot drive, and the board that starts once a whole image is on it.

    Attributes
    ----------
    image : bytes
        What was written.
    """

    def __init__(self, folder: Path, board: UsbBoard, board_id: str = "RP2350") -> None:
        self.path = folder
        self.image = b""
        self._board = board
        folder.mkdir(parents=True, exist_ok=True)
        info = f"UF2 Bootloader v1.0\r\nModel: Raspberry Pi RP2350\r\nBoard-ID: {board_id}\r\n"
        (folder / "INFO_UF2.TXT").write_bytes(info.encode())

    async def _start(self) -> None:
        if not self._board.pod.prompt.running:
            await self._board.pod.switch_on()
        self._board.connect()

    @contextmanager
    def running(self, image: bytes) -> Generator[None]:
        """Wait for an image in another thread."""
        over = threading.Event()

        def watch() -> None:
            file = self.path / "micropython.uf2"
            while not over.wait(0.01):
                if file.exists() and file.stat().st_size == len(image):
                    self.image = file.read_bytes()
                    parse_uf2(self.image)
                    (self.path / "INFO_UF2.TXT").unlink()
                    self._board.wait_for(self._start())
                    return

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
