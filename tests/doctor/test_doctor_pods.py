"""The key file, and what pods in reach say: real firmware on the virtual radio."""

from __future__ import annotations

import json
import os
import sys
from contextlib import asynccontextmanager

import pytest
from recorded_computers import answers, linux, patient, with_adapter

from glutesym import wire
from glutesym.doctor.keys import key_file
from glutesym.doctor.places import VirtualWorld
from glutesym.doctor.pods import description, in_reach, not_seen
from glutesym.doctor.radio import Air
from glutesym.doctor.surroundings import Computer, Ran
from glutesym.doctor.virtual_pods import machine
from glutesym.errors import MissingPartError
from glutesym.keys import KeyRing, OwnedPod
from glutesym.links.base import FoundPod

LEFT = OwnedPod("e6614c311b1a2b3c", "left", bytes(32))
RIGHT = OwnedPod("e6614c311b1a2b3d", "right", bytes(32))
WELL = {
    "side": "left", "firmware": "1.2.3", "micropython": "1.29.0", "board": "B", "errors": 0,
    "battery_mv": 3900, "battery_pct": 60, "faults": 0, "bench": False,
    "emg": {"chip": "ADS1292R", "rate_sps": 2000, "gain": 6, "ok": True},
}  # fmt: skip


class Troubled(VirtualWorld):
    """Two virtual pods with which something is wrong before anybody looks for them."""

    def __init__(self, trouble):
        super().__init__()
        self._trouble = trouble

    @asynccontextmanager
    async def transport(self):
        async with super().transport() as transport:
            self._trouble(self.simulation)
            yield transport


def by_name(findings):
    return {finding.what: finding for finding in findings}


def test_two_virtual_pods_are_found_asked_and_tested():
    found = by_name(Air(VirtualWorld()).look())
    assert {finding.mark for finding in found.values()} == {"ok"}
    for side in ("Left", "Right"):
        assert "as in this program" in found[f"{side} firmware"].found
        assert "ADS1292R, 2000 samples/s" in found[f"{side} sensors"].found
        assert "%" in found[f"{side} battery"].found
        assert found[f"{side} self-test"].found.startswith("works")


def test_a_pod_that_is_off_is_not_in_reach_and_the_other_one_is_examined():
    found = by_name(Air(Troubled(lambda world: world.pods["left"].switch_off())).look())
    assert found["Left pod"].mark == "warning"
    assert "Move the pods" in found["Left pod"].fix
    assert found["Right self-test"].mark == "ok"


def test_an_adapter_that_is_off_is_explained_by_the_system(tmp_path):
    place = Troubled(lambda world: world.set_adapter(False))
    (radio,) = Air(place).look()
    assert "Bluetooth is off" in radio.found
    with_adapter(tmp_path)
    place = Troubled(lambda world: world.set_adapter(False))
    place.computer, place.subject = linux(tmp_path), "pods"

    async def names():
        return ["org.bluez"]

    found = by_name(Air(place, names_on_bus=names).look())
    assert found["Power"].fix == "`bluetoothctl power on`."
    assert found["Pods in reach"].mark == "not checked"


def test_a_pod_with_another_key_is_a_problem_and_hides_nothing(monkeypatch):
    strange = VirtualWorld()
    (tag, (identity, side, _)) = next(iter(strange.simulation.keys.items()))
    strange.simulation.keys[tag] = (identity, side, bytes(32))
    found = by_name(Air(strange).look())
    assert found["Left pod"].mark == "problem"
    assert "glutesym provision" in found["Left pod"].found
    assert found["Right self-test"].mark == "ok"


def test_a_pod_may_be_looked_at_without_being_asked():
    found = by_name(Air(VirtualWorld(), ask=False).look())
    assert [name.partition("-")[0] for name in found] == ["glutesym", "glutesym"]


@pytest.mark.parametrize(
    ("change", "what", "mark", "words"),
    [
        ({"firmware": "1.0.0"}, "firmware", "warning", "this program has 1.2.3"),
        ({"battery_pct": 9}, "battery", "warning", "9 % (3.90 V)"),
        ({"battery_pct": None}, "battery", "not checked", "does not tell"),
        ({"errors": wire.ERROR_IMU_CHIP}, "sensors", "problem", "motion sensor"),
        ({"errors": None, "emg": {"ok": False}}, "sensors", "problem", "EMG front end"),
        ({"errors": wire.ERROR_EMG_CHIP, "emg": {"ok": False}}, "sensors", "problem", "EMG front"),
        ({"faults": 3}, "faults", "warning", "3 line(s)"),
        ({"bench": True}, "bench mode", "warning", "USB power"),
        ({"side": "right"}, "side", "warning", "key file says left"),
    ],
)
def test_what_is_wrong_with_a_pod_is_told_with_its_fix(change, what, mark, words):
    found = list(description("pods", LEFT, {**WELL, **change}, "1.2.3"))
    (finding,) = [finding for finding in found if finding.mark != "ok"]
    assert (finding.what, finding.mark) == (f"Left {what}", mark)
    assert words in finding.found
    assert finding.fix or mark == "not checked"


def test_a_pod_that_is_well_has_nothing_else_to_tell():
    found = list(description("pods", LEFT, WELL, "1.2.3"))
    assert [finding.what for finding in found] == ["Left firmware", "Left battery", "Left sensors"]
    assert all(finding.mark == "ok" for finding in found)


def test_pods_in_reach_are_told_with_their_signal():
    seen = [
        FoundPod(LEFT, "glutesym-1A2B3C", "A", -60, None),
        FoundPod(None, "glutesym-FFFFFF", "B", -92, None),
        FoundPod(RIGHT, "glutesym-1A2B3D", "C", -92, None),
    ]
    found = by_name(in_reach("bluetooth", seen, 3))
    assert found["glutesym-1A2B3C"].found == "yours, left, signal strong (−60 dBm)"
    assert found["glutesym-1A2B3D"].mark == "warning"
    assert found["glutesym-FFFFFF"].mark == "ok"  # a weak signal of somebody else's pod
    others = by_name(not_seen("pods", [LEFT, RIGHT], seen[1:]))
    assert others["Left pod"].mark == "warning"
    assert "glutesym provision" in others["A pod of others"].found
    assert [finding.mark for finding in in_reach("bluetooth", [], 3)] == ["warning"]


def test_a_key_file_is_told_by_what_it_holds(tmp_path):
    path = tmp_path / "pods.json"
    (absent,) = key_file(path)
    assert (absent.mark, "provision --side left" in absent.fix) == ("warning", True)
    ring = KeyRing.load(path)
    ring.add(LEFT)
    ring.save()
    file, owned = key_file(path)
    assert file.mark == "ok"
    assert owned.mark == "warning"
    assert "provision --side right" in owned.fix
    ring.add(RIGHT)
    ring.save()
    file, owned = key_file(path)
    assert (file.mark, owned.mark) == ("ok", "ok")
    assert owned.found == "left 1A2B3C, right 1A2B3D"
    assert json.loads(path.read_text())["pods"][0]["key"] not in file.found + owned.found
    if os.name == "posix":
        assert "0600" in file.found
        path.chmod(0o644)
        (open_to_all,) = key_file(path)
        assert open_to_all.mark == "problem"
        assert f"chmod 600 {path}" in open_to_all.fix
        path.chmod(0o600)
    path.write_text("{")
    (damaged,) = key_file(path)
    assert damaged.mark == "problem"
    assert "glutesym provision" in damaged.found


@pytest.mark.skipif(sys.platform == "win32", reason="there is no VM")
def test_the_vm_starts_here():
    vm, firmware = machine(Computer(run=patient))
    assert (vm.mark, firmware.mark) == ("ok", "ok")
    assert vm.found.startswith("1.")


def test_a_vm_that_is_absent_or_broken_is_told(tmp_path):
    def absent():
        raise MissingPartError("The MicroPython VM", 'pip install "glutesym[sim]"')

    (missing,) = machine(linux(tmp_path), absent)
    assert missing.mark == "warning"
    assert 'pip install "glutesym[sim]"' in missing.fix
    old = answers({"micropython": Ran(1, "version `GLIBC_2.38' not found\n")})
    broken, _ = machine(linux(tmp_path, run=old), lambda: "/usr/bin/micropython")
    assert broken.mark == "problem"
    assert "GLIBC_2.38" in broken.found
