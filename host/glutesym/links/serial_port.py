"""A serial port that carries packets: threads wait for it, the event loop does not."""

from __future__ import annotations

import asyncio
import errno
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import serial

from glutesym import packets
from glutesym.errors import LinkError, PortError

_BAUD = 115200  # USB does not care
_POLL_S = 0.2  # how long a reader that is not wanted any more stays
_WRITE_S = 2.0
_AT_ONCE_BYTES = 4096

OnPacket = Callable[[int, int, bytes], None]  # host time of arrival in ns, kind, payload


def open_port(name: str) -> serial.Serial:
    """Open a port for this program alone; `port_problem` explains what this raises.

    Raises
    ------
    OSError, ValueError
        It is busy, not there, may not be used, or is no serial port.
    """
    return serial.Serial(name, _BAUD, timeout=_POLL_S, write_timeout=_WRITE_S, exclusive=True)


class SerialPort:
    """One port, opened once.

    Parameters
    ----------
    name : str
        As the system calls it: ``/dev/ttyACM0``, ``COM3``.
    payload_bytes : int
        No packet that arrives has more.
    clock_ns : callable
        The host's clock; called in the reader's thread, first thing when bytes have come.
    on_packet, on_lost : callable
        Called in the event loop.
    """

    def __init__(
        self,
        name: str,
        payload_bytes: int,
        clock_ns: Callable[[], int],
        on_packet: OnPacket,
        on_lost: Callable[[str], None],
    ) -> None:
        self._name = name
        self._clock_ns = clock_ns
        self._on_packet = on_packet
        self._on_lost = on_lost
        self._decoder = packets.Decoder(payload_bytes)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix=f"write {name}")
        self._reader = threading.Thread(target=self._read, name=f"read {name}", daemon=True)
        self._closing = self._closed = False
        self._port: serial.Serial | None = None

    async def open(self) -> None:
        """Open the port for this program alone.

        Raises
        ------
        PortError
            It is busy, not there, or may not be used.
        """
        self._loop = asyncio.get_running_loop()
        try:
            await self._loop.run_in_executor(self._worker, self._open)
        except (OSError, ValueError) as error:  # serial.SerialException is an OSError
            raise PortError(port_problem(self._name, error)) from error
        self._reader.start()

    async def write(self, data: bytes) -> None:
        """Write; raises LinkError when the port is gone or takes nothing."""
        port = self._port
        if port is None or self._closing:
            raise LinkError(f"{self._name} is not open")
        try:
            await self._loop.run_in_executor(self._worker, port.write, data)
        except (OSError, RuntimeError) as error:
            raise LinkError(f"{self._name} cannot be written to ({error})") from error

    async def close(self) -> None:
        """Close the port; does nothing when it is closed."""
        self._closing = True
        if not self._closed:
            self._closed = True
            closing = self._worker.submit(self._close)
            self._worker.shutdown(wait=False)
            await asyncio.shield(asyncio.wrap_future(closing))

    def _open(self) -> None:
        self._port = open_port(self._name)
        self._port.reset_input_buffer()  # what was meant for another program

    def _close(self) -> None:
        if self._port is None:
            return
        try:
            self._port.cancel_read()
        except OSError:
            pass  # unplugged; the reader notices
        if self._reader.is_alive():
            self._reader.join()
        self._port.close()

    def _read(self) -> None:
        port, decoder = self._port, self._decoder
        assert port is not None
        try:
            while not self._closing:
                data = port.read(min(max(1, port.in_waiting), _AT_ONCE_BYTES))
                t_host_ns = self._clock_ns()
                arrived = [
                    (t_host_ns, decoder.kind, decoder.payload)
                    for byte in data
                    if decoder.take(byte)
                ]
                if arrived:
                    self._call(self._pass_on, arrived)
        except Exception as error:  # unplugged: pyserial raises this or that
            if not self._closing:
                self._call(self._on_lost, f"{self._name} is gone ({error})")

    def _pass_on(self, arrived: list[tuple[int, int, bytes]]) -> None:
        for t_host_ns, kind, payload in arrived:
            if not self._closing:
                self._on_packet(t_host_ns, kind, payload)

    def _call(self, function: Callable[..., None], argument: object) -> None:
        try:
            self._loop.call_soon_threadsafe(function, argument)
        except RuntimeError:
            self._closing = True  # the event loop has ended


def port_problem(name: str, error: Exception, system: str = sys.platform) -> str:
    """Say why a port cannot be opened, and what to do on this operating system."""
    number = getattr(error, "errno", None)
    text = str(error)
    if number in (errno.EBUSY, errno.EAGAIN) or (system == "win32" and "PermissionError" in text):
        return (
            f"{name} is busy: another program uses it. Close that program (a serial monitor, "
            "Thonny, mpremote, another glutesym) and try again."
        )
    if number in (errno.EACCES, errno.EPERM):
        if system == "linux":
            return f"You may not use {name}. {join_group(group_of(name))}"
        return f"You may not use {name}. `ls -l {name}` shows who may."
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO) or "FileNotFoundError" in text:
        return f"There is no port {name}. Is the pod plugged in, with a cable that carries data?"
    return f"{name} cannot be opened as a serial port: {text}."


def join_group(group: str) -> str:
    """Return how to get into a group of users."""
    return f"Run `sudo usermod -aG {group} $USER`, log out and in again."


def group_of(name: str) -> str:
    """Return the group that may use a port; where nobody knows, Debian's."""
    try:
        return Path(name).group()
    except (OSError, KeyError, NotImplementedError):
        return "dialout"
