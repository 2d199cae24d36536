"""docs/csv.md says what columns.py says."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from glutesym.session.columns import CONTENTS, LIBRARY, TABLES, TREND, UNITS

EVERY = TABLES | {"trend": TREND, "library": LIBRARY}
DOCS = Path(__file__).resolve().parents[1] / "docs"


def test_the_page_is_what_the_tables_make():
    made = runpy.run_path(str(DOCS / "make_csv.py"))["csv_text"]()
    assert (DOCS / "csv.md").read_text("utf-8") == made, (
        "docs/csv.md is not up to date. Fix: .venv/bin/python docs/make_csv.py"
    )


@pytest.mark.parametrize(
    "columns", [*TABLES.values(), TREND, LIBRARY], ids=[*TABLES, "trend", "library"]
)
def test_headings_are_plain_unique_and_end_in_their_unit(columns):
    headings = [column.heading for column in columns]
    assert len(set(headings)) == len(headings)
    for column in columns:
        assert column.heading.replace("_", "").isalnum()
        assert column.heading.isascii()
        assert column.heading == column.heading.lower()
        assert column.unit in UNITS
        assert column.meaning


@pytest.mark.parametrize(
    "columns", [*TABLES.values(), TREND, LIBRARY], ids=[*TABLES, "trend", "library"]
)
def test_a_reason_is_in_a_column_that_is_there(columns):
    headings = {column.heading for column in columns}
    for column in columns:
        for word in column.empty.replace(":", " ").replace(",", " ").split():
            if word.endswith("reason"):
                assert word in headings, column


def test_every_table_says_what_it_is():
    assert list(CONTENTS) == list(TABLES)
