"""The commands that look after pods: who owns them, what they are set to, whether they work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from glutesym.cli_shared import WornSide, err, out
from glutesym.errors import GlutesymError, LinkError, how_to_own
from glutesym.wording import self_test_sentence

if TYPE_CHECKING:
    from glutesym.keys import KeyRing, OwnedPod
    from glutesym.links.base import FoundPod, Link, Transport

app = typer.Typer(rich_markup_mode="markdown")


def _one_of(*values: int) -> Callable[[int | None], int | None]:
    def check(value: int | None) -> int | None:
        if value is not None and value not in values:
            raise typer.BadParameter(f"one of {', '.join(map(str, values))}")
        return value

    return check


Usb = Annotated[bool, typer.Option("--usb", help="Over USB instead of Bluetooth.")]
Port = Annotated[
    str | None,
    typer.Option(help="The serial port, such as /dev/ttyACM0 or COM3.", show_default="all"),
]
Which = Annotated[
    str | None,
    typer.Argument(
        metavar="POD", help="left, right, or the end of its name.", show_default="all of yours"
    ),
]
Timeout = Annotated[float, typer.Option(help="Seconds to look for pods.", min=0.1)]


@app.command(epilog="Examples:\n\n`glutesym scan --timeout 10`\n\n`glutesym scan --usb`")
def scan(timeout: Timeout = 6.0, usb: Usb = False, port: Port = None) -> None:
    """List the pods in reach."""
    transport = _transport(_keys(), usb, port)

    async def listen() -> list[FoundPod]:
        return await transport.scan(timeout, lambda pods: bool(pods and (usb or port)))

    with err.status(f"Listening for {timeout:g} s …"):
        pods = asyncio.run(listen())
    if not pods:
        what_to_do = (
            "Plug one in with a cable that carries data; --port names an unusual board's port."
            if usb or port
            else "Move the pods to wake them up: their light flashes once every three seconds. "
            "A pod that is connected to another program cannot be seen."
        )
        out.print(f"No pod seen within {timeout:g} s. {what_to_do}", soft_wrap=True)
        raise typer.Exit(1)
    table = Table("Name", "Side", "Address", "Signal")
    for pod in sorted(pods, key=lambda pod: -(pod.rssi_dbm or -999)):
        signal = "USB" if pod.rssi_dbm is None else f"{pod.rssi_dbm} dBm"
        address = str(pod.handle) if pod.rssi_dbm is None else pod.address
        table.add_row(pod.name, pod.side or "not yours", address, signal)
    out.print(table)


@app.command(
    epilog="Examples:\n\n`glutesym provision --side left`\n\n"
    "`glutesym provision --side right --port /dev/ttyACM0`\n\n"
    "`glutesym provision --side left --bench`"
)
def provision(
    side: Annotated[WornSide, typer.Option(help="Where the pod will be worn.")],
    port: Port = None,
    bench: Annotated[
        bool, typer.Option("--bench", help="Measure on USB power too. Never on a body!")
    ] = False,
    encrypt: Annotated[
        bool,
        typer.Option(
            "--encrypt",
            help="Obey on encrypted Bluetooth links only; its MicroPython must be able to.",
        ),
    ] = False,
) -> None:
    """Make the pod on USB yours: give it its side and a key that only this computer has."""
    from glutesym.keys import default_path
    from glutesym.links.provision import provision as provide
    from glutesym.links.usb import UsbTransport

    keys = _keys()

    async def work() -> dict[str, Any]:
        transport = UsbTransport(keys, [port] if port else [])
        return await provide(
            transport,
            keys,
            side.value,
            bench=bench,
            encrypt=encrypt,
            restarting=lambda: status.update("The pod restarts …"),
        )

    with err.status("Talking to the pod …") as status:
        info = asyncio.run(work())
    _print_description(info)
    _say(f"It is yours: its key is in {default_path()}. Keep a copy of that file.")
    same = [pod for pod in keys if pod.side == side.value]
    if len(same) > 1:
        _say(
            f"You own {len(same)} {side.value} pods; the nearest is used. "
            "`glutesym pods --forget TAG` forgets one."
        )


@app.command(epilog="Examples:\n\n`glutesym pods`\n\n`glutesym pods --forget 1A2B3C`")
def pods(
    forget: Annotated[
        str | None, typer.Option(help="Forget the key of the pod with this tag.", metavar="TAG")
    ] = None,
) -> None:
    """List the pods that this computer owns."""
    from glutesym import wire

    keys = _keys()
    if forget is not None:
        tag = forget.upper().removeprefix(f"{wire.NAME_PREFIX}-".upper())
        if keys.get(tag) is None:
            raise GlutesymError(
                f"There is no pod {forget} among yours; `glutesym pods` lists them."
            )
        keys.remove(tag)
        keys.save()
        _say(
            f"{wire.NAME_PREFIX}-{tag} is forgotten. It still obeys nobody but the old key: erase "
            "its settings (docs/security.md) before you provision it again."
        )
        return
    _require_pods(keys)
    table = Table("Name", "Side", "Id")
    for pod in keys:
        table.add_row(_name(pod), pod.side, pod.id)
    out.print(table)


@app.command(epilog="Examples:\n\n`glutesym selftest`\n\n`glutesym selftest left --usb`")
def selftest(
    which: Which = None, usb: Usb = False, port: Port = None, timeout: Timeout = 10.0
) -> None:
    """Have the pods test themselves; nobody has to wear them."""
    from glutesym.links import upkeep

    bad: list[OwnedPod] = []

    async def work(pod: OwnedPod, link: Link) -> None:
        result = await upkeep.self_test(link)
        if not result.get("ok"):
            bad.append(pod)
        _say(f"{pod.side} ({_name(pod)}): {self_test_sentence(result)}")
        if faults := link.info.get("faults"):
            _say(f"  {faults} line(s) in its fault log: `glutesym faults {pod.side}`.")

    _for_pods(which, usb, port, timeout, work)
    if bad:
        raise typer.Exit(1)


@app.command(epilog="Examples:\n\n`glutesym faults`\n\n`glutesym faults left --clear`")
def faults(
    which: Which = None,
    clear: Annotated[bool, typer.Option("--clear", help="Empty the log afterwards.")] = False,
    usb: Usb = False,
    port: Port = None,
    timeout: Timeout = 10.0,
) -> None:
    """Print what went wrong in the pods: a line is boot, seconds since then, and what it was."""
    from glutesym.links import upkeep

    async def work(pod: OwnedPod, link: Link) -> None:
        text = await upkeep.faults(link)
        _say(f"{pod.side} ({_name(pod)}): {'' if text else 'nothing went wrong.'}")
        for line in text.splitlines():
            _say(f"  {line}")
        if clear and text:
            await upkeep.clear_faults(link)
            _say("  Cleared.")

    _for_pods(which, usb, port, timeout, work)


@app.command(
    epilog="Examples:\n\n`glutesym settings`\n\n`glutesym settings left --gain 12`\n\n"
    "`glutesym settings left --side right`\n\n`glutesym settings left --bench --usb`"
)
def settings(
    which: Which = None,
    gain: Annotated[
        int | None,
        typer.Option(
            help="EMG amplification: 1, 2, 3, 4, 6, 8 or 12.",
            callback=_one_of(1, 2, 3, 4, 6, 8, 12),
        ),
    ] = None,
    rate: Annotated[
        int | None,
        typer.Option(help="EMG samples a second: 1000 or 2000.", callback=_one_of(1000, 2000)),
    ] = None,
    side: Annotated[WornSide | None, typer.Option(help="Where the pod is worn.")] = None,
    bench: Annotated[
        bool | None,
        typer.Option("--bench/--no-bench", help="Measure on USB power too. Never on a body!"),
    ] = None,
    usb: Usb = False,
    port: Port = None,
    timeout: Timeout = 10.0,
) -> None:
    """Show the settings of the pods, or change those of one."""
    from glutesym.links import upkeep

    wanted = {"gain": gain, "rate_sps": rate, "side": side and side.value, "bench": bench}
    changes = {name: value for name, value in wanted.items() if value is not None}
    keys = _keys()

    async def work(pod: OwnedPod, link: Link) -> None:
        info = link.info
        if changes:
            info = await upkeep.change_settings(link, changes)
            if side is not None:
                keys.add(replace(pod, side=side.value))
                keys.save()
        _print_description(info)
        if changes:
            _say("  Changed; the pod restarts within some seconds.")

    if changes and len(_chosen(keys, which)) > 1:
        raise GlutesymError(
            "Say whose settings to change: `glutesym settings POD …`. `glutesym pods` lists them."
        )
    _for_pods(which, usb, port, timeout, work, keys)


# --- what the commands share


def _keys() -> KeyRing:
    from glutesym.keys import KeyRing, default_path

    return KeyRing.load(default_path())


def _transport(keys: KeyRing, usb: bool, port: str | None) -> Transport:
    """Return what reaches pods: over USB if wanted or if a port is named."""
    if usb or port:
        from glutesym.links.usb import UsbTransport

        return UsbTransport(keys, [port] if port else [])
    from glutesym.links.ble import BleTransport

    return BleTransport(keys)


def _for_pods(
    which: str | None,
    usb: bool,
    port: str | None,
    timeout_s: float,
    work: Callable[[OwnedPod, Link], Awaitable[None]],
    keys: KeyRing | None = None,
) -> None:
    """Do some work with the chosen pods; what fails or is not seen is an error at the end."""
    from glutesym.links.upkeep import with_pods

    keys = keys or _keys()
    chosen = _chosen(keys, which)
    transport = _transport(keys, usb, port)
    problems: list[str] = []

    def failed(_pod: OwnedPod, error: LinkError) -> None:
        problems.append(str(error))

    with err.status("Looking for pods …"):
        missing = asyncio.run(with_pods(transport, chosen, timeout_s, work, failed))
    if missing:
        names = " and ".join(f"the {pod.side} pod ({_name(pod)})" for pod in missing)
        where = "Is it plugged in?" if usb or port else "Is it awake (move it) and within 5 m?"
        problems.append(f"Not seen within {timeout_s:g} s: {names}. {where}")
    if problems:
        raise GlutesymError(" ".join(problems))


def _chosen(keys: KeyRing, which: str | None) -> list[OwnedPod]:
    """Return the owned pods that are meant."""
    _require_pods(keys)
    if which is None:
        return list(keys)
    chosen = [pod for pod in keys if which == pod.side or pod.tag.endswith(which.upper()[-6:])]
    if not chosen:
        raise _unknown(which)
    return chosen


def _unknown(which: str) -> GlutesymError:
    return GlutesymError(f"There is no pod {which} among yours; `glutesym pods` lists them.")


def _require_pods(keys: KeyRing) -> None:
    if not len(keys):
        raise GlutesymError(f"This computer owns no pod yet. {how_to_own(('left', 'right'))}")


def _name(pod: OwnedPod) -> str:
    from glutesym import wire

    return f"{wire.NAME_PREFIX}-{pod.tag}"


def _say(text: str) -> None:
    """Print text as it is: pods' words are no markup."""
    out.print(text, soft_wrap=True)


def _print_description(info: dict[str, Any]) -> None:
    """Print what a pod says about itself."""
    from glutesym.links.upkeep import battery_words

    emg: dict[str, Any] = info.get("emg") or {}
    works = "works" if emg.get("ok") else "does not answer: check its wiring"
    _say(
        f"{info.get('side')} pod, id {info.get('id')}\n"
        f"  {info.get('board')}, firmware {info.get('firmware')}, "
        f"MicroPython {info.get('micropython')}\n"
        f"  EMG: {emg.get('chip')}, {emg.get('rate_sps')} samples a second, "
        f"gain {emg.get('gain')}, {works}"
    )
    if (battery := battery_words(info)) is not None:
        _say(f"  Battery: {battery}")
    if info.get("bench"):
        _say("  BENCH MODE: measures on USB power. Never wear it like this!")
