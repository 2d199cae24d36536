"""`glutesym flash` as a user meets it, with virtual boards on a pseudo-terminal."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from board_faults import (
    BootRom,
    Silent,
    flash_folder,
    have_firmware,
    list_as_usb,
    spoil_from_board,
    unplug_after,
)
from glutesym import cli_flash, wire
from glutesym.cli import app
from glutesym.decode import split_frames
from glutesym.errors import FlashError, GlutesymError
from glutesym.flash import boards, drives, raw_repl
from glutesym.flash.boards import BoardFacts, check_board, find_boards, the_board, wait_until
from glutesym.flash.drives import boot_drive, copy_image, mount_points
from glutesym.flash.run import Flashed, Stage, Wish, flash_board
from glutesym.flash.upload import OWNED
from glutesym.keys import KeyRing
from glutesym.links.serial_port import open_port
from glutesym.links.usb import UsbTransport
from glutesym.podfiles import copy_files, expected_firmware, pod_files
from glutesym.virtual.usb_board import UsbBoard, board_on_usb
from glutesym.virtual.virtual_pod import PodHardware
from uf2_maker import micropython

RUNNER = CliRunner(env={"COLUMNS": "200"})


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch):
    """A key file of this test's own."""
    path = tmp_path / "keys" / "pods.json"
    monkeypatch.setenv("GLUTESYM_KEYS", str(path))
    return path


@pytest.fixture
def board(tmp_path):
    with board_on_usb(tmp_path) as there:
        yield there


def run(*arguments: str, code: int = 0) -> str:
    result = RUNNER.invoke(app, ["flash", *arguments])
    if isinstance(result.exception, GlutesymError) and code == 1:
        return f"{result.output}\n{result.exception}"
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


def same_as_here(folder: Path) -> bool:
    flash = flash_folder(folder)
    return all(
        (flash / name).exists() and (flash / name).read_bytes() == path.read_bytes()
        for name, path in pod_files().items()
    )


def test_a_blank_board_becomes_a_pod_that_streams(board: UsbBoard, tmp_path, keys, monkeypatch):
    """The way of a new pod, then of an update: nothing that is the pod's own is lost."""
    monkeypatch.setattr(cli_flash.out, "width", 300)  # long paths in one line
    text = run("--side", "right", "--port", str(board.port))
    for words in (
        f"glutesym-{board.pod.id[-6:].upper()} · right",
        expected_firmware(),
        "25 sent, 0 as they were",
        "works (test signal 100 %",
    ):
        assert words in text
    assert str(keys) in text
    assert same_as_here(tmp_path)
    (owned,) = KeyRing.load(keys)
    assert (owned.id, owned.side) == (board.pod.id, "right")

    flash = flash_folder(tmp_path)
    settings = (flash / "settings.json").read_text()
    (flash / "faults.txt").write_text("an old fault\n")
    (flash / "pod.py").write_text("# of an earlier firmware\n")
    (flash / "obsolete.py").write_text("# of an earlier firmware\n")
    (flash / "boot.py").write_text("# mine\n")
    note = json.loads((flash / OWNED).read_text())
    (flash / OWNED).write_text(json.dumps({**note, "files": [*note["files"], "obsolete.py"]}))
    text = run("--side", "right", "--port", str(board.port))
    assert "1 sent, 24 as they were, 1 removed" in text
    assert same_as_here(tmp_path)
    assert (flash / "settings.json").read_text() == settings
    assert "an old fault" in (flash / "faults.txt").read_text()
    assert (flash / "boot.py").exists()
    assert not (flash / "obsolete.py").exists()
    assert [pod.key for pod in KeyRing.load(keys)] == [owned.key]

    resets = board.pod.resets
    RUNNER.invoke(app, ["settings", "right", "--bench", "--port", str(board.port)])
    assert wait_until(lambda: True if board.pod.resets > resets else None, 20)
    frames = asyncio.run(stream(str(board.port), KeyRing.load(keys)))
    split = split_frames(np.frombuffer(frames, np.uint8).reshape(-1, wire.FRAME_BYTES))
    assert (split.bad, len(split.emg) > 3) == (0, True)


async def stream(port: str, ring: KeyRing) -> bytes:
    """Have a pod in bench mode stream until some frames are here."""
    async with asyncio.timeout(30):
        transport = UsbTransport(ring, [port])
        (found,) = await transport.scan(20)
        link = await transport.connect(found)
        frames: list[bytes] = []
        enough = asyncio.Event()

        def on_frame(_t_host_ns: int, frame: bytes) -> None:
            frames.append(frame)
            if len(frames) >= 20:
                enough.set()

        await link.subscribe(on_frame)
        await link.write(wire.command(wire.START, 24))
        await enough.wait()
        await link.write(wire.command(wire.STOP))
        await link.close()
    return b"".join(frames)


def test_without_a_board_it_can_be_tried(keys):
    text = run("--virtual", "--side", "left")
    assert "· left" in text
    assert "not kept: a virtual board" in text
    assert not keys.exists()


def test_two_pods_one_after_the_other(keys, tmp_path, monkeypatch):
    """Left; it is unplugged and the other one plugged in; right."""
    with board_on_usb(tmp_path / "a") as first, board_on_usb(tmp_path / "b", "right") as second:
        second.call(second.disconnect)
        list_as_usb(monkeypatch, first, second)
        wait = boards.wait_until

        def hands(look, timeout_s=None):
            """Do what the user is asked to, once somebody waits for it for ever."""
            assert look() is None or timeout_s
            if timeout_s is None:
                first.call(first.disconnect)
                assert look() is None
                second.call(second.connect)
            return wait(look, timeout_s)

        monkeypatch.setattr(boards, "wait_until", hands)
        text = run("--both")
    assert text.index("000101 · left") < text.index("000102 · right")
    assert "unplug it and plug in the next board" in text
    assert "With both pods: glutesym app" in " ".join(text.replace("│", " ").split())
    assert "The other one:" not in text
    assert [pod.side for pod in KeyRing.load(keys)] == ["left", "right"]


def test_the_same_pod_again_is_not_the_other_one(board: UsbBoard):
    (found,) = find_boards(str(board.port))
    with pytest.raises(FlashError, match="done already"):
        flash_board(found, Wish(other_than=frozenset({board.pod.id})), Silent())


def test_a_dry_run_changes_nothing(tmp_path, keys):
    have_firmware(tmp_path)
    flash = flash_folder(tmp_path)
    with board_on_usb(tmp_path) as board:
        before = {path.name: path.read_bytes() for path in flash.iterdir() if path.suffix == ".py"}
        text = run("--dry-run", "--port", str(board.port))
        assert "Would send: status_led.py" in text
        assert "1 file(s) would be sent" in text
        after = {path.name: path.read_bytes() for path in flash.iterdir() if path.suffix == ".py"}
    assert before == after
    assert not keys.exists()


def test_only_the_firmware(board: UsbBoard, tmp_path, keys):
    text = run("--no-provision", "--port", str(board.port))
    assert "glutesym provision --side left" in text
    assert same_as_here(tmp_path)
    assert not keys.exists()
    assert not (flash_folder(tmp_path) / "settings.json").exists()


def test_a_pod_with_another_owner_is_flashed_and_stays_his(tmp_path, keys):
    copy_files(pod_files(), flash_folder(tmp_path))
    settings = json.dumps({"side": "left", "key": "ab" * 32})
    (flash_folder(tmp_path) / "settings.json").write_text(settings)
    with board_on_usb(tmp_path) as board:
        text = run("--side", "left", "--port", str(board.port), code=1)
    assert "has another owner" in text
    assert (flash_folder(tmp_path) / "settings.json").read_text() == settings


@pytest.mark.parametrize("stage", [Stage.SENDING, Stage.RESTARTING, Stage.TESTING])
def test_ctrl_c_says_how_things_stand_and_the_next_time_completes_it(tmp_path, monkeypatch, stage):
    have_firmware(tmp_path)
    begin = cli_flash._Report.stage

    def interrupted(self, now):
        begin(self, now)
        if now is stage:
            signal.raise_signal(signal.SIGINT)

    with board_on_usb(tmp_path) as board:
        port = str(board.port)
        with monkeypatch.context() as patch:
            patch.setattr(cli_flash._Report, "stage", interrupted)
            text = run("--side", "left", "--port", port, code=130)
        assert f"Interrupted. {stage.if_interrupted}" in text
        assert same_as_here(tmp_path) == (stage is not Stage.SENDING)
        assert wait_until(lambda: True if board.port.exists() else None, 10)
        assert "25 as they were" in run("--no-provision", "--port", port).replace(
            "1 sent, 24", "25"
        )
    assert same_as_here(tmp_path)


def test_a_cable_that_is_pulled_is_said_and_the_next_time_completes_it(board, tmp_path):
    unplug_after(board, 60_000)
    text = run("--side", "left", "--port", str(board.port), code=1)
    assert "is gone" in text
    assert Stage.SENDING.if_interrupted in text
    assert not (flash_folder(tmp_path) / "main.py").exists()
    board.call(lambda: delattr(board.pod.usb, "send"))
    board.call(board.connect)
    run("--no-provision", "--port", str(board.port))
    assert same_as_here(tmp_path)


def test_a_front_end_that_does_not_answer_is_said(tmp_path):
    hardware = PodHardware(blank=True, faults={"emg_miso_dies_s": 0.0})
    with board_on_usb(tmp_path, hardware=hardware) as board:
        text = run("--side", "left", "--port", str(board.port), code=1)
    assert "check the front end's wiring" in text


# --- boards that cannot be used


def test_a_port_that_another_program_uses(board: UsbBoard):
    with open_port(str(board.port)):
        text = run("--side", "left", "--port", str(board.port), code=1)
    assert "is busy: another program uses it" in text


def test_a_port_that_is_not_there_or_may_not_be_used(monkeypatch):
    assert "There is no port /dev/nothing" in run(
        "--side", "left", "--port", "/dev/nothing", code=1
    )

    def refused(name):
        raise PermissionError(13, "Permission denied", name)

    monkeypatch.setattr("glutesym.flash.boards.open_port", refused)
    text = run("--side", "left", "--port", "/dev/ttyACM0", code=1)
    assert "usermod -aG dialout" in text


def test_something_else_on_the_port(board: UsbBoard, monkeypatch):
    monkeypatch.setattr(raw_repl, "STOP_S", 0.5)
    spoil_from_board(board, lambda data: b"NMEA $GPGGA,123519*47\r\n")
    text = run("--side", "left", "--port", str(board.port), code=1)
    assert "does not answer as MicroPython's prompt does" in text


def test_none_or_several_boards(tmp_path, monkeypatch):
    list_as_usb(monkeypatch)
    assert "No board found" in run("--side", "left", code=1)
    assert "No board found" in run("--list", code=1)
    with board_on_usb(tmp_path / "a") as first, board_on_usb(tmp_path / "b", "right") as second:
        list_as_usb(monkeypatch, first, second)
        text = run("--side", "left", code=1)
        assert "There are 2 boards" in text
        assert f"--port {first.port}" in text
    monkeypatch.setattr("glutesym.flash.boards.unmounted_boot_board", lambda: True)
    list_as_usb(monkeypatch)
    monkeypatch.setattr("glutesym.flash.boards.unmounted_boot_board", lambda: True)
    assert "its drive is not mounted" in run("--side", "left", code=1)


def test_an_rp2040_is_too_small(tmp_path):
    hardware = PodHardware(blank=True, machine="Raspberry Pi Pico W with RP2040")
    with board_on_usb(tmp_path, hardware=hardware) as board:
        text = run("--side", "left", "--port", str(board.port), code=1)
    assert "Raspberry Pi Pico W with RP2040: it has 264 kB of memory" in text


def test_a_micropython_that_is_too_old(tmp_path):
    hardware = PodHardware(blank=True, micropython=(1, 24, 1))
    with board_on_usb(tmp_path, hardware=hardware) as board:
        text = run("--side", "left", "--port", str(board.port), code=1)
    assert "MicroPython 1.24.1 is on the board; a pod needs 1.26" in text


GOOD = BoardFacts(
    "micropython", (1, 29, 0), "rp2", "Raspberry Pi Pico 2 W with RP2350", "e6", True
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"implementation": "circuitpython"}, "circuitpython runs on this board"),
        ({"platform": "esp32", "machine": "ESP32C3 module with ESP32C3"}, "ESP32C3 module"),
        ({"radio": False, "machine": "Raspberry Pi Pico 2 with RP2350"}, "no Bluetooth"),
        ({"version": (1, 25, 9)}, r"MicroPython 1\.25\.9"),
    ],
)
def test_boards_that_no_firmware_runs_on(changes, said):
    check_board(GOOD)
    with pytest.raises(FlashError, match=said):
        check_board(BoardFacts(**{**GOOD.__dict__, **changes}))


def test_a_side_is_asked_for_at_a_terminal_only(monkeypatch):
    text = RUNNER.invoke(app, ["flash"])
    assert "--side left, or --side right" in str(text.exception)
    with pytest.raises(Exception, match="leave out --side"):
        raise RUNNER.invoke(app, ["flash", "--both", "--side", "left"]).exception


def test_what_is_plugged_in_is_listed(tmp_path, monkeypatch):
    """A pod, a board at its prompt, a drive; the pod's program goes on."""
    copy_files(pod_files(), flash_folder(tmp_path / "pod"))
    with board_on_usb(tmp_path / "pod") as pod, board_on_usb(tmp_path / "new", "right") as new:
        list_as_usb(monkeypatch, pod, new)
        drive = BootRom(tmp_path / "RP2350", new)
        monkeypatch.setattr(drives, "_mounted", lambda: [drive.path, tmp_path])
        monkeypatch.setattr(cli_flash.out, "width", 250)
        text = run("--list")
        assert "the pod glutesym-000101, not yours" in text
        assert "micropython 1." in text
        assert "id e6614c311b000102: ready to be flashed" in text
        assert "RP2350 in boot mode" in text
        assert pod.pod.process.running


# --- MicroPython


@pytest.mark.parametrize("has_micropython", [False, True])
def test_a_board_gets_micropython_first(tmp_path, monkeypatch, has_micropython):
    """New, in boot mode; or with MicroPython, when an image is named."""
    data = micropython(pages=900)
    image = tmp_path / "image.uf2"
    image.write_bytes(data)
    with board_on_usb(tmp_path) as board:
        list_as_usb(monkeypatch, board)
        drive = BootRom(tmp_path / "RP2350", board)
        if has_micropython:

            def mounted() -> list[Path]:
                return [] if board.pod.prompt.running else [drive.path]

            monkeypatch.setattr(drives, "_mounted", mounted)
        else:
            board.call(board.disconnect)
            monkeypatch.setattr(drives, "_mounted", lambda: [drive.path])
        found = the_board()
        assert (found.drive is None) == has_micropython
        report = Silent()
        with drive.running(data):
            flashed = flash_board(found, Wish(image=image), report)
    assert isinstance(flashed, Flashed)
    assert drive.image == data
    assert same_as_here(tmp_path)
    assert Stage.COPYING in report.stages
    assert (len(data), len(data)) in report.bytes
    assert "MicroPython 1.29.0 for SparkFun Thing Plus RP2350" in report.said[0]


def test_a_dry_run_with_an_image_copies_nothing(tmp_path, board):
    drive = BootRom(tmp_path / "RP2350", board)
    image = tmp_path / "image.uf2"
    image.write_bytes(micropython())
    text = run("--dry-run", "--port", str(drive.path), "--image", str(image))
    assert f"Would copy it to {drive.path}" in text
    assert os.listdir(drive.path) == ["INFO_UF2.TXT"]


def test_an_rp2040_in_boot_mode_is_refused(tmp_path, board):
    drive = BootRom(tmp_path / "RPI-RP2", board, "RPI-RP2")
    text = run("--side", "left", "--port", str(drive.path), code=1)
    assert "is a board with an RP2040" in text


def test_a_drive_that_breaks_off_or_stays(tmp_path, board, monkeypatch):
    rom = BootRom(tmp_path / "RP2350", board)
    drive = boot_drive(rom.path)
    assert drive is not None
    monkeypatch.setattr(drives, "_GONE_S", 0.1)
    with pytest.raises(FlashError, match="does not restart"):
        copy_image(drive, micropython(), lambda count: None)
    (rom.path / "micropython.uf2").unlink()
    (rom.path / "micropython.uf2").mkdir()
    with pytest.raises(FlashError, match="no MicroPython now"):
        copy_image(drive, micropython(pages=900), lambda count: None)


def test_drives_are_told_from_others(tmp_path):
    lines = [
        "proc /proc proc rw 0 0",
        r"/dev/sda1 /media/me/My\040Disk\134 vfat rw 0 0",
        "/dev/sda2 / ext4 rw 0 0",
        "broken",
    ]
    assert mount_points(lines) == [Path("/media/me/My Disk\\")]
    assert boot_drive(tmp_path) is None
    assert boot_drive(tmp_path / "missing") is None
    (tmp_path / "INFO_UF2.TXT").write_bytes(b"\xff\x00")
    found = boot_drive(tmp_path)
    assert found is not None
    assert found.chip == "unknown"
