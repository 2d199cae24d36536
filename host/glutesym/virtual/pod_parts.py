"""What a virtual pod's processor is attached to; ``firmware/virtual/world.py`` is its door."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

ALL_OFF = 0x1D  # a body's electrodes come off together: firmware/virtual/world.py


class Body(Protocol):
    """What the pod's sensors feel."""

    def electrode_uv(
        self, start_ns: int, step_ns: float, count: int, aperture_ns: float
    ) -> NDArray[np.float32]:
        """Return (count,) voltages in µV."""
        ...

    def motion(self, start_ns: int, step_ns: float, count: int) -> NDArray[np.float32]:
        """Return (count, 6): g and deg/s."""
        ...

    def lead_off(self, time_ns: int) -> tuple[int, int]:
        """Return which electrodes are off, and until when that is certain.

        Bits are the ADS1292R's (`wire.LEAD_OFF_RLD` and so on); bit 0 says that
        ``electrode_uv`` is what it would be if they were on.
        """
        ...

    def power(self, now_ns: int) -> tuple[float, float, bool]:
        """Return battery volts, percent, and whether there is USB power."""
        ...


class PodBody(Body, Protocol):
    """What a virtual pod is worn by, or lies beside."""

    usb_power: bool

    def start(self, now_ns: int) -> None:
        """Let its time 0 be now."""
        ...

    def shift(self, later_ns: int) -> None:
        """Let what it does be later than it was."""
        ...


class Radio(Protocol):
    """The pod's radio."""

    def on_command(self, kind: int, payload: bytes, at_ns: int) -> None:
        """Carry out one radio command."""
        ...

    def queued_copies(self) -> int:
        """Return how many notifications wait for a controller buffer."""
        ...


class Usb(Protocol):
    """The pod's USB serial port."""

    def on_sent(self, data: bytes, at_ns: int) -> None:
        """Take what the pod wrote."""
        ...
