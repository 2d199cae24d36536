"""What a pod must read at each position of the test box, with tolerances, from the circuits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from electric.box import KNOB, POSITIONS, RANGES, SIGNAL, Position, box
from electric.circuit import Circuit, joined
from electric.network import Element, parse_value, solve
from electric.pod import SERIES_OHM

_RESISTOR = 0.01  # tolerances asked for in parts.csv
_CAPACITOR = 0.05

# ProtoCentral's breakout, revision 3, its published schematic: each input of channel 2 also feeds
# channel 1 (respiration) through 2.2 nF into two resistors of 10 MOhm; 100 kOhm are in series
# with the reference. Its respiration drive is off and taken to be open.
_CHANNEL_1_F, _CHANNEL_1_OHM = 2.2e-9, 5e6
_REFERENCE_OHM = 100e3
_INPUT_F = 100e-12  # of a lead of half a metre and the chip's input, about
# Ref: SBAS502: three sinc filters, -3 dB at 0.262 of the rate; LOFF register and 95 % threshold.
_RATE_HZ = 2000.0
_LEAD_OFF_A = 6e-9
_SUPPLY_V, _THRESHOLD = 3.3, 0.95
_CHIP = 0.02  # allowed for the converter's reference and gain
# The noise of the virtual ADS1292R: before and behind the amplifier, fitted to SBAS502, 7.1.
_NOISE_BEFORE_UV, _NOISE_BEHIND_UV, _GAIN = 1.5, 10.2, 6
_BOLTZMANN, _ROOM_K = 1.380649e-23, 296.0
MUSCLE_HZ = (20.0, 450.0)
CHECK_HZ = 100.0
MAINS_HZ = 50.0
_POD = "pod"  # the node that all voltages are counted from: the pod's ground


@dataclass(frozen=True)
class Expected:
    """What the pod reads: RMS as a fraction of the input's RMS."""

    nominal: float
    low: float
    high: float


def converter_response(f_hz: float) -> float:
    """Return the gain of the ADS1292R's digital filter at 2000 samples a second."""
    x = np.pi * f_hz / _RATE_HZ
    return float((np.sin(x) / x) ** 3)


def expected(position: Position, divide_by: int = 1000, f_hz: float = CHECK_HZ) -> Expected:
    """Return what the pod reads between + and − for a sine at the input.

    ``low`` is the worst case of a breakout whose channel 1 loads the inputs, ``high`` that of one
    without. In HUM the help of the reference drive is left out.
    """
    if position.opened:
        raise ValueError(f"{position.name}: an input is open, its voltage is not defined")
    loaded, free = (
        _with_tolerances(position, divide_by, f_hz, channel_1) for channel_1 in (True, False)
    )
    nominal = loaded[0]
    high = max(middle + spread for middle, spread in (loaded, free))
    return Expected(nominal, max(0.0, loaded[0] - loaded[1]), high)


def electrode_voltage(divide_by: int) -> tuple[float, float]:
    """Return the unloaded output in SIGNAL as a fraction of the input, and its tolerance."""
    position = next(p for p in POSITIONS if p.name == SIGNAL)
    elements = [
        *box_elements(position, divide_by),
        Element("link", "R", "K3", _POD, 1.0),
        *(Element(f"meter {k}", "R", k, _POD, 1e15) for k in ("K1", "K2")),
    ]
    return _spread(elements, "K1", "K2", CHECK_HZ)


def noise_uv() -> float:
    """Return the RMS noise to expect in SHORT, 20–450 Hz: resistors and chip."""
    f = np.arange(MUSCLE_HZ[0], MUSCLE_HZ[1] + 1)
    parts = _values(box())
    electrode = 1 / (1 / parts["R7"] + 2j * np.pi * f * parts["C1"])
    mean_ohm = float(np.mean(2 * (SERIES_OHM + electrode.real)))
    thermal = 4 * _BOLTZMANN * _ROOM_K * mean_ohm * (MUSCLE_HZ[1] - MUSCLE_HZ[0])
    chip_uv2 = _NOISE_BEFORE_UV**2 + (_NOISE_BEHIND_UV / _GAIN) ** 2
    share = (MUSCLE_HZ[1] - MUSCLE_HZ[0]) / (0.262 * _RATE_HZ)
    return float(np.sqrt(thermal * 1e12 + chip_uv2 * share))


def lead_off_s() -> float:
    """Return how long 6 nA take to lift an open input to the comparator's threshold."""
    volts = _SUPPLY_V * (_THRESHOLD - 0.5)
    return (_CHANNEL_1_F + _INPUT_F) * volts / _LEAD_OFF_A


def fault_current_a(input_v: float) -> float:
    """Return the most that flows into a pod's input that is clamped to its ground."""
    worst = 0.0
    for position in POSITIONS:
        if position.opened:
            continue
        for divide_by in RANGES:
            elements = box_elements(position, divide_by)
            clamped = [Element(k, "R", k, _POD, SERIES_OHM) for k in ("K1", "K2", "K3")]
            at = solve([*elements, *clamped], ("TIP", "SLEEVE", input_v), 1000.0, _POD)
            worst = max(worst, *(abs(at[k]) / SERIES_OHM for k in ("K1", "K2", "K3")))
    return worst


def _with_tolerances(
    position: Position, divide_by: int, f_hz: float, channel_1: bool
) -> tuple[float, float]:
    elements = box_elements(position, divide_by) + _pod_elements(channel_1)
    value, spread = _spread(elements, "INP", "INN", f_hz)
    response = converter_response(f_hz)
    return value * response, (spread + value * _CHIP) * response


def _spread(elements: list[Element], a: str, b: str, f_hz: float) -> tuple[float, float]:
    """Return |V(a) − V(b)| for 1 V at the input, and how far all tolerances together move it."""

    def difference(some: list[Element]) -> complex:
        at = solve(some, ("TIP", "SLEEVE", 1.0), f_hz, _POD)
        return at[a] - at[b]

    middle = difference(elements)
    moved = 0.0
    for n, e in enumerate(elements):
        if e.tolerance:
            changed = replace(e, value=e.value * (1 + e.tolerance))
            moved += abs(difference([*elements[:n], changed, *elements[n + 1 :]]) - middle)
    return abs(middle), moved


def box_elements(position: Position, divide_by: int) -> list[Element]:
    """Return the box's resistors and capacitors between the nodes that its switches make."""
    circuit = box()
    knob, contact = KNOB.index(position.knob) + 1, RANGES.index(divide_by) + 1
    closed = [(f"S1.{pole}", f"S1.{pole}{knob}") for pole in "PNR"]
    closed += [(f"S2.{pole}", f"S2.{pole}{contact}") for pole in "AB"]
    closed += [(f"{s}.1", f"{s}.2") for s in ("S3", "S4", "S5") if s != position.opened]
    wires = [(wire.start, wire.end) for wire in circuit.wires]
    node_of: dict[str, str] = {}
    for net in joined([*wires, *closed]):
        node_of |= dict.fromkeys(net, _node_name(net))
    values = _values(circuit)
    return [
        Element(
            ref,
            ref[0],
            node_of[f"{ref}.1"],
            node_of[f"{ref}.2"],
            value,
            _RESISTOR if ref[0] == "R" else _CAPACITOR,
        )
        for ref, value in values.items()
        # What hangs at the open contact of the range switch carries nothing.
        if ref not in (("R2", "R5") if contact == 1 else ("R1", "R6"))
    ]


def _node_name(net: frozenset[str]) -> str:
    """Name a node by the plug or stud that it is, if it is one."""
    for pin, name in (
        ("J1.TIP", "TIP"),
        ("J1.SLEEVE", "SLEEVE"),
        ("K1.STUD", "K1"),
        ("K2.STUD", "K2"),
        ("K3.STUD", "K3"),
        ("X1.CASE", "CASE"),
    ):
        if pin in net:
            return name
    return min(net)


def _pod_elements(channel_1: bool) -> list[Element]:
    """Return a pod's leads and inputs; its reference drive at rest."""
    elements = [
        Element("pod R1", "R", "K1", "INP", SERIES_OHM, _RESISTOR),
        Element("pod R2", "R", "K2", "INN", SERIES_OHM, _RESISTOR),
        Element("pod R3", "R", "K3", _POD, SERIES_OHM + _REFERENCE_OHM, _RESISTOR),
        Element("input +", "C", "INP", _POD, _INPUT_F, 0.2),
        Element("input −", "C", "INN", _POD, _INPUT_F, 0.2),
    ]
    if channel_1:
        for n in ("INP", "INN"):
            elements += [
                Element(f"{n} C", "C", n, f"{n} 1", _CHANNEL_1_F, 0.1),
                Element(f"{n} R", "R", f"{n} 1", _POD, _CHANNEL_1_OHM, _RESISTOR),
            ]
    return elements


def _values(circuit: Circuit) -> dict[str, float]:
    return {p.ref: parse_value(p.value) for p in circuit.parts if p.ref[0] in "RC"}
