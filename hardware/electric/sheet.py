"""A schematic that knows what it shows: its drawn lines are traced into a netlist."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import schemdraw
from schemdraw import elements

from electric.circuit import Circuit, CircuitError, disagreements, joined

_UNIT = 2.0
_FONT_PT = 11
_NOTE_PT = 9
_GRID = 1000  # points this many times finer than a unit are the same

Point = tuple[float, float]


@dataclass
class Sheet:
    """A drawing of a circuit in the making. Positions are in schemdraw's units, y upwards."""

    circuit: Circuit
    drawing: Any = field(init=False)
    _pins: list[tuple[str, Point]] = field(default_factory=list)
    _wires: list[tuple[Point, Point]] = field(default_factory=list)
    _names: list[tuple[str, Point]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.drawing = schemdraw.Drawing(
            canvas="svg",
            show=False,
            unit=_UNIT,
            fontsize=_FONT_PT,
            font="sans-serif",
            lw=1.5,
            margin=0.6,
            bgcolor="white",
        )

    def box(
        self,
        ref: str,
        corner: Point,
        width: float,
        left: Sequence[tuple[str, str] | None],
        right: Sequence[tuple[str, str] | None],
    ) -> None:
        """Draw a part as a box: a pin a unit on each side, from the top; None leaves a gap.

        ``left`` and ``right`` are pins and the words inside the box; ``corner`` is top left. The
        pin in row n (from 1) ends half a unit outside the box, n units below its top.
        """
        x, y = corner
        height = max(len(left), len(right)) + 1
        self.drawing.add(
            elements.Rect(corner1=(0, 0), corner2=(width, -height), fill="#F4F6F8")
            .at(corner)
            .theta(0)
        )
        self.write(
            f"{ref}  {self.circuit.part(ref).value}", (x + width / 2, y + 0.35), align="center"
        )
        for edge, out, pins, align, inset in (
            (x, x - 0.5, left, "left", 0.2),
            (x + width, x + width + 0.5, right, "right", -0.2),
        ):
            for row, pin in enumerate(pins, 1):
                if pin is not None:
                    self.drawing.add(elements.Line().endpoints((edge, y - row), (out, y - row)))
                    self.write(pin[1], (edge + inset, y - row), align=align)
                    self._pins.append((f"{ref}.{pin[0]}", _point((out, y - row))))

    def pad(self, pin: str, at: Point, words: str, align: str = "left") -> None:
        """Draw a contact that something is clipped or plugged to."""
        self.drawing.add(elements.Dot(open=True, radius=0.15).at(at))
        self.write(words, (at[0] + (0.35 if align == "left" else -0.35), at[1]), align=align)
        self._pins.append((pin, _point(at)))

    def contact(self, pin: str, at: Point) -> None:
        """Draw a contact of a switch."""
        self.drawing.add(elements.Dot(open=True, radius=0.09).at(at))
        self._pins.append((pin, _point(at)))

    def lever(self, start: Point, end: Point) -> None:
        """Draw what moves in a switch; it joins nothing."""
        self.drawing.add(elements.Line(lw=2.2).endpoints(start, end))

    def two_pins(self, ref: str, symbol: Any, start: Point, end: Point, side: str = "top") -> None:
        """Draw a resistor or alike from one point to another; its pins are 1 and 2."""
        gap = "\n" if start[0] == end[0] else "  "
        label = f"{ref}{gap}{self.circuit.part(ref).value}"
        self.drawing.add(symbol().endpoints(start, end).label(label, loc=side))
        self._pins += [(f"{ref}.1", _point(start)), (f"{ref}.2", _point(end))]

    def wire(self, *points: Point) -> None:
        """Draw a line through points."""
        for a, b in pairwise(points):
            self.drawing.add(elements.Line().endpoints(a, b))
            self._wires.append((_point(a), _point(b)))

    def ground(self, at: Point) -> None:
        """Join a point to all others on ground."""
        self.drawing.add(elements.Ground().at(at).theta(0))
        self._names.append(("GND", _point(at)))

    def write(self, text: str, at: Point, size_pt: float = _FONT_PT, align: str = "left") -> None:
        """Put words on the sheet; ``align`` says which end of them is at the point."""
        label: Any = elements.Label().at(at).theta(0)
        self.drawing.add(label.label(text, fontsize=size_pt, halign=align, valign="center"))

    def note(self, text: str, at: Point, align: str = "left") -> None:
        """Put small words on the sheet."""
        self.write(text, at, _NOTE_PT, align)

    def nets(self) -> frozenset[frozenset[str]]:
        """Return which pins the drawn lines join: what touches the end of a line is joined."""
        pairs: list[tuple[str, str]] = []
        ends = [point for wire in self._wires for point in wire]
        places = {*ends, *(at for _, at in self._pins), *(at for _, at in self._names)}
        for n, wire in enumerate(self._wires):
            pairs += [(f" wire {n}", f" place {at}") for at in places if _touches(at, wire)]
        pairs += [(pin, f" place {at}") for pin, at in self._pins]
        pairs += [(f" net {name}", f" place {at}") for name, at in self._names]
        traced = (
            frozenset(member for member in net if not member.startswith(" "))
            for net in joined(pairs)
        )
        return frozenset(net for net in traced if len(net) > 1)

    def finish(self) -> None:
        """Draw the dots where lines join.

        Raises CircuitError, a line a net, when the sheet does not show the circuit.
        """
        wrong = disagreements(self.circuit.nets, self.nets())
        drawn = {pin for pin, _ in self._pins}
        wrong += [
            f"not drawn: {part.ref}.{pin}"
            for part in self.circuit.parts
            for pin in part.pins
            if f"{part.ref}.{pin}" not in drawn
        ]
        if wrong:
            raise CircuitError(
                "\n".join([f"The schematic of the {self.circuit.name} is wrong:", *wrong])
            )
        ends = [point for wire in self._wires for point in wire]
        pins = [at for _, at in self._pins]
        for at in sorted(set(ends)):
            through = sum(_touches(at, wire) and at not in wire for wire in self._wires)
            if ends.count(at) + pins.count(at) + 2 * through > 2:
                self.drawing.add(elements.Dot(radius=0.06).at(at))

    def svg(self) -> str:
        """Return the drawing as SVG, the netlist in it."""
        text = self.drawing.get_imagedata("svg").decode()
        netlist = f"<metadata>{escape(netlist_text(self.circuit))}</metadata>"
        return re.sub(r"(<svg[^>]*>)", lambda match: f"{match[1]}\n{netlist}", text, count=1)


def write_pdf(sheets: Sequence[Sheet], path: Path) -> None:
    """Write sheets as the pages of a PDF, the same bytes each time."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.backends.backend_pdf import PdfPages

    about = {"CreationDate": None, "Title": "glutesym: schematics", "Subject": _digest(sheets)}
    with PdfPages(path, metadata=about) as pdf:
        for sheet in sheets:
            figure = sheet.drawing.draw(show=False, canvas="matplotlib").getfig()
            pdf.savefig(figure)
            pyplot.close(figure)


def shows(pdf: Path, sheets: Sequence[Sheet]) -> bool:
    """Return whether a PDF was made from sheets of these circuits."""
    return _digest(sheets).encode() in pdf.read_bytes()


def netlist_text(circuit: Circuit) -> str:
    """Return a circuit's netlist, a line a net and a line a part."""
    nets = sorted(" = ".join(sorted(net)) for net in circuit.nets)
    return "\n".join([*nets, *(f"{part.ref}: {part.value}" for part in circuit.parts)])


def shown_netlist(svg: Path) -> str:
    """Return the netlist that a drawing was made from."""
    return ElementTree.parse(svg).findtext("{http://www.w3.org/2000/svg}metadata") or ""


def shown_words(svg: str) -> list[str]:
    """Return all words of a drawing, sorted."""
    texts = ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    return sorted("".join(text.itertext()).strip() for text in texts)


def _digest(sheets: Sequence[Sheet]) -> str:
    netlists = "\n\n".join(netlist_text(sheet.circuit) for sheet in sheets)
    return "netlists " + hashlib.sha256(netlists.encode()).hexdigest()[:16]


def _point(at: Any) -> Point:
    return round(at[0] * _GRID) / _GRID, round(at[1] * _GRID) / _GRID


def _touches(at: Point, wire: tuple[Point, Point]) -> bool:
    (x0, y0), (x1, y1) = wire
    cross = (x1 - x0) * (at[1] - y0) - (y1 - y0) * (at[0] - x0)
    inside = min(x0, x1) <= at[0] <= max(x0, x1) and min(y0, y1) <= at[1] <= max(y0, y1)
    return inside and abs(cross) < 2 / _GRID
