"""Serial ports: which are boards, whether they may be used, and whether a pod answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from serial.tools.list_ports import comports

from glutesym.doctor.finding import Finding
from glutesym.doctor.surroundings import Computer
from glutesym.errors import LinkError, PortError
from glutesym.keys import KeyRing
from glutesym.links.serial_port import join_group
from glutesym.links.usb import BOARDS, UsbTransport

_GROUPS = ("dialout", "uucp")  # Debian, Fedora; Arch
_PROVISION = "If it is a pod of yours: `glutesym provision --side left` (or right)."


class Port(Protocol):
    """A serial port, as pyserial lists it."""

    device: str
    vid: int | None
    pid: int | None


def ports(
    computer: Computer,
    keys: Callable[[], KeyRing],
    listed: Callable[[], Iterable[Port]] = comports,
) -> Iterator[Finding]:
    """Tell about every serial port; boards are greeted, to see whether a pod answers."""
    found = sorted(listed(), key=lambda port: port.device)
    boards = [port for port in found if (port.vid, port.pid) in BOARDS]
    others = [port.device for port in found if port not in boards]
    if not boards:
        text = "none is a board for pods" if found else "none"
        note = "; one is needed to make a pod yours, a cable that carries data"
        yield Finding("serial", "Boards", "ok", f"{text}{note}")
    if others:
        yield Finding("serial", "Others", "ok", ", ".join(others))
    for port in boards:
        assert port.vid is not None
        assert port.pid is not None
        yield asyncio.run(_greet(port.device, BOARDS[port.vid, port.pid], keys()))
    if not boards:
        yield from _membership(computer)


async def _greet(port: str, board: str, keys: KeyRing) -> Finding:
    try:
        (pod,) = await UsbTransport(keys, [port]).scan(0.0)
    except PortError as error:
        said, _, fix = str(error).partition(". ")
        return Finding("serial", port, "problem", f"{board}: {said}", fix)
    except LinkError as error:
        fix = "Not flashed yet? `glutesym flash`."
        return Finding("serial", port, "warning", f"{board}: {error}", fix)
    if pod.side is None:
        return Finding("serial", port, "warning", f"{board}: {pod.name}, not yours", _PROVISION)
    return Finding("serial", port, "ok", f"{board}: {pod.name}, yours, {pod.side}")


def _membership(computer: Computer) -> Iterator[Finding]:
    """Tell whether a port could be used if there was one."""
    if computer.system != "linux":
        return
    group = next((name for name in _GROUPS if name in _known_groups(computer)), None)
    if computer.all_powerful or group is None:
        return
    if group in computer.groups:
        yield Finding("serial", "Permission", "ok", f"you are in the group {group}")
    elif group in computer.groups_next_time:
        found = f"you are in the group {group} from the next login on"
        yield Finding("serial", "Permission", "warning", found, "Log out and in again.")
    else:
        found = f"you are not in the group {group}, whose members may use boards on USB"
        yield Finding("serial", "Permission", "warning", found, join_group(group))


def _known_groups(computer: Computer) -> set[str]:
    try:
        lines = (computer.root / "etc/group").read_text().splitlines()
    except OSError:
        return set()
    return {line.partition(":")[0] for line in lines}
