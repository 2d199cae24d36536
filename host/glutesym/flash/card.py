"""What a user is told about a pod that was flashed: one card, to be read once."""

from __future__ import annotations

from glutesym import wire
from glutesym.flash.bring_up import BroughtUp
from glutesym.flash.run import Flashed
from glutesym.wording import self_test_sentence

Row = tuple[str, str]


def pod_card(
    flashed: Flashed, pod: BroughtUp, key_file: str, next_step: str
) -> tuple[str, list[Row]]:
    """Return the title and the rows of the card of a pod that is somebody's."""
    info = pod.info
    name = f"{wire.NAME_PREFIX}-{str(info.get('id'))[-wire.TAG_DIGITS :].upper()}"
    said = str(info.get("firmware"))
    firmware = said
    if said != flashed.firmware:
        firmware = f"{said}, not {flashed.firmware}: files that are not the firmware's end in .py"
    test = pod.test.get("error") or self_test_sentence(pod.test)
    rows = [
        ("Firmware", firmware),
        *_board_rows(flashed),
        ("Key", key_file),
        ("Self-test", str(test)),
        (
            "Light",
            "one short flash every three seconds: it waits for the host; long and short in turn: "
            "a part does not answer; two long ones: it refuses to measure on USB power",
        ),
        ("Next", next_step),
    ]
    return f"{name} · {info.get('side')}", rows


def bare_card(flashed: Flashed, next_step: str) -> tuple[str, list[Row]]:
    """Return the title and the rows of the card of a pod that was not provisioned."""
    name = f"{wire.NAME_PREFIX}-{flashed.facts.id[-wire.TAG_DIGITS :].upper()}"
    rows = [("Firmware", flashed.firmware), *_board_rows(flashed), ("Next", next_step)]
    return name, rows


def _board_rows(flashed: Flashed) -> list[Row]:
    plan = flashed.plan
    return [
        (
            "Files",
            f"{len(plan.send)} sent, {len(plan.same)} as they were, {len(plan.remove)} removed",
        ),
        ("MicroPython", f"{flashed.facts.micropython} on {flashed.facts.machine}"),
        ("Id", flashed.facts.id),
    ]
