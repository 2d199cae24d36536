"""USB between a virtual pod and the host: power, and the pod's serial port.

The port is there while the pod runs and the cable is plugged in. `UsbCable.open` opens it in
memory, at any speed of the world; `UsbCable.open_terminal` makes it a pseudo-terminal, which
programs open by its path as they open a real port, in a world at real-time speed.
"""

from __future__ import annotations

import asyncio
import os
import struct
import tty
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from glutesym.world_time import WorldLoop

RECEIVED, _OPENED, _TAKEN = 200, 201, 202  # events of firmware/virtual/world.py
_FRAME_S = 0.001  # full speed USB moves data once a millisecond
_EVENT_BYTES = 512


class Powered(Protocol):
    """What feels USB power."""

    usb_power: bool


class UsbPort:
    """The pod's serial port, opened by a program on the host.

    Attributes
    ----------
    reader : asyncio.StreamReader
        What the pod writes; at its end when the port is gone.
    paused : bool
        The program does not read: the pod's buffer of 256 bytes fills up.
    """

    def __init__(self, cable: UsbCable) -> None:
        self.reader = asyncio.StreamReader(limit=1 << 24)
        self.paused = False
        self._cable = cable
        self._open = True

    def write(self, data: bytes) -> None:
        """Send bytes to the pod.

        Raises
        ------
        OSError
            The port is gone.
        """
        if not self._open:
            raise OSError("the port is gone")
        self._cable.send(data)

    def close(self) -> None:
        """Close the port, as the program does at its end."""
        if self._open:
            self._cable.close_port()

    def take(self, data: bytes) -> int:
        """Take what the pod wrote; returns how many bytes the host had room for."""
        if self.paused:
            return 0
        self.reader.feed_data(data)
        return len(data)

    def end(self) -> None:
        """Vanish: the reader comes to its end."""
        self._open = False
        self.reader.feed_eof()


class UsbTerminal:
    """The pod's serial port as a pseudo-terminal, which serial libraries open by a path.

    The path vanishes before the terminal does: terminals' own names are used again at once, for
    others.
    """

    def __init__(self, loop: WorldLoop, cable: UsbCable, path: Path) -> None:
        self._loop = loop
        self._cable = cable
        self._path = path
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        path.symlink_to(os.ttyname(self._slave))
        loop.add_reader(self._master, self._on_readable)

    def take(self, data: bytes) -> int:
        """Take what the pod wrote; returns how many bytes the host had room for."""
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0

    def end(self) -> None:
        """Vanish: whoever has it open gets an error or the end of the file."""
        self._path.unlink(missing_ok=True)
        self._loop.remove_reader(self._master)
        os.close(self._slave)
        os.close(self._master)

    def _on_readable(self) -> None:
        self._cable.send(os.read(self._master, 1 << 16))


class UsbCable:
    """The cable of one pod.

    Parameters
    ----------
    loop : WorldLoop
    body : Powered
        What feels USB power.
    """

    def __init__(self, loop: WorldLoop, body: Powered) -> None:
        self._loop = loop
        self._body = body
        self._post: Callable[[int, bytes], None] | None = None
        self._port: UsbPort | UsbTerminal | None = None
        self._down: deque[bytes] = deque()  # to the pod; timers alone keep no order
        self._up = bytearray()  # in the pod's buffer, or on the way from there
        self._taking: asyncio.TimerHandle | None = None
        self.plugged = False

    def plug_in(self, power: bool = True) -> None:
        """Connect pod and host."""
        self.plugged = True
        self._body.usb_power = power

    def unplug(self) -> None:
        """Take the cable out: power and port are gone."""
        self.plugged = False
        self._body.usb_power = False
        self.close_port()

    def open(self) -> UsbPort:
        """Open the port in memory; it takes the place of a port that was open before.

        Raises
        ------
        OSError
            There is no port: the cable is not plugged in, or the pod does not run.
        """
        self._make_way()
        self._port = port = UsbPort(self)
        return port

    def open_terminal(self, path: Path) -> None:
        """Make the port a pseudo-terminal at a path, which is there as long as the port is.

        Raises
        ------
        OSError
            There is no port: the cable is not plugged in, or the pod does not run; or something
            else is at that path.
        """
        self._make_way()
        self._port = UsbTerminal(self._loop, self, path)

    # --- for the pod

    def pod_starts(self, post: Callable[[int, bytes], None]) -> None:
        """Have a pod at the end of the cable; ``post`` takes its events."""
        self._post = post

    def pod_ends(self) -> None:
        """Have no pod any more: its port vanishes, and another one comes with its next boot."""
        self._post = None
        self.close_port()

    def on_sent(self, data: bytes, at_ns: int) -> None:
        """Take what the pod wrote at its local time."""
        self._loop.call_at(at_ns / 1e9, self._write, data)  # each write takes time: in order

    # --- for the port

    def send(self, data: bytes) -> None:
        """Bring bytes to the pod with the next USB frames."""
        self._down.append(data)
        self._loop.call_later(_FRAME_S, self._arrive)

    def close_port(self) -> None:
        """Close the port, whoever has it open."""
        if self._port is None:
            return
        self._port.end()
        self._port = None
        self._up.clear()
        self._tell(_OPENED, b"\0")

    def _make_way(self) -> None:
        """Have a port to open, and nobody else who has it open."""
        self.close_port()
        if not self.plugged or self._post is None:
            raise OSError("no such port")
        self._tell(_OPENED, b"\1")

    def _arrive(self) -> None:
        data = self._down.popleft()
        if self.plugged:
            for begin in range(0, len(data), _EVENT_BYTES):
                self._tell(RECEIVED, data[begin : begin + _EVENT_BYTES])

    def _write(self, data: bytes) -> None:
        if self._port is not None:
            self._up += data
            if self._taking is None:
                self._taking = self._loop.call_later(_FRAME_S, self._take)

    def _take(self) -> None:
        """Have the host take what it has room for, once in each USB frame."""
        self._taking = None
        if self._port is None:
            return
        taken = self._port.take(bytes(self._up))
        del self._up[:taken]
        if taken:
            self._tell(_TAKEN, struct.pack("<H", taken))
        if self._up:
            self._taking = self._loop.call_later(_FRAME_S, self._take)

    def _tell(self, kind: int, data: bytes) -> None:
        if self._post is not None:
            self._post(kind, data)
