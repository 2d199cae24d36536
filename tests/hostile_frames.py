"""Hostile frames, and the host that they are poured into. Everything follows from a seed."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from glutesym import wire
from glutesym.decode import check_frame
from glutesym.errors import FrameError
from glutesym.links.base import SILENCE_S, FoundPod, Link
from glutesym.links.probes import send_probe
from glutesym.live import LiveEngine
from glutesym.pipeline import LiveEnvelope
from glutesym.session.acquire import REST_S
from glutesym.session.analyze import AnalyzedSession, analyze_session
from glutesym.session.pod_stream import PodStream
from glutesym.session.writer import SessionWriter
from glutesym.world_time import run_in_world
from process_memory import resident_mib

INFO = {"emg": {"rate_sps": 2000}}
_BATCH = 50  # frames that arrive between two turns of the host's tasks
_BATCH_S = 0.2
_UPDATE_EVERY = 5  # batches
_HEADER = struct.Struct("<HI")


def hostile_frames(random: np.random.Generator, count: int) -> Iterator[bytes]:
    """Return notifications: noise, damaged frames, frames that lie, and some that are true."""
    run, seq, index = 7, 0, 0
    samples = [0] * wire.EMG_PER_FRAME
    models = [bytearray(wire.FRAME_BYTES) for _ in range(3)]
    wire.encode_emg(models[0], run, 0, 0, 104, 1000, 0, 0, 48_081, samples, len(samples))
    motion = bytes(wire.IMU_PER_FRAME * wire.IMU_SAMPLE_BYTES)
    wire.encode_imu(
        models[1], run, 0, 0, 16, 1000, 0, 0, 1, 0, 600, 0, 122, 1750, motion, wire.IMU_PER_FRAME
    )
    wire.encode_status(models[2], [0] * len(wire.STATUS_NAMES))
    for _ in range(count):
        kind = int(random.integers(8))
        if kind == 0:
            yield random.bytes(int(random.integers(0, 513)))
        elif kind == 1:
            yield random.bytes(wire.FRAME_BYTES)
        elif kind <= 3:
            frame = bytearray(random.bytes(wire.FRAME_BYTES))
            frame[0] = (wire.EMG, wire.IMU, wire.STATUS)[int(random.integers(3))]
            if kind == 3:  # passes the checks of a single frame, and of a known run
                frame[_COUNT] = int(random.integers(1, 17))
                frame[_SHIFT] = int(random.integers(0, 10))
                struct.pack_into("<H", frame, wire.RUN_OFFSET, run)
            yield bytes(frame)
        else:
            frame = models[int(random.integers(3))]
            seq += 1
            index += wire.EMG_PER_FRAME
            now_us = seq * 30_000 % wire.TICKS_PERIOD_US
            _HEADER.pack_into(frame, wire.RUN_OFFSET, run, seq)
            struct.pack_into("<I", frame, wire.TX_TICKS_OFFSET, now_us)
            if frame[0] != wire.STATUS:
                struct.pack_into(
                    "<III", frame, _FIRST, index, index + wire.EMG_PER_FRAME, max(1, now_us - 9)
                )
            if kind == 4:  # damaged
                frame = bytearray(frame)
                for _ in range(int(random.integers(1, 9))):
                    frame[int(random.integers(wire.FRAME_BYTES))] ^= 1 << int(random.integers(8))
            elif kind == 5:  # of another run, or far ahead, or long ago
                frame = bytearray(frame)
                numbers = int(random.integers(1 << 16)), int(random.integers(1 << 32))
                _HEADER.pack_into(frame, wire.RUN_OFFSET, *numbers)
            yield bytes(frame)


_FIRST = struct.calcsize(wire.HEADER_FORMAT)
_COUNT = _FIRST + 12
_SHIFT = _COUNT + 3


@dataclass
class HostOutcome:
    """What hostile frames did to the host; durations are real time."""

    frames: int = 0
    refused: int = 0  # by check_frame
    longest_check_s: float = 0.0  # of one frame
    longest_intake_s: float = 0.0  # of `_BATCH` frames
    longest_update_s: float = 0.0
    analysis_s: float = 0.0
    commands: dict[int, int] = field(default_factory=dict[int, int])  # by opcode
    mib: list[float] = field(default_factory=list[float])  # occupied, along the way
    analyzed: AnalyzedSession | None = None


class _HostilePod:
    """A link over which hostile frames come; what the host writes is checked."""

    address = "C4:00:00:00:00:13"
    info = INFO
    silence_s = SILENCE_S

    def __init__(self) -> None:
        self.lost = asyncio.Event()
        self.commands: dict[int, int] = {}
        self.on_frame = None

    async def subscribe(self, on_frame) -> None:
        self.on_frame = on_frame

    async def write(self, command: bytes) -> None:
        assert len(command) == wire.COMMAND_BYTES
        self.commands[command[0]] = self.commands.get(command[0], 0) + 1

    async def probe(self, number: int, due_ns: int, on_probe) -> None:
        clock_ns = asyncio.get_running_loop().now_ns
        await send_probe(self.write, clock_ns, number, due_ns, on_probe)

    async def close(self) -> None:
        self.lost.set()


class Session:
    """What `PodStream` needs of an acquisition."""

    rest_s = REST_S

    def __init__(self, writer: SessionWriter, live: LiveEngine) -> None:
        self.writer = writer
        self.live = live

    async def find(self, address: str, timeout_s: float) -> FoundPod | None:
        return None

    async def connect(self, pod: FoundPod) -> Link:
        raise NotImplementedError

    def set_phase(self, phase: str, message: str = "") -> None:
        self.live.set_phase(phase, message)

    def now_ns(self) -> int:
        return round(asyncio.get_running_loop().time() * 1e9)

    def on_streaming(self) -> None:
        pass


def attack_host(
    folder: Path,
    frames: Iterator[bytes],
    look_every: int = 2000,
    memory_mib: Callable[[], float] = resident_mib,
) -> HostOutcome:
    """Pour frames into everything that a recording host does with them.

    After every ``look_every`` frames ``memory_mib`` is asked.
    """
    LiveEnvelope(2000.0)  # imports what the first bar needs: not a matter of frames
    outcome = HostOutcome()
    path = folder / "hostile.glutesym"

    async def pour() -> None:
        writer = SessionWriter(
            path, exercise="x", started_utc=datetime.now(UTC), started_host_ns=0, host_clock="none"
        )
        live = LiveEngine(0)
        session, link, stop = Session(writer, live), _HostilePod(), asyncio.Event()
        stream = PodStream(session, "left")
        with writer:
            streaming = asyncio.create_task(stream.keep_streaming(link, stop))
            await asyncio.sleep(0.01)
            for number, batch in enumerate(_batches(frames)):
                for frame in batch:
                    outcome.longest_check_s = max(outcome.longest_check_s, _check(frame, outcome))
                begin_s = time.perf_counter()
                for frame in batch:
                    link.on_frame(session.now_ns(), frame)
                await asyncio.sleep(_BATCH_S)  # the host's tasks work
                took_s = time.perf_counter() - begin_s
                outcome.longest_intake_s = max(outcome.longest_intake_s, took_s)
                assert not streaming.done()
                if number % _UPDATE_EVERY == 0:
                    begin_s = time.perf_counter()
                    live.update(session.now_ns())
                    took_s = time.perf_counter() - begin_s
                    outcome.longest_update_s = max(outcome.longest_update_s, took_s)
                    writer.flush()
                if outcome.frames % look_every < _BATCH:
                    outcome.mib.append(memory_mib())
            stop.set()
            await streaming
            live.update(session.now_ns(), final=True)
        assert stream.counts.bad == outcome.refused
        assert stream.counts.frames == outcome.frames - outcome.refused
        outcome.commands = link.commands

    run_in_world(pour())
    begin_s = time.perf_counter()
    outcome.analyzed = analyze_session(path)
    outcome.analysis_s = time.perf_counter() - begin_s
    return outcome


def _batches(frames: Iterator[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    for frame in frames:
        batch.append(frame)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _check(frame: bytes, outcome: HostOutcome) -> float:
    begin_s = time.perf_counter()
    outcome.frames += 1
    try:
        check_frame(frame)
    except FrameError:
        outcome.refused += 1
    return time.perf_counter() - begin_s
