"""Print the oldest versions that pyproject.toml allows, of what a session and its tests need.

numpy>=1.26 becomes numpy==1.26.*, and bumble>=0.0.235 bumble==0.0.235.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

_NEEDED = {"pytest", "hypothesis"}  # of dev


def main() -> None:
    """Print a requirement a line."""
    text = (Path(__file__).resolve().parents[1] / "pyproject.toml").read_text("utf-8")
    project = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"]
    tools = [one for one in extras["dev"] if re.match(r"[\w-]+", one)[0] in _NEEDED]  # type: ignore[index]
    for requirement in [*project["dependencies"], *extras["sim"], *tools]:
        name, version, marker = re.match(r"([\w-]+)>=([\d.]+)[^;]*(;.*)?", requirement).groups("")  # type: ignore[union-attr]
        print(f"{name}=={version}{'' if version.count('.') > 1 else '.*'}{marker}")


if __name__ == "__main__":
    main()
