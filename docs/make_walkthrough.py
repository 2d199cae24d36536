"""Make docs/walkthrough.md anew: runs its commands on virtual pods and writes down what they say.

.venv/bin/python docs/make_walkthrough.py
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "walkthrough.md"
STAMP = "2026-05-04_18-30-09"  # as in the other pages
SESSION = f"sessions/{STAMP}_bridge.glutesym"
PREFIX = ".venv/bin/"
WIDTH = 100

HEAD = """# The whole way, on virtual pods

What a builder does, from two new boards to a report, with what the commands say. Virtual boards, box, radio and body stand for the real ones: the firmware
and the program are the same. Type it along: nothing is needed but [this project installed](quickstart.md#1-without-hardware), except
for *Own a pod, and ask it*, which takes a pod on a cable.

The outputs below are real: `docs/make_walkthrough.py` has run the commands and written this page. Dates of files are made alike.
"""

TAIL = """
## Next

With boards on the table: [the build guide](../hardware/README.md), then [the quickstart](quickstart.md). Without `--virtual` the same commands use real
pods; `.venv/bin/glutesym live` takes the place of `demo`, which is a set with virtual ones.
"""


@dataclass(frozen=True)
class Step:
    """A heading, what it is about, and the commands that are run for it."""

    title: str
    text: str
    commands: tuple[str, ...]
    on_usb: bool = False  # a virtual pod is on a cable while they run


STEPS = (
    Step(
        "Make two boards into pods",
        "The left one, then the right one. A virtual board is gone afterwards, and its key with it: "
        "a real one keeps it, and `.venv/bin/glutesym pods` lists it.",
        ("glutesym flash --virtual --side left", "glutesym flash --virtual --side right"),
    ),
    Step(
        "Own a pod, and ask it",
        "This pod stays on its cable: here a virtual one, whose port the commands were told with `--port`. `flash` has done the first command already on a real "
        "board; it is for pods that have the firmware.",
        (
            "glutesym provision --side left",
            "glutesym pods",
            "glutesym settings left --usb",
            "glutesym selftest left --usb",
        ),
        on_usb=True,
    ),
    Step(
        "Test a pod on the bench",
        "The self-test is on the cards above. The [bench test](bench.md) measures the rest, with a "
        "[test box](../hardware/test_box.md) instead of a body.",
        ("glutesym bench --virtual",),
    ),
    Step(
        "Are the clocks right?",
        "Hold both pods together and shake them. Once is enough; again after a change of firmware.",
        ("glutesym sync-check --virtual",),
    ),
    Step(
        "Calibrate",
        "Maximal squeezes, so that sets can be told in per cent of them. Prompts lead through it; "
        "only what is left on the screen is shown here.",
        ("glutesym calibrate --virtual --speed 0",),
    ),
    Step(
        "Record a set",
        "Twelve glute bridges, as fast as the computer can. Leave `--speed` and `--view` out to "
        "watch the bars in a window. The truth is known of virtual pods, and stands beside.",
        ("glutesym demo --speed 0 --view none",),
    ),
    Step(
        "Look at its repetitions",
        "Was one of them none? Take it out, with a reason. Edits can be taken back, and the samples "
        "never change. `.venv/bin/glutesym review FILE` alone opens a window.",
        (
            f"glutesym review {SESSION} --exclude 3 --because slipped",
            f"glutesym review {SESSION} --list",
        ),
    ),
    Step(
        "Export and report",
        "Tables for a spreadsheet, and a report to read and hand over.",
        (f"glutesym export {SESSION}", f"glutesym report {SESSION}"),
    ),
)


def main() -> None:
    """Run all and write the page."""
    parts = [HEAD]
    with tempfile.TemporaryDirectory() as folder:
        for step in STEPS:
            parts.append(f"\n## {step.title}\n\n{step.text}\n")
            with _pod_on_usb(Path(folder)) if step.on_usb else nullcontext("") as port:
                for command in step.commands:
                    print(command, flush=True)
                    said = _run(command, Path(folder), port)
                    parts.append(f"\n    {PREFIX}{command}\n\n```text\n{said}\n```\n")
    parts.append(TAIL)
    PAGE.write_text("".join(parts), encoding="utf-8")


@contextmanager
def _pod_on_usb(folder: Path) -> Iterator[str]:
    """Yield the port of a virtual pod that nobody owns: the bench of the tests."""
    sys.path.insert(0, str(ROOT / "tests"))
    from usb_bench import bench_beside

    with bench_beside(folder, limit_s=300, key="", side="unassigned") as bench:
        yield str(bench.port)


def _run(command: str, folder: Path, port: str) -> str:
    """Return what a command prints, with file names as the page has them."""
    sessions = {_alike(path.name): path for path in folder.glob("sessions/*.glutesym")}
    words = [
        str(sessions[Path(word).name].relative_to(folder)) if word == SESSION else word
        for word in shlex.split(command)[1:]
    ]
    if port and words[0] != "pods":
        words += ["--port", port]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "host"),
        "GLUTESYM_KEYS": str(folder / "pods.json"),
        "COLUMNS": str(WIDTH),
        "QT_QPA_PLATFORM": "offscreen",
    }
    done = subprocess.run(
        [sys.executable, "-c", "from glutesym.cli import main; main()", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{command}: ended with {done.returncode}\n{done.stdout}{done.stderr}")
    text = _alike(done.stdout.replace(f"{folder}/", ""))
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def _alike(text: str) -> str:
    text = re.sub(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d", STAMP, text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-05-04 18:40:00", text)


if __name__ == "__main__":
    main()
