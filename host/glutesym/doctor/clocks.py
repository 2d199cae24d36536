"""The computer's clocks: what everything is stamped with, the time of day, and waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from glutesym import host_clock
from glutesym.doctor.finding import Finding
from glutesym.doctor.surroundings import Computer

_READINGS = 2000
_COARSE_NS = 1_000_000  # left-right times are told to tenths of a millisecond
_WATCH_S = 1.0
_STEP_S = 0.02
_NAPS = 20
_LATE_S = 0.01  # the live bars are drawn every 33 ms, probes are sent at planned times
_SET_CLOCK = {
    "linux": "`sudo timedatectl set-ntp true`.",
    "darwin": "System Settings, General, Date & Time: set it automatically.",
    "win32": "`w32tm /resync`, as administrator.",
}


@dataclass(frozen=True)
class Clocks:
    """The clocks that are looked at, and how to wait."""

    host_ns: Callable[[], int] = host_clock.now_ns
    wall_ns: Callable[[], int] = time.time_ns
    sleep: Callable[[float], None] = time.sleep


def steady_clock(clocks: Clocks) -> Iterator[Finding]:
    """Tell how fine the clock is that everything is stamped with."""
    readings = [clocks.host_ns() for _ in range(_READINGS)]
    steps = [b - a for a, b in pairwise(readings)]
    if min(steps) < 0:
        fix = "Start the computer anew; if it is a virtual machine, give it another time source."
        found = f"{host_clock.NAME} runs backwards at times"
        yield Finding("clock", "Steady clock", "problem", found, fix)
        return
    finest_ns = min((step for step in steps if step), default=None)
    if finest_ns is None or finest_ns > _COARSE_NS:
        found = f"{host_clock.NAME} goes in steps of 1 ms or more"
        fix = "Times between the sides are not better than that here; use another computer."
        yield Finding("clock", "Steady clock", "warning", found, fix)
        return
    found = f"{host_clock.NAME}, steps of {finest_ns / 1000:.2g} µs or less, goes on in sleep"
    yield Finding("clock", "Steady clock", "ok", found)


def wall_clock(computer: Computer, clocks: Clocks) -> Iterator[Finding]:
    """Tell whether the time of day makes sense and nothing sets it just now.

    It names the session files and tells whether an interrupted one can be gone on with.
    """
    fix = _SET_CLOCK.get(computer.system, _SET_CLOCK["linux"])
    now_s = clocks.wall_ns() / 1e9
    made_s = Path(__file__).stat().st_mtime
    day = datetime.fromtimestamp(now_s, UTC).astimezone()
    if now_s < made_s - 86_400:
        found = f"{day:%Y-%m-%d %H:%M}, earlier than this program was installed"
        yield Finding("clock", "Time of day", "problem", found, fix)
        return
    step_s = _wall_step_s(clocks)
    if abs(step_s) > _STEP_S:
        found = f"was set by {step_s:+.2f} s while it was watched for {_WATCH_S:g} s"
        yield Finding("clock", "Time of day", "warning", found, fix)
    elif computer.system == "linux" and _not_synchronised(computer):
        found = f"{day:%Y-%m-%d %H:%M %Z}, not set by the network"
        yield Finding("clock", "Time of day", "warning", found, fix)
    else:
        found = f"{day:%Y-%m-%d %H:%M %Z}, steady"
        yield Finding("clock", "Time of day", "ok", found)


def waiting(clocks: Clocks) -> Iterator[Finding]:
    """Tell how long a wait of a millisecond takes at best: how busy it is now does not matter."""
    late_s: list[float] = []
    for _ in range(_NAPS):
        begin_ns = clocks.host_ns()
        clocks.sleep(0.001)
        late_s.append((clocks.host_ns() - begin_ns) / 1e9 - 0.001)
    found = f"a wait of 1 ms takes {1000 * (0.001 + min(late_s)):.1f} ms at best"
    if min(late_s) > _LATE_S:
        fix = "Close programs that keep it busy, or plug it in: it may be saving power."
        yield Finding("clock", "Timers", "warning", found, fix)
    else:
        yield Finding("clock", "Timers", "ok", found)


def _wall_step_s(clocks: Clocks) -> float:
    """Return how far the time of day has moved against the steady clock meanwhile."""
    before = clocks.wall_ns() - clocks.host_ns()
    clocks.sleep(_WATCH_S)
    return (clocks.wall_ns() - clocks.host_ns() - before) / 1e9


def _not_synchronised(computer: Computer) -> bool:
    ran = computer.run(["timedatectl", "show", "--property=NTPSynchronized", "--value"])
    return ran.code == 0 and ran.output.strip() == "no"
