"""Pictures for the build guide that are not circuits: the lead and the cell's plug."""

from __future__ import annotations

from typing import Any

import schemdraw
from schemdraw import elements

from electric.circuit import Circuit
from electric.pod import pod

_INK = "#20262C"
_TUBE = "#D8DEE4"


def lead_picture() -> str:
    """Return the electrode lead with its resistors, as SVG."""
    drawing = _new()
    _box(drawing, 0.0, 1.0, 2.4, 4.0, "#F4F6F8")
    _words(drawing, "3.5 mm plug", 1.2, 1.4)
    drawing.add(
        elements.Rect(corner1=(0, 0), corner2=(0.4, -4.0), fill="#E69F00").at((3.0, 1.0)).theta(0)
    )
    circuit = pod()
    for n, contact in enumerate(("ring", "tip", "sleeve")):
        (ref,) = _joined_to(circuit, f"U2.{contact.upper()}", "R")
        (snap,) = _joined_to(circuit, f"{ref}.1", "E")
        y = -1.3 * n
        x = 4.6 + 2.4 * n  # joints beside each other would make a lump
        _line(drawing, 2.4, y, 15.0, y)
        _words(drawing, contact, 2.2, y, "right")
        _box(drawing, x, y + 0.28, 2.0, 0.56, _TUBE)
        _box(drawing, x + 0.55, y + 0.13, 0.9, 0.26, "white")
        _words(drawing, f"{ref}  {circuit.part(ref).value}", x + 1.0, y + 0.55)
        drawing.add(elements.Dot(radius=0.25, fill="white").at((15.2, y)))
        _words(drawing, f"{snap}  {circuit.part(snap).value}", 15.7, y, "left")
    drawing.add(
        elements.Rect(corner1=(0, 0), corner2=(8.0, -4.2), ls="--").at((4.0, 1.1)).theta(0)
    )
    _words(
        drawing, "a tube over each resistor and its joints; a wide one over all", 4.0, 1.5, "left"
    )
    _words(drawing, "ring of tape: this lead has its resistors", 3.0, -3.5, "left")
    return drawing.get_imagedata("svg").decode()


def polarity_picture() -> str:
    """Return how the cell's plug must meet the board's marks, as SVG."""
    drawing = _new()
    for x, right in ((0.0, True), (9.0, False)):
        _box(drawing, x, 3.0, 2.4, 3.0, "#F4F6F8")
        _words(drawing, "board", x + 1.2, 3.4)
        _box(drawing, x + 1.5, 2.6, 0.9, 2.2, "white")
        for y, mark in ((2.0, "+"), (1.0, "−")):
            _words(drawing, mark, x + 1.05, y, size=16)
        colours = ("red", "black") if right else ("black", "red")
        _box(drawing, x + 2.9, 2.5, 0.9, 2.0, "white")
        for y, colour in zip((2.0, 1.0), colours, strict=True):
            ink = "#D55E00" if colour == "red" else "black"
            drawing.add(
                elements.Line(lw=4 if colour == "red" else 2.5, color=ink).endpoints(
                    (x + 3.8, y), (x + 6.2, y)
                )
            )
            _words(drawing, colour, x + 6.4, y, "left")
        verdict = "right: + meets red" if right else "WRONG: never plug this in"
        _words(drawing, verdict, x + 3.2, -0.7, size=13)
        if not right:
            for a, b in (((x - 0.2, -0.2), (x + 4.2, 3.1)), ((x - 0.2, 3.1), (x + 4.2, -0.2))):
                drawing.add(elements.Line(lw=3, color=_INK).endpoints(a, b))
    _words(
        drawing, "Go by the marks printed on your board, not by the shape of the plug.", 7.4, -1.6
    )
    return drawing.get_imagedata("svg").decode()


def _joined_to(circuit: Circuit, pin: str, letter: str) -> list[str]:
    """Return the parts of a kind that are joined to a pin."""
    return [p.split(".")[0] for p in circuit.net_of(pin) if p.startswith(letter) and p != pin]


def _new() -> Any:
    return schemdraw.Drawing(
        canvas="svg", show=False, font="sans-serif", fontsize=11, lw=1.5, margin=0.6,
        bgcolor="white", color=_INK,
    )  # fmt: skip


def _box(drawing: Any, x: float, y: float, width: float, height: float, fill: str) -> None:
    rect = elements.Rect(corner1=(0, 0), corner2=(width, -height), fill=fill)
    drawing.add(rect.at((x, y)).theta(0))


def _line(drawing: Any, x0: float, y0: float, x1: float, y1: float) -> None:
    drawing.add(elements.Line().endpoints((x0, y0), (x1, y1)))


def _words(
    drawing: Any, text: str, x: float, y: float, align: str = "center", size: float = 11
) -> None:
    label: Any = elements.Label().at((x, y - 0.08)).theta(0)
    drawing.add(label.label(text, fontsize=size, halign=align, valign="center"))
