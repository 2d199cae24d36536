"""Pods in reach: whose they are, how strong their signal is, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from glutesym.advice import WEAK_DBM, signal_text
from glutesym.decode import error_texts
from glutesym.doctor.finding import Finding, Mark, Subject
from glutesym.errors import LinkError
from glutesym.keys import OwnedPod
from glutesym.links.base import FoundPod
from glutesym.links.upkeep import battery_words
from glutesym.wording import LOW_BATTERY_PCT, self_test_sentence

_WAKE_UP = (
    "Move the pods to wake them up (their light then flashes once every three seconds), come "
    "within 5 m, and end other programs that are connected to them."
)


def in_reach(subject: Subject, seen: Sequence[FoundPod], seconds: float) -> Iterator[Finding]:
    """Tell which pods a scan has seen.

    Parameters
    ----------
    subject : str
        Of the findings.
    seen : sequence of FoundPod
    seconds : float
        How long the scan took at most.
    """
    if not seen:
        found = f"none seen within {seconds:g} s"
        yield Finding(subject, "Pods in reach", "warning", found, _WAKE_UP)
    for pod in sorted(seen, key=lambda pod: (pod.side or "", pod.name)):
        whose = f"yours, {pod.side}" if pod.side else "not yours"
        found = f"{whose}, {signal_text(pod.rssi_dbm)}"
        name = pod.name or pod.address
        if pod.rssi_dbm is not None and pod.rssi_dbm < WEAK_DBM and pod.side:
            fix = "Come closer, no wall or body in between; charge it."
            yield Finding(subject, name, "warning", found, fix)
        else:
            yield Finding(subject, name, "ok", found)


def not_seen(
    subject: Subject, owned: Sequence[OwnedPod], seen: Sequence[FoundPod]
) -> Iterator[Finding]:
    """Tell which owned pods are not in reach; one a side is enough."""
    sides = {pod.side for pod in seen}
    for side in sorted({pod.side for pod in owned} - sides):
        found = "not in reach, so not examined"
        yield Finding(subject, _what(side, "pod"), "warning", found, _WAKE_UP)
    if strangers := sum(pod.owned is None for pod in seen):
        what = "Pods of others" if strangers > 1 else "A pod of others"
        found = f"{strangers} in reach that this computer does not own"
        yield Finding(subject, what, "ok", f"{found}; if yours: `glutesym provision`, by USB")


def description(
    subject: Subject, pod: OwnedPod, info: dict[str, Any], expected_firmware: str
) -> Iterator[Finding]:
    """Tell what a pod's description says: firmware, battery, sensors, faults.

    Parameters
    ----------
    subject : str
        Of the findings.
    pod : OwnedPod
    info : dict
        Its description.
    expected_firmware : str
        What a pod with the firmware of this program says.
    """

    def told(part: str, mark: Mark, found: str, fix: str = "") -> Finding:
        return Finding(subject, _what(pod.side, part), mark, found, fix)

    firmware, python = info.get("firmware"), info.get("micropython")
    found = f"{firmware} on MicroPython {python}, {info.get('board')}"
    if firmware == expected_firmware:
        yield told("firmware", "ok", f"{found}; as in this program")
    else:
        fix = f"Plug it in by USB and run `glutesym flash --side {pod.side}`."
        yield told("firmware", "warning", f"{found}; this program has {expected_firmware}", fix)
    yield _battery(told, info)
    yield from _sensors(told, info)
    if info.get("side") not in (pod.side, None):
        found = f"it says that it is the {info['side']} pod, the key file says {pod.side}"
        fix = f"`glutesym settings {pod.tag} --side {pod.side}`."
        yield told("side", "warning", found, fix)
    if faults := info.get("faults"):
        found, fix = f"{faults} line(s) in its log", f"Read them: `glutesym faults {pod.side}`."
        yield told("faults", "warning", found, fix)
    if info.get("bench"):
        fix = f"Before anybody wears it: `glutesym settings {pod.side} --no-bench`."
        yield told("bench mode", "warning", "on: it measures on USB power", fix)


def tested(subject: Subject, pod: OwnedPod, result: dict[str, Any]) -> Finding:
    """Tell what a pod measured of its own test signal."""
    mark: Mark = "ok" if result.get("ok") else "problem"
    return Finding(subject, _what(pod.side, "self-test"), mark, self_test_sentence(result))


def silent(subject: Subject, pod: OwnedPod, error: TimeoutError | LinkError) -> Finding:
    """Tell that a pod was seen but could not be asked."""
    what = _what(pod.side, "pod")
    if isinstance(error, LinkError):  # its words have the fix
        return Finding(subject, what, "problem", str(error))
    fix = "Come closer, end other programs that use it, and try again."
    return Finding(subject, what, "problem", "was seen but does not answer in time", fix)


def _battery(told: Callable[..., Finding], info: dict[str, Any]) -> Finding:
    words = battery_words(info)
    if words is None:
        return told("battery", "not checked", "the pod does not tell")
    if info["battery_pct"] < LOW_BATTERY_PCT:
        return told("battery", "warning", words, "Charge it, not while it is worn.")
    return told("battery", "ok", words)


def _sensors(told: Callable[..., Finding], info: dict[str, Any]) -> Iterator[Finding]:
    emg: dict[str, Any] = info.get("emg") or {}
    front_end = f"{emg.get('chip')}, {emg.get('rate_sps')} samples/s, gain {emg.get('gain')}"
    errors = info.get("errors")
    texts = error_texts(errors) if isinstance(errors, int) else []
    if not emg.get("ok") and not any("front end" in text for text in texts):
        texts.insert(0, "the EMG front end does not answer as it should")
    for text in texts:
        fix = "" if "unplug" in text else "Check its wiring (hardware/README.md): "
        yield told("sensors", "problem", text, f"{fix}`glutesym selftest` says more.")
    if not texts:
        yield told("sensors", "ok", f"all answer; {front_end}")


def _what(side: str, part: str) -> str:
    return f"{side.capitalize()} {part}"
