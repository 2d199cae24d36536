"""The command that looks at this computer: what is broken, and how to mend it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from glutesym import __version__
from glutesym.cli_shared import err, out
from glutesym.doctor.finding import SUBJECTS, Subject

if TYPE_CHECKING:
    from glutesym.doctor.finding import Finding, Mark

app = typer.Typer(rich_markup_mode="markdown")

_STYLES: dict[Mark, str] = {
    "ok": "green", "warning": "yellow", "problem": "bold red", "not checked": "dim",
}  # fmt: skip
_VIRTUAL_LIMIT_S = 30.0  # real firmware is computed, on whatever processor this is


def _known(values: list[str] | None) -> list[str] | None:
    for value in values or ():
        if value not in SUBJECTS:
            raise typer.BadParameter(f"{value!r} is none of {', '.join(SUBJECTS)}")
    return values


@app.command(
    epilog="Examples:\n\n`glutesym doctor`\n\n`glutesym doctor --only bluetooth`\n\n"
    "`glutesym doctor --only serial --only pods`\n\n`glutesym doctor --virtual`\n\n"
    "`glutesym doctor --json > doctor.json`",
)
def doctor(
    only: Annotated[
        list[str] | None,
        typer.Option(
            help=f"One subject: {', '.join(SUBJECTS)}. May be given again.",
            callback=_known,
            show_default="all",
            metavar="SUBJECT",
        ),
    ] = None,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="Examine two virtual pods, too, without hardware.")
    ] = False,
    folder: Annotated[
        Path, typer.Option("--folder", "-o", help="Where sessions are kept.")
    ] = Path("sessions"),
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Look at this computer and the pods in reach: what is broken, and how to mend it.

    Ends with 0 when nothing is broken, warnings or not, else with 1. Takes about five seconds, ten
    at most (with `--virtual` thirty); what cannot be checked is said. Nothing is changed, and no
    running session is disturbed.
    """
    from glutesym.doctor.catalog import checks
    from glutesym.doctor.examine import LIMIT_S, Examination
    from glutesym.doctor.surroundings import this_computer
    from glutesym.keys import default_path

    wanted: list[Subject] = [subject for subject in SUBJECTS if not only or subject in only]
    if virtual and "virtual" not in wanted:
        wanted = [subject for subject in SUBJECTS if subject in wanted or subject == "virtual"]
    examination = Examination(
        checks(this_computer(), wanted, folder, default_path(), virtual),
        _VIRTUAL_LIMIT_S if virtual else LIMIT_S,
    )
    findings: list[Finding] = []
    try:
        with err.status("Looking …"):
            for finding in examination:
                if finding.subject in wanted:
                    findings.append(finding)
                    if not as_json:
                        _print(finding, findings)
    finally:
        examination.close()
    broken = any(finding.mark == "problem" for finding in findings)
    if as_json:
        sys.stdout.write(_as_json(findings, not broken))
    else:
        out.print("\n" + _summary(findings), soft_wrap=True)
    if broken:
        raise typer.Exit(1)


def _print(finding: Finding, so_far: list[Finding]) -> None:
    if len(so_far) < 2 or so_far[-2].subject != finding.subject:
        gap = "\n" if len(so_far) > 1 else ""
        out.print(f"{gap}{SUBJECTS[finding.subject]}", style="bold")
    mark = (f"  {finding.mark:<11}  ", _STYLES[finding.mark])
    out.print(Text.assemble(mark, f"{finding.what}: {finding.found}"), soft_wrap=True)
    if finding.fix:
        out.print(Text.assemble(" " * 15, ("Fix: ", "bold"), finding.fix), soft_wrap=True)


def _summary(findings: list[Finding]) -> str:
    count = Counter(finding.mark for finding in findings)
    parts = [
        f"{number} {name}{'s' if number > 1 and name != 'not checked' else ''}"
        for name in ("problem", "warning", "not checked")
        if (number := count[name])
    ]
    told = ", ".join(parts) if parts else "everything is well"
    return f"{len(findings)} checks: {told}. By symptom: docs/troubleshooting.md."


def _as_json(findings: list[Finding], ok: bool) -> str:
    rows = [
        {
            "subject": finding.subject,
            "what": finding.what,
            "mark": finding.mark,
            "found": finding.found,
            "fix": finding.fix,
        }
        for finding in findings
    ]
    return json.dumps({"glutesym": __version__, "ok": ok, "findings": rows}, indent=1) + "\n"
