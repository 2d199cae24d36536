"""One virtual pod: a MicroPython process that runs the pod's files, and its door to the world.

The messages are defined in ``firmware/virtual/world.py``. The process holds the world while it
computes and releases it while it sleeps.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import subprocess
from collections import deque
from collections.abc import Callable
from pathlib import Path

from glutesym.podfiles import copy_files, pod_files, virtual_board_files
from glutesym.virtual.micropython_vm import micropython_executable
from glutesym.virtual.pod_parts import Body, Radio, Usb
from glutesym.world_time import WorldLoop

_HEADER = struct.Struct("<BIq")
_WAIT, _ELECTRODE, _MOTION, _POWER, _CONFIG, _LEAD_OFF = 1, 2, 3, 4, 5, 6
_LED = 33
_USB_SENT = 50
_NEXT_SEED = 7919  # each boot has other random numbers, as on the board

# Exit codes and causes of a reset: firmware/virtual/machine_watchdog.py, machine.py
EXIT_RESET, EXIT_WATCHDOG, EXIT_BOOTLOADER, EXIT_PROMPT = 64, 65, 66, 67
POWER_ON, WATCHDOG_RESET = 1, 3

HEAP_BYTES = 16 << 20  # as a pod with 8 MB of PSRAM


class PodProcess:
    """Runs one pod. `start` and `kill` may alternate, as a pod is switched on and off.

    Parameters
    ----------
    loop : WorldLoop
        The world.
    folder : Path
        The pod's disk: its files are copied to ``folder/flash``, which keeps what the pod writes.
    config : dict
        Launch parameters of the virtual board, JSON.
    seed : int
        Of the pod's random numbers.
    body, radio, usb
        What the sensors feel, and what radio and USB are attached to.
    wake_delay_ns : callable
        Draws how late the pod's processor wakes up.
    on_exit : callable
        Called with the exit code when the process ends by itself.
    heap_bytes : int
        Of the VM; objects are twice as large there as on a 32-bit board.
    blank : bool
        Begin with an empty flash.
    """

    def __init__(
        self,
        loop: WorldLoop,
        folder: Path,
        config: dict[str, object],
        seed: int,
        body: Body,
        radio: Radio,
        usb: Usb,
        wake_delay_ns: Callable[[], int],
        on_exit: Callable[[int], None],
        heap_bytes: int = HEAP_BYTES,
        blank: bool = False,
    ) -> None:
        self._loop = loop
        self._folder = folder
        self._config = config
        self._seed = seed
        self._body = body
        self._radio = radio
        self._usb = usb
        self._wake_delay_ns = wake_delay_ns
        self._on_exit = on_exit
        self._heap_bytes = heap_bytes
        self._boots = 0
        self._reset_cause = POWER_ON
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._buffer = bytearray()
        self._events: deque[bytes] = deque()
        self._waiting = False
        self._holding = False
        self._timer: asyncio.TimerHandle | None = None
        self.led = (0, 0, 0)
        self.log_path = folder / "console.log"
        copy_files(virtual_board_files(), folder / "board")
        copy_files({} if blank else pod_files(), folder / "flash")

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None

    def start(self, reset_cause: int = POWER_ON) -> None:
        """Boot the pod.

        Parameters
        ----------
        reset_cause : int
            What ``machine.reset_cause()`` is to return.

        Raises
        ------
        MissingPartError
            There is no MicroPython VM.
        """
        self._boots += 1
        self._reset_cause = reset_cause
        ours, theirs = socket.socketpair()
        path = f"{self._folder / 'board'}:{self._folder / 'flash'}:.frozen"
        with theirs, self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    micropython_executable(),
                    "-X",
                    f"heapsize={self._heap_bytes}",
                    str(self._folder / "board" / "start.py"),
                ],
                cwd=self._folder / "flash",
                env={
                    **os.environ,
                    "MICROPYPATH": path,
                    "GLUTESYM_WORLD_FD": str(theirs.fileno()),
                },
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for the host, which ends its pods itself
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        ours.setblocking(False)
        self._socket = ours
        self._buffer.clear()
        self._events.clear()
        self._waiting = False
        self._loop.add_reader(ours.fileno(), self._on_readable)
        self._hold()

    def kill(self) -> None:
        """Switch the pod off at once, as when its battery falls out."""
        if self._process is not None:
            self._process.kill()
            self._close()

    def post_event(self, kind: int, data: bytes) -> None:
        """Give the pod an event of radio or USB; it wakes up for it."""
        if self._process is None:
            return
        self._events.append(struct.pack("<BH", kind, len(data)) + data)
        if self._waiting:
            self._wake_at(self._loop.now_ns() + self._wake_delay_ns())

    def console(self) -> str:
        """Return what the pod has printed."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    # --- messages

    def _on_readable(self) -> None:
        assert self._socket is not None
        try:
            data = self._socket.recv(1 << 18)
        except OSError:
            data = b""
        if not data:
            self._ended()
            return
        self._buffer += data
        position = 0
        while len(self._buffer) - position >= _HEADER.size:
            kind, size, at_ns = _HEADER.unpack_from(self._buffer, position)
            end = position + _HEADER.size + size
            if len(self._buffer) < end:
                break
            payload = bytes(self._buffer[position + _HEADER.size : end])
            position = end
            self._on_message(kind, payload, at_ns)
            if not self.running:
                return  # somebody took the battery out while this message was handled
        del self._buffer[:position]

    def _on_message(self, kind: int, payload: bytes, at_ns: int) -> None:
        if kind == _WAIT:
            (deadline_ns,) = struct.unpack("<q", payload)
            self._sleep(at_ns, deadline_ns)
        elif kind == _ELECTRODE:
            start_ns, step_ns, count, aperture_ns = struct.unpack("<qdId", payload)
            self._answer(self._body.electrode_uv(start_ns, step_ns, count, aperture_ns).tobytes())
        elif kind == _MOTION:
            start_ns, step_ns, count, _ = struct.unpack("<qdId", payload)
            self._answer(self._body.motion(start_ns, step_ns, count).tobytes())
        elif kind == _POWER:
            self._answer(struct.pack("<ffB", *self._body.power(at_ns)))
        elif kind == _LEAD_OFF:
            off, until_ns = self._body.lead_off(*struct.unpack("<q", payload))
            self._answer(struct.pack("<Bq", off, until_ns))
        elif kind == _CONFIG:
            self._answer(json.dumps(self._boot_config()).encode())
        elif kind == _LED:
            self.led = (payload[0], payload[1], payload[2])
        elif kind == _USB_SENT:
            self._usb.on_sent(payload, at_ns)
        else:
            self._radio.on_command(kind, payload, at_ns)

    def _answer(self, data: bytes) -> None:
        if self._socket is None:
            return
        message = struct.pack("<I", len(data)) + data
        try:
            try:
                sent = self._socket.send(message)
            except BlockingIOError:
                sent = 0
            if sent < len(message):  # seldom: changing the mode takes as long as sending
                self._socket.setblocking(True)
                self._socket.sendall(message[sent:])
                self._socket.setblocking(False)
        except OSError:
            self._ended()  # meanwhile

    def _boot_config(self) -> dict[str, object]:
        return {
            **self._config,
            "seed": self._seed + _NEXT_SEED * (self._boots - 1),
            "now_ns": self._loop.now_ns(),
            "reset_cause": self._reset_cause,
        }

    # --- taking turns

    def _sleep(self, at_ns: int, deadline_ns: int) -> None:
        self._waiting = True
        self._release()
        if self._events:
            self._wake_at(max(at_ns, self._loop.now_ns()) + self._wake_delay_ns())
        elif deadline_ns >= 0:
            self._wake_at(max(at_ns, deadline_ns) + self._wake_delay_ns() // 8)

    def _wake_at(self, when_ns: int) -> None:
        when_s = when_ns / 1e9
        if self._timer is not None:
            if self._timer.when() <= when_s:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when_s, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._waiting = False
        events = b"".join(self._events)
        header = struct.pack(
            "<qHH", self._loop.now_ns(), self._radio.queued_copies(), len(self._events)
        )
        self._events.clear()
        self._hold()
        self._answer(header + events)

    def _hold(self) -> None:
        self._holding = True
        self._loop.hold()

    def _release(self) -> None:
        if self._holding:
            self._holding = False
            self._loop.release()

    def _ended(self) -> None:
        """Clean up after a process that has ended by itself."""
        self._on_exit(self._close())

    def _close(self) -> int:
        assert self._process is not None
        assert self._socket is not None
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._socket = None
        code = self._process.wait()
        self._process = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._release()
        return code
