"""Draw the schematics and the wiring, and fill in the tables of the build guides.

Everything is made from firmware/pod/board.py (pin numbers), hardware/electric (circuits) and
hardware/parts.csv.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from electric.board_pins import BOARD, read_pins
from electric.circuit import HARDWARE, CircuitError
from electric.pod import pod
from electric.tables import box_csv, box_tables, filled_in, guide_tables
from electric.wiring import draw_wiring, drawn_from, wiring_yaml

if TYPE_CHECKING:
    from electric.sheet import Sheet

EXAMPLES = """\
examples:
  python hardware/draw.py                          make all files anew
  python hardware/draw.py --check                  say which files are not what they should be
  python hardware/draw.py --board other/board.py   try another board's pins (with --check)
  python hardware/draw.py --into /tmp/drawings     leave the project's own files alone

Drawing needs: pip install -e '.[hardware]' and, for the wiring, Graphviz (its program `dot`).
"""


def texts(board: Path = BOARD) -> dict[str, str]:
    """Return what the files must hold that need no drawing: pages, tables and harness.

    Raises CircuitError when the pins cannot be wired or a page lacks a table's place.
    """
    pins = read_pins(board)
    pages = {"README.md": guide_tables(pins), "test_box.md": box_tables()}
    made = {
        name: filled_in((HARDWARE / name).read_text("utf-8"), tables, name)
        for name, tables in pages.items()
    }
    return {**made, "test_box.csv": box_csv(), "wiring.yml": wiring_yaml(pod(pins))}


def sheets(board: Path = BOARD) -> list[Sheet]:
    """Return the schematics: pod, pod with MyoWare, test box."""
    from electric.box_sheet import box_sheet
    from electric.pod_sheet import myoware_sheet, pod_sheet

    pins = read_pins(board)
    return [pod_sheet(pins), myoware_sheet(pins), box_sheet()]


def drawings(board: Path = BOARD) -> dict[str, str]:
    """Return the drawings that schemdraw makes, as SVG."""
    from electric.pictures import lead_picture, polarity_picture

    names = ("schematic.svg", "schematic_myoware.svg", "test_box.svg")
    schematics = (sheet.svg() for sheet in sheets(board))
    return {
        **dict(zip(names, schematics, strict=True)),
        "lead.svg": lead_picture(),
        "polarity.svg": polarity_picture(),
    }


def stale(board: Path = BOARD) -> list[str]:
    """Return the names of the files that are missing or not made from the present sources."""
    from electric.sheet import shows

    made = texts(board)
    wrong = [
        name
        for name, text in {**made, **drawings(board)}.items()
        if not _is(HARDWARE / name, lambda path, text=text: path.read_text("utf-8") == text)
    ]
    if not _is(HARDWARE / "wiring.svg", lambda path: drawn_from(path) == made["wiring.yml"]):
        wrong.append("wiring.svg")
    if not _is(HARDWARE / "schematics.pdf", lambda path: shows(path, sheets(board))):
        wrong.append("schematics.pdf")
    return wrong


def make_all(folder: Path, board: Path = BOARD) -> list[str]:
    """Write all files into a folder; returns their names."""
    from electric.sheet import write_pdf

    made = {**texts(board), **drawings(board)}
    made["wiring.svg"] = draw_wiring(made["wiring.yml"])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    write_pdf(sheets(board), folder / "schematics.pdf")
    return [*made, "schematics.pdf"]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if one is not")
    parser.add_argument("--board", type=Path, default=BOARD, help="board.py to take pins from")
    parser.add_argument("--into", type=Path, default=HARDWARE, help="folder to write to")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            wrong = stale(options.board)
            for name in wrong:
                print(f"hardware/{name} is not what its sources say")
            print(
                "Fix: python hardware/draw.py" if wrong else "All files are what they should be."
            )
            return 1 if wrong else 0
        for name in make_all(options.into, options.board):
            print(f"wrote {options.into / name}")
    except (CircuitError, OSError, SyntaxError) as error:
        print(error, file=sys.stderr)
        return 1
    except ImportError as error:
        print(f"{error}. Fix: pip install -e '.[hardware]'", file=sys.stderr)
        return 1
    return 0


def _is(path: Path, holds: Callable[[Path], bool]) -> bool:
    return path.is_file() and holds(path)


if __name__ == "__main__":
    sys.exit(main())
