"""The pod's wiring as a WireViz harness: its YAML, its drawing, and what a drawing shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from electric.circuit import Circuit, CircuitError, Wire

# Of each cable: what it is, and its thickness and length, where they matter.
_CABLES = {
    "W1": ("stranded wire, shorter than 10 cm", "0.08 mm2"),
    "W2": ("Qwiic cable", ""),
    "W3": ("leads of the cell, its own plug", ""),
    "W4": ("electrode lead", ""),
    "W5": ("the same lead, end with the plug", ""),
    "W6": ("stranded wire", "0.08 mm2"),
}
_NOTES = {
    "U1": "BAT+ and BAT-: as marked on the board,\\nnot as another board has them",
    "U2": "RING, TIP, SLEEVE: 3.5 mm jack;\\nCLK stays open",
    "BT1": "check the polarity first",
    "R1": "in the lead, under heat shrink",
    "R2": "in the lead, under heat shrink",
    "R3": "in the lead, under heat shrink",
    "C1": "across VCC and GND of U2",
    "C2": "across VCC and GND of U2",
}


def wiring_yaml(circuit: Circuit) -> str:
    """Return the harness as WireViz reads it."""
    lines = [
        "# Made by hardware/draw.py from firmware/pod/board.py and hardware/electric/pod.py.",
        "# Do not edit. Draw it: python hardware/draw.py",
        "options: {mini_bom_mode: false}",
        "connectors:",
    ]
    used = {pin for wire in circuit.wires for pin in (wire.start, wire.end)}
    for part in circuit.parts:
        pins = ", ".join(map(_quoted, part.pins))
        lines += [f"  {part.ref}:", f"    type: {_quoted(part.value)}", f"    pins: [{pins}]"]
        settings = [_setting_of(circuit, f"{part.ref}.{pin}") for pin in part.pins]
        if part.ref == "U1":
            lines.append(f"    pinlabels: [{', '.join(map(_quoted, settings))}]")
        if part.ref in _NOTES:
            lines.append(f'    notes: "{_NOTES[part.ref]}"')
        if not all(f"{part.ref}.{pin}" in used for pin in part.pins):
            lines.append("    hide_disconnected_pins: true")
        lines.append("    show_pincount: false")
    lines.append("cables:")
    for cable, wires in _by_cable(circuit).items():
        kind, gauge = _CABLES[cable]
        lines += [
            f"  {cable}:",
            f"    type: {_quoted(kind)}",
            *([f"    gauge: {gauge}"] if gauge else []),
            f"    colors: [{', '.join(wire.colour for wire in wires)}]",
            f"    wirelabels: [{', '.join(_quoted(wire.name) for wire in wires)}]",
        ]
        lines.append("    category: bundle" if gauge else "    show_wirecount: false")
    lines.append("connections:")
    for cable, wires in _by_cable(circuit).items():
        for number, wire in enumerate(wires, 1):
            start, end = _reference(wire.start), _reference(wire.end)
            lines.append(f"  - [{start}, {cable}: {number}, {end}]")
    for wire in circuit.wires:
        if not wire.cable:  # soldered or plugged together
            lines.append(f"  - [{_reference(wire.start)}, '--', {_reference(wire.end)}]")
    return "\n".join(lines) + "\n"


def draw_wiring(yaml: str) -> str:
    """Return the drawing as SVG, its source in it.

    Raises CircuitError when WireViz or the program ``dot`` of Graphviz is missing.
    """
    try:
        from wireviz import wireviz
    except ImportError as error:
        raise CircuitError(
            f"WireViz is needed to draw the wiring ({error}). Fix: pip install -e '.[hardware]'"
        ) from None
    if shutil.which("dot") is None:
        raise CircuitError(
            "Graphviz is needed to draw the wiring: its program `dot` was not found. "
            "Fix: sudo apt install graphviz  (Debian, Ubuntu), brew install graphviz  (macOS), "
            "or from graphviz.org"
        )
    svg = wireviz.parse(yaml, return_types="svg")
    text = svg.decode() if isinstance(svg, bytes) else svg
    # Comments tell the version of Graphviz and nothing about the wiring.
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)
    source = f"<metadata>{escape(yaml)}</metadata>"
    return re.sub(r"(<svg[^>]*>)", lambda match: f"{match[1]}\n{source}", text, count=1)


def drawn_from(svg: Path) -> str:
    """Return the YAML that a drawing was made from."""
    return ElementTree.parse(svg).findtext("{http://www.w3.org/2000/svg}metadata") or ""


def drawn_wires(svg: Path) -> set[tuple[str, str]]:
    """Return both ends of every wire of a cable, as printed in a drawing."""
    rows: dict[float, list[tuple[float, str]]] = {}
    for text in ElementTree.parse(svg).iter("{http://www.w3.org/2000/svg}text"):
        words = (text.text or "").strip().replace("\u00a0", " ")
        if re.match(r"[A-Z]+\d+:", words):
            rows.setdefault(float(text.get("y", 0)), []).append((float(text.get("x", 0)), words))
    ends = (sorted(row) for row in rows.values())
    # Cables beside each other have rows of the same height.
    return {
        (".".join(a.split(":")[:2]), ".".join(b.split(":")[:2]))
        for row in ends
        for (_, a), (_, b) in zip(row[::2], row[1::2], strict=True)
    }


def _by_cable(circuit: Circuit) -> dict[str, list[Wire]]:
    cables: dict[str, list[Wire]] = {}
    for wire in circuit.wires:
        if wire.cable:
            cables.setdefault(wire.cable, []).append(wire)
    return dict(sorted(cables.items()))


def _setting_of(circuit: Circuit, pin: str) -> str:
    """Return the name that board.py has for a pin."""
    return next((w.setting for w in circuit.wires if w.setting and pin in (w.start, w.end)), "")


def _reference(pin: str) -> str:
    ref, name = pin.split(".", 1)
    return f"{ref}: {_quoted(name)}"


def _quoted(text: str) -> str:
    plain = text.isdigit() or (re.fullmatch(r"[A-Za-z_]\w*", text) and text not in ("N", "Y"))
    return text if plain else f"'{text}'"
