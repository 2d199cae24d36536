"""Follow every link, anchor and picture of a built site; find what it fetches from elsewhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches by itself; an <a> is fetched when somebody clicks it.
_FETCHED = {
    ("script", "src"),
    ("img", "src"),
    ("iframe", "src"),
    ("source", "src"),
    ("video", "src"),
    ("audio", "src"),
    ("embed", "src"),
    ("object", "data"),
    ("link", "href"),
}
_NOT_FETCHED_RELS = {"canonical", "next", "prev", "alternate"}
_CSS_URL = re.compile(r"""url\(\s*["']?(?!data:)([^"')]+)|@import\s+["']([^"']+)""")
# A list or table that Markdown took for the text before it: there was no empty line between.
_NOT_MARKED_UP = re.compile(r"\n\s*(?:[-*] |\d+\. |\|.*\|)")


class _Page(HTMLParser):
    """The links, anchors and fetched files of one page.

    Attributes
    ----------
    anchors : set of str
    links : list of str
        Where a click leads.
    fetched : list of str
    texts : list of str
        The text of each paragraph, without its code.
    """

    def __init__(self) -> None:
        super().__init__()
        self.anchors = set[str]()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.texts: list[str] = []
        self._in_paragraph = self._in_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.anchors.update(value for key in ("id", "name") if (value := found.get(key)))
        if tag == "a" and found.get("href"):
            self.links.append(found["href"] or "")
        rels = set((found.get("rel") or "").split())
        for key, value in found.items():
            if (tag, key) in _FETCHED and value and not rels & _NOT_FETCHED_RELS:
                self.fetched.append(value)
        if style := found.get("style"):
            self.fetched += _css_files(style)
        if tag == "p":
            self._in_paragraph = True
            self.texts.append("")
        self._in_code |= tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._in_paragraph &= tag != "p"
        self._in_code &= tag != "code"

    def handle_data(self, data: str) -> None:
        if self._in_paragraph and not self._in_code:
            self.texts[-1] += data


def faults_of_site(site: Path) -> list[str]:
    """Return what is wrong in the HTML and CSS of a folder, a line a fault."""
    pages = {path: _read(path) for path in sorted(site.rglob("*.html"))}
    faults: list[str] = []
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        faults += [f"{name}: fetches {url} from elsewhere" for url in page.fetched if _host(url)]
        if name == "404.html":
            continue  # its addresses are those of the server that it will be on
        for url in [*page.links, *page.fetched]:
            faults += [f"{name}: {fault}" for fault in _fault_of_link(url, path, pages)]
        for text in page.texts:
            if found := _NOT_MARKED_UP.search(text):
                line = text[found.start() :].strip().splitlines()[0][:60]
                faults.append(f"{name}: no empty line before the list or table '{line}'")
    for path in sorted(site.rglob("*.css")):
        name = path.relative_to(site).as_posix()
        urls = _css_files(path.read_text("utf-8"))
        faults += [f"{name}: fetches {url} from elsewhere" for url in urls if _host(url)]
    return faults


def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text("utf-8"))
    page.close()
    return page


def _css_files(text: str) -> list[str]:
    return [first or second for first, second in _CSS_URL.findall(text)]


def _host(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.netloc) or parts.scheme in ("http", "https")


def _fault_of_link(url: str, page: Path, pages: dict[Path, _Page]) -> list[str]:
    """Return the fault of a link as a list of one, or an empty one."""
    parts = urlsplit(url)
    if parts.scheme or parts.netloc:
        return []
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return [f"the link {url} leads nowhere"]
    if parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return [f"{target.name} has no anchor #{parts.fragment}"]
    return []
