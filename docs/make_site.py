"""Build the documentation site: `make site`, which writes build/site/index.html.

Pages stay where they are and read well there: this lays those of the menu (`nav` in
zensical.toml), and whatever files they link to, into build/pages in the folders that they have, so
that one text with one set of links serves both. Zensical makes HTML of them, with warnings as
errors; then every link, anchor and picture is followed, and nothing may come from another host.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from site_links import faults_of_site

ROOT = Path(__file__).resolve().parents[1]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_THEME = ("docs/site.css", "docs/iframe-worker.js")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


class SiteError(Exception):
    """What keeps the site from being built: the message is for whoever wrote the pages."""


def menu_pages(nav: list[Any]) -> Iterator[str]:
    """Yield the pages of a menu, in order, as they are named in it."""
    for entry in nav:
        for target in entry.values():
            if isinstance(target, list):
                yield from menu_pages(target)
            else:
                yield target


def linked_files(page: Path) -> set[Path]:
    """Return the files of this project that a page links to or shows."""
    found = set[Path]()
    for target in _LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
        parts = urlsplit(target)
        if not parts.scheme and parts.path:
            file = (page.parent / unquote(parts.path)).resolve()
            if not file.is_file():
                raise SiteError(f"{page}: links to {target}, which does not exist")
            found.add(file)
    return found


def lay_pages(root: Path, pages: list[str], to: Path) -> None:
    """Copy pages and what they link to, each into the folder that it has under ``root``.

    Raises
    ------
    SiteError
        A page of the menu or a linked file does not exist, or a page is in no menu.
    """
    known = {root / page for page in pages}
    for page in sorted(known):
        if not page.is_file():
            raise SiteError(f"zensical.toml: the menu has {page.relative_to(root)}, no such file")
    for page in sorted([*root.glob("docs/**/*.md"), *root.glob("hardware/**/*.md")]):
        if page not in known:
            name = page.relative_to(root).as_posix()
            raise SiteError(f'{name} is in no menu. Add {{ "Title" = "{name}" }} to zensical.toml')
    waiting, laid = [*known, *(root / name for name in _THEME)], set[Path]()
    while waiting:
        file = waiting.pop()
        if file not in laid:
            laid.add(file)
            copy = to / file.relative_to(root)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)
            if file.suffix == ".md":
                waiting += linked_files(file)


def build(root: Path = ROOT) -> Path:
    """Build the site of the project in ``root`` and return its folder.

    Raises
    ------
    SiteError
        With everything that is wrong: a warning is an error here.
    """
    settings = tomllib.loads((root / "zensical.toml").read_text("utf-8"))["project"]
    pages, site = root / settings["docs_dir"], root / settings["site_dir"]
    for folder in (pages, site, root / ".cache"):
        shutil.rmtree(folder, ignore_errors=True)
    lay_pages(root, list(menu_pages(settings["nav"])), pages)
    done = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=root,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise SiteError((done.stdout + done.stderr).split("Traceback (most recent")[0].strip())
    if faults := faults_of_site(site):
        raise SiteError("\n".join(faults))
    return site


def main() -> None:
    """Build it, and say where it is or what is wrong."""
    argparse.ArgumentParser(description=__doc__.split("\n\n")[0]).parse_args()
    try:
        site = build()
    except SiteError as error:
        sys.exit(f"The site was not built.\n{error}")
    count = len(list(site.rglob("*.html")))
    print(f"{count} pages, every link and anchor followed: open {site / 'index.html'}")


if __name__ == "__main__":
    main()
