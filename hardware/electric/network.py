"""Voltages in a network of resistors and capacitors: modified nodal analysis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_PREFIX = {"p": 1e-12, "n": 1e-9, "µ": 1e-6, "": 1.0, "k": 1e3, "M": 1e6}


@dataclass(frozen=True)
class Element:
    """A resistor (ohm) or capacitor (farad) between two nodes, with its tolerance (a fraction)."""

    name: str
    kind: str  # "R" or "C"
    a: str
    b: str
    value: float
    tolerance: float = 0.0

    def admittance(self, f_hz: float) -> complex:
        """Return its admittance, siemens."""
        return 1 / self.value if self.kind == "R" else 2j * np.pi * f_hz * self.value


def solve(
    elements: Sequence[Element], source: tuple[str, str, float], f_hz: float, ground: str
) -> dict[str, complex]:
    """Return the voltage of every node against ``ground``.

    Parameters
    ----------
    elements : sequence of Element
    source : (node, node, V)
        An ideal voltage source, plus first.
    f_hz : float
    ground : str

    Raises
    ------
    ValueError
        A node has no connection to ground: its voltage is not defined.
    """
    plus, minus, volts = source
    names = {end for e in elements for end in (e.a, e.b)} | {plus, minus}
    nodes = {name: n for n, name in enumerate(sorted(names - {ground}))}
    size = len(nodes)
    matrix = np.zeros((size + 1, size + 1), complex)
    for e in elements:
        y = e.admittance(f_hz)
        for here, there in ((e.a, e.b), (e.b, e.a)):
            if here in nodes:
                matrix[nodes[here], nodes[here]] += y
                if there in nodes:
                    matrix[nodes[here], nodes[there]] -= y
    for node, sign in ((plus, 1), (minus, -1)):
        if node in nodes:
            matrix[nodes[node], size] += sign
            matrix[size, nodes[node]] += sign
    right = np.zeros(size + 1, complex)
    right[size] = volts
    if np.linalg.matrix_rank(matrix) <= size:
        raise ValueError(f"a node floats: no path to {ground}")
    voltage = np.linalg.solve(matrix, right)
    return {ground: 0j, **{name: complex(voltage[n]) for name, n in nodes.items()}}


def parse_value(text: str) -> float:
    """Return the number that "51 kΩ" or "47 nF" stands for, ohm or farad.

    Raises ValueError for anything else.
    """
    match = re.fullmatch(r"([\d.]+) ([pnµkM]?)(Ω|F)", text)
    if match is None:
        raise ValueError(f"not a value of a resistor or capacitor: {text!r}")
    return float(match[1]) * _PREFIX[match[2]]
