"""docs/troubleshooting.md quotes what the program says, and names commands that there are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from glutesym.cli import app

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
OF_THE_SYSTEM = {"Abort trap: 6"}
QUOTED = sorted(set(re.findall(r'"([^"`]+)"', re.sub(r"`[^`]*`", "", PAGE))) - OF_THE_SYSTEM)
COMMANDS = sorted(set(re.findall(r"`(?:\.venv/bin/)?glutesym ([^`]+)`", PAGE)))
HOLE = "\0"


def said() -> Iterator[str]:
    """Yield every text in the sources; what an f-string puts in is a hole."""
    for folder in ("host/glutesym", "firmware/pod"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
                elif isinstance(node, ast.JoinedStr):
                    yield "".join(
                        str(part.value) if isinstance(part, ast.Constant) else HOLE
                        for part in node.values
                    )


TEXTS = list(said())


def test_there_is_something_to_check():
    assert len(QUOTED) > 40
    assert len(COMMANDS) > 12


@pytest.mark.parametrize("quoted", QUOTED)
def test_a_quoted_message_is_one_that_the_program_has(quoted):
    parts = [re.escape(part.strip()) for part in quoted.split("…")]
    pattern = re.compile(".*".join(parts), re.DOTALL)
    assert any(pattern.search(text) for text in TEXTS)


def test_a_message_that_nobody_says_would_be_noticed():
    assert not any("The flux capacitor is empty" in text for text in TEXTS)


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_exists_with_its_options(line):
    name, *words = line.split()
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert name in commands
    known = {option for param in commands[name].params for option in param.opts}
    assert {word for word in words if word.startswith("--")} <= known
