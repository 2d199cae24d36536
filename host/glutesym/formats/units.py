"""Units of other systems, and what to multiply by."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from glutesym.errors import RecordingFileError

Quantity = Literal["emg", "accel", "gyro"]

_G_M_S2 = 9.80665
_RAD_DEG = 57.29577951308232
_FACTORS: dict[Quantity, dict[str, float]] = {
    "emg": {"V": 1e6, "mV": 1e3, "uV": 1.0, "nV": 1e-3},  # → µV
    "accel": {"g": 1.0, "mg": 1e-3, "m/s2": 1 / _G_M_S2},  # → g
    "gyro": {"deg/s": 1.0, "rad/s": _RAD_DEG, "mdeg/s": 1e-3},  # → deg/s
}
EMG_UNITS = ", ".join(_FACTORS["emg"])
_SPELLED = {  # lower case, without spaces → as above
    "volt": "V", "volts": "V", "v": "V",
    "mv": "mV", "millivolt": "mV", "millivolts": "mV",
    "uv": "uV", "µv": "uV", "μv": "uV", "microvolt": "uV", "microvolts": "uV",
    "nv": "nV", "nanovolt": "nV", "nanovolts": "nV",
    "g": "g", "gn": "g", "mg": "mg",
    "m/s2": "m/s2", "m/s^2": "m/s2", "m/s²": "m/s2",
    "m/s/s": "m/s2", "ms-2": "m/s2", "m_s2": "m/s2",
    "deg/s": "deg/s", "°/s": "deg/s", "dps": "deg/s", "deg_s": "deg/s", "degrees/second": "deg/s",
    "mdps": "mdeg/s", "mdeg/s": "mdeg/s",
    "rad/s": "rad/s", "rads": "rad/s", "rad_s": "rad/s", "radians/second": "rad/s",
}  # fmt: skip
_OPTION: dict[Quantity, str] = {"emg": "--unit", "accel": "--accel-unit", "gyro": "--gyro-unit"}
_IN_BRACKETS = re.compile(r"^(?P<name>.*?)\s*[(\[](?P<unit>[^()\[\]]+)[)\]]\s*$")
_AFTER_LINE = re.compile(r"^(?P<name>.+)_(?P<unit>[A-Za-zµμ]+(?:_s2?)?)$")
_TIME = {
    "h": 3600.0, "min": 60.0, "minutes": 60.0,
    "s": 1.0, "sec": 1.0, "seconds": 1.0,
    "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9,
}  # fmt: skip


def split_heading(heading: str) -> tuple[str, str]:
    """Return name and unit of a heading such as "GMAX L (mV)", "acc_x [g]" or "emg_uv"."""
    for pattern in (_IN_BRACKETS, _AFTER_LINE):
        found = pattern.match(heading.strip())
        if found and (_known(found["unit"]) or found["unit"].strip().lower() in _TIME):
            return found["name"].strip(), found["unit"].strip()
    return heading.strip(), ""


def seconds_in(unit: str) -> float:
    """Return how long a unit of time is; seconds when it is not known."""
    return _TIME.get(unit.strip().lower(), 1.0)


def factor_to(quantity: Quantity, unit: str, path: Path, name: str) -> float:
    """Return what to multiply values by for µV, g or deg/s.

    Raises
    ------
    RecordingFileError
        The unit is not known.
    """
    factors = _FACTORS[quantity]
    known = _known(unit)
    if known in factors:
        return factors[known]
    said = f'is in "{unit}"' if unit.strip() else "has no unit in the file"
    raise RecordingFileError(
        path, f'"{name}" {said}. Say what it is: {_OPTION[quantity]} {" or ".join(factors)}.'
    )


def _known(unit: str) -> str:
    return _SPELLED.get(unit.strip().lower().replace(" ", ""), "")
