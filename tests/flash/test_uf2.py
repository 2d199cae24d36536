"""Only a whole UF2 file for one chip is taken for an image."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glutesym.errors import FlashError
from glutesym.flash.uf2 import FLASH_END, FLASH_START, RP2040, RP2350_ARM, parse_uf2
from uf2_maker import E10, block, uf2

CONTENTS = st.binary(min_size=1, max_size=2000)


@given(CONTENTS, st.sampled_from([RP2350_ARM, RP2040]), st.booleans())
def test_what_was_packed_is_unpacked(content, family, e10):
    image = parse_uf2(uf2(content, family, e10=e10))
    assert (image.family, image.start) == (family, FLASH_START)
    assert image.content[: len(content)] == content
    assert set(image.content[len(content) :]) <= {0xFF}


@given(CONTENTS, st.integers(0), st.integers(0, 31))
def test_a_changed_bit_of_a_heading_is_found(content, where, bit):
    """Of all fields but the address, which may be another page's, and the size."""
    data = bytearray(uf2(content, e10=False))
    fields = [0, 4, 8, 20, 24, 28, 508]
    at = where % (len(data) // 512) * 512 + fields[where // 7 % 7]
    (value,) = struct.unpack_from("<I", data, at)
    struct.pack_into("<I", data, at, value ^ (1 << bit))
    try:
        image = parse_uf2(bytes(data))
    except FlashError:
        return
    harmless_flag = at % 512 == 8
    other_chip = at % 512 == 28 and len(data) == 512 and image.family != RP2350_ARM
    assert harmless_flag or other_chip


@given(CONTENTS, st.integers(0), st.binary(max_size=600))
def test_what_was_cut_off_or_added_is_found(content, where, more):
    data = uf2(content)
    with pytest.raises(FlashError, match="usable UF2"):
        parse_uf2(data[: where % len(data)] if where % 2 else data + more + b"\1")


@given(st.binary(min_size=600, max_size=3000), st.data())
def test_blocks_that_are_missing_doubled_or_out_of_order_are_found(content, data):
    whole = uf2(content, e10=False)
    blocks = [whole[at : at + 512] for at in range(0, len(whole), 512)]
    changed = list(blocks)
    what = data.draw(st.sampled_from(["missing", "doubled", "swapped"]))
    at = data.draw(st.integers(0, len(blocks) - 2))
    if what == "missing":
        del changed[at]
    elif what == "doubled":
        changed.insert(at, changed[at])
    else:
        changed[at], changed[at + 1] = changed[at + 1], changed[at]
    with pytest.raises(FlashError, match="usable UF2"):
        parse_uf2(b"".join(changed))


@given(st.binary(max_size=4096))
def test_any_bytes_are_an_error_or_an_image_and_nothing_else(data):
    with pytest.raises(FlashError, match="usable UF2"):
        parse_uf2(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "its length, 0 bytes"),
        (b"<!doctype html>".ljust(512), "magic numbers"),
        (E10, "0 of its 0 blocks"),
        (block(0, 1, FLASH_START, b"a" * 256, flags=0), "which chip"),
        (block(0, 1, FLASH_START, b"a" * 256, flags=1), "0 of its 0 blocks"),
        (block(0, 1, 0x2000_0000, b"a" * 256), "outside the flash"),
        (block(0, 1, FLASH_END - 256, b"a" * 476), "outside the flash"),
        (block(0, 1, FLASH_START + 4, b"a" * 256), "cannot be written"),
        (block(0, 1, FLASH_START, b""), "cannot be written"),
        (
            block(0, 2, FLASH_START, b"a" * 256) + block(1, 2, FLASH_START, b"b" * 256),
            "overwrites",
        ),
        (
            block(0, 2, FLASH_START, b"a" * 476) + block(1, 2, FLASH_START + 256, b"b" * 256),
            "overlap",
        ),
        (
            block(0, 2, FLASH_START, b"a" * 256)
            + block(1, 2, FLASH_START + 256, b"b" * 256, RP2040),
            "several chips",
        ),
    ],
)
def test_what_is_wrong_is_said(data, said):
    with pytest.raises(FlashError, match=said):
        parse_uf2(data)


def test_gaps_are_erased_flash():
    data = block(0, 2, FLASH_START + 512, b"b" * 256) + block(1, 2, FLASH_START, b"a" * 256)
    assert parse_uf2(data).content == b"a" * 256 + b"\xff" * 256 + b"b" * 256
