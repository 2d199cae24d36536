"""UF2: the files that a board's boot drive takes.

    image = parse_uf2(data)     # FlashError: this must not be copied onto a board
    image.family, image.content

A boot drive writes whatever blocks it knows, so a file is looked at as a whole before.
"""
# Ref: "USB Flashing Format (UF2)", github.com/microsoft/uf2, README; RP2350 datasheet, 5.5
# "USB mass storage interface", and erratum RP2350-E10; Raspberry Pi Pico SDK,
# src/common/boot_uf2_headers/include/boot/uf2.h (families, extension).

from __future__ import annotations

import struct
from dataclasses import dataclass

from glutesym.errors import FlashError

BLOCK_BYTES = 512
MAGIC_START, MAGIC_SECOND, MAGIC_END = 0x0A324655, 0x9E5D5157, 0x0AB16F30
FAMILY_PRESENT, NOT_MAIN_FLASH = 0x2000, 0x0001
RP2040, ABSOLUTE, RP2350_ARM, RP2350_RISCV = 0xE48BFF56, 0xE48BFF57, 0xE48BFF59, 0xE48BFF5A
FLASH_START, FLASH_END = 0x1000_0000, 0x1200_0000  # the window through which flash is seen
PAGE_BYTES = 256

_FAMILIES = {
    RP2040: "an RP2040 (Pico, Pico W)",
    RP2350_ARM: "an RP2350",
    RP2350_RISCV: "the RISC-V cores of an RP2350",
}
_HEAD = struct.Struct("<8I")
_MOST_DATA_BYTES = 476


@dataclass(frozen=True)
class Uf2:
    """A file that is whole.

    Attributes
    ----------
    family : int
        The chip that it is for, `RP2350_ARM` for example.
    start : int
        The lowest address.
    content : bytes
        What will be in flash from there on; gaps are 0xFF.
    """

    family: int
    start: int
    content: bytes

    @property
    def chip(self) -> str:
        """The chip that it is for, in words."""
        return _FAMILIES.get(self.family, f"another chip (family 0x{self.family:08X})")


def parse_uf2(data: bytes) -> Uf2:
    """Read a UF2 file.

    Raises
    ------
    FlashError
        It is no UF2 file, is damaged or incomplete, is for several chips, or writes outside flash.
    """
    if not data or len(data) % BLOCK_BYTES:
        raise _bad(f"its length, {len(data)} bytes, is no multiple of {BLOCK_BYTES}")
    pages: dict[int, bytes] = {}
    family = total = None
    for at in range(0, len(data), BLOCK_BYTES):
        block = data[at : at + BLOCK_BYTES]
        number_in_file = at // BLOCK_BYTES
        first, second, flags, address, size, number, count, block_family = _HEAD.unpack_from(block)
        (last,) = struct.unpack_from("<I", block, BLOCK_BYTES - 4)
        if (first, second, last) != (MAGIC_START, MAGIC_SECOND, MAGIC_END):
            raise _bad(f"block {number_in_file} does not have the format's magic numbers")
        if flags & NOT_MAIN_FLASH:
            continue
        if not flags & FAMILY_PRESENT:
            raise _bad("it does not say which chip it is for")
        if block_family == ABSOLUTE and number_in_file == 0:
            continue  # the way round erratum E10; it is no part of the image
        if family is None:
            family, total = block_family, count
        if block_family != family:
            raise _bad("it is for several chips")
        if count != total or number != len(pages):
            raise _bad(f"block {number} of {count} is not the one that was expected")
        if not 0 < size <= _MOST_DATA_BYTES or size % 4 or address % PAGE_BYTES:
            raise _bad(f"block {number} has a size or an address that cannot be written")
        if not FLASH_START <= address <= FLASH_END - size:
            raise _bad(f"block {number} is outside the flash")
        pages[address] = block[_HEAD.size : _HEAD.size + size]
        if len(pages) != number + 1:
            raise _bad(f"block {number} overwrites another one")
    if family is None or len(pages) != total:
        raise _bad(f"{len(pages)} of its {total or 0} blocks are there")
    return Uf2(family, min(pages), _joined(pages))


def _joined(pages: dict[int, bytes]) -> bytes:
    start = min(pages)
    content = bytearray(b"\xff" * (max(at + len(page) for at, page in pages.items()) - start))
    end = start
    for at in sorted(pages):
        if at < end:
            raise _bad("its blocks overlap")
        end = at + len(pages[at])
        content[at - start : end - start] = pages[at]
    return bytes(content)


def _bad(reason: str) -> FlashError:
    return FlashError(f"This is no usable UF2 file: {reason}. Download it again.")
