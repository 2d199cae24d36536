"""A clock that only moves when it is looked at or slept on."""

_PERIOD = 1 << 30
now_us = _PERIOD - 700_000  # wraps soon


def ticks_us():
    global now_us
    now_us += 2
    return now_us & (_PERIOD - 1)


def ticks_ms():
    return ticks_us() // 1000


def ticks_diff(end, start):
    return ((end - start + _PERIOD // 2) & (_PERIOD - 1)) - _PERIOD // 2


def sleep_us(us):
    global now_us
    now_us += us


def sleep_ms(ms):
    sleep_us(1000 * ms)


def ticks_add(ticks, delta):
    return (ticks + delta) & (_PERIOD - 1)
