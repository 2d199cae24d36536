"""Draw the README's picture of a report: the first page of the PDF of a session of virtual pods.

Needs pdftoppm (Debian: poppler-utils).
"""

from __future__ import annotations

import subprocess
import tempfile
from datetime import datetime
from pathlib import Path

from glutesym.cli_shared import measure
from glutesym.report.write import write_report
from glutesym.session.names import session_path
from glutesym.session.run import RunningSession
from glutesym.virtual.scenarios.catalog import build_scenario
from glutesym.virtual.surroundings import VirtualSurroundings

PICTURE = Path(__file__).resolve().parent / "report"
PAGE_DPI = 70


def main() -> None:
    """Record, write the report and keep pictures of its first two pages, beside each other."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = session_path(folder, datetime.now().astimezone(), "bridge")
        scenario = build_scenario("bridge", seed=1)  # what `make demo` records
        session = RunningSession(VirtualSurroundings(scenario, 1, None), path, "bridge")
        session.start()
        session.join()
        _, document = write_report([measure(path)], folder)
        subprocess.run(
            ["pdftoppm", "-r", str(PAGE_DPI), "-l", "2", "-png", document, folder / "page"],
            check=True,
        )
        pages = [Image.open(file) for file in sorted(folder.glob("page*.png"))]
        width = sum(page.width for page in pages) + 8 * (len(pages) - 1)
        picture = Image.new("RGB", (width, pages[0].height), "#8A939C")
        for i, page in enumerate(pages):
            picture.paste(page, (i * (page.width + 8), 0))
        picture.quantize(128).save(PICTURE.with_suffix(".png"), optimize=True)


if __name__ == "__main__":
    main()
