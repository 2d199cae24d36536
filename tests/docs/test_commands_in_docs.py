"""Every command of the documentation is run, or at the least parsed by the program itself."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from page_commands import ROOT, Command, commands_of, pages
from reader_desk import Desk
from ways_to_run import COMMANDS, UnknownCommand, run_as_reader


def _all() -> list[Command]:
    """Return each command once: where it has a line of its own, or where it stands first."""
    found: dict[str, Command] = {}
    for page in pages():
        name = page.relative_to(ROOT).as_posix()
        for command in commands_of(page.read_text("utf-8"), name, COMMANDS):
            if command.in_block or str(command) not in found:
                found[str(command)] = command
    return list(found.values())


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desk")
    with ExitStack() as ending, pytest.MonkeyPatch.context() as patch:
        desk = Desk(folder, ending)
        patch.setenv("GLUTESYM_KEYS", str(desk.keys))
        patch.chdir(folder)
        yield desk


@pytest.mark.parametrize("command", _all(), ids=str)
def test_command_of_the_pages(command: Command, desk: Desk, record_property) -> None:
    way = run_as_reader(_called(command), command.in_block, desk)
    where = f"{command.page}:{command.line}"
    record_property("documented", [where, str(command), way.kind, way.note])


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("Say `glutesym live --usb` or `live --usb`.", ["glutesym live --usb", "live --usb"]),
        ("`live` and `x = 1` are words.", []),
        ("text\n\n    make demo   # a remark\n    make test\n", ["make demo", "make test"]),
        ("1. first\n\n       pip install x\n", ["pip install x"]),
        ("```sh\n$ make \\\n  demo\n```", ["make demo"]),
        ("```text\n pod -> host\n```", []),
        ("| a |\n|---|\n| `glutesym pods` |\n", ["glutesym pods"]),
        (
            "    .venv/bin/glutesym app --exercise 'hip thrust'\n",
            ["glutesym app --exercise 'hip thrust'"],
        ),
        ("    curl example.com\n", ["curl example.com"]),
    ],
)
def test_commands_are_found(text: str, commands: list[str]) -> None:
    found = commands_of(text, "page.md", COMMANDS)
    assert [str(command) for command in found] == commands


def test_block_of_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"page\.md:1: is a block of fish something to type"):
        commands_of("```fish\nmake demo\n```", "page.md")


@pytest.mark.parametrize(
    "words",
    [("curl", "example.com"), ("glutesym", "levitate"), ("make", "tea"), ("python", "no.py")],
)
def test_unknown_command_fails(words: tuple[str, ...], desk: Desk) -> None:
    with pytest.raises((AssertionError, UnknownCommand)):
        run_as_reader(words, True, desk)


@pytest.mark.parametrize(
    "words",
    [
        ("glutesym", "live", "--loudly"),
        ("glutesym", "replay"),
        ("glutesym", "settings", "left", "--gain", "5"),
        ("python", "benchmarks/reps.py", "--set", "x"),
        ("pip", "install", "-e", ".[everything]"),
        ("mpremote", "cp", "firmware/none.py", ":"),
    ],
)
def test_wrong_options_fail(words: tuple[str, ...], desk: Desk) -> None:
    with pytest.raises((AssertionError, SystemExit, pytest.fail.Exception)):
        run_as_reader(words, True, desk)


def _called(command: Command) -> tuple[str, ...]:
    """Return the words with ``glutesym`` before a subcommand that stands alone in a sentence."""
    return ("glutesym", *command.words) if command.words[0] in COMMANDS else command.words
