"""Whose session it is: a code, never a name; and where the electrodes are."""

from __future__ import annotations

import re

from glutesym.errors import SubjectError

MOST_CHARACTERS = 16
PLACEMENT = "gluteus maximus"  # of the electrodes, unless something else is said
_CODE = re.compile(r"[A-Za-z0-9_-]+")


def subject_code(text: str) -> str:
    """Return a subject code as it is, if it is one; "" for nobody in particular.

    Raises
    ------
    SubjectError
        It is something else, or may say who it is.
    """
    if "@" in text:
        raise SubjectError("it looks like an e-mail address")
    if any(character.isspace() for character in text):
        raise SubjectError("it has a space in it, as names have")
    if len(text) > MOST_CHARACTERS:
        raise SubjectError(f"it has more than {MOST_CHARACTERS} characters")
    if text and not _CODE.fullmatch(text):
        raise SubjectError("it has other characters than A to Z, a to z, 0 to 9, - and _")
    return text
