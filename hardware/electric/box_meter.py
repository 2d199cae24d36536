"""What an ohmmeter must show on the test box, from its circuit."""

from __future__ import annotations

from electric.box import HUM, POSITIONS, SHORT, SIGNAL, Position
from electric.box_signals import box_elements
from electric.meter import Check
from electric.network import Element, solve

_TOLERANCE = 0.01
_AIR_OHM = 1e12  # keeps what is open from floating
_OPEN_OHM = 10e6


def resistance_ohm(position: Position, divide_by: int, a: str, b: str) -> float:
    """Return the resistance between two nodes with nothing plugged in.

    Nodes are K1, K2, K3 (studs), TIP, SLEEVE (input) and CASE (the metal box).
    """
    elements = box_elements(position, divide_by)
    names = {end for e in elements for end in (e.a, e.b)} | {a, b}
    elements += [Element(f"air at {name}", "R", name, "room", _AIR_OHM) for name in names]
    at = solve(elements, (a, b, 1.0), 0.0, "room")
    current_a = sum(
        (at[a] - at[e.b if e.a == a else e.a]) * e.admittance(0.0)
        for e in elements
        if a in (e.a, e.b)
    )
    return float(1 / current_a.real)


def box_checks() -> list[Check]:
    """Return what to measure on a finished box, S3 to S5 closed."""
    at = {position.name: position for position in POSITIONS}
    rows = (
        (SHORT, 1000, "K1", "K2", "K1 (+) and K2 (−)"),
        (SHORT, 1000, "K1", "K3", "K1 (+) and K3 (REF)"),
        (SIGNAL, 1000, "K1", "K2", "K1 (+) and K2 (−)"),
        (SIGNAL, 1000, "TIP", "SLEEVE", "tip and sleeve of J1, S2 at ÷1000"),
        (SIGNAL, 100, "TIP", "SLEEVE", "tip and sleeve of J1, S2 at ÷100"),
        (HUM, 1000, "K1", "TIP", "K1 (+) and tip of J1"),
        (HUM, 1000, "K2", "TIP", "K2 (−) and tip of J1"),
        (HUM, 1000, "K3", "SLEEVE", "K3 (REF) and sleeve of J1"),
        (SHORT, 1000, "K3", "CASE", "K3 (REF) and the metal box"),
    )
    checks = [
        Check(f"knob at {name}: {words}", _range(resistance_ohm(at[name], divide_by, a, b)), "")
        for name, divide_by, a, b, words in rows
    ]
    for position in POSITIONS:
        if position.opened:
            stud = {"S3": "K1", "S4": "K2", "S5": "K3"}[position.opened]
            other = "K2" if stud != "K2" else "K3"
            ohm = resistance_ohm(position, 1000, stud, other)
            if ohm > _OPEN_OHM:
                expect = f"more than {_OPEN_OHM / 1e6:.0f} MΩ"
            else:
                expect = _range(ohm)
            checks.append(Check(f"{position.opened} at OPEN: {stud} and {other}", expect, ""))
    return checks


def _range(ohm: float) -> str:
    return f"{ohm * (1 - _TOLERANCE) / 1e3:.1f} to {ohm * (1 + _TOLERANCE) / 1e3:.1f} kΩ"
