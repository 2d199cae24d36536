"""Who takes part in a session: a guide that sees what is recorded and tells what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from glutesym.recording import Recording


class Follower(Protocol):
    """Takes part in a session: sees what is recorded as it comes, and may note events and end it.

    Called in the thread of the live view, one call at a time.
    """

    @property
    def done(self) -> bool:
        """Whether the session may end."""
        ...

    def begin(self, start_s: float) -> None:
        """Begin at a session time: whoever wears the pods is ready then."""
        ...

    def follow(self, time_s: float, recording: Recording) -> Iterable[tuple[float, str, str]]:
        """Look at the newest stretch, a minute or more; returns (time_s, kind, text) of events.

        It is a new object only when there is something new in it.
        """
        ...
