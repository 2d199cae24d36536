"""What breaks at the virtual ADS1292R while it runs, and when: wires, and dips of its supply.

``world.config["faults"]`` may have these, in seconds of world time; each back may be missing:

- emg_miso_dies_s, emg_miso_back_s; emg_miso_level: where the wire hangs meanwhile, 0 unless given
- emg_drdy_dies_s, emg_drdy_back_s: the wire hangs low meanwhile
- emg_resets_s: the chip loses its supply for a moment, and all its settings
"""

import world

NEVER_NS = 1 << 62
MISO = 0
DRDY = 1
RESET = 2
_TIMED = (
    ("emg_miso_dies_s", MISO, True),
    ("emg_miso_back_s", MISO, False),
    ("emg_drdy_dies_s", DRDY, True),
    ("emg_drdy_back_s", DRDY, False),
    ("emg_resets_s", RESET, True),
)


def timetable():
    """Return (time in ns, what, broken), earliest first."""
    faults = world.config["faults"]
    events = [(int(faults[name] * 1e9), what, on) for name, what, on in _TIMED if name in faults]
    return sorted(events)
