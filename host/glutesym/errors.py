"""Errors that a user can act on: what happened, what was expected, what to do next."""

from __future__ import annotations

import sys

from glutesym.bluetooth_fixes import TITLES, BluetoothTrouble, bluetooth_steps


def reason_of(error: Exception) -> str:
    """Return why something failed, for a sentence: a system's error without number and path."""
    return getattr(error, "strerror", None) or str(error)


class GlutesymError(Exception):
    """Root of every error raised on purpose; the command line prints it in one line."""


class FrameError(GlutesymError):
    """Bytes that are not a frame of this protocol version.

    Attributes
    ----------
    reason : str
        What is wrong with the bytes, e.g. ``"length 20, expected 244"``.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"Not a glutesym frame: {reason}.")


class PodNotFoundError(GlutesymError):
    """No pod of the wanted side answered a scan.

    Attributes
    ----------
    missing : tuple of str
        The sides that were looked for and not seen.
    strangers : int
        Pods that were seen and belong to somebody else.
    """

    def __init__(self, missing: tuple[str, ...], timeout_s: float, strangers: int = 0) -> None:
        self.missing = missing
        self.strangers = strangers
        unknown = (
            f"{strangers} pod(s) seen that this computer does not own: connect them by USB and "
            "run `glutesym provision`. "
            if strangers
            else ""
        )
        super().__init__(
            f"No {' and no '.join(missing)} pod seen within {timeout_s:g} s. {unknown}"
            "Move the pod, in case it sleeps (its light flashes once every three "
            "seconds while it waits), bring it within 5 m, make sure that no other program is "
            "connected to it, and try again. `glutesym doctor` says what else may be wrong."
        )


class NotOwnedError(GlutesymError):
    """No pod of a side that is needed belongs to this computer.

    Attributes
    ----------
    missing : tuple of str
        The sides.
    """

    def __init__(self, missing: tuple[str, ...], without_pods: str = "glutesym demo") -> None:
        self.missing = missing
        super().__init__(
            f"This computer owns no {' and no '.join(missing)} pod. {how_to_own(missing)} "
            f"To try it without pods: `{without_pods}`."
        )


def how_to_own(missing: tuple[str, ...]) -> str:
    """Say how pods of these sides become this computer's."""
    if len(missing) > 1:
        return (
            "By USB, one after the other: `glutesym flash --both` for new boards, `glutesym "
            "provision --side left` and `--side right` for pods that have the firmware."
        )
    side = "".join(missing)
    return (
        f"By USB: `glutesym flash --side {side}` for a new board, `glutesym provision --side "
        f"{side}` for a pod that has the firmware."
    )


class LinkError(GlutesymError):
    """A pod was found but the link to it could not be set up or was lost for good."""


class PortError(LinkError):
    """A serial port cannot be opened: busy, not there, or not to be used by this user."""


class BluetoothError(LinkError):
    """Bluetooth cannot be used on this computer.

    Attributes
    ----------
    why : str
        ``"off"``, ``"none"`` (no adapter, or one without low energy), ``"denied"`` or
        ``"silent"``.
    said : str
        What the system says.
    """

    def __init__(self, why: BluetoothTrouble, detail: str, system: str = sys.platform) -> None:
        self.why: BluetoothTrouble = why
        self.said = detail.rstrip(". ") or "no reason given"
        steps = " ".join(bluetooth_steps(why, system))
        super().__init__(f"Cannot scan for pods. {TITLES[why]} ({self.said}). {steps}")


class UnsuitableError(LinkError):
    """The pod or this computer's Bluetooth cannot be used as it is: trying again is no use."""


class PodGoneError(LinkError):
    """A pod will not come back, however long it is looked for: what is replayed ends here."""


class FlashError(GlutesymError):
    """The firmware cannot be put on a board; the message says what to do."""


class RefusedError(LinkError):
    """A pod refuses a request.

    Attributes
    ----------
    reason : str
        In the pod's words.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{name} refuses: {reason}. {_REMEDIES.get(reason, '')}".rstrip())


_REMEDIES = {
    "no owner": "Connect it by USB and run `glutesym provision`.",
    "wrong proof": "It has another owner's key. Connect it by USB, erase its settings and run "
    "`glutesym provision` (docs/security.md).",
    "not encrypted: pair first": "Pair with it in the system's Bluetooth settings, or provision "
    "it without --encrypt.",
    "this MicroPython cannot pair": "Leave --encrypt out; docs/security.md says what that means.",
    "busy: stop first": "End the session that it records, then try again.",
}


class _FileError(GlutesymError):
    """A file that cannot be used.

    Attributes
    ----------
    path : str
        The file in question.
    reason : str
        What is wrong with it, and what to do.
    """

    def __init__(self, path: object, reason: str) -> None:
        self.path = str(path)
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class SessionError(_FileError):
    """A session file that cannot be read or written."""


class RecordingFileError(_FileError):
    """A recording of another system that cannot be read or measured."""


class SubjectError(GlutesymError):
    """What was given as a subject code is none."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"This is no subject code: {reason}. Sessions keep a code only, such as S07; write "
            "down elsewhere who that is."
        )


class EditError(GlutesymError):
    """An edit of a session that cannot be made."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Not edited: {reason}.")


class KeyFileError(_FileError):
    """The file with the pods' keys cannot be used; the message says what to do."""


class MissingPartError(GlutesymError):
    """An optional part (window, simulator) is not installed; the message names the fix."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what} is not installed. Fix: {fix}")
