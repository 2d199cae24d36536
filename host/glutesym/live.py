"""The live side: frames in, snapshots out.

The last stretch of frames is kept and decoded by the same functions that decode a stored session;
a repetition is measured by the same function, too. Only the bars have their own, causal filters.

After an outage a pod sends live frames first, and older ones as they are asked for. The bars
follow the live ones; within half a second the decoded stretch takes over, older frames in their
places.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from glutesym.analysis.asymmetry import summarize
from glutesym.analysis.movement_phase import PhaseFollower
from glutesym.analysis.signal_check import SignalCheck, check_signal
from glutesym.decode import Frames
from glutesym.live_pod import LivePod
from glutesym.live_recording import LiveRecording
from glutesym.live_state import LiveState
from glutesym.measures import SIDES, RepMeasure, SetSummary, Side
from glutesym.one_rep import Settings
from glutesym.pipeline import RepMeter
from glutesym.recording import Recording

_LOOK_EVERY_NS = 250_000_000  # for repetitions; once one is seen, at every update
_CHECK_EVERY_NS = 2_000_000_000  # the traffic light
_DEFAULT = Settings()


class LiveEngine:
    """Turns arriving frames into `LiveState` snapshots.

    ``add_*`` and ``set_*`` are called by the acquisition thread and only remember; `update` does
    the work, in any threads; while one of its calls measures, others move the bars on. `snapshot`
    may be called from anywhere.

    Parameters
    ----------
    t0_host_ns : int
        Host time of session time 0.
    exercise : str
    session_path : str
        Shown to the user.
    settings : Settings
        Of the bars and of the measurement.
    """

    def __init__(
        self,
        t0_host_ns: int,
        exercise: str = "",
        session_path: str = "",
        settings: Settings = _DEFAULT,
    ) -> None:
        self._t0_host_ns = t0_host_ns
        self._pods: dict[Side, LivePod] = {side: LivePod(settings) for side in SIDES}
        self._recorded = LiveRecording(t0_host_ns, exercise)
        self._settings = settings
        self._meter = RepMeter(settings)
        self._motion = PhaseFollower()
        self._reps: list[RepMeasure] = []
        self._summary: SetSummary | None = None
        self._sync_uncertainty_ms = float("nan")
        self._phase = "waiting"
        self._message = ""
        self._next_measure_ns = t0_host_ns
        self._next_check_ns = t0_host_ns
        self._incomplete: set[Side] = set()  # when the recording was last brought up to date
        self._state = LiveState(exercise=exercise, session_path=session_path)
        self._now_ns = t0_host_ns
        self._lock = threading.Lock()  # held while something changes, never while measuring
        self._measuring = threading.Lock()  # one at a time

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
            for side, pod in self._pods.items():
                pod.take_in(self._t0_host_ns, now_ns)
                for arrival_s, accel_g, gyro_dps in pod.motion:
                    self._motion.process(side, arrival_s, accel_g, gyro_dps)
                pod.motion.clear()
            self._publish(now_ns)
            due = final or now_ns >= self._next_measure_ns
        # Whoever measures does not hold up others: the bars go on meanwhile.
        if due and self._measuring.acquire(blocking=final):
            try:
                self._measure(now_ns, final)
                self._next_measure_ns = now_ns
                if not self._meter.is_waiting:
                    self._next_measure_ns += _LOOK_EVERY_NS
            finally:
                self._measuring.release()
            with self._lock:
                self._publish(now_ns)
        return self._state

    def _publish(self, now_ns: int) -> None:
        """Make the newest state of what is known."""
        self._now_ns = now_ns = max(now_ns, self._now_ns)
        now_s = (now_ns - self._t0_host_ns) / 1e9
        self._state = replace(
            self._state,
            time_s=now_s,
            phase=self._phase,
            message=self._message,
            movement=self._motion.phase(now_s, self._working()),
            sides={
                side: pod.state(now_s, self._phase == "ended") for side, pod in self._pods.items()
            },
            reps=tuple(self._reps),
            summary=self._summary,
            sync_uncertainty_ms=self._sync_uncertainty_ms,
        )

    def _working(self) -> bool | None:
        """Whether a muscle is active now; None: not known."""
        known = [works for pod in self._pods.values() if (works := pod.working) is not None]
        return any(known) if known else None

    def _measure(self, now_ns: int, final: bool) -> None:
        anew = self._bring_up_to_date(now_ns, final)
        recording = self._recorded.now
        if recording is None or self._recorded.behind:
            return
        checks: dict[Side, SignalCheck] = {}
        if now_ns >= self._next_check_ns:
            self._next_check_ns = now_ns + _CHECK_EVERY_NS
            checks = {
                side: check_signal(pod.emg, self._settings.mains_hz)
                for side, pod in recording.pods.items()
            }
        if final:
            new = self._meter.finish(recording)
        else:
            new = self._meter.process(recording, self._incomplete)
        summary = summarize(self._reps + new, recording.exercise) if new else self._summary
        with self._lock:
            for side, pod in recording.pods.items():
                if anew:
                    self._pods[side].correct(pod.emg)
            for side, check in checks.items():
                self._pods[side].take_check(check)
            self._sync_uncertainty_ms = recording.sync_uncertainty_ms
            self._reps += new
            self._summary = summary

    def _bring_up_to_date(self, now_ns: int, final: bool) -> bool:
        """Take what has come into the recording; returns whether it was put together anew."""
        with self._lock:
            fresh: dict[Side, Frames] = {side: pod.fresh() for side, pod in self._pods.items()}
            newest_ns: dict[Side, int] = {
                side: pod.rows[-1][0] for side, pod in self._pods.items() if pod.rows
            }
            self._incomplete = self._waited_for()
        self._recorded.carry_on(fresh)
        if not (final or self._recorded.is_due(newest_ns, now_ns)):
            return False
        with self._lock:
            inputs = [pod.input(side) for side, pod in self._pods.items() if pod.rows]
            self._incomplete = self._waited_for()
        self._recorded.put_together(inputs, now_ns)
        return True

    def _waited_for(self) -> set[Side]:
        """Return the sides whose pods hold older frames that they can still send."""
        return {side for side, pod in self._pods.items() if pod.rows and pod.incomplete}
