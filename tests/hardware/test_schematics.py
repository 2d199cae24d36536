"""Drawings and pages in hardware/ are what board.py and the circuits say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from schemdraw import elements

import draw
from electric.board_pins import read_pins
from electric.box_sheet import box_sheet
from electric.circuit import HARDWARE, CircuitError
from electric.pod import pod
from electric.pod_sheet import myoware_sheet, pod_sheet
from electric.sheet import Sheet, netlist_text, shown_netlist, shown_words, shows
from electric.tables import filled_in
from electric.wiring import drawn_from, drawn_wires, wiring_yaml
from other_board import REFERENCE, board_file, free_pin

FIX = "python hardware/draw.py, then wire the pods like it"


@pytest.mark.parametrize("name", ["README.md", "test_box.md", "test_box.csv", "wiring.yml"])
def test_pages_are_up_to_date(name: str) -> None:
    assert (HARDWARE / name).read_text("utf-8") == draw.texts()[name], (
        f"hardware/{name} is not what firmware/pod/board.py and hardware/electric say. Fix: {FIX}"
    )


@pytest.mark.parametrize(
    ("name", "sheet"),
    [
        ("schematic.svg", pod_sheet),
        ("schematic_myoware.svg", myoware_sheet),
        ("test_box.svg", box_sheet),
    ],
)
def test_schematics_are_up_to_date(name: str, sheet) -> None:
    fresh = sheet()  # raises when its lines are not the circuit's
    path = HARDWARE / name
    assert shown_netlist(path) == netlist_text(fresh.circuit), (
        f"hardware/{name} shows another circuit. Fix: {FIX}"
    )
    assert shown_words(path.read_text("utf-8")) == shown_words(fresh.svg()), f"Fix: {FIX}"


def test_wiring_is_drawn_from_the_harness() -> None:
    circuit = pod()
    assert drawn_from(HARDWARE / "wiring.svg") == wiring_yaml(circuit), f"Fix: {FIX}"
    cables = {(wire.start, wire.end) for wire in circuit.wires if wire.cable}
    assert drawn_wires(HARDWARE / "wiring.svg") == cables


def test_wireviz_reads_the_harness() -> None:
    from wireviz import wireviz

    circuit = pod()
    harness = wireviz.parse(wiring_yaml(circuit), return_types="harness")
    assert set(harness.connectors) == {part.ref for part in circuit.parts}
    wires = {
        (f"{c.from_name}.{c.from_pin}", f"{c.to_name}.{c.to_pin}")
        for cable in harness.cables.values()
        for c in cable.connections
    }
    assert wires == {(wire.start, wire.end) for wire in circuit.wires if wire.cable}


def test_a_moved_pin_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pins = read_pins()
    board = board_file(tmp_path, pins | {"EMG_CS": free_pin(pins)})
    assert draw.main(["--check", "--board", str(board)]) == 1
    said = capsys.readouterr().out
    for name in ("README.md", "wiring.yml", "wiring.svg", "schematic.svg", "schematics.pdf"):
        assert f"hardware/{name} is not what its sources say" in said
    assert "Fix: python hardware/draw.py" in said
    assert "test_box" not in said


def test_all_is_made_into_another_folder(tmp_path: Path, monkeypatch) -> None:
    """Without Graphviz the harness stays as it is; the rest does not need it."""
    monkeypatch.setattr(draw, "draw_wiring", lambda yaml: f"<svg><!-- {len(yaml)} --></svg>")
    names = draw.make_all(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    assert (tmp_path / "schematics.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "schematics.pdf").read_bytes().count(b"/Type /Page ") == 3


def test_pdf_is_of_these_circuits() -> None:
    sheets = [pod_sheet(), myoware_sheet(), box_sheet()]
    assert shows(HARDWARE / "schematics.pdf", sheets), f"hardware/schematics.pdf. Fix: {FIX}"
    assert not shows(HARDWARE / "schematics.pdf", sheets[:2])


def test_without_graphviz_it_says_what_to_install(
    tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert draw.main(["--into", str(tmp_path / "made")]) == 1
    assert "sudo apt install graphviz" in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


def test_impossible_pins_are_told_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    board = board_file(tmp_path, REFERENCE | {"EMG_SCLK": 5})
    assert draw.main(["--check", "--board", str(board)]) == 1
    assert "EMG_SCLK is GPIO 5, must be one of" in capsys.readouterr().err
    assert draw.main(["--check", "--board", str(tmp_path / "none.py")]) == 1
    assert "none.py" in capsys.readouterr().err


def test_help_has_examples() -> None:
    done = subprocess.run(
        [sys.executable, str(HARDWARE / "draw.py"), "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "python hardware/draw.py --check" in done.stdout


def test_a_wrong_line_is_found() -> None:
    """A sheet is refused when a wire is missing, too much, or a part is not drawn."""
    sheet = Sheet(pod())
    with pytest.raises(CircuitError, match=r"missing: BT1.\+ = U1.BAT\+") as refused:
        sheet.finish()
    assert "not drawn: R1.1" in str(refused.value)
    sheet = pod_sheet()
    sheet.wire((-0.5, -6.0), (-0.5, -7.0))  # shorts the battery
    with pytest.raises(CircuitError, match=r"too much: BT1.\+ = BT1.- = U1.BAT\+ = U1.BAT-"):
        sheet.finish()


def test_lines_that_only_cross_are_not_joined() -> None:
    sheet = Sheet(pod())
    sheet.pad("A.1", (0, 1), "")
    sheet.pad("B.1", (2, 1), "")
    sheet.pad("C.1", (1, 0), "")
    sheet.pad("D.1", (1, 2), "")
    sheet.wire((0, 1), (2, 1))
    sheet.wire((1, 0), (1, 2))
    assert sheet.nets() == {frozenset({"A.1", "B.1"}), frozenset({"C.1", "D.1"})}
    sheet.wire((1, 1), (1, 0))  # ends on the other: joined
    assert sheet.nets() == {frozenset({"A.1", "B.1", "C.1", "D.1"})}
    sheet.two_pins("R1", elements.Resistor, (0, 1), (0, 5))
    assert sheet.nets() == {frozenset({"A.1", "B.1", "C.1", "D.1", "R1.1"})}


def test_pages_without_their_tables_are_refused() -> None:
    page = "<!-- made by hardware/draw.py: pins -->\nold\n<!-- end -->\n"
    assert "new" in filled_in(page, {"pins": "new\n"}, "page")
    with pytest.raises(CircuitError, match="no place for the table parts"):
        filled_in(page, {"pins": "", "parts": ""}, "page")
    with pytest.raises(CircuitError, match="asks for a table 'pins', which is not made"):
        filled_in(page, {}, "page")
