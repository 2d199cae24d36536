"""The circuits can be built: pins exist, parts are bought, currents are safe."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from electric.board_pins import SETTINGS, read_pins
from electric.box import box
from electric.circuit import CircuitError, Wire, bill_of_materials, disagreements, joined
from electric.meter import cold_checks, electrode_fault_a, sense_volts
from electric.pod import myoware_pod, pod
from other_board import REFERENCE, board_file, free_pin


def test_a_pin_that_moves_moves_in_the_circuit(tmp_path: Path) -> None:
    new = free_pin(REFERENCE)
    pins = read_pins(board_file(tmp_path, REFERENCE | {"EMG_CS": new}))
    assert "U2.CS" in pod(pins).net_of(f"U1.GPIO{new}")
    assert f"U1.GPIO{REFERENCE['EMG_CS']}" in pod(REFERENCE).net_of("U2.CS")


def test_the_board_of_the_project_can_be_wired() -> None:
    assert set(read_pins()) == set(SETTINGS) == set(REFERENCE)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"EMG_SCLK": 5}, "EMG_SCLK is GPIO 5, must be one of 2, 6, 18, 22: only those"),
        ({"I2C_SDA": 5}, "I2C_SDA is GPIO 5, must be one of 6: the Qwiic connector has it there"),
        ({"EMG_CS": 8}, "EMG_CS is GPIO 8, which the board uses for PSRAM"),
        ({"EMG_CS": 29}, "EMG_CS is GPIO 29, which the board uses for radio"),
        ({"EMG_CS": 40}, "EMG_CS is GPIO 40, which the board uses for nothing"),
        ({"EMG_CS": 0}, "EMG_CS and EMG_DRDY are both GPIO 0"),
        ({"MYOWARE_PIN": 28}, "MYOWARE_PIN and USB_SENSE are both 28"),
    ],
)
def test_pins_that_cannot_be_are_refused(
    tmp_path: Path, numbers: dict[str, int], message: str
) -> None:
    with pytest.raises(CircuitError, match=message):
        read_pins(board_file(tmp_path, REFERENCE | numbers))


def test_a_board_without_a_pin_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "board.py"
    path.write_text('EMG_DRDY = 0\nEMG_CS = "one"\n', "utf-8")
    with pytest.raises(CircuitError, match="no pin number found for EMG_CS, EMG_SCLK"):
        read_pins(path)


def test_wires_to_nowhere_and_double_names_are_refused() -> None:
    circuit = pod()
    lost = replace(circuit, wires=(*circuit.wires, Wire("U1.GND", "U9.GND")))
    with pytest.raises(CircuitError, match=r"a wire goes to U9.GND, which does not exist"):
        _ = lost.nets
    with pytest.raises(CircuitError, match="the same name"):
        _ = replace(circuit, parts=(*circuit.parts, circuit.parts[0])).nets
    with pytest.raises(CircuitError, match="there is no part 'U9'"):
        circuit.part("U9")


def test_nets_are_what_is_connected() -> None:
    assert joined([("a", "b"), ("c", "d"), ("b", "c"), ("e", "f")]) == {
        frozenset("abcd"),
        frozenset("ef"),
    }
    assert disagreements(joined([("a", "b")]), joined([("a", "c")])) == [
        "missing: a = b",
        "too much: a = c",
    ]


@pytest.mark.parametrize("circuit", [pod(), myoware_pod()], ids=lambda c: c.name)
def test_power_reaches_its_pins_and_nothing_else(circuit) -> None:
    ground, supply = circuit.net_of("U1.GND"), circuit.net_of("U1.3V3")
    front_end = {"U2.GND", "U2.VCC"} if circuit.name == "pod" else {"U4.GND", "U4.VIN"}
    assert front_end <= ground | supply
    assert not ground & supply
    for pin in ("U1.V_USB", "U1.BAT+", "U1.QWIIC_3V3", "BT1.+"):
        assert pin not in ground | supply
    assert circuit.net_of("BT1.+") == {"BT1.+", "U1.BAT+"}


def test_every_electrode_has_its_resistor() -> None:
    circuit = pod()
    for electrode in ("E1", "E2", "E3"):
        (other,) = circuit.net_of(f"{electrode}.SNAP") - {f"{electrode}.SNAP"}
        assert circuit.part(other.split(".")[0]).value == "100 kΩ"
    # docs/safety.md and hardware/README.md: at most 42 µA; 43 with the tolerance of the part.
    assert electrode_fault_a(circuit) < 43e-6


def test_usb_is_sensed_whatever_it_is_and_harms_no_pin() -> None:
    low, high = sense_volts(pod())
    assert low > 0.65 * 3.3  # reads as high
    assert high < 3.3  # an ADC pin must not be above its supply
    lower = next(p.value for p in pod().parts if p.ref == "R5")
    assert lower == "8.2 kΩ"  # erratum E9: no more


def test_what_is_drawn_is_bought() -> None:
    """parts.csv has every part, as many as two pods and one box have."""
    bill = bill_of_materials()
    for circuit, times, group in (
        (pod(), 2, "pod"),
        (myoware_pod(), 2, ""),
        (box(), 1, "test box"),
    ):
        needed: dict[str, int] = {}
        for part in circuit.parts:
            needed[part.item] = needed.get(part.item, 0) + times
        for item, number in needed.items():
            assert int(bill[item]["quantity_for_two_pods"]) == number, item
            if group == "test box":
                assert bill[item]["group"] == group
    for circuit in (pod(), myoware_pod(), box()):
        for part in circuit.parts:
            if part.ref[0] in "RC":
                assert part.value in bill[part.item]["part"], part.ref


def test_bill_says_of_every_number_whether_it_was_confirmed() -> None:
    for item, row in bill_of_materials().items():
        if row["maker"] == "any":
            assert row["maker_number"] == "any", item
            assert row["number_confirmed"] == "", item
        else:
            assert row["number_confirmed"] in ("yes", "no"), item
            assert bool(row["maker_number"]) == (row["number_confirmed"] == "yes"), item
        assert float(row["price_each_approx_usd"]) > 0
        assert int(row["quantity_for_two_pods"]) > 0
        assert row["for"]


def test_cold_checks_follow_the_values() -> None:
    between = {check.between: check.expect for check in cold_checks(pod(REFERENCE))}
    # 5.6 k and 8.2 k: in parallel if the board shorts V_USB, 8.2 k alone if it lets it float.
    assert between["GPIO28 and GND"] == "3.29 kΩ to 8.28 kΩ"
    assert between["V_USB and GND"].endswith("at most 13.94 kΩ")
