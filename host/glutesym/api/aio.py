"""The same for programs that run on asyncio: nothing here blocks its loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from glutesym.api import capture as plain
from glutesym.api.session_data import Session
from glutesym.api.session_data import load as load_plain
from glutesym.errors import GlutesymError
from glutesym.keys import KeyRing, default_path
from glutesym.links.base import FoundPod, Transport
from glutesym.links.ble import BleTransport
from glutesym.links.usb import UsbTransport
from glutesym.session.new_samples import Samples

_WAIT_S = 0.25


async def discover(
    timeout_s: float = 5.0, *, usb: bool = False, transport: Transport | None = None
) -> list[FoundPod]:
    """Look for pods. As `glutesym.discover`."""
    if transport is None:
        keys = KeyRing.load(default_path())
        transport = UsbTransport(keys) if usb else BleTransport(keys)
    return await transport.scan(timeout_s, lambda _pods: False)


async def load(path: str | Path, **options: Any) -> Session:
    """Read and measure a session file. As `glutesym.load`."""
    return await asyncio.to_thread(load_plain, path, **options)


def capture(exercise: str = "session", **options: Any) -> AsyncCapture:
    """Begin to record; use it in an ``async with`` statement. As `glutesym.capture`."""
    return AsyncCapture(plain.capture(exercise, **options))


async def record(exercise: str, duration_s: float | None = None, **options: Any) -> Session:
    """Record and return the session. As `glutesym.record`."""
    plain.require_an_end(duration_s, options.get("virtual"))
    async with capture(exercise, duration_s=duration_s, **options) as running:
        await running.wait()
    return await running.session()


class AsyncCapture:
    """A session that is being recorded. As `glutesym.Capture`, but what waits is awaited.

    Attributes
    ----------
    plain : Capture
        For what does not wait: ``state``, ``reps``, ``marker``, ``identify``, ``stop``, ``path``.
    """

    def __init__(self, of: plain.Capture) -> None:
        self.plain = of

    async def __aenter__(self) -> AsyncCapture:
        self.plain.__enter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.plain.stop()
        if kind is None:
            await self.wait()
        else:
            with suppress(GlutesymError):  # the first error is the one to tell
                await self.wait()

    async def __aiter__(self) -> AsyncIterator[Samples]:
        while (samples := await self.next()) is not None:
            yield samples

    async def next(self) -> Samples | None:
        """Wait for the next samples; None when the session has ended.

        Raises
        ------
        GlutesymError
            What ended the session, if it was neither `stop` nor its duration.
        """
        while True:
            with suppress(TimeoutError):
                return await asyncio.to_thread(self.plain.next, _WAIT_S)

    async def wait(self) -> None:
        """Wait until the session has ended and its file is closed.

        Raises
        ------
        GlutesymError
            What ended the session, if it was neither `stop` nor its duration.
        """
        while not await asyncio.to_thread(self.plain.wait, _WAIT_S):
            pass

    async def session(self) -> Session:
        """Wait for the end and return the recorded session, measured.

        Raises
        ------
        GlutesymError
            What ended the session; or there is nothing in it.
        """
        await self.wait()
        return await load(self.plain.path)
