"""A board with new firmware becomes somebody's pod, and tests itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from glutesym.errors import LinkError
from glutesym.flash.run import Report, Stage
from glutesym.keys import KeyRing
from glutesym.links.provision import provision
from glutesym.links.upkeep import self_test
from glutesym.links.usb import UsbTransport
from glutesym.measures import Side

_START_S = 30.0


@dataclass(frozen=True)
class BroughtUp:
    """A pod that works.

    Attributes
    ----------
    info : dict
        What it says about itself.
    test : dict
        What its self-test found; ``"error"`` when it could not test itself.
    """

    info: dict[str, Any]
    test: dict[str, Any]

    @property
    def works(self) -> bool:
        """Whether the self-test was passed."""
        return bool(self.test.get("ok"))


async def bring_up(port: str, keys: KeyRing, side: Side, report: Report) -> BroughtUp:
    """Give the pod on a port its side and its owner, unless it has both, and have it test itself.

    Parameters
    ----------
    port : str
    keys : KeyRing
        Gets the pod's key, and is saved.
    side : {"left", "right"}
    report : Report

    Raises
    ------
    LinkError
        The pod does not answer, has another owner, or does not take its settings.
    KeyFileError
        The key cannot be kept; the pod is as it was.
    """
    report.stage(Stage.PROVISIONING)
    transport = UsbTransport(keys, [port])
    info = await _already(transport, side)
    if info is None:
        info = await provision(transport, keys, side)
    report.stage(Stage.TESTING)
    (found,) = await transport.scan(_START_S)
    link = await transport.connect(found)
    try:
        test = await self_test(link)
    except LinkError as error:
        test = {"ok": False, "error": str(error)}
    finally:
        await link.close()
    return BroughtUp(info, test)


async def _already(transport: UsbTransport, side: Side) -> dict[str, Any] | None:
    """Return what the pod says if it is this computer's and on this side already."""
    for found in await transport.scan(_START_S):
        if found.owned is not None and found.owned.side == side:
            link = await transport.connect(found)
            await link.close()
            if link.info.get("side") == side:
                return link.info
    return None
