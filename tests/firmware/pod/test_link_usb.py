"""The pod's USB link on the MicroPython VM, with a serial port whose host reads when it likes."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from glutesym import packets, wire
from glutesym.links.authorise import proof_of

KEY = bytes(range(32))
HOST_NONCE = bytes(range(100, 116))
SESSION = b"\x03abc"
POD_ID = "e6614c311b0101"

# `port` is what MicroPython has for its serial port. `play` lets the link run until it is idle.
SETUP = f"""
import asyncio, io, json, micropython, sys, time
from binascii import hexlify, unhexlify

class Port(io.IOBase):
    def __init__(self):
        self.received = bytearray()
        self.sent = bytearray()
        self.room = 1 << 20
        self.waits = 0

    def readinto(self, buffer):
        assert len(buffer) <= len(self.received), "would block"
        buffer[:] = self.received[: len(buffer)]
        self.received[:] = self.received[len(buffer) :]
        return len(buffer)

    def write(self, data):
        assert len(data) <= self.room, "would block"
        self.room -= len(data)
        self.sent.extend(data)
        return len(data)

    def ioctl(self, request, flags):
        if request != 3:
            return -1  # it has no file number: the VM polls it as the board polls its port
        if flags & 4 and not self.room:
            self.waits += 1
        return (1 if flags & 1 and self.received else 0) | (4 if flags & 4 and self.room else 0)

class Sys:
    implementation = sys.implementation

    class stdin:
        buffer = Port()

port = Sys.stdin.buffer
Sys.stdout = Sys.stdin
sys.modules["sys"] = Sys
keys = []
class Micropython:
    const = micropython.const
    kbd_intr = keys.append
sys.modules["micropython"] = Micropython

import packets, wire
from link_usb import UsbLink
from owner import Guard, hmac_sha256
from owner_requests import Requests

class Pod:
    id = "{POD_ID}"
    commands = []
    changes = []
    def on_command(self, link, opcode, a, b, c, ticks_us):
        self.commands.append((opcode, a, b, c))
        return opcode != wire.IDENTIFY
    def on_link_change(self, link):
        self.changes.append(link.connected)
    def describe(self, link):
        return {{"id": self.id, "mtu": link.mtu}}
    async def self_test(self):
        time.advance(20000)
        await asyncio.sleep_ms(600)
        return {{"ok": True}}
    def change_settings(self, changes, with_key):
        self.settings = changes

pod = Pod()
guard = Guard(unhexlify("{KEY.hex()}"))
link = UsbLink(pod.id, guard, Requests(guard, True))
host = packets.Encoder(wire.REQUEST_BYTES)
SESSION = unhexlify("{SESSION.hex()}")
OTHER = b"othr"

def say(kind, payload):
    port.received.extend(host.buffer[: host.encode(kind, payload)])

def heard():
    decoder = packets.Decoder(wire.INFO_BYTES + 4)
    got = []
    for byte in port.sent:
        if decoder.take(byte):
            got.append((chr(decoder.kind), hexlify(decoder.payload).decode()))
    port.sent[:] = b""
    return got

async def _play(ms):
    tasks = [asyncio.create_task(link.serve(pod)), asyncio.create_task(link.patrol())]
    while port.received:
        await asyncio.sleep_ms(1)
    await asyncio.sleep_ms(ms)
    for task in tasks:
        assert not task.done(), task.data
        task.cancel()

def play(ms=50):
    asyncio.run(_play(ms))
    asyncio.new_event_loop()

def nonce():
    kind, info = heard()[-1]
    return unhexlify(json.loads(unhexlify(info)[4:])["nonce"])

def authorise(key=unhexlify("{KEY.hex()}")):
    global proved_nonce
    say(packets.HELLO, SESSION)
    play()
    host_nonce = unhexlify("{HOST_NONCE.hex()}")
    pod_nonce = nonce()
    proved_nonce = hexlify(pod_nonce).decode()
    proof = hmac_sha256(key, wire.PROOF_OF_HOST + pod_nonce + host_nonce)
    say(packets.REQUEST, bytes([wire.AUTHORISE]) + host_nonce + proof)
    play()
"""

CLOCK = """
from utime import *
import utime
_ahead = 0
def advance(ms):
    global _ahead
    _ahead += ms
def ticks_ms():
    return utime.ticks_ms() + _ahead
"""


@pytest.fixture
def on_pod(run_micropython, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    # Only the link's clock can be advanced; asyncio has the VM's own.
    (folder / "time.py").write_text(CLOCK)

    def run(source: str) -> Any:
        return json.loads(run_micropython(SETUP + source, folder).splitlines()[-1])

    return run


def opened(packet: list[str]) -> Any:
    """Return the JSON of an INFO packet of this session."""
    kind, payload = packet
    data = bytes.fromhex(payload)
    assert (kind, data[:4]) == ("I", SESSION)
    return json.loads(data[4:])


def test_nothing_is_written_and_ctrl_c_works_until_a_host_says_hello(on_pod):
    result = on_pod("""
port.received.extend(b"AT+GMM\\r print(1)\\r\\n ~garbage~")
say(packets.COMMAND, bytes(8))
say(packets.ALIVE, SESSION)
say(packets.HELLO, b"short")
play()
print(json.dumps([len(port.sent), keys, link.connected, pod.commands, len(port.received)]))
""")
    assert result == [0, [], False, [], 0]


def test_a_hello_is_answered_with_the_pods_id_and_a_challenge(on_pod):
    here, info, *rest = on_pod("""
say(packets.HELLO, SESSION)
play()
print(json.dumps(heard() + [keys, link.connected, pod.changes]))
""")
    assert here == ["H", (SESSION + POD_ID.encode()).hex()]
    greeting = opened(info)
    assert len(greeting.pop("nonce")) == 2 * wire.NONCE_BYTES
    assert greeting == {"protocol": wire.VERSION, "answered": 0, "owned": True}
    assert rest == [[-1], True, [True]]


def test_only_an_authorised_host_commands(on_pod):
    before, answer, commands, refused = on_pod("""
say(packets.HELLO, SESSION)
say(packets.COMMAND, wire.command(wire.START, 24, 7))
play()
before = len(pod.commands)
authorise()
(answer,) = heard()
say(packets.COMMAND, wire.command(wire.START, 24, 7))
say(packets.COMMAND, b"1234567")
say(packets.COMMAND, wire.command(wire.IDENTIFY, 3))
play()
print(json.dumps([before, answer, pod.commands, link.refused]))
""")
    assert before == 0
    answer = opened(answer)
    assert (answer["id"], answer["mtu"]) == (POD_ID, 247)
    assert len(answer["proof"]) == 64
    assert commands == [[wire.START, 24, 7, 0], [wire.IDENTIFY, 3, 0, 0]]
    assert refused == 3


def test_a_wrong_key_is_refused(on_pod):
    answer, authorised = on_pod("""
authorise(bytes(32))
print(json.dumps([heard()[0], guard.authorised]))
""")
    assert opened(answer)["error"] == "wrong proof"
    assert not authorised


def test_the_proof_is_what_the_host_computes(on_pod):
    nonce, answer = on_pod("""
authorise()
print(json.dumps([proved_nonce, heard()[0]]))
""")
    nonces = bytes.fromhex(nonce) + HOST_NONCE
    assert opened(answer)["proof"] == proof_of(KEY, wire.PROOF_OF_POD, nonces).hex()


@pytest.mark.parametrize("new", ["say(packets.HELLO, SESSION)", "say(packets.HELLO, OTHER)"])
def test_a_new_hello_is_a_new_link(on_pod, new):
    result = on_pod(f"""
authorise()
{new}
say(packets.COMMAND, bytes(8))
play()
print(json.dumps([guard.authorised, pod.commands, pod.changes, keys]))
""")
    assert result == [False, [], [True, False, True], [-1, 3, -1]]


def test_a_host_that_says_bye_or_nothing_is_gone(on_pod):
    result = on_pod("""
authorise()
say(packets.BYE, OTHER)
play()
states = [link.connected]
say(packets.BYE, SESSION)
play()
states.append(link.connected)
authorise()
heard()
time.advance(4000)
say(packets.ALIVE, SESSION)
play(700)
states.append([link.connected, heard()])
time.advance(4900)
play(700)
states.append([link.connected, guard.authorised, keys])
print(json.dumps(states))
""")
    here = ["H", (SESSION + POD_ID.encode()).hex()]
    assert result == [True, False, [True, [here]], [False, False, [-1, 3, -1, 3]]]


def test_a_long_self_test_does_not_count_as_silence(on_pod):
    answer, connected = on_pod("""
authorise()
heard()
say(packets.REQUEST, bytes([wire.SELF_TEST]))
play(1200)
print(json.dumps([heard()[0], link.connected]))
""")
    assert opened(answer)["self_test"] == {"ok": True}
    assert connected


def test_frames_go_out_in_whole_chunks_and_never_block(on_pod):
    """With a host that does not read, `ready` says so at once; when it reads on, all arrives."""
    sent, waits, states, got = on_pod("""
authorise()
heard()
frame = bytearray(range(244))
port.room = 128
port.waits = 0
states = [link.ready(), link.notify(frame), link.ready(), link.notify(frame)]
sent = len(port.sent)
for _ in range(100):
    if port.room == 0:
        port.room += 64
    if link.ready():
        break
states.append(link.ready())
print(json.dumps([sent, port.waits > 0, states, heard()]))
""")
    assert (sent, waits) == (128, True)
    assert states == [True, True, False, False, True]
    assert got == [["F", bytes(range(244)).hex()]]


def test_an_answer_waits_for_the_frame_before_it(on_pod):
    (frame, here) = on_pod("""
authorise()
heard()
port.room = 64
link.notify(bytearray(range(244)))
say(packets.ALIVE, SESSION)
async def read_later():
    await asyncio.sleep_ms(20)
    port.room = 1 << 20
async def both():
    asyncio.create_task(read_later())
    await _play(100)
asyncio.run(both())
print(json.dumps(heard()))
""")
    assert frame == ["F", bytes(range(244)).hex()]
    assert here[0] == "H"


def test_a_host_that_never_reads_costs_its_answers_only(on_pod):
    got, connected = on_pod("""
authorise()
heard()
port.room = 0
say(packets.REQUEST, bytes([wire.DESCRIBE]))
play(30)
time.advance(3000)
play(30)
port.room = 1 << 20
say(packets.REQUEST, bytes([wire.DESCRIBE]))
play(100)
print(json.dumps([heard(), link.connected]))
""")
    assert connected
    assert opened(got[-1])["answered"] == 3


def test_a_flood_of_garbage_leaves_time_for_other_tasks(on_pod):
    turns = on_pod("""
port.received.extend(b"garbage" * 2000)
turns = 0
async def other():
    global turns
    while port.received:
        await asyncio.sleep_ms(0)
        turns += 1
async def both():
    task = asyncio.create_task(other())
    await _play(1)
    while port.received:
        await _play(20)
    await task
asyncio.run(both())
print(json.dumps(turns))
""")
    assert turns > 14000 // 64 // 2


def test_sending_a_frame_allocates_no_more_than_its_crc(on_pod):
    spent = on_pod("""
import gc
authorise()
port.write = None
class Sink:
    def write(self, data):
        return len(data)
link._out = Sink()
frame = bytearray(range(244))
link.notify(frame)
gc.collect()
gc.disable()
before = gc.mem_alloc()
for _ in range(50):
    link.notify(frame)
print(json.dumps((gc.mem_alloc() - before) // 50))
""")
    assert spent < 1500  # the VM's poll calls Python here; on the board it does not


def test_the_longest_answer_and_request_fit(on_pod):
    result = on_pod("""
authorise()
heard()
async def answer(data, pod, link):
    return b"~" * wire.INFO_BYTES
link._requests.answer = answer
say(packets.REQUEST, b"~" * wire.REQUEST_BYTES)
play()
print(json.dumps(heard()))
""")
    assert result == [["I", (SESSION + b"~" * wire.INFO_BYTES).hex()]]


def test_commands_are_eight_bytes():
    assert struct.calcsize(wire.COMMAND_FORMAT) == wire.COMMAND_BYTES == 8
    assert packets.SESSION_BYTES == len(SESSION)
