"""Schematics of the pod in both variants."""

from __future__ import annotations

from schemdraw import elements

from electric.board_pins import read_pins
from electric.pod import myoware_pod, pod
from electric.sheet import Sheet

_FRONT_END = (
    ("DRDY", "EMG_DRDY"),
    ("CS", "EMG_CS"),
    ("SCK", "EMG_SCLK"),
    ("MOSI", "EMG_MOSI"),
    ("MISO", "EMG_MISO"),
    ("START", "EMG_START"),
    ("RST", "EMG_RESET"),
)
_BOARD_WIDTH = 7.0
_RIGHT = _BOARD_WIDTH + 0.5  # where the board's right pins end
_EMG_LEFT = 15.0
_EMG_WIDTH = 5.0


def pod_sheet(pins: dict[str, int] | None = None) -> Sheet:
    """Draw the pod with the ADS1292R; ``pins`` by default those of board.py."""
    pins = read_pins() if pins is None else pins
    sheet = Sheet(pod(pins))
    right = [(f"GPIO{pins[name]}", f"GPIO {pins[name]}") for _, name in _FRONT_END]
    _board(sheet, pins, [*right, ("3V3", "3V3"), ("GND", "GND")])
    sheet.box(
        "U2",
        (_EMG_LEFT + 0.5, 0),
        _EMG_WIDTH,
        [*((label, label) for label, _ in _FRONT_END), ("VCC", "VCC"), ("GND", "GND"),
         ("CLK", "CLK: open")],
        [None, None, ("RING", "IN2P, ring"), None, ("TIP", "IN2N, tip"), None,
         ("SLEEVE", "RLD, sleeve")],
    )  # fmt: skip
    for row, (_, name) in enumerate(_FRONT_END, 1):
        sheet.wire((_RIGHT, -row), (_EMG_LEFT, -row))
        sheet.note(name, (_RIGHT + 0.2, 0.25 - row))
    supply, ground = -8.0, -9.0
    sheet.wire((_RIGHT, supply), (_EMG_LEFT, supply))
    sheet.wire((_RIGHT, ground), (_EMG_LEFT, ground))
    sheet.wire((_RIGHT + 0.8, ground), (_RIGHT + 0.8, ground - 2.6))
    sheet.ground((_RIGHT + 0.8, ground - 2.6))
    for ref, x in (("C1", 10.3), ("C2", 12.8)):
        sheet.wire((x, supply), (x, ground - 0.6))
        sheet.two_pins(ref, elements.Capacitor, (x, ground - 0.6), (x, ground - 2.6), "bot")
        sheet.ground((x, ground - 2.6))
    sheet.note("C1, C2 at the breakout's VCC and GND", (10.3, ground - 3.7))
    x = _EMG_LEFT + _EMG_WIDTH + 1
    for number, (row, words) in enumerate(
        ((3, "E1  electrode +"), (5, "E2  electrode −"), (7, "E3  reference")), 1
    ):
        sheet.wire((x, -row), (x + 0.7, -row))
        sheet.two_pins(f"R{number}", elements.Resistor, (x + 3, -row), (x + 0.7, -row))
        sheet.wire((x + 3, -row), (x + 4, -row))
        sheet.pad(f"E{number}.SNAP", (x + 4, -row), words)
    sheet.note("electrode lead with a 3.5 mm plug,", (x + 0.2, -1.2))
    sheet.note("a resistor in each of its wires, under heat shrink", (x + 0.2, -1.65))
    sheet.finish()
    return sheet


def myoware_sheet(pins: dict[str, int] | None = None) -> Sheet:
    """Draw the pod with a MyoWare 2.0; ``pins`` by default those of board.py."""
    pins = read_pins() if pins is None else pins
    sheet = Sheet(myoware_pod(pins))
    name = f"GPIO{pins['MYOWARE_PIN']}"
    _board(
        sheet, pins, [(name, f"GPIO {pins['MYOWARE_PIN']}"), None, ("3V3", "3V3"), ("GND", "GND")]
    )
    sheet.box(
        "U4", (_EMG_LEFT + 0.5, 0), _EMG_WIDTH,
        [("RAW", "RAW"), None, ("VIN", "VIN"), ("GND", "GND")], [],
    )  # fmt: skip
    sheet.note("MYOWARE_PIN", (_RIGHT + 0.2, -0.75))
    sheet.wire((_RIGHT, -1), (10, -1))
    sheet.two_pins("R6", elements.Resistor, (12.5, -1), (10, -1))
    sheet.wire((12.5, -1), (_EMG_LEFT, -1))
    sheet.wire((_RIGHT, -3), (_EMG_LEFT, -3))
    sheet.wire((_RIGHT, -4), (_EMG_LEFT, -4))
    sheet.wire((_RIGHT + 0.8, -4), (_RIGHT + 0.8, -5))
    sheet.ground((_RIGHT + 0.8, -5))
    sheet.note("Its electrodes snap onto it:", (_EMG_LEFT + 0.5, -5.6))
    sheet.note("no resistors are in series with them.", (_EMG_LEFT + 0.5, -6.05))
    sheet.note('board.py: EMG_FRONT_END = "myoware"', (_EMG_LEFT + 0.5, -6.5))
    sheet.finish()
    return sheet


def _board(sheet: Sheet, pins: dict[str, int], right: list[tuple[str, str] | None]) -> None:
    """Draw the board and what both variants have at its left side."""
    sense = f"GPIO{pins['USB_SENSE']}"
    sheet.box(
        "U1",
        (0, 0),
        _BOARD_WIDTH,
        [
            ("V_USB", "V_USB"),
            None,
            (sense, f"GPIO {pins['USB_SENSE']}"),
            None,
            None,
            ("BAT+", "battery +"),
            ("BAT-", "battery −"),
            None,
            None,
            ("QWIIC_GND", "Qwiic GND"),
            ("QWIIC_3V3", "Qwiic 3V3"),
            ("QWIIC_SDA", f"Qwiic SDA (GPIO {pins['I2C_SDA']})"),
            ("QWIIC_SCL", f"Qwiic SCL (GPIO {pins['I2C_SCL']})"),
        ],
        right,
    )
    x, divider = -0.5, -3.0
    sheet.note("USB_SENSE", (x - 0.2, -2.75), "right")
    sheet.wire((x, -1), (divider, -1))
    sheet.two_pins("R4", elements.Resistor, (divider, -1), (divider, -3), "bot")
    sheet.wire((x, -3), (divider, -3))
    sheet.two_pins("R5", elements.Resistor, (divider, -3), (divider, -5), "bot")
    sheet.ground((divider, -5))
    sheet.box(
        "BT1", (-9, -5), 3,
        [], [("+", "+ red"), ("-", "− black")],
    )  # fmt: skip
    for row in (6, 7):
        sheet.wire((x, -row), (-5.5, -row))
    sheet.box(
        "U3", (-9, -9), 3,
        [], [("GND", "GND"), ("3V3", "3V3"), ("SDA", "SDA"), ("SCL", "SCL")],
    )  # fmt: skip
    for row in (10, 11, 12, 13):
        sheet.wire((x, -row), (-5.5, -row))
    sheet.note("Qwiic cable", (-5.3, -9.75))
