"""A pod's settings: what is accepted, and that neither a power cut nor a bad file costs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

POWER_CUT = Path(__file__).parent / "power_cut"
DEFAULTS = {
    "side": "unassigned",
    "rate_sps": 2000,
    "gain": 6,
    "bench": False,
    "key": "",
    "encrypt": False,
}
KEY = "0123456789abcdef" * 4


def run(run_micropython, source, *folders):
    prelude = "import json, settings\ndef tell(value): print(json.dumps(value))\n"
    return json.loads(run_micropython(prelude + source, *folders).splitlines()[-1])


def loaded(run_micropython, tmp_path, content):
    """Return what a pod loads that finds these bytes in its flash."""
    (tmp_path / "settings.json").write_bytes(content)
    return run(run_micropython, "tell(settings.load())")


def test_a_pod_that_was_never_set_up_has_no_owner(run_micropython):
    assert run(run_micropython, "tell(settings.load())") == DEFAULTS


def test_what_is_changed_and_stored_is_loaded(run_micropython):
    changes = {"side": "left", "gain": 12, "key": KEY.upper(), "encrypt": True}
    stored, loaded_again, before = run(
        run_micropython,
        f"""
before = settings.load()
stored = settings.change(before, json.loads({json.dumps(changes)!r}))
settings.store(stored)
settings.store(settings.change(settings.load(), {{"rate_sps": 1000}}))
tell([stored, settings.load(), before])
""",
    )
    assert before == DEFAULTS
    assert stored == {**DEFAULTS, **changes, "key": KEY}
    assert loaded_again == {**stored, "rate_sps": 1000}


def test_settings_that_are_not_mentioned_have_their_defaults(run_micropython, tmp_path):
    content = b'{"side": "right", "colour": "red"}'
    assert loaded(run_micropython, tmp_path, content) == {**DEFAULTS, "side": "right"}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ('{"side": "middle"}', "side: one of left, right, unassigned"),
        ('{"rate_sps": 500}', "rate_sps: one of 1000, 2000"),
        ('{"rate_sps": 1000.0}', "rate_sps: one of 1000, 2000"),
        ('{"gain": 5}', "gain: one of 1, 2, 3, 4, 6, 8, 12"),
        ('{"gain": true}', "gain: one of 1, 2, 3, 4, 6, 8, 12"),
        ('{"gain": [6]}', "gain: one of 1, 2, 3, 4, 6, 8, 12"),
        ('{"bench": 1}', "bench: one of False, True"),
        ('{"encrypt": "yes"}', "encrypt: one of False, True"),
        ('{"key": "12"}', "key: 64 hexadecimal digits, or none"),
        (f'{{"key": "{"g" * 64}"}}', "key: 64 hexadecimal digits, or none"),
        ('{"key": null}', "key: 64 hexadecimal digits, or none"),
        (f'{{"{"x" * 5000}": 1}}', "unknown setting xxxxxxxxxxxxxxxxxxxx"),
        ("[1]", "settings: an object of names and values"),
        ('"side"', "settings: an object of names and values"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_with_its_reason(run_micropython, changes, says):
    refused, current = run(
        run_micropython,
        f"""
current = settings.load()
try:
    settings.change(current, json.loads({changes!r}))
except ValueError as error:
    tell([str(error), current])
""",
    )
    assert refused == says
    assert current == DEFAULTS


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'["side"]',
        b'"side"',
        b"12",
        b"\xff\xfe\x00\x80" * 100,
        b"[" * 100_000,
        b'{"side": "' + b"left" * 100_000,
        json.dumps({"side": "left", "key": KEY, "gain": 1e999}).encode(),
        json.dumps({"side": "left", "key": KEY, "gain": float("nan")}).encode(),
        json.dumps({"side": "left", "key": KEY[:-1]}).encode(),
        json.dumps({"side": {"side": "left"}, "key": KEY}).encode(),
        json.dumps({"key": KEY, "bench": True}).encode()[:-1],
    ],
)
def test_a_damaged_file_leaves_a_pod_without_owner(run_micropython, tmp_path, content):
    assert loaded(run_micropython, tmp_path, content) == DEFAULTS


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("first", [False, True], ids=["replaced", "new"])
def test_a_power_cut_at_any_moment_leaves_the_old_or_the_new_settings(
    run_micropython, torn, first
):
    outcomes = run(
        run_micropython,
        f"""
from power_cut import Flash
old = settings.load()
if not {first}:
    old = settings.change(old, {{"side": "left", "key": {KEY!r}}})
new = settings.change(old, {{"side": "right"}})
outcomes = []
for writes in range(100):
    flash = Flash(16)
    flash.mount()
    if not {first}:
        settings.store(old)
    flash.cut_after(writes, {torn})
    try:
        settings.store(new)
        told = True
    except OSError:
        told = False
    flash.mount()
    found = settings.load()
    assert found in (old, new), (writes, found)
    assert found == new or not told, writes
    # Nothing of the cut is in the way of the next attempt.
    settings.store(new)
    flash.mount()
    assert settings.load() == new, writes
    outcomes.append([told, found == new])
    if told:
        break
tell(outcomes)
""",
        POWER_CUT,
    )
    assert outcomes[0] == [False, False]
    assert outcomes[-1] == [True, True]
    assert len(outcomes) > 3  # it was cut in the middle


def test_an_attempt_that_breaks_off_anywhere_leaves_the_old_settings(run_micropython):
    """Memory or flash may fail between any two bytes, on any file system."""
    attempts = run(
        run_micropython,
        f"""
import io, os

class Cut(OSError):
    pass

class Budget:
    left = 0
    def spend(self):
        if self.left == 0:
            raise Cut(5)
        self.left -= 1

budget = Budget()

class File(io.IOBase):
    def __init__(self, *arguments):
        budget.spend()
        self.file = open(*arguments)
    def write(self, data):
        for byte in bytes(data):
            budget.spend()
            self.file.write(chr(byte))
        return len(data)
    def __enter__(self):
        return self
    def __exit__(self, *error):
        self.file.close()
        budget.spend()

class Os:
    def sync(self):
        budget.spend()
    def rename(self, old, new):
        budget.spend()
        os.rename(old, new)

old = settings.change(settings.load(), {{"side": "left", "key": {KEY!r}}})
settings.store(old)
new = settings.change(old, {{"side": "right"}})
settings.os = Os()
attempts = 0
while True:
    budget.left = attempts
    settings.open = File
    try:
        settings.store(new)
        break
    except Cut:
        pass
    settings.open = open
    assert settings.load() == old, attempts
    attempts += 1
settings.open = open
assert settings.load() == new
tell(attempts)
""",
    )
    assert attempts > len(KEY)


def test_a_full_flash_keeps_the_old_settings(run_micropython):
    told = run(
        run_micropython,
        """
from power_cut import Flash
flash = Flash(16)
flash.mount()
old = settings.change(settings.load(), {"side": "left"})
settings.store(old)
size = 4096
while size > 16:
    try:
        with open("filler%d" % flash.writes, "w") as file:
            file.write("x" * size)
    except OSError:
        size //= 2
try:
    settings.store(settings.change(old, {"side": "right", "key": "0" * 64}))
    tell(None)
except OSError:
    flash.mount()
    tell(settings.load() == old)
""",
        POWER_CUT,
    )
    assert told is True
