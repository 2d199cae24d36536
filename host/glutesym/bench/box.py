"""The test box and the pod's inputs: what of a generator's voltage reaches the converter.

Its circuit is in hardware/: a divider by about 1000 or 100 for SIGNAL, the whole input as common
mode for HUM, 51 kOhm beside 47 nF for the skin under each electrode, and switches that open one
electrode at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log10, pi

import numpy as np

SHORT, SIGNAL, HUM = "SHORT", "SIGNAL", "HUM"
OPEN_P, OPEN_N, OPEN_REF = "OPEN_P", "OPEN_N", "OPEN_REF"
POSITIONS = (SHORT, SIGNAL, HUM, OPEN_P, OPEN_N, OPEN_REF)

_SIGNAL_OHM = 2 * 51.0
_DIVIDER_OHM = {1000: 2 * 51e3, 100: 2 * 5.1e3}
RATIO_TOLERANCE = 0.02  # of a divider of resistors of 1 %
PART_TOLERANCE = 0.01
SKIN_OHM, SKIN_F = 51e3, 47e-9
SERIES_OHM = 100e3  # in each lead of the pod: hardware/README.md
INPUT_F = 100e-12  # of half a metre of lead and the chip's input, about
# ProtoCentral's breakout, revision 3: each input of channel 2 feeds channel 1, too, through 2.2 nF
# into two resistors of 10 MOhm.
CHANNEL_1_F, CHANNEL_1_OHM = 2.2e-9, 5e6
LEAD_OFF_A = 6e-9  # TI SBAS502, LOFF register: the smallest current
THRESHOLD_V = 3.3 * (0.95 - 0.5)  # from the middle of the supply to 95 % of it
CHIP_CMRR_DB = 105.0  # TI SBAS502, page 1
_BOLTZMANN, _ROOM_K = 1.380649e-23, 296.0


@dataclass(frozen=True)
class Range:
    """What parts within their tolerances may give."""

    low: float
    high: float

    @property
    def middle(self) -> float:
        """Half-way."""
        return (self.low + self.high) / 2


def divider_ratio(divide_by: int) -> float:
    """Return the output of the unloaded divider as a fraction of its input."""
    return _SIGNAL_OHM / (_SIGNAL_OHM + _DIVIDER_OHM[divide_by])


def sinc3(f_hz: float, fs_hz: float) -> float:
    """Return the gain of the converter's digital filter (SBAS502: third-order sinc)."""
    return float(np.sinc(f_hz / fs_hz) ** 3)


def lead_gain(
    f_hz: float,
    channel_1: bool,
    series_ohm: float = SERIES_OHM,
    skin_ohm: float = SKIN_OHM,
    skin_f: float = SKIN_F,
) -> complex:
    """Return which part of an electrode's voltage reaches the chip's input.

    Parameters
    ----------
    f_hz : float
    channel_1 : bool
        Whether the breakout loads its inputs with channel 1.
    series_ohm, skin_ohm, skin_f : float
        Resistor in the pod's lead; resistor and capacitor in the box's.
    """
    omega = 2j * pi * f_hz
    source = series_ohm + 1 / (1 / skin_ohm + omega * skin_f)
    load = omega * INPUT_F
    if channel_1:
        load += 1 / (CHANNEL_1_OHM + 1 / (omega * CHANNEL_1_F))
    return 1 / (1 + source * load)


def signal_gain(f_hz: float, fs_hz: float) -> Range:
    """Return electrodes to samples at a frequency, with and without the load of channel 1."""
    both = [abs(lead_gain(f_hz, loaded)) * sinc3(f_hz, fs_hz) for loaded in (True, False)]
    return Range(min(both), max(both))


def worst_rejection_db(f_hz: float) -> float:
    """Return the least hum rejection of parts within their tolerances.

    One side has all parts too large, the other all too small; the reference drive does not help.
    """
    worst = 0.0
    for loaded in (True, False):
        sides = [
            lead_gain(
                f_hz,
                loaded,
                SERIES_OHM * (1 + sign * PART_TOLERANCE),
                SKIN_OHM * (1 + sign * PART_TOLERANCE),
                SKIN_F * (1 - sign * 0.05),
            )
            for sign in (1, -1)
        ]
        # Parts of the load differ, too: 10 % of the capacitors, 1 % of the resistors.
        load_share = abs(1 - sides[0]) * (0.1 if loaded else 0.2)
        worst = max(worst, abs(sides[0] - sides[1]) + load_share)
    return -20 * log10(worst + 10 ** (-CHIP_CMRR_DB / 20))


def thermal_uv(low_hz: float, high_hz: float) -> float:
    """Return the noise of the resistors between + and −, µV RMS (Johnson and Nyquist)."""
    f_hz = np.linspace(low_hz, high_hz, 200)
    skin = 1 / (1 / SKIN_OHM + 2j * pi * f_hz * SKIN_F)
    density = 4 * _BOLTZMANN * _ROOM_K * 2 * (SERIES_OHM + skin.real)
    return 1e6 * float(np.sqrt(np.trapezoid(density, f_hz)))


def lead_off_s(channel_1: bool) -> float:
    """Return how long the lead-off current takes to lift an open input to its threshold."""
    return (INPUT_F + (CHANNEL_1_F if channel_1 else 0.0)) * THRESHOLD_V / LEAD_OFF_A
