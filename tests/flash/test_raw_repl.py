"""The raw prompt of a real MicroPython, through pyserial, over a line that may be bad."""

from __future__ import annotations

import pytest

from board_faults import (
    have_firmware,
    prompt,
    spoil_from_board,
    spoil_to_board,
    unplug_after,
)
from glutesym.flash import raw_repl
from glutesym.flash.raw_repl import BoardGoneError, BoardRaisedError, GarbledError, RawRepl
from glutesym.links.serial_port import open_port
from glutesym.virtual.usb_board import UsbBoard, board_on_usb


@pytest.fixture
def board(tmp_path):
    with board_on_usb(tmp_path) as there:
        yield there


def check_prompt(repl: RawRepl) -> None:
    assert repl.run("x = 6\nprint(x * 7)").split() == ["42"]
    assert repl.run("print(x)").split() == ["6"]  # it remembers
    assert repl.run("") == ""
    long = "total = 0\n" + "".join(f"total += {n}\n" for n in range(2000)) + "print(total)"
    assert repl.run(long).split() == [str(sum(range(2000)))]
    assert repl.run("import sys; sys.stdout.write('ä\\x00>OK')").startswith("ä\x00>OK")
    with pytest.raises(BoardRaisedError, match="ValueError: no") as error:
        repl.run("print('before')\nraise ValueError('no')")
    assert "Traceback" in error.value.traceback
    with pytest.raises(BoardRaisedError, match="SyntaxError"):
        repl.run("1 +\n" + "y = 1\n" * 500)  # it stops reading before all of it has come
    assert repl.run("print(1)").split() == ["1"]


def test_source_runs_in_raw_paste_mode(board: UsbBoard):
    with prompt(board) as repl:
        check_prompt(repl)
        assert repl.pastes


@pytest.mark.parametrize("old", [False, True])
def test_without_raw_paste_mode_it_runs_in_plain_raw_mode(board: UsbBoard, old: bool):
    """A board says that it has none; an old one takes the question for an end of line."""
    answer = b"R\x00" if not old else b"raw REPL; CTRL-B to exit\r\n>"

    def no_paste(data: bytes) -> bytes:
        if b"\x05A\x01" not in data:
            return data
        pod = board.pod
        pod.usb.on_sent(answer, 0)
        return data.replace(b"\x05A\x01", b"")

    with prompt(board) as repl:
        spoil_to_board(board, no_paste)
        check_prompt(repl)
        assert not repl.pastes


def test_a_pod_that_runs_is_stopped_and_goes_on_after_a_restart(tmp_path):
    have_firmware(tmp_path)
    with board_on_usb(tmp_path) as board:
        with prompt(board) as repl:
            assert "main.py" in repl.run("import os; print(os.listdir())")
            assert not board.pod.process.running
            repl.restart()
        port = open_port_when_back(board)
        try:
            repl = RawRepl(port, "port")
            assert not repl.enter_if_idle()  # the pod's program is no prompt, and goes on
            assert board.pod.process.running
        finally:
            port.close()


@pytest.mark.parametrize("left", [b"print('''\r", b"if 1:\r", b"x = (\r", b"\x05x\r", b"half"])
def test_what_somebody_has_left_at_the_prompt_is_no_obstacle(board: UsbBoard, left):
    with open_port(str(board.port)) as port:
        port.write(b"\r")
        assert port.read_until(b">>> ").endswith(b">>> ")
        port.write(left)
        repl = RawRepl(port, "port")
        assert repl.enter_if_idle()
        assert repl.run("print(6 * 7)").split() == ["42"]


def open_port_when_back(board: UsbBoard):
    from glutesym.flash.boards import wait_until

    assert wait_until(lambda: True if board.port.exists() else None, 10)
    return open_port(str(board.port))


def test_a_crashed_program_is_no_obstacle(tmp_path):
    have_firmware(tmp_path)
    (tmp_path / "board" / "flash" / "main.py").write_text("import nothing\n")
    with board_on_usb(tmp_path) as board, prompt(board) as repl:
        assert repl.run("print(3)").split() == ["3"]
        assert "no module named 'nothing'" in board.pod.process.console()


def test_an_unplugged_board_is_said(board: UsbBoard):
    with prompt(board) as repl:
        unplug_after(board, 1000)
        with pytest.raises(BoardGoneError, match="is gone"):
            repl.run("x = 1\n" * 1000)
        with pytest.raises(BoardGoneError, match="is gone"):
            repl.run("1")
        repl.restart()  # nothing to do, and no error


def test_garbage_among_the_answers_is_found(board: UsbBoard):
    spoilt: list[bytes] = []

    def garbage(data: bytes) -> bytes:
        if not spoilt and b"\x04" in data:
            spoilt.append(data)
            return b"\xff\x04~" + data + b"noise"
        return data

    with prompt(board) as repl:
        spoil_from_board(board, garbage)
        with pytest.raises(GarbledError, match="does not answer as MicroPython"):
            repl.run("print(1)")
        assert spoilt
        repl.enter()  # in step again
        assert repl.run("print(2)").split() == ["2"]


def test_what_does_not_answer_is_no_prompt(board: UsbBoard, monkeypatch):
    monkeypatch.setattr(raw_repl, "STOP_S", 0.5)
    spoil_from_board(board, lambda data: b"")
    repl = RawRepl(open_port(str(board.port)), "COM7")
    with pytest.raises(GarbledError, match="COM7 does not answer"):
        repl.enter()
    repl.close()


def test_noise_before_the_prompt_does_no_harm(board: UsbBoard):
    spoil_from_board(board, lambda data: data.replace(b">>> ", b"\x00\xffraw REPL; \x04>>>> "))
    with prompt(board) as repl:
        assert repl.run("print(5)").split() == ["5"]
