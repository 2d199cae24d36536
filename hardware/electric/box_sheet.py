"""Schematic of the test box."""

from __future__ import annotations

from schemdraw import elements

from electric.box import KNOB, RANGES, box
from electric.sheet import Sheet

_POLE_Y = {"P": -1.0, "N": -6.0, "R": -11.0}
_CONTACT_X, _POLE_X = 12.0, 14.0
_M_X, _TIP_X, _SLEEVE_X = 8.0, 10.6, 11.3  # rails that run down to the poles


def box_sheet() -> Sheet:
    """Draw the test box."""
    sheet = Sheet(box())
    _divider(sheet)
    for pole, y in _POLE_Y.items():
        _pole(sheet, pole, y)
    for y in (0.0, -5.0, -10.0):
        sheet.wire((_M_X, y), (_CONTACT_X, y))
    for number, (pole, name, words) in enumerate(
        (("P", "OPEN_P", "+"), ("N", "OPEN_N", "−"), ("R", "OPEN_REF", "REF")), 1
    ):
        _electrode(sheet, number, _POLE_Y[pole], name, words)
    sheet.note("S1: one knob, three poles; drawn at SHORT", (_CONTACT_X - 0.7, 1.2))
    sheet.note("S3, S4, S5 are drawn at OPEN", (_CONTACT_X - 0.7, 0.7))
    sheet.note("51 kΩ and 47 nF stand for", (17.9, 1.2))
    sheet.note("an electrode on skin", (17.9, 0.7))
    sheet.finish()
    return sheet


def _divider(sheet: Sheet) -> None:
    """Draw the input, the range switch and the divider from top to bottom at the left."""
    tip_y, sleeve_y = 2.0, -13.5
    sheet.pad("J1.TIP", (-2.0, tip_y), "J1  input: tip", "right")
    sheet.pad("J1.SLEEVE", (-2.0, sleeve_y), "sleeve", "right")
    sheet.wire((-2.0, tip_y), (_TIP_X, tip_y), (_TIP_X, -7.0))
    sheet.wire((_TIP_X, -2.0), (_CONTACT_X, -2.0))
    sheet.wire((_TIP_X, -7.0), (_CONTACT_X, -7.0))
    sheet.wire((-2.0, sleeve_y), (_SLEEVE_X, sleeve_y), (_SLEEVE_X, -12.0), (_CONTACT_X, -12.0))
    for pole, end, side in (("A", tip_y, 1), ("B", sleeve_y, -1)):
        y = end - 1.6 * side
        sheet.wire((2.0, end), (2.0, y))
        sheet.contact(f"S2.{pole}", (2.0, y))
        for contact, x, align in ((1, 1.0, "right"), (2, 3.0, "left")):
            sheet.contact(f"S2.{pole}{contact}", (x, y - 1.0 * side))
            outwards = 0.3 if align == "left" else -0.3
            sheet.note(f"÷{RANGES[contact - 1]}", (x + outwards, y - 0.75 * side), align)
        sheet.lever((2.0, y), (1.0, y - 1.0 * side))
        sheet.note(f"S2 {pole}", (2.3, y + 0.2 * side))
    top, a, m, b, bottom = -0.6, -3.2, -5.0, -6.8, -10.9
    for ref, x in (("R1", 1.0), ("R2", 3.0)):
        sheet.two_pins(ref, elements.Resistor, (x, top), (x, -2.6), "bot")
        sheet.wire((x, -2.6), (x, a))
    sheet.wire((1.0, a), (3.0, a), (5.0, a))
    sheet.two_pins("R3", elements.Resistor, (5.0, a), (5.0, m), "bot")
    sheet.two_pins("R4", elements.Resistor, (5.0, m), (5.0, b), "bot")
    sheet.wire((1.0, b), (3.0, b), (5.0, b))
    for ref, x in (("R6", 1.0), ("R5", 3.0)):
        sheet.wire((x, b), (x, -7.4))
        sheet.two_pins(ref, elements.Resistor, (x, -7.4), (x, bottom), "bot")
    sheet.wire((5.0, a), (7.0, a), (7.0, -1.0), (_CONTACT_X, -1.0))
    sheet.wire((5.0, b), (7.0, b), (7.0, -6.0), (_CONTACT_X, -6.0))
    sheet.wire((5.0, m), (_M_X, m))
    sheet.wire((_M_X, 0.0), (_M_X, m), (_M_X, -11.0), (_CONTACT_X, -11.0))
    sheet.wire((_M_X, -11.0), (_M_X, -12.3))
    sheet.pad("X1.CASE", (_M_X, -12.3), "metal box")


def _pole(sheet: Sheet, pole: str, y: float) -> None:
    """Draw a pole of the knob with its three contacts, SHORT at the top."""
    sheet.contact(f"S1.{pole}", (_POLE_X, y))
    for number, name in enumerate(KNOB, 1):
        at = (_CONTACT_X, y + 2 - number)
        sheet.contact(f"S1.{pole}{number}", at)
        sheet.note(name, (at[0] - 0.2, at[1] + 0.25), "right")
    sheet.lever((_POLE_X, y), (_CONTACT_X, y + 1))


def _electrode(sheet: Sheet, number: int, y: float, name: str, words: str) -> None:
    """Draw the switch that takes an electrode off, its impedance and its stud."""
    switch = f"S{number + 2}"
    sheet.wire((_POLE_X, y), (15.5, y))
    sheet.contact(f"{switch}.1", (15.5, y))
    sheet.contact(f"{switch}.2", (17.0, y))
    sheet.lever((15.5, y), (16.9, y + 0.6))
    sheet.write(f"{switch}  {name}", (16.25, y + 0.95), align="center")
    left, right = 18.0, 20.4
    sheet.wire((17.0, y), (left, y))
    sheet.two_pins(f"R{number + 6}", elements.Resistor, (left, y), (right, y))
    sheet.wire((left, y), (left, y - 1.2))
    sheet.two_pins(f"C{number}", elements.Capacitor, (left, y - 1.2), (right, y - 1.2), "bot")
    sheet.wire((right, y - 1.2), (right, y))
    sheet.wire((right, y), (21.4, y))
    sheet.pad(f"K{number}.STUD", (21.4, y), f"K{number}  {words}")
