"""Find the commands that the documentation tells a reader to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("glutesym", "make", "python", "pip", "mpremote")
# What a block may say that it is. Everything else is something to type.
NOT_COMMANDS = {"text", "python", "json", "csv", "toml", "yaml", "matlab"}
_COMMANDS = {"", "sh", "bash", "console"}


@dataclass(frozen=True)
class Command:
    """A line to type.

    Attributes
    ----------
    page : str
        From the top of the project.
    line : int
        Where its block begins, or its paragraph.
    words : tuple of str
        As a shell splits it, without its comment.
    in_block : bool
        On a line of its own, not in the middle of a sentence.
    """

    page: str
    line: int
    words: tuple[str, ...]
    in_block: bool

    def __str__(self) -> str:
        return shlex.join(self.words)


def pages(root: Path = ROOT) -> list[Path]:
    """Return the pages whose commands must work."""
    named = [root / "README.md", root / "CONTRIBUTING.md"]
    return named + sorted([*root.glob("docs/**/*.md"), *root.glob("hardware/**/*.md")])


def commands_of(text: str, page: str, subcommands: frozenset[str] = frozenset()) -> list[Command]:
    """Return the commands of a page: all lines of blocks, and those that stand in sentences.

    Parameters
    ----------
    text : str
        Markdown.
    page : str
        Its name.
    subcommands : frozenset of str
        What may follow ``glutesym``: in a sentence `live --usb` is one of its commands.

    Raises
    ------
    ValueError
        A block says that it is something which is neither commands nor known not to be.
    """
    found: list[Command] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        line = token.map[0] + 1 if token.map else 0
        if token.type in ("fence", "code_block"):
            found += [Command(page, line, words, True) for words in _block(token, page, line)]
        for child in token.children or []:
            if child.type == "code_inline":
                words = _words(child.content)
                if _is_command(words, subcommands):
                    found.append(Command(page, line, words, False))
    return found


def _block(token: Token, page: str, line: int) -> Iterator[tuple[str, ...]]:
    language = token.info.strip()
    if language in NOT_COMMANDS:
        return
    if language not in _COMMANDS:
        raise ValueError(f"{page}:{line}: is a block of {language} something to type, or not?")
    for text in token.content.replace("\\\n", " ").splitlines():
        if words := _words(text.removeprefix("$ ")):
            yield words


def _words(text: str) -> tuple[str, ...]:
    try:
        words = shlex.split(text, comments=True)
    except ValueError:  # a quotation mark alone: no command
        return ()
    if words:
        words[0] = re.sub(r"^\.venv/bin/", "", words[0])
    return tuple(words)


def _is_command(words: tuple[str, ...], subcommands: frozenset[str]) -> bool:
    if len(words) < 2:
        return False
    if words[0] in PROGRAMS:
        return True
    return words[0] in subcommands and words[1].startswith("-")
