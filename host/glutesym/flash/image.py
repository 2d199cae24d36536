"""MicroPython for a board: a file, or the release that micropython.org offers.

The site publishes no checksums. What is verified: the connection (TLS), that all of the file has
come, and that it is a whole UF2 image, for this chip, of a MicroPython that is new enough.
"""

from __future__ import annotations

import hashlib
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from glutesym.errors import FlashError, reason_of
from glutesym.flash.boards import OLDEST_MICROPYTHON
from glutesym.flash.uf2 import RP2350_ARM, parse_uf2

SITE = "https://micropython.org"
DOWNLOADS = {  # the site's names of boards; pages are SITE/download/NAME/
    "thing-plus": "SPARKFUN_THINGPLUS_RP2350",
    "pico2-w": "RPI_PICO2_W",
}
_TIMEOUT_S = 20.0
_PAGE_BYTES = 4 << 20
_IMAGE_BYTES = 32 << 20
_PIECE_BYTES = 1 << 15
# MicroPython's greeting: py/mpconfig.h, MICROPY_BANNER_NAME_AND_VERSION and ..._MACHINE.
_GREETING = re.compile(
    rb"MicroPython v(\d+)\.(\d+)\.(\d+)[^\0;]{0,60}; ([^\0\r\n]{1,80}) with RP2350"
)
_NAME = b"MicroPython"


@dataclass(frozen=True)
class Image:
    """An image that may be copied onto a board.

    Attributes
    ----------
    name : str
        Of the file.
    data : bytes
        The file.
    micropython : str
        The version that is in it, or ``"?"``.
    machine : str
        The board that it says it is for, or ``""``.
    """

    name: str
    data: bytes
    micropython: str
    machine: str

    @property
    def sha256(self) -> str:
        """The file's SHA-256, hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


def load_image(path: Path) -> Image:
    """Read an image from a file.

    Raises
    ------
    FlashError
        It cannot be read, or must not be copied onto a board.
    """
    try:
        if path.stat().st_size > _IMAGE_BYTES:
            raise FlashError(f"{path} is too large for an image.")
        data = path.read_bytes()
    except OSError as error:
        raise FlashError(f"{path} cannot be read ({reason_of(error)}).") from error
    return check_image(path.name, data)


def check_image(name: str, data: bytes) -> Image:
    """Look into an image.

    Raises
    ------
    FlashError
        It is damaged, for another chip, no MicroPython, or one that is too old.
    """
    try:
        uf2 = parse_uf2(data)
    except FlashError as error:
        raise FlashError(f"{name}: {error}") from error
    if uf2.family != RP2350_ARM:
        raise FlashError(f"{name} is for {uf2.chip}; a pod needs one for an RP2350.")
    if _NAME not in uf2.content:
        raise FlashError(f"{name} is no MicroPython. Pages to get it from: {_pages()}.")
    found = _GREETING.search(uf2.content)
    if found is None:
        return Image(name, data, "?", "")
    version = tuple(int(number) for number in found.groups()[:3])
    if version < OLDEST_MICROPYTHON:
        raise FlashError(
            f"{name} has MicroPython {'.'.join(map(str, version))}; a pod needs "
            f"{'.'.join(map(str, OLDEST_MICROPYTHON))} or later. Pages to get it from: {_pages()}."
        )
    return Image(name, data, ".".join(map(str, version)), found[4].decode("ascii", "replace"))


def download_page(board: str, site: str = SITE) -> str:
    """Return the page from which a user can download a board's image."""
    return f"{site}/download/{DOWNLOADS[board]}/"


def find_release(board: str, release: str | None = None, site: str = SITE) -> str:
    """Return the address of a board's newest stable release, or of the one that is named.

    Parameters
    ----------
    board : str
        A key of `DOWNLOADS`.
    release : str, optional
        Such as ``"1.29.0"``.
    site : str

    Raises
    ------
    FlashError
        The site cannot be reached, or does not offer it.
    """
    page = download_page(board, site)
    text = _get(page, board, site, _PAGE_BYTES, None).decode("utf-8", "replace")
    # Previews and variants (RISC-V) have longer names.
    link = re.compile(rf"/resources/firmware/{DOWNLOADS[board]}-(\d{{8}})-v(\d+(?:\.\d+)+)\.uf2")
    offered = {
        (tuple(int(part) for part in found[2].split(".")), found[1]): found[0]
        for found in link.finditer(text)
    }
    wanted = None if release is None else _version(release)
    matching = [key for key in offered if wanted in (None, key[0])]
    if not matching:
        versions = ", ".join(sorted({".".join(map(str, version)) for version, _ in offered}))
        raise FlashError(
            f"{page} offers no {'stable release' if release is None else f'release {release}'}"
            + (f"; it offers {versions}. " if versions else ". ")
            + "Download an image there, a preview for example, and name it: --image FILE."
        )
    return urljoin(page, offered[max(matching)])


def download(
    url: str, board: str, on_received: Callable[[int, int], None], site: str = SITE
) -> Image:
    """Download an image and look into it.

    Parameters
    ----------
    url : str
        From `find_release`.
    board : str
    on_received : callable
        Called with the bytes that are here, and with how many there will be (0: not known).
    site : str

    Raises
    ------
    FlashError
        It cannot be downloaded, or must not be copied onto a board.
    """
    data = _get(url, board, site, _IMAGE_BYTES, on_received)
    return check_image(url.rsplit("/", 1)[-1], data)


def _get(
    url: str, board: str, site: str, most: int, on_received: Callable[[int, int], None] | None
) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": "glutesym"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:
            if urlsplit(answer.url)[:2] != urlsplit(site)[:2]:
                raise _unreachable(f"it leads to {answer.url}", board, site)
            total = int(answer.headers.get("Content-Length") or 0)
            data = bytearray()
            while len(data) <= most and (piece := answer.read(_PIECE_BYTES)):
                data += piece
                if on_received is not None:
                    on_received(len(data), total)
    except urllib.error.HTTPError as error:
        error.close()
        raise _unreachable(str(error), board, site) from error
    except ssl.SSLError as error:
        raise _unreachable(f"no trustworthy connection: {error.reason}", board, site) from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        if isinstance(reason, ssl.SSLError):
            reason = (
                f"no trustworthy connection: {reason.reason}; on macOS run `Install "
                "Certificates.command` of your Python"
            )
        raise _unreachable(str(reason), board, site) from error
    if len(data) > most or (total and len(data) != total):
        raise _unreachable(f"{len(data)} of {total} bytes came", board, site)
    return bytes(data)


def _unreachable(why: str, board: str, site: str) -> FlashError:
    return FlashError(
        f"MicroPython cannot be downloaded from {urlsplit(site).hostname} ({why}). Download the "
        f"board's .uf2 file from {download_page(board, site)} on any computer, and name it: "
        "glutesym flash --image FILE."
    )


def _version(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"v?\d+(\.\d+)+", text):
        raise FlashError(f"{text} is no release of MicroPython; one is 1.29.0.")
    return tuple(int(part) for part in text.removeprefix("v").split("."))


def _pages() -> str:
    return ", ".join(download_page(board) for board in DOWNLOADS)
