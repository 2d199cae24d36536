"""Write docs/protocol.md from the tables of ``glutesym.wire``; a test compares the two.

.venv/bin/python docs/make_protocol.py
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from glutesym import packets, wire

FILE = Path(__file__).with_name("protocol.md")
_TYPES = {"B": "u8", "b": "i8", "H": "u16", "h": "i16", "I": "u32", "i": "i32"}
_COMMANDS = (
    (wire.START, "START", "window, frames", "run to resume, 0: a new one", "—"),
    (wire.STOP, "STOP", "—", "—", "—"),
    (wire.IDENTIFY, "IDENTIFY", "seconds to blink", "—", "—"),
    (wire.ACK, "ACK", "newest `sending` that has arrived", "run", "first `seq` not yet arrived"),
    (wire.PROBE, "PROBE", "—", "—", "id"),
    (wire.RESEND, "RESEND", "how many frames", "run", "first `seq`"),
)
_REQUESTS = (
    (wire.AUTHORISE, "AUTHORISE", f"host's nonce ({wire.NONCE_BYTES}), proof ({wire.PROOF_BYTES})",
     "the pod's description and `proof`"),
    (wire.SETTINGS, "SETTINGS", "JSON object of settings to change", "the description"),
    (wire.SELF_TEST, "SELF_TEST", "—", "`self_test`: what the front end measured"),
    (wire.FAULTS, "FAULTS", "u16: first character wanted", "`faults`: text; empty: no more"),
    (wire.CLEAR_FAULTS, "CLEAR_FAULTS", "—", "—"),
    (wire.PROVISION, "PROVISION", "JSON object of settings with `key`; USB only", "`id`"),
    (wire.DESCRIBE, "DESCRIBE", "—", "the pod's description"),
)  # fmt: skip


_PACKETS = (
    (packets.HELLO, "HELLO", "host → pod", "session", "begin a new link"),
    (packets.ALIVE, "ALIVE", "host → pod", "session", "answered by HERE; every second or so"),
    (packets.BYE, "BYE", "host → pod", "session", "end the link"),
    (packets.COMMAND, "COMMAND", "host → pod", "a command", ""),
    (packets.REQUEST, "REQUEST", "host → pod", "a request", ""),
    (packets.HERE, "HERE", "pod → host", "session, then the pod's id in ASCII", ""),
    (packets.INFO, "INFO", "pod → host", "session, then JSON", "the greeting, or an answer"),
    (packets.FRAME, "FRAME", "pod → host", "a frame", ""),
)


def protocol_text() -> str:
    """Return the page."""
    per_frame = {wire.EMG: wire.EMG_PER_FRAME, wire.IMU: wire.IMU_PER_FRAME}
    parts = [
        f"""# Protocol, version {wire.VERSION}

Made from `host/glutesym/wire.py` by `docs/make_protocol.py`; do not edit. Numbers are little endian. Enough to write another host.

## Bluetooth LE

One service, `{wire.SERVICE_UUID}`, is advertised, and the name `{wire.NAME_PREFIX}-` with the last {wire.TAG_DIGITS} hexadecimal digits of the pod's id.

| Characteristic | UUID | Use |
|---|---|---|
| stream | `{wire.STREAM_UUID}` | notify: frames |
| control | `{wire.CONTROL_UUID}` | write, with or without response: commands |
| info | `{wire.INFO_UUID}` | read: JSON, at most {wire.INFO_BYTES} bytes: the pod's newest answer |
| request | `{wire.REQUEST_UUID}` | write with response: requests, at most {wire.REQUEST_BYTES} bytes |

A frame needs an ATT MTU of {wire.FRAME_BYTES + 3}; the central starts its exchange. A pod refuses START without it; `mtu` in its
description tells what was agreed.

## A link, from begin to end

1. Connect, read *info*: `protocol`, `nonce`, `answered` (0). This is all that a stranger learns.
2. Write AUTHORISE to *request*, then read *info* until `answered` is 1. With an `error` the pod has refused. Check its `proof`.
3. Subscribe to *stream*, write START to *control*. Without a run to resume a new run begins: its sequence numbers and sample indices
   count from 0. The first frame after each START is a status.
4. Write ACK every few frames, PROBE about every second, RESEND for every sequence number that is missing.
5. Write STOP. The last frame is a status of `STATE_IDLE`; when it and everything before it has arrived, the run is complete.

When the link breaks, begin again and resume the run with START. The pod sends live frames first; what it recorded in between is sent when
it is asked for with RESEND, and is there until `oldest_seq` of a status has passed it.

The pod ends a link on which nobody proves to be the owner within 10 s, or after three wrong proofs, or when its owner has been silent for
15 s. After a wrong proof it refuses every proof for one second.

### Proofs

`HMAC-SHA256(key, text + pod's nonce + host's nonce)`; the text is "{wire.PROOF_OF_HOST.decode()}" for the host's proof and
"{wire.PROOF_OF_POD.decode()}" for the pod's. The key has {wire.KEY_BYTES} bytes, nonces have {wire.NONCE_BYTES}; in JSON they are hexadecimal. A nonce serves once.

### Window

Every sending has a number (`sending`, modulo 256, from 0 at each START). At most `window` sendings are under way, that is, sent after the
newest one acknowledged. Resends use half of the window at most. A link keeps the order of what it carries.

## Commands

{wire.COMMAND_BYTES} bytes: opcode u8, a u8, b u16, c u32. They are obeyed on an authorised link only.

""",
        _table(("opcode", "name", "a", "b", "c"), _COMMANDS),
        """
## Requests

A byte that says which, then the payload. Every answer has `protocol` and `answered`, a refusal has `error`.

""",
        _table(("byte", "name", "payload", "answer"), _REQUESTS),
        f"""
A description tells `side`, `id`, `board`, `firmware`, `micropython`, `log_frames` (frames that its log holds), `emg` (`chip`, `rate_sps`, `gain`,
`ok`), `bench`, `mtu`, `faults` (lines in its fault log), `errors` (`ERROR_*` bits) and, once its gauge has been read, `battery_mv` and `battery_pct`.

Settings: `side` ("left", "right", "unassigned"), `rate_sps` (1000, 2000), `gain` (1, 2, 3, 4, 6, 8, 12), `bench` (true: streams on USB
power; never on a body), `encrypt` (true: the link must be encrypted before it can be authorised). They take effect by a restart.

## Frames

Always {wire.FRAME_BYTES} bytes; what is unused at the end is zero. The high half of `kind` is the protocol version. Ticks are microseconds of the pod and
wrap at 2^30. An anchor says how many samples were complete at which ticks: the only relation between index and time.
""",
    ]
    for kind, name in wire.KIND_NAMES.items():
        parts.append(f"\n### {name} (kind 0x{kind:02x})\n\n" + _fields(wire.FIELDS[kind]))
        if kind == wire.EMG:
            parts.append(
                f"\nThen up to {per_frame[kind]} samples of i16 from byte {wire.EMG_DATA_OFFSET}: "
                "electrode voltage = (offset + (x << shift)) · lsb_pv.\n"
            )
        elif kind == wire.IMU:
            parts.append(
                f"\nThen up to {per_frame[kind]} samples of six i16 from byte "
                f"{wire.IMU_DATA_OFFSET}: acceleration x, y, z, rate of turn x, y, z.\n"
            )
    parts.append(
        f"""
## USB

The same frames, commands and requests travel over the board's USB serial port in packets: flag 0x{packets.FLAG:02x}, kind u8, payload, CRC-32 of
kind and payload (u32), flag. Flag, escape (0x{packets.ESCAPE:02x}) and control characters (below 0x20) within are sent as an escape and the character
exclusive-or 0x20. Whatever else is on the line, such as printed text, fails its CRC and is passed over. The host chooses {packets.SESSION_BYTES} bytes as
the *session*, so that answers to an earlier host are told apart. The pod writes nothing before HELLO and takes 5 s of silence for the end.

"""
    )
    parts.append(_table(("kind", "name", "direction", "payload", "meaning"),
                        [(f"0x{kind:02x}", *rest) for kind, *rest in _PACKETS]))  # fmt: skip
    parts.append("\n## Bits and states\n\n" + _table(("name", "value"), _constants()))
    return "".join(parts)


def _fields(fields: Sequence[tuple[str, str, str, float, str]]) -> str:
    rows: list[tuple[object, ...]] = []
    codes = "<"
    for name, code, unit, factor, meaning in fields:
        scaled = f"{factor:g} {unit}" if factor != 1 else unit
        rows.append((struct.calcsize(codes), _TYPES[code], f"`{name}`", scaled, meaning))
        codes += code
    return _table(("byte", "type", "field", "unit", "meaning"), rows)


def _constants() -> list[tuple[object, ...]]:
    prefixes = ("FLAG_", "LEAD_OFF_", "STATE_", "ERROR_")
    return [
        (f"`{name}`", value)
        for name, value in vars(wire).items()
        if name.startswith(prefixes) and isinstance(value, int) and name != "STATE_OFFSET"
    ]


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


if __name__ == "__main__":
    FILE.write_text(protocol_text())
    print(f"wrote {FILE.name}")
