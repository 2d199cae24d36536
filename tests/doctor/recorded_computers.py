"""Computers as they told about themselves: folders of Linux, answers of programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from glutesym.doctor.surroundings import Computer, Ran, run_program


def linux(root: Path, **changes: object) -> Computer:
    """Return a Linux computer with this root and nothing in it."""
    plain = Computer("linux", {}, answers({}), root)
    return replace(plain, **changes)  # type: ignore[arg-type]


def answers(known: dict[str, Ran]):
    """Return a runner of programs that knows what some of them answer; others are not there."""

    def run(command: Sequence[str], timeout_s: float = 5.0) -> Ran:
        return next(
            (ran for part, ran in known.items() if part in " ".join(command)),
            Ran(None, "No such file or directory"),
        )

    return run


def patient(command: Sequence[str], timeout_s: float = 0.0) -> Ran:
    """Run a program on a machine that is busy with other tests."""
    return run_program(command, 60.0)


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def with_adapter(root: Path) -> None:
    """Put in what a laptop with Bluetooth and BlueZ has."""
    write(root, {
        "sys/class/bluetooth/hci0/uevent": "DEVTYPE=host\n",
        "sys/class/bluetooth/hci0:64/uevent": "DEVTYPE=link\n",
        "usr/libexec/bluetooth/bluetoothd": "",
        "sys/class/rfkill/rfkill0/type": "wlan\n",
        "sys/class/rfkill/rfkill0/name": "phy0\n",
        "sys/class/rfkill/rfkill0/soft": "1\n",
        "sys/class/rfkill/rfkill0/hard": "0\n",
    })  # fmt: skip


def block(root: Path, soft: bool, hard: bool) -> None:
    """Block Bluetooth as `rfkill block bluetooth`, or a switch, does."""
    write(root, {
        "sys/class/rfkill/rfkill1/type": "bluetooth\n",
        "sys/class/rfkill/rfkill1/name": "hci0\n",
        "sys/class/rfkill/rfkill1/soft": f"{soft:d}\n",
        "sys/class/rfkill/rfkill1/hard": f"{hard:d}\n",
    })  # fmt: skip
