"""What makes this pod this pod: ``settings.json`` in its flash.

    chosen = settings.load()
    chosen = settings.change(chosen, {"side": "left"})  # ValueError: nothing has changed
    settings.store(chosen)

A power cut leaves the old settings or the new ones. A file that is damaged counts as a whole as
none: the defaults have no owner, and a pod without owner measures for nobody.
"""
# Ref: littlefs README, "Power-loss resilience", and DESIGN.md, "The move problem": what a file
# contains changes when it is closed, and a rename replaces its target, each all at once.

import json
import os

from micropython import const

_FILE = "settings.json"
_NEW = "settings.tmp"
_FILE_CHARS = const(1024)  # whoever fills the flash does not fill the memory
_KEY_DIGITS = const(64)
_DEFAULTS = {
    "side": "unassigned",  # which glute it is worn on
    "rate_sps": 2000,  # EMG samples a second
    "gain": 6,  # EMG amplification; 6 leaves room for 400 mV of electrode offset
    "bench": False,  # True: measure on USB power too. Never on a body.
    "key": "",  # the owner's, in hexadecimal; "": no owner
    "encrypt": False,  # True: obey on an encrypted Bluetooth link only
}
_CHOICES = {
    "side": ("left", "right", "unassigned"),
    "rate_sps": (1000, 2000),
    "gain": (1, 2, 3, 4, 6, 8, 12),  # those of the ADS1292R
    "bench": (False, True),
    "encrypt": (False, True),
}


def load():
    """Return the settings; what is missing has its default. Never raises."""
    # settings.tmp is never looked at: it is either half written, or a copy of what no caller of
    # store() was told to be stored.
    try:
        with open(_FILE) as file:
            stored = json.loads(file.read(_FILE_CHARS))
        return change(_DEFAULTS, {name: stored[name] for name in _DEFAULTS if name in stored})
    except Exception:  # whatever is in there, the pod has to start
        return dict(_DEFAULTS)


def change(current, changes):
    """Return ``current`` with ``changes``, a dict of some of the settings.

    Raises ValueError, which says in few words what is wrong, if anything is.
    """
    if not isinstance(changes, dict):
        raise ValueError("settings: an object of names and values")
    changed = dict(current)
    for name in changes:
        changed[name] = _checked(name, changes[name])
    return changed


def store(settings):
    """Write the settings; raises OSError, and keeps the old ones, if they do not get there."""
    with open(_NEW, "w") as file:
        json.dump(settings, file)
    if hasattr(os, "sync"):
        os.sync()
    os.rename(_NEW, _FILE)


def _checked(name, value):
    if name == "key":
        if isinstance(value, str):
            digits = value.lower()
            if not digits or (
                len(digits) == _KEY_DIGITS and all(c in "0123456789abcdef" for c in digits)
            ):
                return digits
        raise ValueError("key: 64 hexadecimal digits, or none")
    if name not in _CHOICES:
        raise ValueError("unknown setting %s" % str(name)[:20])
    for choice in _CHOICES[name]:
        if type(value) is type(choice) and value == choice:  # 1 is not True, 6.0 is not 6
            return choice
    raise ValueError("%s: one of %s" % (name, ", ".join(str(c) for c in _CHOICES[name])))
