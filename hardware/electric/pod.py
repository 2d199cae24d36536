"""The pod's circuit, in two variants. Pin numbers come from firmware/pod/board.py."""

from __future__ import annotations

from electric.board_pins import read_pins
from electric.circuit import Circuit, Part, Wire

SERIES_OHM = 100e3
DIVIDER_OHM = (5.6e3, 8.2e3)

# How a wire of the front end is named by the breakout, by board.py, and its colour.
_EMG_WIRES = (
    ("DRDY", "EMG_DRDY", "GN"),
    ("CS", "EMG_CS", "OG"),
    ("SCK", "EMG_SCLK", "YE"),
    ("MOSI", "EMG_MOSI", "VT"),
    ("MISO", "EMG_MISO", "BU"),
    ("START", "EMG_START", "GY"),
    ("RST", "EMG_RESET", "WH"),
)


def pod(pins: dict[str, int] | None = None) -> Circuit:
    """Return a pod with the ADS1292R; ``pins`` by default those of board.py."""
    pins = read_pins() if pins is None else pins
    emg = tuple(
        Wire(f"U1.GPIO{pins[setting]}", f"U2.{label}", "W1", colour, setting[4:], setting)
        for label, setting, colour in _EMG_WIRES
    )
    leads = tuple(
        wire
        for n, (electrode, contact, colour) in enumerate(
            (("P", "RING", "RD"), ("N", "TIP", "WH"), ("REF", "SLEEVE", "BK")), 1
        )
        for wire in (
            Wire(f"E{n}.SNAP", f"R{n}.1", "W4", colour, f"ELECTRODE_{electrode}"),
            Wire(f"R{n}.2", f"U2.{contact}", "W5", colour, ("IN2P", "IN2N", "RLD")[n - 1]),
        )
    )
    return Circuit(
        "pod",
        (
            _board(pins, [setting for _, setting, _ in _EMG_WIRES]),
            Part(
                "U2",
                "emg-breakout",
                "ADS1292R breakout",
                ("CS", "MOSI", "SCK", "MISO", "DRDY", "START", "RST", "CLK", "VCC", "GND",
                 "RING", "TIP", "SLEEVE"),
            ),
            Part("E1", "electrode", "electrode +", ("SNAP",)),
            Part("E2", "electrode", "electrode −", ("SNAP",)),
            Part("E3", "electrode", "reference", ("SNAP",)),
            Part("R1", "resistor-100k", "100 kΩ", ("1", "2")),
            Part("R2", "resistor-100k", "100 kΩ", ("1", "2")),
            Part("R3", "resistor-100k", "100 kΩ", ("1", "2")),
            Part("C1", "capacitor-10u", "10 µF", ("1", "2")),
            Part("C2", "capacitor-100n", "100 nF", ("1", "2")),
            *_shared_parts(),
        ),
        (
            *emg,
            Wire("U1.3V3", "U2.VCC", "W1", "RD", "3V3"),
            Wire("U1.GND", "U2.GND", "W1", "BK", "GND"),
            Wire("U2.VCC", "C1.1"),
            Wire("U2.GND", "C1.2"),
            Wire("U2.VCC", "C2.1"),
            Wire("U2.GND", "C2.2"),
            *leads,
            *_shared_wires(pins),
        ),
    )  # fmt: skip


def myoware_pod(pins: dict[str, int] | None = None) -> Circuit:
    """Return a pod with a MyoWare 2.0; ``pins`` by default those of board.py."""
    pins = read_pins() if pins is None else pins
    return Circuit(
        "pod with MyoWare",
        (
            _board(pins, ["MYOWARE_PIN"]),
            Part("U4", "myoware", "MyoWare 2.0", ("VIN", "GND", "RAW")),
            Part("R6", "resistor-1k", "1 kΩ", ("1", "2")),
            *_shared_parts(),
        ),
        (
            Wire("U1.3V3", "U4.VIN", "W1", "RD", "3V3"),
            Wire("U1.GND", "U4.GND", "W1", "BK", "GND"),
            Wire("U4.RAW", "R6.1", "W1", "GN", "RAW"),
            Wire("R6.2", f"U1.GPIO{pins['MYOWARE_PIN']}", name="MYOWARE", setting="MYOWARE_PIN"),
            *_shared_wires(pins),
        ),
    )


def _board(pins: dict[str, int], settings: list[str]) -> Part:
    numbers = sorted({pins[name] for name in [*settings, "USB_SENSE"]})
    return Part(
        "U1",
        "board",
        "SparkFun Thing Plus RP2350",
        (
            *(f"GPIO{number}" for number in numbers),
            "3V3",
            "GND",
            "V_USB",
            "BAT+",
            "BAT-",
            "QWIIC_GND",
            "QWIIC_3V3",
            "QWIIC_SDA",
            "QWIIC_SCL",
        ),
    )


def _shared_parts() -> tuple[Part, ...]:
    return (
        Part("U3", "imu-breakout", "LSM6DSOX breakout", ("GND", "3V3", "SDA", "SCL")),
        Part("BT1", "cell", "LiPo 3.7 V, protected", ("+", "-")),
        Part("R4", "resistor-5k6", "5.6 kΩ", ("1", "2")),
        Part("R5", "resistor-8k2", "8.2 kΩ", ("1", "2")),
    )


def _shared_wires(pins: dict[str, int]) -> tuple[Wire, ...]:
    return (
        # Colours of Qwiic cables. Ref: SparkFun, "Qwiic Connect System".
        Wire("U1.QWIIC_GND", "U3.GND", "W2", "BK"),
        Wire("U1.QWIIC_3V3", "U3.3V3", "W2", "RD"),
        Wire("U1.QWIIC_SDA", "U3.SDA", "W2", "BU", "SDA", "I2C_SDA"),
        Wire("U1.QWIIC_SCL", "U3.SCL", "W2", "YE", "SCL", "I2C_SCL"),
        Wire("BT1.+", "U1.BAT+", "W3", "RD", "BAT+"),
        Wire("BT1.-", "U1.BAT-", "W3", "BK", "BAT−"),
        Wire("U1.V_USB", "R4.1", "W6", "RD", "V_USB"),
        Wire(f"U1.GPIO{pins['USB_SENSE']}", "R4.2", "W6", "YE", "USB_SENSE", "USB_SENSE"),
        Wire("R4.2", "R5.1"),
        Wire("U1.GND", "R5.2", "W6", "BK", "GND"),
    )
