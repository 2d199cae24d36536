"""Which pods are there."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from glutesym.api import aio
from glutesym.links.base import FoundPod


def discover(timeout_s: float = 5.0, *, usb: bool = False) -> list[FoundPod]:
    """Look for pods.

    Parameters
    ----------
    timeout_s : float
        For how long.
    usb : bool
        On cables instead of over Bluetooth.

    Returns
    -------
    list of FoundPod
        ``name``, ``address``, ``rssi_dbm``, ``side`` (None: not this computer's).

    Raises
    ------
    GlutesymError
        There is no Bluetooth, it is off or may not be used; or the keys cannot be read.
    """
    with ThreadPoolExecutor(1) as apart:  # a notebook's thread has an event loop already
        return apart.submit(asyncio.run, aio.discover(timeout_s, usb=usb)).result()
