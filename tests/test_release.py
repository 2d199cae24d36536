"""Pod and host name the same firmware the same, and other files otherwise."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from glutesym import release
from glutesym.podfiles import (
    expected_firmware,
    firmware_fingerprint,
)
from usb_bench import Bench, on_bench


def test_the_micropython_vm_names_the_pods_files_as_the_host_does(run_micropython):
    said = run_micropython("""
import os, release
os.chdir("flash")
print(release.name({name: name for name in os.listdir() if name.endswith(".py")}))
""").strip()
    assert said == expected_firmware()
    assert re.fullmatch(r"\d+\.\d+\.\d+\+[0-9a-f]{8}", said)
    assert said.endswith(firmware_fingerprint())


def test_a_pod_says_what_it_really_has(tmp_path):
    """boot.py is the user's; any other change of the files is told."""

    async def main(bench: Bench) -> None:
        async def said() -> str:
            link = await bench.connect()
            await link.close()
            return link.info["firmware"]

        flash = tmp_path / "pod" / "flash"
        (flash / "boot.py").write_text("# mine\n")
        assert await said() == expected_firmware()
        with (flash / "status_led.py").open("a") as file:
            file.write("# changed\n")
        bench.pod.switch_off()
        await bench.pod.switch_on()
        bench.plug_in()
        changed = await said()
        assert changed != expected_firmware()
        assert changed == release.name({p.name: p for p in flash.glob("*.py") if p.stem != "boot"})

    on_bench(tmp_path, main)


@given(st.data())
def test_any_change_of_a_name_or_a_byte_changes_the_fingerprint(tmp_path_factory, data):
    folder = Path(tmp_path_factory.mktemp("files"))
    contents = data.draw(
        st.dictionaries(st.sampled_from(["a", "b", "c"]), st.binary(max_size=1300), min_size=1)
    )
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    files = {name: folder / name for name in contents}
    before = release.fingerprint(files)
    assert release.fingerprint(dict(reversed(files.items()))) == before
    name = data.draw(st.sampled_from(sorted(files)))
    changed = bytearray(contents[name])
    changed[len(changed) // 2 : len(changed) // 2] = data.draw(st.binary(min_size=1, max_size=3))
    (folder / name).write_bytes(changed)
    assert release.fingerprint(files) != before
    (folder / name).write_bytes(contents[name])
    assert release.fingerprint(files) == before
    files["d"] = files.pop(name)
    assert release.fingerprint(files) != before
    shutil.rmtree(folder)
