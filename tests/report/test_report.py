"""A report says what was measured, holds all that it shows, and is not fooled by its file."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from glutesym.analysis.rep_intervals import asymmetry_interval_pct, lag_interval_ms
from glutesym.cli import app
from glutesym.edits import Add, Edit, Exclude, Note, Rename, Span, span_of
from glutesym.errors import SessionError
from glutesym.exercises import MVIC
from glutesym.measures import Side
from glutesym.pipeline import Settings, measure_set
from glutesym.recording import Recording
from glutesym.report.content import PURPOSE, VIRTUAL, make_report
from glutesym.report.document import pdf_document
from glutesym.report.figures import draw_figures
from glutesym.report.page import html_page
from glutesym.report.svg import inline_svg
from glutesym.report.write import write_report
from glutesym.session.analyze import WORLD_CLOCK, AnalyzedSession, with_edits
from glutesym.session.store import SessionMeta
from glutesym.virtual.scenarios.catalog import build_scenario
from scenario_recording import record
from virtual_session import Trial

MADE = datetime(2026, 5, 5, 9, 0, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)>{{ 7*7 }}</title><script>alert(1)</script> 漢字 $x_1$"


def analyzed(recording: Recording, **meta: object) -> AnalyzedSession:
    about = SessionMeta(recording.exercise, MADE, 0, "none", {"glutesym": "0.1.0"}, True)
    path = Path("2026-05-05_09-00-00_set.glutesym")
    measures = measure_set(recording)
    about = replace(about, **meta)
    return AnalyzedSession(path, about, (), recording, measures, Settings(), None)


BRIDGE = analyzed(record(build_scenario("bridge", seed=31, reps=10)), subject="S07")
ONE_LEG = analyzed(record(build_scenario("single-leg-bridge", seed=5, reps=8)))
ONE_POD = analyzed(record(build_scenario("bridge", seed=5, reps=6), sides=("left",)))
EMPTY = analyzed(record(build_scenario("rest", seed=1)), host_clock=WORLD_CLOCK, ended=False)
NO_PODS = analyzed(Recording({}, 12.0, ""))
UNKNOWN_CLOCKS = analyzed(record(build_scenario("bridge", seed=5, reps=4), sync_ms=float("nan")))
ALL = {
    "bridge": BRIDGE,
    "one leg": ONE_LEG,
    "one pod": ONE_POD,
    "empty": EMPTY,
    "no pods": NO_PODS,
    "unknown clocks": UNKNOWN_CLOCKS,
}


class _Reader(HTMLParser):
    VOID = ("meta", "img", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name == "id":
                self.ids.append(value)
            if name in ("href", "src", "xlink:href"):
                self.links.append(value)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.text += data


def pages(*sessions: AnalyzedSession) -> tuple[_Reader, bytes, str]:
    report = make_report(sessions, [draw_figures(s) for s in sessions], MADE)
    page = html_page(report)
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert not reader.open
    return reader, pdf_document(report), page


@pytest.mark.parametrize("name", ALL)
def test_every_session_makes_a_whole_page_and_document_without_the_network(name: str) -> None:
    reader, document, page = pages(ALL[name])
    assert document.startswith(b"%PDF-")
    assert len(reader.ids) == len(set(reader.ids))
    assert all(link.startswith("#") and link[1:] in reader.ids for link in reader.links)
    assert "script" not in reader.tags
    assert not re.search(r"@import|url\((?!#)", page)
    assert "default-src 'none'" in page
    assert PURPOSE in reader.text
    assert "nan" not in re.findall(r"[a-z]+", reader.text.lower())
    assert "None" not in reader.text
    assert (VIRTUAL in reader.text) == (name == "empty")


def test_the_verdict_stands_on_top_and_all_repetitions_are_listed() -> None:
    reader, _, page = pages(BRIDGE)
    assert '<p class="say">The left side was less active than the right, by ' in page
    for said in (
        "S07",
        "2026-05-05",
        "10 reps, 10 used",
        "Left–right times are known to ±1.0 ms",
        "What to do",
        "ISEK",
        "Butterworth",
    ):
        assert said in reader.text
    assert page.count("<figure") == 6
    (report,) = make_report([BRIDGE], [[]], MADE).sets
    assert report.reps is not None
    assert [row.cells[0] for row in report.reps.rows] == [str(n) for n in range(1, 11)]


def test_a_set_that_cannot_be_judged_says_why_and_has_no_plan() -> None:
    (report,) = make_report([EMPTY], [[]], MADE).sets
    assert report.headline == "No verdict: 0 usable repetitions, 3 are needed"
    assert (report.tone, report.plan, report.reps) == ("none", None, None)
    assert ("Recording", "not ended cleanly; complete until then") in report.facts
    reader, _, _ = pages(UNKNOWN_CLOCKS)
    assert "lags are withheld" in reader.text


def test_legs_are_called_legs_and_are_not_compared_within_a_repetition() -> None:
    (report,) = make_report([ONE_LEG], [[]], MADE).sets
    assert "leg" in report.headline
    assert report.reps is not None
    assert report.reps.headings[4] == "Leg"
    assert [figure.name for figure in draw_figures(ONE_LEG)] == [
        "envelopes",
        "repetitions",
        "means",
        "activation",
        "fatigue",
    ]


def test_edits_are_told() -> None:
    steps = (
        Exclude(span_of(BRIDGE.measures.reps[2]), "slipped"),
        Add(Span(0.6, 1.6)),
        Note("felt easy", 12.0),
        Rename("hip thrust"),
    )
    edited = with_edits(BRIDGE, [Edit(MADE, "R2", step) for step in steps])
    (report,) = make_report([edited], [[]], MADE).sets
    assert report.title == "Hip thrust"
    assert ("Exercise", "hip thrust (recorded as bridge)") in report.facts
    assert ("Excluded", "the reviewer's decision: slipped (1)") in report.facts
    assert report.reps is not None
    assert report.reps.rows[3].muted
    assert report.reps.rows[3].note == "The reviewer's decision: slipped. Edited: excluded"
    assert [line.split(" (")[0] for line in report.review][2] == "Note at 12.00 s: felt easy"
    assert all("by R2" in line for line in report.review)


def test_what_comes_from_a_file_is_text_and_nothing_else() -> None:
    pod = BRIDGE.recording.pods["left"]
    problems = replace(
        pod, problems=(HOSTILE,), info={"firmware": HOSTILE, "emg": {"chip": HOSTILE}}
    )
    pods: dict[Side, object] = {**BRIDGE.recording.pods, "left": problems}
    recording = replace(BRIDGE.recording, exercise=HOSTILE, pods=pods)
    steps = Note(HOSTILE), Exclude(span_of(BRIDGE.measures.reps[0]), HOSTILE)
    hostile = replace(
        with_edits(BRIDGE, [Edit(MADE, "", step) for step in steps]),
        recording=recording,
        meta=replace(BRIDGE.meta, exercise=HOSTILE, subject=HOSTILE),
        sync_check={"sentence": HOSTILE},
        path=Path(f"{HOSTILE.replace('/', '')}.glutesym"),
    )
    clean, _, _ = pages(BRIDGE)
    reader, document, page = pages(hostile, hostile)
    assert set(reader.tags) == set(clean.tags)
    assert page.count("{{ 7*7 }}") > 10
    assert reader.text.count(HOSTILE) > 10
    assert document.startswith(b"%PDF-")


def test_several_sessions_have_an_overview_and_a_plan_together_if_of_one_person() -> None:
    def report(*sessions: AnalyzedSession):
        return make_report(sessions, [[]] * len(sessions), MADE)

    same = report(BRIDGE, BRIDGE)
    assert same.overview is not None
    assert len(same.overview.rows) == 2
    assert same.plan is not None
    assert [of_set.plan for of_set in same.sets] == [None, None]
    others = report(BRIDGE, ONE_LEG)
    assert others.plan is None
    assert others.sets[0].plan is not None
    for name in ("gait", MVIC):
        named = replace(BRIDGE.recording, exercise=name)
        assert report(replace(BRIDGE, recording=named)).sets[0].plan is None
    reader, document, _ = pages(BRIDGE, BRIDGE)
    assert len(reader.ids) == len(set(reader.ids))
    assert document.startswith(b"%PDF-")


def test_equal_figures_give_equal_text() -> None:
    first, second = (inline_svg(draw_figures(BRIDGE)[0].figure, "a") for _ in range(2))
    assert first == second
    ET.fromstring(first.replace("xlink:href", "href"))


def test_intervals_of_one_repetition_hold_its_numbers_and_are_wider_than_the_sets() -> None:
    of_set = BRIDGE.measures.summary
    assert of_set.lag_ms.ci_low is not None
    assert of_set.lag_ms.ci_high is not None
    for rep in BRIDGE.measures.reps:
        amount, lag = asymmetry_interval_pct(rep), lag_interval_ms(rep)
        assert amount is not None
        assert rep.symmetry_index_pct is not None
        assert amount[0] < rep.symmetry_index_pct < amount[1]
        if rep.lag_ms is not None:
            assert lag is not None
            assert lag[0] < rep.lag_ms < lag[1]
    withheld = replace(BRIDGE.measures.reps[0], symmetry_index_pct=None, lag_ms=None)
    assert asymmetry_interval_pct(withheld) is None
    assert lag_interval_ms(withheld) is None
    widths = [
        lag[1] - lag[0]
        for rep in BRIDGE.measures.reps
        if (lag := lag_interval_ms(rep)) is not None
    ]
    assert np.median(widths) > of_set.lag_ms.ci_high - of_set.lag_ms.ci_low


def test_files_are_named_after_the_session_and_replaced(tmp_path: Path) -> None:
    for _ in range(2):
        files = write_report([EMPTY], tmp_path / "new", with_figures=True)
    stem = EMPTY.path.stem
    assert [file.name for file in files] == [
        f"{stem}_report.html",
        f"{stem}_report.pdf",
        f"{stem}_envelopes.png",
        f"{stem}_envelopes.svg",
    ]
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == sorted(
        file.name for file in files
    )
    several = write_report([EMPTY, NO_PODS], tmp_path)
    assert several[0].name == f"{stem}_and_1_more_report.html"
    (tmp_path / "file").write_text("")
    with pytest.raises(SessionError, match="cannot write the report"):
        write_report([EMPTY], tmp_path / "file")


def test_the_command_writes_beside_the_session(tmp_path: Path) -> None:
    path = Trial(tmp_path, build_scenario("bridge", seed=3, reps=3)).record().session.path
    done = CliRunner().invoke(app, ["report", str(path), str(path)])
    assert done.exit_code == 0, done.output
    assert {file.name for file in tmp_path.iterdir()} == {
        "session.glutesym",
        "session_report.html",
        "session_report.pdf",
    }
