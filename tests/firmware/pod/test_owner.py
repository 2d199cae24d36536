"""Who may command a pod: proofs, refusals and requests, on the MicroPython VM."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from glutesym import wire
from glutesym.links.authorise import proof_of

KEY = bytes(range(32))
HOST_NONCE = bytes(range(100, 116))

SETUP = f"""
import asyncio, json, time, wire
from owner import Guard, hmac_sha256
from owner_requests import Requests
from binascii import hexlify, unhexlify

now = 0
time.ticks_ms = lambda: now


class Faults:
    def text(self, first):
        return "faults from %d" % first

    def clear(self):
        print("cleared")


class Pod:
    id = "e6614c311b0101"
    faults = Faults()
    changes = None

    def describe(self, link):
        return {{"id": self.id}}

    def change_settings(self, changes, with_key):
        if not isinstance(changes, dict) or ("key" in changes) != with_key:
            raise ValueError("no")
        self.changes = changes

    async def self_test(self):
        return {{"ok": True}}


class Link:
    may_authorise = True


KEY = unhexlify("{KEY.hex()}")
HOST_NONCE = unhexlify("{HOST_NONCE.hex()}")
pod, link = Pod(), Link()
guard = Guard(KEY)
requests = Requests(guard, False)


def ask(data):
    return json.loads(asyncio.run(requests.answer(bytes(data), pod, link)))


def authorise(key=KEY, nonce=None):
    nonce = guard.nonce if nonce is None else nonce
    proof = hmac_sha256(key, wire.PROOF_OF_HOST + nonce + HOST_NONCE)
    return ask(bytes([wire.AUTHORISE]) + HOST_NONCE + proof)
"""


@pytest.fixture
def on_pod(run_micropython, tmp_path):
    (tmp_path / "folder").mkdir()
    # The VM's own `time` cannot be changed: a module that can stands in for it.
    (tmp_path / "folder" / "time.py").write_text(
        "from utime import *\ndef ticks_diff(a, b):\n    return a - b\n"
    )

    def run(source):
        return run_micropython(SETUP + source, tmp_path / "folder").splitlines()

    return run


@pytest.mark.parametrize("size", [0, 1, 32, 55, 56, 64, 100])
def test_hmac_is_that_of_the_standard_library(on_pod, size):
    message = bytes(i * 7 & 255 for i in range(size))
    lines = on_pod(f'print(hexlify(hmac_sha256(KEY, unhexlify("{message.hex()}"))).decode())')
    assert lines == [hmac.new(KEY, message, hashlib.sha256).hexdigest()]


def test_hmac_gives_the_published_value(on_pod):
    # RFC 4231, test case 2.
    assert on_pod(
        'print(hexlify(hmac_sha256(b"Jefe", b"what do ya want for nothing?")).decode())'
    ) == ["5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"]


def test_the_owner_is_let_in_and_the_pod_proves_itself(on_pod):
    lines = on_pod("""
hello = json.loads(requests.begin())
print(json.dumps(hello))
print(json.dumps(authorise()))
print(guard.authorised, json.dumps(ask([wire.DESCRIBE])))
""")
    hello, answer = json.loads(lines[0]), json.loads(lines[1])
    assert set(hello) == {"protocol", "answered", "nonce"}  # a stranger learns nothing else
    nonces = bytes.fromhex(hello["nonce"]) + HOST_NONCE
    assert answer["proof"] == proof_of(KEY, wire.PROOF_OF_POD, nonces).hex()
    assert answer["id"] == "e6614c311b0101"
    assert lines[2].startswith("True")


def test_a_wrong_key_is_refused_counted_and_has_to_wait(on_pod):
    lines = on_pod("""
requests.begin()
print(authorise(bytes(32))["error"], guard.authorised, guard.wrong)
print(authorise().get("error"), guard.wrong)  # too early: nothing is computed
now += 1001
print(authorise().get("error"), guard.authorised, guard.wrong)
""")
    assert lines == ["wrong proof False 1", "wrong proof 2", "None True 2"]


def test_a_proof_serves_once(on_pod):
    lines = on_pod("""
requests.begin()
old = guard.nonce
print(authorise().get("error"))
print(authorise(nonce=old)["error"], guard.authorised)
now += 2000
requests.begin()
print(authorise(nonce=old)["error"], guard.nonce != old)
""")
    assert lines == ["None", "wrong proof False", "wrong proof True"]


def test_a_pods_proof_is_not_a_hosts(on_pod):
    lines = on_pod("""
requests.begin()
mirrored = hmac_sha256(KEY, wire.PROOF_OF_POD + guard.nonce + HOST_NONCE)
print(ask(bytes([wire.AUTHORISE]) + HOST_NONCE + mirrored)["error"])
""")
    assert lines == ["wrong proof"]


def test_nothing_is_answered_before_and_after_a_link_is_authorised(on_pod):
    lines = on_pod("""
requests.begin()
for data in ([wire.DESCRIBE], [wire.SELF_TEST], [wire.FAULTS, 0, 0], [wire.CLEAR_FAULTS],
             bytes([wire.SETTINGS]) + b'{"gain": 12}', bytes([wire.PROVISION]) + b"{}"):
    print(ask(data)["error"])
authorise()
print(ask(bytes([wire.SETTINGS]) + b'{"gain": 12}').get("error"), pod.changes)
print(ask([wire.FAULTS, 5, 0])["faults"], ask([wire.SELF_TEST])["self_test"])
requests.begin()
print(ask([wire.DESCRIBE])["error"])
""")
    assert lines == ["not authorised"] * 5 + [
        "over USB only", "None {'gain': 12}", "faults from 5 {'ok': True}", "not authorised",
    ]  # fmt: skip


def test_a_pod_without_owner_obeys_nobody_until_somebody_plugs_it_in(on_pod):
    lines = on_pod("""
guard = Guard(b"")
requests = Requests(guard, True)
print(json.loads(requests.begin())["owned"])
print(authorise(b"")["error"])
print(ask(bytes([wire.PROVISION]) + b'{"key": "00"}')["id"], pod.changes)
guard = Guard(KEY)
requests = Requests(guard, True)
requests.begin()
print(ask(bytes([wire.PROVISION]) + b'{"key": "00"}')["error"])
""")
    assert lines == ["False", "no owner", "e6614c311b0101 {'key': '00'}", "it has an owner"]


def test_hostile_requests_are_refused_and_leave_nothing_behind(on_pod):
    lines = on_pod("""
import gc, random
random.seed(4)
requests.begin()
authorise()
def burst(n):
    for _ in range(n):
        size = random.getrandbits(8)
        data = bytearray(random.getrandbits(8) for _ in range(size))
        if size and random.getrandbits(1):
            data[0] = random.getrandbits(3)
        json_like = b'{"gain":' * random.getrandbits(4)
        ask(bytes(data[:1]) + json_like if random.getrandbits(1) else data)
burst(200)
gc.collect(); before = gc.mem_free()
burst(2000)
gc.collect(); after = gc.mem_free()
print(before - after < 2000, requests.refused > 1500)
""")
    assert [line for line in lines if line != "cleared"] == ["True True"]
