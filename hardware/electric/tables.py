"""Tables of the build guides, made from the circuits and put between their marks."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from electric.box import HUM, OPEN_N, OPEN_P, OPEN_REF, POSITIONS, RANGES, SHORT, SIGNAL
from electric.box_meter import box_checks
from electric.box_signals import (
    CHECK_HZ,
    MAINS_HZ,
    Expected,
    expected,
    lead_off_s,
    noise_uv,
)
from electric.circuit import Circuit, CircuitError, bill_of_materials
from electric.meter import Check, cold_checks, live_checks, parts_checks
from electric.pod import myoware_pod, pod

_COLOURS = {
    "BK": "black", "BN": "brown", "RD": "red", "OG": "orange", "YE": "yellow", "GN": "green",
    "BU": "blue", "VT": "violet", "GY": "grey", "WH": "white",
}  # fmt: skip
_NAMES = {"U2": "ADS1292R", "U3": "LSM6DSOX", "U4": "MyoWare", "BT1": "cell"}
_OPEN_BITS = {OPEN_P: "LEAD_OFF_2P", OPEN_N: "LEAD_OFF_2N"}  # of wire.py
_BOX_COLUMNS: tuple[str, ...] = (
    "position",
    "knob",
    "switch_at_open",
    "divide_by",
    "input_hz",
    "reading_per_input",
    "reading_per_input_low",
    "reading_per_input_high",
    "noise_uv_rms_20_450hz",
    "lead_off",
    "lead_off_after_s",
)


def filled_in(page: str, tables: dict[str, str], name: str) -> str:
    """Return a page with its tables renewed.

    Raises CircuitError when the page lacks the marks of a table, or has those of another.
    """

    def renew(match: re.Match[str]) -> str:
        if match[1] not in tables:
            raise CircuitError(f"{name} asks for a table {match[1]!r}, which is not made")
        return f"<!-- made by hardware/draw.py: {match[1]} -->\n\n{tables[match[1]]}\n<!-- end -->"

    pattern = r"<!-- made by hardware/draw\.py: (\w+) -->\n.*?<!-- end -->"
    found = set(re.findall(pattern, page, re.DOTALL))
    missing = set(tables) - found
    if missing:
        raise CircuitError(f"{name} has no place for the table {', '.join(sorted(missing))}")
    return re.sub(pattern, renew, page, flags=re.DOTALL)


def guide_tables(pins: dict[str, int]) -> dict[str, str]:
    """Return the tables of hardware/README.md."""
    circuit = pod(pins)
    return {
        "pins": pin_table(circuit, pins),
        "myoware": pin_table(myoware_pod(pins), pins, only=("U4", "R6")),
        "parts": parts_table(("pod", "consumable", "enclosure")),
        "parts_checks": _checks(parts_checks(circuit)),
        "cold_checks": _checks(cold_checks(circuit)),
        "live_checks": _checks(live_checks(circuit)),
    }


def box_tables() -> dict[str, str]:
    """Return the tables of hardware/test_box.md."""
    rows = []
    for p in POSITIONS:
        opened = f"{p.opened} ({p.name})" if p.opened else "none"
        rows.append((f"**{p.name}**", p.knob, opened, p.gives, _reading(p.name)))
    table = _table(("position", "knob S1", "at OPEN", "the pod gets", "the pod reads"), rows)
    checks = _table(("Measure", "Expect"), ((c.between, c.expect) for c in box_checks()))
    return {"positions": table, "parts": parts_table(("test box",)), "checks": checks}


def box_csv() -> str:
    """Return the positions for programs: readings as fractions of the input's RMS."""
    rows: list[dict[str, str]] = []
    for p in POSITIONS:
        row = {"position": p.name, "knob": p.knob, "switch_at_open": p.opened}
        if p.name == SHORT:
            row["noise_uv_rms_20_450hz"] = f"{noise_uv():.1f}"
        elif p.name in _OPEN_BITS:
            row |= {"lead_off": _OPEN_BITS[p.name], "lead_off_after_s": f"{lead_off_s():.1f}"}
        if p.name == SIGNAL:
            rows += [
                {**row, "divide_by": f"{n}", **_fractions(expected(p, n), CHECK_HZ)}
                for n in RANGES
            ]
        elif p.name == HUM:
            rows.append(row | _fractions(expected(p, f_hz=MAINS_HZ), MAINS_HZ))
        else:
            rows.append(row)
    file = io.StringIO()
    table = csv.DictWriter(file, _BOX_COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return file.getvalue()


def _fractions(e: Expected, input_hz: float) -> dict[str, str]:
    numbers = (f"{x + 0.0:.6f}" for x in (e.nominal, e.low, e.high))
    return {"input_hz": f"{input_hz:g}", **dict(zip(_BOX_COLUMNS[5:8], numbers, strict=True))}


def pin_table(circuit: Circuit, pins: dict[str, int], only: Sequence[str] | None = None) -> str:
    """Return which pin of the board goes where, in which colour, and what board.py calls it."""
    rows: list[tuple[str, ...]] = []
    for wire in circuit.wires:
        (start, pin), (end, there) = wire.start.split(".", 1), wire.end.split(".", 1)
        if only is not None and not {start, end} & set(only):
            continue
        if "U1" not in (start, end) and only is None:
            continue
        if end == "U1":
            (start, pin), (end, there) = (end, there), (start, pin)
        setting = f"`{wire.setting}`" if wire.setting else ""
        number = pins.get(wire.setting)
        if number is not None:
            qwiic = " (Qwiic)" if pin.startswith("QWIIC") else ""
            pin = f"GPIO {number}{qwiic}"
        elif start == "U1":
            pin = pin.replace("QWIIC_", "Qwiic ").replace("BAT", "battery ")
        else:
            pin = f"{_NAMES[start]} {pin}"
        target = _end_of(circuit, end, there)
        rows.append((target, pin, setting, _COLOURS.get(wire.colour, ""), wire.cable))
    if only is None:
        rows.append(("light on the board", f"GPIO {pins['NEOPIXEL']}", "`NEOPIXEL`", "", ""))
    return _table(("From", "To the board", "`board.py`", "colour", "cable"), rows)


def _end_of(circuit: Circuit, ref: str, pin: str) -> str:
    if not ref.startswith("R"):
        return f"{_NAMES[ref]} {pin}"
    joined = {p.split(".")[0] for p in circuit.net_of(f"{ref}.{pin}") if p.startswith("R")}
    if len(joined) > 1:
        return " and ".join(sorted(joined)) + ", where they join"
    return f"{ref} ({circuit.part(ref).value}), one end"


def parts_table(groups: Sequence[str]) -> str:
    """Return the bill of materials of some groups."""
    rows = []
    usd = 0.0
    for item in bill_of_materials().values():
        if item["group"] in groups:
            usd += float(item["price_each_approx_usd"]) * int(item["quantity_for_two_pods"])
            number = item["maker_number"]
            maker = item["maker"] if item["maker"] != "any" else ""
            name = f"{maker} {number}".strip() if number != "any" else "any"
            rows.append((item["part"], name, item["quantity_for_two_pods"], item["for"]))
    table = _table(("Part", "Maker, number", "quantity", "what for"), rows)
    return f"{table}\nTogether roughly {round(usd, -1):.0f} USD, without shipping.\n"


def _reading(name: str) -> str:
    if name == SHORT:
        return f"about {noise_uv():.1f} µV RMS, 20–450 Hz"
    if name == SIGNAL:
        position = next(p for p in POSITIONS if p.name == SIGNAL)
        e = expected(position)
        return (
            f"{e.nominal * 1e6:.0f} µV for 1 V in, {e.low * 1e6:.0f} to {e.high * 1e6:.0f} "
            f"(÷1000, {CHECK_HZ:g} Hz)"
        )
    if name == HUM:
        position = next(p for p in POSITIONS if p.name == HUM)
        high = expected(position, f_hz=MAINS_HZ).high
        return f"less than {high * 1e6 / 10:.0f} µV for 100 mV in ({MAINS_HZ:g} Hz)"
    if name in _OPEN_BITS:
        return f"`{_OPEN_BITS[name]}`, after {lead_off_s():.1f} s at most, about"
    if name == OPEN_REF:
        return "no bit; hum, a rail or a drift"
    raise CircuitError(f"nothing is said for the position {name}")


def _checks(checks: Iterable[Check]) -> str:
    return _table(
        ("Between", "Expect", "If not"), ((c.between, c.expect, c.otherwise) for c in checks)
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)
