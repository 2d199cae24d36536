"""A MyoWare 2.0 at its RAW output: the electrodes' voltage, band-limited, amplified, biased.

Ref: Advancer Technologies, "MyoWare 2.0 Advanced Guide". It is fitted when the virtual board's
configuration has "emg_front_end": "myoware"; else its pin is not connected to anything analogue.
"""

import math
from array import array

import world
from micropython import const

MYOWARE_RAW = const(26)  # GPIO, as copper has it

_VOLTS_PER_UV = 200e-6  # its gain
_HIGH_PASS_HZ = 20.8  # first order, both
_LOW_PASS_HZ = 498.4
_BIAS_V = 1.658  # half the supply by a divider of 1 % resistors
_LOWEST_V = 0.012  # its amplifier comes that close to its supplies
_HIGHEST_V = 3.288
_HUM_UV = 20_000.0  # open inputs pick up the mains, much more than it can amplify
_HUM_HZ = 50
_APERTURE_NS = 1000.0  # of a SAR converter: next to nothing
_LEAD_CHECK = const(128)  # conversions between two looks at the electrodes
_SETTLING = const(400)  # conversions after which its filters have forgotten the past


class MyowareSensor:
    def __init__(self):
        self._fitted = world.config.get("emg_front_end") == "myoware"
        self._dead = bool(world.config["faults"].get("emg_dead"))
        self._uv = array("f", bytes(4))
        self._step_ns = 0.0
        self._next_ns = 0
        self._last_uv = 0.0
        self._high_uv = 0.0  # behind the high-pass
        self._out_uv = 0.0  # ... and the low-pass

    def fill(self, start_ns, step_ns, count, volts):
        """Fill ``volts`` with the output at start + k*step."""
        if self._dead or not self._fitted:
            for i in range(count):
                volts[i] = 0.0
            return
        if step_ns != self._step_ns or abs(start_ns - self._next_ns) > step_ns:
            # Nobody has looked for a while; it was on.
            self._high_uv = self._out_uv = 0.0
            self._step_ns = step_ns
            self._fetch(start_ns - int(_SETTLING * step_ns), _SETTLING)
            self._last_uv = self._uv[0]
            self._filter(_SETTLING)
        self._next_ns = start_ns + int(count * step_ns)
        self._fetch(start_ns, count)
        self._filter(count)
        uv = self._uv
        for i in range(count):
            v = _BIAS_V + uv[i] * _VOLTS_PER_UV
            volts[i] = _LOWEST_V if v < _LOWEST_V else _HIGHEST_V if v > _HIGHEST_V else v

    def _fetch(self, start_ns, count):
        """Fill ``_uv`` with what is at the inputs."""
        if len(self._uv) < count:
            self._uv = array("f", bytes(4 * count))
        uv = self._uv
        step_ns = self._step_ns
        world.electrode_uv(start_ns, step_ns, count, _APERTURE_NS, uv)
        for first in range(0, count, _LEAD_CHECK):
            if world.lead_off(start_ns + int(first * step_ns)):
                for i in range(first, min(first + _LEAD_CHECK, count)):
                    phase = (start_ns + i * step_ns) * _HUM_HZ * 1e-9 % 1
                    uv[i] = _HUM_UV * math.sin(2 * math.pi * phase)

    def _filter(self, count):
        uv = self._uv
        angle = 2e-9 * math.pi * self._step_ns
        keep = math.exp(-angle * _HIGH_PASS_HZ)
        rise = (1 + keep) / 2
        take = 1 - math.exp(-angle * _LOW_PASS_HZ)
        last, high, out = self._last_uv, self._high_uv, self._out_uv
        for i in range(count):
            x = uv[i]
            high = keep * high + rise * (x - last)
            last = x
            out += take * (high - out)
            uv[i] = out
        self._last_uv, self._high_uv, self._out_uv = last, high, out
