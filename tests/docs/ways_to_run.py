"""How each command of the documentation is run without hardware, and what is changed for it.

`WAYS` names every program, `GLUTESYM` every command of glutesym: what is not there is an error.
"""

from __future__ import annotations

import argparse
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
import typer
from page_commands import ROOT
from reader_desk import EXERCISE, Desk
from typer.testing import CliRunner

from glutesym.cli import app
from glutesym.session.run import RunningSession
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.surroundings import VirtualSurroundings

RUN, VIRTUAL, PARSED = "run", "run on virtual pods", "parsed only"
_CLI = typer.main.get_command(app)
_NAMES = re.compile(r"(.*/)?([\w-]+\.glutesym|FILE|SESSION|FIRST|SWAPPED)")
_NAMES_ONLY = {"--exercise", "-e", "--subject", "--placement", "--seed"}
_FOLDERS = {"sessions", "sessions/", "FOLDER"}


@dataclass(frozen=True)
class Way:
    """How a command was run, and what was changed for it, or why it was only parsed."""

    kind: str
    note: str = ""


class UnknownCommand(Exception):
    """Nobody has said how this command is to be run."""


Words = list[str]


def run_as_reader(words: tuple[str, ...], in_block: bool, desk: Desk) -> Way:
    """Run a command as far as it can be run here; fails as the command does.

    Raises
    ------
    UnknownCommand
        It is in no table of this file.
    """
    program, *arguments = words
    if program == "glutesym":
        return _glutesym(arguments, in_block, desk)
    if program not in WAYS:
        raise UnknownCommand(f"{program}: say in ways_to_run.py how it is run")
    return WAYS[program](arguments, desk)


# --- glutesym


def _glutesym(arguments: Words, in_block: bool, desk: Desk) -> Way:
    name, *rest = arguments
    if name.startswith("-"):
        return invoke(arguments, RUN)
    if name not in GLUTESYM:
        raise UnknownCommand(f"glutesym {name}: say in ways_to_run.py how it is run")
    assert "Usage" in CliRunner().invoke(app, [name, "--help"]).output
    own, used = with_own_files(rest, desk)
    if rest == ["--help"] or (not rest and not in_block):  # named in a sentence, not called
        return Way(RUN, "--help")
    _check_options(name, own)
    way = GLUTESYM[name](own, desk)
    return Way(way.kind, ", ".join(part for part in (used, way.note) if part))


def _check_options(name: str, arguments: Words) -> None:
    """Have the command's own parser take the options: each exists, each value fits."""
    try:
        _CLI.commands[name].make_context(name, list(arguments))  # type: ignore[attr-defined]
    except Exception as error:
        if getattr(error, "exit_code", None) != 2:
            raise
        pytest.fail(error.format_message())  # type: ignore[attr-defined]


def with_own_files(arguments: Words, desk: Desk) -> tuple[Words, str]:
    """Put the recorded session in the place of every session file and folder that is named."""
    own: Words = []
    for before, word in zip(["", *arguments], arguments, strict=False):
        if before == "--csv":
            word = str(desk.scratch / "table.csv")
        elif _NAMES.fullmatch(word):
            word = str(desk.session)
        elif word in _FOLDERS:
            word = str(desk.session.parent)
        own.append(word)
    return own, "the recorded session" if own != arguments else ""


def invoke(arguments: Words, kind: str, *more: str, note: str = "") -> Way:
    """Run a command of glutesym in this process; it must end well."""
    result = CliRunner().invoke(app, [*arguments, *more])
    assert result.exit_code == 0, (result.output, result.exception)
    return Way(kind, note or " ".join(word for word in more if not word.startswith("/")))


def _plain(name: str, *more: str) -> Callable[[Words, Desk], Way]:
    return lambda words, desk: invoke([name, *words], RUN, *more)


def _swapped(words: Words, desk: Desk) -> Way:
    desk.scratch.mkdir(parents=True, exist_ok=True)
    other = desk.scratch / "swapped.glutesym"
    if not other.exists():
        body = build_scenario("hip-thrust", seed=2, reps=4)
        swapped = replace(body, left=body.right, right=body.left)
        session = RunningSession(VirtualSurroundings(swapped, 2, None), other, EXERCISE)
        session.start()
        session.join()
    note = "the recorded session, and one with the pods swapped"
    return invoke(["swap-test", words[0], str(other)], RUN, note=note)


def _into_folder(name: str, kind: str, *more: str) -> Callable[[Words, Desk], Way]:
    return lambda words, desk: invoke([name, *words], kind, *more, "--folder", str(desk.scratch))


def _simulated(name: str, *more: str) -> Callable[[Words, Desk], Way]:
    def way(words: Words, desk: Desk) -> Way:
        with desk.two_virtual_pods():
            return _once([name, *words], desk, *more, "--folder", str(desk.scratch))

    return way


def _once(words: Words, desk: Desk, *more: str) -> Way:
    """Simulate, unless that was done and no more than names or the seed are different."""
    key = _told_apart(words, more)
    if key in desk.done:
        return Way(VIRTUAL, "as another command but for names or the seed")
    desk.done.add(key)
    return invoke(words, VIRTUAL, *more)


def _told_apart(words: Words, replaced: tuple[str, ...] = ()) -> frozenset[str]:
    """Return the words less names, the seed, and the options that ``replaced`` gives anew."""
    passed = _NAMES_ONLY | {word for word in replaced if word.startswith("-")}
    pairs = zip(["", *words], words, strict=False)
    return frozenset(word for before, word in pairs if not {before, word} & passed)


def _on_usb(name: str) -> Callable[[Words, Desk], Way]:
    def way(words: Words, desk: Desk) -> Way:
        if "--encrypt" in words:
            return Way(PARSED, "the virtual board cannot pair either, and refuses")
        owned, side = name != "provision", words[0] if words else ""
        if side == "POD":
            words = ["left", *words[1:]]
        with desk.pod_on_usb(owned, side) as port:
            return invoke([name, *words], VIRTUAL, "--port", port, note="one on USB")

    return way


def _live(words: Words, desk: Desk) -> Way:
    if "--resume" in words:
        return Way(PARSED, "no session was interrupted a moment ago: see test_resume.py")
    if not _told_apart(words):
        assert desk.session.is_file()
        return Way(VIRTUAL, "it recorded the session for all others; names differ")
    return _simulated("live", "--terminal")(words, desk)


def _in_window(name: str, *more: str) -> Callable[[Words, Desk], Way]:
    def way(words: Words, desk: Desk) -> Way:
        kind = VIRTUAL if "--virtual" in more else RUN
        if name == "review" and len(words) > 1:  # edits and lists need no window
            return invoke([name, *words], RUN)
        with desk.windows_that_close() as shown:
            invoke([name, *words], kind, *more)
        assert shown, f"glutesym {name} showed no window"
        return Way(kind, " ".join([*more, "the window is closed again"]))

    return way


def _calibrate(words: Words, desk: Desk) -> Way:
    if "--list" in words:
        return _into_folder("calibrate", RUN)(words, desk)
    if "--from" in words:
        return Way(PARSED, "the recorded session is none of squeezes: see test_calibrate.py")
    short = ("--virtual", "--trials", "2", "--skip", "prone", "--rest", "4")
    return _simulated("calibrate", *short)(words, desk)


def _analyze(words: Words, desk: Desk) -> Way:
    if words[0] != str(desk.session):
        return Way(PARSED, "a recording of another system: see test_other_systems.py")
    return invoke(["analyze", *words], RUN)


def _cohort(words: Words, desk: Desk) -> Way:
    if "--scheduler" in words:
        return Way(PARSED, "no cluster is there: test_cohort.py has one")
    return invoke(["cohort", words[0], "--out", str(desk.scratch / "cohort.parquet")], RUN)


def _elsewhere(why: str) -> Callable[[Words, Desk], Way]:
    return lambda words, desk: Way(PARSED, why)


GLUTESYM: dict[str, Callable[[Words, Desk], Way]] = {
    "analyze": _analyze,
    "app": _in_window("app", "--virtual"),
    "bench": _elsewhere("takes a while: test_bench_command.py runs it on a virtual box"),
    "calibrate": _calibrate,
    "doctor": _elsewhere("what it finds differs: test_doctor_command.py runs it"),
    "demo": _simulated("demo", "--speed", "0", "--view", "none", "--reps", "1"),
    "export": _into_folder("export", RUN),
    "faults": _on_usb("faults"),
    "flash": _elsewhere("writes to a board: test_flash_command.py has virtual ones"),
    "live": _live,
    "lsl": _elsewhere("offers streams to the whole network: see test_lsl.py"),
    "pods": _plain("pods"),
    "provision": _on_usb("provision"),
    "record": _simulated("record"),
    "replay": _plain("replay", "--speed", "0", "--view", "none"),
    "report": _into_folder("report", RUN),
    "review": _in_window("review"),
    "scan": _on_usb("scan"),
    "selftest": _on_usb("selftest"),
    "settings": _on_usb("settings"),
    "simulate": _simulated("simulate", "--seeds", "1", "--reps", "1"),
    "sit": _elsewhere("sits for longer than a test should: see test_sit.py"),
    "swap-test": _swapped,
    "sync-check": _simulated("sync-check", "--virtual", "--duration", "10"),
    "trend": _plain("trend"),
    "library": _plain("library"),
    "cohort": _cohort,
}


# --- other programs


def _make(arguments: Words, desk: Desk) -> Way:
    """Have make say what it would do; the glutesym that it would start is run."""
    done = subprocess.run(
        ["make", "--dry-run", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1].split()
    if last[0].endswith("/glutesym"):
        return _glutesym(last[1:], True, desk)
    return Way(PARSED, "make --dry-run: installs, or changes this project")


class _Parsed(Exception):
    """The script's own parser has taken its options."""


def _python(arguments: Words, desk: Desk) -> Way:
    """Have a script parse its options, with its own parser, and stop it there."""
    script, *options = arguments
    assert (ROOT / script).is_file(), f"there is no {script}"
    if script.startswith("docs/examples/"):
        own_test = ROOT / "tests" / "api" / "test_examples.py"
        assert script.removeprefix("docs/examples/") in own_test.read_text("utf-8")
        return Way(PARSED, "test_examples.py runs it")
    if script.startswith("docs/make_"):
        assert not options
        runpy.run_path(str(ROOT / script))
        return Way(PARSED, "writes into this project; loaded, not started")
    parse = argparse.ArgumentParser.parse_args

    def parse_and_stop(self: argparse.ArgumentParser, *given: object) -> None:
        parse(self, *given)  # type: ignore[call-overload]
        raise _Parsed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
        patch.setattr(sys, "argv", [script, *options])
        patch.syspath_prepend(str((ROOT / script).parent))
        with pytest.raises(_Parsed):
            runpy.run_path(str(ROOT / script), run_name="__main__")
    return Way(PARSED, "takes minutes" if "benchmarks/" in script else "writes into this project")


def _pip(arguments: Words, desk: Desk) -> Way:
    """Check that the extras exist: nothing is installed."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert arguments[0] in ("install", "wheel")
    for target in arguments[1:]:
        if asked := re.search(r"\[(.*)]", target):
            assert set(asked[1].split(",")) <= set(extras["optional-dependencies"]), target
    return Way(PARSED, "installs")


def _installs_tool(arguments: Words, desk: Desk) -> Way:
    """Check that the extras exist, as with pip; this environment has neither pipx nor uv."""
    return _pip([word for word in arguments if word != "tool"], desk)


def _mpremote(arguments: Words, desk: Desk) -> Way:
    """Check that the files exist: no MicroPython is on USB here, and mpremote is not installed."""
    verb, *files = arguments
    assert verb in ("cp", "rm", "reset"), verb
    for file in files:
        if not file.startswith(":"):
            assert list(ROOT.glob(file)), f"there is no {file}"
        elif name := file.removeprefix(":"):
            pod_files = (ROOT / "firmware" / "pod").glob("*.py")
            assert any(name in path.read_text("utf-8") for path in pod_files), name
    return Way(PARSED, "not installed; its files exist")


WAYS: dict[str, Callable[[Words, Desk], Way]] = {
    "make": _make,
    "python": _python,
    "pip": _pip,
    "pipx": _installs_tool,
    "uv": _installs_tool,
    "mpremote": _mpremote,
}
COMMANDS = frozenset(_CLI.commands)  # type: ignore[attr-defined]
