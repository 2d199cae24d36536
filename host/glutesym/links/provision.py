"""Provisioning: a pod on USB gets its side and the key of its owner.

The key is in the key file before the pod has it. Whatever happens in between, this computer owns
the pod or nobody does, and doing it again completes it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from glutesym import wire
from glutesym.errors import LinkError, RefusedError
from glutesym.keys import KeyRing, OwnedPod, new_key
from glutesym.links.base import FoundPod
from glutesym.links.usb import UsbLink, UsbTransport
from glutesym.measures import Side

_SCAN_S = 10.0
_RESTART_S = 15.0  # the pod restarts after 3 s
_BACK_S = 30.0  # until the system sees it again
_RETRY_S = 0.5


async def provision(
    transport: UsbTransport,
    keys: KeyRing,
    side: Side,
    *,
    bench: bool = False,
    encrypt: bool = False,
    restarting: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Make the one pod that is on USB this computer's, and return its description.

    A pod that is this computer's already keeps its key and gets the other settings.

    Parameters
    ----------
    transport : UsbTransport
        Made with the same ``keys``.
    keys : KeyRing
        Saved before and after.
    side : {"left", "right"}
        Where the pod will be worn.
    bench : bool
        Measure on USB power too. Never on a body.
    encrypt : bool
        Obey on an encrypted Bluetooth link only.
    restarting : callable
        Called when the pod has its settings and restarts.

    Raises
    ------
    LinkError
        There is no pod or more than one, it has another owner, it does not answer, or it does not
        take its settings.
    KeyFileError
        The key cannot be kept; the pod is as it was.
    """
    found = await _only_pod(transport)
    link = await transport.attach(found)
    try:
        owned = await _let_in(link, found, side)
        keys.add(owned)
        keys.save()
        settings = {"side": side, "key": owned.key.hex(), "bench": bench, "encrypt": encrypt}
        await link.request(bytes([wire.PROVISION]) + json.dumps(settings).encode())
        restarting()
        await _restart(link)
    finally:
        await link.close()
    return await _description(transport, owned)


async def _only_pod(transport: UsbTransport) -> FoundPod:
    pods = await transport.scan(_SCAN_S)
    if not pods:
        raise LinkError(
            "No pod found on USB. Plug it in with a cable that carries data; if its board is an "
            "unusual one, name its port with --port."
        )
    if len(pods) > 1:
        ports = ", ".join(f"{pod.name} on {pod.handle}" for pod in pods)
        raise LinkError(f"There are {len(pods)} pods on USB ({ports}): choose one with --port.")
    return pods[0]


async def _let_in(link: UsbLink, found: FoundPod, side: Side) -> OwnedPod:
    """Return the pod as it is going to be owned."""
    if not link.greeting.get("owned"):
        try:
            return OwnedPod(link.pod_id, side, new_key())
        except ValueError as error:
            raise LinkError(
                f"{found.name} has no usable id: {error}. Run `glutesym flash`."
            ) from error
    if found.owned is None:
        raise LinkError(
            f"{found.name} has another owner. If it is yours, erase its settings "
            "(docs/security.md) and run the same command once more."
        )
    await link.authorise(found.owned)
    return replace(found.owned, side=side)


async def _restart(link: UsbLink) -> None:
    """Wait until the pod goes: only afterwards its answers tell what it has stored."""
    try:
        await asyncio.wait_for(link.lost.wait(), _RESTART_S)
    except TimeoutError as error:
        raise LinkError(
            "The pod has its settings but does not restart. Unplug it and its cell for a moment, "
            "and run the same command once more."
        ) from error


async def _description(transport: UsbTransport, owned: OwnedPod) -> dict[str, Any]:
    """Wait for the pod to be back with its new settings; return what it then says to its owner."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + _BACK_S
    problem = "it is not back"
    while loop.time() < end_s:
        try:
            link = await _connected(transport, owned)
        except RefusedError:
            raise
        except LinkError as error:
            problem = str(error)
        else:
            info = link.info
            await link.close()
            if info.get("side") == owned.side:
                return info
            problem = f"its side is {info.get('side')}"
        await asyncio.sleep(_RETRY_S)
    raise LinkError(
        f"The pod has its settings but was not seen to work with them ({problem}). Plug it in "
        "again and run the same command once more."
    )


async def _connected(transport: UsbTransport, owned: OwnedPod) -> UsbLink:
    pods = await transport.scan(_SCAN_S, lambda seen: any(pod.owned == owned for pod in seen))
    for pod in pods:
        if pod.owned == owned:
            return await transport.connect(pod)
    raise LinkError("it is not back")
