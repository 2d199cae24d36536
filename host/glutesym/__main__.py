"""Start the command line. Ctrl-C ends it in one line, also while its modules are imported."""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Run the command line; imports nothing else at module level, so that Ctrl-C is heard."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # else it is ignored, as in a shell's background
        signal.signal(signal.SIGINT, _end_at_once)
    from glutesym.cli import main as command_line

    signal.signal(signal.SIGINT, before)
    command_line()


def _end_at_once(_signal: int, _frame: object) -> None:
    """End while modules are imported: an exception would come out of them as another one."""
    sys.stderr.write("Interrupted.\n")
    sys.stderr.flush()
    os._exit(130)


if __name__ == "__main__":
    main()
