"""Makes UF2 files, whole and broken."""

from __future__ import annotations

import struct

from glutesym.flash.uf2 import (
    ABSOLUTE,
    FAMILY_PRESENT,
    FLASH_START,
    MAGIC_END,
    MAGIC_SECOND,
    MAGIC_START,
    RP2350_ARM,
)

GREETING = b"MicroPython v1.29.0 on 2026-08-24; SparkFun Thing Plus RP2350 with RP2350\0"


def block(
    number: int,
    count: int,
    address: int,
    payload: bytes,
    family: int = RP2350_ARM,
    flags: int = FAMILY_PRESENT,
) -> bytes:
    head = struct.pack(
        "<8I", MAGIC_START, MAGIC_SECOND, flags, address, len(payload), number, count, family
    )
    return head + payload.ljust(476, b"\0") + struct.pack("<I", MAGIC_END)


# The first block of what Raspberry Pi's tools make for an RP2350 (erratum RP2350-E10).
E10 = block(0, 2, 0x10FFFF00, b"\xef" * 256, ABSOLUTE, 0xA000)


def uf2(
    content: bytes, family: int = RP2350_ARM, start: int = FLASH_START, e10: bool = True
) -> bytes:
    """Return the file that writes ``content`` to flash."""
    pages = [content[at : at + 256].ljust(256, b"\xff") for at in range(0, len(content), 256)]
    blocks = [
        block(number, len(pages), start + 256 * number, page, family)
        for number, page in enumerate(pages)
    ]
    return (E10 if e10 else b"") + b"".join(blocks)


def micropython(greeting: bytes = GREETING, pages: int = 40) -> bytes:
    """Return an image of about that many pages, with MicroPython's greeting across a border."""
    filler = bytes(range(256)) * (pages // 2)
    return uf2(filler[:-20] + greeting + filler)
