"""Virtual pods: scenario → chips → MicroPython process → virtual radio → bleak."""
