"""Circuits as parts and the wires between their pins; everything else is made from them.

A net is what is joined by wires, so that the wiring diagram and the netlist are one thing. The
schematics are traced (`electric.sheet`) and must show the same nets.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

HARDWARE = Path(__file__).resolve().parents[1]


class CircuitError(ValueError):
    """A circuit that cannot be built as it is written."""


@dataclass(frozen=True)
class Part:
    """A thing with pins.

    ``ref`` is its name in drawings, ``item`` its row in parts.csv, ``value`` what a drawing
    prints beside it.
    """

    ref: str
    item: str
    value: str
    pins: tuple[str, ...]


@dataclass(frozen=True)
class Wire:
    """A connection of two pins, "REF.PIN" both.

    ``cable`` is the bundle it is part of; empty: soldered or plugged together without a wire.
    ``colour`` is a two-letter code of IEC 60757. ``name`` is the net's, where it has one.
    """

    start: str
    end: str
    cable: str = ""
    colour: str = ""
    name: str = ""
    setting: str = ""  # of firmware/pod/board.py that says which pin it is


@dataclass(frozen=True)
class Circuit:
    """Parts and wires."""

    name: str
    parts: tuple[Part, ...]
    wires: tuple[Wire, ...]

    def part(self, ref: str) -> Part:
        """Return the part of that name; raises CircuitError if there is none."""
        for part in self.parts:
            if part.ref == ref:
                return part
        raise CircuitError(f"{self.name}: there is no part {ref!r}")

    @cached_property
    def nets(self) -> frozenset[frozenset[str]]:
        """Sets of pins that are joined."""
        pins = [f"{part.ref}.{pin}" for part in self.parts for pin in part.pins]
        known = set(pins)
        if len(known) < len(pins):
            raise CircuitError(f"{self.name}: two parts or two pins have the same name")
        for wire in self.wires:
            for pin in (wire.start, wire.end):
                if pin not in known:
                    raise CircuitError(f"{self.name}: a wire goes to {pin}, which does not exist")
        return joined((wire.start, wire.end) for wire in self.wires)

    def net_of(self, pin: str) -> frozenset[str]:
        """Return what is joined to a pin, itself included."""
        return next((net for net in self.nets if pin in net), frozenset({pin}))


def joined(pairs: Iterable[tuple[str, str]]) -> frozenset[frozenset[str]]:
    """Return the connected sets of a graph that is given as pairs."""
    set_of: dict[str, set[str]] = {}
    for a, b in pairs:
        merged = set_of.get(a, {a}) | set_of.get(b, {b})
        for member in merged:
            set_of[member] = merged
    return frozenset(frozenset(members) for members in set_of.values())


def disagreements(
    expected: frozenset[frozenset[str]], found: frozenset[frozenset[str]]
) -> list[str]:
    """Say how two netlists differ, a line a net; empty when they are the same."""

    def text(net: frozenset[str]) -> str:
        return " = ".join(sorted(net))

    return [f"missing: {text(net)}" for net in sorted(expected - found, key=sorted)] + [
        f"too much: {text(net)}" for net in sorted(found - expected, key=sorted)
    ]


def bill_of_materials() -> dict[str, dict[str, str]]:
    """Return the rows of parts.csv by their ``item``."""
    with (HARDWARE / "parts.csv").open(encoding="utf-8", newline="") as file:
        return {row["item"]: row for row in csv.DictReader(file)}
