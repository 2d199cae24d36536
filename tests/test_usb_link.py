"""Pods over USB: real firmware on the MicroPython VM, a pseudo-terminal, real pyserial."""

from __future__ import annotations

import asyncio
import os
import struct
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest

from glutesym import packets, wire
from glutesym.decode import emg_counts, split_frames, without_repeats
from glutesym.errors import KeyFileError, LinkError, RefusedError
from glutesym.keys import KeyRing, OwnedPod
from glutesym.links import provision as provision_module
from glutesym.links.provision import provision
from glutesym.links.usb import UsbLink, UsbTransport
from glutesym.session.run import RealSurroundings, RunningSession
from glutesym.session.store import open_session
from usb_bench import Bench, bench_beside, on_bench

WINDOW = 24


class Recorder:
    """Takes frames and acknowledges them, as a session does."""

    def __init__(self, link: UsbLink) -> None:
        self.frames: list[bytes] = []
        self.stamps_ns: list[int] = []
        self._link = link

    def on_frame(self, t_host_ns: int, frame: bytes) -> None:
        self.frames.append(frame)
        self.stamps_ns.append(t_host_ns)

    async def record(self, seconds: float, run: int = 0) -> None:
        await self._link.subscribe(self.on_frame)
        await self._link.write(wire.command(wire.START, WINDOW, run))
        for number in range(round(seconds / 0.1)):
            await asyncio.sleep(0.1)
            await self.acknowledge()
            await self._link.write(wire.command(wire.PROBE, c=number + 1))

    async def acknowledge(self) -> None:
        if self.frames:
            frame, seqs = self.frames[-1], self.seqs()
            complete = next(seq for seq in range(len(seqs) + 1) if seq not in seqs)
            (run,) = struct.unpack_from("<H", frame, wire.RUN_OFFSET)
            sending = frame[wire.SENDING_OFFSET]
            await self._link.write(wire.command(wire.ACK, sending, run, complete))

    def seqs(self) -> set[int]:
        split = split_frames(self.matrix())
        return {int(seq) for part in (split.emg, split.imu, split.status) for seq in part["seq"]}

    def missing(self) -> list[int]:
        arrived = self.seqs()
        return sorted(set(range(max(arrived))) - arrived)

    def matrix(self) -> np.ndarray:
        return np.frombuffer(b"".join(self.frames), np.uint8).reshape(-1, wire.FRAME_BYTES)


def test_provision_authorise_self_test_and_stream(tmp_path):
    """The whole life of a pod on the bench; every sample arrives, in order."""
    path = tmp_path / "keys" / "pods.json"

    async def main(bench: Bench) -> None:
        keys = KeyRing.load(path)
        card = await provision(bench.transport(keys), keys, "right", bench=True)
        assert (card["id"], card["side"], card["bench"]) == (bench.pod.id, "right", True)
        (owned,) = KeyRing.load(path)
        assert (owned.id, owned.side) == (bench.pod.id, "right")

        link = await bench.connect(KeyRing.load(path))
        answer = await link.request(bytes([wire.SELF_TEST]))
        assert "ok" in answer["self_test"]
        recorder = Recorder(link)
        await recorder.record(3.0)
        await link.write(wire.command(wire.STOP))
        await asyncio.sleep(0.3)
        await link.close()

        split = split_frames(recorder.matrix())
        assert split.bad == 0
        seqs = np.concatenate([split.emg["seq"], split.imu["seq"], split.status["seq"]])
        assert sorted(seqs) == list(range(len(recorder.frames)))
        counts = emg_counts(split.emg)
        samples = np.concatenate(
            [row[:count] for row, count in zip(counts, split.emg["count"], strict=True)]
        )
        assert len(samples) > 2.5 * 2000
        assert np.all(np.diff(samples) == 1)  # the converter counts its conversions
        status = split.status[-1]
        assert (status["state"], status["usb_power"]) == (wire.STATE_IDLE, 1)
        assert status["bad_commands"] == status["heap_faults"] == status["task_errors"] == 0
        assert split.status["probe_id"].max() > 20
        assert recorder.stamps_ns == sorted(recorder.stamps_ns)

    on_bench(tmp_path, main, counter=True, key="", side="unassigned")


def test_without_bench_mode_nothing_is_measured_on_usb(tmp_path):
    async def main(bench: Bench) -> None:
        link = await bench.connect()
        recorder = Recorder(link)
        await recorder.record(1.2)
        await link.close()
        split = split_frames(recorder.matrix())
        assert len(split.emg) == len(split.imu) == 0
        assert split.status["error"][-1] & wire.ERROR_USB_POWER

    on_bench(tmp_path, main)


def test_a_pulled_cable_ends_the_link_and_the_run_goes_on_afterwards(tmp_path):
    async def main(bench: Bench) -> None:
        link = await bench.connect()
        recorder = Recorder(link)
        await recorder.record(1.0)
        run = int(split_frames(recorder.matrix()).emg["run"][0])
        bench.pod.usb.unplug()
        await asyncio.wait_for(link.lost.wait(), 5)
        with pytest.raises(LinkError, match="gone"):
            await link.write(wire.command(wire.PROBE, c=1))
        with pytest.raises(LinkError, match="gone"):
            await link.request(bytes([wire.DESCRIBE]))
        await link.close()
        await asyncio.sleep(0.5)
        bench.plug_in()
        again = await bench.connect()
        assert again.info["id"] == bench.pod.id
        missing = Recorder(again)
        await missing.record(1.0, run)
        await again.write(wire.command(wire.RESEND, 64, run, 0))
        await asyncio.sleep(0.5)
        await again.close()
        emg = split_frames(missing.matrix()).emg
        assert set(emg["run"]) == {run}
        assert emg["seq"].max() > split_frames(recorder.matrix()).emg["seq"].max()

    on_bench(tmp_path, main, bench=True)


def test_a_host_that_has_died_leaves_the_pod_free(tmp_path):
    """No goodbye: the pod ends the link itself, and the next host gets in at once."""

    async def main(bench: Bench) -> None:
        link = await bench.connect()
        assert link._keeper is not None
        link._keeper.cancel()
        await link._serial.close()
        again = await bench.connect()
        assert (await again.request(bytes([wire.DESCRIBE])))["id"] == bench.pod.id
        await again.close()

    on_bench(tmp_path, main)


def test_a_pod_that_has_hung_is_lost(tmp_path, monkeypatch):
    async def main(bench: Bench) -> None:
        link = await bench.connect()
        monkeypatch.setattr(bench.pod.usb, "on_sent", lambda _data, _at_ns: None)
        await asyncio.wait_for(link.lost.wait(), 8)
        with pytest.raises(LinkError, match="silent"):
            await link.write(wire.command(wire.PROBE, c=1))
        await link.close()

    on_bench(tmp_path, main)


def test_garbage_and_printed_text_on_the_line_do_no_harm(tmp_path):
    async def main(bench: Bench) -> None:
        random = np.random.default_rng(1)
        pod = bench.pod
        link = await bench.connect()

        async def disturb() -> None:
            while True:
                await asyncio.sleep(0.07)
                pod.usb.on_sent(b"Traceback (most recent call last):\r\n  ~", bench.loop.now_ns())
                pod.usb.on_sent(random.bytes(40) + b"~", bench.loop.now_ns())
                pod.usb.send(random.bytes(20).replace(b"\x03", b"") + b"~")

        disturbing = asyncio.create_task(disturb())
        recorder = Recorder(link)
        await recorder.record(2.0)
        disturbing.cancel()
        assert len(recorder.missing()) < len(recorder.frames) / 4  # what garbage has fallen into
        run = int(split_frames(recorder.matrix()).status["run"][0])
        for _ in range(10):
            for number in recorder.missing():
                await link.write(wire.command(wire.RESEND, 1, run, number))
                await asyncio.sleep(0.1)
                await recorder.acknowledge()
        assert recorder.missing() == []
        assert "faults" in await link.request(bytes([wire.FAULTS, 0, 0]))
        await link.close()
        split = split_frames(recorder.matrix())
        assert split.bad == 0
        emg = split.emg[without_repeats(split.emg)]
        emg = emg[np.argsort(emg["seq"])]
        assert len(emg) > 20
        assert np.array_equal(emg["first_index"][1:], np.cumsum(emg["count"])[:-1])
        assert not split.status["bad_commands"].any()

    on_bench(tmp_path, main, bench=True)


def test_a_host_that_does_not_read_for_a_while_gets_everything_later(tmp_path, monkeypatch):
    """The port's buffer of 256 bytes is full at once; nothing in the pod waits for it."""

    async def main(bench: Bench) -> None:
        link = await bench.connect()
        recorder = Recorder(link)
        recording = asyncio.create_task(recorder.record(5.0))
        await asyncio.sleep(1.0)
        with monkeypatch.context() as patch:
            patch.setattr(bench.pod.usb._port, "take", lambda _data: 0)
            await asyncio.sleep(2.0)
        await recording
        await link.close()
        split = split_frames(recorder.matrix())
        seqs = np.concatenate([split.emg["seq"], split.imu["seq"], split.status["seq"]])
        assert sorted(seqs) == list(range(len(seqs)))
        assert max(np.diff(recorder.stamps_ns)) > 1.9e9
        assert len(seqs) > 4 * 33
        assert split.status["longest_step_ms"].max() < 200

    on_bench(tmp_path, main, bench=True)


def test_a_session_over_usb_loses_nothing_when_the_cable_is_pulled(tmp_path, monkeypatch):
    """The program's own way: ports by vendor and product, keys from the key file, a session."""

    class Port:
        vid, pid = 0x1B4F, 0x0038
        device = str(tmp_path / "port")

    monkeypatch.setattr("glutesym.links.usb.comports", lambda: [Port])
    monkeypatch.setenv("GLUTESYM_KEYS", str(tmp_path / "pods.json"))
    with bench_beside(tmp_path, counter=True, bench=True) as bench:
        keys = KeyRing.load(tmp_path / "pods.json")
        keys.add(OwnedPod(bench.pod.id, "left", bench.pod.key))
        keys.save()
        session = RunningSession(
            RealSurroundings(7.0, usb=True), tmp_path / "a.glutesym", "bench", ("left",)
        )
        session.start()

        def disturb() -> None:
            if session.counts and session.counts["left"].frames > 60:
                bench.pod.usb.unplug()
                bench.loop.call_later(1.0, bench.plug_in)
            else:
                bench.loop.call_later(0.05, disturb)

        bench.loop.call_soon_threadsafe(disturb)
        assert session.join(50)
    counts = session.counts["left"]
    assert counts.connects == 2
    assert (counts.lost, counts.bad) == (0, 0)
    assert counts.resent > 0
    with open_session(session.path) as stored:
        (pod,) = stored.pods
        emg = split_frames(stored.frames(pod.id)[1]).emg
    emg = emg[without_repeats(emg)]
    emg = emg[np.argsort(emg["seq"])]
    samples = np.concatenate(
        [row[:count] for row, count in zip(emg_counts(emg), emg["count"], strict=True)]
    )
    assert len(samples) > 2 * 2000
    assert np.all(np.diff(samples) == 1)


def test_another_owners_pod_is_refused(tmp_path):
    async def main(bench: Bench) -> None:
        wrong = KeyRing.of([OwnedPod(bench.pod.id, "left", bytes(32))])
        with pytest.raises(RefusedError, match="another owner"):
            await bench.connect(wrong)
        nobody = KeyRing.of([])
        with pytest.raises(LinkError, match="glutesym provision"):
            await bench.connect(nobody)
        with pytest.raises(LinkError, match=r"has another owner\. .* erase its settings"):
            await provision(bench.transport(nobody), nobody, "left")
        assert len(nobody) == 0

    on_bench(tmp_path, main)


def test_provisioning_again_keeps_the_key(tmp_path):
    async def main(bench: Bench) -> None:
        keys = bench.keys()
        card = await provision(bench.transport(keys), keys, "right")
        assert (card["side"], card["bench"]) == ("right", False)
        (owned,) = keys
        assert (owned.side, owned.key) == ("right", bench.pod.key)

    on_bench(tmp_path, main)


def test_provisioning_that_was_interrupted_can_be_done_again(tmp_path, monkeypatch):
    """The program dies as soon as the pod has its key: the key is not lost."""
    path = tmp_path / "keys" / "pods.json"

    async def dies(*_arguments: object) -> dict[str, Any]:
        raise KeyboardInterrupt

    async def main(bench: Bench) -> None:
        keys = KeyRing.load(path)
        with monkeypatch.context() as patch:
            patch.setattr(provision_module, "_restart", dies)
            try:
                await provision(bench.transport(keys), keys, "left")
            except KeyboardInterrupt:
                pass
        await asyncio.sleep(6.0)  # the pod restarts
        keys = KeyRing.load(path)
        card = await provision(bench.transport(keys), keys, "left")
        assert card["id"] == bench.pod.id

    on_bench(tmp_path, main, key="")


def test_a_pod_stays_as_it_is_when_its_key_cannot_be_kept(tmp_path):
    class FullDisk(KeyRing):
        def save(self) -> None:
            raise KeyFileError("pods.json", "cannot be written (no space left).")

    async def main(bench: Bench) -> None:
        keys = FullDisk(None, [])
        with pytest.raises(KeyFileError):
            await provision(bench.transport(keys), keys, "left")
        transport = bench.transport()
        (found,) = await transport.scan(5.0)
        link = await transport.attach(found)
        assert link.greeting["owned"] is False
        await link.close()

    on_bench(tmp_path, main, key="")


def test_ports_that_are_no_pods_are_told_apart(tmp_path):
    async def problem(path: str) -> str:
        with pytest.raises(LinkError) as refused:
            await UsbTransport(KeyRing.of([]), [path]).scan(0.1)
        return str(refused.value)

    async def main() -> None:
        assert "no port" in await problem(str(tmp_path / "ttyACM7"))
        assert "cannot be opened as a serial port" in await problem(str(tmp_path / ".."))
        master, slave = os.openpty()
        silent = os.ttyname(slave)
        assert "does not answer as a pod" in await problem(silent)
        async with held(silent):
            assert "busy" in await problem(silent)
        os.close(slave)
        os.close(master)

    asyncio.run(main())


@asynccontextmanager
async def held(port: str):
    import serial

    with serial.Serial(port, exclusive=True):
        yield


def test_a_port_without_permission_names_the_group(monkeypatch):
    import serial

    def refuse(*_arguments: object, **_settings: object) -> None:
        raise serial.SerialException(13, "could not open port /dev/ttyACM0: Permission denied")

    monkeypatch.setattr(serial, "Serial", refuse)
    with pytest.raises(LinkError, match="dialout"):
        asyncio.run(UsbTransport(KeyRing.of([]), ["/dev/ttyACM0"]).scan(0.1))


def test_only_boards_that_may_be_pods_are_asked(monkeypatch):
    class Port:
        def __init__(self, device: str, vid: int | None, pid: int | None) -> None:
            self.device, self.vid, self.pid = device, vid, pid

    ports = [Port("b", 0x2E8A, 0x0005), Port("a", 0x1B4F, 0x0038), Port("x", 0x0403, 0x6001)]
    asked: list[str] = []

    async def look_at(self: UsbTransport, port: str) -> None:
        asked.append(port)
        raise LinkError(f"{port} is not for us.")

    monkeypatch.setattr("glutesym.links.usb.comports", lambda: [*ports, Port("y", None, None)])
    monkeypatch.setattr(UsbTransport, "_look_at", look_at)
    with pytest.raises(LinkError, match=r"a is not for us\. b is not"):
        asyncio.run(UsbTransport(KeyRing.of([])).scan(0.1))
    assert asked[:2] == ["a", "b"]
    assert set(asked) == {"a", "b"}


def test_a_packet_for_another_session_is_ignored():
    """What the pod's buffer kept for an earlier program is not an answer to this one."""

    async def main() -> None:
        link = UsbLink("nowhere", lambda: 0)
        link._loop = asyncio.get_running_loop()
        link._session = b"mine"
        link._on_packet(0, packets.INFO, b"else{}")
        link._on_packet(0, packets.HERE, b"elseabcdef")
        assert not link._answered.is_set()
        assert link.pod_id == ""
        link._on_packet(0, packets.HERE, b"mineabcdef")
        assert link.pod_id == "abcdef"
        await link.close()

    asyncio.run(main())
