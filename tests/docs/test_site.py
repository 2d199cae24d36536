"""The documentation site: it can be built, and a fault of its pages keeps it from being built."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from make_site import SiteError, build
from site_links import faults_of_site

from glutesym.gui.help import KEYS

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = """
[project]
site_name = "two pages"
docs_dir = "build/pages"
site_dir = "build/site"
nav = [{ "Home" = "README.md" }, { "Inside" = [{ "One" = "docs/one.md" }] }]
[project.theme]
font = false
[project.plugins.offline]
enabled = true
[project.extra]
polyfills = ["docs/iframe-worker.js"]
"""


@pytest.fixture
def project(tmp_path):
    """Return a project of two pages that link to each other."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "zensical.toml").write_text(SETTINGS)
    (tmp_path / "README.md").write_text("# Home\n\n[one](docs/one.md#first)\n")
    (tmp_path / "docs" / "one.md").write_text("# One\n\n## First\n\n[home](../README.md)\n")
    for name in ("site.css", "iframe-worker.js"):
        shutil.copy(ROOT / "docs" / name, tmp_path / "docs")
    return tmp_path


def test_site_of_this_project(tmp_path) -> None:
    """Built in a copy, so that what `make site` has built stays as it is."""
    copy = tmp_path / "project"
    others = shutil.ignore_patterns(".*", "build", "dist", "sessions", "tests", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=others)
    site = build(copy)
    home = (site / "index.html").read_text("utf-8")
    assert "two virtual pods" in home
    assert (site / "docs" / "live.png").is_file()
    assert "__index" in (site / "search.js").read_text("utf-8")  # the search works from the disk


def test_pages_keep_their_places(project) -> None:
    site = build(project)
    assert (site / "index.html").is_file()
    assert (site / "docs" / "one.html").is_file()


@pytest.mark.parametrize(
    ("page", "text", "fault"),
    [
        ("README.md", "[two](docs/two.md)", "links to docs/two.md, which does not exist"),
        ("README.md", "[one](docs/one.md#second)", "anchor"),
        ("README.md", "[here](#nowhere)", "anchor"),
        ("README.md", "![x](docs/none.png)", "links to docs/none.png, which does not exist"),
        ("README.md", '<a href="docs/two.html">two</a>', "leads nowhere"),
        ("README.md", "![x](https://example.com/x.png)", "fetches https://example.com/x.png"),
        ("README.md", "text\n- an item\n- another", "no empty line before the list"),
        ("docs/two.md", "# Two", 'Add { "Title" = "docs/two.md" } to zensical.toml'),
    ],
)
def test_fault_is_an_error(project, page: str, text: str, fault: str) -> None:
    file = project / page
    file.write_text((file.read_text() if file.exists() else "") + f"\n{text}\n")
    with pytest.raises(SiteError) as error:
        build(project)
    assert fault in str(error.value)
    assert "Traceback" not in str(error.value)


def test_menu_without_its_page(project) -> None:
    (project / "docs" / "one.md").unlink()
    with pytest.raises(SiteError, match=r"the menu has docs/one\.md, no such file"):
        build(project)


def test_style_sheet_that_fetches(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<link rel=stylesheet href=a.css>")
    (tmp_path / "a.css").write_text("@font-face { src: url(https://fonts.example/f.woff2) }")
    assert faults_of_site(tmp_path) == [
        "a.css: fetches https://fonts.example/f.woff2 from elsewhere"
    ]


def test_keys_of_the_live_page_are_those_of_the_window() -> None:
    """Each key that the page has is in the window's own help, and the other way round."""
    page = (ROOT / "docs" / "live.md").read_text("utf-8")
    table = page.split("| Key | |")[1].split("\n\n")[0]
    first_cells = " ".join(re.findall(r"^\| ([^|]*)", table, re.MULTILINE))
    key = re.compile(r"Space|[↑↓+−]|\b[A-Z]\b")
    assert set(key.findall(first_cells)) == set(key.findall(" ".join(name for name, _ in KEYS)))
