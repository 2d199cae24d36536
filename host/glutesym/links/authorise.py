"""Requests to a pod, and the first of them: each side proves to the other that it has the key.

Only nonces and HMACs travel; see docs/security.md.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any, cast

from glutesym import wire
from glutesym.errors import LinkError, RefusedError, UnsuitableError
from glutesym.keys import OwnedPod

NOT_ENCRYPTED = "not encrypted: pair first"  # why a pod refuses, firmware/pod/owner_requests.py
_WRONG_PROOF = "wrong proof"
_ANSWER_S = 8.0  # a self-test takes some seconds
_POLL_S = 0.02
_SHORTEST_MTU = 23  # of a link whose ends have not agreed on another
_HALF = 1 << 15  # answers are counted modulo twice this
_PAUSE_S = 1.2  # longer than a pod pauses after a wrong proof
_MTU_S = 3.0  # some systems agree on the packet length only after the first exchanges


class Requests:
    """The requests of one link, in order.

    Parameters
    ----------
    name : str
        Of the pod, for messages.
    read : callable
        Returns the bytes of the pod's newest answer.
    write : callable
        Sends a request.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[], Awaitable[bytes]],
        write: Callable[[bytes], Awaitable[None]],
    ) -> None:
        self._name = name
        self._read = read
        self._write = write
        self._asked = 0
        self._turn = asyncio.Lock()

    async def greeting(self) -> dict[str, Any]:
        """Return what the pod shows to anybody.

        Raises
        ------
        UnsuitableError
            It is not a pod of this protocol version.
        """
        info = self._decoded(await self._read())
        version = info.get("protocol")
        if version != wire.VERSION:
            raise UnsuitableError(
                f"{self._name} speaks protocol version {version}, this program {wire.VERSION}. "
                "Plug it in by USB and run `glutesym flash`."
            )
        answered = info.get("answered")
        self._asked = answered if isinstance(answered, int) else 0  # others may have asked before
        return info

    async def request(self, request: bytes) -> dict[str, Any]:
        """Send a request and return the answer.

        Raises
        ------
        LinkError
            No answer comes.
        RefusedError
            The pod refuses.
        UnsuitableError
            This computer's Bluetooth has sent the request in pieces, or no answer can be read.
        """
        async with self._turn:
            self._asked = (self._asked + 1) % (1 << 16)
            torn: UnsuitableError | None = None
            try:
                async with asyncio.timeout(_ANSWER_S):
                    await self._write(request)
                    while True:
                        data = await self._read()
                        # A long answer is read in pieces, and the next may come in between.
                        try:
                            answer, torn = self._decoded(data), None
                        except UnsuitableError as error:
                            answer, torn = {}, error
                        ahead = 0 if torn else self._ahead(answer)
                        if ahead > 0:
                            raise self._short_packets(_SHORTEST_MTU)
                        if not (torn or ahead):
                            break
                        await asyncio.sleep(_POLL_S)
            except TimeoutError as error:
                if torn:
                    raise torn from error
                raise LinkError(
                    f"{self._name} does not answer a request. Bring it closer and try again."
                ) from error
        if "error" in answer:
            raise RefusedError(self._name, str(answer["error"]))
        return answer

    async def authorise(self, pod: OwnedPod) -> dict[str, Any]:
        """Prove to be the owner, check that the pod is the owner's, and return its description.

        Raises
        ------
        LinkError
            No answer comes, or no challenge.
        UnsuitableError
            The pod is of another version or cannot prove that it is the owner's.
        RefusedError
            The pod does not accept the key.
        """
        try:
            return await self._authorise_once(pod)
        except RefusedError as error:
            if error.reason != _WRONG_PROOF:
                raise
        # A stranger may have guessed just before: then the pod refuses everybody for a second.
        await asyncio.sleep(_PAUSE_S)
        return await self._authorise_once(pod)

    async def _authorise_once(self, pod: OwnedPod) -> dict[str, Any]:
        greeting = await self.greeting()
        try:
            pod_nonce = bytes.fromhex(greeting["nonce"])
        except (KeyError, TypeError, ValueError) as error:
            # Perhaps its link is still another program's: closing it and trying again helps.
            raise LinkError(f"{self._name} does not greet as a pod does.") from error
        nonces = pod_nonce + (host_nonce := secrets.token_bytes(wire.NONCE_BYTES))
        proof = proof_of(pod.key, wire.PROOF_OF_HOST, nonces)
        answer = await self.request(bytes([wire.AUTHORISE]) + host_nonce + proof)
        expected = proof_of(pod.key, wire.PROOF_OF_POD, nonces).hex()
        if not hmac.compare_digest(str(answer.get("proof")).encode(), expected.encode()):
            raise UnsuitableError(
                f"{self._name} cannot prove that it is your pod: something else uses its name. "
                "Switch unknown devices off, or provision the pod again."
            )
        del answer["proof"]
        return answer

    async def wait_for_long_packets(self, description: dict[str, Any]) -> dict[str, Any]:
        """Return the description once the link carries whole frames.

        Raises
        ------
        UnsuitableError
            This computer's Bluetooth never agrees to long packets.
        """
        try:
            async with asyncio.timeout(_MTU_S):
                while _mtu(description) < wire.FRAME_BYTES + 3:
                    await asyncio.sleep(_MTU_S / 10)
                    description = await self.request(bytes([wire.DESCRIBE]))
        except TimeoutError as error:
            raise self._short_packets(_mtu(description)) from error
        return description

    def _ahead(self, answer: dict[str, Any]) -> int:
        """Return by how many requests an answer is ahead of the newest, negative if behind.

        It is ahead when MicroPython has handed a long write to the pod piece by piece
        (extmod/btstack/modbluetooth_btstack.c, ``att_write_callback`` ignores the offset).
        """
        answered = answer.get("answered")
        if not isinstance(answered, int):
            return -1
        return (answered - self._asked + _HALF) % (2 * _HALF) - _HALF

    def _short_packets(self, mtu: int) -> UnsuitableError:
        return UnsuitableError(
            f"This computer's Bluetooth carries packets of {mtu} bytes to {self._name}, "
            f"{wire.FRAME_BYTES + 3} are needed. Update its Bluetooth driver, or use another "
            "adapter (Bluetooth 4.2 or later)."
        )

    def _decoded(self, data: bytes) -> dict[str, Any]:
        try:
            info = json.loads(data)
        except ValueError as error:
            raise UnsuitableError(
                f"{self._name} does not describe itself as a pod does: {error}. "
                "Plug it in by USB and run `glutesym flash`."
            ) from error
        if not isinstance(info, dict):
            raise UnsuitableError(
                f"{self._name} does not describe itself as a pod does. Plug it in by USB and run "
                "`glutesym flash`."
            )
        return cast(dict[str, Any], info)


def proof_of(key: bytes, who: bytes, nonces: bytes) -> bytes:
    """Return the proof that its maker has a key.

    Parameters
    ----------
    key : bytes
        ``wire.KEY_BYTES`` long.
    who : bytes
        ``wire.PROOF_OF_HOST`` or ``wire.PROOF_OF_POD``: one's proof is of no use to the other.
    nonces : bytes
        The pod's nonce, then the host's.
    """
    return hmac.new(key, who + nonces, hashlib.sha256).digest()


def _mtu(description: dict[str, Any]) -> int:
    mtu = description.get("mtu")
    return mtu if isinstance(mtu, int) else 0
