"""The page that lies in the folder of an export, for whoever opens it without a manual."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from glutesym import __version__
from glutesym.measures import GRADES, SetMeasures
from glutesym.recording import Recording
from glutesym.scale import MICROVOLTS
from glutesym.session.answer import answer_sentences, quality_sentences
from glutesym.session.columns import CONTENTS, TABLES, UNITS
from glutesym.session.normalised import Normalised
from glutesym.wording import count_text, time_text

_SHEET_ROWS = 1_048_576  # that a spreadsheet shows, headings included (Excel, LibreOffice)
_WIDTH = 96


def readme_text(
    stem: str,
    rows: Mapping[str, int],
    recording: Recording,
    measures: SetMeasures,
    meta: Mapping[str, object],
    normalised: Normalised | None,
) -> str:
    """Return the page.

    Parameters
    ----------
    stem : str
        The name of the session.
    rows : mapping
        Rows of each table.
    recording : Recording
    measures : SetMeasures
    meta : mapping
        What the caller knows: of it ``subject``, ``started_utc``, ``virtual_pods`` and
        ``ended_cleanly`` are told.
    normalised : Normalised, optional
        The set against a calibration.
    """
    said = answer_sentences(measures, normalised.unit if normalised else MICROVOLTS)
    said += normalised.sentences(measures.summary.verdict) if normalised else []
    said += quality_sentences(measures.reps)
    sections = [
        (stem, [_set_text(recording, measures, meta)]),
        ("What it says", [f"{sentence}." for sentence in said]),
        ("Files", _files(rows)),
        ("To open them", _opening(rows)),
        ("Signs", _SIGNS),
        ("Units", _units()),
        ("Quality of a repetition", [f"{grade}: {what}" for grade, what in GRADES.items()]),
        ("To be careful with", _CAUTIONS),
    ]
    return "\n".join(_section(heading, lines) for heading, lines in sections)


_SIGNS = [
    "Asymmetry is positive when the RIGHT side is larger, negative when the left side is.",
    "Symmetry index: right less left, in per cent of the mean of both; 0 is even.",
    "Lag is positive when the LEFT side starts later, negative when the right side does.",
    "ci_low and ci_high: the ends of the 95 % confidence interval. Where 0 lies between them, the "
    "sides may as well be even: within noise.",
    "Flags: 1 is yes, 0 is no.",
]
_CAUTIONS = [
    "Microvolts depend on skin, fat and where exactly the electrodes are: compare the sides of "
    "one person, not persons.",
    "It is a training and research aid, not a medical device, and not for diagnosis.",
]


def _set_text(recording: Recording, measures: SetMeasures, meta: Mapping[str, object]) -> str:
    summary = measures.summary
    parts = [
        f"Exercise: {recording.exercise or 'not given'}",
        f"subject: {meta.get('subject') or 'not given'}",
        f"started: {_started_text(meta)}",
        f"length: {time_text(recording.duration_s)}",
        count_text(summary.n_reps, summary.n_excluded),
    ]
    text = f"{', '.join(parts)}. Measured by glutesym {__version__}."
    if meta.get("virtual_pods"):
        text += " The pods were VIRTUAL: no person was measured."
    if meta.get("ended_cleanly") is False:
        text += " The recording was interrupted; what was recorded until then is complete."
    return text


def _started_text(meta: Mapping[str, object]) -> str:
    started = meta.get("started_utc")
    return f"{str(started)[:19].replace('T', ' ')} UTC" if started else "not known"


def _files(rows: Mapping[str, int]) -> list[str]:
    names = {f"{table}.csv": (str(rows[table]), CONTENTS[table]) for table in TABLES}
    names["about.json"] = ("", "for programs: every column, the pods, the method")
    lines = [f"{name:<12}{n:>9}  {content}" for name, (n, content) in names.items()]
    return [f"{'':<12}{'rows':>9}  what is in it", *lines]


def _opening(rows: Mapping[str, int]) -> list[str]:
    lines = [
        "The first row names the columns, and the end of each name is its unit. about.json says "
        "what each column means and when its cells are empty.",
        "Parquet and MAT files beside them, if there are any, hold the same tables.",
        "An empty cell is a lost sample or a number that the data do not support; a reason column "
        "says why.",
        "Spreadsheet: open a file as it is. If all is in one column (where 0.5 is written 0,5), "
        "import it as text instead: comma between cells, point before decimals, Unicode (UTF-8).",
        'Python: pandas.read_csv("reps.csv") or polars.read_csv("reps.csv"); with the csv module '
        'open it with encoding="utf-8-sig".',
    ]
    long = [f"{table}.csv" for table, n in rows.items() if n >= _SHEET_ROWS]
    if long:
        lines.append(
            f"{' and '.join(long)}: longer than the {_SHEET_ROWS} rows that a spreadsheet shows; "
            "read it with a program."
        )
    return lines


def _units() -> list[str]:
    return [f"_{short:<5} {words}" for short, (words, _) in UNITS.items() if short]


def _section(heading: str, lines: list[str]) -> str:
    wrapped = [
        textwrap.fill(line, _WIDTH, subsequent_indent="  ", replace_whitespace=False)
        for line in lines
    ]
    return "\n".join([heading, "-" * len(heading), *wrapped, ""])
