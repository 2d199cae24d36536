"""How differently do the two glutes work, in amount and in time? Two pods tell.

For programs: `discover`, `capture`, `record`, `load`, `analyze`, `asymmetry`, `from_arrays`, and
`aio` with the same for asyncio. Examples are in docs/python.md.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

# The matrices here are small: threads cost more than they give. OpenBLAS asks for it once, when
# NumPy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"

if TYPE_CHECKING:
    from glutesym.api import aio as aio
    from glutesym.api.capture import Capture as Capture
    from glutesym.api.capture import capture as capture
    from glutesym.api.capture import record as record
    from glutesym.api.numbers import analyze as analyze
    from glutesym.api.numbers import asymmetry as asymmetry
    from glutesym.api.numbers import from_arrays as from_arrays
    from glutesym.api.pods import discover as discover
    from glutesym.api.session_data import Session as Session
    from glutesym.api.session_data import load as load
    from glutesym.errors import GlutesymError as GlutesymError
    from glutesym.session.new_samples import Samples as Samples

_WHERE = {
    "aio": "api.aio",
    "Capture": "api.capture",
    "Samples": "session.new_samples",
    "capture": "api.capture",
    "record": "api.capture",
    "analyze": "api.numbers",
    "asymmetry": "api.numbers",
    "from_arrays": "api.numbers",
    "discover": "api.pods",
    "Session": "api.session_data",
    "load": "api.session_data",
    "GlutesymError": "errors",
}
__all__ = [*_WHERE]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """Import what is asked for, then: the command line starts faster without it."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{_WHERE[name]}")
    return module if name == "aio" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
