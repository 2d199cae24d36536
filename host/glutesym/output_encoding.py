"""Print on terminals and into files that know no UTF-8, as on Windows: a sign stands for another.

A minus must never become a question mark.
"""

from __future__ import annotations

import codecs
import io
import sys

_PLAIN = {
    "−": "-", "–": "-", "—": "-", "…": "...", "±": "+/-", "µ": "u", "μ": "u", "·": "*",
    "×": "x", "→": "->", "←": "<-", "↑": "^", "↓": "v", "≤": "<=", "≥": ">=", "≈": "~",
    "°": " deg", "●": "*", "▶": ">", "█": "#", "√": "sqrt", "✓": "yes", "✗": "no",
}  # fmt: skip
_HANDLER = "glutesym.plain"


def print_everywhere() -> None:
    """Let the standard streams replace what their encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_HANDLER)


def as_printable(text: str, encoding: str) -> str:
    """Return text with plain signs for those that an encoding lacks."""
    return text.encode(encoding, _HANDLER).decode(encoding)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unknown = error.object[error.start : error.end]
    return "".join(_PLAIN.get(sign, "?") for sign in unknown), error.end


codecs.register_error(_HANDLER, _plain)
