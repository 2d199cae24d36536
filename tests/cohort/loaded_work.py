"""Measures a session and prints which modules of glutesym that has loaded, packages apart."""

from __future__ import annotations

import sys

from glutesym.cohort.work import Task, measure

outcome = measure(Task("it", sys.argv[1], None))
assert outcome is not None
assert outcome.summary is not None, outcome.problem
print(
    *(
        name
        for name, module in sys.modules.items()
        if name.startswith("glutesym.") and not hasattr(module, "__path__")
    )
)
