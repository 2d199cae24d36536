"""The fault log: bounded, kept through power cuts, and never itself a fault."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

POWER_CUT = Path(__file__).parent / "power_cut"

_PRELUDE = """
import gc, json, micropython, os
import fault_log
from fault_log import FaultLog
def tell(value): print(json.dumps(value))

def lines(log):
    text = ""
    while True:
        more = log.text(len(text))
        assert len(more) <= 300
        if not more:
            return text.split("\\n")[:-1]
        text += more
"""


def run(run_micropython, source, *folders):
    return json.loads(run_micropython(_PRELUDE + source, *folders).splitlines()[-1])


def test_an_exception_is_kept_with_its_places_and_its_message(run_micropython):
    raised, bare = run(
        run_micropython,
        """
def inner():
    raise OSError(5)
def outer():
    inner()
log = FaultLog()
try:
    outer()
except OSError as error:
    log.note_exception(error)
log.note_exception(ValueError('it said "no"\\n\\\\ and more \\u00e9'))
tell(lines(log))
""",
    )
    assert re.fullmatch(r"#1 0s script\.py:\d+<script\.py:\d+ OSError: \[Errno 5\] EIO", raised)
    assert bare == "#1 0s ValueError: it said 'no' / and more ??"


def test_each_line_tells_boot_and_uptime(run_micropython):
    got = run(
        run_micropython,
        """
class Clock:
    now = 1000
    def time(self):
        return self.now
fault_log.time = clock = Clock()
log = FaultLog()
clock.now += 125
log.note("first")
log.save()
clock.now += 5
log.note("second")
silent = FaultLog()  # a boot that has nothing to tell is not counted
silent.save()
again = FaultLog()
clock.now += 7
again.note("third")
again.save()
tell([lines(log), lines(FaultLog()), FaultLog().count])
""",
    )
    assert got == [
        ["#1 125s first", "#2 7s third", "#1 130s second"],
        ["#1 125s first", "#2 7s third"],
        2,
    ]


def test_what_repeats_is_counted_and_takes_no_memory(run_micropython):
    kept, count, grown = run(
        run_micropython,
        """
log = FaultLog()
def fail(n):
    for i in range(n):
        try:
            raise OSError(5)
        except OSError as error:
            log.note_exception(error)
        log.note("other")
fail(17)
gc.collect(); before = gc.mem_alloc()
kept = lines(log)
fail(5000)
gc.collect()
tell([kept, log.count, gc.mem_alloc() - before])
""",
    )
    assert kept[0].endswith("EIO x17")
    assert kept[1].endswith("other x17")
    assert count == 2
    assert grown < 500


def test_memory_is_bounded_by_dropping_the_oldest(run_micropython):
    kept, grown = run(
        run_micropython,
        """
log = FaultLog()
for i in range(400):
    log.note("fault number %d" % i)
gc.collect(); before = gc.mem_alloc()
for i in range(400, 3000):
    log.note("fault number %d" % i)
gc.collect(); grown = gc.mem_alloc() - before
log.note("x" * 100_000)
tell([lines(log), grown])
""",
    )
    assert sum(len(line) + 1 for line in kept) <= 1500
    numbers = [int(line.split()[-1]) for line in kept[:-1]]
    assert numbers == list(range(3000 - len(numbers), 3000))
    assert len(numbers) > 30
    assert kept[-1].endswith("x" * 160)
    assert grown < 2000


def test_the_flash_holds_the_newest_in_two_small_files(run_micropython):
    sizes, kept = run(
        run_micropython,
        """
sizes = []
for boot in range(60):
    log = FaultLog()
    for i in range(3):
        log.note("boot %d fault %d %s" % (boot, i, "." * 40))
    log.save()
    sizes.append([os.stat(n)[6] for n in os.listdir() if n.startswith("faults")])
kept = [int(line.split(" ")[3]) for line in lines(FaultLog())]
tell([sizes, kept])
""",
    )
    assert max(max(s) for s in sizes) <= 2000
    assert max(len(s) for s in sizes) == 2
    assert kept == sorted(kept)
    assert kept[-1] == 59
    assert len(kept) > 30


def test_a_pod_wears_its_flash_little_and_keeps_the_rest_in_memory(run_micropython):
    writes, idle, stored, all_lines = run(
        run_micropython,
        """
from power_cut import Flash
flash = Flash(32)
flash.mount()
log = FaultLog()
writes = []
for i in range(200):
    log.note("fault %d" % i)
    log.save()
    writes.append(flash.writes)
before = flash.writes
for i in range(100):
    log.save()
tell([writes, flash.writes - before, len(lines(FaultLog())), len(lines(log))])
""",
        POWER_CUT,
    )
    changes = [b > a for a, b in zip([0, *writes], writes, strict=False)]
    assert sum(changes) == stored == 16
    assert writes[-1] == writes[20]
    assert idle == 0
    assert all_lines > 80


def test_a_fault_at_each_boot_does_not_push_out_what_happened_before(run_micropython):
    kept = run(
        run_micropython,
        """
first = FaultLog()
first.note("the cause")
first.save()
for boot in range(300):
    log = FaultLog()
    log.note("the consequence")
    log.save()
tell([lines(FaultLog()), lines(log)[-1]])
""",
    )
    assert [line.split(" ", 2)[2] for line in kept[0]] == ["the cause"] + ["the consequence"] * 4
    assert kept[1].endswith("the consequence")


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("full", [False, True], ids=["append", "rotate"])
def test_a_power_cut_while_saving_loses_nothing_that_was_stored(run_micropython, torn, full):
    outcomes = run(
        run_micropython,
        f"""
from power_cut import Flash
outcomes = []
for writes in range(200):
    flash = Flash(32)
    flash.mount()
    before = FaultLog()
    for i in range(8 if {full} else 1):
        before.note("stored %d %s" % (i, "." * 150))
    before.save()
    old = lines(before)
    log = FaultLog()
    for i in range(4):
        log.note("new %d %s" % (i, "." * 150))
    everything = lines(log)
    flash.cut_after(writes, {torn})
    log.save()
    told = log.count == len(everything) and not log._entries
    flash.mount()
    after = FaultLog()
    found = lines(after)
    assert found in (old, everything), (writes, found)
    assert after.count == len(found)
    assert found == everything or not told, writes
    after.note("later")
    after.save()
    assert lines(FaultLog())[:-1] == found, writes
    outcomes.append(found == everything)
    if told:
        break
tell(outcomes)
""",
        POWER_CUT,
    )
    assert not outcomes[0]
    assert outcomes[-1]
    assert len(outcomes) > 3


def test_a_full_or_broken_flash_costs_the_log_only(run_micropython):
    full, writes, broken, cleared, still_works = run(
        run_micropython,
        """
from power_cut import Flash
flash = Flash(16)
flash.mount()
log = FaultLog()
log.note("stored")
log.save()
size = 4096
while size > 16:
    try:
        with open("filler%d" % flash.writes, "w") as file:
            file.write("x" * size)
    except OSError:
        size //= 2
for i in range(10):
    log.note("a fault that does not fit %d %s" % (i, "." * 100))
log.save()
full = [len(lines(log)), log.count]
before = flash.writes
for i in range(100):
    log.note("another %d" % i)
    log.save()
writes = flash.writes - before

flash.broken = True
log.note("broken")
log.save()
log.note("broken")
broken = [lines(log)[-1], FaultLog().text(0)]
log.clear()
cleared = [lines(log), log.count]

micropython.heap_lock()
log.note("no memory")
log.note_exception(ValueError)
log.save()
log.text(0)
log.clear()
micropython.heap_unlock()
log.note(None)
log.note_exception(None)
log.text(-5)
log.text(None)
tell([full, writes, broken, cleared, len(lines(log))])
""",
        POWER_CUT,
    )
    assert full == [11, 11]
    assert writes < 300
    assert broken == ["#1 0s broken x2", ""]
    assert cleared == [[], 0]
    assert still_works == 1


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\xff\x80\n" * 300,
        b"#99999999999999999 0s x\n",
        b"#x\n#\n\n#-3 0s y\n",
        b"no newline",
        b"#41 3s good\n" + b"\xff" * 4000,
    ],
)
def test_damaged_files_are_read_as_far_as_they_go(run_micropython, tmp_path, content):
    (tmp_path / "faults.txt").write_bytes(content)
    (tmp_path / "faults.old").mkdir()
    before, after = run(
        run_micropython,
        """
log = FaultLog()
before = "\\n".join(lines(log))
log.note("new")
log.save()
log = FaultLog()
tell([before, "\\n".join(lines(log))])
log.clear()
tell([before, lines(log)])
""",
    )
    assert before.isascii()
    assert after == []


def test_clearing_forgets_everything(run_micropython):
    got = run(
        run_micropython,
        """
for boot in range(40):
    log = FaultLog()
    log.note("boot %d %s" % (boot, "." * 150))
    log.save()
log.note("not stored")
before = log.count
log.clear()
tell([before > 10, lines(log), log.count, FaultLog().count,
      [n for n in os.listdir() if n.startswith("faults")]])
""",
    )
    assert got == [True, [], 0, 0, []]


def test_a_slice_fits_an_answer(run_micropython):
    longest = run(
        run_micropython,
        """
log = FaultLog()
for i in range(30):
    log.note('%d "\\\\\\x01\\u00e9"' % i)
answers = [json.dumps({"protocol": 2, "answered": 65535, "faults": log.text(first)})
           for first in range(0, 600, 7)]
tell(max(len(a) for a in answers))
""",
    )
    assert longest < 512
