"""What an owner asks of pods besides frames: self-tests, fault logs, settings."""

from __future__ import annotations

import json
import struct
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from glutesym import wire
from glutesym.errors import LinkError
from glutesym.keys import OwnedPod
from glutesym.links.base import Link, Transport

_FAULT_CHARS = 20_000  # no pod keeps so many


async def with_pods(
    transport: Transport,
    pods: Sequence[OwnedPod],
    timeout_s: float,
    work: Callable[[OwnedPod, Link], Awaitable[None]],
    failed: Callable[[OwnedPod, LinkError], None],
) -> list[OwnedPod]:
    """Do some work with each of the pods that are in reach, one after the other.

    Parameters
    ----------
    transport : Transport
    pods : sequence of OwnedPod
        The wanted ones.
    timeout_s : float
        How long to look for them.
    work : callable
        Gets a pod and a link to it, which is closed afterwards.
    failed : callable
        Gets a pod with which it went wrong, and why.

    Returns
    -------
    list of OwnedPod
        Those that were not seen.

    Raises
    ------
    LinkError
        It is not possible to look for pods.
    """
    wanted = {pod.tag for pod in pods}
    found = await transport.scan(
        timeout_s, lambda seen: wanted <= {pod.owned.tag for pod in seen if pod.owned}
    )
    in_reach = {pod.owned.tag: pod for pod in found if pod.owned}
    for pod in pods:
        if pod.tag not in in_reach:
            continue
        try:
            link = await transport.connect(in_reach[pod.tag])
            try:
                await work(pod, link)
            finally:
                await link.close()
        except LinkError as error:
            failed(pod, error)
    return [pod for pod in pods if pod.tag not in in_reach]


async def self_test(link: Link) -> dict[str, Any]:
    """Have a pod test its front end; return what it measured, and "ok".

    Raises
    ------
    LinkError
        The link is gone, or the pod refuses.
    """
    result = (await link.request(bytes([wire.SELF_TEST]))).get("self_test")
    if not isinstance(result, dict):
        raise LinkError(
            "The pod's answer to the self-test makes no sense. Plug it in by USB and run "
            "`glutesym flash`."
        )
    return result


async def faults(link: Link) -> str:
    """Return a pod's fault log, "" when nothing went wrong.

    Raises
    ------
    LinkError
        The link is gone, or the pod refuses.
    """
    text = ""
    while len(text) < _FAULT_CHARS:
        answer = await link.request(struct.pack("<BH", wire.FAULTS, len(text)))
        more = str(answer.get("faults", ""))
        if not more:
            break
        text += more
    return text


async def clear_faults(link: Link) -> None:
    """Empty a pod's fault log.

    Raises
    ------
    LinkError
        The link is gone, or the pod refuses.
    """
    await link.request(bytes([wire.CLEAR_FAULTS]))


async def change_settings(link: Link, changes: dict[str, Any]) -> dict[str, Any]:
    """Change settings of a pod, which then restarts; return its new description.

    Raises
    ------
    LinkError
        The link is gone, or the pod refuses.
    """
    return await link.request(bytes([wire.SETTINGS]) + json.dumps(changes).encode())


def battery_words(info: dict[str, Any]) -> str | None:
    """Return what a pod's description says of its battery; None: it has not read its gauge."""
    percent, millivolts = info.get("battery_pct"), info.get("battery_mv")
    if not isinstance(percent, int) or not isinstance(millivolts, int):
        return None
    return f"{percent} % ({millivolts / 1000:.2f} V)"
