"""Write docs/csv.md from the tables of ``glutesym.session.columns``; a test compares the two.

.venv/bin/python docs/make_csv.py
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from glutesym.measures import GRADES
from glutesym.session.columns import CONTENTS, LIBRARY, TABLES, TREND, UNITS, Column

FILE = Path(__file__).with_name("csv.md")


def csv_text() -> str:
    """Return the page."""
    files = [(f"[`{table}.csv`](#{table}csv)", content) for table, content in CONTENTS.items()]
    parts = [
        """# The CSVs of a session

Made from `host/glutesym/session/columns.py` by `docs/make_csv.py`; do not edit.

`glutesym live`, `record`, `demo` and `export` write a folder beside the session file, with the same name:

""",
        _table(("File", "What is in it"), [
            ("`README.txt`", "this page in short, and what this set says"),
            *files,
            ("`about.json`", "for programs: every column, pods, software versions, method"),
        ]),
        """
`glutesym export` writes them again, of one session, of several, or of every session in a folder. All files of a session appear at once, when they are
complete; the same session gives the same bytes, and other files in the folder stay. If one is open in a spreadsheet that locks it, nothing is
changed, and the error names it. The same tables come as Parquet and MAT, too, and the samples as a BIDS dataset: [formats](formats.md).

## Conventions

- **Signs.** Asymmetry is positive when the *right* side is larger; lag is positive when the *left* side starts later.
- **Time** is seconds of session time, the same for both pods; 0 is the start of the session.
- **Empty** is a lost sample or a number that the data do not support. The last column of the tables below says when, or names the column that has the reason.
- **Order.** Columns keep the order below: what was measured first, then what says how far it can be trusted. A change of order is in the changelog.
- **Format.** Comma between cells, point before decimals, no exponents, rounded as the unit says; flags are 1 and 0; the first row has the headings.
- **Text** is UTF-8 with a byte order mark. Without it Excel garbles µ, − and ö; pandas, polars, R's readr and LibreOffice pass over it. Python's `csv` wants
  `encoding="utf-8-sig"`. A text that begins with `=`, `+`, `-` or `@`, a marker perhaps, has `'` before it: a spreadsheet would take it for a formula
  and compute it. So has one that begins with such a `'` itself: taking the first `'` away before these signs gives every text back.
  `about.json` has it as it was written. Where decimals are written with a comma, import a file into a spreadsheet as text instead of opening it.
- **Size.** A spreadsheet shows 1,048,576 rows: `emg.csv` of both pods is longer after 4.4 minutes. `README.txt` says so then.

Units are the end of each heading:

""",
        _table(("Heading ends in", "Unit", "Decimals"), [
            (f"`_{short}`", words, decimals) for short, (words, decimals) in UNITS.items() if short
        ]),
        "\nGrades of quality:\n\n",
        _table(("Grade", "Meaning"), GRADES.items()),
    ]  # fmt: skip
    for table, columns in TABLES.items():
        parts.append(f"\n## {table}.csv\n\nOne row {_ROW[table]}.\n\n" + _columns(columns))
    parts.append(
        "\n## The table of `glutesym trend FOLDER --csv TABLE`\n\nOne row a session, in order of time.\n\n"
        + _columns(TREND)
    )
    parts.append(
        "\n## The table of `glutesym library FOLDER --csv TABLE`\n\nOne row a session file, in order of time.\n\n"
        + _columns(LIBRARY)
    )
    return "".join(parts)


_ROW = {
    "reps": "a repetition",
    "summary": "in all: the tables of several sessions can be put below each other",
    "events": "an event",
    "gaps": "a gap",
    "emg": "a sample, about 2000 a second and pod",
    "imu": "a sample, about 208 a second and pod",
}


def _columns(columns: Sequence[Column]) -> str:
    headings = {column.heading for column in columns}
    rows: list[tuple[str, ...]] = []
    for column in columns:
        empty = column.empty or "never"
        rows.append(
            (
                f"`{column.heading}`",
                column.meaning.replace("|", "\\|"),
                f"see `{empty}`" if empty in headings else empty,
            )
        )
    return _table(("Column", "Meaning", "Empty when"), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


if __name__ == "__main__":
    FILE.write_text(csv_text(), encoding="utf-8")
    print(f"wrote {FILE.name}")
