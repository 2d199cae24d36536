"""The project's own files agree with each other: names, versions, pins, layers, columns."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

import glutesym

ROOT = Path(__file__).resolve().parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
PAGES = [
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("hardware/**/*.md")]
    if path.is_file()
]


def layers() -> list[str]:
    """Return every module named in the import contract, without the mark of optional ones."""
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    (contract,) = [c for c in contracts if c["type"] == "layers"]
    return [name.strip(" ()") for layer in contract["layers"] for name in re.split("[|:]", layer)]


def test_one_version() -> None:
    version = PROJECT["project"]["version"]
    assert glutesym.__version__ == version
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    released = re.findall(r"^## \[(\d[^]]*)\]", changelog, re.MULTILINE)
    assert "## [Unreleased]" in changelog
    assert not released or released[0] == version  # the newest comes first


def test_every_module_is_in_a_layer() -> None:
    package = ROOT / "host" / "glutesym"
    modules = {
        f"glutesym.{path.stem}"
        for path in package.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    } - {"glutesym.__init__", "glutesym.__main__"}
    assert modules <= set(layers())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_wheel_takes_the_firmware_from_where_it_is() -> None:
    sources = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert set(sources) == {"firmware/pod", "firmware/virtual"}
    for folder, target in sources.items():
        assert (ROOT / folder).is_dir()
        assert target == f"glutesym/_{folder}"


@needs_make
@pytest.mark.parametrize("target", ["demo", "test", "site", "format", "clean", "help"])
def test_make_knows_its_targets(target: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@needs_make
@pytest.mark.parametrize(
    ("found", "message"),
    [
        ("old", r"needs Python 3.11 or later; found: 3.9.\n(.*\n)*.*sudo apt install"),
        ("bare", r"Python 3.12 cannot make virtual environments. Fix: sudo apt install"),
        ("none", r"needs Python 3.11 or later; found: none.\n"),
    ],
)
def test_make_says_which_python_is_missing(tmp_path: Path, found: str, message: str) -> None:
    """A stand-in answers make's three questions: version, new enough, can make environments."""
    python = tmp_path / "python"
    version, new_enough, complete = {"old": (3.9, 1, 0), "bare": (3.12, 0, 1)}.get(
        found, ("", 1, 1)
    )
    python.write_text(
        "#!/bin/sh\n"
        f'case "$2" in *print*) echo {version}; exit {int(found == "none")};; '
        f"*exit*) exit {new_enough};; *) exit {complete};; esac\n"
    )
    python.chmod(0o755)
    done = subprocess.run(
        ["make", f"VENV={tmp_path}/venv", f"PYTHON={python}", f"{tmp_path}/venv/made.stamp"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert re.search(message, done.stderr), done.stderr
