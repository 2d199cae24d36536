"""What makes this pod this pod: ``settings.json`` in its flash, written when it is flashed."""

import json

_FILE = "settings.json"
_DEFAULTS = {
    "side": "unassigned",  # "left" or "right": which glute it is worn on
    "gain": 6,  # EMG amplification; 6 leaves room for 400 mV of electrode offset
    "bench": False,  # True: stream on USB power too. Never on a body.
}
_SIDES = ("left", "right")
_GAINS = (1, 2, 3, 4, 6, 8, 12)  # those of the ADS1292R


def load():
    """Return the settings; what is missing or unreadable has its default."""
    settings = dict(_DEFAULTS)
    try:
        with open(_FILE) as file:
            stored = json.load(file)
    except (OSError, ValueError):
        return settings
    for name in _DEFAULTS:
        if name in stored and type(stored[name]) is type(_DEFAULTS[name]):
            settings[name] = stored[name]
    if settings["side"] not in _SIDES:
        settings["side"] = _DEFAULTS["side"]
    if settings["gain"] not in _GAINS:
        settings["gain"] = _DEFAULTS["gain"]
    return settings
