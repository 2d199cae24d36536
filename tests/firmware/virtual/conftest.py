"""Run scripts on the real MicroPython VM against the stand-ins and a fake world."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
VIRTUAL = HERE.parents[2] / "firmware" / "virtual"

RunBoard = Callable[..., Any]


@pytest.fixture
def run_board(run_micropython: Callable[..., str]) -> RunBoard:
    """Run source on a virtual board; returns the value that it gives to ``tell``.

    ``world`` is the fake one; settings are put into its configuration before anything else runs.
    """

    def run(source: str, **config: object) -> Any:
        script = (
            f"import world\nworld.config.update({config!r})\n"
            "import json\ndef tell(value): print('@' + json.dumps(value))\n"
            f"from bench import *\n{source}\n"
        )
        out = run_micropython(script, HERE / "fake_world", VIRTUAL)
        told = [line[1:] for line in out.splitlines() if line.startswith("@")]
        assert len(told) == 1, out
        return json.loads(told[0])

    return run
