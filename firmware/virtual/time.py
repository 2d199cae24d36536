"""Stand-in for MicroPython's ``time``: the world's time, seen through this pod's own crystal.

Ticks have the period of the 32-bit ports (2**30). They begin anew at each boot, as the board's
timer does, but anywhere instead of at 0, so that wraps are met.
"""

import world

_PERIOD = 1 << 30
_HALF = 1 << 29
_TICKS_CALL_NS = 2000  # what a call costs on the board; so a busy wait ends

# The crystal's error is that of a power-on at world time 0, and changes steadily from then on.
_clock_ppb = int(world.config.get("mcu_clock_ppm", 0) * 1000)
_drift_ppt_s = int(world.config.get("mcu_clock_drift_ppm_per_min", 0) * 1_000_000 / 60)
_boot_ns = world.config.get("now_ns", 0)


def _crystal_ns(now_ns):
    """Nanoseconds that the crystal has counted since world time 0: the integral of its rate."""
    now_ms = now_ns // 1_000_000  # its square is a small integer: nothing may be allocated here
    return (
        now_ns
        + now_ns * _clock_ppb // 1_000_000_000
        + now_ms * now_ms // 1000 * _drift_ppt_s // 2_000_000
    )


_start_us = world.config.get("ticks_start_us", 0) - _crystal_ns(_boot_ns) // 1000


def _pod_us():
    world.spend_ns(_TICKS_CALL_NS)
    return _crystal_ns(world.now_ns()) // 1000 + _start_us


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
    """How long a stretch of this pod's time that begins now is in world time."""
    # The rate in its middle is its mean, because the rate changes steadily.
    middle_ms = (world.now_ns() + pod_ns // 2) // 1_000_000
    ppb = _clock_ppb + _drift_ppt_s * middle_ms // 1_000_000
    return pod_ns * 1_000_000_000 // (1_000_000_000 + ppb)


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
