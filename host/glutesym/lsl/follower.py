"""Takes part in a session: offers it on the Lab Streaming Layer, takes in markers of others.

Every stamp is the time at which something happened on the skin, not when it was sent: session
time, moved onto LSL's clock. The two clocks of this computer tick alike; by how much they are
apart is measured at the beginning and again every few seconds, as only one of them may go on while
the computer sleeps.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pylsl

from glutesym.lsl.streams import (
    MARKER_STREAM,
    REP_STREAM,
    Stream,
    emg_stream,
    imu_stream,
    rep_values,
)
from glutesym.recording import Recording
from glutesym.session.new_samples import NewSamples, Samples
from glutesym.session.run import RunningSession

_AGAIN_S = 5.0
_SLEPT_S = 0.01  # clocks that differ by more than this have not both gone on
_TRIES = 5
_OPEN_S = 0.2


class LslFollower:
    """Offers a session; see `glutesym.session.follower.Follower`. `attach` comes first.

    Parameters
    ----------
    real_time : bool
        Session time goes on as this computer's clocks do. Not so in a simulation that runs faster.
    take_markers : bool
        Put the markers of other programs into the session.
    """

    done = False

    def __init__(self, real_time: bool = True, take_markers: bool = True) -> None:
        self._real_time = real_time
        self._session: RunningSession | None = None
        self._new = NewSamples()
        self._outlets: dict[str, Any] = {}
        self._reps_told = self._markers_told = 0
        self._offset_s: float | None = None  # LSL's clock minus session time
        self._measured_s = 0.0
        self._others = _Markers() if take_markers else None

    def attach(self, session: RunningSession) -> None:
        """Name the session, before it starts."""
        self._session = session

    def begin(self, start_s: float) -> None:
        """Begin: nothing to do, samples from before are offered, too."""

    def follow(self, time_s: float, recording: Recording) -> Iterable[tuple[float, str, str]]:
        """Offer what is new; returns the markers that have come."""
        session = self._session
        assert session is not None
        self._compare_clocks(session)
        offset_s = self._offset_s or 0.0
        for samples in self._new.of(recording, time_s):
            self._offer(samples, offset_s)
        self._tell(session, offset_s)
        if self._others is None:
            return ()
        found = self._others.pull({outlet.get_info().uid() for outlet in self._outlets.values()})
        return [(stamp_s - offset_s, "marker", text) for stamp_s, text in found]

    def _offer(self, samples: Samples, offset_s: float) -> None:
        emg, imu = samples.emg, samples.imu
        if len(emg.time_s):
            outlet = self._outlet(emg_stream(samples.side))
            values = np.column_stack((emg.uv, emg.lead_off, emg.clipped)).astype(np.float64)
            outlet.push_chunk(values, (emg.time_s + offset_s).tolist())
        if len(imu.time_s):
            outlet = self._outlet(imu_stream(samples.side))
            values = np.column_stack((imu.accel_g, imu.gyro_dps))
            outlet.push_chunk(values, (imu.time_s + offset_s).tolist())

    def _tell(self, session: RunningSession, offset_s: float) -> None:
        reps_outlet, marker_outlet = self._outlet(REP_STREAM), self._outlet(MARKER_STREAM)
        reps = session.poll().reps
        for rep in reps[self._reps_told :]:
            reps_outlet.push_sample(list(rep_values(rep)), rep.end_s + offset_s)
            marker_outlet.push_sample([f"repetition {rep.number} begins"], rep.start_s + offset_s)
            marker_outlet.push_sample([f"repetition {rep.number} ends"], rep.end_s + offset_s)
        self._reps_told = len(reps)
        markers = session.markers.copy()
        for marker_s, text in markers[self._markers_told :]:
            marker_outlet.push_sample([text], marker_s + offset_s)
        self._markers_told = len(markers)

    def _outlet(self, stream: Stream) -> Any:
        if stream.name not in self._outlets:
            path = self._session.path if self._session else None
            self._outlets[stream.name] = stream.outlet(path.stem if path else "session")
        return self._outlets[stream.name]

    def _compare_clocks(self, session: RunningSession) -> None:
        now_s = pylsl.local_clock()
        if self._offset_s is not None and (
            not self._real_time or now_s < self._measured_s + _AGAIN_S
        ):
            return
        self._measured_s = now_s
        tries: list[tuple[float, float]] = []
        for _ in range(_TRIES):
            before_s, session_s, after_s = (
                pylsl.local_clock(),
                session.now_s(),
                pylsl.local_clock(),
            )
            tries.append((after_s - before_s, (before_s + after_s) / 2 - session_s))
        _, offset_s = min(tries)  # the one that was held up least
        if self._offset_s is None or abs(offset_s - self._offset_s) > _SLEPT_S:
            self._offset_s = offset_s


class _Markers:
    """Markers of other programs, wherever they appear."""

    def __init__(self) -> None:
        self._resolver = pylsl.ContinuousResolver(prop="type", value="Markers")
        self._inlets: dict[str, tuple[str, Any]] = {}

    def pull(self, own: set[str]) -> list[tuple[float, str]]:
        """Return what has come, with times of this computer's LSL clock; ``own`` are left out."""
        for info in self._resolver.results():
            if info.uid() not in self._inlets and info.uid() not in own:
                inlet: Any = pylsl.StreamInlet(info, processing_flags=pylsl.proc_clocksync)
                try:
                    inlet.open_stream(_OPEN_S)
                except Exception:  # it is gone again, or slow: next time
                    continue
                self._inlets[info.uid()] = (info.name(), inlet)
        found: list[tuple[float, str]] = []
        for name, inlet in self._inlets.values():
            try:
                texts, stamps_s = inlet.pull_chunk(timeout=0.0)
            except Exception:  # lost: LSL looks for it again by itself
                continue
            found += [
                (float(stamp_s), f"{name}: {text[0]}")
                for stamp_s, text in zip(stamps_s, texts, strict=True)
            ]
        return found
