# pyright: basic
"""Which firmware this is: its version, and a fingerprint of the files that make it.

    release.name({"main.py": path, ...})  # "0.3.0+1a2b3c4d"

This one file runs on MicroPython (pod) and CPython (host). A pod looks at the files that it really
has, however they came there, so a pod that is flashed in part, or by hand, never says that it has
what a host expects.
"""

import hashlib
from binascii import hexlify

VERSION = "0.3.0"
_FINGERPRINT_BYTES = 4
_AT_ONCE_BYTES = 512


def name(files):
    """Return version and fingerprint of files: name on the pod → path."""
    return VERSION + "+" + fingerprint(files)


def fingerprint(files):
    """Return eight digits that are others as soon as a file has another name or content."""
    whole = hashlib.sha256()
    buffer = bytearray(_AT_ONCE_BYTES)
    for file_name in sorted(files):
        content = hashlib.sha256()
        with open(files[file_name], "rb") as file:
            while True:
                count = file.readinto(buffer)
                if not count:
                    break
                content.update(memoryview(buffer)[:count])
        whole.update(file_name.encode() + b"\0" + content.digest())
    return hexlify(whole.digest()[:_FINGERPRINT_BYTES]).decode()
