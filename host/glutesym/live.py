"""The live side: frames in, snapshots out.

The last stretch of frames is kept and decoded by the same functions that decode a stored session;
a repetition is measured by the same function, too. Only the bars have their own, causal filters.

After an outage a pod sends live frames first, and older ones as they are asked for. The bars
follow the live ones; twice a second the decoded stretch takes over, older frames in their places.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from glutesym.analysis.asymmetry import summarize
from glutesym.analysis.signal_check import check_signal
from glutesym.live_pod import LivePod
from glutesym.live_recording import LiveRecording
from glutesym.live_state import LiveState
from glutesym.measures import SIDES, RepMeasure, SetSummary, Side
from glutesym.pipeline import RepMeter
from glutesym.recording import Recording

_LOOK_EVERY_NS = 250_000_000  # for repetitions; once one is seen, at every update
_CHECK_EVERY_NS = 2_000_000_000  # the traffic light


class LiveEngine:
    """Turns arriving frames into `LiveState` snapshots.

    ``add_*`` and ``set_*`` are called by the acquisition thread and only remember; `update` does
    the work and may run in another thread; `snapshot` may be called from anywhere.

    Parameters
    ----------
    t0_host_ns : int
        Host time of session time 0.
    exercise : str
    session_path : str
        Shown to the user.
    """

    def __init__(self, t0_host_ns: int, exercise: str = "", session_path: str = "") -> None:
        self._t0_host_ns = t0_host_ns
        self._pods: dict[Side, LivePod] = {side: LivePod() for side in SIDES}
        self._recorded = LiveRecording(t0_host_ns, exercise)
        self._meter = RepMeter()
        self._reps: list[RepMeasure] = []
        self._summary: SetSummary | None = None
        self._sync_uncertainty_ms = float("nan")
        self._phase = "waiting"
        self._message = ""
        self._next_measure_ns = t0_host_ns
        self._next_check_ns = t0_host_ns
        self._state = LiveState(exercise=exercise, session_path=session_path)
        self._lock = threading.Lock()  # one update at a time

    @property
    def recording(self) -> Recording | None:
        """What is kept, decoded: another object whenever there is something new in it."""
        return self._recorded.now

    def add_frame(self, side: Side, t_host_ns: int, frame: bytes) -> None:
        """Take in a frame as it arrived."""
        self._pods[side].inbox.append((t_host_ns, frame))

    def add_probe(self, side: Side, probe_id: int, t_host_ns: int) -> None:
        """Take in a clock probe that was sent."""
        self._pods[side].probes.append((probe_id, t_host_ns))

    def set_pod(self, side: Side, connected: bool, info: dict[str, Any]) -> None:
        """Note that a pod came or went."""
        self._pods[side].connected = connected
        self._pods[side].info = info

    def set_seen(self, side: Side, rssi_dbm: int | None) -> None:
        """Note that a scan has seen a pod."""
        self._pods[side].seen = True
        self._pods[side].rssi_dbm = rssi_dbm

    def set_phase(self, phase: str, message: str = "") -> None:
        """Note what the session is doing."""
        self._phase = phase
        self._message = message

    def set_message(self, message: str) -> None:
        """Tell the user something, whatever else the next update can show."""
        self._message = message
        self._state = replace(self._state, phase=self._phase, message=message)

    def snapshot(self) -> LiveState:
        """Return the newest state."""
        return self._state

    def update(self, now_ns: int, final: bool = False) -> LiveState:
        """Work through what has arrived and return the new state.

        Parameters
        ----------
        now_ns : int
            Host time.
        final : bool
            The recording is over: measure what its end completes.
        """
        with self._lock:
            for pod in self._pods.values():
                pod.take_in(self._t0_host_ns, now_ns)
            if final or now_ns >= self._next_measure_ns:
                self._measure(now_ns, final)
                self._next_measure_ns = now_ns
                if not self._meter.is_waiting:
                    self._next_measure_ns += _LOOK_EVERY_NS
            self._state = replace(
                self._state,
                time_s=(now_ns - self._t0_host_ns) / 1e9,
                phase=self._phase,
                message=self._message,
                sides={
                    side: pod.state((now_ns - self._t0_host_ns) / 1e9, self._phase == "ended")
                    for side, pod in self._pods.items()
                },
                reps=tuple(self._reps),
                summary=self._summary,
                sync_uncertainty_ms=self._sync_uncertainty_ms,
            )
            return self._state

    def _measure(self, now_ns: int, final: bool) -> None:
        anew = self._recorded.update(self._pods, now_ns, anew=final)
        recording = self._recorded.now
        if recording is None or self._recorded.behind:
            return
        check = now_ns >= self._next_check_ns
        for side, record in recording.pods.items():
            pod = self._pods[side]
            if anew and pod.bar is not None and len(record.emg.uv):
                pod.bar.correct(record.emg)
            if check:
                pod.check = check_signal(record.emg)
        if check:
            self._next_check_ns = now_ns + _CHECK_EVERY_NS
        self._sync_uncertainty_ms = recording.sync_uncertainty_ms
        if final:
            new = self._meter.finish(recording)
        else:
            waiting: list[Side] = [side for side in recording.pods if self._pods[side].incomplete]
            new = self._meter.process(recording, waiting)
        if new:
            self._reps += new
            self._summary = summarize(self._reps)
