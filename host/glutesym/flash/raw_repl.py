"""MicroPython's raw prompt on a serial port: runs source on a board and returns what it printed.

    repl = RawRepl(open_port(name), name)
    repl.enter()                          # whatever ran there is stopped
    repl.run("print(1 + 1)")              # "2", and the end of a line

Source goes in raw-paste mode, in which the board says how much it has room for; where there is no
such mode, in small pieces with pauses.
"""
# Ref: https://docs.micropython.org/en/latest/reference/repl.html, "Raw mode and raw-paste mode".

from __future__ import annotations

import time

import serial

from glutesym.errors import FlashError

_CTRL_A, _CTRL_B, _CTRL_C, _CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"
_PASTE, _PASTE_TAKEN, _PASTE_UNKNOWN = b"\x05A\x01", b"R\x01", b"R\x00"
_BANNER = b"raw REPL; CTRL-B to exit\r\n>"
_PROMPTS = b">>> ", b"... ", b"=== "
_REBOOTED = b"soft reboot\r\n"
STOP_S = 12.0  # a pod that has lost its host takes 5 s to listen to Ctrl-C again
_ASK_AGAIN_S, _ASK_IDLE_TIMES = 0.4, 3
_IDLE_ANSWER_S = 3.0  # a board known to be idle answers, later if this computer is busy
_ANSWER_S = 10.0
_GONE_S = 3.0  # from a reset until the port has vanished
_PIECE_BYTES, _PIECE_S = 256, 0.01  # in plain raw mode: the board's buffer, and time to empty it
_AT_ONCE_BYTES = 4096
_MOST_BYTES = 1 << 20  # of one answer
_QUOTED_BYTES = 40  # of what the board said, in a message


class BoardGoneError(FlashError):
    """The port has vanished: unplugged, or the board has restarted."""


class GarbledError(FlashError):
    """What the board answers is not what its prompt answers."""


class BoardRaisedError(FlashError):
    """Source has raised an exception on the board.

    Attributes
    ----------
    traceback : str
        As the board printed it.
    """

    def __init__(self, traceback: str) -> None:
        self.traceback = traceback
        last = traceback.strip().splitlines()[-1:] or ["?"]
        super().__init__(f"MicroPython on the board says: {last[0]}")


class RawRepl:
    """The prompt on one open port.

    Parameters
    ----------
    port : serial.Serial
        Open; a read times out within a second.
    name : str
        What messages call it.
    """

    def __init__(self, port: serial.Serial, name: str) -> None:
        self._port = port
        self._name = name
        self._buffer = bytearray()
        self.pastes = True  # whether raw-paste mode is worth a try

    def enter(self) -> None:
        """Stop what runs on the board, restart MicroPython without its main.py, in raw mode.

        Raises
        ------
        GarbledError
            There is no prompt of MicroPython.
        BoardGoneError
            The port is gone.
        """
        end_s = time.monotonic() + STOP_S
        while True:
            self._buffer.clear()
            self._write(b"\r" + _CTRL_C + _CTRL_C)
            self._write(b"\r" + _CTRL_A)
            try:
                self._read_until(_BANNER, _ASK_AGAIN_S)
                break
            except GarbledError:
                if time.monotonic() > end_s:
                    raise
        self._drain()
        self._write(_CTRL_D)
        self._read_until(_REBOOTED, _ANSWER_S)
        self._read_until(_BANNER, _ANSWER_S)

    def enter_if_idle(self) -> bool:
        """Have raw mode if the board shows its prompt; a program that runs goes on."""
        wait_s = _ASK_AGAIN_S
        for _ in range(_ASK_IDLE_TIMES):  # it may have been plugged in just now
            self._write(b"\r" + _CTRL_A)
            try:
                self._read_until(_BANNER, wait_s)
            except GarbledError:
                if self._buffer.rstrip(_CTRL_A).endswith(_PROMPTS):  # a line that is not complete
                    self._write(_CTRL_C)
                    wait_s = _IDLE_ANSWER_S
                continue
            self._drain()
            return True
        return False

    def leave(self) -> None:
        """Have the prompt for people again."""
        self._write(_CTRL_B)

    def run(self, source: str, timeout_s: float = _ANSWER_S) -> str:
        """Run source on the board and return what it printed.

        Raises
        ------
        BoardRaisedError
            The source has raised an exception there.
        GarbledError
            The answer is none of MicroPython's, or does not come in time.
        BoardGoneError
            The port is gone.
        """
        data = source.encode() or b"\n"  # nothing at all is the command to restart
        if not (self.pastes and self._paste(data)):
            self._send_plain(data)
        printed = self._read_until(_CTRL_D, timeout_s)[:-1]
        raised = self._read_until(_CTRL_D, timeout_s)[:-1]
        if (end := self._read_until(b">", timeout_s)) != b">":
            raise self._garbled(end)
        if raised:
            raise BoardRaisedError(raised.decode("utf-8", "replace"))
        return printed.decode("utf-8", "replace")

    def restart(self, how: str = "reset") -> None:
        """Restart the board as if it had been switched off and on, and close the port.

        Parameters
        ----------
        how : {"reset", "bootloader"}
            A function of the board's `machine`.
        """
        try:
            self._write(_CTRL_C + f"import machine\nmachine.{how}()\n".encode() + _CTRL_D)
            end_s = time.monotonic() + _GONE_S
            while time.monotonic() < end_s:
                self._fill(wait=True)
        except FlashError:
            pass  # it is gone, as it should
        self.close()

    def close(self) -> None:
        """Close the port."""
        try:
            self._port.close()
        except OSError:
            pass

    # --- source

    def _paste(self, data: bytes) -> bool:
        """Send source in raw-paste mode; False when the board has none."""
        self._write(_PASTE)
        answer = self._read_bytes(2)
        if answer != _PASTE_TAKEN:
            self.pastes = False
            if answer != _PASTE_UNKNOWN:  # an old one takes the Ctrl-A for what it was, alone
                self._read_until(_BANNER[2:], _ANSWER_S)
            return False
        window = room = int.from_bytes(self._read_bytes(2), "little")
        if not window:
            raise self._garbled()
        sent = 0
        while sent < len(data):
            while room == 0 or self._waiting():
                answer = self._read_bytes(1)
                if answer == _CTRL_A:
                    room += window
                elif answer == _CTRL_D:  # it does not want any more: the source is wrong
                    self._write(_CTRL_D)
                    return True
                else:
                    raise self._garbled(answer + self._buffer)
            piece = data[sent : sent + room]
            self._write(piece)
            sent += len(piece)
            room -= len(piece)
        self._write(_CTRL_D)
        self._read_until(_CTRL_D, _ANSWER_S)
        return True

    def _send_plain(self, data: bytes) -> None:
        for at in range(0, len(data), _PIECE_BYTES):
            self._write(data[at : at + _PIECE_BYTES])
            time.sleep(_PIECE_S)
        self._write(_CTRL_D)
        if (answer := self._read_bytes(2)) != b"OK":
            raise self._garbled(answer + self._buffer)

    # --- bytes

    def _write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except serial.SerialTimeoutException as error:
            raise self._garbled() from error
        except (OSError, TypeError) as error:  # TypeError: pyserial, of a port that was closed
            raise self._gone() from error

    def _waiting(self) -> bool:
        self._fill(wait=False)
        return bool(self._buffer)

    def _fill(self, wait: bool) -> None:
        try:
            count = self._port.in_waiting
            if count or wait:
                self._buffer += self._port.read(min(max(1, count), _AT_ONCE_BYTES))
        except (OSError, TypeError) as error:
            raise self._gone() from error
        if len(self._buffer) > _MOST_BYTES:
            raise self._garbled()

    def _drain(self) -> None:
        """Forget what is still coming, as other answers to what was asked several times."""
        end_s = time.monotonic() + _ANSWER_S
        while time.monotonic() < end_s:
            self._buffer.clear()
            self._fill(wait=True)
            if not self._buffer:
                return
        raise self._garbled()  # it never ends

    def _read_bytes(self, count: int) -> bytes:
        end_s = time.monotonic() + _ANSWER_S
        while len(self._buffer) < count:
            if time.monotonic() > end_s:
                raise self._garbled()
            self._fill(wait=True)
        return self._take(count)

    def _read_until(self, end: bytes, timeout_s: float) -> bytes:
        end_s = time.monotonic() + timeout_s
        searched = 0
        while (at := self._buffer.find(end, searched)) < 0:
            if time.monotonic() > end_s:
                raise self._garbled()
            searched = max(0, len(self._buffer) - len(end))
            self._fill(wait=True)
        return self._take(at + len(end))

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _gone(self) -> BoardGoneError:
        return BoardGoneError(
            f"{self._name} is gone: the board was unplugged, or has restarted by itself."
        )

    def _garbled(self, got: bytes = b"") -> GarbledError:
        said = bytes(got or self._buffer)[-_QUOTED_BYTES:]
        return GarbledError(
            f"What is on {self._name} does not answer as MicroPython's prompt does: "
            f"{f'its last words are {said!r}' if said else 'it says nothing'}. Unplug the "
            "board and plug it in again, press its reset button, and try once more; if that does "
            "not help, put MicroPython on it anew: hold BOOT while you plug it in."
        )
