"""A virtual board on the computer's USB, as a path that serial libraries open, in real time."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from glutesym.measures import Side
from glutesym.virtual.body import ScenarioBody
from glutesym.virtual.radio import RadioLink
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.virtual_pod import PodHardware, VirtualPod
from glutesym.world_time import WorldLoop, run_in_world

T = TypeVar("T")
_LOOK_EVERY_S = 0.05


class UsbBoard:
    """A board on a cable, in a world of its own; `call` and `wait_for` are for other threads.

    Attributes
    ----------
    port : Path
        Its serial port: away while the board restarts, and while the cable is out.
    pod : VirtualPod
        To be touched in its world only.
    """

    def __init__(self, loop: WorldLoop, pod: VirtualPod, port: Path) -> None:
        self.port = port
        self.pod = pod
        self._loop = loop
        self._resets = 0

    def call(self, function: Callable[[], T]) -> T:
        """Have a function called in the board's world and return what it returns."""

        async def work() -> T:
            return function()

        return self.wait_for(work())

    def wait_for(self, work: Coroutine[None, None, T]) -> T:
        """Have something done in the board's world and return what it returns."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def connect(self) -> None:
        """Put the cable in; to be called in the board's world."""
        self._resets = self.pod.resets
        self.pod.usb.plug_in()
        self.pod.usb.open_terminal(self.port)

    def disconnect(self) -> None:
        """Take the cable out; to be called in the board's world."""
        self.pod.usb.unplug()

    async def follow(self) -> None:
        """Have a port again after each restart."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            pod = self.pod
            running = pod.process.running or pod.prompt.running
            if pod.usb.plugged and pod.resets > self._resets and running:
                self.connect()


@contextmanager
def board_on_usb(
    folder: Path, side: Side = "left", hardware: PodHardware | None = None, seed: int = 1
) -> Generator[UsbBoard]:
    """Have a board on USB while the caller does something else.

    Parameters
    ----------
    folder : Path
        Keeps the board's flash, ``folder/board/flash``, and its port.
    side : {"left", "right"}
        Which of two boards it is, and where it is worn.
    hardware : PodHardware, optional
        By default MicroPython is on it and nothing else.
    seed : int
        Of the board.

    Raises
    ------
    MissingPartError
        There is no MicroPython VM.
    """
    chosen = hardware or PodHardware(blank=True)
    there = threading.Event()
    over = asyncio.Event()
    boards: list[UsbBoard] = []
    failures: list[BaseException] = []

    async def live() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, WorldLoop)
        body = ScenarioBody(build_scenario("rest", seed=seed), side)
        air = RadioLink(loop, seed)
        pod = VirtualPod(loop, air, side, folder / "board", body, chosen, seed)
        try:
            await pod.switch_on()
            board = UsbBoard(loop, pod, folder / "port")
            board.connect()
            boards.append(board)
            follower = asyncio.create_task(board.follow())
            there.set()
            await over.wait()
            follower.cancel()
        finally:
            pod.usb.unplug()
            pod.switch_off()

    def work() -> None:
        try:
            run_in_world(live(), 1.0)
        except BaseException as error:
            failures.append(error)
        finally:
            there.set()

    folder.mkdir(parents=True, exist_ok=True)
    thread = threading.Thread(target=work, name="virtual board", daemon=True)
    thread.start()
    there.wait()
    try:
        if not boards:
            raise failures[0]
        yield boards[0]
    finally:
        if boards:
            boards[0].call(over.set)
        thread.join()
