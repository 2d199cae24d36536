"""``machine.WDT`` of the virtual RP2350, and the time that its peripherals spend.

A pod that resets ends its process with one of the exit codes; who started it starts it again.
"""

import sys

import world
from micropython import const

EXIT_RESET = const(64)
EXIT_WATCHDOG = const(65)
EXIT_BOOTLOADER = const(66)
EXIT_PROMPT = const(67)  # no reset: the program has ended, and somebody wants MicroPython's prompt
_watchdog = None


def spend(ns):
    """Let time pass, as a transfer does; the watchdog may end the pod meanwhile."""
    world.spend_ns(ns)
    if _watchdog is not None:
        _watchdog.check()


class WDT:
    """The watchdog: once started it stays; a pod that feeds it too late restarts."""

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError("WDT(%d) doesn't exist" % id)
        if not 1 <= timeout <= 8388:
            raise ValueError("timeout exceeds 8388")
        global _watchdog
        self._timeout_ns = timeout * 1_000_000
        world.alarm_ns = world.now_ns() + self._timeout_ns
        world.on_alarm = self.check  # wakes a pod that sleeps, or that only looks at the clock
        _watchdog = self

    def feed(self):
        spend(0)
        world.alarm_ns = world.now_ns() + self._timeout_ns

    def check(self):
        """End the pod when its watchdog has run out. Not on the board: the stand-ins call it."""
        if 0 <= world.alarm_ns <= world.now_ns():
            world.alarm_ns = world.now_ns() + self._timeout_ns
            world.sleep_until(world.now_ns() + 1)  # a pod that computed is ahead of the world
            sys.exit(EXIT_WATCHDOG)
