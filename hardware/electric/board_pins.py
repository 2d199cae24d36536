"""The pins of firmware/pod/board.py, and whether they can be wired on the board it names."""

from __future__ import annotations

import ast
from pathlib import Path

from electric.circuit import HARDWARE, CircuitError

BOARD = HARDWARE.parent / "firmware" / "pod" / "board.py"

# Ref: RP2350 datasheet, "GPIO Functions (Bank 0)": which pins SPI0 and the ADC can have.
_ONLY_ON = {
    "EMG_SCLK": (2, 6, 18, 22),
    "EMG_MOSI": (3, 7, 19, 23),
    "EMG_MISO": (0, 4, 16, 20),
    "MYOWARE_PIN": (26, 27, 28),
    # Ref: SparkFun Thing Plus RP2350 hookup guide, "Qwiic Connector", "LEDs".
    "I2C_SDA": (6,),
    "I2C_SCL": (7,),
    "NEOPIXEL": (14,),
}
_WHY = {
    "EMG_SCLK": "only those can be the clock of SPI0",
    "EMG_MOSI": "only those can be the output of SPI0",
    "EMG_MISO": "only those can be the input of SPI0",
    "MYOWARE_PIN": "only those are inputs of the ADC and have a hole on the board",
    "I2C_SDA": "the Qwiic connector has it there",
    "I2C_SCL": "the Qwiic connector has it there",
    "NEOPIXEL": "the board's light is there",
}
# Ref: the same guide, "Memory", "Peripheral Power Control", "Raspberry Pi RM2 Radio Module".
_TAKEN = {
    8: "PSRAM",
    13: "peripheral power",
    14: "light",
    23: "radio",
    24: "radio",
    25: "radio",
    29: "radio",
}
_ON_BOARD = ("NEOPIXEL",)
SETTINGS = (
    "EMG_DRDY", "EMG_CS", "EMG_SCLK", "EMG_MOSI", "EMG_MISO", "EMG_START", "EMG_RESET",
    "MYOWARE_PIN", "I2C_SDA", "I2C_SCL", "USB_SENSE", "NEOPIXEL",
)  # fmt: skip


def read_pins(path: Path = BOARD) -> dict[str, int]:
    """Return GPIO numbers by their names in board.py.

    Raises
    ------
    CircuitError
        A name is missing or is not a plain number, two signals that are wired together in no
        variant share a pin, or the board cannot have that signal on that pin.
    """
    numbers: dict[str, int] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value
            if isinstance(value, ast.Call) and value.args:  # const(…)
                value = value.args[0]
            if isinstance(value, ast.Constant) and isinstance(value.value, int):
                numbers[node.targets[0].id] = value.value
    missing = [name for name in SETTINGS if name not in numbers]
    if missing:
        raise CircuitError(f"{path.name}: no pin number found for {', '.join(missing)}")
    pins = {name: numbers[name] for name in SETTINGS}
    _check(pins, path.name)
    return pins


def _check(pins: dict[str, int], file: str) -> None:
    owner: dict[int, str] = {}
    for name, pin in pins.items():
        if name in _ONLY_ON and pin not in _ONLY_ON[name]:
            allowed = ", ".join(map(str, _ONLY_ON[name]))
            raise CircuitError(
                f"{file}: {name} is GPIO {pin}, must be one of {allowed}: {_WHY[name]}"
            )
        if name not in _ON_BOARD and (pin in _TAKEN or not 0 <= pin <= 28):
            user = _TAKEN.get(pin, "nothing: there is no such pin")
            raise CircuitError(f"{file}: {name} is GPIO {pin}, which the board uses for {user}")
        # One of the two front ends is fitted, so they may share pins.
        if name != "MYOWARE_PIN":
            if pin in owner:
                raise CircuitError(f"{file}: {name} and {owner[pin]} are both GPIO {pin}")
            owner[pin] = name
    if pins["MYOWARE_PIN"] == pins["USB_SENSE"]:
        raise CircuitError(f"{file}: MYOWARE_PIN and USB_SENSE are both {pins['USB_SENSE']}")
