"""A board.py with other pins."""

from __future__ import annotations

from pathlib import Path

from electric.board_pins import BOARD


def board_with(folder: Path, **numbers: int) -> Path:
    """Write a board.py that differs from the project's in some pins."""
    text = BOARD.read_text("utf-8")
    for name, number in numbers.items():
        start = text.index(f"{name} = const(")
        text = text[:start] + f"{name} = const({number})" + text[text.index(")", start) + 1 :]
    path = folder / "board.py"
    path.write_text(text, "utf-8")
    return path
