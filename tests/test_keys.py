"""The key file: for its owner alone, whole at every moment, and clear about what is wrong."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from glutesym import wire
from glutesym.errors import GlutesymError, KeyFileError
from glutesym.keys import KeyRing, OwnedPod, default_path, new_key

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX file modes")

LEFT = OwnedPod("e660c0d1c7921e28", "left", bytes(range(32)))
RIGHT = OwnedPod("e660c0d1c7aabb01", "right", bytes(range(32, 64)))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config" / "glutesym" / "pods.json"


def saved(path, *pods):
    ring = KeyRing.load(path)
    for pod in pods:
        ring.add(pod)
    ring.save()
    return ring


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_pod_is_found_by_the_end_of_its_id():
    ring = KeyRing.of([RIGHT, LEFT])
    assert LEFT.tag == "921E28"
    assert len(LEFT.tag) == wire.TAG_DIGITS
    assert ring.get("921E28") is LEFT
    assert ring.get("AABB01") is RIGHT
    assert ring.get("000000") is None
    assert list(ring) == [LEFT, RIGHT]
    assert len(ring) == 2


def test_nobody_sees_a_key_in_a_message():
    assert LEFT.key.hex() not in repr(LEFT)
    assert "key" not in repr(LEFT)
    assert repr(LEFT.key) not in repr([LEFT])


@pytest.mark.parametrize(
    ("pod_id", "side", "key"),
    [
        ("E660C0D1", "left", bytes(32)),
        ("12345", "left", bytes(32)),
        ("12345g", "left", bytes(32)),
        ("123456", "middle", bytes(32)),
        ("123456", "left", bytes(31)),
    ],
)
def test_a_pod_that_cannot_be_is_refused(pod_id, side, key):
    with pytest.raises(ValueError, match="found"):
        OwnedPod(pod_id, side, key)


def test_keys_are_long_and_never_the_same():
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert {len(key) for key in keys} == {wire.KEY_BYTES}


def test_what_is_saved_is_loaded(path):
    assert len(KeyRing.load(path)) == 0
    saved(path, LEFT, RIGHT)
    assert list(KeyRing.load(path)) == [LEFT, RIGHT]
    again = OwnedPod(LEFT.id, "right", new_key())  # provisioned anew, for the other side
    ring = saved(path, again)
    ring.remove(RIGHT.tag)
    ring.remove("000000")
    ring.save()
    assert list(KeyRing.load(path)) == list(ring) == [again]


def test_a_ring_in_memory_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ring = KeyRing.of([LEFT])
    ring.add(RIGHT)
    ring.save()
    assert list(ring) == [LEFT, RIGHT]
    assert list(tmp_path.iterdir()) == []


@posix
def test_file_and_folder_are_for_their_owner_alone(path):
    before = os.umask(0)
    try:
        saved(path, LEFT)
    finally:
        os.umask(before)
    assert mode(path.parent) == 0o700
    assert {mode(file) for file in path.parent.iterdir()} == {0o600}


@posix
@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o644, 0o666])
def test_a_file_that_others_can_use_is_refused_with_the_fix(path, bits):
    saved(path, LEFT)
    path.chmod(bits)
    content = path.read_bytes()
    with pytest.raises(KeyFileError) as caught:
        KeyRing.load(path)
    assert caught.value.path == str(path)
    fix = str(caught.value).split("Fix: ")[1]
    with pytest.raises(KeyFileError, match="chmod 600"):
        KeyRing(path, [RIGHT]).save()
    assert path.read_bytes() == content
    subprocess.run(fix, shell=True, check=True)
    assert list(KeyRing.load(path)) == [LEFT]


@posix
def test_the_fix_can_be_pasted_whatever_the_folder_is_called(tmp_path):
    path = tmp_path / "my keys; $(x) 'y'" / "pods.json"
    saved(path, LEFT)
    path.chmod(0o644)
    with pytest.raises(KeyFileError) as caught:
        KeyRing.load(path)
    subprocess.run(str(caught.value).split("Fix: ")[1], shell=True, check=True)
    assert list(KeyRing.load(path)) == [LEFT]


@posix
def test_a_link_stays_a_link_and_its_target_is_what_is_protected(path, tmp_path):
    target = tmp_path / "dotfiles" / "pods.json"
    path.parent.mkdir(parents=True)
    target.parent.mkdir()
    path.symlink_to(target)
    saved(path, LEFT)
    assert path.is_symlink()
    assert not target.is_symlink()
    assert mode(target) == 0o600
    assert list(KeyRing.load(path)) == [LEFT]
    target.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        KeyRing.load(path)


@posix
@pytest.mark.parametrize("name", ["pods.json.lock", "pods.json"])
def test_links_that_somebody_laid_are_not_written_through(path, tmp_path, name):
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    path.parent.mkdir(parents=True)
    if name == "pods.json":
        path.symlink_to(path)  # a circle
    else:
        (path.parent / name).symlink_to(victim)
    with pytest.raises(KeyFileError):
        saved(path, LEFT)
    assert victim.read_bytes() == b"mine"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b"{}",
        b'{"format": 2, "pods": []}',
        b'{"format": 1, "pods": {}}',
        b'{"format": 1, "pods": [1]}',
        b'{"format": 1, "pods": [{}]}',
        b'{"format": 1, "pods": [{"id": "123456", "side": "left", "key": "00"}]}',
        b'{"format": 1, "pods": [{"id": "123456", "side": "left", "key": "zz"}]}',
        b'{"format": 1, "pods": [{"id": "123456", "side": 1, "key": "00"}]}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_says_what_to_do_and_is_left_alone(path, content):
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=r"damaged.*glutesym provision") as caught:
        KeyRing.load(path)
    assert isinstance(caught.value, GlutesymError)
    assert caught.value.__suppress_context__  # of its content nothing is shown
    with pytest.raises(KeyFileError, match="damaged"):
        KeyRing(path, [LEFT]).save()
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    path = tmp_path / "file" / "pods.json"
    with pytest.raises(KeyFileError, match="cannot be"):
        saved(path, LEFT)
    with pytest.raises(KeyFileError, match="cannot be read"):
        KeyRing.load(tmp_path)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file_and_can_be_repeated(path, monkeypatch, call):
    saved(path, LEFT)
    ring = KeyRing.load(path)
    ring.add(RIGHT)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, call, fail)
        with pytest.raises(KeyFileError, match="No space left on device"):
            ring.save()
    assert list(KeyRing.load(path)) == [LEFT]
    assert {file.name for file in path.parent.iterdir()} == {"pods.json", "pods.json.lock"}
    ring.save()
    assert list(KeyRing.load(path)) == [LEFT, RIGHT]


def test_what_another_program_added_meanwhile_is_kept(path):
    ring = KeyRing.load(path)
    saved(path, LEFT)
    ring.add(RIGHT)
    ring.save()
    assert list(ring) == list(KeyRing.load(path)) == [LEFT, RIGHT]
    other = KeyRing.load(path)
    ring.remove(LEFT.tag)
    ring.save()
    other.save()  # had nothing to say about it
    assert list(KeyRing.load(path)) == list(other) == [RIGHT]


_ADDS = """
import sys
from pathlib import Path
from glutesym.keys import KeyRing, OwnedPod, new_key
ring = KeyRing.load(Path(sys.argv[1]))
for i in range(20):
    ring.add(OwnedPod(f"{int(sys.argv[2]):03x}{i:03x}", "left", new_key()))
    ring.save()
"""


def test_programs_that_save_at_once_lose_nothing_and_readers_see_whole_files(path):
    programs = [
        subprocess.Popen([sys.executable, "-c", _ADDS, str(path), str(n)]) for n in range(4)
    ]
    seen = [0]
    while any(program.poll() is None for program in programs):
        seen.append(len(KeyRing.load(path)))
    assert [program.returncode for program in programs] == [0] * 4
    assert seen == sorted(seen)
    assert sorted(pod.id for pod in KeyRing.load(path)) == [
        f"{n:03x}{i:03x}" for n in range(4) for i in range(20)
    ]


def test_the_file_is_readable_by_people(path):
    saved(path, LEFT)
    assert json.loads(path.read_text()) == {
        "format": 1,
        "pods": [{"id": LEFT.id, "side": "left", "key": LEFT.key.hex()}],
    }


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {}, "HOME/.config/glutesym/pods.json"),
        ("linux", {"XDG_CONFIG_HOME": "/xdg"}, "/xdg/glutesym/pods.json"),
        ("linux", {"XDG_CONFIG_HOME": "relative"}, "HOME/.config/glutesym/pods.json"),
        ("darwin", {}, "HOME/Library/Application Support/glutesym/pods.json"),
        ("win32", {"APPDATA": "/roaming"}, "/roaming/glutesym/pods.json"),
        ("win32", {}, "HOME/AppData/Roaming/glutesym/pods.json"),
        ("linux", {"GLUTESYM_KEYS": "/else/keys.json"}, "/else/keys.json"),
        ("linux", {"GLUTESYM_KEYS": "~/keys.json"}, "HOME/keys.json"),
    ],
)
def test_where_the_keys_are(platform, environment, expected, tmp_path, monkeypatch):
    for name in ("XDG_CONFIG_HOME", "APPDATA", "GLUTESYM_KEYS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert default_path() == Path(expected.replace("HOME", str(tmp_path)))
