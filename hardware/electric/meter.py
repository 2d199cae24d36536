"""What a multimeter must show before and at first power, from the circuit's values."""

from __future__ import annotations

from dataclasses import dataclass

from electric.circuit import Circuit
from electric.network import parse_value

_RESISTOR = 0.01  # tolerance asked for in parts.csv
_USB_V = (4.4, 5.5)  # what V_USB can be: USB 2.0, low-power port under load; hookup guide, limit
_SUPPLY_V = (3.2, 3.4)  # the regulator's 3.3 V, and what a cheap meter adds
_CELL_V = (3.0, 4.2)  # protection cuts off; full
FULL_CELL_V = _CELL_V[1]


@dataclass(frozen=True)
class Check:
    """One measurement."""

    between: str
    expect: str
    otherwise: str


def parts_checks(circuit: Circuit) -> list[Check]:
    """Return the resistors to measure before they are soldered in."""
    by_value: dict[str, list[str]] = {}
    for part in circuit.parts:
        if part.ref.startswith("R"):
            by_value.setdefault(part.value, []).append(part.ref)
    return [
        Check(
            f"ends of {', '.join(refs)}",
            _ohms(*_range(parse_value(value))),
            "a wrong or mixed-up part: sort it out now, it cannot be seen later",
        )
        for value, refs in by_value.items()
    ]


def cold_checks(circuit: Circuit) -> list[Check]:
    """Return what to measure when all is soldered, without cell, USB and electrode lead."""
    upper, lower = _range(_value(circuit, "R4")), _range(_value(circuit, "R5"))
    series = _range(_value(circuit, "R1"))
    sense = _sense(circuit)
    # What the board has between V_USB and GND is not known: nothing to infinite.
    least = 1 / (1 / upper[0] + 1 / lower[0])
    leads = (("E1", "ring"), ("E2", "tip"), ("E3", "sleeve"))
    return [
        Check(
            "3V3 and GND",
            "more than 100 Ω; it may creep up",
            "solder bridge, or C1 or C2 shorted: take W1 off and measure again",
        ),
        Check(
            "V_USB and GND",
            f"more than 100 Ω, at most {_k(upper[1] + lower[1])}",
            "more: R4 or R5 has no contact; less: solder bridge",
        ),
        Check(
            f"{sense} and GND",
            _ohms(least, lower[1]),
            "more: R5 has no contact; less: bridge, or a wrong resistor",
        ),
        Check(
            "battery + and battery − of the board",
            "more than 100 Ω; it may creep up",
            "solder bridge at the connector or its underside",
        ),
        Check(
            "both ends of each wire of W1: the board's hole and the breakout's pin",
            "less than 2 Ω",
            "cold joint, or the wire is in the wrong hole",
        ),
        Check(
            "each pin of the breakout and its neighbours",
            "no beep",
            "solder bridge: suck it off",
        ),
        *(
            Check(
                f"lead, unplugged: snap of {electrode} and {contact} of the plug",
                _ohms(*series),
                "about 0: the resistor is missing, do not use the lead; open: bad joint, "
                "or this snap belongs to another contact",
            )
            for electrode, contact in leads
        ),
        Check(
            "lead, unplugged: any two snaps",
            "more than 10 MΩ",
            "two wires touch under the heat shrink",
        ),
    ]


def live_checks(circuit: Circuit) -> list[Check]:
    """Return what to measure with power, USB first, then the cell."""
    sense = _sense(circuit)
    low, high = sense_volts(circuit)
    supply = f"{_SUPPLY_V[0]} to {_SUPPLY_V[1]} V"
    return [
        Check(
            "USB only. 3V3 and GND of the board",
            supply,
            "unplug at once; something gets warm: measure the cold checks again",
        ),
        Check(
            "USB only. VCC and GND of the breakout",
            supply,
            "wire of W1 broken or exchanged",
        ),
        Check(
            f"USB only. {sense} and GND",
            f"{low:.1f} to {high:.1f} V",
            "about 2 V: R4 and R5 are exchanged; 0: R4 has no contact; more: R5 has none, unplug",
        ),
        Check(
            "**cell, not plugged in**: red wire's contact (+ probe) and black wire's",
            f"+{_CELL_V[0]} to +{_CELL_V[1]} V",
            "minus sign: its wires are exchanged; less: do not charge this cell, replace it",
        ),
        Check(
            "USB off, cell plugged in. 3V3 and GND",
            supply,
            "unplug the cell at once: is its polarity right?",
        ),
        Check(
            f"USB off, cell plugged in. {sense} and GND",
            "less than 0.8 V",
            "R5 has no contact: the pod would believe to be on USB",
        ),
    ]


def sense_volts(circuit: Circuit) -> tuple[float, float]:
    """Return the least and the most at the pin that senses USB power, when there is some."""
    upper, lower = _range(_value(circuit, "R4")), _range(_value(circuit, "R5"))
    return (
        _USB_V[0] * lower[0] / (lower[0] + upper[1]),
        _USB_V[1] * lower[1] / (lower[1] + upper[0]),
    )


def electrode_fault_a(circuit: Circuit) -> float:
    """Return the most that a full cell drives through one electrode if the front end fails."""
    return FULL_CELL_V / _range(_value(circuit, "R1"))[0]


def _sense(circuit: Circuit) -> str:
    pin = next(w for w in circuit.wires if w.setting == "USB_SENSE").start
    return pin.split(".")[1]


def _value(circuit: Circuit, ref: str) -> float:
    return parse_value(circuit.part(ref).value)


def _range(ohm: float) -> tuple[float, float]:
    return ohm * (1 - _RESISTOR), ohm * (1 + _RESISTOR)


def _ohms(low: float, high: float) -> str:
    return f"{_k(low)} to {_k(high)}"


def _k(ohm: float) -> str:
    return f"{ohm / 1e3:.2f} kΩ" if ohm < 2e4 else f"{ohm / 1e3:.0f} kΩ"
