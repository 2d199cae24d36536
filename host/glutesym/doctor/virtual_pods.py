"""Virtual pods: whether the MicroPython VM is there and starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from glutesym.doctor.finding import Finding
from glutesym.doctor.surroundings import Computer
from glutesym.errors import MissingPartError
from glutesym.installing import install_command
from glutesym.podfiles import pod_files, virtual_board_files
from glutesym.virtual.micropython_vm import micropython_executable

_ASK = "import sys; print('.'.join(str(n) for n in sys.implementation.version[:3]))"


def machine(
    computer: Computer, find: Callable[[], str] = micropython_executable
) -> Iterator[Finding]:
    """Tell whether the MicroPython VM is there and starts, and the firmware that it runs."""
    what = "MicroPython VM"
    try:
        program = find()
    except MissingPartError as error:
        said, _, fix = str(error).partition(" Fix: ")
        fix = f"If you want virtual pods: {fix}."
        yield Finding("virtual", what, "warning", said.rstrip("."), fix)
        return
    ran = computer.run([program, "-c", _ASK])
    if ran.code == 0:
        yield Finding("virtual", what, "ok", f"{ran.output.strip()}, {program}")
    else:
        said = (ran.output.strip().splitlines() or ["without a word"])[-1]
        fix = f"`{install_command('sim', again=True)}`."
        found = f"{program} does not start ({said})"
        yield Finding("virtual", what, "problem", found, fix)
    try:
        count = len(pod_files()) + len(virtual_board_files())
    except MissingPartError as error:
        yield Finding("virtual", "Firmware", "problem", str(error))
    else:
        yield Finding("virtual", "Firmware", "ok", f"{count} files")
