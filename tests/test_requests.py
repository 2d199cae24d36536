"""Requests to a pod whose answers are read in pieces."""

from __future__ import annotations

import asyncio
import json

import pytest

from glutesym.errors import LinkError, UnsuitableError
from glutesym.links.authorise import Requests
from glutesym.world_time import run_in_world

OLD = json.dumps({"answered": 0, "proof": "0123456789" * 20}).encode()
NEW = json.dumps({"answered": 1, "self_test": {"ok": True}}).encode()


def ask(*reads: bytes):
    """Return the answer of a pod whose value reads like this, at last again and again."""
    left = list(reads)

    async def read() -> bytes:
        await asyncio.sleep(0.01)
        return left.pop(0) if len(left) > 1 else left[0]

    async def write(_request: bytes) -> None:
        pass

    return run_in_world(Requests("pod", read, write).request(b"?"))


def test_an_answer_that_is_torn_is_read_again():
    torn = OLD[:200]  # the rest was to come from a value that is shorter by now
    assert ask(OLD, torn, NEW)["self_test"] == {"ok": True}
    assert ask(torn, torn, OLD, NEW)["answered"] == 1


def test_what_never_makes_sense_is_told():
    with pytest.raises(UnsuitableError, match="does not describe itself"):
        ask(OLD, b"{")


def test_no_answer_is_told():
    with pytest.raises(LinkError, match="does not answer"):
        ask(OLD)
