"""Images come from a file or from a site, here a server on this computer, and are looked into."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from glutesym.errors import FlashError
from glutesym.flash.image import check_image, download, find_release, load_image
from glutesym.flash.uf2 import RP2040, RP2350_RISCV
from uf2_maker import GREETING, micropython, uf2

PAGE = """<html><a href="/resources/firmware/RPI_PICO2_W-20260824-v1.29.0.uf2">x</a>
<a href="/resources/firmware/SPARKFUN_THINGPLUS_RP2350-RISCV-20260824-v1.29.0.uf2">risc-v</a>
<a href="/resources/firmware/SPARKFUN_THINGPLUS_RP2350-20261001-v1.30.0-preview.9.gabc.uf2">p</a>
<a href="/resources/firmware/SPARKFUN_THINGPLUS_RP2350-20260406-v1.9.0.uf2">old</a>
<a class="firmware-download"
   href="/resources/firmware/SPARKFUN_THINGPLUS_RP2350-20260824-v1.29.0.uf2">new</a>"""
NAME = "SPARKFUN_THINGPLUS_RP2350-20260824-v1.29.0.uf2"
DATA = micropython()


@pytest.fixture
def site():
    """Give a site's address and what it answers: path → (status, headings, content)."""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = {
        "/download/SPARKFUN_THINGPLUS_RP2350/": (200, {}, PAGE.encode()),
        f"/resources/firmware/{NAME}": (200, {"Content-Length": str(len(DATA))}, DATA),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, headings, content = answers.get(self.path, (404, {}, b"not here"))
            self.send_response(status)
            for heading in headings.items():
                self.send_header(*heading)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", answers
        server.shutdown()
        thread.join()


def test_the_newest_stable_release_of_the_board_is_found_and_downloaded(site):
    address, _ = site
    url = find_release("thing-plus", site=address)
    assert url == f"{address}/resources/firmware/{NAME}"
    seen: list[tuple[int, int]] = []
    image = download(url, "thing-plus", lambda *done: seen.append(done), address)
    assert (image.name, image.data, image.micropython) == (NAME, DATA, "1.29.0")
    assert image.machine == "SparkFun Thing Plus RP2350"
    assert seen[-1] == (len(DATA), len(DATA))
    assert find_release("thing-plus", "v1.9.0", address).endswith("-20260406-v1.9.0.uf2")


def test_a_release_that_is_not_offered_is_said_with_those_that_are(site):
    address, answers = site
    with pytest.raises(FlashError, match=r"no release 1\.28\.0; it offers 1\.29\.0, 1\.9\.0"):
        find_release("thing-plus", "1.28.0", address)
    with pytest.raises(FlashError, match="latest is no release"):
        find_release("thing-plus", "latest", address)
    answers["/download/SPARKFUN_THINGPLUS_RP2350/"] = (200, {}, b"<html>")
    with pytest.raises(FlashError, match=r"offers no stable release.*--image FILE"):
        find_release("thing-plus", site=address)


def test_without_a_network_the_page_and_the_option_are_named(site):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # nobody listens there
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(FlashError, match="cannot be downloaded") as error:
            find_release("thing-plus", site=address)
    assert f"{address}/download/SPARKFUN_THINGPLUS_RP2350/" in str(error.value)
    assert "--image FILE" in str(error.value)


def test_what_the_site_answers_is_not_trusted(site):
    address, answers = site
    url = find_release("thing-plus", site=address)
    path = url.removeprefix(address)

    def fails(answer, match):
        answers[path] = answer
        with pytest.raises(FlashError, match=match):
            download(url, "thing-plus", lambda *done: None, address)

    fails((200, {"Content-Length": str(len(DATA) + 512)}, DATA), "cannot be downloaded")
    fails((404, {}, b""), "404")
    fails((200, {}, DATA[:-512]), "usable UF2")
    fails((200, {}, b"<html>a hotel's network wants you to log in</html>"), "usable UF2")
    elsewhere = address.replace("127.0.0.1", "localhost")
    answers["/elsewhere"] = (200, {}, DATA)
    fails((302, {"Location": f"{elsewhere}/elsewhere"}, b""), "it leads to http://localhost")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (uf2(GREETING, RP2040), "is for an RP2040"),
        (uf2(GREETING, RP2350_RISCV), "RISC-V"),
        (uf2(GREETING, 0x1C5F21B0), "another chip"),
        (uf2(b"Adafruit CircuitPython 9.2 on 2026-01-01" * 9), "is no MicroPython"),
        (micropython(GREETING.replace(b"1.29.0", b"1.24.1")), r"has MicroPython 1\.24\.1"),
        (DATA[:700], "usable UF2"),
    ],
)
def test_images_that_no_pod_could_run_are_refused(data, said, tmp_path):
    path = tmp_path / "wrong.uf2"
    path.write_bytes(data)
    with pytest.raises(FlashError, match=said):
        load_image(path)


def test_an_image_of_a_fork_without_the_usual_greeting_is_taken():
    image = check_image("a.uf2", micropython(b"MicroPython by me\0"))
    assert (image.micropython, image.machine) == ("?", "")


def test_a_file_that_cannot_be_read_is_said(tmp_path):
    with pytest.raises(FlashError, match=r"missing\.uf2 cannot be read"):
        load_image(tmp_path / "missing.uf2")
    with pytest.raises(FlashError, match="cannot be read"):
        load_image(tmp_path)
