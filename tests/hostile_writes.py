"""Hostile writes, and the pod that they are poured into. Everything follows from a seed."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from bleak import BleakClient
from bleak.exc import BleakError, BleakGATTProtocolError

from glutesym import wire
from glutesym.decode import split_frames
from glutesym.links.authorise import proof_of
from glutesym.virtual.radio import RadioModel
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.simulation import Simulation
from glutesym.world_time import run_in_world
from stranger import owner_streams
from virtual_session import equal_hardware

_TEXTS = ("", "left", "\0", "é" * 40, "x" * 200, "key", "side", "../settings.json", '"\\')
_WRITES_A_LINK = 150
_NAMES = ("side", "rate_sps", "gain", "bench", "encrypt", "key", "nonsense", "")


def hostile_write(random: np.random.Generator) -> tuple[bool, bytes]:
    """Return (whether to the request characteristic, bytes). None would restart a pod."""
    kind = int(random.integers(8))
    if random.integers(100) == 0:
        return True, bytes([wire.AUTHORISE]) + random.bytes(wire.NONCE_BYTES + wire.PROOF_BYTES)
    if kind == 0:
        return bool(random.integers(2)), random.bytes(int(random.integers(0, 513)))
    if kind <= 3:
        commands = [_hostile_command(random) for _ in range(int(random.integers(1, 5)))]
        return False, b"".join(commands)[: int(random.integers(1, 33)) if kind == 3 else None]
    which = bytes([int(random.integers(0, 9))])
    if kind == 4:
        return True, which + random.bytes(int(random.integers(0, 300)))
    text = json.dumps(_hostile_value(random, 0), ensure_ascii=bool(random.integers(2))).encode()
    if kind == 5:
        text = text[: int(random.integers(len(text) + 1))]
    elif kind == 6:
        text = b"[" * int(random.integers(1, 250)) + text
    return True, which + text


def _hostile_command(random: np.random.Generator) -> bytes:
    if random.integers(4) == 0:
        return random.bytes(wire.COMMAND_BYTES)
    opcode = int(random.integers(0, 8))
    edges = (0, 1, 255, 65535, (1 << 30) - 1, 1 << 30, (1 << 31) - 1, 1 << 31, (1 << 32) - 1)
    a, b, c = (int(random.choice(edges)) for _ in range(3))
    return wire.command(opcode, a & 255, b & 65535, c)


def _hostile_value(random: np.random.Generator, depth: int) -> object:
    """Return something for JSON; settings in it are never all valid."""
    kind = int(random.integers(9 if depth < 3 else 6))
    if kind == 0:
        return int(random.integers(-(1 << 62), 1 << 62)) ** int(random.integers(1, 4))
    if kind == 1:
        return float(random.normal()) * 10.0 ** int(random.integers(-300, 300))
    if kind == 2:
        return [True, False, None][int(random.integers(3))]
    if kind <= 4:
        return _TEXTS[int(random.integers(len(_TEXTS)))]
    if kind == 5:
        return [0] * int(random.integers(100))
    if kind == 6:
        return [_hostile_value(random, depth + 1) for _ in range(int(random.integers(5)))]
    names = random.choice(_NAMES, int(random.integers(1, 5))).tolist()
    return {"gain": -1, **{name: _hostile_value(random, depth + 1) for name in names}, "bench": 7}


@dataclass
class PodOutcome:
    """What hostile writes did to a pod."""

    strangers: int = 0  # writes before authorisation
    owners: int = 0  # ... and after
    links: int = 0
    resets: int = 0
    console: str = ""
    heap_free: list[int] = field(default_factory=list[int])  # along the way
    last: dict[str, int] = field(default_factory=dict[str, int])  # status, streaming afterwards
    samples: int = 0  # that the owner then got
    world_s: float = 0.0


def attack_pod(random: np.random.Generator, writes: int, heap_bytes: int) -> PodOutcome:
    """Write to a pod, half of it as a stranger, half as its owner who has gone mad."""
    outcome = PodOutcome()
    hardware = equal_hardware(
        radio=RadioModel(connection_interval_ms=7.5, loss=0.0), heap_bytes=heap_bytes
    )

    async def attack() -> None:
        async with Simulation(build_scenario("counter"), hardware=hardware) as simulation:
            simulation.start_scenario()
            await asyncio.sleep(2)
            pod = simulation.pods["left"]
            client_backend, _ = simulation.backends
            while outcome.strangers + outcome.owners < writes:
                owner = outcome.links % 2 == 1
                await _attack_once(client_backend, pod, random, owner, writes, outcome)
                outcome.links += 1
                await asyncio.sleep(1.5)
                assert pod.process.running
            await asyncio.sleep(10)
            sent = await owner_streams(simulation, pod, 3.0)
            outcome.samples = int(sent.emg["count"].sum())
            outcome.last = {name: int(sent.status[name][-1]) for name in sent.status.dtype.names}
            outcome.resets, outcome.console = pod.resets, pod.process.console()
            outcome.world_s = simulation.loop.time()

    run_in_world(attack())
    return outcome


async def _attack_once(client_backend, pod, random, owner, writes, outcome) -> None:
    gone = asyncio.Event()
    client = BleakClient(pod.address, lambda _client: gone.set(), backend=client_backend)

    def on_frame(_characteristic, data: bytearray) -> None:
        if len(data) == wire.FRAME_BYTES and data[0] == wire.STATUS:
            status = split_frames(np.frombuffer(data, np.uint8).reshape(1, -1)).status
            outcome.heap_free.append(int(status["heap_free"][0]))
        assert owner, "frames for a stranger"

    with suppress(BleakError):
        await client.connect()
        await client.start_notify(wire.STREAM_UUID, on_frame)
        if owner:
            nonces = bytes.fromhex(
                json.loads(await client.read_gatt_char(wire.INFO_UUID))["nonce"]
            ) + bytes(wire.NONCE_BYTES)
            proof = proof_of(pod.key, wire.PROOF_OF_HOST, nonces)
            request = bytes([wire.AUTHORISE]) + bytes(wire.NONCE_BYTES) + proof
            await client.write_gatt_char(wire.REQUEST_UUID, request, response=True)
            start = wire.command(wire.START, 24)
            await client.write_gatt_char(wire.CONTROL_UUID, start, response=True)
        for _ in range(_WRITES_A_LINK):
            if gone.is_set() or outcome.strangers + outcome.owners >= writes:
                break
            to_request, data = hostile_write(random)
            uuid = wire.REQUEST_UUID if to_request else wire.CONTROL_UUID
            response = to_request or bool(random.integers(2))
            with suppress(BleakGATTProtocolError):  # too long for an attribute
                await client.write_gatt_char(
                    uuid, data if response else data[: wire.FRAME_BYTES], response=response
                )
            if owner:
                outcome.owners += 1
            else:
                outcome.strangers += 1
            if random.integers(10) == 0:
                await client.read_gatt_char(wire.INFO_UUID)
    with suppress(BleakError):
        await client.disconnect()
