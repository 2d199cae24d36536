"""Why a scan fails, told by the system: each of the three operating systems has its own fix."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys

import pytest
from bleak.exc import BleakError
from recorded_computers import answers, block, linux, with_adapter

from glutesym.doctor.bluetooth import forbidden, names_on_bus, reasons
from glutesym.doctor.places import Here
from glutesym.doctor.radio import Air
from glutesym.doctor.surroundings import Computer, Ran, this_computer
from glutesym.errors import BluetoothError

BUS = ["org.freedesktop.DBus", "org.bluez"]


def told(computer, why, names=BUS):
    """Return the marks and fixes of what is told about a failed scan, by what was looked at."""
    error = BluetoothError(why, "x", computer.system)
    return {found.what: (found.mark, found.fix) for found in reasons(computer, error, names)}


def test_without_an_adapter_linux_is_told_to_plug_one_in(tmp_path):
    found = told(linux(tmp_path), "silent", "No such file or directory")
    assert found["Adapter"][0] == "problem"
    assert "Plug in an adapter" in found["Adapter"][1]
    assert found["Service"] == (
        "problem",
        "`sudo apt install bluez`, then `sudo systemctl enable --now bluetooth`.",
    )
    assert found["Scan"] == ("not checked", "")


@pytest.mark.parametrize(
    ("soft", "hard", "fix"), [(True, False, "rfkill unblock bluetooth"), (True, True, "switch")]
)
def test_a_blocked_radio_is_told_with_what_blocks_it(tmp_path, soft, hard, fix):
    with_adapter(tmp_path)
    block(tmp_path, soft, hard)
    found = told(linux(tmp_path), "off")
    assert found["Adapter"][0] == found["Service"][0] == "ok"
    assert found["Block"][0] == "problem"
    assert fix in found["Block"][1]
    assert "Power" not in found  # it is off because it is blocked


def test_an_adapter_that_is_off_is_switched_on(tmp_path):
    with_adapter(tmp_path)
    block(tmp_path, False, False)
    assert told(linux(tmp_path), "off")["Power"] == ("problem", "`bluetoothctl power on`.")


def test_a_service_that_is_installed_is_started(tmp_path):
    with_adapter(tmp_path)
    without_bluez = told(linux(tmp_path), "silent", ["org.freedesktop.DBus"])
    assert without_bluez["Service"] == ("problem", "`sudo systemctl enable --now bluetooth`.")
    without_bus = told(linux(tmp_path), "silent", "Connection refused")
    assert "systemctl start dbus" in without_bus["Service"][1]


@pytest.mark.parametrize(
    ("groups", "next_time", "fix"),
    [
        ((), (), "sudo usermod -aG bluetooth $USER"),
        ((), ("bluetooth",), "Log out and in again."),
        (("bluetooth",), ("bluetooth",), "/etc/dbus-1"),
    ],
)
def test_who_may_not_use_it_is_told_about_the_group(tmp_path, groups, next_time, fix):
    with_adapter(tmp_path)
    computer = linux(tmp_path, groups=frozenset(groups), groups_next_time=frozenset(next_time))
    assert fix in told(computer, "denied")["Permission"][1]


def test_what_linux_cannot_explain_is_told_as_the_scan_says_it(tmp_path):
    with_adapter(tmp_path)
    found = told(linux(tmp_path), "none")
    assert found["Scan"][0] == "problem"
    assert "rfkill list" in found["Scan"][1]


@pytest.mark.parametrize("system", ["darwin", "win32"])
@pytest.mark.parametrize("why", ["off", "none", "denied", "silent"])
def test_other_systems_get_their_own_fixes(system, why):
    found = told(Computer(system), why)
    assert list(found) == ["Scan"]
    mark, fix = found["Scan"]
    assert mark == "problem"
    assert fix
    assert not any(word in fix for word in ("systemctl", "rfkill", "usermod", "apt install"))


def test_macos_ends_programs_that_are_not_allowed_and_the_doctor_survives_it():
    aborts = answers({"BleakScanner": Ran(-6)})
    computer = Computer("darwin", {"TERM_PROGRAM": "iTerm.app"}, aborts)
    finding = forbidden(computer)
    assert finding is not None
    assert "programs of iTerm" in finding.found
    assert "Privacy & Security" in finding.fix
    assert forbidden(Computer("darwin", {}, answers({"BleakScanner": Ran(0)}))) is None
    assert forbidden(Computer("linux", {}, aborts)) is None
    air = Air(Here(computer, "no keys"))  # never comes to a scan
    assert [found.mark for found in air.look()] == ["problem", "not checked"]


def test_here_and_now_a_scan_says_something_and_a_missing_part_has_a_fix(tmp_path):
    """This machine's own Bluetooth, whatever it is."""
    found = list(Air(Here(this_computer(), tmp_path / "pods.json")).look())
    assert {finding.subject for finding in found} == {"bluetooth", "pods"}
    assert all(finding.fix for finding in found if finding.mark == "problem")


needs_bus = pytest.mark.skipif(
    shutil.which("dbus-daemon") is None or sys.platform != "linux", reason="needs dbus-daemon"
)


@pytest.fixture
def system_bus(tmp_path, monkeypatch):
    """A D-Bus of this test's own, in the place of the system's."""
    config = tmp_path / "bus.conf"
    config.write_text(
        "<!DOCTYPE busconfig PUBLIC '-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN' "
        "'http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd'><busconfig>"
        f"<type>system</type><listen>unix:path={tmp_path}/bus</listen><auth>EXTERNAL</auth>"
        "<policy context='default'><allow user='*'/><allow own='*'/><allow send_type='*'/>"
        "<allow receive_type='*'/><allow send_destination='*'/></policy></busconfig>"
    )
    command = ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"]
    daemon = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert daemon.stdout is not None
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", daemon.stdout.readline().strip())
    yield
    daemon.terminate()
    daemon.communicate(timeout=10)


class World(Here):
    """This computer, with a BlueZ of its own that has an adapter which is switched off."""

    def run(self, main):
        async def with_bluez():
            from stand_in_bluez import bluez  # D-Bus is on Linux only

            bus = await bluez()
            try:
                await main
            finally:
                bus.disconnect()

        asyncio.run(with_bluez())


@needs_bus
@pytest.mark.usefixtures("system_bus")
def test_a_real_bus_without_bluez(tmp_path):
    names = asyncio.run(names_on_bus())
    assert "org.freedesktop.DBus" in names
    assert "org.bluez" not in names
    with_adapter(tmp_path)
    found = {f.what: f for f in Air(Here(linux(tmp_path), tmp_path / "pods.json")).look()}
    assert found["Service"].found == "BlueZ is installed but not running"


@needs_bus
@pytest.mark.usefixtures("system_bus")
def test_a_real_bus_with_an_adapter_that_is_off(tmp_path):
    """bleak asks it, and so does the doctor."""
    with_adapter(tmp_path)
    found = {f.what: f for f in Air(World(linux(tmp_path), tmp_path / "pods.json")).look()}
    assert found["Service"].found == "BlueZ answers on D-Bus"
    assert found["Power"].mark == "problem"
    assert "No powered Bluetooth adapters" in found["Scan"].found


def test_what_else_a_stack_raises_is_told(tmp_path, monkeypatch):
    def broken(*_arguments, **_settings):
        raise BleakError("a stack nobody has met")

    monkeypatch.setattr("glutesym.links.ble.BleakScanner", broken)
    found = list(Air(Here(Computer("win32"), tmp_path / "pods.json")).look())
    assert "a stack nobody has met" in found[0].found
