"""All checks, in the order in which they are told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path

from glutesym.doctor import clocks, computer, keys, serial_ports, storage, virtual_pods, window
from glutesym.doctor.finding import Check, Finding, Subject
from glutesym.doctor.places import Here, VirtualWorld
from glutesym.doctor.radio import Air
from glutesym.doctor.surroundings import Computer


def checks(
    where: Computer, only: Collection[Subject], folder: Path, key_path: Path, virtual: bool
) -> list[Check]:
    """Return the checks that tell about some subjects.

    Parameters
    ----------
    where : Computer
    only : collection of str
        The subjects that are wanted.
    folder : Path
        Of the sessions.
    key_path : Path
        The file of keys.
    virtual : bool
        Examine two virtual pods, too.
    """
    here = Here(where, key_path)
    watches = clocks.Clocks()

    def plain(subject: Subject, what: str, look: Callable[[], Iterable[Finding]]) -> Check:
        return Check((subject,), what, look)

    every = [
        plain("computer", "Python", partial(computer.python, where)),
        plain("computer", "glutesym", partial(computer.program, where)),
        *(
            plain("computer", f"Extra {name}", partial(computer.extra, where, name))
            for name in computer.EXTRAS
        ),
        plain("computer", "Terminal", partial(computer.terminal, where)),
        plain("window", "Window", partial(window.window, where)),
        plain("window", "Sound", partial(window.sound, where)),
        plain("serial", "Serial ports", partial(serial_ports.ports, where, here.keys)),
        plain("virtual", "MicroPython VM", partial(virtual_pods.machine, where)),
        plain("pods", "Key file", partial(keys.key_file, key_path)),
        plain("storage", "Folder", partial(storage.folder, folder)),
        plain("storage", "Room", partial(storage.room, folder)),
        plain("storage", "Interrupted session", partial(storage.interrupted, folder)),
        plain("clock", "Steady clock", partial(clocks.steady_clock, watches)),
        plain("clock", "Time of day", partial(clocks.wall_clock, where, watches)),
        plain("clock", "Timers", partial(clocks.waiting, watches)),
    ]
    air = Air(here, ask="pods" in only)
    every.append(Check(("bluetooth", "pods"), "Bluetooth", air.look, air.stop))
    if virtual:
        every.append(_virtual())
    return [check for check in every if set(check.subjects) & set(only)]


def _virtual() -> Check:
    airs: list[Air] = []

    def look() -> Iterable[Finding]:
        airs.append(Air(VirtualWorld()))
        return airs[0].look()

    def stop() -> None:
        for air in airs:
            air.stop()

    return Check(("virtual",), "Two virtual pods", look, stop)
