"""Battery and USB power: what counts as low, empty and plugged in."""

from __future__ import annotations

# A pod's power with a gauge and a pin that do as they are told; time is the board's.
_POWER = """
from power import Power

class Gauge:
    mv, soc, fails = 3900, 50, False
    def millivolts(self):
        if self.fails:
            raise OSError(5)
        return self.mv
    def percent_256(self):
        return int(self.soc * 256)

class Usb:
    plugged = 0
    def value(self):
        return self.plugged

gauge, usb = Gauge(), Usb()
power = Power(gauge, usb)

def measure(mv=3900, soc=50, fails=False):
    gauge.mv, gauge.soc, gauge.fails = mv, soc, fails
    power.measure()
    return [power.low, power.empty]
"""


def test_a_low_battery_stays_low_until_it_has_been_charged_somewhat(on_virtual_board):
    low = on_virtual_board(
        _POWER
        + """
socs = (50, 15, 14.99, 15, 17.9, 14, 18, 17, 14)
print(json.dumps([measure(soc=soc)[0] for soc in socs]))
"""
    )
    assert low == [False, False, True, True, True, True, False, False, True]


def test_a_cell_is_empty_after_two_low_voltages_in_a_row_until_it_is_charged(on_virtual_board):
    dips, empty, recovered, charging, after = on_virtual_board(
        _POWER
        + """
dips = [measure(mv)[1] for mv in (3299, 3300, 3299, 3400, 3299)]
empty = measure(3299)[1]
recovered = measure(3600)[1]
usb.plugged = 1
charging = measure(3250)[1]
usb.plugged = 0
time.sleep_ms(100)
after = [measure(mv)[1] for mv in (3250, 3250)]
print(json.dumps([dips, empty, recovered, charging, after]))
"""
    )
    assert dips == [False] * 5
    assert empty
    assert recovered  # without its load; with it, it would be empty again
    assert not charging
    assert after == [False, True]


def test_a_gauge_that_fails_changes_nothing_but_says_so(on_virtual_board):
    rows, absent = on_virtual_board(
        _POWER
        + """
rows = [measure(3200, 10)]
for fails, mv in ((True, 3900), (False, 0), (True, 0)):
    rows.append(measure(mv, 10, fails) + [power.gauge_failed, power.millivolts])
rows.append(measure(3200, 10))
none = Power(None, usb)
none.measure()
print(json.dumps([rows, [none.low, none.empty, none.gauge_failed]]))
"""
    )
    assert rows == [
        [True, False],
        [True, False, True, 3200],
        [True, False, False, 0],  # a gauge that just woke up: no reading, no empty cell
        [True, False, True, 0],
        [True, True],
    ]
    assert absent == [False, False, True]


def test_usb_power_is_seen_at_once_and_gone_when_it_stays_away(on_virtual_board):
    plugged, bounces, gone, much_later = on_virtual_board(
        _POWER
        + """
def look(level, after_ms=20):
    time.sleep_ms(after_ms)
    usb.plugged = level
    micropython.heap_lock()
    on_usb = power.on_usb
    micropython.heap_unlock()
    return on_usb

plugged = [look(0), look(1)]
bounces = [look(level) for level in (0, 1, 0, 0, 1, 0)]
gone = [look(0), look(0), look(0)]
look(1)
much_later = look(0, 1000)
print(json.dumps([plugged, bounces, gone, much_later]))
"""
    )
    assert plugged == [False, True]
    assert all(bounces)
    assert gone == [True, False, False]
    assert not much_later
