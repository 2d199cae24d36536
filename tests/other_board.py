"""Boards with other pins than the project's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

REFERENCE = {
    "EMG_DRDY": 0,
    "EMG_CS": 1,
    "EMG_SCLK": 2,
    "EMG_MOSI": 3,
    "EMG_MISO": 4,
    "EMG_START": 26,
    "EMG_RESET": 27,
    "MYOWARE_PIN": 26,
    "I2C_SDA": 6,
    "I2C_SCL": 7,
    "USB_SENSE": 28,
    "NEOPIXEL": 14,
}
_HOLES = (*range(8), 16, 17, 18, 19, 20, 21, 22, 26, 27, 28)


def board_file(folder: Path, pins: Mapping[str, int]) -> Path:
    """Write a board.py with these pins."""
    path = folder / "board.py"
    lines = ("from micropython import const", *(f"{k} = const({v})" for k, v in pins.items()))
    path.write_text("\n".join(lines), "utf-8")
    return path


def free_pin(pins: Mapping[str, int]) -> int:
    """Return a GPIO that nothing uses."""
    return next(number for number in _HOLES if number not in pins.values())
