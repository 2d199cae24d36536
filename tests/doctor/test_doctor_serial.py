"""Serial ports: boards, who may use them, and whether a pod answers."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import pytest
from recorded_computers import linux, write

from glutesym.doctor.serial_ports import ports
from glutesym.doctor.surroundings import Computer
from glutesym.keys import KeyRing
from glutesym.links.serial_port import port_problem
from usb_bench import bench_beside

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="pseudo-terminals")


@dataclass
class Listed:
    device: str
    vid: int | None = 0x2E8A
    pid: int | None = 0x0005


def told(computer, listed, keys=None):
    ring = keys or KeyRing.of([])
    found = ports(computer, lambda: ring, lambda: listed)
    return {finding.what: finding for finding in found}


@on_linux
def test_a_pod_on_usb_is_greeted_and_known_by_its_owner(tmp_path):
    with bench_beside(tmp_path) as bench:
        port = Listed(str(bench.port))
        mine = told(linux(tmp_path), [port], bench.keys())[port.device]
        others = told(linux(tmp_path), [port])[port.device]
    assert mine.mark == "ok"
    assert "yours, left" in mine.found
    assert others.mark == "warning"
    assert "glutesym provision" in others.fix


@on_linux
def test_a_busy_port_is_a_problem_with_its_fix(tmp_path):
    import serial

    master, slave = os.openpty()
    port = Listed(os.ttyname(slave))
    with serial.Serial(port.device, exclusive=True):
        finding = told(linux(tmp_path), [port])[port.device]
    os.close(master)
    os.close(slave)
    assert finding.mark == "problem"
    assert "is busy: another program uses it" in finding.found
    assert finding.fix.startswith("Close that program")


@on_linux
def test_a_board_that_does_not_answer_may_not_be_flashed(tmp_path):
    master, slave = os.openpty()
    port = Listed(os.ttyname(slave))
    finding = told(linux(tmp_path), [port])[port.device]
    os.close(master)
    os.close(slave)
    assert finding.mark == "warning"
    assert "does not answer as a pod" in finding.found
    assert "glutesym flash" in finding.fix


def test_other_ports_are_listed_and_left_alone(tmp_path):
    found = told(linux(tmp_path), [Listed("/dev/ttyS0", None, None), Listed("COM9", 1, 2)])
    assert (
        found["Others"].found == "/dev/ttyS0, COM9" or found["Others"].found == "COM9, /dev/ttyS0"
    )
    assert "none is a board" in found["Boards"].found


@pytest.mark.parametrize(
    ("groups", "next_time", "mark", "fix"),
    [
        ((), (), "warning", "sudo usermod -aG dialout $USER"),
        ((), ("dialout",), "warning", "Log out and in again."),
        (("dialout",), (), "ok", ""),
    ],
)
def test_on_linux_a_user_is_told_about_the_group_before_there_is_a_port(
    tmp_path, groups, next_time, mark, fix
):
    write(tmp_path, {"etc/group": "root:x:0:\ndialout:x:20:\n"})
    computer = linux(tmp_path, groups=frozenset(groups), groups_next_time=frozenset(next_time))
    finding = told(computer, [])["Permission"]
    assert finding.mark == mark
    assert fix in finding.fix


def test_who_needs_no_group_is_told_nothing_about_it(tmp_path):
    write(tmp_path, {"etc/group": "uucp:x:20:\n"})
    assert "uucp" in told(linux(tmp_path), [])["Permission"].found
    for computer in (linux(tmp_path, all_powerful=True), Computer("darwin"), Computer("win32")):
        assert "Permission" not in told(computer, [])


def test_a_port_that_cannot_be_opened_names_the_fix_of_this_system():
    denied = PermissionError(13, "Permission denied")
    assert "usermod -aG dialout" in port_problem("/no/such/port", denied, "linux")
    assert "ls -l" in port_problem("/dev/cu.usbmodem1", denied, "darwin")
    busy = OSError("could not open port 'COM3': PermissionError(13, 'Access is denied.')")
    assert "COM3 is busy" in port_problem("COM3", busy, "win32")
    gone = OSError("could not open port 'COM3': FileNotFoundError(2, 'The system cannot')")
    assert "There is no port COM3" in port_problem("COM3", gone, "win32")
