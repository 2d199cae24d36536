"""Print how each command of the documentation was run: `pytest -v tests/docs`."""

from __future__ import annotations

from collections import Counter

import pytest
from rich.console import Console
from rich.table import Table


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table, or how many there were of each kind."""
    rows = [
        value
        for report in terminalreporter.stats.get("passed", [])
        for name, value in report.user_properties
        if name == "documented"
    ]
    if not rows:
        return
    kinds = Counter(kind for _, _, kind, _ in rows)
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    if terminalreporter.config.option.verbose < 0:
        terminalreporter.write_line(f"Commands in docs: {counts} (a table: pytest -v tests/docs)")
        return
    table = Table(title=f"Commands in the documentation: {counts}")
    for heading in ("Where", "Command", "How", "With what, or why not"):
        table.add_column(heading, overflow="fold")
    for row in sorted(rows, key=lambda row: (row[2], row[1])):
        table.add_row(*row)
    Console(markup=False, width=160).print(table)
