"""What went wrong, for whoever asks later: in RAM at once, in flash when nothing is measured.

    faults = FaultLog()
    faults.note_exception(error)  # "#3 125s pod.py:96<pod.py:70 OSError: [Errno 5] EIO x17"
    faults.save()  # writes only if there is something new

A line is the boot (only those that stored a line are counted), the seconds since then, what
happened, and how often. Nothing here raises: memory or flash that is full or broken costs lines,
never the pod. What is noted may be anything, so a line is plain ASCII without quotes or
backslashes, which JSON keeps as short as it is.
"""
# Ref: littlefs DESIGN.md: what is appended is there when the file is closed, all or nothing, and
# a file system that spreads its wear outlives the few writes a boot that are allowed here.

import io
import os
import sys
import time

from micropython import const

_FILE = "faults.txt"
_OLDER = "faults.old"  # when full, _FILE is renamed to this
_FILES = (_FILE, _OLDER)
_FILE_BYTES = const(2000)
_RAM_CHARS = const(1500)  # less than a file: what is in RAM can be stored at once
_TEXT_CHARS = const(160)
_SLICE_CHARS = const(300)  # of text(): an answer of the pod has 512 bytes
_SAVES = const(16)  # a boot
_SAME_STORED = const(4)  # a pod that fails at each boot does not push out what else happened
_MOST_COUNTED = const(9999)
_LINE_CHARS = const(8)  # " x9999" and the ends
_PLACES = const(2)  # of a traceback, the innermost first


class FaultLog:
    def __init__(self):
        self._entries = []  # [when, text, how often], not yet stored
        self._chars = 0
        self._new = False  # noted since the last attempt to save
        self._saves = _SAVES
        self._stored_lines = 0
        self._boot = 1
        self._boot_s = 0
        try:
            self._boot_s = time.time()
            for line in self._stored().split("\n"):
                number = line.split(" ")[0][1:]
                if line[:1] == "#" and number.isdigit() and len(number) < 7:
                    self._boot = int(number) + 1
        except Exception:  # see above
            pass

    @property
    def count(self):
        """How many lines there are, stored and not."""
        return self._stored_lines + len(self._entries)

    def note(self, text):
        """Keep what happened; the oldest goes when there is no room."""
        self._new = True
        try:
            self._note(_plain(str(text)[:_TEXT_CHARS].encode()[:_TEXT_CHARS], False))
        except Exception:
            pass

    def note_exception(self, error):
        """Keep an exception: where it came from, and what it says."""
        try:
            out = io.StringIO()
            sys.print_exception(error, out)
            self.note(_compact(out.getvalue()))
        except Exception:
            self.note(type(error).__name__)

    def save(self):
        """Move new lines to flash. Not while measuring: that stops the processor for long."""
        if not self._new or not self._saves:
            return
        self._new = False
        try:
            self._save()
        except Exception:
            pass

    def text(self, first):
        """Return at most 300 characters of all lines, from that character on; "" after the end."""
        try:
            lines = self._stored() + "".join(_line(e) for e in self._entries)
            return lines[max(0, first) :][:_SLICE_CHARS]
        except Exception:
            return ""

    def clear(self):
        """Forget everything, also what is stored."""
        for name in _FILES:
            try:
                os.remove(name)
            except Exception:
                pass
        try:
            self._entries = []
            self._chars = 0
            self._stored()  # counts what is left: nothing, unless the flash is broken
        except Exception:
            pass

    def _note(self, text):
        for entry in self._entries:
            if entry[1] == text:
                entry[2] = min(entry[2] + 1, _MOST_COUNTED)
                return
        when = "#%d %ds" % (self._boot, time.time() - self._boot_s)
        self._entries.append([when, text, 1])
        self._chars += _size(self._entries[-1])
        while self._chars > _RAM_CHARS:
            self._chars -= _size(self._entries.pop(0))

    def _save(self):
        stored = _read(_FILE)
        again = [e for e in self._entries if stored.count(e[1]) >= _SAME_STORED]
        new = "".join(_line(e) for e in self._entries if e not in again)
        if not new:
            return
        self._saves -= 1
        if len(stored) + len(new) > _FILE_BYTES:
            os.rename(_FILE, _OLDER)
        with open(_FILE, "a") as file:
            file.write(new)
        if hasattr(os, "sync"):
            os.sync()
        self._entries = again
        self._chars = sum(_size(e) for e in again)
        self._stored()

    def _stored(self):
        lines = _read(_OLDER) + _read(_FILE)
        self._stored_lines = lines.count("\n")
        return lines


def _size(entry):
    return len(entry[0]) + len(entry[1]) + _LINE_CHARS


def _line(entry):
    times = " x%d" % entry[2] if entry[2] > 1 else ""
    return "%s %s%s\n" % (entry[0], entry[1], times)


def _compact(traceback):
    """Return a printed traceback in one line, with its innermost places."""
    places = []
    message = ""
    for line in traceback.split("\n"):
        if line.startswith("  File "):
            name, _, rest = line[8:].partition('"')
            places.insert(0, name.split("/")[-1] + ":" + rest.split(",")[1].split(" ")[-1])
            message = ""
        else:
            message += " " + line
    return "<".join(places[:_PLACES]) + message


def _read(name):
    """Return what is stored in a file, at most as much as this pod has written."""
    try:
        with open(name, "rb") as file:
            return _plain(file.read(_FILE_BYTES), True)
    except OSError:
        return ""


def _plain(data, lines):
    """Return bytes as text, ASCII that JSON keeps as it is; with ``lines``, their ends stay."""
    plain = bytearray(data)
    for i in range(len(plain)):
        byte = plain[i]
        if byte == 0x22:
            plain[i] = 0x27  # ' for "
        elif byte == 0x5C:
            plain[i] = 0x2F  # / for the backslash
        elif byte < 0x20:
            if byte != 0x0A or not lines:
                plain[i] = 0x20
        elif byte > 0x7E:
            plain[i] = 0x3F
    return plain.decode().strip(" ")
