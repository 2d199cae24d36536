"""Why Bluetooth cannot be used, and what to do about it on this operating system."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

BluetoothTrouble = Literal["off", "none", "denied", "silent"]

TITLES: dict[BluetoothTrouble, str] = {
    "off": "Bluetooth is off",
    "none": "This computer has no Bluetooth low energy",
    "denied": "This program may not use Bluetooth",
    "silent": "Bluetooth does not answer",
}


# Where systems keep the program of BlueZ, Linux' Bluetooth service.
_BLUEZ = ("usr/libexec/bluetooth/bluetoothd", "usr/lib/bluetooth/bluetoothd",
          "usr/sbin/bluetoothd")  # fmt: skip


def bluez_installed(root: Path = Path("/")) -> bool:
    """Whether Linux has its Bluetooth service; ``root`` is where its files are."""
    return any((root / path).exists() for path in _BLUEZ)


def bluetooth_steps(why: BluetoothTrouble, system: str = sys.platform) -> tuple[str, ...]:
    """Return what to do, one sentence a step; commands are in backticks.

    Parameters
    ----------
    why : str
        ``"off"``, ``"none"`` (no adapter, or one without low energy), ``"denied"`` or
        ``"silent"``.
    system : str
        As ``sys.platform`` names it; one that is not known gets the steps of Linux.
    """
    return _STEPS.get(system, _LINUX)[why]


_ADAPTER = "Plug in an adapter (Bluetooth 4.2 or later)."
_AGAIN = "Switch Bluetooth off and on; unplug its adapter and plug it in again."
_MACOS_ALLOW = "Allow the terminal in System Settings, Privacy & Security, Bluetooth."

_LINUX: dict[BluetoothTrouble, tuple[str, ...]] = {
    "off": ("Switch it on: `bluetoothctl power on`.", "If refused: `rfkill unblock bluetooth`."),
    "none": (_ADAPTER, "If there is one, see that it is not blocked: `rfkill list`."),
    "denied": ("Run `sudo usermod -aG bluetooth $USER`, log out and in again.",),
    "silent": (
        "Install its service, if it is missing: `sudo apt install bluez`.",
        "Start it: `sudo systemctl enable --now bluetooth`.",
        _AGAIN,
    ),
}
_STEPS: dict[str, dict[BluetoothTrouble, tuple[str, ...]]] = {
    "linux": _LINUX,
    "darwin": {
        "off": ("Switch it on in System Settings, Bluetooth.",),
        "none": (_ADAPTER,),
        "denied": (_MACOS_ALLOW,),
        "silent": (_MACOS_ALLOW, _AGAIN),
    },
    "win32": {
        "off": ("Switch it on in Settings, Bluetooth & devices.",),
        "none": (_ADAPTER, "If there is one, see its driver in the Device Manager, Bluetooth."),
        "denied": ("Let apps use it in Settings, Privacy & security, Radios.",),
        "silent": (_AGAIN,),
    },
}
