"""Terminals and files without UTF-8 get plain signs; an output that is full gets one line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii", "cp437"])
def test_signs_that_an_encoding_lacks_are_plain(encoding):
    code = (
        "from glutesym.output_encoding import print_everywhere; print_everywhere();"
        "print('−12 % ± 3 … µV →')"
    )
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True, env=environment, check=True,
    )  # fmt: skip
    text = done.stdout.decode(encoding).replace("µ", "u").replace("±", "+/-").replace("…", "...")
    assert text.strip() == "-12 % +/- 3 ... uV ->"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has it")
def test_an_output_that_is_full_is_one_line():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "glutesym", "calibrate", "--help"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert " ".join(done.stderr.split()).startswith("Error: The disk is full")
    assert "Traceback" not in done.stderr
