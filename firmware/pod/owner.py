"""Who may command this pod: its owner, who proves it anew on every link.

The pod shows a random nonce. The host answers with a nonce of its own and with the HMAC-SHA256,
under the key that both were given when the pod was provisioned, of both nonces. Neither key nor
anything that could be used on another link goes over the air. The pod's answer proves itself in
the same way.

    guard = Guard(key)
    guard.renew()                            # a new link
    proof = guard.authorise(nonce, proof)    # None: refused
"""
# Ref: RFC 2104 (HMAC), FIPS 180-4 (SHA-256); https://docs.micropython.org/en/latest/library/hashlib.html

import hashlib
import os
import time

import wire
from micropython import const

_BLOCK_BYTES = const(64)  # of SHA-256
_WAIT_MS = const(1000)  # after a wrong proof: bounds the work that a stranger can cause


def hmac_sha256(key, message):
    """Return the 32 bytes of HMAC-SHA256; ``key`` is at most 64 bytes long."""
    inner = bytearray(_BLOCK_BYTES)
    outer = bytearray(_BLOCK_BYTES)
    for i in range(_BLOCK_BYTES):
        byte = key[i] if i < len(key) else 0
        inner[i] = byte ^ 0x36
        outer[i] = byte ^ 0x5C
    digest = hashlib.sha256(bytes(inner) + message).digest()
    return hashlib.sha256(bytes(outer) + digest).digest()


def _same(a, b):
    """Compare in a time that does not tell where they differ."""
    if len(a) != len(b):
        return False
    difference = 0
    for x, y in zip(a, b):
        difference |= x ^ y
    return not difference


class Guard:
    """``key`` has wire.KEY_BYTES bytes; empty: the pod has no owner and obeys nobody."""

    def __init__(self, key):
        self._key = key
        self._wrong_ms = None
        self.owned = len(key) == wire.KEY_BYTES
        self.nonce = b""
        self.authorised = False
        self.wrong_in_link = 0
        self.wrong = 0  # since boot

    def renew(self):
        """Forget what was proven: this is another link."""
        self.authorised = False
        self.nonce = os.urandom(wire.NONCE_BYTES)
        self.wrong_in_link = 0

    def authorise(self, host_nonce, proof):
        """Return this pod's own proof, or None when the host has not proven that it has the key.

        A nonce serves once: what was overheard is of no use, also not on the same link.
        """
        now_ms = time.ticks_ms()
        early = self._wrong_ms is not None and time.ticks_diff(now_ms, self._wrong_ms) < _WAIT_MS
        nonces = self.nonce + host_nonce
        self.nonce = os.urandom(wire.NONCE_BYTES)
        right = (
            self.owned
            and not early
            and _same(proof, hmac_sha256(self._key, wire.PROOF_OF_HOST + nonces))
        )
        if not right:
            self.authorised = False
            self.wrong += 1
            self.wrong_in_link += 1
            self._wrong_ms = now_ms
            return None
        self.authorised = True
        self._wrong_ms = None
        return hmac_sha256(self._key, wire.PROOF_OF_POD + nonces)
