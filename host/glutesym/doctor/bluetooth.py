"""Bluetooth: what is in its way, told by the system itself once a scan has failed."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator

from glutesym.bluetooth_fixes import TITLES, bluetooth_steps, bluez_installed
from glutesym.doctor.finding import Finding
from glutesym.doctor.surroundings import Computer
from glutesym.errors import BluetoothError
from glutesym.links.serial_port import join_group

_PROBE = "import asyncio, bleak; asyncio.run(bleak.BleakScanner.discover(timeout=0.1))"
_PROBE_S = 3.0
_ABORTED = (-6, -9)  # SIGABRT, SIGKILL
_SERVICE = "org.bluez"
_START = "`sudo systemctl enable --now bluetooth`"

NamesOnBus = Callable[[], Awaitable[list[str]]]


def forbidden(computer: Computer) -> Finding | None:
    """Return what is wrong when looking for Bluetooth ends the whole program, as on macOS.

    macOS does so to a program whose terminal does not ask for the permission: it is tried in a
    process of its own (https://github.com/hbldh/bleak/issues/761).
    """
    if computer.system != "darwin":
        return None
    ran = computer.run([sys.executable, "-c", _PROBE], timeout_s=_PROBE_S)
    if ran.code not in _ABORTED:
        return None
    terminal = computer.environ.get("TERM_PROGRAM", "this terminal").removesuffix(".app")
    found = f"macOS ends programs of {terminal} that look for Bluetooth: it is not allowed to"
    steps = " ".join(bluetooth_steps("denied", "darwin"))
    fix = f"{steps} If it is not in that list, add it there, or use Apple's Terminal."
    return Finding("bluetooth", "Permission", "problem", found, fix)


def reasons(
    computer: Computer, error: BluetoothError, names: list[str] | str
) -> Iterator[Finding]:
    """Tell why a scan failed.

    Parameters
    ----------
    computer : Computer
    error : BluetoothError
        Of the scan.
    names : list of str, or str
        Services on the system's D-Bus, or why it cannot be asked; matters on Linux only.
    """
    causes = list(_linux(computer, error, names)) if computer.system == "linux" else []
    yield from causes
    if not any(cause.mark == "problem" for cause in causes):
        fix = " ".join(bluetooth_steps(error.why, computer.system))
        found = f"{TITLES[error.why]} ({error.said})"
        yield Finding("bluetooth", "Scan", "problem", found, fix)
    else:
        yield Finding("bluetooth", "Scan", "not checked", f"not possible: {error.said}")


async def names_on_bus() -> list[str]:
    """Return the services that answer on the system's D-Bus; raises what its library does."""
    from dbus_fast import BusType, Message
    from dbus_fast.aio.message_bus import MessageBus

    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
    try:
        reply = await bus.call(
            Message(
                destination="org.freedesktop.DBus",
                path="/org/freedesktop/DBus",
                interface="org.freedesktop.DBus",
                member="ListNames",
            )
        )
        return [str(name) for name in reply.body[0]]
    finally:
        bus.disconnect()


def _linux(computer: Computer, error: BluetoothError, names: list[str] | str) -> Iterator[Finding]:
    adapters = _adapters(computer)
    if adapters:
        yield Finding("bluetooth", "Adapter", "ok", f"the kernel has {' and '.join(adapters)}")
    elif error.why in ("none", "silent"):  # else BlueZ knows one that this program cannot see
        fix = "Plug in an adapter (Bluetooth 4.2 or later), or switch it on in the BIOS."
        yield Finding("bluetooth", "Adapter", "problem", "the kernel has none", fix)
    yield from _blocks(computer)
    yield _service(computer, names)
    if error.why == "off" and not list(_blocks(computer)):
        fix = "`bluetoothctl power on`."
        yield Finding("bluetooth", "Power", "problem", "the adapter is switched off", fix)
    if error.why == "denied":
        yield _group(computer)


def _adapters(computer: Computer) -> list[str]:
    try:
        found = sorted(path.name for path in (computer.root / "sys/class/bluetooth").iterdir())
    except OSError:
        return []
    return [name for name in found if name.startswith("hci") and ":" not in name]


def _blocks(computer: Computer) -> Iterator[Finding]:
    """Tell which switches block the radio.

    Ref: Linux, Documentation/ABI/stable/sysfs-class-rfkill.
    """
    folder = computer.root / "sys/class/rfkill"
    for switch in sorted(folder.glob("rfkill*")):
        try:
            kind, name, soft, hard = (
                (switch / file).read_text().strip() for file in ("type", "name", "soft", "hard")
            )
        except OSError:
            continue
        if kind != "bluetooth":
            continue
        if hard == "1":
            fix = "Use the switch or the key for radio on the computer, or its BIOS."
            yield Finding("bluetooth", "Block", "problem", f"{name}: blocked by a switch", fix)
        elif soft == "1":
            fix = "`rfkill unblock bluetooth`, then `bluetoothctl power on`."
            yield Finding("bluetooth", "Block", "problem", f"{name}: blocked by software", fix)


def _service(computer: Computer, names: list[str] | str) -> Finding:
    what = "Service"
    if isinstance(names, list) and _SERVICE in names:
        return Finding("bluetooth", what, "ok", "BlueZ answers on D-Bus")
    if not bluez_installed(computer.root):
        fix = f"`sudo apt install bluez`, then {_START}."
        return Finding("bluetooth", what, "problem", "BlueZ is not installed", fix)
    if isinstance(names, str):
        fix = f"Start it: `sudo systemctl start dbus`, then {_START}."
        return Finding("bluetooth", what, "problem", f"D-Bus does not answer: {names}", fix)
    return Finding(
        "bluetooth", what, "problem", "BlueZ is installed but not running", f"{_START}."
    )


def _group(computer: Computer) -> Finding:
    group = "bluetooth"
    if group in computer.groups:
        found = f"you are in the group {group}, and yet may not use it"
        fix = "Look at its rules in /etc/dbus-1/system.d/bluetooth.conf, or ask who made them."
    elif group in computer.groups_next_time:
        found, fix = (
            f"you are in the group {group} from the next login on",
            "Log out and in again.",
        )
    else:
        found, fix = f"you are not in the group {group}", join_group(group)
    return Finding("bluetooth", "Permission", "problem", found, fix)
