"""What a host may ask of a pod besides frames: to be let in, settings, a self-test, the fault log.

A request is a byte that says which and its payload; the answer is a JSON object of at most
wire.INFO_BYTES. One object serves one link.
"""

import json
import struct
from binascii import hexlify

import wire

_AUTHORISE_BYTES = 1 + wire.NONCE_BYTES + wire.PROOF_BYTES


class Requests:
    """``over_usb``: whoever has plugged the pod in may become the owner of one that has none."""

    def __init__(self, guard, over_usb):
        self._guard = guard
        self._over_usb = over_usb
        self._answered = 0
        self.refused = 0

    def begin(self):
        """Return what a new link shows: nothing but a challenge."""
        self._guard.renew()
        self._answered = 0
        return self._encode({})

    async def answer(self, data, pod, link):
        """Carry out a request and return the answer; hostile ones are refused and counted."""
        self._answered = (self._answered + 1) & 0xFFFF
        try:
            result = await self._carry_out(data, pod, link)
        except (ValueError, TypeError, IndexError, KeyError, OSError, MemoryError) as error:
            result = {"error": str(error) or type(error).__name__}
        if "error" in result:
            self.refused += 1
        return self._encode(result)

    async def _carry_out(self, data, pod, link):
        if not data:
            raise ValueError("empty request")
        which = data[0]
        guard = self._guard
        if which == wire.AUTHORISE:
            if len(data) != _AUTHORISE_BYTES:
                raise ValueError("a proof has another length")
            if not link.may_authorise:
                raise ValueError("not encrypted: pair first")
            proof = guard.authorise(data[1 : 1 + wire.NONCE_BYTES], data[1 + wire.NONCE_BYTES :])
            if proof is None:
                raise ValueError("wrong proof" if guard.owned else "no owner")
            answer = pod.describe(link)
            answer["proof"] = hexlify(proof).decode()
            return answer
        if which == wire.PROVISION:
            if not self._over_usb:
                raise ValueError("over USB only")
            if guard.owned and not guard.authorised:
                raise ValueError("it has an owner")
            pod.change_settings(json.loads(data[1:]), True)
            return {"id": pod.id}
        if not guard.authorised:
            raise ValueError("not authorised")
        if which == wire.DESCRIBE:
            return pod.describe(link)
        if which == wire.SETTINGS:
            pod.change_settings(json.loads(data[1:]), False)
            return pod.describe(link)
        if which == wire.SELF_TEST:
            return {"self_test": await pod.self_test()}
        if which == wire.FAULTS:
            return {"faults": pod.faults.text(struct.unpack("<H", data[1:])[0])}
        if which == wire.CLEAR_FAULTS:
            pod.faults.clear()
            return {}
        raise ValueError("unknown request")

    def _encode(self, result):
        result["protocol"] = wire.VERSION
        result["answered"] = self._answered
        if not self._guard.authorised:
            result["nonce"] = hexlify(self._guard.nonce).decode()
            if self._over_usb:
                result["owned"] = self._guard.owned
        data = json.dumps(result).encode()
        if len(data) > wire.INFO_BYTES:
            data = json.dumps(
                {
                    "protocol": wire.VERSION,
                    "answered": self._answered,
                    "error": "the answer is too long",
                }
            ).encode()
        return data
