"""What to do about what went wrong: one line that says what it is, then one step a line."""

from __future__ import annotations

from dataclasses import dataclass

from glutesym.bluetooth_fixes import TITLES, bluetooth_steps
from glutesym.errors import (
    BluetoothError,
    KeyFileError,
    NotOwnedError,
    PodNotFoundError,
    RefusedError,
    UnsuitableError,
)

WEAK_DBM = -85  # below it a receiver of usual sensitivity (−90 to −96 dBm) begins to lose packets
GOOD_DBM = -70
_AGAIN = "Then try again."


@dataclass(frozen=True)
class Advice:
    """What went wrong, and what to do."""

    title: str
    steps: tuple[str, ...]


def advice_for(error: BaseException) -> Advice:
    """Return what to do about what ended a session."""
    if isinstance(error, BluetoothError):
        return _bluetooth(error)
    if isinstance(error, NotOwnedError):
        return _not_owned(error.missing)
    if isinstance(error, PodNotFoundError):
        return _not_found(error)
    if isinstance(error, RefusedError):
        return Advice(
            "A pod refuses: it has another owner" if "proof" in error.reason else "A pod refuses",
            (str(error), _AGAIN),
        )
    if isinstance(error, UnsuitableError):
        return Advice("A pod cannot be used as it is", (str(error), _AGAIN))
    if isinstance(error, KeyFileError):
        return Advice("The file with your pods' keys cannot be used", (str(error), _AGAIN))
    return Advice("That did not work", (str(error) or repr(error), _AGAIN))


def signal_text(rssi_dbm: int | None) -> str:
    """Return how strong a pod's radio signal was when it was seen last, and what to do."""
    if rssi_dbm is None:
        return "signal not known"
    strength = "strong" if rssi_dbm >= GOOD_DBM else "good enough"
    if rssi_dbm < WEAK_DBM:
        strength = "weak: come closer, no body in between"
    return f"signal {strength} ({rssi_dbm} dBm)".replace("-", "\N{MINUS SIGN}")


def signal_steps(cause: str) -> str:
    """Return what to do about a flaw of a running signal, by its cause; empty: nothing known."""
    return next((step for part, step in _SIGNAL if part in cause), "")


def _bluetooth(error: BluetoothError) -> Advice:
    steps = [step.replace("`", "") for step in bluetooth_steps(error.why)]
    if error.why == "none":
        steps.append("On the bench, without a body, pods can be read by USB: glutesym app --usb")
    return Advice(TITLES[error.why], (*steps, "Look at all of it: glutesym doctor", _AGAIN))


def _not_found(error: PodNotFoundError) -> Advice:
    missing = " and the ".join(error.missing)
    one = len(error.missing) == 1
    it, them = ("pod does", "it") if one else ("pods do", "them")
    steps = [
        f"Move {them}: alone for five minutes a pod sleeps, and moving wakes it. Awake, its light "
        "flashes once every three seconds.",
        f"Come within 5 m, no wall or body in between. Light dark? Charge {them}.",
        "Close other programs that may be connected to a pod, on any computer.",
    ]
    if error.strangers:
        one_of = "A pod that is" if error.strangers == 1 else f"{error.strangers} pods that are"
        steps.insert(
            0,
            f"{one_of} not this computer's can be seen. If it is yours, plug it in by USB and run "
            f"glutesym provision --side {error.missing[0]}.",
        )
    return Advice(f"The {missing} {it} not answer", tuple(steps))


def _not_owned(missing: tuple[str, ...]) -> Advice:
    commands = tuple(
        f"Plug the {side} pod in by USB and run: glutesym flash --side {side} if its board is "
        f"new, glutesym provision --side {side} if it has the firmware"
        for side in missing
    )
    which = " and no ".join(missing)
    return Advice(
        f"This computer owns no {which} pod yet",
        (*commands, "To see it work without pods: glutesym app --virtual"),
    )


# Parts of causes in `glutesym.analysis.quality`.
_SIGNAL = (
    ("electrode was off", "Press the electrodes on. Does that not help: new gel, new electrodes."),
    ("at its rail", "Check plug and leads; dry the skin and put on new electrodes."),
    ("lifting", "Press the electrodes on and tape the leads down; sweat needs new electrodes."),
    (
        "hum",
        "Move away from cables and chargers; twist the leads; clean the reference's skin.",
    ),
    ("noisy", "Relax fully. Still so: clean the skin with alcohol, let it dry, new electrodes."),
    ("no data", "Come closer to the computer; see that the pod is on."),
)
