"""Where a session goes as it happens: into a file, or nowhere."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Protocol, Self

from glutesym.measures import Side


class Recorder(Protocol):
    """What takes a session; `glutesym.session.writer.SessionWriter` writes it into a file."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

    @property
    def pod_count(self) -> int:
        """How many pods have been added."""
        ...

    @property
    def trouble(self) -> str:
        """Why what arrives is not saved, or soon cannot be, and what to do; else empty."""
        ...

    def add_pod(self, side: Side, address: str, info: dict[str, Any]) -> int:
        """Add a pod and return the id under which its frames are added."""
        ...

    def add_frame(self, pod_id: int, t_host_ns: int, frame: bytes) -> None:
        """Add bytes as received, with their time of arrival."""
        ...

    def add_probe(self, pod_id: int, probe_id: int, t_host_ns: int) -> None:
        """Add a clock probe with the host time immediately before it was written."""
        ...

    def add_event(
        self, t_host_ns: int, kind: str, text: str = "", pod_id: int | None = None
    ) -> None:
        """Add an event, of one pod or of the whole session."""
        ...


class Unrecorded:
    """Takes a session that is only looked at, and keeps nothing. See `Recorder`."""

    def __init__(self) -> None:
        self._pod_count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    @property
    def pod_count(self) -> int:
        """How many pods have been added."""
        return self._pod_count

    @property
    def trouble(self) -> str:
        """There is none."""
        return ""

    def add_pod(self, side: Side, address: str, info: dict[str, Any]) -> int:
        """Count a pod."""
        self._pod_count += 1
        return self._pod_count

    def add_frame(self, pod_id: int, t_host_ns: int, frame: bytes) -> None:
        """Forget it."""

    def add_probe(self, pod_id: int, probe_id: int, t_host_ns: int) -> None:
        """Forget it."""

    def add_event(
        self, t_host_ns: int, kind: str, text: str = "", pod_id: int | None = None
    ) -> None:
        """Forget it."""
