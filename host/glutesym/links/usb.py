"""Pods over USB: finds them among the serial ports and connects to them.

A pod streams over USB only in bench mode, because nobody may wear a pod that is plugged in. What
travels is defined in `glutesym.packets`.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from serial.tools.list_ports import comports

from glutesym import host_clock, packets, wire
from glutesym.errors import LinkError
from glutesym.keys import KeyRing, OwnedPod
from glutesym.links.authorise import Requests
from glutesym.links.base import SILENCE_S, FoundPod, OnFrame, OnProbe
from glutesym.links.probes import send_probe
from glutesym.links.serial_port import SerialPort

_log = logging.getLogger(__name__)
# Vendor and product of boards that run MicroPython: SparkFun Thing Plus RP2350; Raspberry Pi's
# own, which most boards use. Ref: MicroPython ports/rp2/boards/*/mpconfigboard.h.
BOARDS = {
    (0x1B4F, 0x0038): "SparkFun Thing Plus RP2350",
    (0x2E8A, 0x0005): "a Raspberry Pi board, or one like it",
}
_LOOK_EVERY_S = 0.5
_GREETING_S = 2.0  # a pod that measures answers within some ms; one that starts takes longer
_HELLO_EVERY_S = 0.5
_ALIVE_EVERY_S = 1.0  # the pod takes 5 s of silence for the end
_SILENT_S = 4.0  # a pod that has not answered for so long is gone


class UsbTransport:
    """Finds pods on serial ports and connects to them.

    Parameters
    ----------
    keys : KeyRing
        Of the pods that this computer owns.
    ports : sequence of str
        Names of serial ports to look at, none else; when empty, all that may be pods'.
    clock_ns : callable
        The host's clock; called in other threads.
    """

    def __init__(
        self,
        keys: KeyRing,
        ports: Sequence[str] = (),
        clock_ns: Callable[[], int] = host_clock.now_ns,
    ) -> None:
        self._keys = keys
        self._ports = tuple(ports)
        self._clock_ns = clock_ns
        self._links: list[UsbLink] = []  # in use: their ports are busy
        self._one_at_a_time = asyncio.Lock()

    async def scan(
        self,
        timeout_s: float,
        enough: Callable[[list[FoundPod]], bool] = bool,
    ) -> list[FoundPod]:
        """Return the pods seen until ``enough`` of them are or the time is up.

        Every port is looked at before that is asked; by default, one pod is enough.

        Raises
        ------
        LinkError
            Something is missing, and a port could not be looked at: it is busy, may not be used,
            or something else is on it.
        """
        loop = asyncio.get_running_loop()
        end_s = loop.time() + timeout_s
        found: dict[str, FoundPod] = {}
        async with self._one_at_a_time:
            while True:
                problems: list[LinkError] = []
                for port in await self._candidates():
                    if port in found:
                        continue
                    try:
                        found[port] = await self._look_at(port)
                    except LinkError as error:
                        problems.append(error)
                pods = list(found.values())
                if enough(pods):
                    return pods
                if loop.time() >= end_s:
                    if len(problems) == 1:
                        raise problems[0]
                    if problems:
                        raise LinkError(" ".join(str(problem) for problem in problems))
                    return pods
                await asyncio.sleep(min(_LOOK_EVERY_S, max(0.0, end_s - loop.time())))

    async def connect(self, pod: FoundPod) -> UsbLink:
        """Connect to a pod, prove to be its owner and read who it is.

        Raises
        ------
        LinkError
            It does not answer, is not a pod of this protocol version, or has another owner.
        """
        owned = pod.require_owned()
        link = await self.attach(pod)
        try:
            await link.authorise(owned)
        except BaseException:
            await link.close()
            raise
        return link

    async def attach(self, pod: FoundPod) -> UsbLink:
        """Connect to a pod without proving anything, to provision it.

        Raises
        ------
        LinkError
            It does not answer or is not a pod of this protocol version.
        """
        link = UsbLink(str(pod.handle), self._clock_ns)
        try:
            await link.open()
        except BaseException:
            await link.close()
            raise
        self._links = [other for other in self._links if not other.lost.is_set()] + [link]
        return link

    async def _candidates(self) -> list[str]:
        """Return the names of the ports to look at."""
        in_use = {link.port for link in self._links if not link.lost.is_set()}
        if self._ports:
            return [port for port in self._ports if port not in in_use]
        ports = await asyncio.get_running_loop().run_in_executor(None, comports)
        return sorted(
            port.device
            for port in ports
            if (port.vid, port.pid) in BOARDS and port.device not in in_use
        )

    async def _look_at(self, port: str) -> FoundPod:
        link = UsbLink(port, self._clock_ns)
        try:
            await link.open()
            tag = link.pod_id[-wire.TAG_DIGITS :].upper()
            name = f"{wire.NAME_PREFIX}-{tag}"
            return FoundPod(self._keys.get(tag), name, link.address, None, port)
        finally:
            await link.close()


class UsbLink:
    """One connection. See `glutesym.links.base.Link`.

    Attributes
    ----------
    port : str
        Name of the serial port.
    pod_id : str
        The pod's id, as it says; known once the link is open.
    greeting : dict
        What the pod shows to anybody, "owned" among it.
    """

    silence_s = SILENCE_S

    def __init__(self, port: str, clock_ns: Callable[[], int]) -> None:
        self.lost = asyncio.Event()
        self.port = port
        self._clock_ns = clock_ns
        self.pod_id = self.address = ""
        self.info: dict[str, Any] = {}
        self.greeting: dict[str, Any] = {}
        self._session = b""
        self._encoder = packets.Encoder(wire.REQUEST_BYTES)
        self._serial = SerialPort(
            port, packets.SESSION_BYTES + wire.INFO_BYTES, clock_ns, self._on_packet, self._on_lost
        )
        self._on_frame: OnFrame | None = None
        self._answer = b""
        self._answered = asyncio.Event()
        self._heard_s = 0.0
        self._why = ""
        self._keeper: asyncio.Task[None] | None = None
        self._requests = Requests(self._name, self._newest_answer, self._write_request)

    @property
    def _name(self) -> str:
        return f"The pod on {self.port}"

    async def open(self) -> None:
        """Open the port and greet the pod.

        Raises
        ------
        LinkError
            The port cannot be used, what is on it does not answer, or it is not a pod of this
            protocol version.
        """
        self._loop = asyncio.get_running_loop()
        await self._serial.open()
        try:
            async with asyncio.timeout(_GREETING_S):
                while not self._answered.is_set():
                    # Each hello begins a new link: an answer to the one before is out of date.
                    self._session = secrets.token_bytes(packets.SESSION_BYTES)
                    await self._send(packets.HELLO, self._session)
                    try:
                        await asyncio.wait_for(self._answered.wait(), _HELLO_EVERY_S)
                    except TimeoutError:
                        continue
        except TimeoutError as error:
            raise LinkError(
                f"What is on {self.port} does not answer as a pod. Is it starting (wait some "
                "seconds), does it run another program (press its reset button), or is it not "
                "flashed yet?"
            ) from error
        self.greeting = await self._requests.greeting()
        self._heard_s = self._loop.time()
        self._keeper = asyncio.create_task(self._keep_alive())

    async def authorise(self, owned: OwnedPod) -> None:
        """Prove to be the owner and read the pod's description.

        Raises
        ------
        LinkError
            It cannot prove to be the owner's, or has another owner.
        """
        self.info = await self._requests.authorise(owned)

    async def subscribe(self, on_frame: OnFrame) -> None:
        """Have every arriving frame stamped and passed on.

        Raises
        ------
        LinkError
            The link is gone.
        """
        self._check()
        self._on_frame = on_frame

    async def write(self, command: bytes) -> None:
        """Send a command, without waiting for its receipt.

        Raises
        ------
        LinkError
            The link is gone.
        """
        await self._send(packets.COMMAND, command)

    async def probe(self, number: int, due_ns: int, on_probe: OnProbe) -> None:
        """Probe the pod's clock once.

        Raises
        ------
        LinkError
            The link is gone.
        """
        await send_probe(self.write, self._clock_ns, number, due_ns, on_probe)

    async def request(self, request: bytes) -> dict[str, Any]:
        """Send a request and return the pod's answer.

        Raises
        ------
        LinkError
            The link is gone, or no answer comes.
        RefusedError
            The pod refuses; the error has its reason.
        """
        return await self._requests.request(request)

    async def close(self) -> None:
        """End the connection; does nothing when it is gone."""
        if self._keeper is not None:
            self._keeper.cancel()
        if not self.lost.is_set():
            try:
                await self._send(packets.BYE, self._session)
            except LinkError:
                _log.debug("goodbye to %s", self.port, exc_info=True)
        await self._serial.close()
        self._on_lost("it was closed")

    async def _keep_alive(self) -> None:
        """Tell the pod that this host is there, and notice when the pod is not."""
        try:
            while True:
                await asyncio.sleep(_ALIVE_EVERY_S)
                silent_s = self._loop.time() - self._heard_s
                if silent_s > _SILENT_S:
                    self._on_lost(f"it has been silent for {silent_s:.0f} s")
                await self._send(packets.ALIVE, self._session)
        except LinkError:
            _log.debug("link to %s", self.port, exc_info=True)  # `lost` tells

    def _on_packet(self, t_host_ns: int, kind: int, payload: bytes) -> None:
        self._heard_s = self._loop.time()
        if kind == packets.FRAME:
            if self._on_frame is not None:
                self._on_frame(t_host_ns, payload)
            return
        session, data = payload[: packets.SESSION_BYTES], payload[packets.SESSION_BYTES :]
        if session != self._session:
            return  # left over from another host
        if kind == packets.HERE:
            self.pod_id = data.decode("ascii", "replace")
            self.address = f"usb-{self.pod_id}"  # its port may be another the next time
        elif kind == packets.INFO:
            self._answer = data
            self._answered.set()

    def _on_lost(self, why: str) -> None:
        if not self.lost.is_set():
            self._why = why
            self.lost.set()

    def _check(self) -> None:
        if self.lost.is_set():
            raise LinkError(f"The link to the pod on {self.port} is gone: {self._why}.")

    async def _send(self, kind: int, payload: bytes) -> None:
        self._check()
        size = self._encoder.encode(kind, payload)
        try:
            await self._serial.write(bytes(self._encoder.buffer[:size]))
        except LinkError as error:
            self._on_lost(str(error))
            self._check()

    async def _newest_answer(self) -> bytes:
        self._check()
        return self._answer

    async def _write_request(self, request: bytes) -> None:
        await self._send(packets.REQUEST, request)
