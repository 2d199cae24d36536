"""What to do is said for everything that can go wrong."""

from __future__ import annotations

import pytest
from bleak.exc import (
    BleakBluetoothNotAvailableError,
    BleakBluetoothNotAvailableReason,
    BleakDBusError,
    BleakError,
)

from glutesym.advice import advice_for, signal_steps, signal_text
from glutesym.analysis.quality import LEAD_OFF, RAIL, hum_flaws, lifting_flaws, noise_flaws
from glutesym.bluetooth_fixes import bluetooth_steps
from glutesym.errors import (
    BluetoothError,
    GlutesymError,
    KeyFileError,
    NotOwnedError,
    PodNotFoundError,
    RefusedError,
    UnsuitableError,
)
from glutesym.links.ble import bluetooth_trouble


@pytest.mark.parametrize(
    "error",
    [
        BluetoothError("off", ""),
        BluetoothError("none", "x."),
        BluetoothError("denied", "x"),
        BluetoothError("silent", "x"),
        NotOwnedError(("left",)),
        PodNotFoundError(("right",), 20.0, strangers=2),
        RefusedError("glutesym-1A2B3C", "no owner"),
        UnsuitableError("The pod speaks another version. Flash it."),
        KeyFileError("pods.json", "is damaged."),
        GlutesymError("Something else."),
        ValueError(),
    ],
)
def test_every_error_has_a_title_and_a_step(error):
    advice = advice_for(error)
    assert advice.title
    assert all(advice.steps)


def test_an_error_of_bluetooth_is_one_sentence_after_the_other():
    assert "Bluetooth is off (no reason given). Switch it on" in str(BluetoothError("off", ""))
    assert "(no adapter). Plug" in str(BluetoothError("none", "no adapter."))


@pytest.mark.parametrize(
    ("system", "own", "others"),
    [
        ("linux", "usermod -aG bluetooth", ("macOS", "System Settings", "Radios")),
        ("darwin", "System Settings, Privacy & Security, Bluetooth", ("usermod", "Radios")),
        ("win32", "Privacy & security, Radios", ("usermod", "System Settings")),
    ],
)
def test_an_error_of_bluetooth_names_the_fix_of_this_system_only(system, own, others):
    words = str(BluetoothError("denied", "no", system))
    assert own in words
    assert not any(other in words for other in others)
    for why in ("off", "none", "denied", "silent"):
        assert all(step.endswith(".") for step in bluetooth_steps(why, system))


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (BleakDBusError("org.bluez.Error.NotReady", []), "off"),
        (BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", []), "denied"),
        (BleakDBusError("org.bluez.Error.Failed", []), "silent"),
        (BleakError("whatever"), "silent"),
        (OSError(), "silent"),
        *(
            (BleakBluetoothNotAvailableError("x", reason), why)
            for reason, why in (
                (BleakBluetoothNotAvailableReason.POWERED_OFF, "off"),
                (BleakBluetoothNotAvailableReason.NO_BLUETOOTH, "none"),
                (BleakBluetoothNotAvailableReason.NO_BLE_CENTRAL_ROLE, "none"),
                (BleakBluetoothNotAvailableReason.DENIED_BY_USER, "denied"),
                (BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM, "denied"),
                (BleakBluetoothNotAvailableReason.UNKNOWN, "silent"),
            )
        ),
    ],
)
def test_the_reason_why_a_system_does_not_scan(error, why):
    assert bluetooth_trouble(error) == why


def test_every_flaw_of_a_running_signal_has_a_remedy():
    flaws = (*noise_flaws(40.0, 0.0), *hum_flaws(40.0, 38.0), *lifting_flaws(9.0))
    assert len(flaws) == 3
    for cause in (*(flaw.cause for flaw in flaws), LEAD_OFF, RAIL, "no data"):
        assert signal_steps(cause)
    assert signal_steps("") == ""


@pytest.mark.parametrize(
    ("rssi_dbm", "words"),
    [(-50, "strong (−50 dBm)"), (-80, "good enough"), (-90, "come closer"), (None, "not known")],
)
def test_signal_strength_in_words(rssi_dbm, words):
    assert words in signal_text(rssi_dbm)
