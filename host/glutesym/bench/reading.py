"""A bench session as it was recorded: samples, lead-off bits, and which stretch was which step."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glutesym import wire
from glutesym.assemble import assemble_recording
from glutesym.bench.guide import BEGIN, END, SELF_TEST, SETUP, SKIPPED
from glutesym.bench.plan import Setup, setup_from_text
from glutesym.decode import split_frames, without_repeats
from glutesym.errors import SessionError
from glutesym.measures import Side
from glutesym.recording import PodRecord, Recording
from glutesym.session.analyze import stored_inputs
from glutesym.session.store import SessionMeta, StoredEvent, open_session

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stretch:
    """A phase of a step: session time."""

    step: str
    position: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class BenchPod:
    """What one pod told."""

    record: PodRecord
    bits: NDArray[np.uint8]  # (n,) LEAD_OFF_* of the frame that each EMG sample came in
    complete_s: _Array  # (n,) session time at which that frame was complete
    battery_mv: float  # NaN: not told
    gauge_works: bool
    on_usb: bool
    one_run: bool  # it did not restart
    self_test: dict[str, Any] | None  # None: it was not done

    @property
    def gain(self) -> int:
        """Of its amplifier; 0: not told."""
        emg: Any = self.record.info.get("emg")
        return int(emg.get("gain", 0)) if isinstance(emg, dict) else 0

    @property
    def chip(self) -> str:
        """Its front end."""
        emg: Any = self.record.info.get("emg")
        return str(emg.get("chip", "")) if isinstance(emg, dict) else ""

    @property
    def nominal_hz(self) -> float:
        """EMG samples a second, as set."""
        emg: Any = self.record.info.get("emg")
        return float(emg.get("rate_sps", 2000)) if isinstance(emg, dict) else 2000.0


@dataclass(frozen=True)
class BenchSession:
    """A bench session, decoded."""

    path: Path
    meta: SessionMeta
    setup: Setup
    recording: Recording
    pods: dict[Side, BenchPod]
    stretches: tuple[Stretch, ...]
    skipped: tuple[str, ...]

    def of(self, step: str) -> tuple[Stretch, ...]:
        """Return the stretches of a step, in order."""
        return tuple(stretch for stretch in self.stretches if stretch.step == step)


def read_bench(path: Path) -> BenchSession:
    """Decode a bench session.

    Raises
    ------
    SessionError
        It is none, it is damaged, or a side has two pods.
    """
    with open_session(path) as session:
        events = session.events()
        inputs = stored_inputs(session, events)
        meta = session.meta
    setups = [event.text for event in events if event.kind == SETUP]
    if not setups:
        raise SessionError(path, "it is no bench test. Record one by `glutesym bench`.")
    try:
        setup = setup_from_text(setups[-1])
        tests = [json.loads(event.text) for event in events if event.kind == SELF_TEST]
    except ValueError as error:
        raise SessionError(path, f"its description of the bench is damaged ({error}).") from error
    recording = assemble_recording(inputs, meta.started_host_ns, meta.exercise)
    self_tests: dict[str, Any] = tests[-1] if tests else {}
    pods: dict[Side, BenchPod] = {
        pod.side: _pod(recording.pods[pod.side], pod.frames, self_tests.get(pod.side))
        for pod in inputs
        if pod.side in recording.pods
    }
    skipped = tuple(event.text for event in events if event.kind == SKIPPED)
    return BenchSession(path, meta, setup, recording, pods, _stretches(events), skipped)


def _stretches(events: tuple[StoredEvent, ...]) -> tuple[Stretch, ...]:
    """Return the phases that were brought to their end."""
    found: list[Stretch] = []
    begun: tuple[str, float] | None = None
    for event in events:
        if event.kind == BEGIN:
            begun = event.text, event.time_s
        elif event.kind == END and begun is not None and begun[0] == event.text:
            step, _, position = event.text.partition(" ")
            found.append(Stretch(step, position, begun[1], event.time_s))
            begun = None
    return tuple(found)


def _pod(record: PodRecord, raw: NDArray[np.uint8], self_test: Any) -> BenchPod:
    frames = split_frames(raw)
    emg = frames.emg[without_repeats(frames.emg)]
    bits = np.zeros(len(record.emg.index), np.uint8)
    complete_s = record.emg.time_s.copy()
    index = record.emg.index
    one_run = len(np.unique(emg["run"])) <= 1  # else indices begin anew
    if one_run and len(emg) and len(index):
        first = np.clip(emg["first_index"].astype(np.int64) - index[0], 0, len(index))
        end = np.clip(first + emg["count"], 0, len(index))
        for a, b, seen in zip(first.tolist(), end.tolist(), emg["lead_off"].tolist(), strict=True):
            if b > a:
                bits[a:b] = seen
                complete_s[a:b] = record.emg.time_s[b - 1]
    status = frames.status[without_repeats(frames.status)]
    last = status[-1] if len(status) else None
    return BenchPod(
        record,
        bits,
        complete_s,
        float("nan") if last is None else float(last["battery_v"]),
        last is not None and not last["error"] & wire.ERROR_BATTERY_GAUGE,
        last is not None and bool(last["usb_power"]),
        one_run,
        self_test if isinstance(self_test, dict) else None,  # pyright: ignore
    )
