"""Stand-in for MicroPython's ``time``: the world's time, seen through this pod's own crystal.

Ticks have the period of the 32-bit ports (2**30) and start anywhere, so that wraps are met.
"""

import world

_PERIOD = 1 << 30
_HALF = 1 << 29
_TICKS_CALL_NS = 2000  # what a call costs on the board; so a busy wait ends

_clock_ppb = int(world.config.get("mcu_clock_ppm", 0) * 1000)
_start_us = world.config.get("ticks_start_us", 0)


def _pod_us():
    world.spend_ns(_TICKS_CALL_NS)
    now = world.now_ns()
    return (now + now * _clock_ppb // 1_000_000_000) // 1000 + _start_us


def ticks_us():
    return _pod_us() & (_PERIOD - 1)


def ticks_ms():
    return (_pod_us() // 1000) & (_PERIOD - 1)


def ticks_cpu():
    return ticks_us()


def ticks_add(ticks, delta):
    return (ticks + delta) & (_PERIOD - 1)


def ticks_diff(end, start):
    return ((end - start + _HALF) & (_PERIOD - 1)) - _HALF


def world_ns_of(pod_ns):
    """How long a stretch of this pod's time is in world time."""
    return pod_ns - pod_ns * _clock_ppb // 1_000_000_000


def sleep_us(us):
    depth = world.lift_heap_lock()
    ns = world_ns_of(us * 1000)
    if ns < 1_000_000:
        world.spend_ns(ns)
    else:
        world.sleep_until(world.now_ns() + ns)
    world.restore_heap_lock(depth)


def sleep_ms(ms):
    sleep_us(ms * 1000)


def sleep(seconds):
    sleep_us(int(seconds * 1_000_000))


def time_ns():
    return world.now_ns()


def time():
    return world.now_ns() // 1_000_000_000


def gmtime(seconds=None):
    """Return the epoch: a pod has no calendar."""
    return (1970, 1, 1, 0, 0, 0, 3, 1)


localtime = gmtime
