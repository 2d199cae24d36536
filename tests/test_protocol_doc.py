"""docs/protocol.md says what wire.py says."""

from __future__ import annotations

import runpy
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"


def test_the_page_is_what_the_tables_make():
    made = runpy.run_path(str(DOCS / "make_protocol.py"))["protocol_text"]()
    assert (DOCS / "protocol.md").read_text() == made, (
        "docs/protocol.md is not up to date. Fix: .venv/bin/python docs/make_protocol.py"
    )


def test_every_field_and_code_is_on_the_page():
    from glutesym import wire

    page = (DOCS / "protocol.md").read_text()
    for fields in wire.FIELDS.values():
        for name, *_ in fields:
            assert f"`{name}`" in page
    for name in ("START", "STOP", "IDENTIFY", "ACK", "PROBE", "RESEND", "AUTHORISE", "SETTINGS",
                 "SELF_TEST", "FAULTS", "CLEAR_FAULTS", "PROVISION", "DESCRIBE"):  # fmt: skip
        assert f"| {getattr(wire, name)} | {name} |" in page
