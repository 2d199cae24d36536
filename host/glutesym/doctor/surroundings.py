"""The computer that is looked at, as an argument: tests hand in others than their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from glutesym.errors import reason_of


@dataclass(frozen=True)
class Ran:
    """How a program ended: its exit code, None if it is not there or took too long."""

    code: int | None
    output: str = ""


class Run(Protocol):
    """Runs programs."""

    def __call__(self, command: Sequence[str], timeout_s: float = 5.0) -> Ran:
        """Run a program to its end; it never raises."""
        ...


def run_program(command: Sequence[str], timeout_s: float = 5.0) -> Ran:
    """Run a program to its end, or for so long; what it prints on both streams is its output."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ran(None, f"no answer within {timeout_s:g} s")
    except OSError as error:
        return Ran(None, reason_of(error))
    return Ran(done.returncode, done.stdout)


@dataclass(frozen=True)
class Computer:
    """What the checks ask this computer.

    Attributes
    ----------
    system : str
        As in ``sys.platform``.
    environ : mapping
        Environment variables.
    run : callable
        Runs programs.
    root : Path
        Of the file system, where Linux tells about itself.
    groups : frozenset of str
        Groups that this login is in; empty where there are none.
    groups_next_time : frozenset of str
        Groups that the next login will be in.
    all_powerful : bool
        It is root, who may do everything.
    """

    system: str = sys.platform
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    run: Run = run_program
    root: Path = Path("/")
    groups: frozenset[str] = frozenset()
    groups_next_time: frozenset[str] = frozenset()
    all_powerful: bool = False


def this_computer() -> Computer:
    """Return the computer that this runs on."""
    if sys.platform == "win32":
        return Computer()
    import grp
    import pwd

    def name_of(number: int) -> str:
        try:
            return grp.getgrgid(number).gr_name
        except KeyError:
            return str(number)

    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = ""
    return Computer(
        groups=frozenset(map(name_of, os.getgroups())),
        groups_next_time=frozenset(g.gr_name for g in grp.getgrall() if user in g.gr_mem),
        all_powerful=os.geteuid() == 0,
    )
