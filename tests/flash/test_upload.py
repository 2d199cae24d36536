"""Files get onto a board as a whole or not at all, whatever happens to board, line or flash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from board_faults import flash_folder, prompt, spoil_from_board, spoil_to_board, unplug_after
from glutesym.flash.raw_repl import BoardGoneError
from glutesym.flash.upload import (
    OWNED,
    BoardFiles,
    FlashFullError,
    HashMismatchError,
    Upload,
    make_plan,
)
from glutesym.virtual.usb_board import board_on_usb
from glutesym.virtual.virtual_pod import PodHardware

FILES = {
    "main.py": b"import a\n",
    "a.py": b"VALUE = 1\n" * 300,
    "b.py": bytes(range(256)) * 9 + "ä\r\n'\"\\".encode(),
    "empty.py": b"",
}
NAMES = st.sampled_from(["a.py", "b.py", "c.py", "main.py", "boot.py", "settings.json", "x.txt"])


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def bring(upload: Upload) -> None:
    plan = upload.look()
    upload.send(plan, lambda name, count: None)
    upload.switch(plan)


def contents(folder, names=FILES) -> dict[str, bytes]:
    flash = flash_folder(folder)
    return {name: (flash / name).read_bytes() for name in names if (flash / name).exists()}


def leftovers(folder) -> list[str]:
    return [path.name for path in flash_folder(folder).glob("*.new")]


@given(
    st.dictionaries(NAMES.filter(lambda name: name.endswith(".py")), st.binary(), min_size=1),
    st.dictionaries(NAMES, st.binary()),
    st.lists(NAMES),
)
def test_a_plan_sends_what_differs_and_removes_only_what_was_ours(wanted, there, owned):
    board = BoardFiles(
        {name: len(data) for name, data in there.items()},
        {name: sha256(data) for name, data in there.items() if name in wanted},
        tuple(owned),
        4096,
        1000,
    )
    plan = make_plan(wanted, board)
    assert set(plan.send) == {name for name in wanted if there.get(name) != wanted[name]}
    assert set(plan.send) | set(plan.same) == set(wanted)
    assert "main.py" not in plan.send[:-1]
    ours = set(owned) - {"boot.py", "settings.json", "x.txt"}
    assert set(plan.remove) == ours & set(there) - set(wanted)
    assert plan.missing_bytes == 0
    if plan.send:
        full = make_plan(wanted, replace(board, free_blocks=0))
        assert full.missing_bytes > sum(len(wanted[name]) for name in plan.send)
    done = {**{name: data for name, data in there.items() if name not in plan.remove}, **wanted}
    after = BoardFiles(
        {name: len(data) for name, data in done.items()},
        {name: sha256(data) for name, data in wanted.items()},
        tuple(wanted),
        4096,
        0,
    )
    again = make_plan(wanted, after)
    assert (again.send, again.remove, again.missing_bytes) == ((), (), 0)


def test_what_was_sent_is_there_and_only_changes_go_the_next_time(tmp_path):
    flash = flash_folder(tmp_path)
    sent: list[tuple[str, int]] = []
    with board_on_usb(tmp_path) as board, prompt(board) as repl:
        (flash / "settings.json").write_text("{}")
        (flash / "mine.py").write_text("pass\n")
        bring(Upload(repl, FILES, "1"))
        assert contents(tmp_path) == FILES
        assert json.loads((flash / OWNED).read_text()) == {"firmware": "1", "files": sorted(FILES)}
        newer = {name: data for name, data in FILES.items() if name != "b.py"} | {"a.py": b"new"}
        upload = Upload(repl, newer, "2")
        plan = upload.look()
        assert (plan.send, plan.remove) == (("a.py",), ("b.py",))
        assert set(plan.others) == {"settings.json", "mine.py"}
        upload.send(plan, lambda *done: sent.append(done))
        assert contents(tmp_path) == FILES  # until all is there nothing has changed
        upload.switch(plan)
    assert sent == [("a.py", 3)]
    assert contents(tmp_path) == newer
    names = {path.name for path in flash.iterdir()}
    assert names == {*newer, OWNED, "settings.json", "mine.py"}


@pytest.mark.parametrize("after_bytes", [300, 1600, 3200, 5000, 6000])
def test_unplugged_in_mid_write_nothing_has_changed_and_the_next_time_completes_it(
    tmp_path, after_bytes
):
    old = {**FILES, "a.py": b"old a", "main.py": b"old main", "gone.py": b"old"}
    new = {**FILES, "d.py": b"D" * 3000}
    with board_on_usb(tmp_path) as board:
        with prompt(board) as repl:
            bring(Upload(repl, old, "1"))
            upload = Upload(repl, new, "2")
            plan = upload.look()
            unplug_after(board, after_bytes)
            with pytest.raises(BoardGoneError):
                upload.send(plan, lambda *done: None)
        assert contents(tmp_path, old) == old
        board.call(lambda: delattr(board.pod.usb, "send"))
        board.call(board.connect)
        with prompt(board) as repl:
            bring(Upload(repl, new, "2"))
    assert contents(tmp_path, {*old, *new}) == new
    assert not leftovers(tmp_path)


def test_unplugged_while_the_files_change_their_names_the_next_time_completes_it(tmp_path):
    old = {**FILES, "gone.py": b"old"}
    new = {name: data + b"#" for name, data in FILES.items()}
    with board_on_usb(tmp_path) as board:
        with prompt(board) as repl:
            bring(Upload(repl, old, "1"))
            upload = Upload(repl, new, "2")
            plan = upload.look()
            upload.send(plan, lambda *done: None)
            # Half of the names, then the cable.
            repl.run("_switch(('a.py', 'empty.py'), '.new')")
            board.call(board.disconnect)
            with pytest.raises(BoardGoneError):
                upload.switch(plan)
        board.call(board.connect)
        with prompt(board) as repl:
            bring(Upload(repl, new, "2"))
    assert contents(tmp_path, {*old, *new}) == new
    assert not leftovers(tmp_path)


def test_a_byte_that_changed_on_the_way_is_sent_again(tmp_path):
    spoilt: list[bytes] = []

    def change(data: bytes) -> bytes:
        if not spoilt and b"VALUE = 1" in data:
            spoilt.append(data)
            return data.replace(b"VALUE = 1", b"VALUE = 2", 1)
        return data

    with board_on_usb(tmp_path) as board, prompt(board) as repl:
        spoil_to_board(board, change)
        bring(Upload(repl, FILES, "1"))
    assert spoilt
    assert contents(tmp_path) == FILES


def test_a_line_that_always_changes_bytes_is_an_error_and_nothing_has_changed(tmp_path):
    with board_on_usb(tmp_path) as board, prompt(board) as repl:
        bring(Upload(repl, {"a.py": b"old", "main.py": b"old"}, "0"))
        spoil_to_board(board, lambda data: data.replace(b"VALUE = 1", b"VALUE = 2"))
        with pytest.raises(HashMismatchError, match=r"a\.py did not arrive.*Nothing was changed"):
            bring(Upload(repl, FILES, "1"))
    assert contents(tmp_path) == {"a.py": b"old", "main.py": b"old"}
    assert not leftovers(tmp_path)


def test_garbage_on_the_line_is_lived_with(tmp_path):
    """Once in the middle of a file: in step again, and that file anew."""
    answers = 0

    def garbage(data: bytes) -> bytes:
        nonlocal answers
        answers += 1
        return b"\x00garbage\xff" + data if answers == 40 else data

    with board_on_usb(tmp_path) as board, prompt(board) as repl:
        spoil_from_board(board, garbage)
        bring(Upload(repl, FILES, "1"))
    assert answers > 40
    assert contents(tmp_path) == FILES


@pytest.mark.parametrize("foreseen", [True, False])
def test_a_full_flash_is_said_and_left_as_it_was(tmp_path, foreseen):
    """On MicroPython's own littlefs; also when it has less room than it says."""
    hardware = PodHardware(blank=True, flash_bytes=16 * 4096)
    with board_on_usb(tmp_path, hardware=hardware) as board, prompt(board) as repl:
        bring(Upload(repl, {"main.py": b"old"}, "0"))
        repl.run("with open('log.txt', 'wb') as file:\n    file.write(b'x' * 9000)")
        upload = Upload(repl, {"main.py": b"new", "big.py": b"b" * 50_000}, "1")
        plan = upload.look()
        assert plan.missing_bytes > 10_000
        if not foreseen:
            plan = replace(plan, missing_bytes=0)
        with pytest.raises(FlashFullError, match=r"too full.*log\.txt \(9 kB\)"):
            upload.send(plan, lambda *done: None)
        left = repl.run("print(sorted(os.listdir()), open('main.py').read())")
        assert left.split("]")[0] == f"['{OWNED}', 'log.txt', 'main.py'"
        assert left.split()[-1] == "old"
        bring(Upload(repl, {"main.py": b"new", "big.py": b"b" * 9000}, "1"))
        assert repl.run("print(open('main.py').read())").split() == ["new"]


def test_a_damaged_list_of_what_is_ours_is_none(tmp_path):
    with board_on_usb(tmp_path) as board, prompt(board) as repl:
        for content in ("", "[", '{"files": 3}', '{"files": [1, "../x.py", "b.py"]}'):
            (flash_folder(tmp_path) / OWNED).write_text(content)
            (flash_folder(tmp_path) / "b.py").write_bytes(b"mine")
            bring(Upload(repl, {"main.py": content.encode()}, "1"))
            assert contents(tmp_path, ["main.py"])["main.py"] == content.encode()
            kept = (flash_folder(tmp_path) / "b.py").exists()
            assert kept == ("b.py" not in content)
