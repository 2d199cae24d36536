"""MicroPython's prompt on a virtual board: a real VM behind the board's USB port.

It takes over the port when no program runs on the board: none is there, it has ended, or somebody
has interrupted it. ``firmware/virtual/prompt.py`` is its side in the VM.
"""

from __future__ import annotations

import json
import os
import subprocess
import tty
from collections.abc import Callable
from pathlib import Path

from glutesym.virtual.micropython_vm import micropython_executable
from glutesym.virtual.usb_cable import RECEIVED
from glutesym.world_time import WorldLoop

_RAW_BANNER = b"raw REPL; CTRL-B to exit\r\n>"  # MicroPython shared/runtime/pyexec.c
_PROMPT = b">>> "
_SOFT_RESET = b"OK\r\n"  # ditto: what the raw prompt says to Ctrl-D
_AT_ONCE_BYTES = 1 << 16


class PromptProcess:
    """Runs the prompt. `start` and `kill` may alternate.

    Parameters
    ----------
    loop : WorldLoop
        At real-time speed: the prompt does not know the world's time.
    folder : Path
        The pod's disk; ``folder/flash`` is what the prompt works on.
    board : dict
        What `prompt.py` is to say about the board.
    on_output : callable
        Gets what the prompt says.
    on_exit : callable
        Called with the exit code when the prompt ends by itself, but for a soft reset in raw mode,
        after which it is there again, as on a board.
    """

    def __init__(
        self,
        loop: WorldLoop,
        folder: Path,
        board: dict[str, object],
        on_output: Callable[[bytes], None],
        on_exit: Callable[[int], None],
    ) -> None:
        self._loop = loop
        self._folder = folder
        self._board = json.dumps(board)
        self._on_output = on_output
        self._on_exit = on_exit
        self._process: subprocess.Popen[bytes] | None = None
        self._terminal = -1
        self._last = b""
        self._hidden: bytes | None = None  # the start of a prompt that was there before, too
        self._input = bytearray()

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None

    def start(self, raw: bool = False) -> None:
        """Show the prompt; ``raw``: after a soft reset in raw mode.

        Raises
        ------
        MissingPartError
            There is no MicroPython VM.
        """
        self._terminal, theirs = os.openpty()
        tty.setraw(theirs)
        flash = self._folder / "flash"
        try:
            self._process = subprocess.Popen(
                [micropython_executable(), "-i", str(self._folder / "board" / "prompt.py")],
                cwd=flash,
                env={
                    **os.environ,
                    "MICROPYPATH": f"{flash}:.frozen",
                    "GLUTESYM_BOARD": self._board,
                },
                start_new_session=True,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
            )
        finally:
            os.close(theirs)
        os.set_blocking(self._terminal, False)
        self._last = b""
        self._input.clear()
        self._hidden = b"" if raw else None
        self._loop.add_reader(self._terminal, self._on_readable)

    def kill(self) -> None:
        """End it, as when the board loses its power."""
        if self._process is not None:
            self._process.kill()
            self._close()

    def post_event(self, kind: int, data: bytes) -> None:
        """Give the prompt what the host writes."""
        if kind == RECEIVED and self._process is not None:
            self._write(data)

    def _write(self, data: bytes) -> None:
        self._input += data
        self._feed()

    def _feed(self) -> None:
        try:
            while self._input:
                del self._input[: os.write(self._terminal, self._input)]
        except BlockingIOError:
            self._loop.add_writer(self._terminal, self._feed)
            return
        except OSError:
            self._input.clear()  # it has ended; reading tells
        self._loop.remove_writer(self._terminal)

    def _on_readable(self) -> None:
        try:
            data = os.read(self._terminal, _AT_ONCE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._ended()
            return
        if self._hidden is not None:
            self._hidden += data
            if self._hidden.endswith(_PROMPT):  # not sooner: it forgets what came before
                self._write(b"\x01")
            if not self._hidden.endswith(_RAW_BANNER):
                return
            data, self._hidden = b"MPY: soft reboot\r\n" + _RAW_BANNER, None
        self._last = (self._last + data)[-len(_SOFT_RESET) :]
        self._on_output(data)

    def _ended(self) -> None:
        raw = self._last == _SOFT_RESET
        code = self._close()
        if code == 0 and raw:
            self.start(raw=True)
        else:
            self._on_exit(code)

    def _close(self) -> int:
        assert self._process is not None
        self._loop.remove_reader(self._terminal)
        self._loop.remove_writer(self._terminal)
        os.close(self._terminal)
        code = self._process.wait()
        self._process = None
        return code
