"""The test box: what stands for a body when a pod is tested on the bench."""

from __future__ import annotations

from dataclasses import dataclass

from electric.circuit import Circuit, Part, Wire

SHORT, SIGNAL, HUM, OPEN_P, OPEN_N, OPEN_REF = (
    "SHORT",
    "SIGNAL",
    "HUM",
    "OPEN_P",
    "OPEN_N",
    "OPEN_REF",
)
KNOB = (SHORT, SIGNAL, HUM)  # contacts 1, 2, 3 of S1
RANGES = (1000, 100)  # contacts 1, 2 of S2


@dataclass(frozen=True)
class Position:
    """How the box is set, and what the pod gets."""

    name: str
    knob: str
    opened: str  # the switch that is at OPEN; empty: none
    gives: str


POSITIONS = (
    Position(SHORT, SHORT, "", "all three electrodes joined: the pod's own noise"),
    Position(SIGNAL, SIGNAL, "", "input / 1000 (or / 100) between + and −, balanced about REF"),
    Position(HUM, HUM, "", "the whole input between REF and both others: common mode"),
    Position(OPEN_P, SHORT, "S3", "electrode + off, the others joined"),
    Position(OPEN_N, SHORT, "S4", "electrode − off, the others joined"),
    Position(OPEN_REF, SHORT, "S5", "reference off, the others joined"),
)


def box() -> Circuit:
    """Return the test box."""
    poles = (
        ("P", "S3", "R7", "C1", "K1"),
        ("N", "S4", "R8", "C2", "K2"),
        ("R", "S5", "R9", "C3", "K3"),
    )
    electrodes = tuple(
        wire
        for pole, switch, resistor, capacitor, stud in poles
        for wire in (
            Wire(f"S1.{pole}", f"{switch}.1"),
            Wire(f"{switch}.2", f"{resistor}.1"),
            Wire(f"{resistor}.1", f"{capacitor}.1"),
            Wire(f"{resistor}.2", f"{capacitor}.2"),
            Wire(f"{resistor}.2", f"{stud}.STUD"),
        )
    )
    two = ("1", "2")
    return Circuit(
        "test box",
        (
            Part("J1", "input-socket", "3.5 mm input", ("TIP", "SLEEVE")),
            Part("S1", "rotary-switch", "3 poles, 3 positions",
                 tuple(f"{pole}{n}" for pole in "PNR" for n in ("", 1, 2, 3))),
            Part("S2", "range-switch", "2 poles, 2 positions",
                 tuple(f"{pole}{n}" for pole in "AB" for n in ("", 1, 2))),
            Part("S3", "open-switch", "OPEN_P", two),
            Part("S4", "open-switch", "OPEN_N", two),
            Part("S5", "open-switch", "OPEN_REF", two),
            Part("R1", "resistor-51k", "51 kΩ", two),
            Part("R2", "resistor-5k1", "5.1 kΩ", two),
            Part("R3", "resistor-51", "51 Ω", two),
            Part("R4", "resistor-51", "51 Ω", two),
            Part("R5", "resistor-5k1", "5.1 kΩ", two),
            Part("R6", "resistor-51k", "51 kΩ", two),
            Part("R7", "resistor-51k", "51 kΩ", two),
            Part("R8", "resistor-51k", "51 kΩ", two),
            Part("R9", "resistor-51k", "51 kΩ", two),
            Part("C1", "capacitor-47n", "47 nF", two),
            Part("C2", "capacitor-47n", "47 nF", two),
            Part("C3", "capacitor-47n", "47 nF", two),
            Part("K1", "stud", "+", ("STUD",)),
            Part("K2", "stud", "−", ("STUD",)),
            Part("K3", "stud", "REF", ("STUD",)),
            Part("X1", "metal-box", "metal box", ("CASE",)),
        ),
        (
            Wire("J1.TIP", "S2.A"),
            Wire("J1.SLEEVE", "S2.B"),
            Wire("S2.A1", "R1.1"),
            Wire("S2.A2", "R2.1"),
            Wire("R1.2", "R2.2"),
            Wire("R2.2", "R3.1"),
            Wire("R3.2", "R4.1"),
            Wire("R4.2", "R5.1"),
            Wire("R5.1", "R6.1"),
            Wire("S2.B2", "R5.2"),
            Wire("S2.B1", "R6.2"),
            Wire("R3.2", "X1.CASE"),
            Wire("S1.P1", "R3.2"), Wire("S1.P2", "R3.1"), Wire("S1.P3", "J1.TIP"),
            Wire("S1.N1", "R3.2"), Wire("S1.N2", "R4.2"), Wire("S1.N3", "J1.TIP"),
            Wire("S1.R1", "R3.2"), Wire("S1.R2", "R3.2"), Wire("S1.R3", "J1.SLEEVE"),
            *electrodes,
        ),
    )  # fmt: skip
