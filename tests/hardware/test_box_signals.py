"""What the test box gives: solved as a network, checked against formulas and other values."""

from __future__ import annotations

import csv
import re

import numpy as np
import pytest

from electric import box_signals
from electric.box import HUM, OPEN_N, OPEN_P, OPEN_REF, POSITIONS, SHORT, SIGNAL, box
from electric.box_meter import resistance_ohm
from electric.box_signals import (
    converter_response,
    electrode_voltage,
    expected,
    fault_current_a,
    lead_off_s,
    noise_uv,
)
from electric.circuit import HARDWARE
from electric.network import Element, parse_value, solve

AT = {position.name: position for position in POSITIONS}


def test_positions_have_the_names_that_the_host_knows() -> None:
    assert list(AT) == ["SHORT", "SIGNAL", "HUM", "OPEN_P", "OPEN_N", "OPEN_REF"]
    labels = {part.value for part in box().parts}
    assert {OPEN_P, OPEN_N, OPEN_REF} <= labels


def test_network_of_two_resistors_and_a_capacitor() -> None:
    ladder = [
        Element("R1", "R", "in", "out", 1e3),
        Element("R2", "R", "out", "0", 3e3),
        Element("C1", "C", "out", "0", 1e-6),
    ]
    at = solve(ladder, ("in", "0", 2.0), 0.0, "0")
    assert at["out"] == pytest.approx(1.5)
    f_hz = 1 / (2 * np.pi * 750 * 1e-6)  # the corner of 1 k and 3 k in parallel
    at = solve(ladder, ("in", "0", 2.0), f_hz, "0")
    assert abs(at["out"]) == pytest.approx(1.5 / np.sqrt(2))
    with pytest.raises(ValueError, match="a node floats: no path to 0"):
        solve([*ladder, Element("R3", "R", "x", "y", 1.0)], ("in", "0", 1.0), 0.0, "0")


@pytest.mark.parametrize(
    ("text", "value"), [("51 kΩ", 51e3), ("51 Ω", 51.0), ("47 nF", 47e-9), ("5.1 kΩ", 5100.0)]
)
def test_values_are_read(text: str, value: float) -> None:
    assert parse_value(text) == pytest.approx(value)
    with pytest.raises(ValueError, match="not a value"):
        parse_value(text + "!")


@pytest.mark.parametrize(("divide_by", "top"), [(1000, 51e3), (100, 5.1e3)])
def test_divider(divide_by: int, top: float) -> None:
    value, spread = electrode_voltage(divide_by)
    assert value == pytest.approx(102 / (2 * top + 102), rel=1e-6)
    assert value * divide_by == pytest.approx(1, rel=0.01)
    assert spread == pytest.approx(0.02 * value, rel=0.02)  # 1 % above, 1 % below


def test_signal_is_what_is_left_behind_source_impedance_and_filter() -> None:
    """Without channel 1's parts only 100 pF load the inputs, and next to nothing is lost."""
    e = expected(AT[SIGNAL])
    unloaded = electrode_voltage(1000)[0] * converter_response(100.0)
    assert e.low < e.nominal < unloaded < e.high
    omega = 2 * np.pi * 100.0
    source = 100e3 + 1 / (1 / 51e3 + 1j * omega * 47e-9)
    load = 5e6 + 1 / (1j * omega * 2.2e-9)
    assert e.nominal == pytest.approx(unloaded * abs(load / (source + load)), rel=2e-3)
    # hardware/README.md: 2 to 3 %
    assert 0.02 < 1 - e.nominal / unloaded < 0.03


def test_converter_has_its_bandwidth() -> None:
    assert converter_response(0.262 * 2000) == pytest.approx(np.sqrt(0.5), rel=0.01)


def test_equal_sides_give_no_difference() -> None:
    assert expected(AT[SHORT]).high < 1e-9
    assert expected(AT[HUM], f_hz=50.0).nominal < 1e-9
    assert 1e-3 < expected(AT[HUM], f_hz=50.0).high < 5e-3  # by tolerances alone


def test_signal_is_within_its_range_for_random_parts() -> None:
    """Monte Carlo over the tolerances; the range is that of all at their worst."""
    rng = np.random.default_rng(7)
    elements = box_signals.box_elements(AT[SIGNAL], 1000) + box_signals._pod_elements(True)
    e = expected(AT[SIGNAL])
    for _ in range(60):
        some = [
            Element(x.name, x.kind, x.a, x.b, x.value * (1 + x.tolerance * rng.uniform(-1, 1)))
            for x in elements
        ]
        at = solve(some, ("TIP", "SLEEVE", 1.0), 100.0, "pod")
        reading = abs(at["INP"] - at["INN"]) * converter_response(100.0)
        assert e.low < reading < e.high


def test_open_inputs_have_no_reading() -> None:
    with pytest.raises(ValueError, match="OPEN_P: an input is open"):
        expected(AT[OPEN_P])


@pytest.mark.parametrize(("name", "stud"), [(OPEN_P, "K1"), (OPEN_N, "K2"), (OPEN_REF, "K3")])
def test_open_switches_open_the_right_electrode(name: str, stud: str) -> None:
    others = [k for k in ("K1", "K2", "K3") if k != stud]
    assert resistance_ohm(AT[name], 1000, stud, others[0]) > 1e9
    assert resistance_ohm(AT[name], 1000, *others) == pytest.approx(102e3)


def test_knob_joins_what_it_says() -> None:
    assert resistance_ohm(AT[SHORT], 1000, "K1", "K3") == pytest.approx(102e3)
    assert resistance_ohm(AT[SIGNAL], 1000, "K1", "K2") == pytest.approx(102e3 + 102)
    assert resistance_ohm(AT[HUM], 1000, "K1", "TIP") == pytest.approx(51e3)
    assert resistance_ohm(AT[HUM], 1000, "K3", "SLEEVE") == pytest.approx(51e3)


def test_even_ten_volts_do_a_pod_no_harm() -> None:
    # SBAS502, absolute maximum ratings: 10 mA into any input.
    assert fault_current_a(10.0) < 0.1e-3


def test_noise_is_that_of_resistors_and_chip() -> None:
    resistors = np.sqrt(4 * 1.38e-23 * 296 * 200e3 * 430) * 1e6
    assert resistors < noise_uv() < 4
    assert resistors == pytest.approx(1.19, abs=0.02)


def test_lead_off_takes_the_time_to_charge_the_breakout() -> None:
    assert lead_off_s() == pytest.approx(2.3e-9 * 1.485 / 6e-9)  # README: about half a second


def test_csv_is_for_programs() -> None:
    from glutesym import wire

    with (HARDWARE / "test_box.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["position"] for row in rows if row["divide_by"] != "100"] == list(AT)
    for row in rows:
        if row["lead_off"]:
            assert hasattr(wire, row["lead_off"])
        if row["reading_per_input_high"]:
            low, nominal, high = (
                float(row[f"reading_per_input{end}"]) for end in ("_low", "", "_high")
            )
            assert low <= nominal < high
    assert {row["position"] for row in rows if row["lead_off"]} == {OPEN_P, OPEN_N}


def test_the_bench_of_the_host_has_the_same_box() -> None:
    bench = pytest.importorskip("glutesym.bench.box")
    assert list(bench.POSITIONS) == list(AT)
    for divide_by in (1000, 100):
        assert bench.divider_ratio(divide_by) == pytest.approx(electrode_voltage(divide_by)[0])
        for f_hz in (50.0, 100.0, 400.0):
            host = electrode_voltage(divide_by)[0] * abs(bench.lead_gain(f_hz, True))
            host *= bench.sinc3(f_hz, 2000.0)
            assert expected(AT[SIGNAL], divide_by, f_hz).nominal == pytest.approx(host, rel=1e-3)
    assert bench.lead_off_s(True) == pytest.approx(lead_off_s())


def test_pages_say_the_numbers() -> None:
    page = (HARDWARE / "test_box.md").read_text("utf-8")
    e = expected(AT[SIGNAL])
    assert f"{e.nominal * 1e6:.0f} µV for 1 V in" in page
    rows = re.findall(r"^\| \*\*(\w+)\*\*", page, re.MULTILINE)
    assert rows == list(AT)
